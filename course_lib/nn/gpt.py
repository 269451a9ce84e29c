"""GPT: from the tokens so far to the next one.

Adds to `transformer`: embeddings below the blocks, a head above them, the loss, and generation with
a cache. Top rung of this package. Taught in lesson 10.

Source: Radford et al. 2019 (GPT-2), for the architecture and how its weights start; Press and Wolf
2017 for tying the head to the token embedding.
"""

import math
from dataclasses import dataclass

import numpy as np

from course_lib.nn.attention import KVCache
from course_lib.nn.containers import ModuleList
from course_lib.nn.dropout import Dropout
from course_lib.nn.embedding import Embedding
from course_lib.nn.linear import Linear
from course_lib.nn.module import Module
from course_lib.nn.normalization import LayerNorm
from course_lib.nn.sampling import sample
from course_lib.nn.transformer import Block
from course_lib.tensor import Tensor, as_tensor, no_grad
from course_lib.tensor import functional as F

__all__ = ["GPT", "GPTConfig"]


@dataclass(frozen=True)
class GPTConfig:
    """Sizes of a GPT.

    Raises:
        ValueError: a size is below 1, num_heads does not divide d_model, or dropout is outside
            [0, 1].
    """

    vocab_size: int
    context_length: int
    d_model: int
    num_heads: int
    num_layers: int
    dropout: float = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name != "dropout" and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        if self.d_model % self.num_heads:
            raise ValueError(f"num_heads must divide d_model {self.d_model}, got {self.num_heads}")
        if not 0 <= self.dropout <= 1:
            raise ValueError(f"dropout must lie in [0, 1], got {self.dropout}")


class GPT(Module):
    """A language model: logits for the token after each position, from it and those before it.

    The head shares its weight with the token embedding. Weights start normal with deviation 0.02,
    those that write into the residual stream smaller by sqrt(2 * num_layers), since so many add up;
    biases start at 0.

    rng gives the start and, later, dropout.
    """

    def __init__(self, config: GPTConfig, *, rng: np.random.Generator) -> None:
        self.config = config
        c = config
        self.token_embedding = Embedding(c.vocab_size, c.d_model, rng=rng)
        self.position_embedding = Embedding(c.context_length, c.d_model, rng=rng)
        self.dropout = Dropout(c.dropout, rng=rng)
        self.blocks = ModuleList(
            Block(c.d_model, c.num_heads, c.dropout, rng=rng) for _ in range(c.num_layers)
        )
        self.norm = LayerNorm(c.d_model)
        self.head = Linear(c.d_model, c.vocab_size, bias=False, rng=rng)
        self.head.weight = self.token_embedding.weight
        self._initialise(rng)

    def forward(
        self,
        ids: Tensor | np.ndarray,
        targets: Tensor | np.ndarray | None = None,
        caches: list[KVCache] | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Logits (batch, seq, vocab) and, given targets (batch, seq), their mean cross-entropy.

        With caches, from `new_caches`, ids holds only the tokens after those already seen.

        Raises:
            ValueError: ids or targets has the wrong shape, or there are more than context_length.
            IndexError: an id lies outside [0, vocab_size).
        """
        logits = self.head(self._hidden(as_tensor(ids), caches))
        if targets is None:
            return logits, None
        batch, seq, vocab = logits.shape
        wanted = as_tensor(targets)
        if wanted.shape != (batch, seq):
            raise ValueError(
                f"targets must have the shape of ids, {(batch, seq)}, got {wanted.shape}"
            )
        return logits, F.cross_entropy(logits.reshape(batch * seq, vocab), wanted.reshape(-1))

    def generate(
        self,
        ids: Tensor | np.ndarray,
        max_new_tokens: int,
        temperature: float = 1.0,
        top_k: int | None = None,
        rng: np.random.Generator | None = None,
        use_cache: bool = True,
    ) -> Tensor:
        """Continue ids, (batch, seq), by max_new_tokens; see `sample` for the other arguments.

        The model sees the last context_length tokens, and dropout is off meanwhile. A cache saves
        work and changes nothing. Once the context is full, positions shift at each step, and the
        cache has to be filled anew.
        """
        mode = self.training
        self.eval()
        try:
            with no_grad():
                tokens = as_tensor(ids).data
                return self._continue(tokens, max_new_tokens, temperature, top_k, rng, use_cache)
        finally:
            self.train(mode)

    def _continue(
        self,
        tokens: np.ndarray,
        max_new_tokens: int,
        temperature: float,
        top_k: int | None,
        rng: np.random.Generator | None,
        use_cache: bool,
    ) -> Tensor:
        """The work of `generate`."""
        context_length = self.config.context_length
        caches: list[KVCache] | None = None
        for _ in range(max_new_tokens):
            if caches is None or caches[0].length == context_length:
                new = tokens[:, -context_length:]
                caches = self.new_caches(len(tokens)) if use_cache else None
            else:
                new = tokens[:, -1:]
            last = self._hidden(Tensor(new), caches)[:, -1]  # (batch, d_model)
            drawn = sample(self.head(last).data, temperature, top_k, rng)
            tokens = np.concatenate([tokens, drawn[:, None]], axis=1)
        return Tensor(tokens)

    def new_caches(self, batch: int) -> list[KVCache]:
        """An empty cache for each block."""
        c, dtype = self.config, self.head.weight.dtype
        head_dim = c.d_model // c.num_heads
        return [
            KVCache(batch, c.num_heads, c.context_length, head_dim, dtype)
            for _ in range(c.num_layers)
        ]

    def num_parameters(self, embeddings: bool = True) -> int:
        """How many numbers training changes; the shared weight counts once.

        embeddings=False leaves out both embeddings, and with them the head, which shares one.
        """
        count = sum(p.data.size for p in self.parameters())
        if embeddings:
            return count
        return count - self.token_embedding.weight.numel() - self.position_embedding.weight.numel()

    def _hidden(self, ids: Tensor, caches: list[KVCache] | None) -> Tensor:
        """What the head reads: (batch, seq, d_model)."""
        start, c = caches[0].length if caches else 0, self.config
        if ids.ndim != 2 or not 1 <= ids.shape[1] <= c.context_length - start:
            room = c.context_length - start
            raise ValueError(f"ids must be (batch, seq) with seq from 1 to {room}, got {ids.shape}")
        positions = Tensor(np.arange(start, start + ids.shape[1]))
        x = self.dropout(self.token_embedding(ids) + self.position_embedding(positions))
        for i, block in enumerate(self.blocks):
            x = block(x, caches[i] if caches else None)
        return self.norm(x)

    def _initialise(self, rng: np.random.Generator) -> None:
        """Set the weights to how GPT-2 starts."""
        smaller = 1 / math.sqrt(2 * self.config.num_layers)
        for name, p in self.named_parameters():
            if name.endswith("bias"):
                p.data[...] = 0
            elif p.ndim == 2:
                writes = name.endswith(("projection.weight", "down.weight"))
                p.data[...] = rng.normal(0, 0.02 * (smaller if writes else 1), p.shape)
