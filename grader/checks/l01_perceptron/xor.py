"""Exercises on XOR: a prediction, a net of two layers by hand, a written reflection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grader.exercise import Holds, Misconception, Option, Trial, choice, reflection, result

Array = np.ndarray


XOR_PREDICTION = choice(
    "perceptron.xor_prediction",
    lesson="01_perceptron",
    title="Prediction: training on XOR",
    points=1,
    answer="prediction",
    right="c",
    wrong={
        "a": Option(
            "few_points_are_easy",
            "Four points are few, but it is not their number that matters: it is whether a line "
            "separates them.",
        ),
        "b": Option(
            "more_training_always_helps",
            "More epochs help only towards something that exists. No weights get all four points "
            "right, so there is nothing to arrive at.",
        ),
        "d": Option(
            "weights_explode",
            "It is natural to expect that, but the corrections of the four points undo each other "
            "again and again: the weights stay small.",
        ),
        "e": Option(
            "settles_for_the_best",
            "Three of four is the best a line can do. But the rule knows no 'good enough': the "
            "fourth point is a mistake, so it moves the line, and loses another point.",
        ),
    },
    explanation="Run the next cell and see the mistakes never end.",
    hints=[
        "Draw the four points, and try to put a line between the two classes.",
        "When does `fit` stop before `max_epochs`? Can that happen here?",
        "While one point is wrong, an epoch has a mistake, and the line moves.",
    ],
)

_CORNERS = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
_XOR = np.array([-1, 1, 1, -1])


def two_layers(X: Array, net: Any) -> Array:
    """The labels that two hidden step units and one output unit give."""
    W, b, v, c = (np.asarray(part, dtype=float) for part in net)
    if (W.shape, b.shape, v.shape, c.shape) != ((2, 2), (2,), (2,), ()):
        raise ValueError("not the weights of this net")
    hidden = np.where(X @ W.T + b >= 0, 1, -1)
    return np.where(hidden @ v + c >= 0, 1, -1)


def _shapes_fit(net: Any) -> str | None:
    wanted = "a tuple (W, b, v, c) with shapes (2, 2), (2,), (2,) and one number was required"
    if not isinstance(net, tuple | list) or len(net) != 4:
        return wanted
    came = [np.shape(part) for part in net]
    if came != [(2, 2), (2,), (2,), ()]:
        return f"{wanted}; shapes {', '.join(map(str, came))} came"
    finite = all(np.isfinite(np.asarray(part, dtype=float)).all() for part in net)
    return None if finite else "a weight is nan or infinite"


def _corners_right(net: Any) -> str | None:
    form = _shapes_fit(net)
    if form:
        return form
    labels = two_layers(_CORNERS, net)
    if (labels == _XOR).all():
        return None
    i = int(np.argmax(labels != _XOR))
    return (
        f"the input ({_CORNERS[i, 0]:+g}, {_CORNERS[i, 1]:+g}) needs the label {_XOR[i]:+d}, "
        f"and gets {labels[i]:+d}"
    )


def _survives_noise(net: Any) -> str | None:
    noise = 0.2 * np.array([[sx, sy] for sx in (-1, 1) for sy in (-1, 1)])
    for corner, label in zip(_CORNERS, _XOR, strict=True):
        if (two_layers(corner + noise, net) != label).any():
            return (
                f"a boundary passes closer than 0.2 to the input ({corner[0]:+g}, {corner[1]:+g}): "
                "a little noise changes the label"
            )
    return None


def _truth_table(*labels: int) -> Callable[[Sequence[Trial]], bool]:
    def matches(trials: Sequence[Trial]) -> bool:
        nets = [trial.observed.result for trial in trials]
        return not any(map(_shapes_fit, nets)) and all(
            two_layers(_CORNERS, net).tolist() == [*labels] for net in nets
        )

    return matches


def _net(W: Any, b: Any, v: Any, c: float) -> tuple[Array, Array, Array, float]:
    return np.array(W, dtype=float), np.array(b, dtype=float), np.array(v, dtype=float), float(c)


_OR_NAND = [[1, 1], [-1, -1]]

XOR_NET = result(
    "perceptron.xor_net",
    lesson="01_perceptron",
    title="XOR by two layers, by hand",
    points=3,
    answer="xor_net",
    reference=_net(_OR_NAND, [1, 1], [1, 1], -1),
    criteria=[
        Holds("gets all four corners right", weight=2, test=_corners_right, essential=True),
        Holds("still does when the inputs are off by up to 0.2", test=_survives_noise),
    ],
    misconceptions=[
        Misconception(
            "computes_or",
            _net(_OR_NAND, [1, 3], [1, 1], -1),
            "This computes OR: two +1 inputs also give +1. One hidden unit has to say no to them.",
            when=_truth_table(-1, 1, 1, 1),
        ),
        Misconception(
            "computes_and",
            _net([[1, 1], [1, 1]], [-1, -1], [1, 1], -1),
            "This computes AND: it says +1 only where both inputs are. XOR wants exactly one.",
            when=_truth_table(-1, -1, -1, 1),
        ),
        Misconception(
            "computes_not_and",
            _net(_OR_NAND, [3, 1], [1, 1], -1),
            "This says no to two +1 inputs, as it should, but yes to two -1 inputs. One hidden "
            "unit has to ask for at least one +1.",
            when=_truth_table(1, 1, 1, -1),
        ),
        Misconception(
            "computes_equal",
            _net(_OR_NAND, [1, 1], [-1, -1], 1),
            "Exactly inverted: this says +1 where the inputs are *equal*. Turn the signs of the "
            "output unit.",
            when=_truth_table(1, -1, -1, 1),
        ),
        Misconception(
            "always_the_same",
            _net([[0, 0], [0, 0]], [0, 0], [0, 0], 0),
            "Every input gets the same label. Check each hidden unit by hand on the four corners: "
            "it has to say -1 to one of them and +1 to the others.",
            when=lambda trials: any(_truth_table(*[label] * 4)(trials) for label in (-1, 1)),
        ),
    ],
    alternatives=[
        _net([[1, -1], [-1, 1]], [-1, -1], [1, 1], 1),
        _net([[2, 2], [3, 3]], [2, -3], [1, -1], -1),
    ],
    hints=[
        "XOR means: at least one input is +1, and not both are. That is two questions, one for "
        "each hidden unit, and an 'and' for the output.",
        "A unit with weights (1, 1) and bias 1 answers 'at least one': try it on the four corners. "
        "What do weights (-1, -1) answer?",
        "`W = [[1, 1], [-1, -1]]` and `b = [1, 1]` answer the two questions. The output unit must "
        "say +1 only when both answers are +1: it is an AND.",
    ],
)

REFLECTION = reflection(
    "perceptron.reflection",
    lesson="01_perceptron",
    title="Would more training help?",
    rubric=[
        (1, "says that no line separates the four points, so no weights make all of them right"),
        (1, "gives a reason or a picture for that, for instance four inequalities that contradict"),
        (1, "says what would help instead (another model or other features), and why"),
    ],
    hints=[
        "What does the convergence theorem promise, and on what condition?",
        "Write down what `w1`, `w2` and `b` must satisfy for each of the four points.",
        "Add the two inequalities of the +1 points, then those of the -1 points.",
    ],
)
