"""What all optimizers share: parameters in groups, state, and one update rule for each array."""

import copy
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np

__all__ = ["Optimizer", "Parameter"]


@runtime_checkable
class Parameter(Protocol):
    """Anything with an array of numbers and an array of gradients, or None before there are any."""

    data: np.ndarray
    grad: np.ndarray | None


class Optimizer:
    """Changes parameters by a rule that a subclass gives: `_update`, for one array.

    params is a list of parameters, or a list of groups, {"params": [...], "lr": 0.01}, that may set
    each option of their own. Options stand in `param_groups`, where a schedule changes them; what a
    rule remembers about parameter number i stands in `state[i]`.

    Differs from PyTorch: `step` takes no closure; the options of every group are checked, not only
    the defaults; `state_dict` holds copies, so a later step does not change a saved state.

    Raises:
        ValueError: there is no parameter, one comes twice, or an option is out of its range.
        TypeError: a parameter has no NumPy array in `data`.
    """

    def __init__(
        self, params: Iterable[Parameter] | Iterable[dict[str, Any]], defaults: dict[str, Any]
    ) -> None:
        groups: list[Any] = list(params)
        if not groups:
            raise ValueError("an optimizer needs at least one parameter, got an empty list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        self.defaults = defaults
        self.param_groups: list[dict[str, Any]] = []
        self.state: dict[int, dict[str, Any]] = {}
        self._buffers: dict[tuple[Any, ...], np.ndarray] = {}
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, group: dict[str, Any]) -> None:
        """Add parameters with options of their own; what is not set comes from the defaults."""
        params = group["params"]
        params = [params] if isinstance(params, Parameter) else list(params)
        known = {id(p) for p, _ in self._parameters()}
        for i, p in enumerate(params, start=len(known)):
            data = getattr(p, "data", None)
            if not isinstance(data, np.ndarray):
                raise TypeError(
                    f"parameter {i} must have a NumPy array in data, got {type(data).__name__}"
                )
            if id(p) in known:
                raise ValueError(f"each parameter must be given once, got number {i} again")
            known.add(id(p))
        group = {**self.defaults, **group, "params": params}
        self._check(group)
        self.param_groups.append(group)

    def step(self) -> None:
        """Change every parameter that has a gradient."""
        for i, (p, group) in enumerate(self._parameters()):
            if p.grad is not None:
                self._update(p.data, p.grad, group, self.state.setdefault(i, {}))

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients; or, with set_to_none=False, fill their arrays with 0."""
        for p, _ in self._parameters():
            if set_to_none:
                p.grad = None
            elif p.grad is not None:
                p.grad[...] = 0

    def state_dict(self) -> dict[str, Any]:
        """Copy all that `step` depends on but the parameters, which appear as their numbers."""
        numbers = iter(range(sum(len(group["params"]) for group in self.param_groups)))
        groups = [
            {**copy.deepcopy(_options(group)), "params": [next(numbers) for _ in group["params"]]}
            for group in self.param_groups
        ]
        return {"state": copy.deepcopy(self.state), "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state that `state_dict` gave for the same parameters.

        Raises:
            ValueError: the groups have other sizes, or a state array has another shape.
        """
        saved = copy.deepcopy(state_dict)
        wanted = [len(group["params"]) for group in self.param_groups]
        got = [len(group["params"]) for group in saved["param_groups"]]
        if got != wanted:
            raise ValueError(f"parameters in each group must be {wanted}, got {got}")
        for i, (p, _) in enumerate(self._parameters()):
            for name, value in saved["state"].get(i, {}).items():
                if isinstance(value, np.ndarray) and value.shape != p.data.shape:
                    raise ValueError(
                        f"{name} of parameter {i} must have shape {p.data.shape}, got {value.shape}"
                    )
        for group, loaded in zip(self.param_groups, saved["param_groups"], strict=True):
            group.update(_options(loaded))
        self.state = saved["state"]

    def _check(self, group: dict[str, Any]) -> None:
        """Refuse options out of range; a subclass adds its own."""
        for name in ("lr", "weight_decay", "momentum", "eps"):
            if name in group and not group[name] >= 0:
                raise ValueError(f"{name} must be >= 0, got {group[name]}")

    def _update(
        self, data: np.ndarray, grad: np.ndarray, group: dict[str, Any], state: dict[str, Any]
    ) -> None:
        """Change data in place, by the group's options and what state remembers."""
        raise NotImplementedError(f"{type(self).__name__} must define _update")

    def _penalised(self, data: np.ndarray, grad: np.ndarray, group: dict[str, Any]) -> np.ndarray:
        """The gradient, and that of weight_decay / 2 * |data|^2 on top; neither is changed."""
        if not group["weight_decay"]:
            return grad
        return np.asarray(grad + group["weight_decay"] * data)  # of a 0-d sum NumPy makes a scalar

    def _parameters(self) -> Iterator[tuple[Parameter, dict[str, Any]]]:
        """All parameters, each with its group, in the order that numbers them."""
        return ((p, group) for group in self.param_groups for p in group["params"])

    def _buffer(self, data: np.ndarray) -> np.ndarray:
        """An array like data to put results in. One for each shape, so a step allocates nothing."""
        key = (data.shape, data.dtype)
        if key not in self._buffers:
            self._buffers[key] = np.empty_like(data)
        return self._buffers[key]


def _options(group: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in group.items() if name != "params"}
