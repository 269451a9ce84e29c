"""What the exercises of this lesson share: inputs, an ear for overflows, the gradient check."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.compare import difference
from grader.exercise import Holds, Trial, Values
from grader.plain import Plain
from grader.probe import Inputs

Array = np.ndarray
When = Callable[[Sequence[Trial]], bool]

STEP = 1e-5  # of the central difference: off by some 1e-11, by bending and rounding alike


def numbers(rng: np.random.Generator, *shape: int, reach: float = 4.0) -> Array:
    """Numbers on both sides of 0 and none of them close to it, with two decimals."""
    z = np.round(rng.uniform(0.2, reach, size=shape), 2) * rng.choice([-1, 1], size=shape)
    if z.size > 1:
        z.flat[:2] = [-abs(z.flat[0]), abs(z.flat[1])]
    return z


def moderate_cases(rng: np.random.Generator) -> list[Inputs]:
    """Rows of a few numbers, one of them with a 0, and arrays of other shapes."""
    rows = [numbers(rng, size) for size in (4, 5, 7)]
    rows[-1][rng.integers(2, 7)] = 0.0
    return [(z,) for z in [*rows, *(numbers(rng, *shape) for shape in [(1,), (2, 3), (2, 1, 4)])]]


def is_row(z: Array) -> bool:
    """Whether it is one of the rows that the main criterion looks at."""
    return z.ndim == 1 and z.size > 1


def is_of_another_shape(z: Array) -> bool:
    """Whether it is not."""
    return not is_row(z)


def far_cases(rng: np.random.Generator) -> list[Inputs]:
    """Numbers whose exponential float64 cannot hold, on either side; and some that it can."""
    return [
        (np.array([-1000.0, 1000.0]),),
        (np.append(numbers(rng, 2, reach=1.0) * 1000.0, [-30.0, 30.0, 0.5]),),
    ]


def single_cases(rng: np.random.Generator) -> list[Inputs]:
    """The same in float32, whose exponential overflows above 88 already."""
    big = np.round(rng.uniform(90, 200, size=2) * [-1, 1])
    return [(np.append(big, numbers(rng, 3)).astype(np.float32),)]


def overheard(answer: Any, z: Any) -> Any:
    """Call the answer and note what NumPy would warn of. Travels as source."""
    heard: list[str] = []

    def note(kind: str, flag: int) -> None:
        heard.append(kind)

    with np.errstate(over="call", invalid="call", divide="call", call=note):
        value = answer(z)
    return {"value": value, "warnings": sorted(set(heard))}


def _warnings_in(result: Plain, *inputs: Any) -> str | None:
    heard = result["warnings"]
    if not heard:
        return None
    return f"NumPy warns on the way: {' and '.join(heard)}"


@dataclass(frozen=True)
class Quiet(Holds):
    """NumPy warned of nothing; for the probe `overheard`."""

    test: Callable[..., str | None] = _warnings_in


@dataclass(frozen=True)
class RightAndQuiet(Values):
    """Both at once: the value, and that NumPy warned of nothing."""

    part: str = "value"

    def complaint(self, trial: Trial) -> str | None:
        """Compare the value first."""
        return super().complaint(trial) or _warnings_in(trial.observed.result)

    def view(self, result: Plain) -> Plain:
        """The value; without one, all of it."""
        return super().view(result)


@dataclass(frozen=True)
class Slope(Values):
    """The result is the derivative of `curve`: a gradient check that says what it found.

    The curve is measured in float64 by central differences, so the judge's own formula is not
    trusted either. Kinks must be kept out of the inputs, or left to a criterion of their own.
    """

    curve: Callable[..., Array] = np.asarray

    def complaint(self, trial: Trial) -> str | None:
        """Compare the form with the reference's, the numbers with the curve's."""
        came = self.view(trial.observed.result)
        form = difference(came, self.view(trial.expected.result), atol=np.inf, numbers=self.numbers)
        if form:
            return form
        *others, z = trial.inputs
        return explain_slope(
            np.asarray(z, dtype=np.float64),
            np.asarray(came, dtype=np.float64),
            lambda points: self.curve(*others, points),
            rtol=self.rtol,
            atol=self.atol,
        )


def measured_slope(curve: Callable[[Array], Array], z: Array) -> Array:
    """The slope of a curve, by a small step to either side."""
    return (curve(z + STEP) - curve(z - STEP)) / (2 * STEP)


def explain_slope(
    z: Array, came: Array, curve: Callable[[Array], Array], rtol: float, atol: float
) -> str | None:
    """Name the place where a derivative is worst, both numbers, and the likely cause; or None."""
    slope = measured_slope(curve, z)
    off = np.abs(came - slope)
    wrong = off > atol + rtol * np.abs(slope)
    if not wrong.any():
        return None
    worst = int(np.argmax(off))
    found = (
        f"at z = {z.flat[worst]:g} the curve rises by {slope.flat[worst]:.4g} per unit of z "
        f"(measured by a small step to either side); your slope is {came.flat[worst]:.4g}"
    )
    return ". ".join(filter(None, [found, _likely_cause(z, came, slope, curve, wrong)]))


def _likely_cause(
    z: Array, came: Array, slope: Array, curve: Callable[[Array], Array], wrong: Array
) -> str:
    def like(guess: Array) -> bool:
        return np.allclose(came, guess, rtol=1e-4, atol=1e-7)

    if z.size < 3:  # too little to tell one cause from another
        return ""
    if like(-slope):
        return "It has the right size everywhere, and the wrong sign"
    if like(curve(z)):
        return "This is the value of the function, not its slope"
    if like(measured_slope(curve, curve(z))):
        return (
            "This is the slope at the *output*: the formula was handed f(z) where it expects z, "
            "so f is applied twice"
        )
    factor = float((came * slope).sum() / (slope**2).sum())
    if like(factor * slope):
        return (
            f"Everywhere it is {factor:.3g} times the slope: look for a factor of the chain rule "
            "that is missing, or there once too often"
        )
    for side, name, other in ((z > 0, "above", "below"), (z < 0, "below", "above")):
        if side.any() and wrong[side].all() and not wrong[~side].any():
            return f"All that is wrong lies {name} 0; {other} it is right"
    if wrong.sum() > 1:
        return f"It differs at {int(wrong.sum())} of {z.size} places"
    return ""


def raises(type: str, pattern: str) -> When:
    """Whether something was raised, and only this exception with a message the pattern finds.

    An array with one entry may pass where a longer one does not, so not every trial need end in it.
    """

    def matches(trials: Sequence[Trial]) -> bool:
        faults = [t.observed.fault for t in trials if t.observed.fault is not None]
        return bool(faults) and all(
            fault.type == type and re.search(pattern, fault.message) for fault in faults
        )

    return matches
