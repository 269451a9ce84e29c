"""Exercise: the slope of the sigmoid, judged by a gradient check that explains itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib import activations
from course_lib.activations import sigmoid
from grader.checks.l02_activations.evidence import (
    far_cases,
    is_of_another_shape,
    is_row,
    moderate_cases,
    single_cases,
)
from grader.exercise import Exercise, Misconception, Values
from grader.gradients import Gradient

Array = np.ndarray


def slope_by_product(z: Array) -> Array:
    """1 - s is the sigmoid of -z."""
    return sigmoid(z) * sigmoid(-z)


def slope_by_cosh(z: Array) -> Array:
    """A closed form without the sigmoid; the cosine may become infinite, its inverse is 0."""
    return np.asarray(1 / (2 * np.cosh(z / 2)) ** 2)


def slope_by_exponentials(z: Array) -> Array:
    """The quotient rule, on the side where the exponential is small: the slope is even."""
    e = np.exp(-np.abs(z))
    return np.asarray(e / (1 + e) ** 2)


def slope_by_tanh(z: Array) -> Array:
    """Through tanh: a quarter of its slope at z / 2."""
    return np.asarray((1 - np.tanh(z / 2) ** 2) / 4)


def _exponent(z: Array) -> Array:
    return np.asarray(np.exp(-z))


def _slope(name: str, **more: Any) -> Gradient:
    return Gradient(name, forward=sigmoid, wrt="z", noun="slope", numbers="same", **more)


SIGMOID_GRAD = Exercise(
    id="activations.sigmoid_grad",
    lesson="02_activations",
    title="The slope of the sigmoid",
    points=3,
    reference=activations.sigmoid_grad,
    cases=moderate_cases,
    forbid=["scipy", "torch"],
    criteria=[
        _slope("is the slope of the sigmoid at z", weight=3, where=is_row, essential=True),
        Values("takes arrays of any shape", where=is_of_another_shape),
        Values("stays finite for scores in the thousands", cases=far_cases),
        _slope("does so in float32 too", cases=single_cases),
    ],
    misconceptions=[
        Misconception(
            "input_taken_for_output",
            lambda z: z * (1 - z),
            "This is z * (1 - z). The formula s * (1 - s) is in terms of the *output* s, and the "
            "function is handed the *input* z: compute `s = sigmoid(z)` first.",
        ),
        Misconception(
            "sigmoid_applied_twice",
            lambda z: activations.sigmoid_grad(sigmoid(z)),
            "The sigmoid is applied twice here: the slope comes out at the place sigmoid(z), not "
            "at z. Take `s = sigmoid(z)` once, then s * (1 - s).",
        ),
        Misconception(
            "value_returned",
            sigmoid,
            "This is the sigmoid itself. Its slope is s * (1 - s).",
        ),
        Misconception(
            "sign_turned",
            lambda z: -activations.sigmoid_grad(z),
            "The slope is negative here, but the sigmoid rises everywhere. The inner derivative "
            "of exp(-z) brings a second minus, and the two cancel.",
        ),
        Misconception(
            "chain_factor_forgotten",
            lambda z: sigmoid(z) ** 2,
            "This is s squared: the outer derivative of 1 / u, without the inner one. By the chain "
            "rule it is multiplied by the derivative of u = 1 + exp(-z).",
        ),
        Misconception(
            "chain_factor_forgotten_with_sign",
            lambda z: -(sigmoid(z) ** 2),
            "This is -s squared: the outer derivative of 1 / u. By the chain rule it is multiplied "
            "by the inner one, that of u = 1 + exp(-z), which is -exp(-z).",
        ),
        Misconception(
            "slope_of_tanh",
            lambda z: 1 - sigmoid(z) ** 2,
            "1 - s² is the slope of tanh in terms of its output. The sigmoid's is s * (1 - s).",
        ),
        Misconception(
            "one_factor_only",
            lambda z: 1 - sigmoid(z),
            "This is 1 - s alone. The slope is s * (1 - s): it must vanish on the left as well.",
        ),
        Misconception(
            "plus_for_minus",
            lambda z: sigmoid(z) * (1 + sigmoid(z)),
            "s * (1 + s) does not fall to 0 for large z, where the sigmoid is flat. "
            "The second factor is 1 *minus* s.",
        ),
        Misconception(
            "output_times_input",
            lambda z: sigmoid(z) * (1 - z),
            "Half of this is in terms of the output and half in terms of the input: s * (1 - z). "
            "Both factors need s.",
        ),
        Misconception(
            "quotient_overflows",
            lambda z: _exponent(z) / (1 + _exponent(z)) ** 2,
            "The formula is right, but for large negative z it is inf / inf, which is nan. Written "
            "with `s = sigmoid(z)` nothing overflows.",
        ),
    ],
    alternatives=[slope_by_product, slope_by_cosh, slope_by_exponentials, slope_by_tanh],
    hints=[
        "The text above derived it: the slope can be written with the value s alone.",
        "Compute `s = sigmoid(z)` first. (Did your sigmoid not pass? `sigmoid = "
        'borrow("activations.sigmoid")` puts the course\'s in its place.)',
        "With `s = sigmoid(z)`, return s times what is missing from s to 1.",
    ],
)
