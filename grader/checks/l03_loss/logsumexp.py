"""Exercise: log-sum-exp along the last axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grader.checks.l03_loss.drawing import (
    breaks_far_out,
    is_enormous,
    is_lost,
    is_moderate,
    numbers,
)
from grader.checks.l03_loss.references import logsumexp
from grader.exercise import Exercise, Misconception, Trial, Values
from grader.probe import Inputs

Array = np.ndarray


def logsumexp_cases(rng: np.random.Generator) -> list[Inputs]:
    """Rows of scores; then enormous ones, of which two rows are 2000 apart."""
    cases: list[Inputs] = [(numbers(rng, *shape),) for shape in [(2,), (5,), (2, 3), (4, 2)]]
    cases.append((numbers(rng, 1, 4),))
    cases.append((np.array([1000.0, 1000.0]) - np.round(rng.uniform(0, 100)),))
    cases.append((-900.0 + numbers(rng, 3),))
    rows = np.array([[1000.0], [-1000.0], [0.0]]) + numbers(rng, 3, 4)
    cases.append((rng.permutation(rows),))
    cases.append(((200.0 + numbers(rng, 2, 3)).astype(np.float32),))
    return cases


def _shifted_by(z: Array, shift: Array, back: float = 1.0) -> Array:
    return np.asarray(back * shift + np.log(np.exp(z - shift[..., None]).sum(axis=-1)))


def _needs_two_axes(trials: Sequence[Trial]) -> bool:
    """On a single row it complains about the axis; on tables it does not."""
    return any(t.inputs[0].ndim == 1 for t in trials) and all(
        (t.observed.fault is not None and t.observed.fault.type == "AxisError")
        == (t.inputs[0].ndim == 1)
        for t in trials
    )


def logsumexp_by_folding(z: Array) -> Array:
    """Add one column at a time, with NumPy's stable sum of two exponentials."""
    total = np.full(z.shape[:-1], -np.inf)
    for k in range(z.shape[-1]):
        total = np.logaddexp(total, z[..., k])
    return total


def logsumexp_by_rows(z: Array) -> Array:
    """One row at a time, shifted by its largest score."""
    rows = z.reshape(-1, z.shape[-1])
    result = [max(row) + np.log(sum(np.exp(s - max(row)) for s in row)) for row in rows]
    return np.array(result).reshape(z.shape[:-1])


LOGSUMEXP = Exercise(
    id="loss.logsumexp",
    lesson="03_loss",
    title="Log-sum-exp",
    points=2,
    reference=logsumexp,
    cases=logsumexp_cases,
    criteria=[
        Values(
            "is the log of the sum of exp along the last axis",
            weight=1,
            numbers="any",
            rtol=1e-5,
            where=is_moderate,
            essential=True,
        ),
        Values("stays right in the hundreds", numbers="any", rtol=1e-5, where=is_enormous),
    ],
    misconceptions=[
        Misconception(
            "axis_one",
            lambda z: z.max(axis=1) + np.log(np.exp(z - z.max(axis=1)[:, None]).sum(axis=1)),
            "A single row has no axis 1. The *last* axis is `axis=-1`, however many there are.",
            when=_needs_two_axes,
        ),
        Misconception(
            "axis_lost",
            lambda z: z.max(axis=-1) + np.log(np.exp(z - z.max(axis=-1)).sum(axis=-1)),
            "The maxima have shape (batch,), and `z` has (batch, classes): NumPy cannot line them "
            "up. Keep the axis with `z.max(axis=-1, keepdims=True)`.",
        ),
        Misconception(
            "one_maximum_for_all_rows",
            lambda z: z.max() + np.log(np.exp(z - z.max()).sum(axis=-1)),
            "The largest score of the whole table is taken out of every row. In a row that is far "
            "below it every exponential rounds to 0, and the log of 0 is minus infinity. Each row "
            "needs its own largest score: `z.max(axis=-1, keepdims=True)`.",
        ),
        Misconception(
            "not_added_back",
            lambda z: _shifted_by(z, z.max(axis=-1), back=0.0),
            "The largest score is taken out of the sum and never added back: "
            "log(sum(exp(z))) = m + log(sum(exp(z - m))).",
        ),
        Misconception(
            "subtracted_twice",
            lambda z: _shifted_by(z, z.max(axis=-1), back=-1.0),
            "The largest score is subtracted again at the end. What was taken out has to be "
            "*added* back.",
        ),
        Misconception(
            "wrong_axis",
            lambda z: logsumexp(z.T),
            "This sums down the columns. The scores that belong together stand in a row, along "
            "the last axis: `axis=-1`.",
        ),
        Misconception(
            "one_sum_for_all",
            lambda z: float(np.logaddexp.reduce(z.ravel())),
            "This adds up the whole table into one number. Each row has its own sum: `axis=-1`.",
        ),
        Misconception(
            "axis_kept",
            lambda z: logsumexp(z)[..., None],
            "The numbers are right, but the axis that was summed over is still there, with length "
            "1. The sum should drop it: leave `keepdims=True` to the maximum only, and squeeze "
            "that before adding it back.",
        ),
        Misconception(
            "logarithm_forgotten",
            lambda z: np.exp(z).sum(axis=-1),
            "This is the sum of the exponentials. Its logarithm is asked for.",
        ),
        Misconception(
            "logarithm_of_each",
            lambda z: z.sum(axis=-1),
            "This takes the log of each exponential and then adds, which undoes itself: it is "
            "the plain sum of `z`. First the sum, then its log.",
        ),
        Misconception(
            "mean_for_sum",
            lambda z: logsumexp(z) - np.log(z.shape[-1]),
            "This is the log of the *mean* of the exponentials. It takes their sum.",
        ),
        Misconception(
            "maximum_only",
            lambda z: z.max(axis=-1),
            "This is the maximum. Log-sum-exp is always a little above it, since the other "
            "scores count too.",
        ),
        Misconception(
            "softmax",
            lambda z: np.exp(z - logsumexp(z)[..., None]),
            "These are the probabilities of softmax, one for each score. Log-sum-exp is one "
            "number a row: the log of what softmax divides by.",
        ),
        Misconception(
            "log_probabilities",
            lambda z: z - logsumexp(z)[..., None],
            "These are the log-probabilities, `z` minus log-sum-exp. Return what is subtracted.",
        ),
        Misconception(
            "base_two",
            lambda z: logsumexp(z) / np.log(2),
            "This is the logarithm to base 2. `exp` belongs to the natural one, `np.log`.",
        ),
        Misconception(
            "overflow",
            lambda z: np.log(np.exp(z).sum(axis=-1)),
            "Right for moderate scores, but `exp` of a large one overflows to infinity, and of a "
            "very negative one rounds to 0. Take the row's largest score out first: "
            "m + log(sum(exp(z - m))).",
            when=breaks_far_out(is_lost),
        ),
    ],
    alternatives=[logsumexp_by_folding, logsumexp_by_rows],
    hints=[
        "Without care it is one line: exponentials, their sum along `axis=-1`, the log. That "
        "earns half of the points.",
        "Let `m` be the largest score of the row. Then exp(z) = exp(m) * exp(z - m), and exp(m) "
        "can be taken out of the sum, and out of the log.",
        "`m = z.max(axis=-1, keepdims=True)` lines up with `z`. At the end add `m.squeeze(-1)` to "
        "the log of the sum of `np.exp(z - m)`.",
    ],
)
