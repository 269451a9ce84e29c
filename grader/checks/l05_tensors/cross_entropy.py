"""Exercise: the gradient of softmax and cross-entropy in one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grader.checks.l05_tensors.drawing import numbers
from grader.exercise import Exercise, Misconception
from grader.gradients import Gradient
from grader.probe import Inputs

Array = np.ndarray


def cross_entropy_vjp(grad: float, logits: Array, targets: Array) -> Array:
    """The gradient for the logits, when grad is the gradient of the mean cross-entropy."""
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(targets)), targets] -= 1
    return grad * p / len(targets)


def cross_entropy_cases(rng: np.random.Generator) -> list[Inputs]:
    """Gradient 1 of a single example and of batches; other gradients; logits in the thousands."""
    sizes = [(1, 3), (2, 3), (3, 5), (5, 2), (4, 7)]
    cases = [_case(rng, 1.0, *size) for size in sizes]
    cases += [_case(rng, round(float(rng.uniform(0.2, 0.7)), 2), *size) for size in sizes[:3]]
    cases += [_case(rng, -2.5, 3, 4), _case(rng, 1.0, 1, 3, 900.0), _case(rng, 1.0, 3, 4, 900.0)]
    return cases


def _case(
    rng: np.random.Generator, grad: float, batch: int, classes: int, shift: float = 0.0
) -> Inputs:
    """Targets that are neither all alike nor each at its own position."""
    while True:
        targets = rng.integers(classes, size=batch)
        if batch == 1 or (len(set(targets.tolist())) > 1 and (targets != np.arange(batch)).any()):
            break
    return grad, numbers(rng, batch, classes) + shift, targets


def _mean_loss(grad: float, logits: Array, targets: Array) -> float:
    top = logits.max(axis=1)
    log_totals = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    losses = [t - z[k] for t, z, k in zip(log_totals, logits, targets, strict=True)]
    return float(np.mean(losses))


def _gradient(name: str, where: Callable[..., bool]) -> Gradient:
    return Gradient(name, forward=_mean_loss, wrt="logits", upstream="grad", where=where)


def _softmax(z: Array, axis: int = 1) -> Array:
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return np.asarray(e / e.sum(axis=axis, keepdims=True))


def _one_hot(targets: Array, classes: int) -> Array:
    return np.eye(classes)[targets]


def cross_entropy_vjp_one_hot(grad: float, logits: Array, targets: Array) -> Array:
    """Softmax minus one-hot rows."""
    return (_softmax(logits) - np.eye(logits.shape[1])[targets]) * (grad / logits.shape[0])


def cross_entropy_vjp_by_row(grad: float, logits: Array, targets: Array) -> Array:
    """One example at a time, through log-probabilities."""
    rows = []
    for z, target in zip(logits, targets, strict=True):
        logs = z - np.logaddexp.reduce(z)
        rows.append([np.exp(logs[k]) - (k == target) for k in range(len(z))])
    return grad / len(rows) * np.array(rows)


def _unstable(grad: float, logits: Array, targets: Array) -> Array:
    e = np.exp(logits)
    p = e / e.sum(axis=1, keepdims=True)
    return grad * (p - _one_hot(targets, p.shape[1])) / len(p)


def _without_keepdims(grad: float, logits: Array, targets: Array) -> Array:
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1)
    return grad * (p - _one_hot(targets, p.shape[1])) / len(p)


def _whole_columns(grad: float, logits: Array, targets: Array) -> Array:
    p = _softmax(logits)
    p[:, targets] -= 1
    return grad * p / len(p)


def _of_probabilities(grad: float, logits: Array, targets: Array) -> Array:
    p = _softmax(logits)
    return -grad * _one_hot(targets, p.shape[1]) / p / len(p)


def _of(p: Any, grad: float, logits: Array, targets: Array, count: float = 0) -> Array:
    hot = _one_hot(targets, logits.shape[1])
    return np.asarray(grad * (p - hot) / (count or len(logits)))


CROSS_ENTROPY = Exercise(
    id="tensors.cross_entropy_vjp",
    lesson="05_tensors",
    title="Softmax and cross-entropy, fused",
    points=3,
    reference=cross_entropy_vjp,
    cases=cross_entropy_cases,
    forbid=["course_lib.losses.cross_entropy_grad", "torch"],
    criteria=[
        _gradient(
            "is right for one example",
            lambda grad, logits, targets: grad == 1 and len(logits) == 1 and logits[0, 0] < 9,
        ),
        _gradient(
            "is that of the mean over a batch",
            lambda grad, logits, targets: grad == 1 and len(logits) > 1 and logits[0, 0] < 9,
        ),
        _gradient("passes on the gradient that arrives", lambda grad, logits, targets: grad != 1),
        _gradient("survives large logits", lambda grad, logits, targets: logits[0, 0] > 9),
    ],
    misconceptions=[
        Misconception(
            "not_divided_by_batch",
            lambda grad, z, t: _of(_softmax(z), grad, z, t, count=1),
            "This is the gradient of the *sum* of the losses. The loss is their mean, so each "
            "example counts one n-th: divide by the number of examples.",
        ),
        Misconception(
            "divided_by_all_numbers",
            lambda grad, z, t: _of(_softmax(z), grad, z, t, count=z.size),
            "This divides by all numbers in `logits`. The mean is over examples: divide by "
            "`len(targets)`.",
        ),
        Misconception(
            "divided_by_classes",
            lambda grad, z, t: _of(_softmax(z), grad, z, t, count=z.shape[1]),
            "This divides by the number of classes. The mean is over examples: divide by "
            "`len(targets)`.",
        ),
        Misconception(
            "sign",
            lambda grad, z, t: -_of(_softmax(z), grad, z, t),
            "The sign is the wrong way round. Raising the target's logit *lowers* the loss, so its "
            "gradient is negative: softmax minus one-hot.",
        ),
        Misconception(
            "target_not_subtracted",
            lambda grad, z, t: grad * _softmax(z) / len(z),
            "These are the probabilities alone. The target's own place has 1 subtracted: softmax "
            "minus one-hot.",
        ),
        Misconception(
            "one_subtracted_everywhere",
            lambda grad, z, t: grad * (_softmax(z) - 1) / len(z),
            "1 is subtracted from *every* probability. Only the target's own place has it "
            "subtracted: `p[np.arange(len(targets)), targets] -= 1`.",
        ),
        Misconception(
            "keepdims_forgotten",
            _without_keepdims,
            "A sum or maximum over `axis=1` loses that axis, and is then paired with the "
            "*columns*: NumPy lines shapes up from the right. `keepdims=True` keeps it beside "
            "its rows. (With as many examples as classes it would run, and be wrong.)",
        ),
        Misconception(
            "class_number_subtracted",
            lambda grad, z, t: grad * (_softmax(z) - t[:, None]) / len(z),
            "The class *number* is subtracted from every probability. A target says *where* the 1 "
            "is to be subtracted: at `[row, target]`.",
        ),
        Misconception(
            "whole_columns",
            _whole_columns,
            "`p[:, targets] -= 1` subtracts in *every* row, in all the columns that occur. One "
            "place per row is meant: `p[np.arange(len(targets)), targets]`.",
        ),
        Misconception(
            "softmax_twice",
            lambda grad, z, t: _of(_softmax(_softmax(z)), grad, z, t),
            "Softmax is applied twice. `logits` are scores, and one softmax makes probabilities of "
            "them; a second one flattens these.",
        ),
        Misconception(
            "softmax_forgotten",
            lambda grad, z, t: _of(z, grad, z, t),
            "The one-hot target is subtracted from the logits themselves. They have to become "
            "probabilities first: softmax.",
        ),
        Misconception(
            "softmax_over_the_batch",
            lambda grad, z, t: _of(_softmax(z, axis=0), grad, z, t),
            "Softmax runs down the columns, over the examples. The classes of *one* example "
            "compete with each other: `axis=1`.",
        ),
        Misconception(
            "not_normalised_per_row",
            lambda grad, z, t: _of(np.exp(z - z.max()) / np.exp(z - z.max()).sum(), grad, z, t),
            "The probabilities add up to 1 over the whole batch. Each row is a distribution of its "
            "own: `sum(axis=1, keepdims=True)`.",
        ),
        Misconception(
            "of_the_probabilities",
            _of_probabilities,
            "This is -1 / p at the target: the gradient for the *probabilities*. `logits` come one "
            "step earlier; through the softmax it becomes softmax minus one-hot.",
        ),
        Misconception(
            "grad_left_out",
            lambda grad, z, t: _of(_softmax(z), 1.0, z, t),
            "`grad` is not used. Here it is often 1, because the loss is the end of the graph; but "
            "with `(2 * loss).backward()` a 2 arrives. A rule multiplies by what arrives.",
        ),
        Misconception(
            "overflow",
            _unstable,
            "Right until logits are large: `exp` overflows above about 709, and inf / inf is nan. "
            "Subtract each row's maximum first; softmax does not change.",
        ),
    ],
    alternatives=[cross_entropy_vjp_one_hot, cross_entropy_vjp_by_row],
    hints=[
        "For one example: softmax of the logits, and 1 subtracted at the target. How do you make a "
        "whole batch of it, and of which loss is this the gradient: of a sum or of a mean?",
        "Softmax: subtract the row's maximum, `exp`, divide by the row's sum (both with `axis=1, "
        "keepdims=True`). One place per row: `p[np.arange(len(targets)), targets]`.",
        "`p[np.arange(len(targets)), targets] -= 1`, then multiply by `grad` and divide by "
        "`len(targets)`.",
    ],
)
