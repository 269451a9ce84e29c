"""Gradient descent, with momentum."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from course_lib.optim.optimizer import Optimizer, Parameter

__all__ = ["SGD"]


class SGD(Optimizer):
    """Gradient descent with heavy-ball momentum.

    For each parameter p with gradient g::

        g <- g + weight_decay * p
        v <- g                                      the first time
        v <- momentum * v + (1 - dampening) * g     after that
        p <- p - lr * v                             or, with nesterov: lr * (g + momentum * v)

    Differs from Sutskever et al. 2013, who keep lr inside v: they agree only while lr is constant.
    Weight decay is the gradient of weight_decay / 2 * |p|^2.

    Raises:
        ValueError: an option is out of range, or nesterov is asked for without momentum or with
            dampening.

    Source: Polyak 1964 (momentum); Nesterov 1983, in the form of Sutskever et al. 2013.
    """

    def __init__(
        self,
        params: Iterable[Parameter] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        super()._check(group)
        momentum, dampening = group["momentum"], group["dampening"]
        if group["nesterov"] and (momentum <= 0 or dampening != 0):
            raise ValueError(
                "nesterov needs momentum > 0 and dampening = 0, "
                f"got momentum {momentum} and dampening {dampening}"
            )

    def _update(
        self, data: np.ndarray, grad: np.ndarray, group: dict[str, Any], state: dict[str, Any]
    ) -> None:
        momentum, buffer = group["momentum"], self._buffer(data)
        grad = self._penalised(data, grad, group)
        if momentum and "momentum_buffer" not in state:
            v = state["momentum_buffer"] = np.array(grad, data.dtype)  # a copy
        elif momentum:
            v = state["momentum_buffer"]
            v *= momentum
            v += np.multiply(grad, 1 - group["dampening"], out=buffer)
        if momentum:
            grad = grad + momentum * v if group["nesterov"] else v
        data -= np.multiply(grad, group["lr"], out=buffer)
