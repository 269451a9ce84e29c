"""Exercise: the hinge loss."""

from __future__ import annotations

import numpy as np

from grader.checks.l03_loss.drawing import numbers, takes_an_array_for_a_number
from grader.checks.l03_loss.references import hinge_loss
from grader.exercise import Exercise, Misconception, Values
from grader.probe import Inputs

Array = np.ndarray


def hinge_cases(rng: np.random.Generator) -> list[Inputs]:
    """Scores on the wrong side, on the right one by too little, and by enough.

    The last three batches lie on the safe side altogether: the loss is exactly 0.
    """
    cases: list[Inputs] = []
    for size in (1, 2, 5, 9):
        labels = rng.choice([-1, 1], size=size)
        labels[:2] = (-1, 1)[:size]
        reach = numbers(rng, size, low=0.1, high=3.0)  # label times score
        reach[0] = -abs(reach[0])
        reach[1:3] = np.array([0.5, 2.5])[: size - 1] + np.round(rng.uniform(-0.3, 0.3), 2)
        cases.append((labels * reach, labels))
    for size in (1, 2, 5):
        labels = rng.choice([-1, 1], size=size)
        safe = np.round(rng.uniform(1.1, 4.0, size=size), 2)
        safe[0] = 1.0  # on the margin itself: nothing is lacking
        cases.append((labels * safe, labels))
    return cases


def _all_safe(scores: Array, labels: Array) -> bool:
    return bool((scores * labels >= 1).all())


def _lack(scores: Array, labels: Array, margin: float = 1.0) -> Array:
    return np.asarray(np.maximum(0, margin - labels * scores))


def hinge_with_a_loop(scores: Array, labels: Array) -> float:
    """Ask each example whether it lacks anything."""
    total = 0.0
    for score, label in zip(scores, labels, strict=True):
        if label * score < 1:
            total += 1 - label * score
    return total / len(scores)


def hinge_with_a_mask(scores: Array, labels: Array) -> float:
    """Choose the lower or the upper margin by the label."""
    lack = np.where(labels == 1, 1 - scores, 1 + scores)
    lack[lack < 0] = 0
    return float(np.mean(lack))


HINGE = Exercise(
    id="loss.hinge_loss",
    lesson="03_loss",
    title="Hinge loss",
    points=2,
    reference=hinge_loss,
    cases=hinge_cases,
    criteria=[
        Values(
            "is the mean of what the scores lack",
            weight=2,
            numbers="any",
            where=lambda scores, labels: not _all_safe(scores, labels),
            essential=True,
        ),
        Values("is 0 when every score has its margin", numbers="any", where=_all_safe),
    ],
    misconceptions=[
        Misconception(
            "sum_for_mean",
            lambda scores, labels: float(_lack(scores, labels).sum()),
            "This is the sum over the batch. Return the mean.",
        ),
        Misconception(
            "not_reduced",
            _lack,
            "These are the losses of the examples, one each. Return their mean, one number.",
        ),
        Misconception(
            "no_maximum",
            lambda scores, labels: float((1 - labels * scores).mean()),
            "Nothing keeps the loss from being negative, so very right examples pay for wrong "
            "ones. Cut each loss off at 0 with `np.maximum`, before the mean.",
        ),
        Misconception(
            "python_maximum",
            lambda scores, labels: float(max(np.array(0.0), 1 - labels * scores).mean()),
            "`if` and Python's own `max(0, ...)` ask one question of a whole array, which has no "
            "single answer. `np.maximum(0, ...)` compares each number.",
            when=takes_an_array_for_a_number,
        ),
        Misconception(
            "distance_for_side",
            lambda scores, labels: float(np.maximum(0, 1 - np.abs(scores)).mean()),
            "This asks only how far a score is from 0, not on which side: a score far on the "
            "*wrong* side costs nothing. `labels * scores` knows the side.",
        ),
        Misconception(
            "cut_after_the_mean",
            lambda scores, labels: max(0.0, float((1 - labels * scores).mean())),
            "The mean is cut off at 0, not each loss. A very right example still pays for a wrong "
            "one: first `np.maximum`, then the mean.",
        ),
        Misconception(
            "no_margin",
            lambda scores, labels: float(_lack(scores, labels, margin=0.0).mean()),
            "The 1 is missing: this is the perceptron's own loss, which is content once a score "
            "has the right sign. Hinge asks for `label * score` of at least 1.",
        ),
        Misconception(
            "sign_of_the_margin",
            lambda scores, labels: float(_lack(scores, -labels).mean()),
            "The sign is wrong: this punishes scores on the *right* side. What lacks to 1 is "
            "`1 - label * score`.",
        ),
        Misconception(
            "surplus",
            lambda scores, labels: float(np.maximum(0, labels * scores - 1).mean()),
            "This is what a score has *beyond* its margin, and it punishes the best ones. What "
            "lacks is the other way round: `1 - label * score`.",
        ),
        Misconception(
            "label_left_out",
            lambda scores, labels: float(_lack(scores, np.ones(len(labels))).mean()),
            "The label is missing: this wants every score above 1. With label -1 the score has to "
            "be below -1, so look at `labels * scores`.",
        ),
        Misconception(
            "labels_converted_from_zero_one",
            lambda scores, labels: float(_lack(scores, 2 * labels - 1).mean()),
            "`2 * labels - 1` is for labels 0 and 1. These are -1 and +1 already, and -1 becomes "
            "-3.",
        ),
        Misconception(
            "labels_taken_as_zero_one",
            lambda scores, labels: float(_lack(scores, np.where(labels == 1, 1, 0)).mean()),
            "A label of 0 makes `label * score` 0, so such an example costs 1 whatever its score. "
            "Hinge needs labels -1 and +1: use them as they come.",
        ),
        Misconception(
            "squared",
            lambda scores, labels: float((_lack(scores, labels) ** 2).mean()),
            "What lacks is squared here. That is another loss (the squared hinge), which outliers "
            "pull harder. This one grows in a straight line.",
        ),
        Misconception(
            "absolute_value",
            lambda scores, labels: float(np.abs(1 - labels * scores).mean()),
            "An absolute value makes scores *beyond* the margin cost something too. They are "
            "fine: `np.maximum(0, ...)`.",
        ),
        Misconception(
            "counts_mistakes",
            lambda scores, labels: float((labels * scores <= 0).mean()),
            "This counts mistakes, which is flat almost everywhere. Hinge says *how much* a score "
            "lacks.",
        ),
        Misconception(
            "minimum_for_maximum",
            lambda scores, labels: float(np.minimum(0, 1 - labels * scores).mean()),
            "`np.minimum` keeps what is left over and drops what lacks. It takes `np.maximum`.",
        ),
        Misconception(
            "mean_over_the_wrong_ones",
            lambda scores, labels: float(
                _lack(scores, labels).sum() / max(1, (labels * scores < 1).sum())
            ),
            "This divides by the number of examples that cost something. The mean is over all of "
            "them: else getting an example right could *raise* the loss.",
        ),
    ],
    alternatives=[hinge_with_a_loop, hinge_with_a_mask],
    hints=[
        "For one example: what is missing until `label * score` reaches 1? Nothing, if it is "
        "there already.",
        "`np.maximum(0, ...)` compares each number of an array with 0.",
        "Inside it stands `1 - labels * scores`. Then the mean, as a `float`.",
    ],
)
