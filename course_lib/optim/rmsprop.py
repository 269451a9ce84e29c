"""Gradient descent, each step divided by the recent size of the gradient."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from course_lib.optim.optimizer import Optimizer, Parameter

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """Divide each gradient by a running root mean square of itself.

    For each parameter p with gradient g, where s, a and v start at 0::

        g <- g + weight_decay * p
        s <- alpha * s + (1 - alpha) * g^2
        u <- g / (sqrt(s) + eps)           or, with centered: sqrt(s - a^2) for sqrt(s), where
                                           a <- alpha * a + (1 - alpha) * g
        v <- momentum * v + u
        p <- p - lr * v

    eps stands outside the root, as in PyTorch; TensorFlow has it inside, which is not the same.
    Rounding can make s - a^2 negative: here it then counts as 0, in PyTorch it gives NaN.

    Raises:
        ValueError: an option is out of range.

    Source: Tieleman and Hinton 2012; centered, Graves 2013.
    """

    def __init__(
        self,
        params: Iterable[Parameter] | Iterable[dict[str, Any]],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "alpha": alpha,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "centered": centered,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        super()._check(group)
        if not 0 <= group["alpha"] < 1:
            raise ValueError(f"alpha must lie in [0, 1), got {group['alpha']}")

    def _update(
        self, data: np.ndarray, grad: np.ndarray, group: dict[str, Any], state: dict[str, Any]
    ) -> None:
        if not state:
            state.update({name: np.zeros_like(data) for name in self._remembered(group)})
        alpha, s, buffer = group["alpha"], state["square_avg"], self._buffer(data)
        grad = self._penalised(data, grad, group)
        s *= alpha
        s += np.multiply(np.square(grad, out=buffer), 1 - alpha, out=buffer)
        if group["centered"]:
            a = state["grad_avg"]
            a *= alpha
            a += np.multiply(grad, 1 - alpha, out=buffer)
            s = np.maximum(s - a * a, 0)
        np.sqrt(s, out=buffer)
        buffer += group["eps"]
        u = np.divide(grad, buffer, out=buffer)
        if group["momentum"]:
            v = state["momentum_buffer"]
            v *= group["momentum"]
            v += u
            u = v
        data -= np.multiply(u, group["lr"], out=buffer)

    def _remembered(self, group: dict[str, Any]) -> list[str]:
        wanted = {
            "square_avg": True,
            "grad_avg": group["centered"],
            "momentum_buffer": group["momentum"] > 0,
        }
        return [name for name, needed in wanted.items() if needed]
