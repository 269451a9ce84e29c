"""Exercise: the training loop, as the class `Perceptron`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from course_lib.perceptron import Perceptron
from grader.checks.l01_perceptron import variants
from grader.compare import same
from grader.exercise import Exercise, Misconception, Trial, Values
from grader.plain import Plain
from grader.probe import Inputs

Array = np.ndarray

_EPOCHS = 60


def train(perceptron_class: Any, X: Any, y: Any, X_new: Any, max_epochs: Any) -> dict[str, Any]:
    """Train one unit and report what it learned. Travels as source: uses its arguments only."""
    unit = perceptron_class(max_epochs=max_epochs)
    returned = unit.fit(X, y)
    mistakes = unit.mistakes
    return {
        "returns_self": returned is unit,
        "w": unit.w,
        "b": unit.b,
        "mistakes": mistakes.tolist() if isinstance(mistakes, np.ndarray) else mistakes,
        "predictions": unit.predict(X_new),
    }


def train_twice(perceptron_class: Any, X: Any, y: Any, X_new: Any, max_epochs: Any) -> list[Any]:
    """Train the same unit on other data first; what it learned then must not matter."""
    unit = perceptron_class(max_epochs=max_epochs)
    unit.fit(X_new, np.where(X_new[:, 0] >= 0, -1, 1))
    unit.fit(X, y)
    mistakes = unit.mistakes
    return [unit.w, unit.b, mistakes.tolist() if isinstance(mistakes, np.ndarray) else mistakes]


def training_cases(rng: np.random.Generator) -> list[Inputs]:
    """Separable data that takes a few epochs, in whole numbers so that every sum is exact.

    One of the new examples lies on the boundary that training finds, and the bias decides another.
    """
    return [_separable(rng, batch, features) for batch, features in [(6, 2), (8, 2), (12, 3)]]


def _separable(rng: np.random.Generator, batch: int, features: int) -> Inputs:
    while True:
        X = rng.integers(-6, 7, size=(batch, features)).astype(float)
        scores = X @ rng.integers(-3, 4, size=features) + rng.choice([-5, -4, 4, 5])
        y = np.where(scores >= 0, 1, -1)
        if (scores == 0).any() or abs(int(y.sum())) > batch // 2:
            continue
        unit = Perceptron(max_epochs=_EPOCHS).fit(X, y)
        mistakes = unit.mistakes
        if mistakes[-1] or len(mistakes) < 4 or mistakes == sorted(mistakes, reverse=True):
            continue
        new = rng.integers(-6, 7, size=(500, features)).astype(float)
        on_it = new[new @ unit.w + unit.b == 0][:1]
        by_bias = new[(new @ unit.w + unit.b) * (new @ unit.w) < 0][:1]
        if len(on_it) and len(by_bias):
            return X, y, rng.permutation(np.vstack([new[:5], on_it, by_bias])), _EPOCHS


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

    def view(self, result: Plain) -> Plain:
        """Both of them."""
        return [result[part] for part in _SAME_LINE] if isinstance(result, dict) else result


def _on_separable(test: Callable[[Trial], bool]) -> Callable[[Sequence[Trial]], bool]:
    """Whether the test holds wherever a unit was trained on data that a line separates."""

    def matches(trials: Sequence[Trial]) -> bool:
        chosen = [t for t in trials if t.probe is train and t.inputs[3] == _EPOCHS]
        return bool(chosen) and all(test(t) for t in chosen)

    return matches


def _stopped_after_one_epoch(trial: Trial) -> bool:
    mistakes = trial.observed.result["mistakes"]
    return len(mistakes) == 1 and mistakes[0] > 0


def _same_line_at_another_scale(trial: Trial) -> bool:
    came, wanted = (
        np.append(result["w"], result["b"])
        for result in (trial.observed.result, trial.expected.result)
    )
    rate = (came @ wanted) / (wanted @ wanted)
    return bool(rate > 0 and abs(rate - 1) > 1e-6 and np.allclose(came, rate * wanted))


def _separates(trial: Trial) -> bool:
    X, y = trial.inputs[:2]
    w, b = (trial.observed.result[part] for part in _SAME_LINE)
    return bool((y * (X @ w + b) > 0).all())


def _another_line(trials: Sequence[Trial]) -> bool:
    """Each line separates its data, and not each is the one that the rule finds."""
    return _on_separable(_separates)(trials) and not all(
        same(t.observed.result[part], t.expected.result[part])
        for t in trials
        if t.probe is train
        for part in _SAME_LINE
    )


def _second_fit_differs(trials: Sequence[Trial]) -> bool:
    """Training once goes as it should, training the same unit again does not."""
    once = [t for t in trials if t.probe is train]
    again = [t for t in trials if t.probe is train_twice]
    return (
        bool(once and again)
        and all(same(t.observed.result, t.expected.result) for t in once)
        and not all(same(t.observed.result, t.expected.result) for t in again)
    )


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
        Values("predicts new examples", part="predictions", numbers="any"),
        Values("returns the unit itself from `fit`", part="returns_self"),
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
            when=_on_separable(_stopped_after_one_epoch),
        ),
        Misconception(
            "fit_returns_nothing",
            variants.FitReturnsNothing,
            "`fit` gives back something else, so that `unit = Perceptron().fit(X, y)` is no unit. "
            "End `fit` with `return self`.",
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
            "A second `fit` goes on from what the first one left. Set `w` and `b` to zeros, and "
            "`mistakes` to an empty list, at the start of `fit`.",
            when=_second_fit_differs,
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
        Misconception(
            "predicts_without_bias",
            variants.PredictsWithoutBias,
            "`predict` leaves the bias out of the score.",
        ),
        Misconception(
            "predicts_boundary_negative",
            variants.PredictsBoundaryNegative,
            "`predict` gives -1 to a score of exactly 0. The boundary belongs to +1, as in `step`.",
        ),
        Misconception(
            "predicts_sign",
            variants.PredictsSign,
            "`np.sign` gives 0 for a score of 0, and 0 is no class. The boundary belongs to +1.",
        ),
        Misconception(
            "compares_labels",
            variants.ComparesLabels,
            "Comparing labels misses some points on the boundary: a score of 0 is labelled +1, and "
            "passes as right for that class. Ask for `y * score <= 0` instead.",
        ),
        Misconception(
            "learning_rate",
            variants.LearningRate,
            "This is the right line with all its numbers scaled. This perceptron has no learning "
            "rate: a mistake adds all of `y * x`.",
            when=_on_separable(_same_line_at_another_scale),
        ),
        Misconception(
            "another_way",
            variants.BackToFront,
            "This line separates the data too, but it is not where the rule arrives. Start from "
            "zeros, take the examples in the order given (no shuffling), and correct each mistake "
            "at once by exactly `y * x`, then go on with the next example.",
            when=_another_line,
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
