"""The transformer block: attention, then a small network at each position.

Adds to `attention`: residual connections, and normalization before each part (pre-norm), so that
the gradient has a straight way from the loss to the first layer. Taught in lesson 10.

Source: Vaswani et al. 2017; pre-norm as in GPT-2 (Radford et al. 2019).
"""

import numpy as np
from jaxtyping import Float

from course_lib.nn.activations import GELU
from course_lib.nn.attention import KVCache, MultiHeadAttention
from course_lib.nn.dropout import Dropout
from course_lib.nn.linear import Linear
from course_lib.nn.module import Module
from course_lib.nn.normalization import LayerNorm
from course_lib.tensor import Tensor

__all__ = ["Block", "FeedForward"]


class FeedForward(Module):
    """A network of its own at each position: up to 4 * d_model units, GELU, and down again.

    GELU is computed by tanh, as in GPT-2.
    """

    def __init__(self, d_model: int, dropout: float = 0.0, *, rng: np.random.Generator) -> None:
        self.up = Linear(d_model, 4 * d_model, rng=rng)
        self.gelu = GELU("tanh")
        self.down = Linear(4 * d_model, d_model, rng=rng)
        self.dropout = Dropout(dropout, rng=rng)

    def forward(self, x: Float[Tensor, "batch seq d_model"]) -> Float[Tensor, "batch seq d_model"]:
        """Apply it to every position alike."""
        return self.dropout(self.down(self.gelu(self.up(x))))


class Block(Module):
    """x + attention(norm(x)), then x + mlp(norm(x)): both parts add to x, neither replaces it."""

    def __init__(
        self, d_model: int, num_heads: int, dropout: float = 0.0, *, rng: np.random.Generator
    ) -> None:
        self.norm1 = LayerNorm(d_model)
        self.attention = MultiHeadAttention(d_model, num_heads, dropout, rng=rng)
        self.norm2 = LayerNorm(d_model)
        self.mlp = FeedForward(d_model, dropout, rng=rng)

    def forward(
        self, x: Float[Tensor, "batch seq d_model"], cache: KVCache | None = None
    ) -> Float[Tensor, "batch seq d_model"]:
        """Let positions look at each other, then think by themselves."""
        x = x + self.attention(self.norm1(x), cache)
        return x + self.mlp(self.norm2(x))
