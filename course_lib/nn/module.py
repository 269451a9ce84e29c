"""Module: something with parameters, parts, two modes, and a state that can be saved.

Adds to `tensor`: a place for the numbers that training changes. A module finds its parameters and
parts among its own attributes, so to register one is to assign it. Leaves out: hooks, devices.
Taught in lesson 07.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np

from course_lib.tensor import Tensor, no_grad

__all__ = ["IncompatibleKeys", "Module", "Parameter"]

# Not typing.Self: the checker of annotations in tests cannot read that in a method.
M = TypeVar("M", bound="Module")


class Parameter(Tensor):
    """A tensor that training changes; as an attribute of a module it is found by `parameters()`."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        super().__init__(data, requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict(..., strict=False)` passed over."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def _no_forward(self: "Module", *args: Any, **kwargs: Any) -> Any:
    raise NotImplementedError(f"{type(self).__name__} must define forward")


class Module:
    """Base of all layers and models: assign parameters and parts, and define `forward`.

    >>> class Shift(Module):
    ...     def __init__(self):
    ...         self.by = Parameter([1.0])
    ...     def forward(self, x):
    ...         return x + self.by
    >>> list(Shift().state_dict())
    ['by']

    A parameter used in two places is one parameter: `parameters` gives it once, while
    `state_dict` lists it under both names, as PyTorch does.

    Differs from PyTorch: no call of `super().__init__()` is needed; `state_dict` gives NumPy
    arrays, and copies, so that training on does not change a state kept for later.
    """

    training = True
    forward: Callable[..., Any] = _no_forward

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What `forward` gives."""
        return self.forward(*args, **kwargs)

    # --- parts ----------------------------------------------------------------------------------

    def named_modules(self) -> Iterator[tuple[str, "Module"]]:
        """This module under the name "", then every part of it, each once: outer before inner."""
        seen: set[int] = set()
        for name, module in self._paths():
            if id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def modules(self) -> Iterator["Module"]:
        """This module and every part of it, each once."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """The parts that are attributes of this module itself, each once."""
        seen: set[int] = set()
        for name, part in self._parts():
            if id(part) not in seen:
                seen.add(id(part))
                yield name, part

    def children(self) -> Iterator["Module"]:
        """The parts that are attributes of this module itself, without their names."""
        return (part for _, part in self.named_children())

    # --- numbers --------------------------------------------------------------------------------

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Every parameter, each once, under the first of its names, as in "layers.0.weight"."""
        seen: set[int] = set()
        for name, found in self._state():
            if isinstance(found, Parameter) and id(found) not in seen:
                seen.add(id(found))
                yield name, found

    def parameters(self) -> Iterator[Parameter]:
        """Every parameter, each once: what an optimizer asks for."""
        return (parameter for _, parameter in self.named_parameters())

    def register_buffer(self, name: str, tensor: Tensor | None) -> None:
        """Keep a tensor that is part of the state, but that no optimizer changes; or None."""
        setattr(self, name, tensor)
        vars(self).setdefault("_buffer_names", []).append(name)

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """Every tensor kept by `register_buffer`, under its name."""
        return ((name, t) for name, t in self._state() if not isinstance(t, Parameter))

    def buffers(self) -> Iterator[Tensor]:
        """Every tensor kept by `register_buffer`."""
        return (tensor for _, tensor in self.named_buffers())

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradient of every parameter, or fill it with 0."""
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad[...] = 0

    def to(self: M, dtype: Any) -> M:
        """Convert every float of the state to a dtype, in place; return self."""
        for _, tensor in self._state():
            if tensor.data.dtype.kind == "f":
                tensor.data = tensor.data.astype(dtype)
                tensor.grad = None if tensor.grad is None else tensor.grad.astype(dtype)
        return self

    def double(self: M) -> M:
        """Convert to float64, for a gradient check."""
        return self.to(np.float64)

    # --- modes ----------------------------------------------------------------------------------

    def train(self: M, mode: bool = True) -> M:
        """Switch to training, where dropout drops and batch norm uses its batch; return self."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        """Switch to use after training; return self."""
        return self.train(False)

    # --- state ----------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copy every parameter and buffer, under the names that the PyTorch twin gives them."""
        return {name: tensor.data.copy() for name, tensor in self._state()}

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True
    ) -> IncompatibleKeys:
        """Copy in a state: arrays, tensors, or anything that NumPy reads, such as a PyTorch state.

        With strict=False, names that do not match are passed over and returned.

        Raises:
            ValueError: a name is missing or unexpected, or a shape differs. All such mistakes are
                listed, and nothing is changed.

        Differs from PyTorch: there the error is a RuntimeError, and comes after the rest is loaded.
        """
        own = dict(self._state())
        given = {
            name: np.asarray(value.data if isinstance(value, Tensor) else value)
            for name, value in state_dict.items()
        }
        missing = [name for name in own if name not in given]
        unexpected = [name for name in given if name not in own]
        problems = _wrong_shapes(own, given)
        if strict:
            problems += [f"missing: {name}" for name in missing]
            problems += [f"unexpected: {name}" for name in unexpected]
        if problems:
            raise ValueError(f"cannot load into {type(self).__name__}: {'; '.join(problems)}")
        with no_grad():
            for name, tensor in own.items():
                if name in given:
                    tensor.copy_(given[name])
        return IncompatibleKeys(missing, unexpected)

    # --- walking --------------------------------------------------------------------------------

    def _parts(self) -> list[tuple[str, "Module"]]:
        """Every attribute that is a module: a part under two names comes twice."""
        return [(name, part) for name, part in vars(self).items() if isinstance(part, Module)]

    def _paths(self, prefix: str = "") -> Iterator[tuple[str, "Module"]]:
        """Every way to reach a part: a part in two places comes twice."""
        yield prefix, self
        for name, part in self._parts():
            yield from part._paths(f"{prefix}.{name}" if prefix else name)

    def _state(self) -> Iterator[tuple[str, Tensor]]:
        """Every parameter and buffer with each of its names, in PyTorch's order."""
        for path, module in self._paths():
            own = vars(module)
            named = [(name, value) for name, value in own.items() if isinstance(value, Parameter)]
            named += [(name, own[name]) for name in own.get("_buffer_names", ())]
            for name, tensor in named:
                if tensor is not None:
                    yield f"{path}.{name}" if path else name, tensor

    # --- printing -------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What the printed form says between the brackets; a layer names its sizes."""
        return ""

    def __repr__(self) -> str:
        parts = [
            f"({name}): {part!r}".replace("\n", "\n  ") for name, part in self.named_children()
        ]
        if not parts:
            return f"{type(self).__name__}({self.extra_repr()})"
        return "\n  ".join([f"{type(self).__name__}(", *parts]) + "\n)"


def _wrong_shapes(own: dict[str, Tensor], given: dict[str, np.ndarray]) -> list[str]:
    """A sentence for each array whose shape is not that of its place."""
    return [
        f"{name} must have shape {own[name].shape}, got {array.shape}"
        for name, array in given.items()
        if name in own and own[name].shape != array.shape
    ]
