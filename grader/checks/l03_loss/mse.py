"""Exercise: the mean squared error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grader.checks.l03_loss.drawing import numbers
from grader.checks.l03_loss.references import mse_loss
from grader.compare import same
from grader.exercise import Exercise, Misconception, Trial, Values
from grader.probe import Inputs

Array = np.ndarray


def mse_cases(rng: np.random.Generator) -> list[Inputs]:
    """Predictions and targets of equal shape: one, a few, a column, several outputs each."""
    shapes = [(1,), (2,), (5,), (4, 1), (3, 2), (2, 5)]
    return [(numbers(rng, *shape), numbers(rng, *shape)) for shape in shapes]


def unequal_cases(rng: np.random.Generator) -> list[Inputs]:
    """Shapes that differ and that NumPy would broadcast all the same."""
    pairs: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
        ((3,), (3, 1)),
        ((4, 1), (4,)),
        ((5,), (1,)),
        ((3, 2), (2,)),
    ]
    return [(numbers(rng, *one), numbers(rng, *other)) for one, other in pairs]


def mse_with_a_loop(predictions: Array, targets: Array) -> float:
    """Add up one square at a time."""
    if np.shape(predictions) != np.shape(targets):
        raise ValueError("shapes differ")
    total = 0.0
    for p, t in zip(predictions.flat, targets.flat, strict=True):
        total += (t - p) ** 2
    return total / predictions.size


def mse_as_a_product(predictions: Array, targets: Array) -> float:
    """The squared length of the error, divided by how many numbers it has."""
    if predictions.ndim != targets.ndim or predictions.shape != targets.shape:
        raise ValueError("no pairs")
    error = (predictions - targets).reshape(-1)
    return float(np.dot(error, error) / len(error))


def _mean_of(values: Array) -> float:
    return float(np.mean(values))


def _refusing(predictions: Array, targets: Array) -> Array:
    """The errors, for mistakes that begin after the shapes have been compared."""
    if predictions.shape != targets.shape:
        raise ValueError("the shapes differ")
    return np.asarray(predictions - targets)


def _means_of_errors(trials: Sequence[Trial]) -> bool:
    """Each value is the mean error, counted up or down."""
    valued = [t for t in trials if not t.expected.fault]
    means = [float(np.mean(t.inputs[0] - t.inputs[1])) for t in valued]
    came = [t.observed.result for t in valued]
    return bool(came) and any(same(came, [sign * m for m in means]) for sign in (-1, 1))


def _right_where_shapes_agree(trials: Sequence[Trial]) -> bool:
    return all(
        t.expected.fault or (not t.observed.fault and same(t.observed.result, t.expected.result))
        for t in trials
    )


def _lets_some_through(trials: Sequence[Trial]) -> bool:
    """Every value is right, and for some unequal shapes a number came too."""
    unequal = [t for t in trials if t.expected.fault]
    numbers_came = [isinstance(t.observed.result, float | np.ndarray) for t in unequal]
    return (
        0 < len(unequal) < len(trials) and any(numbers_came) and _right_where_shapes_agree(trials)
    )


def _asserts(trials: Sequence[Trial]) -> bool:
    """Every value is right, and what should be refused is, by an assertion."""
    faults = [t.observed.fault for t in trials if t.expected.fault]
    return (
        0 < len(faults) < len(trials)
        and all(fault is not None and fault.type == "AssertionError" for fault in faults)
        and _right_where_shapes_agree(trials)
    )


def _mse_that_asserts(predictions: Array, targets: Array) -> float:
    assert predictions.shape == targets.shape
    return mse_loss(predictions, targets)


MSE = Exercise(
    id="loss.mse_loss",
    lesson="03_loss",
    title="Mean squared error",
    points=2,
    reference=mse_loss,
    cases=mse_cases,
    criteria=[
        Values("is the mean of the squared errors", weight=2, numbers="any", essential=True),
        Values("refuses shapes that differ", cases=unequal_cases, numbers="any"),
    ],
    misconceptions=[
        Misconception(
            "sum_for_mean",
            lambda predictions, targets: float(((predictions - targets) ** 2).sum()),
            "This is the sum. With twice the data it doubles, though nothing got worse: take the "
            "mean, so that losses of different batches can be compared.",
        ),
        Misconception(
            "not_reduced",
            lambda predictions, targets: _refusing(predictions, targets) ** 2,
            "These are the squared errors, one each. The loss is one number: their mean.",
        ),
        Misconception(
            "root_taken",
            lambda predictions, targets: float(np.sqrt(_mean_of((predictions - targets) ** 2))),
            "This is the root of the mean squared error (RMSE), good for reporting since it has "
            "the unit of the targets. The loss is the mean itself: leave the root out.",
        ),
        Misconception(
            "absolute_errors",
            lambda predictions, targets: _mean_of(np.abs(predictions - targets)),
            "These errors are absolute, not squared. That is another loss (L1): it treats one "
            "error of 2 as two errors of 1.",
        ),
        Misconception(
            "not_squared",
            lambda predictions, targets: _mean_of(predictions - targets),
            "The errors are not squared, so one of +1 and one of -1 cancel, and the loss can be "
            "negative. Square each error first.",
            when=_means_of_errors,
        ),
        Misconception(
            "square_of_the_mean",
            lambda predictions, targets: _mean_of(predictions - targets) ** 2,
            "This squares the mean error: errors of opposite sign have cancelled before. Square "
            "each one, then take the mean.",
        ),
        Misconception(
            "difference_of_squares",
            lambda predictions, targets: _mean_of(predictions**2 - targets**2),
            "This subtracts squares. The error is `predictions - targets`; square that.",
        ),
        Misconception(
            "halved",
            lambda predictions, targets: _mean_of((predictions - targets) ** 2) / 2,
            "There is a factor 1/2 too many. Some books use it to make the derivative prettier; "
            "the mean of the squares has none.",
        ),
        Misconception(
            "divided_by_rows",
            lambda predictions, targets: (
                float(((predictions - targets) ** 2).sum()) / len(predictions)
            ),
            "This divides by the number of rows. With several outputs for each example there are "
            "more errors than rows: divide by all of them, as `.mean()` does.",
        ),
        Misconception(
            "one_mean_for_each_column",
            lambda predictions, targets: ((predictions - targets) ** 2).mean(axis=0),
            "This takes the mean down each column, and gives several numbers. The loss is one: "
            "the mean over everything, without `axis`.",
        ),
        Misconception(
            "one_mean_for_each_row",
            lambda predictions, targets: ((predictions - targets) ** 2).mean(axis=-1),
            "This takes a mean along each row, so several outputs give several numbers. The loss "
            "is one: the mean over everything, without `axis`.",
        ),
        Misconception(
            "spread_of_the_errors",
            lambda predictions, targets: float(np.var(predictions - targets)),
            "`np.var` takes the mean error away first, so a prediction that is always 5 too high "
            "would cost nothing. Square the errors as they are.",
        ),
        Misconception(
            "broadcasts",
            lambda predictions, targets: _mean_of((predictions - targets) ** 2),
            "Equal shapes come out right. Different ones slip through: left alone, NumPy pairs "
            "shape (3,) with (3, 1) into nine differences, and the mean of those is a number that "
            "looks fine. Compare `predictions.shape` with `targets.shape` first, and raise a "
            "`ValueError` when they differ.",
            when=_lets_some_through,
        ),
        Misconception(
            "asserts",
            _mse_that_asserts,
            "An `assert` states what you believe of your own code, and Python can be told to skip "
            "it (`python -O`). For what a *caller* did wrong, raise a `ValueError` that says it.",
            when=_asserts,
        ),
    ],
    alternatives=[mse_with_a_loop, mse_as_a_product],
    hints=[
        "Three steps: the error of each prediction, its square, the mean of all squares.",
        "First of all `if predictions.shape != targets.shape:`, and in it `raise ValueError(...)` "
        "with both shapes in the message.",
        "`((predictions - ...) ** 2).mean()` does the three steps; wrap it in `float`.",
    ],
)
