"""Exercise: cross-entropy of many classes from logits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grader.checks.l03_loss.drawing import (
    breaks_far_out,
    is_enormous,
    is_finite,
    is_lost,
    is_moderate,
)
from grader.checks.l03_loss.many_classes import (
    TEN_CLASSES,
    classes_for_rows,
    cross_entropy_cases,
    log_softmax,
    onehot,
    picked,
    softmax,
    ten_classes,
)
from grader.checks.l03_loss.references import cross_entropy, logsumexp
from grader.compare import same
from grader.exercise import Exercise, Misconception, Trial, Values

Array = np.ndarray


def _ce(logits: Array, targets: Array) -> float:
    return float(-picked(log_softmax(logits), targets).mean())


def cross_entropy_by_rows(logits: Array, targets: Array) -> float:
    """Each row: how far its target's score falls short of the log-sum-exp."""
    total = 0.0
    for row, target in zip(logits, targets, strict=True):
        total += np.logaddexp.reduce(row) - row[target]
    return float(total / len(logits))


def cross_entropy_with_one_hot(logits: Array, targets: Array) -> float:
    """Mask everything but the targets, and sum."""
    rows, classes = logits.shape
    chosen = np.eye(classes)[targets]
    return float(-np.sum(np.where(chosen == 1, log_softmax(logits), 0)) / rows)


def _indices_as_one_hot(trials: Sequence[Trial]) -> bool:
    """Multiplies by the targets: a number where one row lets it, else shapes that do not fit."""
    for trial in trials:
        logits, targets = trial.inputs
        fault = trial.observed.fault
        if len(logits) == 1:
            product = float(-(targets * log_softmax(logits)).sum())
            if not same(trial.observed.result, product):
                return False
        elif fault is None or fault.type != "ValueError" or "broadcast" not in fault.message:
            return False
    return True


def _rows_compete(trials: Sequence[Trial]) -> bool:
    """A row that is alone has probability 1 of everything, so it costs nothing; others do."""
    alone = [t.observed.result for t in trials if len(t.inputs[0]) == 1]
    others = [t.observed.result for t in trials if len(t.inputs[0]) > 1]
    return bool(alone) and same(alone, [0.0] * len(alone)) and any(np.max(o) > 0 for o in others)


CROSS_ENTROPY = Exercise(
    id="loss.cross_entropy",
    lesson="03_loss",
    title="Cross-entropy, from logits",
    points=3,
    reference=cross_entropy,
    cases=cross_entropy_cases,
    criteria=[
        Values(
            "is the mean surprise at the target class, for moderate logits",
            weight=2,
            rtol=1e-5,
            numbers="any",
            where=is_moderate,
            essential=True,
        ),
        Values(
            "stays right for logits in the hundreds",
            numbers="any",
            rtol=1e-5,
            where=is_enormous,
        ),
    ],
    misconceptions=[
        Misconception(
            "sum_for_mean",
            lambda logits, targets: float(-picked(log_softmax(logits), targets).sum()),
            "This is the sum over the batch. Return the mean over the examples.",
        ),
        Misconception(
            "not_reduced",
            lambda logits, targets: -picked(log_softmax(logits), targets),
            "These are the losses of the examples, one each. Return their mean, one number.",
        ),
        Misconception(
            "mean_over_classes_too",
            lambda logits, targets: _ce(logits, targets) / logits.shape[1],
            "This divides by the number of classes as well. Of each row one number counts, the "
            "target's: divide by the number of rows only.",
        ),
        Misconception(
            "sign_forgotten",
            lambda logits, targets: -_ce(logits, targets),
            "The sign is missing: the log of a probability is negative, the loss is minus that.",
        ),
        Misconception(
            "softmax_twice",
            lambda logits, targets: _ce(softmax(logits), targets),
            "Softmax is applied twice. The function takes scores, and turns them into "
            "probabilities once. Applied to probabilities, which all lie between 0 and 1, it "
            "makes nearly equal ones: the loss could never get close to 0.",
        ),
        Misconception(
            "wrong_axis",
            lambda logits, targets: float(-picked(log_softmax(logits, axis=0), targets).mean()),
            "The probabilities of a *column* add up to 1 here, so the examples compete with each "
            "other, and one that is alone costs 0. It is the classes of an example that compete: "
            "they stand in a row, `axis=-1` (or 1).",
            when=_rows_compete,
        ),
        Misconception(
            "one_sum_for_all",
            lambda logits, targets: float(
                np.logaddexp.reduce(logits.ravel()) - picked(logits, targets).mean()
            ),
            "The log-sum-exp is taken over the whole table. Each example has its own, along its "
            "row: `axis=-1`.",
        ),
        Misconception(
            "every_pair",
            lambda logits, targets: float(-log_softmax(logits)[:, targets].mean()),
            "`[:, targets]` takes the targets of *all* examples from every row. Each row needs "
            "its own: `[np.arange(len(targets)), targets]`.",
        ),
        Misconception(
            "rows_for_classes",
            lambda logits, targets: float(-log_softmax(logits)[targets].mean()),
            "`[targets]` alone picks rows, which are examples. The targets are classes, the "
            "second index: `[np.arange(len(targets)), targets]`.",
            when=classes_for_rows,
        ),
        Misconception(
            "ten_classes",
            lambda logits, targets: float(-(np.eye(10)[targets] * log_softmax(logits)).sum()),
            TEN_CLASSES,
            when=ten_classes,
        ),
        Misconception(
            "index_taken_for_one_hot",
            lambda logits, targets: float(-(targets * log_softmax(logits)).sum(axis=-1).mean()),
            "The targets are multiplied with the log-probabilities, as if they were one-hot rows. "
            "They are class *numbers*: use them as an index, or make one-hot rows of them first.",
            when=_indices_as_one_hot,
        ),
        Misconception(
            "class_number_as_weight",
            lambda logits, targets: float(
                -(targets[:, None] * log_softmax(logits)).sum(axis=-1).mean()
            ),
            "Class numbers multiply here: class 2 counts twice as much as class 1, and class 0 "
            "not at all. They are names, not amounts: use them as an index.",
        ),
        Misconception(
            "not_normalised",
            lambda logits, targets: float(-picked(logits, targets).mean()),
            "This is minus the target's score, which can be made as low as one likes by raising "
            "all scores. The log-sum-exp of the row is missing: it is what the scores compete "
            "with.",
        ),
        Misconception(
            "score_added",
            lambda logits, targets: float((logsumexp(logits) + picked(logits, targets)).mean()),
            "The target's score is added to the log-sum-exp. It is subtracted: a high score for "
            "the target makes the loss *small*.",
        ),
        Misconception(
            "sigmoid_for_softmax",
            lambda logits, targets: float(np.logaddexp(0, -picked(logits, targets)).mean()),
            "This puts the target's score through a sigmoid, so the other classes do not matter. "
            "They compete: softmax divides by the sum over all of them.",
        ),
        Misconception(
            "largest_class",
            lambda logits, targets: float(-log_softmax(logits).max(axis=-1).mean()),
            "This takes the class with the highest score, whatever the target is. It measures "
            "how sure the model is, not whether it is right.",
        ),
        Misconception(
            "counted_from_one",
            lambda logits, targets: float(-picked(log_softmax(logits), targets - 1).mean()),
            "Classes count from 0, as indices do: nothing is to be subtracted from the targets.",
        ),
        Misconception(
            "no_logarithm",
            lambda logits, targets: float((1 - picked(softmax(logits), targets)).mean()),
            "This is the probability that the target lacks. The loss is minus the *log* of what "
            "it has.",
        ),
        Misconception(
            "minus_probability",
            lambda logits, targets: float(-picked(softmax(logits), targets).mean()),
            "This is minus the probability. The logarithm is missing.",
        ),
        Misconception(
            "log_of_the_mean",
            lambda logits, targets: float(-np.log(picked(softmax(logits), targets).mean())),
            "The mean is taken of the probabilities, before the log. The likelihood of a data set "
            "is a product, so the logs add: first the log of each, then the mean.",
        ),
        Misconception(
            "bits_for_nats",
            lambda logits, targets: _ce(logits, targets) / np.log(2),
            "This is right in bits (`log2`). The loss is asked for in nats: `np.log`.",
        ),
        Misconception(
            "yes_or_no_for_each_class",
            lambda logits, targets: float(
                np.logaddexp(0, (1 - 2 * onehot(logits, targets)) * logits).sum(axis=1).mean()
            ),
            "This asks of each class on its own, yes or no (binary cross-entropy). Here the "
            "classes compete for one answer: softmax, not sigmoid.",
        ),
        Misconception(
            "axis_lost",
            lambda logits, targets: float(-picked(logits - logsumexp(logits), targets).mean()),
            "`logits` has shape (batch, classes) and a log-sum-exp (batch,): NumPy cannot line "
            "them up. Give it back its axis, `[:, None]`, or pick the targets' scores first.",
        ),
        Misconception(
            "log_of_zero",
            lambda logits, targets: float(
                -np.log(
                    picked(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), targets)
                ).mean()
            ),
            "The formula is right, but not in floating point: a probability far out rounds to "
            "exactly 0, and the log of 0 is minus infinity (or `exp` overflows before that). "
            "Subtract instead: log p is the score minus the `logsumexp` of its row.",
            when=breaks_far_out(is_lost),
        ),
        Misconception(
            "clipped",
            lambda logits, targets: float(
                -np.log(np.maximum(picked(softmax(logits), targets), 1e-9)).mean()
            ),
            "Far out a value comes that is finite and wrong. Is a probability clipped, or a small "
            "number added to it? That hides the infinity and keeps the error. Never take the log "
            "of a probability: log p is the score minus the `logsumexp` of its row.",
            when=breaks_far_out(is_finite, any),
        ),
    ],
    alternatives=[cross_entropy_by_rows, cross_entropy_with_one_hot],
    hints=[
        "For one example: minus the log of the probability that softmax gives to the target.",
        "log(softmax(z))[k] is `z[k] - logsumexp(z)`. So all it takes is each row's log-sum-exp "
        "and each row's target score.",
        "`logits[np.arange(len(targets)), targets]` has the target's score of each row. Subtract "
        "it from the log-sum-exp of the row, and take the mean.",
    ],
)
