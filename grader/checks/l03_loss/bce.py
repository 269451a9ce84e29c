"""Exercise: binary cross-entropy from logits."""

from __future__ import annotations

import numpy as np

from grader.checks.l03_loss.drawing import (
    breaks_far_out,
    is_enormous,
    is_finite,
    is_lost,
    is_moderate,
    numbers,
    takes_an_array_for_a_number,
)
from grader.checks.l03_loss.references import (
    binary_cross_entropy_with_logits,
)
from grader.exercise import Exercise, Misconception, Values
from grader.probe import Inputs

Array = np.ndarray


def bce_cases(rng: np.random.Generator) -> list[Inputs]:
    """Moderate logits with both answers; then enormous ones, right and wrong, in both precisions.

    Enormous means that an exponential rounds to 0 or overflows; none is a number of few digits.
    Of each batch of two or more, some targets are 1, some are 0, and not half of them is either.
    """
    cases: list[Inputs] = [
        (numbers(rng, 1), np.array([1.0])),
        (numbers(rng, 1), np.array([0.0])),
    ]
    for shape in [(3,), (5,), (3, 1), (7, 3)]:
        cases.append((numbers(rng, *shape), _answers(rng, *shape)))
    far = np.array([1000.0, -1000.0, 800.0, -900.0, 1.5])
    for targets in ([1, 0, 0, 1, 1], [0, 0, 1, 1, 0]):
        cases.append((far * rng.uniform(0.95, 1.0), np.array(targets, dtype=float)))
    near = np.array([200.0, -150.0, 0.5], dtype=np.float32)
    cases.append((near, np.array([0, 1, 1], dtype=np.float32)))
    cases.append((np.array([750.0]), np.array([1.0])))
    return cases


def _answers(rng: np.random.Generator, *shape: int) -> Array:
    size = int(np.prod(shape))
    targets = np.zeros(size)
    targets[: size // 3 if rng.random() < 0.5 else size - size // 3] = 1.0
    return rng.permutation(targets).reshape(shape)


def naive_sigmoid(z: Array) -> Array:
    """As on paper: overflows for a very negative score."""
    return np.asarray(1 / (1 + np.exp(-z)))


def _surprise(p: Array, targets: Array) -> Array:
    return np.asarray(-(targets * np.log(p) + (1 - targets) * np.log(1 - p)))


def _naive(logits: Array, targets: Array) -> float:
    return float(_surprise(naive_sigmoid(logits), targets).mean())


def bce_by_log_add_exp(logits: Array, targets: Array) -> float:
    """One formula for both answers: a stable log(1 + exp(...)) of the score against the answer."""
    return float(np.logaddexp(0, np.where(targets == 1, -logits, logits)).mean())


def bce_with_a_loop(logits: Array, targets: Array) -> float:
    """Choose the harmless exponential, one score at a time."""
    losses = []
    for z, t in zip(logits.ravel(), targets.ravel(), strict=True):
        against = float(-z if t else z)
        smaller = np.log1p(np.exp(-abs(against)))
        losses.append(against + smaller if against > 0 else smaller)
    return sum(losses) / len(losses)


BCE = Exercise(
    id="loss.binary_cross_entropy",
    lesson="03_loss",
    title="Binary cross-entropy, from logits",
    points=3,
    reference=binary_cross_entropy_with_logits,
    cases=bce_cases,
    criteria=[
        Values(
            "is the mean surprise, for moderate logits",
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
            lambda logits, targets: float(np.logaddexp(0, (1 - 2 * targets) * logits).sum()),
            "This is the sum over the batch. Return the mean: then a batch of 10 and one of 1000 "
            "can be compared.",
        ),
        Misconception(
            "not_reduced",
            lambda logits, targets: np.logaddexp(0, (1 - 2 * targets) * logits),
            "These are the losses of the examples, one each. Return their mean, one number.",
        ),
        Misconception(
            "sign_forgotten",
            lambda logits, targets: -bce_by_log_add_exp(logits, targets),
            "The sign is missing. The log of a probability is negative; a loss is minus that, so "
            "that 0 is perfect and more is worse.",
        ),
        Misconception(
            "bits_for_nats",
            lambda logits, targets: bce_by_log_add_exp(logits, targets) / np.log(2),
            "This is right in bits (`log2`). The loss is asked for in nats, the natural "
            "logarithm `np.log`: with it the gradient has no factor.",
        ),
        Misconception(
            "logarithm_to_base_ten",
            lambda logits, targets: bce_by_log_add_exp(logits, targets) / np.log(10),
            "This is right to base 10 (`log10`). Losses are in nats: use `np.log`.",
        ),
        Misconception(
            "sigmoid_twice",
            lambda logits, targets: bce_by_log_add_exp(naive_sigmoid(logits), targets),
            "The sigmoid is applied twice. `logits` are scores: they become probabilities once, "
            "and what the formula for logits takes is the score itself.",
        ),
        Misconception(
            "logits_taken_for_probabilities",
            lambda logits, targets: float(_surprise(logits, targets).mean()),
            "`logits` are scores, from minus to plus infinity. The log of one makes no sense (nan "
            "for a negative one): put them through `sigmoid` first.",
        ),
        Misconception(
            "answer_yes_only",
            lambda logits, targets: float((targets * np.logaddexp(0, -logits)).mean()),
            "Only the examples whose answer is yes cost anything. When the target is 0 the loss "
            "is `-log(1 - p)`.",
        ),
        Misconception(
            "targets_swapped",
            lambda logits, targets: bce_by_log_add_exp(logits, 1 - targets),
            "Yes and no are swapped: `p` is the probability of target 1, so target 1 costs "
            "`-log(p)` and target 0 costs `-log(1 - p)`. (And sigmoid is 1 / (1 + exp(-z)), with "
            "a minus.)",
        ),
        Misconception(
            "brackets_forgotten",
            lambda logits, targets: float(
                -np.mean(
                    targets * np.log(naive_sigmoid(logits))
                    + 1
                    - targets * np.log(1 - naive_sigmoid(logits))
                )
            ),
            "`1 - targets * ...` is read as `1 - (targets * ...)`. The weight of the second log is "
            "`(1 - targets)`, in brackets.",
        ),
        Misconception(
            "target_term_added",
            lambda logits, targets: float(
                (
                    np.maximum(logits, 0) + targets * logits + np.log1p(np.exp(-np.abs(logits)))
                ).mean()
            ),
            "The term `targets * logits` is added. It is subtracted: with target 1 a high score "
            "makes the loss *small*.",
        ),
        Misconception(
            "one_example_only",
            lambda logits, targets: float(
                (
                    -np.log(naive_sigmoid(logits))
                    if targets == 1
                    else -np.log(1 - naive_sigmoid(logits))
                )[0]
            ),
            "`if` asks one question of a whole array, and Python cannot answer it. Let the targets "
            "choose, by arithmetic (`targets * ...`) or with `np.where`.",
            when=takes_an_array_for_a_number,
        ),
        Misconception(
            "labels_of_another_lesson",
            lambda logits, targets: float(np.logaddexp(0, -targets * logits).mean()),
            "`log(1 + exp(-t * z))` is right for targets -1 and +1. These are 0 and 1: a target "
            "of 0 would cost log 2 whatever the score. `2 * targets - 1` turns them into signs.",
        ),
        Misconception(
            "squared_error",
            lambda logits, targets: float(np.mean((naive_sigmoid(logits) - targets) ** 2)),
            "This is the squared error of the probabilities. Cross-entropy is minus the log of "
            "the probability that the right answer got.",
        ),
        Misconception(
            "counts_mistakes",
            lambda logits, targets: float(np.mean((logits >= 0) != (targets == 1))),
            "This is the share of mistakes, which is flat almost everywhere: the very thing we "
            "want to get away from.",
        ),
        Misconception(
            "no_logarithm",
            lambda logits, targets: float(np.mean(np.abs(naive_sigmoid(logits) - targets))),
            "This is how much probability the right answer lacks, with no logarithm. The loss is "
            "minus the log of what it got.",
        ),
        Misconception(
            "log_of_zero",
            _naive,
            "The formula is right, but not in floating point: far out a sigmoid rounds to exactly "
            "0 or 1 and the log of 0 is minus infinity (or `exp` of a large number overflows). "
            "Simplify on paper first, until only `exp(-abs(z))` is left: hint 3 helps.",
            when=breaks_far_out(is_lost),
        ),
        Misconception(
            "clipped",
            lambda logits, targets: float(
                _surprise(np.clip(naive_sigmoid(logits), 1e-9, 1 - 1e-9), targets).mean()
            ),
            "Far out a value comes that is finite and wrong. Is a probability clipped, or a small "
            "number added to it? That hides the infinity and keeps the error: a logit of 1000 with "
            "target 0 costs 1000. Simplify the formula on paper instead of mending its log.",
            when=breaks_far_out(is_finite, any),
        ),
    ],
    alternatives=[bce_by_log_add_exp, bce_with_a_loop],
    hints=[
        "Start with the formula from the text, `p = sigmoid(logits)` and two logs, then the mean. "
        "That earns two of the three points.",
        "With target 1 the loss is `log(1 + exp(-z))`, with target 0 it is `log(1 + exp(z))`. An "
        "exponential of a negative number never overflows.",
        "`log(1 + exp(z))` is `max(z, 0) + log(1 + exp(-abs(z)))`; and what target 1 costs is that "
        "minus `z`. So one line does both: the first part minus `targets * logits`, plus "
        "`np.log1p(...)`.",
    ],
)
