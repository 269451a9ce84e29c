"""Lesson 05's exercises: each mistake is named on any inputs, and what comes back is true."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from course_lib import tensor
from grader.checks.l05_tensors import rearrange
from grader.checks.l05_tensors.cross_entropy import cross_entropy_vjp
from grader.checks.l05_tensors.matmul import matmul_vjp
from grader.checks.l05_tensors.reduce import reduce_vjp
from grader.checks.l05_tensors.rows import rows_vjp
from grader.checks.l05_tensors.unbroadcast import unbroadcast
from grader.checks.l05_tensors.worst_place import worst_place
from grader.judge import judge
from grader.prober import LocalProber
from grader.registry import exercises_of

EXERCISES = exercises_of("05_tensors")
JUDGED = [e for e in EXERCISES.values() if e.kind != "reflection"]
MISTAKES = [(e.id, m.id) for e in JUDGED for m in e.misconceptions]


def report_on(name: str, answer: Any, seed: int = 0):
    return judge(EXERCISES[f"tensors.{name}"], LocalProber(answer), seed)


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES)
def test_every_mistake_is_named_on_eight_seeds(exercise, mistake):
    task = EXERCISES[exercise]
    wrong = next(m.wrong for m in task.misconceptions if m.id == mistake)
    reports = [judge(task, LocalProber(wrong), seed) for seed in range(8)]
    assert {report.misconception for report in reports} == {mistake}
    assert max(report.score for report in reports) < 1


@pytest.mark.parametrize("exercise", JUDGED, ids=lambda e: e.id)
def test_every_right_answer_passes_on_eight_seeds(exercise):
    for answer in (exercise.reference, *exercise.alternatives):
        assert all(judge(exercise, LocalProber(answer), seed).passed for seed in range(8))


# ------------------------------------------------------------ the rules against another engine


def test_our_rules_are_those_of_the_courses_engine():
    """An oracle that shares no code with the references: the Tensor engine, tested by PyTorch."""
    rng = np.random.default_rng(0)
    a, b, grad = (rng.normal(size=s) for s in [(4, 3), (3, 5), (4, 5)])
    x, y = tensor.Tensor(a, requires_grad=True), tensor.Tensor(b, requires_grad=True)
    (x @ y).backward(grad)
    for ours, theirs in zip(matmul_vjp(grad, a, b), (x.grad, y.grad), strict=True):
        np.testing.assert_allclose(ours, theirs)
    for op, theirs in (("sum", tensor.sum), ("mean", tensor.mean), ("max", tensor.amax)):
        x = tensor.Tensor(np.round(a), requires_grad=True)
        g = rng.normal(size=4)
        theirs(x, 1).backward(g)
        np.testing.assert_allclose(reduce_vjp(g, np.round(a), op, 1, False), x.grad)
    picks, g = np.array([[2, 0], [2, 2]]), rng.normal(size=(2, 2, 3))
    x = tensor.Tensor(a, requires_grad=True)
    x[picks].backward(g)
    np.testing.assert_allclose(rows_vjp(g, picks, (4, 3)), x.grad)


# ------------------------------------------------------------ mistakes that have no name

UNLISTED: dict[str, tuple[str, Callable[..., Any], str]] = {
    "two items": (
        "worst_place",
        lambda f, x, grad: worst_place(f, x, grad)[:2],
        "(index, claimed, measured) was required, a tuple of 2 items came",
    ),
    "no index": (
        "worst_place",
        lambda f, x, grad: (None, *worst_place(f, x, grad)[1:]),
        "an index",
    ),
    "zeros": ("worst_place", lambda f, x, grad: ((0,) * x.ndim, 0.0, 0.0), "`measured`"),
    "abs of the slope": (
        "worst_place",
        lambda f, x, grad: (lambda i, c, m: (i, c, abs(m)))(*worst_place(f, x, grad)),
        "`measured`",
    ),
    "largest copy": (
        "unbroadcast",
        lambda grad, shape: _per_axis(np.max, grad, shape),
        "the gradient for the small array is wrong in",
    ),
    "first axis": (
        "unbroadcast",
        lambda grad, shape: grad.sum(axis=0),
        "was required, shape",
    ),
    "product of shapes": ("matmul_vjp", lambda grad, a, b: grad @ b.T, "2 gradients were required"),
    "sign": ("matmul_vjp", lambda grad, a, b: (-grad @ b.T, -a.T @ grad), "opposite direction"),
    "doubled": (
        "matmul_vjp",
        lambda grad, a, b: (2 * grad @ b.T, 2 * a.T @ grad),
        "twice too large",
    ),
    "min for max": (
        "reduce_vjp",
        lambda grad, x, op, axis, keep: reduce_vjp(grad, -x if op == "max" else x, op, axis, keep),
        "is wrong in",
    ),
    "whole numbers": (
        "reduce_vjp",
        lambda grad, x, op, axis, keep: reduce_vjp(grad, x, op, axis, keep).astype(int),
        "fractions were cut off",
    ),
    "no None": (
        "reduce_vjp",
        lambda grad, x, op, axis, keep: reduce_vjp(np.expand_dims(grad, axis), x, op, axis, True)
        if not keep
        else reduce_vjp(grad, x, op, axis, keep),
        "TypeError",
    ),
    "half to each of three": (
        "reduce_vjp",
        lambda grad, x, op, axis, keep: _half_to_each(grad, x, op, axis, keep),
        "their shares add up to 1.5",
    ),
    "flat gradient": (
        "rows_vjp",
        lambda grad, rows, shape: rows_vjp(grad, rows, shape).ravel(),
        "has the shape of what it belongs to",
    ),
    "one row too far": (
        "rows_vjp",
        lambda grad, rows, shape: np.roll(rows_vjp(grad, rows, shape), 1, axis=0),
        "is wrong in",
    ),
    "log-probabilities": (
        "cross_entropy_vjp",
        lambda grad, z, t: cross_entropy_vjp(grad, np.log(np.exp(z) / 2), t) * 0.5,
        "half of what it should be",
    ),
    "both halves": (
        "cross_entropy_vjp",
        lambda grad, z, t: cross_entropy_vjp(grad, z, (t + 1) % z.shape[1]),
        "is wrong in",
    ),
}  # fmt: skip


def _per_axis(reduce: Any, grad: Any, shape: Any) -> Any:
    padded = (1,) * (grad.ndim - len(shape)) + shape
    axes = tuple(i for i, n in enumerate(padded) if n == 1)
    return reduce(grad, axis=axes, keepdims=True).reshape(shape) if axes else grad


def _half_to_each(grad: Any, x: Any, op: Any, axis: Any, keep: Any) -> Any:
    right = reduce_vjp(grad, x, op, axis, keep)
    winners = x == x.max(axis=axis, keepdims=True)
    tied = op == "max" and (winners.sum(axis=axis) > 1).any()
    spread = grad if keep or axis is None else np.expand_dims(grad, axis)
    return winners * spread / 2 if tied else right


@pytest.mark.parametrize("name", UNLISTED)
def test_a_mistake_on_no_list_is_not_given_a_name(name):
    exercise, answer, words = UNLISTED[name]
    for seed in range(10):
        report = report_on(exercise, answer, seed)
        assert report.misconception is None
        assert report.score < 1
    assert words in " ".join([report.message, *(c.complaint or "" for c in report.criteria)])


def test_the_explanation_names_the_worst_place_both_values_and_the_cause():
    report = report_on("matmul_vjp", lambda grad, a, b: (3.5 * (grad @ b.T), a.T @ grad))
    assert "The gradient for `a` is wrong in" in report.message
    assert "nudging measures" in report.message
    assert "came. Likely cause: a factor: 3.5 times what it should be" in report.message
    assert report.points == 1.5


# ------------------------------------------------------------ in place


def writes_into_grad(grad, shape):
    grad *= 1.0
    grad += 1
    return unbroadcast(grad - 1, shape)


def writes_into_logits(grad, logits, targets):
    logits -= logits.max(axis=1, keepdims=True)
    return cross_entropy_vjp(grad, logits, targets)


def nudges_in_place(f, x, grad):
    measured = np.zeros(x.shape)
    for index in np.ndindex(*x.shape):
        x[index] += 1e-5
        up = f(x)
        x[index] -= 2e-5
        measured[index] = (up - f(x)) / 2e-5
        x[index] += 1e-5  # back, but for rounding
    worst = np.unravel_index(np.argmax(np.abs(grad - measured)), x.shape)
    return worst, grad[worst], measured[worst]


@pytest.mark.parametrize(
    ("exercise", "answer", "name"),
    [
        ("unbroadcast", writes_into_grad, "grad"),
        ("cross_entropy_vjp", writes_into_logits, "logits"),
        ("worst_place", nudges_in_place, "x"),
    ],
)
def test_a_rule_that_writes_into_its_inputs_is_told_so(exercise, answer, name):
    report = report_on(exercise, answer)
    assert f"changes its input `{name}`" in report.message
    assert report.score < 1


# ------------------------------------------------------------ other forms of right answers


class KeepsNothingButOrder(rearrange.Rearrange):
    """Learns the old shape from `forward`, keeps it under another name, and gives a view back."""

    def __init__(self, shape, axes):
        self.new, self.order = shape, axes

    def forward(self, x):
        self.was = np.shape(x)
        return np.transpose(np.reshape(x, self.new), self.order)

    def backward(self, grad):
        return np.moveaxis(grad, range(grad.ndim), self.order).reshape(self.was)


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("unbroadcast", tensor.unbroadcast),
        ("matmul_vjp", lambda grad, a, b: [grad.dot(b.transpose()), (grad.T @ a).T]),
        (
            "reduce_vjp",
            lambda grad, x, op, axis, keep: _last_of_the_tied(grad, x, op, axis, keep),
        ),
        ("rearrange", KeepsNothingButOrder),
        ("rows_vjp", lambda grad, rows, shape: tensor.indexing.scatter_add(shape, (rows,), grad)),
        (
            "cross_entropy_vjp",
            lambda grad, z, t: np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True)) * grad
            / len(z) - np.eye(z.shape[1])[t] * grad / len(z),
        ),
        ("worst_place", lambda f, x, grad: list(worst_place(f, x.astype(float), grad))),
        ("tiny_net", "C"),
    ],
)  # fmt: skip
def test_a_right_answer_in_another_form_passes(exercise, answer):
    assert all(report_on(exercise, answer, seed).passed for seed in range(10))


def _last_of_the_tied(grad: Any, x: Any, op: Any, axis: Any, keep: Any) -> Any:
    if op != "max" or axis is None:
        return reduce_vjp(grad, x, op, axis, keep)
    n = x.shape[axis]
    last = n - 1 - np.flip(x, axis).argmax(axis=axis, keepdims=True)
    out = np.zeros(x.shape)
    np.put_along_axis(out, last, grad if keep else np.expand_dims(grad, axis), axis)
    return out


# ------------------------------------------------------------ two mistakes at once


def keepdims_and_mean(grad, x, op, axis, keep):
    if axis is not None and not keep:
        grad = np.expand_dims(grad, axis)
    share = 1.0 * (x == x.max(axis=axis, keepdims=True)) if op == "max" else np.ones(x.shape)
    return grad * share


def test_of_two_mistakes_the_first_is_named():
    report = report_on("reduce_vjp", keepdims_and_mean)
    assert report.misconception == "mean_without_count"
    assert 0 < report.score < 1


@pytest.mark.parametrize(
    ("exercise", "answer", "mistake"),
    [
        ("unbroadcast", lambda grad, shape: _per_axis(np.mean, grad, shape), "mean_for_sum"),
        ("rows_vjp", lambda g, rows, shape: _assigned(g, rows, shape), "repeats_lost"),
        (
            "reduce_vjp",
            lambda g, x, op, axis, keep: np.broadcast_to(g, x.shape)
            * reduce_vjp(np.ones(np.shape(g)), x, op, axis, keep),
            "axis_not_put_back",
        ),
    ],
)  # fmt: skip
def test_another_way_of_a_listed_mistake_has_its_name(exercise, answer, mistake):
    assert {report_on(exercise, answer, seed).misconception for seed in (0, 4, 8)} == {mistake}


def _assigned(grad: Any, rows: Any, shape: Any) -> Any:
    out = np.zeros(shape)
    out[rows] = grad
    return out
