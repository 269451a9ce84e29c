"""Exercise: the step function, from scores to labels -1 and +1."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib import perceptron
from grader.exercise import Exercise, Misconception, Values
from grader.probe import Inputs

Array = np.ndarray


def step_cases(rng: np.random.Generator) -> list[Inputs]:
    """Scores of several shapes, close to 0 and far from it; then the same with exact zeros."""
    cases: list[Inputs] = []
    for shape in [(1,), (2,), (5,), (3, 2), (2, 1)]:
        scores = rng.choice([-1, 1], size=shape) * rng.uniform(0.05, 4, size=shape)
        cases.append((np.round(scores, 2),))
    cases.append((np.array([-0.25, 0.25]),))
    for size in (1, 3, 6):
        scores = np.round(rng.normal(size=size), 2) + 0.0  # -0.0 becomes 0.0
        scores[rng.integers(size)] = 0.0
        cases.append((scores,))
    return cases


def _has_zero(z: Array) -> bool:
    return bool((z == 0).any())


def step_by_arithmetic(z: Array) -> Array:
    """Turn true and false into 1 and 0, then stretch."""
    return 2 * (z >= 0) - 1


def step_with_a_mask(z: Array) -> Array:
    """Start from all ones and overwrite the negative ones."""
    labels = np.ones(z.shape)
    labels[z < 0] = -1
    return labels


def step_for_one_number(z: Any) -> int:
    """What the learner writes who thinks of one score only."""
    return 1 if z >= 0 else -1


STEP = Exercise(
    id="perceptron.step",
    lesson="01_perceptron",
    title="Step function",
    points=2,
    reference=perceptron.step,
    cases=step_cases,
    criteria=[
        Values(
            "labels negative scores -1 and positive ones +1",
            weight=2,
            numbers="any",
            where=lambda z: z.ndim == 1 and not _has_zero(z),
            essential=True,
        ),
        Values("labels a score of exactly 0 as +1", numbers="any", where=_has_zero),
        Values("takes arrays of any shape", numbers="any", where=lambda z: z.ndim > 1),
    ],
    misconceptions=[
        Misconception(
            "one_axis_only",
            lambda z: np.array([1 if score >= 0 else -1 for score in z]),
            "A loop over `z` meets whole rows when `z` has two axes. A comparison of arrays, "
            "`z >= 0`, works for every shape.",
        ),
        Misconception(
            "labels_zero_one",
            lambda z: np.where(z >= 0, 1, 0),
            "These labels are 0 and 1. This lesson's are -1 and +1, so that `y * score` is "
            "positive exactly when an example is on its own side.",
        ),
        Misconception(
            "zero_stays_zero",
            np.sign,
            "A score of 0 gets the label 0 (`np.sign` does that), and 0 is no class. "
            "Say which side the boundary itself belongs to: here it is +1.",
        ),
        Misconception(
            "boundary_is_negative",
            lambda z: np.where(z > 0, 1, -1),
            "With `>` a score of exactly 0 goes to -1. The boundary belongs to +1: use `>=`.",
        ),
        Misconception(
            "classes_swapped",
            lambda z: np.where(z >= 0, -1, 1),
            "The classes are swapped: a high score is evidence *for* +1.",
        ),
        Misconception(
            "booleans",
            lambda z: z >= 0,
            "These are `True` and `False`. The comparison is right; turn it into -1 and +1, for "
            "instance with `np.where`.",
        ),
        Misconception(
            "one_score_only",
            step_for_one_number,
            "`if z >= 0` asks one question of a whole array. `np.where(condition, a, b)` asks it "
            "of every score.",
        ),
        Misconception(
            "threshold_at_one_half",
            lambda z: np.where(z >= 0.5, 1, -1),
            "This decides at 0.5, as for probabilities. The bias already moved the boundary to "
            "where the score is 0.",
        ),
    ],
    alternatives=[step_by_arithmetic, step_with_a_mask],
    hints=[
        "What should come back for the scores `[-2, 0, 3]`? Three labels.",
        "`z >= 0` gives an array of `True` and `False`.",
        "`np.where(z >= 0, ..., ...)` picks the first value where it is true, else the second.",
    ],
)
