"""The right answers of lesson 03, each under the name and with the arguments that a learner writes.

`course_lib.losses` does the work: its functions can do more than the lesson asks for. Beside them
stand the forward oracles, which share no line with `course_lib`: one number at a time, from the
definition, with Python's own `math`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from course_lib import losses

Array = np.ndarray


def mse_loss(predictions: Array, targets: Array) -> float:
    """Mean of the squared errors."""
    if predictions.shape != targets.shape:  # here, for shape checkers would raise another error
        raise ValueError(f"predictions of shape {predictions.shape}, targets of {targets.shape}")
    return float(losses.mse_loss(predictions, targets))


def binary_cross_entropy_with_logits(logits: Array, targets: Array) -> float:
    """Mean surprise at yes-or-no answers, from scores."""
    return float(losses.binary_cross_entropy_with_logits(logits, targets))


def binary_cross_entropy_with_logits_grad(logits: Array, targets: Array) -> Array:
    """Its slope in every logit."""
    return np.asarray(losses.binary_cross_entropy_with_logits_grad(logits, targets))


def hinge_loss(scores: Array, labels: Array) -> float:
    """Mean of what the scores lack to a margin of 1."""
    return float(losses.hinge_loss(scores, labels))


def logsumexp(z: Array) -> Array:
    """Logarithm of the sum of exponentials along the last axis."""
    return np.asarray(losses.logsumexp(z))


def cross_entropy(logits: Array, targets: Array) -> float:
    """Mean surprise at the target class, from scores."""
    return float(losses.cross_entropy(logits, targets))


def cross_entropy_grad(logits: Array, targets: Array) -> Array:
    """Its slope in every logit."""
    return np.asarray(losses.cross_entropy_grad(logits, targets))


def measured_binary_cross_entropy(logits: Array, targets: Array) -> float:
    """An oracle for slopes: the definition, number by number. Good for moderate logits only."""
    total = 0.0
    for z, t in zip(logits.ravel().tolist(), targets.ravel().tolist(), strict=True):
        p = 1 / (1 + math.exp(-z))
        total -= t * math.log(p) + (1 - t) * math.log(1 - p)
    return total / logits.size


def measured_cross_entropy(logits: Array, targets: Array) -> float:
    """An oracle for slopes: the definition, row by row. Good for moderate logits only."""
    rows: Sequence[list[float]] = logits.tolist()
    total = 0.0
    for row, target in zip(rows, targets.tolist(), strict=True):
        total -= math.log(math.exp(row[target]) / math.fsum(math.exp(z) for z in row))
    return total / len(rows)
