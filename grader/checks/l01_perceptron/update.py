"""Exercise: the perceptron's update rule, for one example."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from course_lib import perceptron
from grader.compare import same
from grader.exercise import Exercise, Misconception, Trial, Values
from grader.probe import Inputs

Array = np.ndarray


def update_cases(rng: np.random.Generator) -> list[Inputs]:
    """Mistakes on either side, right examples on either side, and points on the boundary.

    All numbers are whole, so that a point on the boundary lies on it exactly.
    """
    cases: list[Inputs] = [_zero_start(rng, 1), _zero_start(rng, -1)]
    # How many of each kind: on which side, with which label, and whether the bias decides the side.
    wanted = {(side, y, False): 2 for side in (-1, 0, 1) for y in (-1, 1)}
    wanted |= {(side, y, True): 1 for side in (-1, 1) for y in (-1, 1)}
    while any(wanted.values()):
        features = int(rng.integers(1, 4))
        w, x = rng.integers(-4, 5, size=(2, features)).astype(float)
        b, y = float(rng.choice([-3, -2, -1, 1, 2, 3])), int(rng.choice([-1, 1]))
        side = int(np.sign(y * (w @ x + b)))
        kind = (side, y, bool(np.sign(y * (w @ x)) * side == -1))
        if x.any() and wanted[kind]:
            wanted[kind] -= 1
            cases.append((w, b, x, y))
    return cases


def _zero_start(rng: np.random.Generator, y: int) -> Inputs:
    x = rng.choice([-3.0, -2.0, 2.0, 3.0], size=2)
    return np.zeros(2), 0.0, x, y


def _side(w: Array, b: float, x: Array, y: int) -> float:
    """Positive on the right side, 0 on the boundary, negative on the wrong side."""
    return float(y * (w @ x + b))


def update_by_cases(w: Array, b: float, x: Array, y: int) -> tuple[Array, float]:
    """Treat the two classes one after the other."""
    score = sum(weight * feature for weight, feature in zip(w, x, strict=True)) + b
    if y == 1 and score <= 0:
        return w + x, b + 1
    if y == -1 and score >= 0:
        return w - x, b - 1
    return w.copy(), b


def update_without_if(w: Array, b: float, x: Array, y: int) -> tuple[Array, float]:
    """Multiply the correction by 1 for a mistake, by 0 otherwise."""
    mistake = int(y * (np.dot(w, x) + b) <= 0)
    return w + mistake * y * x, b + mistake * y


def _update_when(
    condition: Callable[[float], bool], w: Array, b: float, x: Array, y: float
) -> tuple[Array, float]:
    return (w + y * x, b + y) if condition(y * (w @ x + b)) else (w, b)


def update_by_error(w: Array, b: float, x: Array, y: int) -> tuple[Array, float]:
    """The rule for labels 0 and 1, used with -1 and +1."""
    error = y - (1 if w @ x + b >= 0 else -1)
    return w + error * x, b + error


def update_with_zero_one(w: Array, b: float, x: Array, y: int) -> tuple[Array, float]:
    """A prediction of 0 or 1, compared with a label of -1 or +1."""
    error = y - (1 if w @ x + b >= 0 else 0)
    return w + error * x, b + error


def _label(score: float) -> int:
    return 1 if score >= 0 else -1


def _blind_on_the_boundary(trials: Sequence[Trial]) -> bool:
    """Right off the boundary; on it, one class is corrected as it should be, the other not at all.

    Which one depends on the label that a score of 0 is given.
    """
    corrected: dict[int, set[bool]] = {-1: set(), 1: set()}
    for trial in trials:
        is_right = same(trial.observed.result, trial.expected.result)
        w, b, _, y = trial.inputs
        if _side(*trial.inputs) == 0:
            corrected[y].add(is_right)
            is_right = is_right or same(trial.observed.result, (w, b))
        if not is_right:
            return False
    return sorted(corrected.values(), key=sorted) == [{False}, {True}]


def _right_direction(trials: Sequence[Trial]) -> bool:
    """Every step is the required one times the same positive number, which is not 1."""
    came, wanted = [], []
    for trial in trials:
        before = np.append(trial.inputs[0], trial.inputs[1])
        came.append(np.append(*trial.observed.result) - before)
        wanted.append(np.append(*trial.expected.result) - before)
    step, required = np.concatenate(came), np.concatenate(wanted)
    rate = (step @ required) / (required @ required)
    return bool(rate > 0 and abs(rate - 1) > 1e-6 and np.allclose(step, rate * required))


UPDATE = Exercise(
    id="perceptron.update",
    lesson="01_perceptron",
    title="Update rule",
    points=3,
    reference=perceptron.update,
    cases=update_cases,
    may_return_input=True,
    criteria=[
        Values(
            "moves towards an example it got wrong",
            weight=2,
            numbers="any",
            where=lambda w, b, x, y: _side(w, b, x, y) < 0,
            essential=True,
        ),
        Values(
            "leaves the weights alone when the example is right",
            weight=2,
            numbers="any",
            where=lambda w, b, x, y: _side(w, b, x, y) > 0,
        ),
        Values(
            "counts a point on the boundary as a mistake",
            weight=2,
            numbers="any",
            where=lambda w, b, x, y: _side(w, b, x, y) == 0,
        ),
    ],
    misconceptions=[
        Misconception(
            "wrong_sign",
            lambda w, b, x, y: (w - y * x, b - y) if y * (w @ x + b) <= 0 else (w, b),
            "This moves *away* from the example: its score gets worse. For y = +1 the score must "
            "rise, so `x` is added; `y * x` does both signs at once.",
        ),
        Misconception(
            "updates_when_right",
            lambda w, b, x, y: (w + y * x, b + y),
            "This changes the weights after every example. The perceptron learns from mistakes "
            "only: when `y * score > 0`, return `w` and `b` as they are.",
        ),
        Misconception(
            "updates_only_when_right",
            lambda w, b, x, y: _update_when(lambda side: side > 0, w, b, x, y),
            "The condition is the wrong way round: this learns from examples that were right "
            "already, and ignores the mistakes.",
        ),
        Misconception(
            "bias_not_updated",
            lambda w, b, x, y: (w + y * x, b) if y * (w @ x + b) <= 0 else (w, b),
            "The bias never changes. It is one more weight, with a feature that is always 1, so "
            "a mistake adds `y * 1` to it.",
        ),
        Misconception(
            "label_forgotten",
            lambda w, b, x, y: (w + x, b + 1) if y * (w @ x + b) <= 0 else (w, b),
            "`x` is added whatever the label is. For y = -1 the score must fall: add `y * x`, and "
            "`y` to the bias.",
        ),
        Misconception(
            "boundary_not_a_mistake",
            lambda w, b, x, y: _update_when(lambda side: side < 0, w, b, x, y),
            "With `<` a point exactly on the boundary counts as right. Training starts from zero "
            "weights, where *every* point is on the boundary: nothing would ever be learned.",
        ),
        Misconception(
            "compares_labels",
            lambda w, b, x, y: (w + y * x, b + y) if _label(w @ x + b) != y else (w, b),
            "Comparing labels misses some points on the boundary: a score of 0 is labelled as one "
            "of the classes, and passes as right for it. Ask for `y * score <= 0` instead.",
            when=_blind_on_the_boundary,
        ),
        Misconception(
            "label_left_out_of_test",
            lambda w, b, x, y: (w + y * x, b + y) if w @ x + b <= 0 else (w, b),
            "Whether a score is good depends on the label: a negative one is right for y = -1. "
            "The test needs `y * score`.",
        ),
        Misconception(
            "results_swapped",
            lambda w, b, x, y: perceptron.update(w, b, x, y)[::-1],
            "The bias came first. Return the weights, then the bias: `return w, b`.",
        ),
        Misconception(
            "bias_left_out_of_score",
            lambda w, b, x, y: (w + y * x, b + y) if y * (w @ x) <= 0 else (w, b),
            "Whether an example is wrong depends on its whole score, `w @ x + b`. The bias is "
            "missing from the test.",
        ),
        Misconception(
            "step_of_two",
            update_by_error,
            "`y - prediction` is the rule for labels 0 and 1. With -1 and +1 the difference is 2, "
            "so this moves twice as far (and a point on the boundary can pass as right).",
        ),
        Misconception(
            "labels_zero_one",
            update_with_zero_one,
            "A prediction of 0 or 1 is compared with a label of -1 or +1. They can never agree on "
            "the negative class, so it is never right.",
        ),
        Misconception(
            "learning_rate",
            lambda w, b, x, y: (w + 0.1 * y * x, b + 0.1 * y) if y * (w @ x + b) <= 0 else (w, b),
            "The direction is right, the length is not. This perceptron has no learning rate: a "
            "mistake adds all of `y * x` to the weights, and all of `y` to the bias.",
            when=_right_direction,
        ),
    ],
    alternatives=[update_by_cases, update_without_if],
    hints=[
        "First decide whether there is anything to learn: what is the sign of `y * score`?",
        "A mistake means `y * (w @ x + b) <= 0`. Then the score of this `x` should move towards "
        "`y`.",
        "After a mistake the new weights are `w + y * x`; the bias does the same with a feature "
        "of 1.",
    ],
)
