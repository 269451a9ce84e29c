"""Our engines against PyTorch eager: one training step each, side by side, at the same threads.

The two take turns, step by step, so that a machine that slows down slows both; the ratio is of the
medians. Both start from the same weights and see the same batch.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

import numpy as np

THREADS = (1, 2)
PAIRS = 60
WARM_UP = 10


def measure() -> dict[str, Any]:
    """Time the training steps of the course's teaching sizes."""
    import torch
    from threadpoolctl import threadpool_limits

    rows = []
    for threads in THREADS:
        torch.set_num_threads(threads)
        with threadpool_limits(threads):
            for name, at_least, make in (
                ("MLP 784-256-10, batch 128, SGD", 1.0, mlp_steps),
                ("GPT 4 x 128, context 64, batch 16, AdamW", 0.6, gpt_steps),
            ):
                ours, theirs = in_turn(*make())
                rows.append(_row(name, threads, ours, theirs, at_least))
    met = all(row["ratio"] >= row["at least"] for row in rows)
    return {
        "title": "One training step against PyTorch eager (ratio above 1: ours is faster)",
        "rows": rows,
        "verdict": f"every row reaches its mark: {met}; torch {torch.__version__}",
        "reached": met,
    }


def _row(
    name: str, threads: int, ours: list[float], theirs: list[float], at_least: float
) -> dict[str, Any]:
    low, high = np.percentile(np.array(theirs) / np.array(ours), [25, 75])
    return {
        "step": name,
        "threads": threads,
        "ours ms": round(1000 * float(np.median(ours)), 2),
        "PyTorch ms": round(1000 * float(np.median(theirs)), 2),
        "ratio": round(float(np.median(theirs) / np.median(ours)), 2),
        "middle half": f"{low:.2f} to {high:.2f}",
        "at least": at_least,
    }


def in_turn(
    ours: Callable[[], object], theirs: Callable[[], object]
) -> tuple[list[float], list[float]]:
    """Seconds of each step, the two taking turns."""
    for _ in range(WARM_UP):
        ours()
        theirs()
    gc.collect()
    mine, other = [], []
    for _ in range(PAIRS):
        for step, times in ((ours, mine), (theirs, other)):
            started = time.perf_counter()
            step()
            times.append(time.perf_counter() - started)
    return mine, other


def mlp_steps() -> tuple[Callable[[], object], Callable[[], object]]:
    """An SGD step of the multi-layer perceptron, in both engines."""
    import torch
    from torch.nn.functional import cross_entropy as torch_cross_entropy

    from course_lib import nn, optim, torch_models
    from course_lib.tensor import Tensor
    from course_lib.tensor.functional import cross_entropy

    rng = np.random.default_rng(0)
    X = rng.normal(size=(128, 784)).astype(np.float32)
    y = rng.integers(0, 10, size=128)
    net = nn.MLP([784, 256, 10], rng=rng)
    twin = torch_models.MLP([784, 256, 10])
    twin.load_state_dict({k: torch.tensor(v) for k, v in net.state_dict().items()})
    sgd = optim.SGD(net.parameters(), lr=0.01)
    torch_sgd = torch.optim.SGD(twin.parameters(), lr=0.01)
    inputs, targets, torch_X, torch_y = Tensor(X), Tensor(y), torch.tensor(X), torch.tensor(y)

    def ours() -> None:
        loss = cross_entropy(net(inputs), targets)
        sgd.zero_grad()
        loss.backward()
        sgd.step()

    def theirs() -> None:
        loss = torch_cross_entropy(twin(torch_X), torch_y)
        torch_sgd.zero_grad()
        loss.backward()
        torch_sgd.step()

    return ours, theirs


def gpt_steps() -> tuple[Callable[[], object], Callable[[], object]]:
    """An AdamW step of a small GPT, in both engines."""
    import torch

    from course_lib import nn, optim, torch_models

    rng = np.random.default_rng(0)
    config = nn.GPTConfig(
        vocab_size=128, context_length=64, d_model=128, num_heads=4, num_layers=4, dropout=0.0
    )
    ids = rng.integers(0, 128, size=(16, 65))
    net = nn.GPT(config, rng=rng)
    twin = torch_models.GPT(config)
    twin.load_state_dict({k: torch.tensor(v) for k, v in net.state_dict().items()})
    adam = optim.AdamW(net.parameters(), lr=1e-3)
    torch_adam = torch.optim.AdamW(twin.parameters(), lr=1e-3)
    torch_ids = torch.tensor(ids)

    def ours() -> None:
        _, loss = net(ids[:, :-1], ids[:, 1:])
        adam.zero_grad()
        loss.backward()
        adam.step()

    def theirs() -> None:
        _, loss = twin(torch_ids[:, :-1], torch_ids[:, 1:])
        torch_adam.zero_grad()
        loss.backward()
        torch_adam.step()

    return ours, theirs
