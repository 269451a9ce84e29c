"""Exercise: GELU in its exact form."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from course_lib import activations
from course_lib.activations import sigmoid
from grader.checks.l02_activations.evidence import (
    Array,
    is_of_another_shape,
    is_row,
    moderate_cases,
    numbers,
    raises,
)
from grader.exercise import Exercise, Misconception, Values
from grader.probe import Inputs

_erf: Any = np.vectorize(math.erf, otypes=[float])
_erfc: Any = np.vectorize(math.erfc, otypes=[float])
_ROOT_2 = math.sqrt(2)


def gelu(z: Array) -> Array:
    """The oracle: the library's exact form."""
    return activations.gelu(z)


def gelu_by_erfc(z: Array) -> Array:
    """The complement, which stays exact far to the left."""
    return np.asarray(0.5 * z * _erfc(-z / _ROOT_2))


def gelu_one_at_a_time(z: Array) -> Array:
    """A loop over single numbers."""
    return np.array([x * 0.5 * (1 + math.erf(x / _ROOT_2)) for x in z.flat]).reshape(z.shape)


def far_and_single_cases(rng: np.random.Generator) -> list[Inputs]:
    """Far out on both sides; and float32."""
    far = np.append(numbers(rng, 3) * 10.0, [-1000.0, 1000.0])
    return [(far,), (numbers(rng, 5).astype(np.float32),)]


def _density(z: Array) -> Array:
    return np.asarray(np.exp(-z * z / 2) / math.sqrt(2 * math.pi))


def _phi(z: Array) -> Array:
    return np.asarray((1 + _erf(z / _ROOT_2)) / 2)


GELU = Exercise(
    id="activations.gelu",
    lesson="02_activations",
    title="GELU, exactly",
    points=2,
    reference=gelu,
    cases=moderate_cases,
    forbid=["scipy", "torch"],
    criteria=[
        Values("is z times Phi(z)", weight=3, where=is_row, essential=True),
        Values("takes arrays of any shape", where=is_of_another_shape),
        Values(
            "is right far from 0, and in float32",
            cases=far_and_single_cases,
            rtol=1e-4,  # of float32, where 1 + erf nearly cancel
            atol=1e-6,
        ),
    ],
    misconceptions=[
        Misconception(
            "tanh_form",
            lambda z: activations.gelu(z, "tanh"),
            "This is the approximation by tanh. It is close (off by less than 0.0005) and some "
            "models were trained with it, but it is another function. Here the exact one is asked, "
            "with `erf`.",
        ),
        Misconception(
            "sigmoid_form",
            lambda z: z * sigmoid(1.702 * z),
            "This is the approximation z * sigmoid(1.702 z), off by up to 0.02. Here the exact "
            "form is asked, with `erf`.",
        ),
        Misconception(
            "silu",
            lambda z: z * sigmoid(z),
            "This weighs z by sigmoid(z), which is another activation (SiLU, or Swish). GELU "
            "weighs it by Phi(z), with `erf`.",
        ),
        Misconception(
            "root_of_two_missing",
            lambda z: z * (1 + _erf(z)) / 2,
            "erf is handed z itself. It belongs to a bell curve narrower than the standard one by "
            "the root of 2: hand it z / sqrt(2).",
        ),
        Misconception(
            "root_of_two_multiplied",
            lambda z: z * (1 + _erf(z * _ROOT_2)) / 2,
            "z is multiplied by sqrt(2) inside erf. It has to be divided.",
        ),
        Misconception(
            "half_missing",
            lambda z: z * (1 + _erf(z / _ROOT_2)),
            "This is twice too large: 1 + erf runs from 0 to 2, and a probability from 0 to 1. "
            "Halve it.",
        ),
        Misconception(
            "brackets_missing",
            lambda z: z * (1 + _erf(z / _ROOT_2) / 2),
            "Only erf is halved here, so the weight runs from 0.5 to 1.5. Add 1 first, then halve "
            "the sum: brackets are missing.",
        ),
        Misconception(
            "factor_z_missing",
            _phi,
            "This is Phi(z), the weight alone. GELU is z *times* that weight.",
        ),
        Misconception(
            "one_missing",
            lambda z: z * _erf(z / _ROOT_2) / 2,
            "erf runs from -1 to 1, so this is the same for z and -z. A probability needs "
            "(1 + erf) / 2.",
        ),
        Misconception(
            "density_for_probability",
            lambda z: z * _density(z),
            "This is z times the *height* of the bell curve at z. GELU takes the *area* to the "
            "left of z: Phi, with `erf`.",
        ),
        Misconception(
            "other_side_of_the_bell",
            lambda z: z * _phi(-z),
            "This takes the chance of a number *larger* than z. Large z should pass nearly "
            "unchanged: take the chance of a smaller one.",
        ),
        Misconception(
            "relu_for_gelu",
            activations.relu,
            "This is ReLU. GELU is close to it far from 0, but smooth in between.",
        ),
        Misconception(
            "math_erf_of_an_array",
            lambda z: z * (1 + math.erf(z / _ROOT_2)) / 2,
            "`math.erf` takes a single number. `erf`, made in a cell above, takes a whole array.",
            when=raises("TypeError", r"only .*(scalar|length-1|0-dimensional)"),
        ),
    ],
    alternatives=[gelu_by_erfc, gelu_one_at_a_time],
    hints=[
        "Two steps: the probability Phi(z) first, then GELU.",
        "Phi(z) = (1 + erf(z / sqrt(2))) / 2. The function `erf` in the cell above takes arrays.",
        "`math.sqrt(2)` is the root. Multiply the probability by `z` at the end.",
    ],
)
