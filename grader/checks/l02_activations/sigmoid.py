"""Exercise: the sigmoid, for scores of any size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from course_lib import activations
from grader.checks.l02_activations.evidence import (
    Quiet,
    RightAndQuiet,
    far_cases,
    is_of_another_shape,
    is_row,
    moderate_cases,
    overheard,
    raises,
    single_cases,
)
from grader.compare import same
from grader.exercise import Exercise, Misconception, Trial, Values

Array = np.ndarray


def sigmoid_with_masks(z: Array) -> Array:
    """Two formulas, each only where its exponential is small."""
    s = np.empty_like(z)
    high = z >= 0
    s[high] = 1 / (1 + np.exp(-z[high]))
    s[~high] = np.exp(z[~high]) / (1 + np.exp(z[~high]))
    return s


def sigmoid_by_tanh(z: Array) -> Array:
    """A hyperbolic tangent, half as steep and half as high."""
    return np.asarray((1 + np.tanh(z / 2)) / 2)


def sigmoid_by_logaddexp(z: Array) -> Array:
    """The exponential of the logarithm, which NumPy computes safely."""
    return np.asarray(np.exp(-np.logaddexp(0, -z)))


def sigmoid_one_at_a_time(z: Array) -> Array:
    """A loop over single numbers."""

    def one(x: float) -> float:
        return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))

    return np.array([one(float(x)) for x in z.ravel()]).reshape(z.shape)


def sigmoid_with_both_branches(z: Array) -> Array:
    """Right values; but `np.where` computes both branches everywhere before it picks."""
    return np.where(z >= 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z)))


def sigmoid_for_one_number(z: Any) -> float:
    """What the learner writes who thinks of one score only."""
    return float(1 / (1 + np.exp(-z)) if z >= 0 else np.exp(z) / (1 + np.exp(z)))


def _only_overflows(trials: Sequence[Trial]) -> bool:
    """All values are right, in float64 at least, and somewhere exp overflowed and nothing else."""
    heard = set()
    for trial in trials:
        result = trial.observed.result
        if isinstance(result, dict):
            heard.update(result["warnings"])
            result, required = result["value"], trial.expected.result["value"]
        else:
            required = trial.expected.result
        if not same(result, required) and trial.inputs[0].dtype == np.float64:
            return False
    far = [t for t in trials if t.probe is overheard and t.inputs[0].dtype == np.float64]
    return heard == {"overflow"} and any(t.observed.result["warnings"] for t in far)


SIGMOID = Exercise(
    id="activations.sigmoid",
    lesson="02_activations",
    title="A sigmoid that never overflows",
    points=3,
    reference=activations.sigmoid,
    cases=moderate_cases,
    forbid=["scipy", "torch"],
    criteria=[
        Values("squashes scores into (0, 1)", weight=2, where=is_row, essential=True),
        Values("takes arrays of any shape", where=is_of_another_shape),
        Values(
            "is right for scores in the thousands", cases=far_cases, probe=overheard, part="value"
        ),
        Quiet("overflows nowhere on the way", cases=far_cases, probe=overheard),
        RightAndQuiet(
            "does so in float32 too", cases=single_cases, probe=overheard, rtol=1e-5, atol=1e-7
        ),
    ],
    misconceptions=[
        Misconception(
            "exp_overflows",
            lambda z: 1 / (1 + np.exp(-z)),
            "The formula is right, but `np.exp` overflows for large numbers (above 709, or 88 in "
            "float32) and NumPy warns. Only ever take `np.exp` of numbers that are not positive: "
            "`-np.abs(z)`.",
            when=_only_overflows,
        ),
        Misconception(
            "both_branches_computed",
            sigmoid_with_both_branches,
            "`np.where` does not choose what is computed, only what is kept: both formulas run on "
            "all of `z`, and each overflows on one side. Take `np.exp(-np.abs(z))` once; both "
            "formulas can use it.",
        ),
        Misconception(
            "inf_over_inf",
            lambda z: np.exp(z) / (1 + np.exp(z)),
            "For large z this is inf / inf, which is nan. Divide above and below by exp(z) where "
            "z is positive: 1 / (1 + exp(-z)).",
        ),
        Misconception(
            "clipped_for_float64_only",
            lambda z: 1 / (1 + np.exp(-np.clip(z, -500, 500))),
            "Clipping keeps `np.exp` in bounds for float64, but float32 overflows above 88 "
            "already. With `np.exp(-np.abs(z))` no bound has to be chosen.",
        ),
        Misconception(
            "sign_of_the_exponent",
            lambda z: 1 / (1 + np.exp(z)),
            "This curve falls: the exponent's sign is turned. A high score should come out near "
            "1: exp(-z) becomes small then.",
        ),
        Misconception(
            "brackets_missing",
            lambda z: 1 / 1 + np.exp(-z),
            "`1 / 1 + np.exp(-z)` divides first, so it is 1 + exp(-z). Put the denominator in "
            "brackets.",
        ),
        Misconception(
            "minus_in_the_denominator",
            lambda z: 1 / (1 - np.exp(-z)),
            "The denominator has a minus: it is 0 at z = 0, and the result leaves (0, 1). "
            "It is 1 *plus* exp(-z).",
        ),
        Misconception(
            "tanh_for_sigmoid",
            np.tanh,
            "This is tanh, which runs from -1 to 1. The sigmoid runs from 0 to 1 and is half as "
            "steep.",
        ),
        Misconception(
            "hard_step",
            lambda z: np.where(z >= 0, 1.0, 0.0),
            "This is still a step: it has no slope anywhere. The sigmoid goes through 0.5 at "
            "z = 0 and rises smoothly.",
        ),
        Misconception(
            "derivative_returned",
            activations.sigmoid_grad,
            "This is the slope, s * (1 - s). Here the value `s` itself is asked; the slope is the "
            "next exercise.",
        ),
        Misconception(
            "one_number_only",
            sigmoid_for_one_number,
            "`if z >= 0` asks one question of a whole array. `np.where` answers it for every "
            "number, and `np.abs` needs no question at all.",
            when=raises("ValueError", "truth value"),
        ),
        Misconception(
            "math_exp",
            lambda z: 1 / (1 + math.exp(-z)),
            "`math.exp` takes a single number, and a loop over `z` meets whole rows when `z` has "
            "two axes. `np.exp` takes an array of any shape.",
            when=raises("TypeError", r"only .*(scalar|length-1|0-dimensional)"),
        ),
    ],
    alternatives=[
        sigmoid_with_masks,
        sigmoid_by_tanh,
        sigmoid_by_logaddexp,
        sigmoid_one_at_a_time,
    ],
    hints=[
        "exp(-z) is harmless while z is positive. What could you write for negative z that is the "
        "same number, without a large exponent?",
        "Multiply above and below by exp(z): 1 / (1 + exp(-z)) = exp(z) / (1 + exp(z)). Use the "
        "first for z >= 0, the second for z < 0. Both need exp(-|z|) only.",
        "`e = np.exp(-np.abs(z))`. Then the answer is 1 / (1 + e) where z >= 0, and e / (1 + e) "
        "where z < 0: `np.where` picks the numerator.",
    ],
)
