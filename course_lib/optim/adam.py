"""Adam, and Adam with decoupled weight decay."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from course_lib.optim.optimizer import Optimizer, Parameter

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """Momentum, divided by a running root mean square, both corrected for their start at 0.

    For each parameter p with gradient g, at its step t = 1, 2, ...::

        g <- g + weight_decay * p
        m <- beta1 * m + (1 - beta1) * g
        v <- beta2 * v + (1 - beta2) * g^2
        p <- p - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)

    eps is added to the corrected root, as in the source's algorithm and in PyTorch; the shortened
    form at the end of its section 2 adds it before the correction, which is another eps. Leaves out
    PyTorch's amsgrad. Weight decay is part of g, so it is divided by the root like the rest:
    weights with large gradients hardly decay. `AdamW` mends that.

    Raises:
        ValueError: an option is out of range.

    Source: Kingma and Ba 2015.
    """

    def __init__(
        self,
        params: Iterable[Parameter] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        super()._check(group)
        if not all(0 <= beta < 1 for beta in group["betas"]):
            raise ValueError(f"betas must lie in [0, 1), got {group['betas']}")

    def _update(
        self, data: np.ndarray, grad: np.ndarray, group: dict[str, Any], state: dict[str, Any]
    ) -> None:
        if not state:
            state.update(step=0, exp_avg=np.zeros_like(data), exp_avg_sq=np.zeros_like(data))
        state["step"] += 1
        t, (beta1, beta2) = state["step"], group["betas"]
        m, v, buffer = state["exp_avg"], state["exp_avg_sq"], self._buffer(data)
        grad = self._penalised(data, grad, group)

        m *= beta1
        m += np.multiply(grad, 1 - beta1, out=buffer)
        v *= beta2
        v += np.multiply(np.square(grad, out=buffer), 1 - beta2, out=buffer)

        # Both corrections are numbers: they join lr and eps, and save a pass over the arrays.
        correction = math.sqrt(1 - beta2**t)
        np.sqrt(v, out=buffer)
        buffer += group["eps"] * correction
        np.divide(m, buffer, out=buffer)
        buffer *= group["lr"] * correction / (1 - beta1**t)
        data -= buffer


class AdamW(Adam):
    """Adam with weight decay that stands apart from the gradient.

    Before Adam's step without decay, each parameter shrinks by itself::

        p <- p - lr * weight_decay * p

    Differs from the source, which multiplies the decay by the schedule alone: here, as in PyTorch,
    it is multiplied by lr, so that halving lr halves the decay too.

    Raises:
        ValueError: an option is out of range.

    Source: Loshchilov and Hutter 2019.
    """

    def __init__(
        self,
        params: Iterable[Parameter] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)

    def _penalised(self, data: np.ndarray, grad: np.ndarray, group: dict[str, Any]) -> np.ndarray:
        """The gradient as it is, without a penalty: the parameter itself shrinks instead."""
        data *= 1 - group["lr"] * group["weight_decay"]
        return grad
