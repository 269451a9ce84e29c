"""Learning-rate schedules: the rate as a function of the number of steps taken."""

import math
from collections.abc import Callable
from typing import Any

from course_lib.optim.optimizer import Optimizer

__all__ = [
    "CosineAnnealingLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "StepLR",
    "warmup_cosine",
]


class LRScheduler:
    """Sets the lr of every group to what a subclass says: `lr_at`, from the step and the first lr.

    Making one sets the rate for step 0; each `step()`, called after the optimizer's own, sets the
    next. `last_epoch` counts the calls, whatever they stand for: PyTorch's name.

    Differs from PyTorch: every rate is computed anew from the first one, not from the last, so a
    change made by hand is overwritten; and to resume, `load_state_dict` is the one way.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.last_epoch = 0
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        self._set()

    def lr_at(self, epoch: int, base_lr: float) -> float:
        """Return the rate after that many steps, for a group that began with base_lr."""
        raise NotImplementedError(f"{type(self).__name__} must define lr_at")

    def step(self) -> None:
        """Go on to the next rate."""
        self.last_epoch += 1
        self._set()

    def get_last_lr(self) -> list[float]:
        """Return the present rate of each group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Return how far the schedule is, and where it began."""
        return {"last_epoch": self.last_epoch, "base_lrs": list(self.base_lrs)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state that `state_dict` gave."""
        self.last_epoch, self.base_lrs = state_dict["last_epoch"], list(state_dict["base_lrs"])
        self._set()

    def _set(self) -> None:
        for group, base_lr in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            # float: a NumPy float64 would make every float32 update compute in float64
            group["lr"] = float(self.lr_at(self.last_epoch, base_lr))


class LambdaLR(LRScheduler):
    """Multiply the first rate by a function of the step: lr_lambda(step)."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float]) -> None:
        self.lr_lambda = lr_lambda
        super().__init__(optimizer)

    def lr_at(self, epoch: int, base_lr: float) -> float:
        """Return base_lr * lr_lambda(epoch)."""
        return base_lr * self.lr_lambda(epoch)


class StepLR(LRScheduler):
    """Multiply the rate by gamma every step_size steps.

    Raises:
        ValueError: step_size is below 1.
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        if step_size < 1:
            raise ValueError(f"step_size must be at least 1, got {step_size}")
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    def lr_at(self, epoch: int, base_lr: float) -> float:
        """Return base_lr * gamma ** (epoch // step_size)."""
        return base_lr * self.gamma ** (epoch // self.step_size)


class LinearLR(LRScheduler):
    """Go in a straight line from start_factor to end_factor, in total_iters steps, and stay there.

    Raises:
        ValueError: start_factor lies outside (0, 1], end_factor outside [0, 1], or total_iters is
            below 1.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        if not 0 < start_factor <= 1:
            raise ValueError(f"start_factor must lie in (0, 1], got {start_factor}")
        if not 0 <= end_factor <= 1:
            raise ValueError(f"end_factor must lie in [0, 1], got {end_factor}")
        if total_iters < 1:
            raise ValueError(f"total_iters must be at least 1, got {total_iters}")
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer)

    def lr_at(self, epoch: int, base_lr: float) -> float:
        """Return base_lr times the factor on the line."""
        done = min(epoch / self.total_iters, 1.0)
        return base_lr * (self.start_factor + done * (self.end_factor - self.start_factor))


class CosineAnnealingLR(LRScheduler):
    """Go from the first rate to eta_min along half a cosine, in T_max steps; then back up again.

    Raises:
        ValueError: T_max is below 1.

    Source: Loshchilov and Hutter 2017, without the restarts.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        if T_max < 1:
            raise ValueError(f"T_max must be at least 1, got {T_max}")
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer)

    def lr_at(self, epoch: int, base_lr: float) -> float:
        """Return eta_min + (base_lr - eta_min) * (1 + cos(pi * epoch / T_max)) / 2."""
        return self.eta_min + (base_lr - self.eta_min) * _half_cosine(epoch / self.T_max)


def warmup_cosine(
    warmup_steps: int, total_steps: int, min_factor: float = 0.0
) -> Callable[[int], float]:
    """A factor for `LambdaLR`: up in a line, then down along half a cosine, then constant.

    It reaches 1 at step warmup_steps and min_factor at step total_steps. The first factor is
    1 / (warmup_steps + 1), not 0: a step with rate 0 would be wasted.

    >>> factor = warmup_cosine(warmup_steps=3, total_steps=7)
    >>> [round(factor(step), 4) for step in range(9)]
    [0.25, 0.5, 0.75, 1.0, 0.8536, 0.5, 0.1464, 0.0, 0.0]

    PyTorch builds it from parts: a SequentialLR of LinearLR and CosineAnnealingLR.

    Raises:
        ValueError: warmup_steps does not lie in [0, total_steps).
    """
    if not 0 <= warmup_steps < total_steps:
        raise ValueError(f"warmup_steps must lie in [0, {total_steps}), got {warmup_steps}")

    def factor(step: int) -> float:
        if step < warmup_steps:
            return (step + 1) / (warmup_steps + 1)
        done = min((step - warmup_steps) / (total_steps - warmup_steps), 1.0)
        return min_factor + (1 - min_factor) * _half_cosine(done)

    return factor


def _half_cosine(done: float) -> float:
    """From 1 at done = 0 to 0 at done = 1."""
    return (1 + math.cos(math.pi * done)) / 2
