"""Embedding: a row of numbers for each token.

Adds to `linear`: inputs that are names, not quantities. Taught in lesson 08.
"""

import numpy as np
from jaxtyping import Float, Int

from course_lib.nn.module import Module, Parameter
from course_lib.tensor import Tensor
from course_lib.tensor import functional as F

__all__ = ["Embedding"]


class Embedding(Module):
    """Look up rows of weight, (num_embeddings, embedding_dim), which starts standard normal.

    Row padding_idx, if there is one, starts at 0 and gets no gradient.

    Raises:
        ValueError: a size is below 1, or padding_idx is no row.

    Differs from PyTorch: rng must be given; no max_norm, no sparse gradients.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        rng: np.random.Generator,
    ) -> None:
        if min(num_embeddings, embedding_dim) < 1:
            raise ValueError(f"sizes must be at least 1, got {num_embeddings} and {embedding_dim}")
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"padding_idx must be one of {num_embeddings} rows, got {padding_idx}")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = padding_idx
        weight = rng.standard_normal((num_embeddings, embedding_dim), dtype=np.float32)
        if padding_idx is not None:
            weight[padding_idx] = 0
        self.weight = Parameter(weight)

    def forward(self, ids: Int[Tensor, "*batch"]) -> Float[Tensor, "*batch embedding_dim"]:
        """One row for each id, each in [0, num_embeddings)."""
        return F.embedding(ids, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        """Sizes."""
        return f"{self.num_embeddings}, {self.embedding_dim}"
