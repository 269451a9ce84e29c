"""Exercise: the accuracy and the confusion matrix of a set of predictions."""

from __future__ import annotations

import numpy as np

from grader.checks.l00_why_deep_learning.parts import Item
from grader.exercise import Exercise, Misconception
from grader.probe import Inputs

Array = np.ndarray
Judged = tuple[float, Array]


def assess(y_true: Array, y_pred: Array, classes: int) -> Judged:
    """Accuracy, and the confusion matrix: true class down, predicted class across."""
    matrix = np.zeros((classes, classes), dtype=int)
    for true, predicted in zip(y_true, y_pred, strict=True):
        matrix[true, predicted] += 1
    return np.mean(y_true == y_pred), matrix


def label_cases(rng: np.random.Generator) -> list[Inputs]:
    """One label and many, some pairs more than once, the highest class seen and not seen."""
    return [
        (np.array([0]), np.array([1]), 2),
        _drawn(rng, count=5, classes=3, seen=2),
        _drawn(rng, count=12, classes=3, seen=3),
        _drawn(rng, count=25, classes=5, seen=4),
    ]


def _drawn(rng: np.random.Generator, count: int, classes: int, seen: int) -> Inputs:
    """Labels of which a third is right at least, with a pair of classes that is confused twice."""
    while True:
        y_true = rng.integers(seen, size=count)
        y_pred = np.where(rng.random(count) < 0.5, y_true, rng.integers(seen, size=count))
        _, matrix = assess(y_true, y_pred, classes)
        confused = matrix - np.diag(np.diag(matrix))
        right = int(np.trace(matrix))
        telling = confused.max() >= 2 and (confused != confused.T).any()
        if telling and count < 3 * right < 3 * count and 2 * right != count:
            return y_true, y_pred, classes


def count_pairs(y_true: Array, y_pred: Array, classes: int) -> Judged:
    """Number each pair of classes, and count the numbers."""
    pairs = np.bincount(classes * y_true + y_pred, minlength=classes**2)
    matrix = pairs.reshape(classes, classes)
    return float(np.trace(matrix) / matrix.sum()), matrix


def class_by_class(y_true: Array, y_pred: Array, classes: int) -> Judged:
    """One comparison for each cell."""
    matrix = [
        [int(((y_true == t) & (y_pred == p)).sum()) for p in range(classes)] for t in range(classes)
    ]
    right = sum(t == p for t, p in zip(y_true.tolist(), y_pred.tolist(), strict=True))
    return right / len(y_true), np.array(matrix)


def _matrix(y_true: Array, y_pred: Array, classes: int) -> Array:
    return assess(y_true, y_pred, classes)[1]


def _accuracy(y_true: Array, y_pred: Array) -> float:
    return float(np.mean(y_true == y_pred))


def _one_for_each_pair(y_true: Array, y_pred: Array, classes: int) -> Array:
    matrix = np.zeros((classes, classes), dtype=int)
    matrix[y_true, y_pred] += 1
    return matrix


def _mistakes_only(y_true: Array, y_pred: Array, classes: int) -> Array:
    matrix = _matrix(y_true, y_pred, classes)
    np.fill_diagonal(matrix, 0)
    return matrix


def _shares(y_true: Array, y_pred: Array, classes: int) -> Array:
    matrix = _matrix(y_true, y_pred, classes)
    return matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)


def _classes_seen(y_true: Array, y_pred: Array, classes: int) -> Array:
    seen = int(max(y_true.max(), y_pred.max())) + 1
    return _matrix(y_true, y_pred, seen)


ASSESS = Exercise(
    id="why_deep_learning.assess",
    lesson="00_why_deep_learning",
    title="Accuracy and confusion matrix",
    points=3,
    reference=assess,
    cases=label_cases,
    forbid=["sklearn"],
    criteria=[
        Item("gives the share of labels that are right", index=0),
        Item("counts each pair of true and predicted class", weight=2, index=1, numbers="any"),
    ],
    misconceptions=[
        Misconception(
            "error_rate",
            lambda t, p, classes: (float(np.mean(t != p)), _matrix(t, p, classes)),
            "This is the share that is *wrong*. Accuracy is the share that is right.",
        ),
        Misconception(
            "count_for_share",
            lambda t, p, classes: (int(np.sum(t == p)), _matrix(t, p, classes)),
            "This counts the right ones. Accuracy is their share: divide by how many there are.",
        ),
        Misconception(
            "percentage",
            lambda t, p, classes: (100 * _accuracy(t, p), _matrix(t, p, classes)),
            'This is in percent. Return a share between 0 and 1; `f"{share:.0%}"` prints it as '
            "a percentage.",
        ),
        Misconception(
            "labels_as_amounts",
            lambda t, p, classes: (float(1 - np.mean(np.abs(t - p))), _matrix(t, p, classes)),
            "This measures how far apart the labels are, as if they were amounts. A 3 read as an 8 "
            "is as wrong as a 3 read as a 4: ask only whether they are equal.",
        ),
        Misconception(
            "all_or_nothing",
            lambda t, p, classes: (float(np.array_equal(t, p)), _matrix(t, p, classes)),
            "This asks whether *all* labels are right. Ask each of them, and take the mean.",
        ),
        Misconception(
            "transposed",
            lambda t, p, classes: (_accuracy(t, p), _matrix(p, t, classes)),
            "Rows and columns have changed places: the true class goes down, the predicted one "
            "across, so `matrix[true, predicted]`.",
        ),
        Misconception(
            "counts_a_pair_once",
            lambda t, p, classes: (_accuracy(t, p), _one_for_each_pair(t, p, classes)),
            "`matrix[y_true, y_pred] += 1` adds 1 to a cell only once, however often its pair "
            "comes. Add in a loop over the pairs (or with `np.add.at`).",
        ),
        Misconception(
            "one_list_for_all_rows",
            lambda t, p, classes: (
                _accuracy(t, p),
                np.tile(_matrix(t, p, classes).sum(axis=0), (classes, 1)),
            ),
            "All rows are alike: `[[0] * classes] * classes` is one and the same list, many "
            "times over, so a count lands in all of them. Begin with `np.zeros`.",
        ),
        Misconception(
            "mistakes_only",
            lambda t, p, classes: (_accuracy(t, p), _mistakes_only(t, p, classes)),
            "The diagonal is empty. Right answers count too: they are the pairs of a class with "
            "itself.",
        ),
        Misconception(
            "shares_for_counts",
            lambda t, p, classes: (_accuracy(t, p), _shares(t, p, classes)),
            "Each row is divided by its sum. Counts were asked for: they also show how many "
            "examples a row stands for.",
        ),
        Misconception(
            "classes_that_came",
            lambda t, p, classes: (_accuracy(t, p), _classes_seen(t, p, classes)),
            "The size comes from the labels that happen to be there. A class that does not come "
            "still has its row and column: `classes` says how many.",
        ),
        Misconception(
            "results_swapped",
            lambda t, p, classes: assess(t, p, classes)[::-1],
            "The matrix came first. Return the accuracy, then the matrix.",
        ),
    ],
    alternatives=[count_pairs, class_by_class],
    hints=[
        "`y_true == y_pred` is an array of `True` and `False`, which count as 1 and 0.",
        "Begin with `np.zeros((classes, classes), dtype=int)`, and go through the pairs with "
        "`zip(y_true, y_pred)`.",
        "For a pair `t, p` add 1 to `matrix[t, p]`. The accuracy is the mean of the comparison.",
    ],
)
