"""Gradient clipping, and a test that finds the range of useful learning rates."""

import math
from collections.abc import Callable, Iterable

import numpy as np

from course_lib.optim.optimizer import Optimizer, Parameter

__all__ = ["clip_grad_norm", "clip_grad_norm_", "lr_range_test"]


def clip_grad_norm_(
    parameters: Parameter | Iterable[Parameter],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> float:
    """Shrink all gradients by one factor, in place, so that together they are max_norm long.

    Gradients that are shorter together stay as they are. One factor for all keeps the direction of
    the step; clipping each array by itself would turn it. Returns the length before clipping.

    Raises:
        ValueError: max_norm is negative; or the length is not finite and error_if_nonfinite.

    Source: Pascanu et al. 2013.
    """
    if max_norm < 0:
        raise ValueError(f"max_norm must be >= 0, got {max_norm}")
    params = [parameters] if isinstance(parameters, Parameter) else list(parameters)
    grads = [p.grad for p in params if p.grad is not None]
    norms = [float(np.linalg.norm(grad.ravel(), norm_type)) for grad in grads]
    total = float(np.linalg.norm(norms, norm_type)) if norms else 0.0
    if error_if_nonfinite and not math.isfinite(total):
        raise ValueError(f"the norm of the gradients must be finite, got {total}")
    factor = max_norm / (total + 1e-6)  # PyTorch's guard against a norm of 0
    if not factor >= 1:  # NaN too, so that it shows
        for grad in grads:
            grad *= factor
    return total


clip_grad_norm = clip_grad_norm_
"""Another name of `clip_grad_norm_`."""


def lr_range_test(
    optimizer: Optimizer,
    train_step: Callable[[], float],
    lr_min: float = 1e-6,
    lr_max: float = 1.0,
    steps: int = 100,
    diverge: float = 4.0,
) -> tuple[list[float], list[float]]:
    """Train with a rate that grows from lr_min to lr_max, and record the loss at each rate.

    train_step computes the loss of the next batch and its gradients, calls the optimizer's step and
    returns the loss. Rates grow by a constant factor. The test ends early when a loss is NaN or
    infinite, or more than `diverge` times the first. Parameters, state and rates are put back
    afterwards. A good rate is one where the loss falls fastest: some way below the rate where it
    starts to rise.

    Returns the rates tried and the loss found with each, for a plot with a logarithmic axis.

    Raises:
        ValueError: lr_min is not in (0, lr_max), or steps is below 2.

    Source: Smith 2017.
    """
    if not 0 < lr_min < lr_max:
        raise ValueError(f"lr_min must lie in (0, {lr_max}), got {lr_min}")
    if steps < 2:
        raise ValueError(f"steps must be at least 2, got {steps}")
    params = [p for group in optimizer.param_groups for p in group["params"]]
    weights, state = [p.data.copy() for p in params], optimizer.state_dict()
    lrs: list[float] = []
    losses: list[float] = []
    try:
        for i in range(steps):
            lrs.append(lr_min * (lr_max / lr_min) ** (i / (steps - 1)))
            for group in optimizer.param_groups:
                group["lr"] = lrs[-1]
            losses.append(float(train_step()))
            if not math.isfinite(losses[-1]) or losses[-1] > diverge * losses[0]:
                break
    finally:
        for p, weight in zip(params, weights, strict=True):
            p.data[...] = weight
        optimizer.load_state_dict(state)
    return lrs, losses
