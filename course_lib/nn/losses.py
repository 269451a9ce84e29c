"""Losses as modules.

Adds to `module`: nothing but a place for their options; the work is done in `tensor.functional`.
Taught in lesson 07.
"""

from course_lib.nn.module import Module
from course_lib.tensor import Tensor
from course_lib.tensor import functional as F

__all__ = ["BCEWithLogitsLoss", "CrossEntropyLoss", "MSELoss"]


class CrossEntropyLoss(Module):
    """Negative log-likelihood of the target class, in nats, from logits.

    Differs from PyTorch: no class weights, and no probabilities as targets.
    """

    def __init__(
        self, *, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
    ) -> None:
        self.ignore_index, self.reduction = ignore_index, reduction
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Shapes: input (batch, classes), target (batch,)."""
        return F.cross_entropy(
            input,
            target,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class MSELoss(Module):
    """Mean squared difference."""

    def __init__(self, *, reduction: str = "mean") -> None:
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Shapes: input and target alike."""
        return F.mse_loss(input, target, self.reduction)


class BCEWithLogitsLoss(Module):
    """Negative log-likelihood, in nats, of targets in [0, 1] if sigmoid(input) is the chance."""

    def __init__(self, *, reduction: str = "mean") -> None:
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Shapes: input and target alike."""
        return F.binary_cross_entropy_with_logits(input, target, self.reduction)
