"""What the exercises of lesson 03 share: inputs that tell mistakes apart, and patterns of results.

A pattern looks at what came back on moderate inputs and on enormous ones. A formula that is right
on paper and fails in floating point has such a pattern, whichever way it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from grader.compare import difference, same
from grader.exercise import Trial
from grader.plain import Plain

Array = np.ndarray

HUGE = 100.0  # a logit of this size is enormous: float32 cannot take its exponential
TOLERANCE = 1e-5  # of moderate values: lets 1e-7 pass that a learner adds to a probability


def numbers(rng: np.random.Generator, *shape: int, low: float = 0.2, high: float = 3.0) -> Array:
    """Numbers with two decimals on both sides of 0, none of them close to it."""
    return rng.choice([-1, 1], size=shape) * np.round(rng.uniform(low, high, size=shape), 2)


def is_moderate(x: Array, *others: Array) -> bool:
    """Whether an input holds no enormous number."""
    return bool(np.abs(x).max() < HUGE)


def is_enormous(x: Array, *others: Array) -> bool:
    """Whether an input holds one."""
    return not is_moderate(x)


def agree(came: Plain, wanted: Plain) -> bool:
    """Whether two results are the same but for what a learner adds to keep a log finite."""
    return difference(came, wanted, rtol=TOLERANCE, numbers="any") is None


def breaks_far_out(
    breaks: Callable[[Array], bool], how_often: Callable[[Iterable[bool]], bool] = all
) -> Callable[[Sequence[Trial]], bool]:
    """Right on moderate inputs; where it is wrong on enormous ones, it breaks as described.

    how_often: `all` of those times, or `any` of them.
    """

    def matches(trials: Sequence[Trial]) -> bool:
        near = [t for t in trials if is_moderate(*t.inputs)]
        far = [t for t in trials if is_enormous(*t.inputs)]
        off = [t for t in far if not same(t.observed.result, t.expected.result)]
        return (
            bool(near and off)
            and all(agree(t.observed.result, t.expected.result) for t in near)
            and how_often(breaks(np.asarray(t.observed.result, dtype=float)) for t in off)
        )

    return matches


def takes_an_array_for_a_number(trials: Sequence[Trial]) -> bool:
    """Wherever there is more than one number, Python does not know whether an array is true."""
    many = [t.observed.fault for t in trials if t.inputs[0].size > 1]
    return bool(many) and all(f is not None and "truth value" in f.message for f in many)


def is_lost(result: Array) -> bool:
    """Whether a number has become infinite or nan."""
    return not np.isfinite(result).all()


def is_finite(result: Array) -> bool:
    """Whether all numbers are still numbers."""
    return not is_lost(result)
