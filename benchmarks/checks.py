"""How long a learner waits for a check: the right answer, and the slowest known mistake."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from grader import exercises
from grader.exercise import Exercise
from grader.judge import judge
from grader.prober import LocalProber

REPEATS = 40
LIMIT_MS = 500


def measure() -> dict[str, Any]:
    """Time the check of every exercise; the first one, which may load data, is not counted."""
    rows, everything = [], []
    for exercise in exercises().values():
        if exercise.kind == "reflection":
            continue
        right = _milliseconds(exercise, [exercise.reference], REPEATS)
        wrong = _milliseconds(exercise, [m.wrong for m in exercise.misconceptions], 4)
        everything += right + wrong
        rows.append(
            {
                "exercise": exercise.id,
                "right ms": round(float(np.median(right)), 1),
                "right p95": round(float(np.percentile(right, 95)), 1),
                "wrong ms": round(float(np.median(wrong)), 1),
                "wrong p95": round(float(np.percentile(wrong, 95)), 1),
            }
        )
    p95 = float(np.percentile(everything, 95))
    return {
        "title": "Time of one check",
        "rows": rows,
        "verdict": f"95th percentile over all checks: {p95:.0f} ms (at most {LIMIT_MS} ms)",
        "reached": p95 <= LIMIT_MS,
    }


def _milliseconds(exercise: Exercise, answers: Sequence[Any], repeats: int) -> list[float]:
    judge(exercise, LocalProber(answers[0]), seed=0)
    times = []
    for answer in answers:
        for seed in range(repeats):
            started = time.perf_counter()
            judge(exercise, LocalProber(answer), seed)
            times.append(1000 * (time.perf_counter() - started))
    return times
