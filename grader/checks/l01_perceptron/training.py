"""Exercise: the training loop, as the class `Perceptron`."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.perceptron import Perceptron
from grader.checks.l01_perceptron import variants
from grader.exercise import Exercise, Misconception, Trial, Values
from grader.probe import Inputs

Array = np.ndarray


def train(perceptron_class: Any, X: Any, y: Any, X_new: Any, max_epochs: Any) -> dict[str, Any]:
    """Train one unit and report what it learned. Travels as source: uses its arguments only."""
    unit = perceptron_class(max_epochs=max_epochs)
    unit.fit(X, y)
    return {
        "w": unit.w,
        "b": unit.b,
        "mistakes": list(unit.mistakes),
        "predictions": unit.predict(X_new),
    }


def train_twice(perceptron_class: Any, X: Any, y: Any, X_new: Any, max_epochs: Any) -> list[Any]:
    """Train the same unit on other data first; what it learned then must not matter."""
    unit = perceptron_class(max_epochs=max_epochs)
    unit.fit(X_new, -np.sign(X_new[:, 0] + 0.5))
    unit.fit(X, y)
    return [unit.w, unit.b, list(unit.mistakes)]


def training_cases(rng: np.random.Generator) -> list[Inputs]:
    """Separable data that takes a few epochs, in whole numbers so that every sum is exact."""
    return [_separable(rng, batch, features) for batch, features in [(6, 2), (8, 2), (12, 3)]]


def _separable(rng: np.random.Generator, batch: int, features: int) -> Inputs:
    while True:
        X = rng.integers(-6, 7, size=(batch, features)).astype(float)
        scores = X @ rng.integers(-3, 4, size=features) + rng.choice([-5, -4, 4, 5])
        y = np.where(scores >= 0, 1, -1)
        if (scores == 0).any() or abs(int(y.sum())) > batch // 2:
            continue
        mistakes = Perceptron(max_epochs=60).fit(X, y).mistakes
        if mistakes[-1] == 0 and len(mistakes) >= 4 and mistakes != sorted(mistakes, reverse=True):
            return X, y, rng.integers(-6, 7, size=(7, features)).astype(float), 60


def hopeless_cases(rng: np.random.Generator) -> list[Inputs]:
    """XOR, which no line separates: training has to end at `max_epochs`."""
    corners = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    y = np.array([-1, 1, 1, -1])
    cases = []
    for max_epochs in (3, 7):
        order = rng.permutation(4)
        cases.append((corners[order], y[order], corners, max_epochs))
    return cases


_SAME_LINE = ("w", "b")


class _Learns(Values):
    """Both halves of the boundary, w and b."""

    def complaint(self, trial: Trial) -> str | None:
        """Compare `w`, then `b`."""
        for part in _SAME_LINE:
            found = Values(self.name, part=part, numbers="any").complaint(trial)
            if found:
                return found
        return None


PERCEPTRON = Exercise(
    id="perceptron.training",
    lesson="01_perceptron",
    title="The training loop, as a class",
    points=4,
    kind="class",
    reference=Perceptron,
    cases=training_cases,
    probe=train,
    criteria=[
        _Learns("learns the same boundary", weight=3, essential=True),
        Values("records the mistakes of each epoch", weight=1, part="mistakes", numbers="any"),
        Values("predicts new examples", weight=2, part="predictions", numbers="any"),
        Values(
            "gives up after `max_epochs` when no line separates the data",
            cases=hopeless_cases,
            part="mistakes",
            numbers="any",
        ),
        Values("starts from zeros at every `fit`", probe=train_twice, numbers="any"),
    ],
    misconceptions=[
        Misconception(
            "one_epoch_only",
            variants.OneEpochOnly,
            "Training stops after one pass. Each correction can break an earlier example again, "
            "so go on until a whole epoch passes without a mistake.",
        ),
        Misconception(
            "stops_when_it_gets_better",
            variants.StopsWhenItGetsBetter,
            "Training stops as soon as an epoch has fewer mistakes than the one before. Fewer is "
            "not none: stop at 0.",
        ),
        Misconception(
            "never_stops_early",
            variants.NeverStopsEarly,
            "All `max_epochs` epochs are run. After an epoch without a mistake nothing can change "
            "any more: leave the loop.",
        ),
        Misconception(
            "starts_anew_each_epoch",
            variants.StartsAnewEachEpoch,
            "The weights go back to zero at the start of every epoch, so nothing is remembered. "
            "Set them once, before the first epoch.",
        ),
        Misconception(
            "keeps_old_weights",
            variants.KeepsOldWeights,
            "A second `fit` goes on from the weights of the first. Set `w` and `b` to zeros at "
            "the start of `fit`.",
        ),
        Misconception(
            "updates_when_right",
            variants.UpdatesWhenRight,
            "Right examples change the weights too. Correct mistakes only.",
        ),
        Misconception(
            "bias_forgotten",
            variants.BiasForgotten,
            "The bias stays 0, so the boundary must pass through the origin. A mistake adds the "
            "label to `b`.",
        ),
        Misconception(
            "wrong_sign",
            variants.WrongSign,
            "The corrections move away from the examples. A mistake *adds* `y * x`.",
        ),
        Misconception(
            "boundary_not_a_mistake",
            variants.BoundaryNotAMistake,
            "With `<` nothing is wrong with zero weights: every score is 0, so nothing is ever "
            "learned. A point on the boundary counts as a mistake: `<=`.",
        ),
        Misconception(
            "batch_update",
            variants.BatchUpdate,
            "All mistakes of an epoch are found with the weights from its start. The perceptron "
            "corrects at once: the next example already meets the new weights.",
        ),
        Misconception(
            "last_epoch_not_recorded",
            variants.LastEpochNotRecorded,
            "The epoch without a mistake is missing from `mistakes`: record it before leaving the "
            "loop, so that the list ends in 0.",
        ),
        Misconception(
            "running_total",
            variants.RunningTotal,
            "`mistakes` holds running totals. Start counting at 0 in every epoch.",
        ),
        Misconception(
            "predicts_zero_one",
            variants.PredictsZeroOne,
            "`predict` answers 0 and 1. The classes are -1 and +1.",
        ),
        Misconception(
            "predicts_scores",
            variants.PredictsScores,
            "`predict` returns scores. Put them through the step function.",
        ),
    ],
    alternatives=[variants.Variant, variants.ConstantFeaturePerceptron],
    hints=[
        "`fit` has two loops: the outer one over epochs, the inner one over the examples.",
        "Set `self.w`, `self.b` and `self.mistakes` before the loops. In every epoch count from 0, "
        "append the count at its end, and leave the outer loop when it is 0.",
        "The inner loop is `for x, label in zip(X, y):`, and its body is the rule you wrote in "
        "`update`, on `self.w` and `self.b`, with `mistakes += 1` beside it.",
    ],
)
