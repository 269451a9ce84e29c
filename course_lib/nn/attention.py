"""Causal self-attention with several heads, and a cache of what it has seen.

Adds to `linear`: positions that exchange information; each looks at itself and at those before it.
Taught in lesson 09; the cache in lesson 10.

Source: Vaswani et al. 2017; one projection for queries, keys and values as in GPT-2 (Radford et al.
2019).
"""

from typing import Any

import numpy as np
from jaxtyping import Float

from course_lib.nn.dropout import Dropout
from course_lib.nn.linear import Linear
from course_lib.nn.module import Module
from course_lib.tensor import Tensor, is_grad_enabled
from course_lib.tensor import functional as F

__all__ = ["KVCache", "MultiHeadAttention"]


class KVCache:
    """Keys and values of the positions seen so far, which later positions look at again.

    `length` counts those positions. The arrays have room for context_length of them.
    """

    def __init__(
        self,
        batch: int,
        num_heads: int,
        context_length: int,
        head_dim: int,
        dtype: Any = np.float32,
    ) -> None:
        shape = (batch, num_heads, context_length, head_dim)
        self.keys, self.values = np.empty(shape, dtype), np.empty(shape, dtype)
        self.length = 0

    def append(
        self,
        key: Float[Tensor, "batch heads new head_dim"],
        value: Float[Tensor, "batch heads new head_dim"],
    ) -> tuple[
        Float[Tensor, "batch heads seen head_dim"], Float[Tensor, "batch heads seen head_dim"]
    ]:
        """Add new positions; return the keys and values of all seen so far.

        Raises:
            ValueError: there is no room, or the batch is another.
            RuntimeError: gradients are on, which could not reach what is cached.
        """
        if is_grad_enabled():
            raise RuntimeError("a cache carries no gradients: use it inside no_grad()")
        end, room = self.length + key.shape[2], self.keys.shape
        if end > room[2] or key.shape[:2] != room[:2]:
            raise ValueError(f"{key.shape} after {self.length} positions: the cache is {room}")
        self.keys[:, :, self.length : end] = key.data
        self.values[:, :, self.length : end] = value.data
        self.length = end
        return Tensor(self.keys[:, :, :end]), Tensor(self.values[:, :, :end])


class MultiHeadAttention(Module):
    """Causal self-attention: (batch, seq, d_model) to the same shape.

    `qkv` makes queries, keys and values in one product; each head attends with its own
    d_model / num_heads of them; `projection` mixes the heads. dropout acts on the attention weights
    and on the result.

    Raises:
        ValueError: num_heads does not divide d_model.

    Differs from torch.nn.MultiheadAttention: always causal, batch first, self-attention only.
    """

    def __init__(
        self, d_model: int, num_heads: int, dropout: float = 0.0, *, rng: np.random.Generator
    ) -> None:
        if num_heads < 1 or d_model % num_heads:
            raise ValueError(f"num_heads must divide d_model = {d_model}, got {num_heads}")
        self.num_heads, self.head_dim = num_heads, d_model // num_heads
        self.qkv = Linear(d_model, 3 * d_model, rng=rng)
        self.projection = Linear(d_model, d_model, rng=rng)
        self.dropout = Dropout(dropout, rng=rng)

    def forward(
        self, x: Float[Tensor, "batch seq d_model"], cache: KVCache | None = None
    ) -> Float[Tensor, "batch seq d_model"]:
        """Attend; with a cache, x holds only the positions that come after those seen."""
        batch, seq, d_model = x.shape
        qkv = self.qkv(x).reshape(batch, seq, 3, self.num_heads, self.head_dim)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # each (batch, num_heads, seq, head_dim)
        if cache is not None:
            k, v = cache.append(k, v)
        mixed = F.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=_causal_mask(seq, k.shape[2]),
            dropout_p=self.dropout.p if self.training else 0.0,
            rng=self.dropout.rng,
        )
        mixed = mixed.transpose(1, 2).reshape(batch, seq, d_model)  # heads side by side again
        return self.dropout(self.projection(mixed))


def _causal_mask(new: int, seen: int) -> Tensor:
    """True where one of the last `new` of `seen` positions may look: (new, seen)."""
    return Tensor(np.tri(new, seen, seen - new, dtype=bool))
