"""Exercise: the margin of a line, and Novikoff's bound on the number of mistakes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from course_lib import perceptron
from grader.compare import same
from grader.exercise import Exercise, Misconception, Trial, Values
from grader.probe import Inputs

Array = np.ndarray


def bound_cases(rng: np.random.Generator) -> list[Inputs]:
    """Data with a line that separates it, the line scaled at will."""
    return [_with_line(rng, batch, features) for batch, features in [(2, 1), (4, 2), (7, 3)]]


def _with_line(rng: np.random.Generator, batch: int, features: int) -> Inputs:
    while True:
        X = np.round(rng.normal(scale=2, size=(batch, features)), 1)
        w = np.round(rng.normal(size=features), 1)
        b = float(rng.choice([-1.5, -0.8, 0.6, 1.2]))
        scores = X @ w + b
        y = np.where(scores >= 0, 1, -1)
        if np.abs(scores).min() <= 0.2 or abs(int(y.sum())) == batch:
            continue
        # The scores themselves are no margins: their least is neither the closest example's nor,
        # in size, the farthest's.
        closest, farthest = np.argmin(np.abs(scores)), np.argmax(np.abs(scores))
        if y[farthest] == 1 and (batch == 2 or y[closest] == 1):
            return X, y, w, b


def unseparated_cases(rng: np.random.Generator) -> list[Inputs]:
    """The same with one label flipped, so that the line does not separate the classes.

    And, in whole numbers, an example exactly on the line.
    """
    on_the_line = np.array([[-1.0], [0.0], [1.0]])
    cases: list[Inputs] = [(on_the_line[1:], np.array([1, 1]), np.array([2.0]), 0.0)]
    cases.append((on_the_line, np.array([-1, 1, 1]), np.array([3.0]), 3.0))
    for X, y, w, b in bound_cases(rng):
        flipped = y.copy()
        flipped[rng.integers(len(y))] *= -1
        cases.append((X, flipped, w, b))
    return cases


def _bound(
    X: Array,
    y: Array,
    w: Array,
    b: float,
    gamma: Callable[[Array], float] = np.min,
    radius: Callable[[Array], float] = np.max,
    constant: float = 1.0,
    bias: float = 1.0,
) -> float:
    """The bound with its parts exchangeable, for the mistakes."""
    margins = y * (X @ w + b)
    length = np.sqrt(w @ w + bias * b * b)
    norms = np.sqrt((X**2).sum(axis=1) + constant)
    return float((radius(norms) / (gamma(margins) / length)) ** 2)


def bound_with_loops(X: Array, y: Array, w: Array, b: float) -> float:
    """One example at a time, with the constant feature written out."""
    theta = np.array([*w, b])
    theta = theta / np.linalg.norm(theta)
    gammas, norms = [], []
    for x, label in zip(X, y, strict=True):
        extended = np.array([*x, 1.0])
        gammas.append(label * (extended @ theta))
        norms.append(np.linalg.norm(extended))
    if min(gammas) <= 0:
        raise ValueError("not separated")
    return float(max(norms) ** 2 / min(gammas) ** 2)


def bound_of_squares(X: Array, y: Array, w: Array, b: float) -> float:
    """Never take a root."""
    signed = y * (X @ w + b)
    if not np.all(signed > 0):
        raise ValueError("not separated")
    longest = np.max(np.einsum("ij,ij->i", X, X) + 1)
    return float(longest * (w @ w + b**2) / signed.min() ** 2)


def _never_refuses(trials: Sequence[Trial]) -> bool:
    """Every value is right, and where there is none, something came nevertheless."""
    refused = [t for t in trials if t.expected.fault]
    return (
        0 < len(refused) < len(trials)
        and not any(t.observed.fault for t in trials)
        and all(t.expected.fault or same(t.observed.result, t.expected.result) for t in trials)
    )


BOUND = Exercise(
    id="perceptron.mistake_bound",
    lesson="01_perceptron",
    title="Margin and mistake bound",
    points=3,
    reference=perceptron.mistake_bound,
    cases=bound_cases,
    criteria=[
        Values("computes (R / gamma) squared", weight=2, essential=True),
        Values("refuses a line that does not separate", weight=1, cases=unseparated_cases),
    ],
    misconceptions=[
        Misconception(
            "not_squared",
            lambda X, y, w, b: float(np.sqrt(_bound(X, y, w, b))),
            "This is R / gamma. The bound is its square.",
        ),
        Misconception(
            "margin_not_normalised",
            lambda X, y, w, b: float(
                _bound(X, y, w, b) / (w @ w + b * b)  # gamma without the division by the length
            ),
            "`gamma` is not divided by the length of (w, b). Doubling `w` and `b` draws the same "
            "line, so it must not change the margin.",
        ),
        Misconception(
            "bias_left_out_of_length",
            lambda X, y, w, b: _bound(X, y, w, b, bias=0.0),
            "The length is taken of `w` alone. Here the bias is one more weight, so it belongs "
            "in: sqrt(w·w + b²).",
        ),
        Misconception(
            "constant_feature_forgotten",
            lambda X, y, w, b: _bound(X, y, w, b, constant=0.0),
            "R is the length of the examples without their constant 1. The bias needs that "
            "feature, so it counts: sqrt(x·x + 1).",
        ),
        Misconception(
            "mean_margin",
            lambda X, y, w, b: _bound(X, y, w, b, gamma=np.mean),
            "`gamma` is the mean distance. The bound hangs on the closest example: take the "
            "smallest.",
        ),
        Misconception(
            "largest_margin",
            lambda X, y, w, b: _bound(X, y, w, b, gamma=np.max),
            "`gamma` is the largest distance. It is the closest example that makes the problem "
            "hard: take the smallest.",
        ),
        Misconception(
            "label_left_out",
            lambda X, y, w, b: _bound(X, np.ones(len(y)), w, b),
            "`gamma` is the smallest score, so the label is missing: `y * score` says how far an "
            "example is on its *own* side.",
        ),
        Misconception(
            "bias_is_no_weight",
            lambda X, y, w, b: _bound(X, y, w, b, constant=0.0, bias=0.0),
            "This is the bound for a unit without a bias. Here the bias is one more weight: it "
            "counts in the length, sqrt(w·w + b²), and its constant 1 in R, sqrt(x·x + 1).",
        ),
        Misconception(
            "mean_length",
            lambda X, y, w, b: _bound(X, y, w, b, radius=np.mean),
            "R is the mean length. One long example can move the weights far, so R is the largest.",
        ),
        Misconception(
            "upside_down",
            lambda X, y, w, b: 1 / _bound(X, y, w, b),
            "The fraction is upside down: a wide margin must give a *small* bound.",
        ),
        Misconception(
            "no_refusal",
            _bound,
            "The value is right for a line that separates the classes. For one that does not "
            "there is no bound: raise a `ValueError` when a margin is 0 or less.",
            when=_never_refuses,
        ),
    ],
    alternatives=[bound_with_loops, bound_of_squares],
    hints=[
        "Three numbers are needed: R, the smallest `y * score`, and the length of (w, b).",
        "`margins = y * (X @ w + b)`; if `margins.min() <= 0` the line does not separate, so "
        "`raise ValueError(...)`.",
        "`gamma = margins.min() / np.sqrt(w @ w + b**2)` and "
        "`R = np.sqrt((X**2).sum(axis=1) + 1).max()`.",
    ],
)
