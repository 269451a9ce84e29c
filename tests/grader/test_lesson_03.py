"""Lesson 03's exercises: each mistake is named on any inputs, and no other takes its name."""

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from course_lib.activations import sigmoid, softmax
from grader.checks.l03_loss.references import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    cross_entropy_grad,
    hinge_loss,
    logsumexp,
    measured_binary_cross_entropy,
    measured_cross_entropy,
    mse_loss,
)
from grader.exercise import Trial
from grader.judge import judge
from grader.probe import Request, run
from grader.prober import LocalProber
from grader.registry import exercises_of

EXERCISES = exercises_of("03_loss")
JUDGED = [e for e in EXERCISES.values() if e.kind != "reflection"]
MISTAKES = [(e.id, m.id) for e in JUDGED for m in e.misconceptions]


def report_on(name: str, answer: Any, seed: int = 0):
    return judge(EXERCISES[f"loss.{name}"], LocalProber(answer), seed)


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES)
def test_every_mistake_is_named_on_thirty_seeds(exercise, mistake):
    task = EXERCISES[exercise]
    wrong = next(m.wrong for m in task.misconceptions if m.id == mistake)
    reports = [judge(task, LocalProber(wrong), seed) for seed in range(30)]
    assert {report.misconception for report in reports} == {mistake}
    assert max(report.score for report in reports) < 1


@pytest.mark.parametrize("exercise", JUDGED, ids=lambda e: e.id)
def test_every_right_answer_passes_on_thirty_seeds(exercise):
    for answer in (exercise.reference, *exercise.alternatives):
        assert all(judge(exercise, LocalProber(answer), seed).passed for seed in range(30))


def test_the_oracles_of_slopes_agree_with_the_references_where_both_can_compute():
    rng = np.random.default_rng(0)
    z, t = rng.normal(size=(4, 3)), (rng.random((4, 3)) < 0.5) * 1.0
    k = np.array([2, 0, 1, 2])
    assert math.isclose(
        measured_binary_cross_entropy(z, t), binary_cross_entropy_with_logits(z, t), rel_tol=1e-12
    )
    assert math.isclose(measured_cross_entropy(z, k), cross_entropy(z, k), rel_tol=1e-12)


# ---------------------------------------------------------------- gradients are explained


def onehot(logits, targets):
    return np.eye(logits.shape[1])[targets]


def grad(logits, targets):
    return cross_entropy_grad(logits, targets)


# Wrong gradients that have no name of their own: the check says where, what, and probably why.
EXPLAINED: dict[str, tuple[str, Callable[..., Any], str]] = {
    "half": ("cross_entropy_grad", lambda z, k: grad(z, k) / 2, "a factor of 1/2: half"),
    "three times": ("cross_entropy_grad", lambda z, k: 3.3 * grad(z, k), "a factor: 3.3 times"),
    "sign and count": (
        "cross_entropy_grad",
        lambda z, k: onehot(z, k) - softmax(z),
        "And the sign is turned",
    ),
    "zeros": (
        "cross_entropy_grad",
        lambda z, k: np.zeros(z.shape),
        "nothing arrives: every number is 0",
    ),
    "nan": ("cross_entropy_grad", lambda z, k: grad(z, k) * np.nan, "nan or infinity"),
    "two off": (
        "cross_entropy_grad",
        lambda z, k: (softmax(z) - 2 * onehot(z, k)) / len(z),
        "an exception: the other places are right",
    ),
    "noise": ("cross_entropy_grad", lambda z, k: np.cos(z), "nudging measures"),
    "bits": ("cross_entropy_grad", lambda z, k: grad(z, k) / np.log(2), "a factor: 1.443 times"),
    "too many axes": (
        "cross_entropy_grad",
        lambda z, k: grad(z, k)[None],
        "has the shape of what it belongs to",
    ),
    "tanh for sigmoid": (
        "binary_cross_entropy_grad",
        lambda z, t: (np.tanh(z) - t) / z.size,
        "nudging measures",
    ),
    "batch squared": (
        "binary_cross_entropy_grad",
        lambda z, t: (sigmoid(z) - t) / z.size**2,
        "a factor of 1/N (N = ",
    ),
}


@pytest.mark.parametrize("name", EXPLAINED)
def test_a_wrong_gradient_is_explained_with_its_worst_place_and_both_values(name):
    exercise, answer, cause = EXPLAINED[name]
    for seed in range(10):
        report = report_on(exercise, answer, seed)
        complaint = report.criteria[0].complaint
        assert report.misconception is None
        assert report.score == 0
        assert report.message[1:20] == complaint[1:20]
        if name != "too many axes":
            assert re.search(
                r"most of all at \[\d+(, \d+)?\], where `logits` is .*: nudg", complaint
            )
            assert "came" in complaint
    assert cause in complaint_about_a_batch(exercise, answer)


def complaint_about_a_batch(exercise: str, answer: Callable[..., Any]) -> str:
    """What the check says of several rows: on a single one, causes can coincide."""
    task = EXERCISES[f"loss.{exercise}"]
    cases = list(task.cases(np.random.default_rng(0)))[2:3]
    request = Request(cases, task.probe, 2.0)
    (trial,) = (
        Trial(case, came, wanted)
        for case, came, wanted in zip(
            cases, run(answer, request), run(task.reference, request), strict=True
        )
    )
    return task.criteria[0].complaint(trial) or ""


def test_the_worst_place_is_the_worst_and_its_slope_is_the_measured_one():
    def one_entry_wrong(logits, targets):
        g = cross_entropy_grad(logits, targets)
        g[-1, 1] += 0.5
        return g

    report = report_on("cross_entropy_grad", one_entry_wrong, 3)
    complaint = report.criteria[0].complaint
    assert "is wrong in 1 of 12 places, most of all at [2, 1]" in complaint
    measured, said = map(float, re.findall(r"(-?[\d.e-]+\d) (?:there|came)", complaint))
    assert said == pytest.approx(measured + 0.5, abs=1e-5)


# ---------------------------------------------------------------- unlisted mistakes


UNLISTED: dict[str, tuple[str, Callable[..., Any]]] = {
    "max": ("mse_loss", lambda predictions, targets: np.max((predictions - targets) ** 2)),
    "median": ("mse_loss", lambda predictions, targets: np.median((predictions - targets) ** 2)),
    "relative": (
        "mse_loss",
        lambda predictions, targets: np.mean(((predictions - targets) / targets) ** 2),
    ),
    "answers in words": (
        "mse_loss",
        lambda predictions, targets: (
            mse_loss(predictions, targets) if predictions.shape == targets.shape else "no"
        ),
    ),
    "always refuses": ("mse_loss", lambda predictions, targets: refusing()),
    "text": ("mse_loss", lambda predictions, targets: str(mse_loss(predictions, targets))),
    "median loss": (
        "binary_cross_entropy",
        lambda logits, targets: np.median(np.logaddexp(0, (1 - 2 * targets) * logits)),
    ),
    "tanh": (
        "binary_cross_entropy",
        lambda logits, targets: -np.mean(np.log((1 + (2 * targets - 1) * np.tanh(logits)) / 2)),
    ),
    "no in the wrong place": (
        "binary_cross_entropy",
        lambda logits, targets: np.mean(
            -targets * np.log(sigmoid(logits)) - 1 - targets * np.log(1 - sigmoid(logits))
        ),
    ),
    "margin of two": (
        "hinge_loss",
        lambda scores, labels: np.maximum(0, 2 - labels * scores).mean(),
    ),
    "eye of the batch": (
        "cross_entropy",
        lambda logits, targets: -(np.eye(len(targets))[targets] * logits).sum(),
    ),
    "half": ("hinge_loss", lambda scores, labels: hinge_loss(scores, labels) / 2),
    "first row": ("logsumexp", lambda z: logsumexp(z if z.ndim == 1 else z[:1])),
    "sum of squares": ("logsumexp", lambda z: np.log((z**2).sum(axis=-1))),
    "minus max": ("logsumexp", lambda z: np.log(np.exp(-z).sum(axis=-1))),
    "perplexity": ("cross_entropy", lambda logits, targets: np.exp(cross_entropy(logits, targets))),
    "median of rows": (
        "cross_entropy",
        lambda logits, targets: float(
            np.median(logsumexp(logits) - logits[np.arange(len(targets)), targets])
        ),
    ),
    "smoothed": (
        "cross_entropy",
        lambda logits, targets: (
            0.9 * cross_entropy(logits, targets)
            + 0.1 * float((logsumexp(logits) - logits.mean(axis=1)).mean())
        ),
    ),
}


def refusing():
    raise ValueError("no")


@pytest.mark.parametrize("name", UNLISTED)
def test_a_mistake_on_no_list_is_not_given_a_name(name):
    exercise, answer = UNLISTED[name]
    for seed in range(10):
        report = report_on(exercise, answer, seed)
        assert report.misconception is None
        assert report.score < 1
        assert report.message


def safe_softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# Other ways to make a listed mistake, and two mistakes at once, of which the first is named.
LIKE_LISTED = [
    ("mse_loss", lambda predictions, targets: refusing() if len(predictions) != len(targets)
     else float(((predictions - targets) ** 2).mean()), "broadcasts"),
    ("mse_loss", lambda predictions, targets: refusing() if predictions.size != targets.size
     else float(((predictions - targets) ** 2).mean()), "broadcasts"),
    ("binary_cross_entropy", lambda logits, targets: -(targets * np.log(sigmoid(logits))
     + 1 - targets * np.log(1 - sigmoid(logits))).mean(), "brackets_forgotten"),
    ("binary_cross_entropy", lambda logits, targets: np.log1p(
        np.exp(-logits if targets == 1 else logits)), "one_example_only"),
    ("binary_cross_entropy_grad", lambda logits, targets:
     -targets / sigmoid(logits) + (1 - targets) / (1 - sigmoid(logits)),
     "slope_in_the_probability"),
    ("hinge_loss", lambda scores, labels: max(0, 1 - labels * scores).mean(), "python_maximum"),
    ("logsumexp", lambda z: np.log(np.sum(np.exp(z), axis=1)), "axis_one"),
    ("cross_entropy", lambda logits, targets: -np.log(
        softmax(logits, dim=0)[range(len(targets)), targets]).sum(), "wrong_axis"),
    ("cross_entropy", lambda logits, targets:
     float(logsumexp(logits)[targets].mean()), "rows_for_classes"),
    ("cross_entropy_grad", lambda logits, targets: take_from_rows(logits, targets),
     "rows_for_classes"),
    ("cross_entropy_grad", lambda logits, targets:
     np.eye(10)[targets] - softmax(logits), "ten_classes"),
    ("mse_loss", lambda predictions, targets: np.sqrt(np.mean((targets - predictions) ** 2)),
     "root_taken"),
    ("mse_loss", lambda predictions, targets: np.mean(targets - predictions), "not_squared"),
    ("mse_loss", lambda predictions, targets: np.mean((predictions.ravel() - targets.ravel()) ** 2)
     if predictions.size == targets.size else 0.0, "broadcasts"),
    ("mse_loss", lambda predictions, targets: refuse_then_sum(predictions, targets),
     "sum_for_mean"),
    ("binary_cross_entropy", lambda logits, targets: float(np.mean(np.where(
        targets == 1, -np.log(sigmoid(logits)), -np.log(1 - sigmoid(logits))))), "log_of_zero"),
    ("binary_cross_entropy", lambda logits, targets: float(np.mean(
        np.log(1 + np.exp((1 - 2 * targets) * logits)))), "log_of_zero"),
    ("binary_cross_entropy", lambda logits, targets: float(-np.mean(
        targets * np.log(sigmoid(logits) + 1e-7)
        + (1 - targets) * np.log(1 - sigmoid(logits) + 1e-7))), "clipped"),
    ("binary_cross_entropy", lambda logits, targets: float(np.nan_to_num(np.mean(
        np.log(1 + np.exp((1 - 2 * targets) * logits))))), "clipped"),
    ("cross_entropy", lambda logits, targets: float(-np.log(
        safe_softmax(logits)[np.arange(len(targets)), targets]).mean()), "log_of_zero"),
    ("cross_entropy", lambda logits, targets: float(-np.log(
        safe_softmax(logits)[np.arange(len(targets)), targets] + 1e-9).mean()), "clipped"),
    ("cross_entropy", lambda logits, targets: float(-np.mean(np.sum(
        np.log(safe_softmax(logits)) * targets, axis=1))), "index_taken_for_one_hot"),
    ("cross_entropy", lambda logits, targets: cross_entropy(safe_softmax(logits), targets),
     "softmax_twice"),
    ("cross_entropy_grad", lambda logits, targets:
     safe_softmax(logits) - np.eye(logits.shape[1])[targets], "not_divided"),
    ("cross_entropy_grad", lambda logits, targets:
     (np.eye(logits.shape[1])[targets] - safe_softmax(logits)) / len(targets), "sign"),
    ("binary_cross_entropy_grad", lambda logits, targets:
     (targets - sigmoid(logits)) / logits.size, "sign"),
    ("logsumexp", lambda z: np.log(np.sum(np.exp(z), -1)), "overflow"),
    ("logsumexp", lambda z: np.log(np.exp(z - z.max(axis=-1, keepdims=True)).sum(axis=-1)),
     "not_added_back"),
    ("hinge_loss", lambda scores, labels: np.mean(np.maximum(0, -labels * scores)), "no_margin"),
]  # fmt: skip


def take_from_rows(logits, targets):
    p = softmax(logits)
    p[targets] = p[targets] - 1
    return p


def refuse_then_sum(predictions, targets):
    if predictions.shape != targets.shape:
        raise ValueError("shapes")
    return np.sum((predictions - targets) ** 2)


@pytest.mark.parametrize(("exercise", "answer", "mistake"), LIKE_LISTED)
def test_another_way_of_a_listed_mistake_has_its_name(exercise, answer, mistake):
    assert {report_on(exercise, answer, seed).misconception for seed in range(6)} == {mistake}


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("mse_loss", lambda predictions, targets: np.asarray(mse_loss(predictions, targets))),
        ("binary_cross_entropy", lambda logits, targets: binary_cross_entropy_with_logits(
            logits.astype(np.float64), targets.astype(np.float64))),
        ("hinge_loss", lambda scores, labels: np.mean(np.clip(1 - labels * scores, 0, None))),
        ("logsumexp", lambda z: np.logaddexp.reduce(z, axis=-1)),
        ("cross_entropy", lambda logits, targets: np.mean(
            [np.logaddexp.reduce(z) - z[k] for z, k in zip(logits, targets, strict=True)])),
        ("cross_entropy_grad", lambda logits, targets: (
            safe_softmax(logits) - (np.arange(logits.shape[1]) == targets[:, None])
        ) / len(targets)),
    ],
)  # fmt: skip
def test_a_right_answer_in_another_form_passes(exercise, answer):
    assert all(report_on(exercise, answer, seed).passed for seed in range(10))


@pytest.mark.parametrize(
    ("exercise", "earns"),
    [
        ("binary_cross_entropy", 2 / 3),
        ("cross_entropy", 2 / 3),
        ("logsumexp", 1 / 2),
        ("cross_entropy_grad", 2 / 3),
        ("binary_cross_entropy_grad", 2 / 3),
    ],
)
def test_a_formula_that_is_right_on_paper_only_earns_part_of_the_points(exercise, earns):
    task = EXERCISES[f"loss.{exercise}"]
    naive = next(m for m in task.misconceptions if m.id in ("log_of_zero", "overflow"))
    assert report_on(exercise, naive.wrong).score == pytest.approx(earns)
