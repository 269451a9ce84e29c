"""What the two exercises on many classes share: inputs, softmax, and ways to mistake an index."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from grader.checks.l03_loss.drawing import numbers
from grader.exercise import Trial
from grader.probe import Inputs

Array = np.ndarray

# (batch, classes): never a square, and no batch of 2, whose 2 could be any other 2.
_SHAPES = [(1, 3), (3, 4), (5, 2), (3, 6), (4, 3)]


def cross_entropy_cases(rng: np.random.Generator) -> list[Inputs]:
    """Moderate logits; then enormous ones, right and wrong, in both precisions.

    Enormous means that an exponential rounds to 0 or overflows; none is a number of few digits.
    """
    cases: list[Inputs] = [(numbers(rng, *shape), _targets(rng, *shape)) for shape in _SHAPES]
    logits = numbers(rng, 3, 4)
    logits[:, 2] += np.array([1000.0, -1200.0, 900.0])
    cases.append((logits, np.array([2, 1, 0])))
    cases.append((logits[::-1] - 500, np.array([2, 2, 3])))
    single = numbers(rng, 2, 3) + np.array([[0.0, 300.0, 0.0], [0.0, 0.0, -250.0]])
    cases.append((single.astype(np.float32), np.array([0, 2])))
    cases.append((np.array([[800.0, 0.0]]), np.array([1])))
    return cases


def _targets(rng: np.random.Generator, batch: int, classes: int) -> Array:
    """Classes of which some repeat, the last one is there, and row i does not always have i."""
    while True:
        targets = rng.integers(classes, size=batch)
        if (targets == classes - 1).any() and (targets != np.arange(batch) % classes).any():
            return targets


def log_softmax(logits: Array, axis: int = -1) -> Array:
    """Stable along any axis, the wrong one too."""
    shifted = logits - logits.max(axis=axis, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True)))


def softmax(logits: Array, axis: int = -1) -> Array:
    """The same for probabilities."""
    return np.asarray(np.exp(log_softmax(logits, axis)))


def picked(table: Array, targets: Array) -> Array:
    """Each row's entry at its target."""
    return np.asarray(table[np.arange(len(targets)), targets])


def onehot(logits: Array, targets: Array) -> Array:
    """Rows of 0 with a 1 at the target."""
    return (np.arange(logits.shape[1]) == targets[:, None]).astype(float)


def classes_for_rows(trials: Sequence[Trial]) -> bool:
    """Fails just where a class number is too large to be a row's."""
    too_large = [bool(t.inputs[1].max() >= len(t.inputs[0])) for t in trials]
    faults = [t.observed.fault for t in trials]
    kinds = [fault and fault.type for fault in faults]
    return any(too_large) and kinds == ["IndexError" if large else None for large in too_large]


def ten_classes(trials: Sequence[Trial]) -> bool:
    """Shapes do not fit, and one of them has ten columns."""
    faults = [t.observed.fault for t in trials]
    return all(f is not None and re.search(r"\(\d+,10\)", f.message) for f in faults)


TEN_CLASSES = (
    "This takes it that there are ten classes. There are as many as the logits have columns, "
    "`logits.shape[1]`."
)
