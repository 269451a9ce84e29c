"""Exercise: the gradient of binary cross-entropy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from course_lib.activations import sigmoid
from grader.checks.l03_loss.bce import bce_cases
from grader.checks.l03_loss.drawing import agree, breaks_far_out, is_enormous, is_lost, is_moderate
from grader.checks.l03_loss.references import (
    binary_cross_entropy_with_logits_grad,
    measured_binary_cross_entropy,
)
from grader.exercise import Exercise, Misconception, Trial, Values
from grader.gradients import Gradient

Array = np.ndarray


def _bce_grad(logits: Array, targets: Array, divide_by: float = 0.0) -> Array:
    return (sigmoid(logits) - targets) / (divide_by or logits.size)


def _slopes_in_p(trials: Sequence[Trial]) -> bool:
    """On moderate inputs the results are slopes in p: of the mean, or of each loss on its own."""
    near = [t for t in trials if is_moderate(*t.inputs)]
    in_z = []
    for t in near:
        p = sigmoid(t.inputs[0])
        in_z.append(np.asarray(t.observed.result, dtype=float) * p * (1 - p))
    return bool(near) and any(
        all(
            agree(z / (t.inputs[0].size if each else 1), t.expected.result)
            for z, t in zip(in_z, near, strict=True)
        )
        for each in (False, True)
    )


def grad_with_a_loop(logits: Array, targets: Array) -> Array:
    """One slope at a time, through tanh."""
    slopes = np.zeros(logits.shape)
    for index in np.ndindex(*logits.shape):
        p = 0.5 + 0.5 * np.tanh(logits[index] / 2)
        slopes[index] = (p - targets[index]) / logits.size
    return slopes


def grad_by_cases(logits: Array, targets: Array) -> Array:
    """Where the answer is yes, minus the probability of no; else plus the probability of yes."""
    p = np.exp(-np.logaddexp(0, -logits))
    q = np.exp(-np.logaddexp(0, logits))
    return np.asarray(np.where(targets == 1, -q, p) / np.prod(logits.shape))


BCE_GRAD = Exercise(
    id="loss.binary_cross_entropy_grad",
    lesson="03_loss",
    title="Gradient of binary cross-entropy",
    points=2,
    reference=binary_cross_entropy_with_logits_grad,
    cases=bce_cases,
    criteria=[
        Gradient(
            "agrees with slopes measured by nudging each logit",
            weight=2,
            forward=measured_binary_cross_entropy,
            wrt="logits",
            where=lambda logits, targets: is_moderate(logits) and logits.size > 1,
            essential=True,
        ),
        # Of one wrong number nobody can tell the cause, so it is judged but not explained.
        Values(
            "is right for one logit alone, and for logits in the hundreds",
            numbers="any",
            rtol=1e-5,
            where=lambda logits, targets: is_enormous(logits) or logits.size == 1,
        ),
    ],
    misconceptions=[
        Misconception(
            "not_divided",
            lambda logits, targets: sigmoid(logits) - targets,
            "This is each loss's own slope. The loss is a *mean*: nudging one logit moves it only "
            "by a share. Divide by how many there are.",
        ),
        Misconception(
            "sign",
            lambda logits, targets: -_bce_grad(logits, targets),
            "Right size, opposite direction: this is `targets - p`, the way *down*. The gradient "
            "points up: `p - targets`. With target 1 a higher logit lowers the loss, so there the "
            "slope is negative.",
        ),
        Misconception(
            "sigmoid_slope_once_more",
            lambda logits, targets: (
                _bce_grad(logits, targets) * sigmoid(logits) * (1 - sigmoid(logits))
            ),
            "There is a factor `p * (1 - p)` too many. It is the sigmoid's slope, and it has "
            "already cancelled against the slope of the log: that is what makes `p - t` so short.",
        ),
        Misconception(
            "slope_in_the_probability",
            lambda logits, targets: (
                _bce_grad(logits, targets) / (sigmoid(logits) * (1 - sigmoid(logits)))
            ),
            "This is the slope in the *probability*. The slope in the logit is that times "
            "`p * (1 - p)`, by the chain rule, and nearly everything cancels.",
            when=_slopes_in_p,
        ),
        Misconception(
            "sigmoid_forgotten",
            lambda logits, targets: (logits - targets) / logits.size,
            "This is `logits - targets`: scores are compared with probabilities. The slope is "
            "`sigmoid(logits) - targets`, over the count.",
        ),
        Misconception(
            "hard_decision",
            lambda logits, targets: ((logits >= 0) - targets) / logits.size,
            "This takes the decision, 0 or 1, in place of the probability. It is 0 for every "
            "right answer; cross-entropy still asks for more confidence there.",
        ),
        Misconception(
            "squared_error_slope",
            lambda logits, targets: (
                2 * _bce_grad(logits, targets) * sigmoid(logits) * (1 - sigmoid(logits))
            ),
            "This is the gradient of the squared error behind a sigmoid. For cross-entropy there "
            "is no 2, and `p * (1 - p)` cancels.",
        ),
        Misconception(
            "doubled",
            lambda logits, targets: 2 * _bce_grad(logits, targets),
            "There is a 2 too many. It belongs to the derivative of a square; here nothing is "
            "squared.",
        ),
        Misconception(
            "probability_only",
            lambda logits, targets: sigmoid(logits) / logits.size,
            "The targets are missing: this pushes every logit down, whatever the answer is.",
        ),
        Misconception(
            "mean_of_the_slopes",
            lambda logits, targets: float(_bce_grad(logits, targets, 1).mean()),
            "This is one number. A gradient has one for each logit: divide by the count, do not "
            "add up.",
        ),
        Misconception(
            "divided_by_rows",
            lambda logits, targets: _bce_grad(logits, targets, len(logits)),
            "This divides by the number of rows. The mean is over *all* logits, so a table of "
            "them divides by all its entries: `logits.size`.",
        ),
        Misconception(
            "overflow",
            lambda logits, targets: (np.exp(logits) / (1 + np.exp(logits)) - targets) / logits.size,
            "Right for moderate logits, but `exp` of a large one overflows. Use the `sigmoid` "
            "that is imported: it never computes the exponential of a large number.",
            when=breaks_far_out(is_lost),
        ),
    ],
    alternatives=[grad_with_a_loop, grad_by_cases],
    hints=[
        "The text derives the slope for one example: it is the probability minus the target.",
        "The loss is a mean over all logits, so one logit moves it only by its share.",
        "`sigmoid(logits) - targets` has the right shape already: divide it by `logits.size`.",
    ],
)
