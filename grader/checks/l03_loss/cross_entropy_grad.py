"""Exercise: the gradient of cross-entropy."""

from __future__ import annotations

import numpy as np

from grader.checks.l03_loss.drawing import breaks_far_out, is_enormous, is_lost, is_moderate
from grader.checks.l03_loss.many_classes import (
    TEN_CLASSES,
    classes_for_rows,
    cross_entropy_cases,
    onehot,
    softmax,
    ten_classes,
)
from grader.checks.l03_loss.references import cross_entropy_grad, measured_cross_entropy
from grader.exercise import Exercise, Misconception, Values
from grader.gradients import Gradient

Array = np.ndarray


def _ce_grad(logits: Array, targets: Array, divide_by: float = 0.0, axis: int = -1) -> Array:
    p = softmax(logits, axis)
    return np.asarray((p - onehot(logits, targets)) / (divide_by or len(logits)))


def cross_entropy_grad_in_place(logits: Array, targets: Array) -> Array:
    """Subtract 1 at the targets only."""
    p = np.exp(logits - np.max(logits, axis=1)[:, None])
    p /= p.sum(axis=1)[:, None]
    p[np.arange(len(p)), targets] -= 1
    return p / len(p)


def cross_entropy_grad_by_entries(logits: Array, targets: Array) -> Array:
    """One slope at a time, from differences of scores."""
    slopes = np.empty(logits.shape)
    for i, row in enumerate(logits):
        for k, z in enumerate(row):
            slopes[i, k] = 1 / np.exp(row - z).sum() - (k == targets[i])
    return slopes / len(logits)


def _one_less(logits: Array, targets: Array, where: str) -> Array:
    p = softmax(logits)
    if where == "columns":
        p[:, targets] -= 1
    else:
        p[targets] -= 1
    return np.asarray(p / len(p))


CROSS_ENTROPY_GRAD = Exercise(
    id="loss.cross_entropy_grad",
    lesson="03_loss",
    title="Gradient of cross-entropy",
    points=3,
    reference=cross_entropy_grad,
    cases=cross_entropy_cases,
    criteria=[
        Gradient(
            "agrees with slopes measured by nudging each logit",
            weight=2,
            forward=measured_cross_entropy,
            wrt="logits",
            where=lambda logits, targets: is_moderate(logits) and len(logits) > 1,
            essential=True,
        ),
        # Of one row's gradient nobody can tell what it is to be divided by, so it is only compared.
        Values(
            "is right for one example alone, and for logits in the hundreds",
            numbers="any",
            rtol=1e-5,
            where=lambda logits, targets: is_enormous(logits) or len(logits) == 1,
        ),
    ],
    misconceptions=[
        Misconception(
            "not_divided",
            lambda logits, targets: _ce_grad(logits, targets, divide_by=1),
            "This is each example's own slope. The loss is a *mean*: one example moves it only by "
            "its share. Divide by the number of examples.",
        ),
        Misconception(
            "divided_by_all_entries",
            lambda logits, targets: _ce_grad(logits, targets, divide_by=logits.size),
            "This divides by batch times classes. The mean runs over the examples only: divide by "
            "`len(logits)`.",
        ),
        Misconception(
            "divided_by_classes",
            lambda logits, targets: _ce_grad(logits, targets, divide_by=logits.shape[1]),
            "This divides by the number of classes. The mean runs over the examples: divide by "
            "the number of rows.",
        ),
        Misconception(
            "sign",
            lambda logits, targets: -_ce_grad(logits, targets),
            "Right size, opposite direction: this is the way *down*. The gradient points up: the "
            "probabilities minus the one-hot targets, so it is negative at the targets only.",
        ),
        Misconception(
            "wrong_axis",
            lambda logits, targets: _ce_grad(logits, targets, axis=0),
            "The probabilities add up to 1 down the columns here. The classes of one example "
            "compete, along its row: `axis=-1`.",
        ),
        Misconception(
            "targets_left_out",
            lambda logits, targets: softmax(logits) / len(logits),
            "These are the probabilities: every score would be pushed down, the right one too. "
            "Subtract 1 at each row's target.",
        ),
        Misconception(
            "probabilities_left_out",
            lambda logits, targets: -onehot(logits, targets) / len(logits),
            "Only the target's score has a slope here. But the scores compete: raising any other "
            "one lowers the target's probability, so it has a slope as well, its `p`.",
        ),
        Misconception(
            "softmax_forgotten",
            lambda logits, targets: (logits - onehot(logits, targets)) / len(logits),
            "This is `logits` minus the one-hot targets. It takes the probabilities: "
            "`softmax(logits)`.",
        ),
        Misconception(
            "softmax_twice",
            lambda logits, targets: _ce_grad(softmax(logits), targets),
            "Softmax is applied twice: it takes the logits, once.",
        ),
        Misconception(
            "sigmoid_for_softmax",
            lambda logits, targets: (
                (1 / (1 + np.exp(-logits)) - onehot(logits, targets)) / len(logits)
            ),
            "These probabilities come from a sigmoid, each on its own, and do not sum to 1. The "
            "classes compete: it takes `softmax`.",
        ),
        Misconception(
            "one_from_every_class",
            lambda logits, targets: (softmax(logits) - 1) / len(logits),
            "1 is subtracted from every class. Only the target of each row gets it: pick those "
            "entries with `[np.arange(len(targets)), targets]`.",
        ),
        Misconception(
            "target_entry_only",
            lambda logits, targets: _ce_grad(logits, targets) * onehot(logits, targets),
            "Only the target's entry is filled, and rightly. The other classes have slopes too: "
            "`p / batch`, since raising their scores takes probability from the target.",
        ),
        Misconception(
            "slope_of_softmax_once_more",
            lambda logits, targets: (
                _ce_grad(logits, targets) * softmax(logits) * (1 - softmax(logits))
            ),
            "There is a factor `p * (1 - p)` too many. The slope of softmax is in `p - onehot` "
            "already: it has cancelled against the slope of the log.",
        ),
        Misconception(
            "every_target_in_every_row",
            lambda logits, targets: _one_less(logits, targets, "columns"),
            "`[:, targets]` subtracts 1 at all examples' targets in every row. Each row has its "
            "own: `[np.arange(len(targets)), targets]`.",
        ),
        Misconception(
            "rows_for_classes",
            lambda logits, targets: _one_less(logits, targets, "rows"),
            "`[targets]` alone picks rows, which are examples. The targets are classes, the "
            "second index: `[np.arange(len(targets)), targets]`.",
            when=classes_for_rows,
        ),
        Misconception(
            "ten_classes",
            lambda logits, targets: (softmax(logits) - np.eye(10)[targets]) / len(logits),
            TEN_CLASSES,
            when=ten_classes,
        ),
        Misconception(
            "slope_of_softmax_alone",
            lambda logits, targets: softmax(logits) * (1 - softmax(logits)) / len(logits),
            "`p * (1 - p)` is how a probability follows its own score. The loss is minus the log "
            "of the *target's* probability: by the chain rule `p - onehot` is left of it.",
        ),
        Misconception(
            "index_taken_for_one_hot",
            lambda logits, targets: (softmax(logits) - targets[:, None]) / len(logits),
            "The class *numbers* are subtracted. What is subtracted is 1, at the place that the "
            "number names, and 0 elsewhere: one-hot rows.",
        ),
        Misconception(
            "transposed",
            lambda logits, targets: _ce_grad(logits, targets).T,
            "The axes are swapped. A gradient has the shape of what it belongs to: one row for "
            "each example, one column for each class.",
        ),
        Misconception(
            "summed_over_the_batch",
            lambda logits, targets: _ce_grad(logits, targets).sum(axis=0),
            "This adds up the examples. Each logit of each example has a slope of its own: keep "
            "the shape of `logits`.",
        ),
        Misconception(
            "overflow",
            lambda logits, targets: (
                (
                    np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
                    - onehot(logits, targets)
                )
                / len(logits)
            ),
            "Right for moderate logits, but `exp` of a large one overflows. Use the `softmax` "
            "that is imported: it takes the largest score out first.",
            when=breaks_far_out(is_lost),
        ),
    ],
    alternatives=[cross_entropy_grad_in_place, cross_entropy_grad_by_entries],
    hints=[
        "The text derives one row: the probabilities, minus 1 at the target.",
        "`softmax(logits)` has the right shape. At `[np.arange(len(targets)), targets]` stand the "
        "entries of the targets.",
        "Subtract 1 at those entries (of the probabilities, a new array), and divide everything "
        "by the number of rows: the loss is a mean over them.",
    ],
)
