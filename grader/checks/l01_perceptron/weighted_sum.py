"""Exercise: the weighted sum of a batch of examples."""

from __future__ import annotations

import numpy as np

from course_lib import perceptron
from grader.exercise import Exercise, Misconception, Values
from grader.probe import Inputs

Array = np.ndarray


def weighted_sum_cases(rng: np.random.Generator) -> list[Inputs]:
    """Examples with and without a bias; one feature and one example among them."""
    shapes = [(1, 2), (2, 3), (4, 3), (3, 1), (6, 5)]
    return [
        (_numbers(rng, batch, features), _numbers(rng, features), bias)
        for batch, features in shapes
        for bias in (0.0, round(float(rng.choice([-1, 1]) * rng.uniform(0.5, 2)), 1))
    ]


def _numbers(rng: np.random.Generator, *shape: int) -> Array:
    """Numbers with one decimal, none of them 0, so that no term hides."""
    return rng.choice([-1, 1], size=shape) * np.round(rng.uniform(0.2, 3, size=shape), 1)


def weighted_sum_with_loops(X: Array, w: Array, b: float) -> Array:
    """Add up one product at a time."""
    scores = []
    for row in X:
        score = b
        for feature, weight in zip(row, w, strict=True):
            score += feature * weight
        scores.append(score)
    return np.array(scores)


def weighted_sum_with_a_constant_feature(X: Array, w: Array, b: float) -> Array:
    """Treat the bias as the weight of a feature that is always 1."""
    extended = np.hstack([X, np.ones((len(X), 1))])
    return np.asarray(np.einsum("ij,j->i", extended, np.append(w, b)))


WEIGHTED_SUM = Exercise(
    id="perceptron.weighted_sum",
    lesson="01_perceptron",
    title="Weighted sum",
    points=2,
    reference=perceptron.weighted_sum,
    cases=weighted_sum_cases,
    criteria=[
        Values("multiplies and adds", where=lambda X, w, b: b == 0, essential=True),
        Values("adds the bias once", where=lambda X, w, b: b != 0),
    ],
    misconceptions=[
        Misconception(
            "bias_forgotten",
            lambda X, w, b: X @ w,
            "The bias `b` is missing. Without it every boundary would have to pass through the "
            "origin.",
        ),
        Misconception(
            "bias_for_every_feature",
            lambda X, w, b: (X * w + b).sum(axis=1),
            "`b` is added to every product, so it counts once per feature. It belongs to the "
            "whole example: add it after the sum.",
        ),
        Misconception(
            "bias_added_to_weights",
            lambda X, w, b: X @ (w + b),
            "`b` is added to the weights, so it is multiplied by the features. It stands alone: "
            "add it to the finished sum.",
        ),
        Misconception(
            "bias_subtracted",
            lambda X, w, b: X @ w - b,
            "`b` is subtracted here. A *threshold* is subtracted; a bias is minus the threshold, "
            "and is added.",
        ),
        Misconception(
            "products_not_summed",
            lambda X, w, b: X * w + b,
            "These are the products, one per feature. A score adds them up: one number per "
            "example.",
        ),
        Misconception(
            "summed_over_examples",
            lambda X, w, b: (X * w).sum(axis=0) + b,
            "This sums down the columns, over the examples. Each example needs its own score: sum "
            "along its row, over the features.",
        ),
        Misconception(
            "one_sum_for_all",
            lambda X, w, b: float((X * w).sum() + b),
            "This adds up the whole batch into one number. Each example needs its own score: sum "
            "along its row only, with `axis=1`.",
        ),
        Misconception(
            "order_of_the_product",
            lambda X, w, b: w @ X + b,
            "`w @ X` pairs the weights with the rows of `X`, which are the examples. They belong "
            "to the columns, the features: `X @ w`.",
        ),
        Misconception(
            "mean_for_sum",
            lambda X, w, b: (X * w).mean(axis=1) + b,
            "This is the mean of the products. The score is their sum: with more features there "
            "is more evidence, and it should not be averaged away.",
        ),
        Misconception(
            "first_example_only",
            lambda X, w, b: float(X[0] @ w + b),
            "This scores the first row only. `X` holds a whole batch: return one score per row.",
        ),
    ],
    alternatives=[weighted_sum_with_loops, weighted_sum_with_a_constant_feature],
    hints=[
        "Do one example on paper: multiply each feature by its weight, add the products, add `b`.",
        "For all rows at once, NumPy has the matrix product: `X @ w` has one number per row.",
        "`X @ w` does the multiplying and adding; only the bias is missing from it.",
    ],
)
