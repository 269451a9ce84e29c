"""Why a gradient is wrong: the likely cause, from how what came differs from what was measured.

`course_lib.tensor.gradcheck.diagnose` knows the patterns of a pair of arrays. Here stand those for
which the oracle is asked again (a corner, the value for the slope), and the words for a learner.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from course_lib.tensor.gradcheck import diagnose, numerical_gradient

Array = np.ndarray
Function = Callable[[Array], float]

_NEARLY = 5e-3  # off by this share of the largest slope at most: the formula may be right
_SAYS = {
    "not finite": "nan or infinity. Is there a division by 0, a log of 0, an `exp` that overflows?",
    "no gradient": "nothing arrives: every number is 0",
    "sign": "the sign: right size everywhere, opposite direction",
    "transposed": "swapped axes: these are the right numbers, transposed",
    "missing sum": "a missing sum: where broadcasting repeated a number, the gradients of its "
    "copies add up. Sum over the axes that were stretched",
    "factor 2": "a factor of 2: twice too large everywhere. Is there a 2 left over from a square, "
    "or is something counted twice?",
    "factor 1/2": "a factor of 1/2: half of what it should be, everywhere. Is the 2 from a square "
    "missing, or one of two uses?",
    "factor N": "a factor of N ({}): too large by this count everywhere. Is a division by it "
    "missing, as for a mean?",
    "factor 1/N": "a factor of 1/N ({}): too small by this count everywhere. Is it divided by once "
    "too often?",
    "factor": "a factor: {} times what it should be, everywhere. Look for a factor of the chain "
    "rule that is missing, or there once too often",
    "some places": "an exception: the other places are right. What sets these apart (edges, "
    "repeats, ties, targets)?",
}  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """What nudging found.

    Attributes:
        rise: how far the loss rises when the array that is nudged becomes another.
        x: the array that is nudged.
        value: what the oracle gives for it.
        slopes: by central differences, one for each number of x.
        expected: the gradient: the slopes; at a corner, where none exists, the reference's number.
        corners: where the slopes on the two sides differ, as far as that was asked.
        arrays: the inputs that are arrays, by name; their lengths could be a factor N.
    """

    rise: Function
    x: Array
    value: Array
    slopes: Array
    expected: Array
    corners: Array
    arrays: Mapping[str, Array]

    def in_words(self, index: tuple[int, ...], step: float) -> str:
        """What was found at one place."""
        if not self.corners[index]:
            return f"nudging measures {self.slopes[index]:.6g} there"
        left = -self.rise(_nudged(self.x, index, -step)) / step
        right = self.rise(_nudged(self.x, index, step)) / step
        taken = f"{self.expected[index]:.6g} is taken there"
        return f"the slope jumps from {left:.6g} to {right:.6g}, {taken}"


def corners(rise: Function, x: Array, doubtful: Array, step: float) -> Array:
    """Whether the slopes left and right of each doubtful place differ.

    Those of a smooth curve differ by its bend times the step, so a tenth of the step leaves a
    tenth. At a corner it changes nothing.
    """
    found = np.zeros(x.shape, dtype=bool)
    for at in np.argwhere(doubtful):
        index = tuple(int(i) for i in at)
        far, near = (
            abs(rise(_nudged(x, index, h)) + rise(_nudged(x, index, -h))) / h
            for h in (step, step / 10)
        )
        found[index] = near > max(far / 2, 1e-7)  # less is rounding
    return found


def cause_of_shape(came: Array, reference: Array) -> str:
    """Why the shape is wrong, where the numbers tell; else nothing."""
    if came.dtype.kind not in "fiu":
        return ""
    cause, _ = diagnose(came.astype(float), reference.astype(float))
    too_many = cause == "missing sum" and came.size > reference.size
    return f"Likely cause: {_SAYS[cause]}" if too_many or cause == "transposed" else ""


def likely_cause(
    got: Array, wrong: Array, measured: Measured, name: str, step: float, curve: bool
) -> str:
    """The most specific cause that fits, in words; nothing where none is known.

    Of a single number nobody can tell the cause: any two of them differ by a factor.
    """
    if got.size < 2:
        return ""
    found = _from_the_form_of_numbers(got, wrong, measured)
    if found:
        return found
    cause, detail = diagnose(got.astype(float), measured.expected, _counts(measured, name))
    if cause not in ("some places", "unknown"):
        return _in_words(cause, detail)
    found = _from_the_curve(got, measured, step) if curve else ""
    return found or _from_the_side(wrong, measured.x, name) or _SAYS.get(cause, "")


def _from_the_form_of_numbers(got: Array, wrong: Array, measured: Measured) -> str:
    expected = measured.expected
    if got.dtype.kind in "iu" and bool((np.abs(got - expected) < 1).all()):
        return "whole numbers: these are integers, so fractions were cut off"
    if measured.corners[wrong].all():
        return (
            "the corner: the slopes left and right of it differ, and a convention says which one "
            "counts. Is it `>` where `>=` is meant, or the reverse?"
        )
    error = float(np.abs(got - expected).max() / max(float(np.abs(expected).max()), 1e-300))
    if 2 * wrong.sum() >= wrong.size and 0 < error <= _NEARLY:
        return (
            f"precision: right to about {int(-math.log10(error))} digits. Does something compute "
            "in float32 or float16, or with a step that is too coarse?"
        )
    return ""


def _from_the_curve(got: Array, measured: Measured, step: float) -> str:
    """The function for its slope, or the slope at the wrong place."""
    if np.allclose(got, measured.value, rtol=1e-4, atol=1e-7):
        return "the function itself: this is its value, not its slope"
    elsewhere = numerical_gradient(measured.rise, measured.value, step)
    if np.allclose(got, elsewhere, rtol=1e-4, atol=1e-7):
        return (
            "the wrong place: this is the slope at the *output*. The formula was handed the "
            "function's value where it expects the input, so the function is applied twice"
        )
    return ""


def _from_the_side(wrong: Array, x: Array, name: str) -> str:
    for side, here, there in ((x > 0, "above", "below"), (x < 0, "below", "above")):
        if side.any() and wrong[side].all() and not side.all() and not wrong[~side].any():
            return f"one side: all that is wrong lies where {name} is {here} 0; {there} it is right"
    return ""


def _counts(measured: Measured, name: str) -> dict[int, str]:
    """The counts that could be a factor too many or too few; of equal ones the likeliest first."""
    shapes = {name: measured.x.shape, "the result": measured.value.shape}
    shapes |= {f"`{n}`": a.shape for n, a in measured.arrays.items() if f"`{n}`" not in shapes}
    counts: dict[int, str] = {}
    for owner, shape in shapes.items():
        for axis, length in enumerate(shape):
            counts.setdefault(length, f"the length of axis {axis} of {owner}")
        counts.setdefault(math.prod(shape), f"how many numbers {owner} holds")
    return counts


def _in_words(cause: str, detail: str) -> str:
    """The words for what `diagnose` found, with the count or factor from its detail."""
    _, _, count = detail.rstrip(")").partition(" (")
    words = _SAYS[cause].format(detail.split()[-1] if cause == "factor" else count)
    turned = "and sign" in detail and cause != "factor"  # that factor shows its own sign
    return f"{words} And the sign is turned" if turned else words


def _nudged(x: Array, index: tuple[int, ...], by: float) -> Array:
    nudged = x.copy()
    nudged[index] += by
    return nudged
