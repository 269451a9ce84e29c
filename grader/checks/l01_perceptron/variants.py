"""Perceptrons that go wrong where learners do, and one that is right in another way."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray


class Variant:
    """A perceptron with the places where learners go wrong as methods to override."""

    def __init__(self, max_epochs: int = 100) -> None:
        self.max_epochs = max_epochs
        self.w: Any = None

    def fit(self, X: Array, y: Array) -> Any:
        self.start(X)
        self.mistakes: list[int] = []
        for _ in range(self.max_epochs):
            count = self.epoch(X, y)
            if self.finished(count):
                break
        return self

    def start(self, X: Array) -> None:
        self.w, self.b = np.zeros(X.shape[1]), 0.0

    def epoch(self, X: Array, y: Array) -> int:
        count = 0
        for x, label in zip(X, y, strict=True):
            count += self.learn(x, label)
        self.mistakes.append(count)
        return count

    def learn(self, x: Array, label: float) -> int:
        if label * (self.w @ x + self.b) <= 0:
            self.w, self.b = self.w + label * x, self.b + label
            return 1
        return 0

    def finished(self, count: int) -> bool:
        return count == 0

    def predict(self, X: Array) -> Array:
        return np.where(X @ self.w + self.b >= 0, 1, -1)


class FitReturnsNothing(Variant):
    """Learns right, and forgets to hand the unit back."""

    def fit(self, X: Array, y: Array) -> Any:
        super().fit(X, y)


class OneEpochOnly(Variant):
    """Takes one pass for a whole training."""

    def finished(self, count: int) -> bool:
        return True


class NeverStopsEarly(Variant):
    """Goes on when there is nothing left to learn."""

    def finished(self, count: int) -> bool:
        return False


class StopsWhenItGetsBetter(Variant):
    """Takes fewer mistakes than before for no mistakes."""

    def finished(self, count: int) -> bool:
        return count == 0 or (len(self.mistakes) > 1 and count < self.mistakes[-2])


class StartsAnewEachEpoch(Variant):
    """Forgets what the epoch before taught."""

    def epoch(self, X: Array, y: Array) -> int:
        self.start(X)
        return super().epoch(X, y)


class KeepsOldWeights(Variant):
    """A second `fit` goes on from the first one's weights."""

    def start(self, X: Array) -> None:
        if self.w is None:
            super().start(X)


class UpdatesWhenRight(Variant):
    """Corrects right examples too."""

    def learn(self, x: Array, label: float) -> int:
        mistake = int(label * (self.w @ x + self.b) <= 0)
        self.w, self.b = self.w + label * x, self.b + label
        return mistake


class BiasForgotten(Variant):
    """Learns the weights only."""

    def learn(self, x: Array, label: float) -> int:
        mistake = super().learn(x, label)
        self.b = 0.0
        return mistake


class WrongSign(Variant):
    """Moves away from its mistakes."""

    def learn(self, x: Array, label: float) -> int:
        if label * (self.w @ x + self.b) <= 0:
            self.w, self.b = self.w - label * x, self.b - label
            return 1
        return 0


class BoundaryNotAMistake(Variant):
    """Finds nothing wrong with zero weights."""

    def learn(self, x: Array, label: float) -> int:
        if label * (self.w @ x + self.b) < 0:
            return super().learn(x, label)
        return 0


class BatchUpdate(Variant):
    """Judges a whole epoch by the weights at its start."""

    def epoch(self, X: Array, y: Array) -> int:
        wrong = y * (X @ self.w + self.b) <= 0
        self.w = self.w + (y[wrong, None] * X[wrong]).sum(axis=0)
        self.b = self.b + float(y[wrong].sum())
        self.mistakes.append(int(wrong.sum()))
        return int(wrong.sum())


class LastEpochNotRecorded(Variant):
    """Stops before it writes down the epoch without a mistake."""

    def finished(self, count: int) -> bool:
        if count == 0:
            self.mistakes.pop()
        return count == 0


class RunningTotal(Variant):
    """Records the mistakes made so far, not those of the epoch."""

    def epoch(self, X: Array, y: Array) -> int:
        count = super().epoch(X, y)
        if len(self.mistakes) > 1:
            self.mistakes[-1] += self.mistakes[-2]
        return count


class PredictsZeroOne(Variant):
    """Learns right, and answers in other labels."""

    def predict(self, X: Array) -> Array:
        return np.where(X @ self.w + self.b >= 0, 1, 0)


class PredictsScores(Variant):
    """Learns right, and hands out scores for labels."""

    def predict(self, X: Array) -> Array:
        return np.asarray(X @ self.w + self.b)


class PredictsWithoutBias(Variant):
    """Learns a bias and forgets it."""

    def predict(self, X: Array) -> Array:
        return np.where(X @ self.w >= 0, 1, -1)


class PredictsBoundaryNegative(Variant):
    """Gives the boundary to the other class."""

    def predict(self, X: Array) -> Array:
        return np.where(X @ self.w + self.b > 0, 1, -1)


class PredictsSign(Variant):
    """Has a third answer for the boundary."""

    def predict(self, X: Array) -> Array:
        return np.sign(X @ self.w + self.b)


class ComparesLabels(Variant):
    """Takes the boundary for one of the classes while training."""

    def learn(self, x: Array, label: float) -> int:
        if (1 if self.w @ x + self.b >= 0 else -1) == label:
            return 0
        self.w, self.b = self.w + label * x, self.b + label
        return 1


class LearningRate(Variant):
    """Takes smaller steps, which scales the weights and changes no prediction."""

    def learn(self, x: Array, label: float) -> int:
        if label * (self.w @ x + self.b) > 0:
            return 0
        self.w, self.b = self.w + 0.5 * label * x, self.b + 0.5 * label
        return 1


class BackToFront(Variant):
    """Takes the examples in another order."""

    def epoch(self, X: Array, y: Array) -> int:
        return super().epoch(X[::-1], y[::-1])


class ConstantFeaturePerceptron:
    """Another right way: the bias as the weight of a feature that is always 1."""

    def __init__(self, max_epochs: int = 100) -> None:
        self.max_epochs = max_epochs

    def fit(self, X: Array, y: Array) -> Any:
        """Train on extended examples."""
        extended = np.hstack([X, np.ones((len(X), 1))])
        theta = np.zeros(extended.shape[1])
        self.mistakes: list[int] = []
        while len(self.mistakes) < self.max_epochs:
            count = 0
            for i in range(len(y)):
                if y[i] * theta.dot(extended[i]) <= 0:
                    theta += y[i] * extended[i]
                    count += 1
            self.mistakes.append(count)
            if count == 0:
                break
        self.w, self.b = theta[:-1], theta[-1]
        return self

    def predict(self, X: Array) -> Array:
        """Compare scores with 0."""
        return np.asarray(2.0 * (X.dot(self.w) >= -self.b) - 1)
