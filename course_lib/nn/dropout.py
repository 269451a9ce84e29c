"""Dropout: silence random units, so that none can be relied on alone.

Adds to `linear`: a layer that acts in training only. Taught in lesson 07.
"""

import numpy as np
from jaxtyping import Float

from course_lib.nn.module import Module
from course_lib.tensor import Tensor
from course_lib.tensor import functional as F

__all__ = ["Dropout"]


class Dropout(Module):
    """In training, 0 with chance p, else x / (1 - p), which keeps the mean; in eval mode, x.

    Raises:
        ValueError: p is outside [0, 1].

    Differs from PyTorch: rng must be given, so that every run can be repeated.
    Source: Srivastava et al. 2014.
    """

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"p is the chance to drop, in [0, 1], got {p}")
        self.p, self.rng = p, rng

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Drop each element by itself."""
        return F.dropout(x, self.p, self.training, rng=self.rng)

    def extra_repr(self) -> str:
        """The chance."""
        return f"p={self.p}"
