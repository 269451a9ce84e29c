"""Exercise: a softmax along the last axis that never overflows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from course_lib import activations
from course_lib.activations import sigmoid
from grader.checks.l02_activations.evidence import Array, Quiet, RightAndQuiet, overheard, raises
from grader.exercise import Exercise, Misconception, Values
from grader.probe import Inputs


def softmax(z: Array) -> Array:
    """The oracle: the library's, along its default axis."""
    return activations.softmax(z)


def scores(rng: np.random.Generator, *shape: int) -> Array:
    """Scores with two decimals, no row of them like another."""
    return np.round(rng.uniform(-2.5, 2.5, size=shape), 2)


def softmax_cases(rng: np.random.Generator) -> list[Inputs]:
    """Single rows, batches (of one, and square ones, too), and an array with three axes."""
    shapes = [(2,), (3,), (5,), (1, 3), (2, 3), (4, 2), (3, 3), (2, 4, 3)]
    return [(scores(rng, *shape),) for shape in shapes]


def large_cases(rng: np.random.Generator) -> list[Inputs]:
    """Scores in the thousands, high, low, and far apart."""
    return [
        (np.array([2000.0, 0.0]),),
        (np.array([0.0, 1200.0]),),
        (scores(rng, 3) - 1000.0,),
        (scores(rng, 2, 3) + rng.choice([1000.0, 5000.0]),),
    ]


def single_cases(rng: np.random.Generator) -> list[Inputs]:
    """The same in float32, whose exponential overflows above 88."""
    return [((scores(rng, 2, 3) + 100.0).astype(np.float32),)]


def softmax_by_global_shift(z: Array) -> Array:
    """Shift by one number for all rows: also right, while rows are of one size."""
    e = np.exp(z - z.max())
    return np.asarray(e / e.sum(axis=-1)[..., None])


def softmax_by_logarithms(z: Array) -> Array:
    """Subtract the logarithm of the sum, then take the exponential once."""
    logs = np.logaddexp.reduce(z, axis=-1, keepdims=True)
    return np.asarray(np.exp(z - logs))


def softmax_by_rows(z: Array) -> Array:
    """One row at a time."""
    rows = []
    for row in z.reshape(-1, z.shape[-1]):
        e = np.exp(row - max(row))
        rows.append(e / sum(e))
    return np.array(rows).reshape(z.shape)


def softmax_by_differences(z: Array) -> Array:
    """Each probability as one over a sum of ratios: differences of scores are all that counts."""
    ratios = np.exp(np.minimum(z[..., None, :] - z[..., :, None], 700.0))
    return np.asarray(1 / ratios.sum(axis=-1))


def _softmax(z: Array, axis: Any = -1, shift: Any = None, shift_axis: Any = None) -> Array:
    """With its parts exchangeable, for the mistakes."""
    shift_axis = axis if shift_axis is None else shift_axis
    by = z.max(axis=shift_axis, keepdims=True) if shift is None else shift(z)
    e = np.exp(z - by)
    return np.asarray(e / e.sum(axis=axis, keepdims=True))


def _without_keepdims(z: Array) -> Array:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1))


def _one_number_at_a_time(z: Any) -> Any:
    return math.exp(z) / sum(math.exp(score) for score in z)


SOFTMAX = Exercise(
    id="activations.softmax",
    lesson="02_activations",
    title="Softmax, row by row",
    points=3,
    reference=softmax,
    cases=softmax_cases,
    forbid=["scipy", "torch"],
    criteria=[
        Values(
            "turns one row of scores into probabilities",
            weight=2,
            where=lambda z: z.ndim == 1,
            essential=True,
        ),
        Values("does so for each row of a batch", weight=2, where=lambda z: z.ndim == 2),
        Values("works along the last of three axes", where=lambda z: z.ndim == 3),
        Values(
            "is right for scores in the thousands", cases=large_cases, probe=overheard, part="value"
        ),
        Quiet("overflows nowhere on the way", cases=large_cases, probe=overheard),
        RightAndQuiet(
            "does so in float32 too", cases=single_cases, probe=overheard, rtol=1e-5, atol=1e-7
        ),
    ],
    misconceptions=[
        Misconception(
            "shift_missing",
            lambda z: np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True),
            "Right for small scores, but `np.exp` overflows for large ones and inf / inf is nan. "
            "Subtract the row's largest score first: it changes no probability.",
        ),
        Misconception(
            "axis_of_the_batch",
            lambda z: _softmax(z, axis=0),
            "The probabilities add up to 1 down the columns, over the examples. Each *row* is one "
            "example: its own entries have to add up to 1, along the last axis.",
        ),
        Misconception(
            "whole_array",
            lambda z: _softmax(z, axis=None),
            "The whole array adds up to 1 here. Each row is one example and has its own sum: "
            "`axis=-1`.",
        ),
        Misconception(
            "axis_one",
            lambda z: _softmax(z, axis=1),
            "`axis=1` is the last axis of a batch only. Of a single row it does not exist, and "
            "with three axes it is the middle one. `axis=-1` is always the last.",
        ),
        Misconception(
            "keepdims_missing",
            _without_keepdims,
            "The sums have lost an axis, so they are divided into the columns instead of the rows "
            "(or fit nowhere). `keepdims=True` keeps one sum per row in its place.",
        ),
        Misconception(
            "shift_by_the_size",
            lambda z: _softmax(z, shift=lambda z: np.abs(z).max(axis=-1, keepdims=True)),
            "The shift is the largest *absolute* value. For scores around -1000 every exponential "
            "is then 0, and 0 / 0 is nan. Subtract the largest score itself.",
        ),
        Misconception(
            "shift_by_the_mean",
            lambda z: _softmax(z, shift=lambda z: z.mean(axis=-1, keepdims=True)),
            "Subtracting the mean leaves positive numbers, and a large one still overflows. "
            "Subtract the maximum: then no exponent is above 0.",
        ),
        Misconception(
            "shift_by_the_minimum",
            lambda z: _softmax(z, shift=lambda z: z.min(axis=-1, keepdims=True)),
            "Subtracting the smallest score leaves positive numbers, and a large one still "
            "overflows. Subtract the largest.",
        ),
        Misconception(
            "not_normalised",
            lambda z: np.exp(z - z.max(axis=-1, keepdims=True)),
            "These do not add up to 1: the division by the sum is missing.",
        ),
        Misconception(
            "exponentials_only",
            np.exp,
            "These are the exponentials alone. Divide each by the sum of its row, and shift the "
            "scores first so that none overflows.",
        ),
        Misconception(
            "exponential_forgotten",
            lambda z: z / z.sum(axis=-1, keepdims=True),
            "The scores themselves are divided by their sum, so a negative score gives a negative "
            "'probability'. Take exponentials first: they are positive.",
        ),
        Misconception(
            "sigmoid_of_each",
            sigmoid,
            "This is the sigmoid of each score on its own; the results do not add up to 1. In a "
            "softmax the scores of a row compete.",
        ),
        Misconception(
            "logarithm_returned",
            lambda z: np.log(activations.softmax(z)),
            "These are the logarithms of the probabilities. Return the probabilities.",
        ),
        Misconception(
            "winner_takes_all",
            lambda z: (z == z.max(axis=-1, keepdims=True)).astype(float),
            "The largest score gets everything here. That is a hard maximum; the *soft* one gives "
            "every score a share.",
        ),
        Misconception(
            "math_exp",
            _one_number_at_a_time,
            "`math.exp` takes a single number. `np.exp` takes a whole array.",
            when=raises("TypeError", r"only .*(scalar|length-1|0-dimensional)"),
        ),
    ],
    alternatives=[
        softmax_by_global_shift,
        softmax_by_logarithms,
        softmax_by_rows,
        softmax_by_differences,
    ],
    hints=[
        "Try one row first: exponentials of the scores, divided by their sum. For a batch, which "
        "entries belong to one sum?",
        "`e.sum(axis=-1, keepdims=True)` is one sum per row, and stays in its place for the "
        "division. `max` takes the same arguments.",
        "Subtract each row's maximum, take `np.exp`, divide by the row's sum: three lines.",
    ],
)
