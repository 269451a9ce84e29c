"""Exercise: tanh, ReLU and leaky ReLU with their slopes, as one class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib import activations
from grader.checks.l02_activations import variants
from grader.checks.l02_activations.evidence import Array, numbers, raises
from grader.exercise import Exercise, Misconception, Values
from grader.gradients import Gradient
from grader.probe import Inputs


class Activation:
    """The oracle: the library's functions by name."""

    def __init__(self, name: str, negative_slope: float = 0.01) -> None:
        self.name = name
        self.more = (negative_slope,) if name == "leaky_relu" else ()

    def __call__(self, z: Array) -> Array:
        """The value at z."""
        return np.asarray(getattr(activations, self.name)(z, *self.more))

    def slope(self, z: Array) -> Array:
        """The derivative at z."""
        return np.asarray(getattr(activations, f"{self.name}_grad")(z, *self.more))


def value_at(activation_class: Any, name: Any, negative_slope: Any, z: Any) -> Any:
    """Make one and ask for the value. Travels as source: uses its arguments only."""
    if negative_slope is None:
        return activation_class(name)(z)
    return activation_class(name, negative_slope=negative_slope)(z)


def slope_at(activation_class: Any, name: Any, negative_slope: Any, z: Any) -> Any:
    """Make one and ask for the slope. Travels as source: uses its arguments only."""
    if negative_slope is None:
        return activation_class(name).slope(z)
    return activation_class(name, negative_slope=negative_slope).slope(z)


def activation_cases(rng: np.random.Generator) -> list[Inputs]:
    """For each name a row and two batches, then the kink itself; for the leaky one two leaks."""
    leaks = [None, round(float(rng.uniform(0.1, 0.4)), 2)]
    cases: list[Inputs] = [
        (name, leak, numbers(rng, *shape))
        for name, leak in [("tanh", None), ("relu", None), *(("leaky_relu", a) for a in leaks)]
        for shape in [(4,), (1, 5), (2, 3)]
    ]
    for name, leak in [("relu", None), *(("leaky_relu", a) for a in leaks)]:
        cases.append((name, leak, np.append(numbers(rng, 2), 0.0)))
    return cases


def _is(name: str, kink: bool = False) -> Callable[[str, float | None, Array], bool]:
    return lambda which, leak, z: which == name and bool((z == 0).any()) == kink


def _curve(name: str, leak: float | None, z: Array) -> Array:
    return Activation(name, 0.01 if leak is None else leak)(z)


def _slope(name: str, **more: Any) -> Gradient:
    shown = {"tanh": "tanh", "relu": "ReLU", "leaky_relu": "leaky ReLU"}[name]
    return Gradient(
        f"finds the slope of {shown}",
        where=_is(name),
        probe=slope_at,
        forward=_curve,
        wrt="z",
        noun="slope",
        **more,
    )


_KINK_SAYS = (
    "At a kink there is no derivative, and any number between the slopes on its two sides will do. "
    "PyTorch takes the one on the left, and so do we: "
)

ACTIVATION = Exercise(
    id="activations.activation",
    lesson="02_activations",
    title="Tanh, ReLU and leaky ReLU with their slopes",
    points=4,
    kind="class",
    reference=Activation,
    cases=activation_cases,
    probe=value_at,
    may_return_input=True,
    forbid=["scipy", "torch"],
    criteria=[
        Values("computes tanh", where=_is("tanh"), numbers="any", essential=True),
        _slope("tanh", weight=2),
        Values("computes ReLU", where=_is("relu"), numbers="any"),
        _slope("relu"),
        Values("computes leaky ReLU", where=_is("leaky_relu"), numbers="any"),
        _slope("leaky_relu"),
        Values(
            "takes the slope of the left side at 0",
            where=lambda name, leak, z: bool((z == 0).any()),
            probe=slope_at,
            numbers="any",
        ),
    ],
    misconceptions=[
        Misconception(
            "tanh_slope_in_terms_of_output",
            variants.TanhSlopeOfOutput,
            "This is 1 - z². The formula 1 - t² is in terms of the *output* t, and `slope` is "
            "handed the *input* z: take `np.tanh(z)` first.",
        ),
        Misconception(
            "tanh_applied_twice",
            variants.TanhSlopeTwice,
            "Tanh is applied twice, so this is the slope at the place tanh(z) instead of at z.",
        ),
        Misconception(
            "tanh_slope_not_squared",
            variants.TanhSlopeNotSquared,
            "This is 1 - t; the slope of tanh is 1 - t². It has to fall to 0 on the left, too, "
            "where t is near -1.",
        ),
        Misconception(
            "tanh_slope_of_sigmoid",
            variants.TanhSlopeOfSigmoid,
            "t * (1 - t) is the sigmoid's rule with tanh put in. Tanh is twice as high and twice "
            "as steep, which makes it 1 - t².",
        ),
        Misconception(
            "chain_factor_forgotten",
            variants.TanhSlopeChain,
            "Half of the slope of tanh: in 2 * sigmoid(2z) - 1 the height brings a factor of 2, "
            "and the inner 2z brings another.",
        ),
        Misconception(
            "tanh_slope_sign",
            variants.TanhSlopeNegative,
            "Tanh rises everywhere, so its slope is positive: 1 - t², not t² - 1.",
        ),
        Misconception(
            "tanh_slope_from_sigmoid_value",
            variants.TanhSlopeUnstretched,
            "1 - t² needs t = tanh(z); here the sigmoid stands in its place.",
        ),
        Misconception(
            "sigmoid_for_tanh",
            variants.TanhIsSigmoid,
            "This is the sigmoid, between 0 and 1. Tanh runs from -1 to 1.",
        ),
        Misconception(
            "tanh_half_as_steep",
            variants.TanhHalfAsSteep,
            "This is half as steep as tanh: 2 * sigmoid(z) - 1 without the inner 2. "
            "It is 2 * sigmoid(2z) - 1, or `np.tanh(z)`.",
        ),
        Misconception(
            "kink_slope_one",
            variants.BothOneAtZero,
            _KINK_SAYS + "0 for ReLU and the leak for leaky ReLU. So the condition is `z > 0`, "
            "without `=`.",
        ),
        Misconception(
            "relu_kink_slope_one",
            variants.ReluSlopeOneAtZero,
            _KINK_SAYS + "the slope of ReLU at 0 is 0. So the condition is `z > 0`, without `=`.",
        ),
        Misconception(
            "leaky_kink_slope_one",
            variants.LeakySlopeOneAtZero,
            _KINK_SAYS + "the slope of leaky ReLU at 0 is `negative_slope`. So the condition is "
            "`z > 0`, without `=`.",
        ),
        Misconception(
            "relu_kink_slope_half",
            variants.ReluSlopeHalfAtZero,
            _KINK_SAYS + "0, not the mean of both.",
        ),
        Misconception(
            "relu_slope_minus_one",
            variants.ReluSlopeIsSign,
            "This is -1 for negative z. ReLU is flat there: its slope is 0.",
        ),
        Misconception(
            "relu_slope_is_value",
            variants.ReluSlopeIsValue,
            "This is the value of ReLU, not its slope. Where it is a straight line through 0 with "
            "`value = z`, the slope is 1.",
        ),
        Misconception(
            "relu_slope_by_division",
            variants.ReluSlopeByDivision,
            "value / z is the slope here except at 0, where it is 0 / 0 and gives nan. Ask for the "
            "side instead: `z > 0`.",
        ),
        Misconception(
            "booleans",
            variants.SlopesAreBooleans,
            "These are `True` and `False`. The comparison is right; turn it into 1 and 0, for "
            "instance with `np.where`.",
        ),
        Misconception(
            "absolute_value",
            variants.ReluIsAbsolute,
            "This folds negative numbers up (the absolute value). ReLU makes them 0.",
        ),
        Misconception(
            "minimum_for_maximum",
            variants.ReluIsMinimum,
            "This keeps the negative numbers. ReLU keeps the positive ones: the larger of z and 0.",
        ),
        Misconception(
            "maximum_of_all",
            variants.ReluOfWholeArray,
            "`np.max` is the one largest number of an array. `np.maximum(z, 0)` compares each "
            "number with 0.",
        ),
        Misconception(
            "python_max",
            variants.ReluByMax,
            "`max(0, z)` asks one question of a whole array. `np.maximum(z, 0)` asks it of each "
            "number. (The same goes for `if z > 0`: there `np.where` helps.)",
            when=raises("ValueError", "truth value"),
        ),
        Misconception(
            "leak_on_the_right",
            variants.LeakyOnTheRight,
            "The sides are swapped: positive numbers pass unchanged, and the *negative* ones are "
            "multiplied by `negative_slope`.",
        ),
        Misconception(
            "leak_upwards",
            variants.LeakyUpwards,
            "Negative numbers come out positive here. The leak keeps their sign: "
            "`negative_slope * z`, and z is negative.",
        ),
        Misconception(
            "leak_fixed",
            variants.LeakyFixed,
            "The leak is always 0.01, whatever `negative_slope` says. Use `self.negative_slope`.",
        ),
        Misconception(
            "leak_not_multiplied",
            variants.LeakyShifted,
            "Negative numbers all become `negative_slope` itself: a flat piece, and a jump at 0. "
            "Multiply it by z.",
        ),
        Misconception(
            "leaky_slope_of_relu",
            variants.LeakySlopeOfRelu,
            "This is the slope of plain ReLU, 0 on the left. The leak has a slope there: "
            "`negative_slope`. That is what it is for.",
        ),
        Misconception(
            "leaky_slope_is_value",
            variants.LeakySlopeIsValue,
            "On the left this is the value, `negative_slope * z`. The slope of that line is "
            "`negative_slope`, everywhere.",
        ),
        Misconception(
            "leaky_slope_turned",
            variants.LeakySlopeTurned,
            "The slopes are swapped: it is 1 where z is positive, and `negative_slope` on the "
            "left, as the picture of the function shows.",
        ),
        Misconception(
            "leaky_slope_sign",
            variants.LeakySlopeNegative,
            "The slope on the left is negative here, but leaky ReLU rises there too, only slowly.",
        ),
    ],
    alternatives=[variants.Variant, variants.BySigmoid, variants.ByTable],
    hints=[
        "Two methods, three names. ReLU is a leaky ReLU with a leak of 0, so two of the three can "
        "share their code.",
        "`np.where(z > 0, a, b)` picks by side. For tanh, the slope is 1 - t² with t = tanh(z).",
        'With `leak = 0.0 if self.name == "relu" else self.negative_slope`, the value is z or '
        "`leak * z`, and the slope 1 or `leak`.",
    ],
)
