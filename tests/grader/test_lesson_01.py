"""Lesson 01's exercises: each mistake is named on any inputs, and no other takes its name."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from course_lib import perceptron
from grader.checks.l01_perceptron import variants
from grader.judge import judge
from grader.prober import LocalProber
from grader.registry import exercises_of

EXERCISES = exercises_of("01_perceptron")
JUDGED = [e for e in EXERCISES.values() if e.kind != "reflection"]
MISTAKES = [(e.id, m.id) for e in JUDGED for m in e.misconceptions]


def report_on(name: str, answer: Any, seed: int = 0):
    return judge(EXERCISES[f"perceptron.{name}"], LocalProber(answer), seed)


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES)
def test_every_mistake_is_named_on_fifty_seeds(exercise, mistake):
    task = EXERCISES[exercise]
    wrong = next(m.wrong for m in task.misconceptions if m.id == mistake)
    reports = [judge(task, LocalProber(wrong), seed) for seed in range(50)]
    assert {report.misconception for report in reports} == {mistake}
    assert max(report.score for report in reports) < 1


@pytest.mark.parametrize("exercise", JUDGED, ids=lambda e: e.id)
def test_every_right_answer_passes_on_fifty_seeds(exercise):
    for answer in (exercise.reference, *exercise.alternatives):
        assert all(judge(exercise, LocalProber(answer), seed).passed for seed in range(50))


def changed(**methods: Callable[..., Any]) -> type:
    return type("Perceptron", (variants.Variant,), methods)


class WeightsElsewhere(variants.Variant):
    def fit(self, X, y):
        super().fit(X, y)
        self.weights = self.w
        del self.w
        return self


class Rates(variants.Variant):
    def fit(self, X, y):
        super().fit(X, y)
        self.mistakes = [count / len(y) for count in self.mistakes]
        return self


class OnlyItsOwnLimit(variants.Variant):
    def fit(self, X, y):
        self.max_epochs = 100
        return super().fit(X, y)


class Standardises(variants.Variant):
    def fit(self, X, y):
        return super().fit((X - X.mean(axis=0)) / X.std(axis=0), y)


class TypingError(variants.Variant):
    def predict(self, X):
        return np.where(X @ self.weihgts + self.b >= 0, 1, -1)


class WrongWayRound(variants.Variant):
    def predict(self, X):
        return np.where(self.w @ X + self.b >= 0, 1, -1)


class OneAtATime(variants.Variant):
    def predict(self, X):
        return 1 if X @ self.w + self.b >= 0 else -1


def on_digits(unit: Any) -> Any:
    from grader.checks.l01_perceptron.digits import _digits_zero_one

    images, labels, _, _ = _digits_zero_one()
    return unit.fit(images, labels)


# Mistakes on no list. A name for one of them would be a false diagnosis.
UNLISTED: dict[str, tuple[str, Callable[[], Any]]] = {
    "column": ("weighted_sum", lambda: lambda X, w, b: (X @ w + b)[:, None]),
    "float32": ("weighted_sum", lambda: lambda X, w, b: (X @ w + b).astype("f4")),
    "list": ("weighted_sum", lambda: lambda X, w, b: (X @ w + b).tolist()),
    "labels": ("weighted_sum", lambda: lambda X, w, b: np.where(X @ w + b >= 0, 1, -1)),
    "bias times": ("weighted_sum", lambda: lambda X, w, b: X @ w * b),
    "rounded": ("weighted_sum", lambda: lambda X, w, b: np.round(X @ w + b)),
    "tanh": ("step", lambda: np.tanh),
    "sigmoid": ("step", lambda: lambda z: 1 / (1 + np.exp(-z))),
    "relu": ("step", lambda: lambda z: np.maximum(z, 0)),
    "identity": ("step", lambda: lambda z: z),
    "first only": ("step", lambda: lambda z: 1 if z[0] >= 0 else -1),
    "flat": ("step", lambda: lambda z: np.where(z.ravel() >= 0, 1, -1)),
    "words": ("step", lambda: lambda z: np.where(z >= 0, "+1", "-1")),
    "division": ("step", lambda: lambda z: z / np.abs(z)),
    "label for example": (
        "update",
        lambda: lambda w, b, x, y: (w + y, b + y) if y * (w @ x + b) <= 0 else (w, b),
    ),
    "bias up": (
        "update",
        lambda: lambda w, b, x, y: (w + y * x, b + 1) if y * (w @ x + b) <= 0 else (w, b),
    ),
    "delta rule": (
        "update",
        lambda: lambda w, b, x, y: (w + (y - w @ x - b) * x, b + y - w @ x - b),
    ),
    "bias as array": (
        "update",
        lambda: (
            lambda w, b, x, y: (
                (w + y * x, np.array([b + y])) if y * (w @ x + b) <= 0 else (w, np.array([b]))
            )
        ),
    ),
    "weights only": ("update", lambda: lambda w, b, x, y: perceptron.update(w, b, x, y)[0]),
    "standardises": ("training", lambda: Standardises),
    "other attribute": ("training", lambda: WeightsElsewhere),
    "rates": ("training", lambda: Rates),
    "own limit": ("training", lambda: OnlyItsOwnLimit),
    "answers bool": (
        "training",
        lambda: changed(predict=lambda self, X: X @ self.w + self.b >= 0),
    ),
    "other signature": (
        "training",
        lambda: changed(__init__=lambda self, epochs=5: None),
    ),
    "typing error": ("digits", lambda: on_digits(TypingError())),
    "wrong way round": ("digits", lambda: on_digits(WrongWayRound())),
    "one at a time": ("digits", lambda: on_digits(OneAtATime())),
    "weights for unit": ("digits", lambda: (np.ones(64), 0.0)),
    "least length": (
        "mistake_bound",
        lambda: lambda X, y, w, b: perceptron.mistake_bound(X, y, w, b) + 1,
    ),
    "rounded up": (
        "mistake_bound",
        lambda: lambda X, y, w, b: np.ceil(perceptron.mistake_bound(X, y, w, b)),
    ),
    "asserts": (
        "mistake_bound",
        lambda: lambda X, y, w, b: asserting(X, y, w, b),
    ),
    "nan": ("xor_net", lambda: (np.full((2, 2), np.nan), np.ones(2), np.ones(2), 0.0)),
    "column of biases": ("xor_net", lambda: (np.ones((2, 2)), np.ones((2, 1)), np.ones(2), 0.0)),
    "ragged": ("xor_net", lambda: ([[1], [1, 2]], [1, 1], [1, 1], 1)),
}


def asserting(X, y, w, b):
    assert (y * (X @ w + b)).min() > 0
    return perceptron.mistake_bound(X, y, w, b)


@pytest.mark.parametrize("name", UNLISTED)
def test_a_mistake_on_no_list_is_not_given_a_name(name):
    exercise, make = UNLISTED[name]
    answer = make()
    for seed in range(10):
        report = report_on(exercise, answer, seed)
        assert report.misconception is None
        assert report.score < 1
        assert report.message


def shuffles(self, X, y):
    order = np.random.default_rng(len(self.mistakes)).permutation(len(y))
    return variants.Variant.epoch(self, X[order], y[order])


class AsManyAtOnce(variants.RunningTotal, variants.PredictsZeroOne):
    """Two mistakes: running totals, and labels 0 and 1."""


class NoBiasAndOneEpoch(variants.OneEpochOnly, variants.BiasForgotten):
    """Two mistakes: one epoch, and no bias."""


class KeepsItsBias(variants.Variant):
    """Sets the bias where the unit is made, so that a second `fit` finds the old one."""

    def __init__(self, max_epochs=100):
        super().__init__(max_epochs)
        self.b = 0.0

    def start(self, X):
        self.w = np.zeros(X.shape[1])


# Other ways to make a listed mistake, and two mistakes at once, of which the first is named.
LIKE_LISTED = [
    ("weighted_sum", lambda X, w, b: sum(X @ w + b), "one_sum_for_all"),
    ("weighted_sum", lambda X, w, b: (X * w).mean(axis=1), "mean_for_sum"),
    ("weighted_sum", lambda X, w, b: X * w, "products_not_summed"),
    ("step", lambda z: np.heaviside(z, 1), "labels_zero_one"),
    ("step", lambda z: np.heaviside(z, 0), "labels_zero_one"),
    ("step", lambda z: np.where(z > 0, -1, 1), "classes_swapped"),
    ("step", lambda z: z > 0, "booleans"),
    (
        "update",
        lambda w, b, x, y: (w - y * x, b - y) if y * (w @ x + b) < 0 else (w, b),
        "wrong_sign",
    ),
    (
        "update",
        lambda w, b, x, y: (w + 0.3 * y * x, b + 0.3 * y) if y * (w @ x + b) <= 0 else (w, b),
        "learning_rate",
    ),
    (
        "update",
        lambda w, b, x, y: (w + y * x, b + y) if (1 if w @ x + b > 0 else -1) != y else (w, b),
        "compares_labels",
    ),
    ("training", changed(epoch=shuffles), "another_way"),
    (
        "training",
        changed(start=lambda self, X: vars(self).update(w=np.ones(X.shape[1]), b=1.0)),
        "another_way",
    ),
    ("training", KeepsItsBias, "keeps_old_weights"),
    ("training", AsManyAtOnce, "running_total"),
    ("training", NoBiasAndOneEpoch, "one_epoch_only"),
    ("digits", variants.Variant(), "not_trained"),
    (
        "mistake_bound",
        lambda X, y, w, b: (
            np.inf if (y * (X @ w + b)).min() <= 0 else perceptron.mistake_bound(X, y, w, b)
        ),
        "no_refusal",
    ),
]


@pytest.mark.parametrize(("exercise", "answer", "mistake"), LIKE_LISTED)
def test_another_way_of_a_listed_mistake_has_its_name(exercise, answer, mistake):
    assert {report_on(exercise, answer, seed).misconception for seed in (0, 4, 8)} == {mistake}


def trains_in_place(self, x, label):
    if label * (self.w @ x + self.b) <= 0:
        self.w += label * x
        self.b += label
        return 1
    return 0


class CountsInAnArray(variants.Variant):
    def fit(self, X, y):
        super().fit(X, y)
        self.mistakes = np.array(self.mistakes)
        return self


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("step", lambda z: np.where(z >= 0, 1.0, -1.0)),
        ("step", lambda z: np.where(z >= 0, 1, -1).astype(np.int8)),
        ("step", lambda z: np.copysign(1, z)),
        ("step", np.vectorize(lambda z: 1 if z >= 0 else -1)),
        ("update", lambda w, b, x, y: list(perceptron.update(w, b, x, y))),
        ("update", lambda w, b, x, y: (perceptron.update(w, b, x, y)[0].astype(int), b)
         if y * (w @ x + b) > 0
         else perceptron.update(w, b, x, y)),
        ("training", changed(learn=trains_in_place)),
        ("training", CountsInAnArray),
        ("digits", on_digits(variants.Variant(3))),
        ("mistake_bound", lambda *a: np.array(perceptron.mistake_bound(*a))),
        ("xor_net", ([[1, 1], [-1, -1]], [1, 1], [1, 1], -1)),
    ],
)  # fmt: skip
def test_a_right_answer_in_another_form_passes(exercise, answer):
    assert all(report_on(exercise, answer, seed).passed for seed in range(10))


def test_a_fit_that_returns_nothing_is_recognised_by_its_none():
    report = report_on("digits", None)
    assert report.status == "not started"
    assert "`return self`" in report.message
