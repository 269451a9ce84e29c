"""Normalization: keep the numbers between layers at mean 0 and variance 1.

Adds to `linear`: LayerNorm, which looks along the features of each example, and BatchNorm1d, which
looks at each feature over the batch and so must remember something for use after training. Taught
in lesson 07.
"""

import numpy as np
from jaxtyping import Float

from course_lib.nn.module import Module, Parameter
from course_lib.tensor import Tensor, no_grad
from course_lib.tensor import functional as F

__all__ = ["BatchNorm1d", "LayerNorm"]


class LayerNorm(Module):
    """(x - mean) / sqrt(var + eps) * weight + bias, for each example over its last axes.

    normalized_shape names the lengths of those axes; a single one may be a number.
    weight starts at 1, bias at 0; without elementwise_affine there is neither.

    Source: Ba, Kiros and Hinton 2016.
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        if isinstance(normalized_shape, int):
            normalized_shape = (normalized_shape,)
        self.normalized_shape = tuple(normalized_shape)
        self.eps = eps
        self.weight: Parameter | None = None
        self.bias: Parameter | None = None
        if elementwise_affine:
            self.weight = Parameter(np.ones(self.normalized_shape, np.float32))
        if elementwise_affine and bias:
            self.bias = Parameter(np.zeros(self.normalized_shape, np.float32))

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Normalize each example by itself."""
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Shape and eps."""
        return f"{self.normalized_shape}, eps={self.eps}"


class BatchNorm1d(Module):
    """(x - mean) / sqrt(var + eps) * weight + bias, for each feature over the batch.

    x is (batch, features) or (batch, features, length). In training mean and var are the batch's,
    and running_mean and running_var move towards them by the share momentum (None: the plain
    average over all batches so far). In eval mode the running ones are used, so that an example's
    result does not depend on its neighbours; without track_running_stats, always the batch's.

    The batch is normalized by its biased variance, but the running one is unbiased, as in PyTorch.

    Raises:
        ValueError: x has the wrong shape, or in training only one number for each feature.

    Source: Ioffe and Szegedy 2015.
    """

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        ones, zeros = np.ones(num_features, np.float32), np.zeros(num_features, np.float32)
        self.weight = Parameter(ones) if affine else None
        self.bias = Parameter(zeros) if affine else None
        tracked = track_running_stats
        self.register_buffer("running_mean", Tensor(zeros.copy()) if tracked else None)
        self.register_buffer("running_var", Tensor(ones.copy()) if tracked else None)
        self.register_buffer("num_batches_tracked", Tensor(np.array(0)) if tracked else None)

    def forward(self, x: Float[Tensor, "batch features *length"]) -> Float[Tensor, "..."]:
        """Normalize, and in training remember."""
        if x.ndim not in (2, 3) or x.shape[1] != self.num_features:
            wanted = f"(batch, {self.num_features}) or (batch, {self.num_features}, length)"
            raise ValueError(f"x must have shape {wanted}, got {x.shape}")
        mean, var = self._statistics(x)
        column = (-1,) if x.ndim == 2 else (-1, 1)  # lines features up with axis 1
        normed = (x - mean.reshape(column)) / (var.reshape(column) + self.eps).sqrt()
        if self.weight is None or self.bias is None:
            return normed
        return normed * self.weight.reshape(column) + self.bias.reshape(column)

    def _statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance to normalize with, each (features,)."""
        if not self.training and self.running_mean is not None and self.running_var is not None:
            return self.running_mean, self.running_var
        count = x.numel() // self.num_features
        if self.training and count < 2:
            raise ValueError(f"training needs more than one number per feature, got x of {x.shape}")
        over = (0,) if x.ndim == 2 else (0, 2)
        mean, var = x.mean(over), x.var(over, correction=0)
        if self.training:
            with no_grad():
                self._remember(mean, var * (count / (count - 1)))
        return mean, var

    def _remember(self, mean: Tensor, unbiased_var: Tensor) -> None:
        """Move the running statistics towards those of this batch."""
        if self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        batches = self.num_batches_tracked.item()
        share = 1 / batches if self.momentum is None else self.momentum
        self.running_mean += share * (mean - self.running_mean)
        self.running_var += share * (unbiased_var - self.running_var)

    def extra_repr(self) -> str:
        """Sizes and constants."""
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"
