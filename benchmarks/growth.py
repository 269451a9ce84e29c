"""How the time of a training step grows with the model's width and with the batch.

Small steps cost what Python costs, large ones what the arithmetic costs; the ratio to PyTorch eager
shows where one turns into the other.
"""

from __future__ import annotations

from typing import Any

from benchmarks import steps
from benchmarks.engines import Pair, compare
from benchmarks.steps import Perceptrons, Transformer

THREADS = 1
PROBLEMS = (
    *(Perceptrons((784, width, 10)) for width in (32, 128, 512, 2048)),
    *(Perceptrons(batch=batch) for batch in (1, 16, 128, 1024)),
    *(Transformer(d_model=width) for width in (32, 64, 128, 256)),
    *(Transformer(batch=batch) for batch in (1, 4, 16, 64)),
)


def measure() -> dict[str, Any]:
    """Time each size against PyTorch eager, on one thread."""
    rows = []
    for problem in PROBLEMS:
        ours, theirs = (
            (steps.mlp_ours, steps.mlp_torch)
            if isinstance(problem, Perceptrons)
            else (steps.gpt_ours, steps.gpt_torch)
        )
        row = compare(Pair(problem, "PyTorch eager", ours, theirs), THREADS)
        rows.append({key: row[key] for key in ("step", "ours ms", "theirs ms", "ratio")})
    return {
        "title": f"Growth of one training step, {THREADS} thread (ratio above 1: ours is faster)",
        "rows": rows,
        "verdict": "no marks: these figures are for reading",
        "reached": True,
    }
