"""Exercise: a trained unit that tells images of 0 from images of 1."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import Any

import numpy as np

from course_lib import data, perceptron
from grader.checks.l01_perceptron import variants
from grader.exercise import Holds, Misconception, Trial, result
from grader.probe import Inputs

Array = np.ndarray

# A unit trained to the end gets 95 % of them: its last third is in other people's handwriting.
MIN_ACCURACY = 0.9


@cache
def _digits_zero_one() -> tuple[Array, Array, Array, Array]:
    """Training images and labels, held-out images and labels: digits 0 (-1) and 1 (+1)."""
    digits = data.digits().only("0", "1")
    X, y = digits.X / 16.0, digits.signed_labels()
    cut = len(y) * 2 // 3
    return X[:cut], y[:cut], X[cut:], y[cut:]


def held_out_cases(rng: np.random.Generator) -> list[Inputs]:
    """The held-out images, in a fresh order."""
    _, _, images, labels = _digits_zero_one()
    return [(images[rng.permutation(len(labels))],)]


def _true_labels(shuffled: Array) -> Array:
    _, _, images, labels = _digits_zero_one()
    known = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    return np.array([known[image.tobytes()] for image in shuffled])


def predict(model: Any, images: Any) -> Any:
    """Let the model label images. Travels as source: uses its arguments only."""
    return model.predict(images)


def _accuracy(predictions: Any, images: Array) -> float:
    if predictions.shape != (len(images),):
        raise ValueError("one label per image")
    return float((predictions == _true_labels(images)).mean())


def _at_least(share: float) -> Callable[[Any, Array], str | None]:
    """A test that enough of the held-out images get their own label, -1 or +1."""

    def test(predictions: Any, images: Array) -> str | None:
        found = np.unique(predictions).tolist()
        if found != [-1, 1]:
            came = found if len(found) <= 4 else f"{len(found)} different numbers"
            return f"the labels -1 and +1 were required, {came} came"
        accuracy = _accuracy(predictions, images)
        if accuracy >= share:
            return None
        return f"at least {share:.0%} right on held-out images was required, {accuracy:.1%} came"

    return test


class _Trained:
    """A unit trained on the digits in some way, when it is first asked."""

    def __init__(self, labels: Callable[[Array], Array] = np.asarray, epochs: int = 100) -> None:
        self._labels, self._epochs = labels, epochs

    @cached_property
    def _unit(self) -> Any:
        images, labels, _, _ = _digits_zero_one()
        return variants.Variant(self._epochs).fit(images, self._labels(labels))

    def predict(self, X: Array) -> Array:
        return np.asarray(self._unit.predict(X))


class _Untrained(_Trained):
    def predict(self, X: Array) -> Array:
        raise AttributeError("'Perceptron' object has no attribute 'w'")


class _AnswersZeroOne(_Trained):
    def predict(self, X: Array) -> Array:
        return np.where(super().predict(X) == 1, 1, 0)


class _AnswersScores(_Trained):
    def predict(self, X: Array) -> Array:
        return np.asarray(X @ self._unit.w + self._unit.b)


class _OfTwoFeatures(_Trained):
    def predict(self, X: Array) -> Array:
        return np.asarray(X @ np.ones(2))


class _Averaged(_Trained):
    """Another right way: the average of all weights that training went through."""

    def predict(self, X: Array) -> Array:
        images, labels, _, _ = _digits_zero_one()
        w, b, total_w, total_b = np.zeros(64), 0.0, np.zeros(64), 0.0
        for _ in range(5):
            for x, y in zip(images, labels, strict=True):
                w, b = perceptron.update(w, b, x, y)
                total_w, total_b = total_w + w, total_b + b
        return perceptron.step(X @ total_w + total_b)


class _MeanImages(_Trained):
    """Another right way: the line halfway between the two mean images."""

    def predict(self, X: Array) -> Array:
        images, labels, _, _ = _digits_zero_one()
        one, zero = (images[labels == label].mean(axis=0) for label in (1, -1))
        w = one - zero
        return np.where(X @ w >= w @ (one + zero) / 2, 1, -1)


def _when_fault(**messages: str) -> Callable[[Sequence[Trial]], bool]:
    """Whether every case raised one of these exceptions, with a message that the pattern finds."""

    def matches(trials: Sequence[Trial]) -> bool:
        faults = [trial.observed.fault for trial in trials]
        return all(f and re.search(messages.get(f.type, r"(?!)"), f.message) for f in faults)

    return matches


def _when(test: Callable[[Array, Array], bool]) -> Callable[[Sequence[Trial]], bool]:
    """Whether every case gave a number for each image, and the test holds of them."""

    def matches(trials: Sequence[Trial]) -> bool:
        rows = [(np.asarray(t.observed.result), t.inputs[0]) for t in trials]
        return all(
            labels.shape == (len(images),) and np.isfinite(labels).all() and test(labels, images)
            for labels, images in rows
        )

    return matches


# What a product says of 64 pixels and another number of weights: `@`, `dot`, the course's class.
# (`w @ X` fails too, but names the number of images.)
_OTHER_NUMBER = (
    r"signature .*\(size (?!120 )\d+ is different from 64\)"
    r"|64 \(dim 1\) != \d+ \(dim 0\)"
    r"|must have \d+ features"
)


DIGITS = result(
    "perceptron.digits",
    lesson="01_perceptron",
    title="A unit that tells 0 from 1",
    points=2,
    answer="digit_unit",
    reference=_Trained(),
    cases=held_out_cases,
    probe=predict,
    criteria=[
        Holds("has learned something: 70 % of new images", test=_at_least(0.7), essential=True),
        Holds(f"is right on {MIN_ACCURACY:.0%} of new images", test=_at_least(MIN_ACCURACY)),
    ],
    misconceptions=[
        Misconception(
            "not_trained",
            _Untrained(),
            "This unit has no weights yet: call its `fit` with the training images first.",
            when=_when_fault(
                AttributeError="no attribute '(w|b|weights|bias)'",
                RuntimeError="fit",
                TypeError="NoneType",
                ValueError="enough dimensions",  # what `X @ None` says
            ),
        ),
        Misconception(
            "class_for_unit",
            variants.Variant,
            "This is the class itself. Make a unit of it first, `Perceptron()`, and train that.",
            when=_when_fault(TypeError="missing 1 required positional argument"),
        ),
        Misconception(
            "other_features",
            _OfTwoFeatures(),
            "This unit was trained on examples with another number of features. A digit has 64 "
            "pixels: train on `X_train`.",
            when=_when_fault(ValueError=_OTHER_NUMBER),
        ),
        Misconception(
            "one_class_only",
            _Trained(labels=lambda y: np.where(y == 1, 1, 0)),
            "Every image gets the same label. Was it trained with labels 0 and 1? A label of 0 "
            "multiplies every correction to nothing: use -1 and +1.",
            when=_when(lambda labels, images: bool(np.unique(labels).size == 1)),
        ),
        Misconception(
            "answers_zero_one",
            _AnswersZeroOne(),
            "It answers 0 and 1 (as the digits are written). The classes are -1 and +1.",
            when=_when(lambda labels, images: set(np.unique(labels).tolist()) == {0, 1}),
        ),
        Misconception(
            "classes_swapped",
            _Trained(labels=lambda y: -y),
            "Nearly every label is the opposite of the right one: 0 is -1 and 1 is +1.",
            when=_when(
                lambda labels, images: (
                    set(np.unique(labels).tolist()) == {-1, 1} and _accuracy(labels, images) < 0.1
                )
            ),
        ),
        Misconception(
            "answers_scores",
            _AnswersScores(),
            "These are scores, not labels. Put them through the step function.",
            when=_when(lambda labels, images: np.unique(labels).size > 2),
        ),
    ],
    alternatives=[_Averaged(), _MeanImages()],
    hints=[
        "You wrote everything that is needed: a class with `fit` and `predict`.",
        "Make a `Perceptron()`, then call its `fit` with the training images and their labels.",
        "`digit_unit = Perceptron().fit(X_train, ...)`: only the second argument is missing.",
    ],
)
