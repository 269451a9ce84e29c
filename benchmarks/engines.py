"""Our engines against other people's: one training step each, side by side, at the same threads.

The two of a pair take turns, a few steps each, so that a machine that slows down slows both; the
ratio is of the medians. Both start from the same weights and see the same batch, and
tests/benchmarks hold the losses of all of them together.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from benchmarks import steps
from benchmarks.steps import Missing, Moons, Perceptrons, Step, Transformer

THREADS = (1, 2)
LIBRARIES = ("torch", "micrograd", "autograd", "tinygrad")
_FEWEST, _MOST, _TURN = 8, 200, 4  # steps of each
_SECONDS = 6.0  # for both of a pair together


@dataclass(frozen=True)
class Pair:
    """A problem, our step, another library's, and what the ratio should be."""

    problem: Any
    rival: str
    ours: Callable[[Any], Step]
    theirs: Callable[[Any], Step]
    at_least: float | None = None
    aim: float | None = None


MLP, GPT, MOONS = Perceptrons(), Transformer(), Moons()
PAIRS = (
    Pair(MLP, "PyTorch eager", steps.mlp_ours, steps.mlp_torch, 1.0, 1.3),
    Pair(GPT, "PyTorch eager", steps.gpt_ours, steps.gpt_torch, 0.6, 1.0),
    Pair(MLP, "autograd", steps.mlp_ours, steps.mlp_autograd),
    Pair(MLP, "tinygrad (jit)", steps.mlp_ours, steps.mlp_tinygrad),
)
# Python runs on one thread, whatever the number.
SCALAR = (
    Pair(MOONS, "micrograd", steps.moons_ours, steps.moons_micrograd, 3.0, 6.0),
    Pair(MOONS, "micrograd, its neurons on our Value", steps.moons_ours_op_by_op,
         steps.moons_micrograd),
)  # fmt: skip


def measure() -> dict[str, Any]:
    """Time the training steps of the course's teaching sizes."""
    rows = [compare(pair, 1) for pair in SCALAR]
    rows += [compare(pair, threads) for threads in THREADS for pair in PAIRS]
    marked = [row for row in rows if row["at least"]]
    missed = [row for row in marked if not reached(row)]
    names = "; ".join(f"{row['step']}, {row['threads']} threads" for row in missed) or "none"
    return {
        "title": "One training step (ratio above 1: ours is faster)",
        "rows": rows,
        "verdict": f"{len(marked) - len(missed)} of {len(marked)} marks reached; missed: {names}",
        "versions": {name: _version(name) for name in LIBRARIES},
        "reached": not missed,
    }


def reached(row: dict[str, Any]) -> bool:
    """Whether a row has a ratio, and the ratio is at least what it should be."""
    return isinstance(row["ratio"], float) and row["ratio"] >= (row["at least"] or 0)


def compare(pair: Pair, threads: int) -> dict[str, Any]:
    """One row of the table; without figures, and with the reason, if a library is missing."""
    row: dict[str, Any] = {
        "step": str(pair.problem), "against": pair.rival, "threads": threads,
        "ours ms": "", "theirs ms": "", "ratio": "", "middle half": "",
        "at least": pair.at_least or "", "aim": pair.aim or "",
    }  # fmt: skip
    with limited(threads):
        try:
            mine, other = in_turn(pair.ours(pair.problem), pair.theirs(pair.problem))
        except Missing as why:
            return row | {"middle half": f"not measured: {why}"}
    low, high = np.percentile(np.array(other) / np.array(mine), [25, 75])
    return row | {
        "ours ms": round(1000 * float(np.median(mine)), 2),
        "theirs ms": round(1000 * float(np.median(other)), 2),
        "ratio": round(float(np.median(other) / np.median(mine)), 2),
        "middle half": f"{low:.2f} to {high:.2f}",
    }


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """Let NumPy's BLAS, PyTorch and tinygrad use so many threads."""
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with threadpool_limits(threads):
            yield
    finally:
        torch.set_num_threads(before)


def in_turn(ours: Step, theirs: Step) -> tuple[list[float], list[float]]:
    """Seconds of each step, the two taking turns of a few steps.

    The first step of a turn does not count: the other library's threads may still be spinning.
    """
    for _ in range(3):  # compilers and caches have had their say after three
        ours()
        theirs()
    gc.collect()
    mine: list[float] = []
    other: list[float] = []
    started = time.perf_counter()
    while len(mine) < _FEWEST or (len(mine) < _MOST and time.perf_counter() - started < _SECONDS):
        for step, times in ((ours, mine), (theirs, other)):
            step()
            times += [_seconds(step) for _ in range(_TURN)]
    return mine, other


def _seconds(step: Step) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def _version(library: str) -> str:
    try:
        return version(library)
    except ModuleNotFoundError:
        return "missing"
