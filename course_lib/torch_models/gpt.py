"""GPT in PyTorch: twin of `nn.GPT`, with the same names and shapes in its state.

Adds to `nn.GPT`: devices, and attention that never writes its weights to memory where PyTorch has
such a kernel. What is drawn at the start comes from PyTorch's global generator
(`torch.manual_seed`). Taught in lesson 10.

Source: Radford et al. 2019 (GPT-2).
"""

import math

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.nn import GPTConfig

__all__ = ["GPT", "Block", "FeedForward", "KVCache", "MultiHeadAttention", "sample"]


class KVCache:
    """Keys and values of the `length` positions seen so far: (batch, heads, context, head_dim)."""

    def __init__(self, like: Tensor, batch: int, config: GPTConfig) -> None:
        c = config
        shape = (batch, c.num_heads, c.context_length, c.d_model // c.num_heads)
        self.keys, self.values = like.new_empty(shape), like.new_empty(shape)
        self.length = 0

    def append(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Add new positions; return the keys and values of all seen so far."""
        end = self.length + key.shape[2]
        self.keys[:, :, self.length : end] = key
        self.values[:, :, self.length : end] = value
        self.length = end
        return self.keys[:, :, :end], self.values[:, :, :end]


class MultiHeadAttention(nn.Module):
    """Causal self-attention: (batch, seq, d_model) to the same shape."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.num_heads, self.head_dim = config.num_heads, config.d_model // config.num_heads
        self.qkv = nn.Linear(config.d_model, 3 * config.d_model)
        self.projection = nn.Linear(config.d_model, config.d_model)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self, x: Float[Tensor, "batch seq d_model"], cache: KVCache | None = None
    ) -> Float[Tensor, "batch seq d_model"]:
        """Attend; with a cache, x holds only the positions that come after those seen."""
        batch, seq, d_model = x.shape
        qkv = self.qkv(x).reshape(batch, seq, 3, self.num_heads, self.head_dim)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # each (batch, num_heads, seq, head_dim)
        mask = None
        if cache is not None:
            k, v = cache.append(k, v)
            seen = k.shape[2]
            mask = torch.ones(seq, seen, dtype=torch.bool, device=x.device).tril(seen - seq)
        mixed = F.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=mask,
            dropout_p=self.dropout.p if self.training else 0.0,
            is_causal=mask is None,
        )
        mixed = mixed.transpose(1, 2).reshape(batch, seq, d_model)  # heads side by side again
        return self.dropout(self.projection(mixed))


class FeedForward(nn.Module):
    """A network of its own at each position: up to 4 * d_model units, GELU, and down again.

    GELU is computed by tanh, as in GPT-2.
    """

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.up = nn.Linear(config.d_model, 4 * config.d_model)
        self.gelu = nn.GELU(approximate="tanh")
        self.down = nn.Linear(4 * config.d_model, config.d_model)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Float[Tensor, "batch seq d_model"]) -> Float[Tensor, "batch seq d_model"]:
        """Apply it to every position alike."""
        return self.dropout(self.down(self.gelu(self.up(x))))


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.d_model)
        self.attention = MultiHeadAttention(config)
        self.norm2 = nn.LayerNorm(config.d_model)
        self.mlp = FeedForward(config)

    def forward(
        self, x: Float[Tensor, "batch seq d_model"], cache: KVCache | None = None
    ) -> Float[Tensor, "batch seq d_model"]:
        """Let positions look at each other, then think by themselves."""
        x = x + self.attention(self.norm1(x), cache)
        return x + self.mlp(self.norm2(x))


class GPT(nn.Module):
    """A language model: logits for the token after each position, from it and those before it."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.position_embedding = nn.Embedding(config.context_length, config.d_model)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.head.weight = self.token_embedding.weight
        self._initialise()

    def forward(
        self,
        ids: Int[Tensor, "batch seq"],
        targets: Int[Tensor, "batch seq"] | None = None,
        caches: list[KVCache] | None = None,
    ) -> tuple[Float[Tensor, "batch seq vocab"], Float[Tensor, ""] | None]:
        """Logits and, given targets, their mean cross-entropy.

        Raises:
            ValueError: ids or targets has the wrong shape, or there are more than context_length.
        """
        logits = self.head(self._hidden(ids, caches))
        if targets is None:
            return logits, None
        if targets.shape != ids.shape:
            wanted = tuple(ids.shape)
            raise ValueError(f"targets must have shape {wanted}, got {tuple(targets.shape)}")
        return logits, F.cross_entropy(logits.flatten(0, 1), targets.flatten())

    @torch.no_grad()
    def generate(
        self,
        ids: Tensor,
        max_new_tokens: int,
        temperature: float = 1.0,
        top_k: int | None = None,
        rng: np.random.Generator | None = None,
        use_cache: bool = True,
    ) -> Tensor:
        """Continue ids, (batch, seq), by max_new_tokens, as the method of `nn.GPT` does.

        Uniform numbers come from a NumPy rng, so both draw the same tokens from the same seed, on
        any device.
        """
        mode, context_length = self.training, self.config.context_length
        self.eval()
        caches: list[KVCache] | None = None
        try:
            for _ in range(max_new_tokens):
                if caches is None or caches[0].length == context_length:
                    new = ids[:, -context_length:]
                    caches = self.new_caches(len(ids)) if use_cache else None
                else:
                    new = ids[:, -1:]
                last = self._hidden(new, caches)[:, -1]  # (batch, d_model)
                drawn = sample(self.head(last), temperature, top_k, rng)
                ids = torch.cat([ids, drawn[:, None]], dim=1)
        finally:
            self.train(mode)
        return ids

    def new_caches(self, batch: int) -> list[KVCache]:
        """An empty cache for each block."""
        return [KVCache(self.head.weight, batch, self.config) for _ in self.blocks]

    def num_parameters(self, embeddings: bool = True) -> int:
        """How many numbers training changes; the shared weight counts once."""
        count = sum(p.numel() for p in self.parameters())
        if embeddings:
            return count
        return count - self.token_embedding.weight.numel() - self.position_embedding.weight.numel()

    def _hidden(self, ids: Tensor, caches: list[KVCache] | None) -> Tensor:
        """What the head reads: (batch, seq, d_model)."""
        start = caches[0].length if caches else 0
        room = self.config.context_length - start
        if ids.ndim != 2 or not 1 <= ids.shape[1] <= room:
            found = tuple(ids.shape)
            raise ValueError(f"ids must be (batch, seq) with seq from 1 to {room}, got {found}")
        positions = torch.arange(start, start + ids.shape[1], device=ids.device)
        x = self.dropout(self.token_embedding(ids) + self.position_embedding(positions))
        for i, block in enumerate(self.blocks):
            x = block(x, caches[i] if caches else None)
        return self.norm(x)

    def _initialise(self) -> None:
        """Set the weights to how GPT-2 starts; see `nn.GPT`."""
        smaller = 1 / math.sqrt(2 * self.config.num_layers)
        for name, p in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(p)
            elif p.ndim == 2:
                writes = name.endswith(("projection.weight", "down.weight"))
                nn.init.normal_(p, std=0.02 * (smaller if writes else 1))


def sample(
    logits: Float[Tensor, "batch vocab"],
    temperature: float = 1.0,
    top_k: int | None = None,
    rng: np.random.Generator | None = None,
) -> Int[Tensor, " batch"]:
    """Draw one class for each row: twin of `nn.sample`.

    Raises:
        ValueError: temperature is negative, top_k is below 1, or rng is missing.
    """
    if temperature < 0 or (top_k is not None and top_k < 1):
        raise ValueError(f"need temperature >= 0 and top_k >= 1, got {temperature} and {top_k}")
    if temperature == 0:
        return logits.argmax(dim=-1)
    if rng is None:
        raise ValueError(f"temperature {temperature} needs rng to draw from; 0 is greedy")
    scores = logits.double()
    if top_k is not None and top_k < scores.shape[-1]:
        last = scores.topk(top_k).values[:, [-1]]  # (batch, 1)
        scores = scores.masked_fill(scores < last, -math.inf)
    cumulative = (scores / temperature).softmax(dim=-1).cumsum(dim=-1)  # (batch, vocab)
    drawn = torch.from_numpy(rng.random((len(scores), 1))).to(scores.device) * cumulative[:, -1:]
    return (cumulative > drawn).int().argmax(dim=-1)
