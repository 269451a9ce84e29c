"""The criterion for a gradient: held against slopes that are measured, and explained where wrong.

Two things that share no line of code decide. The oracle, which knows no derivative, is nudged up
and down in float64 at every number: that measures the slopes. The exercise's reference decides
about the form, and where a curve has a corner, so that there is no slope to measure.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib.tensor.gradcheck import numerical_gradient
from grader.compare import NumberKind, describe, difference
from grader.exercise import Criterion, Trial
from grader.gradient_causes import Measured, cause_of_shape, corners, likely_cause
from grader.plain import Plain

Array = np.ndarray

STEP = 1e-5  # to either side: off by some 1e-10, by bending and rounding alike


@dataclass(frozen=True)
class Gradient(Criterion):
    """The result, or one item of it, is the gradient of an oracle; else the complaint explains.

    Attributes:
        forward: the oracle. It takes the inputs of a case, floats in float64, and gives the value.
        wrt: the parameter of `forward` that is nudged: what the gradient belongs to.
        upstream: the parameter of `forward` that holds the gradient that arrives from above.
            Without one the values are summed: right for a loss, which is one number, and for a
            curve, each of whose values follows its own number.
        at: where the input is not the array itself but, say, its shape: makes the array that is
            nudged from the inputs. `forward` gets it in that input's place.
        of: what the gradient belongs to, as a learner knows it; by default `wrt`.
        noun: what a learner calls it, "slope" for instance before gradients are taught.
        item: where the result holds several gradients, the position or key of this one.
        rtol: allowed are errors up to atol + rtol * |slope|.
        atol: see rtol.
        rtol32: the same for a gradient that comes in float32.
        atol32: see rtol32.
        numbers: whether integers may come for floats, and float32 for float64; see `difference`.

    Raises:
        ValueError: `forward` has no parameter of the name in `wrt` or `upstream`.
    """

    explains: bool = True
    forward: Callable[..., Any] = lambda x: x
    wrt: str = "x"
    upstream: str = ""
    at: Callable[..., Any] | None = None
    of: str = ""
    noun: str = "gradient"
    item: int | str | None = None
    rtol: float = 1e-5
    atol: float = 1e-7
    rtol32: float = 1e-4
    atol32: float = 1e-6
    numbers: NumberKind = "any"

    def __post_init__(self) -> None:
        """Find a misspelt name when the exercise is written, not when it is judged."""
        for name in filter(None, (self.wrt, self.upstream)):
            if name not in self._parameters:
                raise ValueError(f"`forward` has no parameter {name!r}: {self._parameters}")

    def view(self, result: Plain) -> Plain:
        """The gradient that this criterion looks at."""
        return result[self.item] if _holds(result, self.item) else result

    def complaint(self, trial: Trial) -> str | None:
        """Compare the form with the reference's, then the numbers with measured slopes."""
        came, reference = trial.observed.result, trial.expected.result
        if self.item is not None and not _holds(came, self.item, reference):
            return f"{_several(reference)} required, {describe(came)} came"
        came, reference = self.view(came), self.view(reference)
        with np.errstate(all="ignore"):
            form = self._form(came, reference)
            if form is not None:
                return form
            got = np.asarray(came)
            measured = self._measure(trial, got, np.asarray(reference))
            wrong = self._off(got, measured.expected)
            return self._explain(got, wrong, measured) if wrong.any() else None

    @property
    def _parameters(self) -> list[str]:
        return list(inspect.signature(self.forward).parameters)

    @property
    def _name(self) -> str:
        """An argument's name as code, other words as they are."""
        name = self.of or self.wrt
        return f"`{name}`" if name.isidentifier() else name

    def _form(self, came: Plain, reference: Plain) -> str | None:
        """What is wrong before any number is looked at: type, shape, dtype."""
        where = f"the {self.noun} for {self._name}"
        found = difference(_blank(came), _blank(reference), numbers=self.numbers, where=where)
        is_number = isinstance(came, np.ndarray | float | int)
        if found is None or not is_number or np.shape(came) == np.shape(reference):
            return found
        why = cause_of_shape(np.asarray(came), np.asarray(reference))
        return f"{found}. {why or f'A {self.noun} has the shape of what it belongs to'}"

    def _measure(self, trial: Trial, got: Array, reference: Array) -> Measured:
        """Nudge the oracle; see `Measured`."""
        inputs = [_in_float64(value) for value in trial.inputs]
        place = self._parameters.index(self.wrt)
        above = inputs[self._parameters.index(self.upstream)] if self.upstream else 1.0
        x = np.array(self.at(*inputs) if self.at else inputs[place], dtype=np.float64)

        def value(x: Array) -> Array:
            return np.array(self.forward(*inputs[:place], x, *inputs[place + 1 :]), dtype=float)

        centre = value(x)

        def rise(x: Array) -> float:
            # From the centre, number by number: what a nudge leaves alone cancels without rounding.
            return float((above * (value(x) - centre)).sum())

        slopes = numerical_gradient(rise, x, STEP)
        if slopes.shape != reference.shape:
            raise ValueError(f"the reference's {reference.shape} is not the shape of {self.wrt}")
        doubtful = self._off(got, slopes) | self._off(reference, slopes)
        at_corners = corners(rise, x, doubtful, STEP)
        expected = np.where(at_corners, reference, slopes)
        named = dict(zip(self._parameters, inputs, strict=False)) | {self.wrt: x}
        arrays = {n: v for n, v in named.items() if isinstance(v, np.ndarray)}
        return Measured(rise, x, centre, slopes, expected, at_corners, arrays)

    def _off(self, got: Array, expected: Array) -> Array:
        """Where the two differ by more than the tolerance; nan always does."""
        single = got.dtype.kind == "f" and got.dtype.itemsize < 8
        rtol, atol = (self.rtol32, self.atol32) if single else (self.rtol, self.atol)
        return ~(np.abs(got - expected) <= atol + rtol * np.abs(expected))

    def _explain(self, got: Array, wrong: Array, measured: Measured) -> str:
        """How many are wrong, the worst of them with what was measured and what came, and why."""
        error = np.where(np.isfinite(got), np.abs(got - measured.expected), np.inf)
        index = np.unravel_index(int(np.argmax(np.where(wrong, error, -1))), got.shape)
        worst = tuple(int(i) for i in index)
        text = f"the {self.noun} for {self._name} is wrong"
        if got.size > 1:
            text += f" in {int(wrong.sum())} of {got.size} places, most of all at {list(worst)}"
        if self.at is None:
            text += f", where {self._name} is {measured.x[worst]:.4g}"
        text += f": {measured.in_words(worst, STEP)}, {float(got[worst]) + 0.0:.6g} came"
        shape_alike = not self.upstream and self.at is None and measured.value.shape == got.shape
        why = likely_cause(got, wrong, measured, self._name, STEP, curve=shape_alike)
        return f"{text}. Likely cause: {why}" if why else text


def _holds(result: Plain, item: int | str | None, like: Plain = None) -> bool:
    """Whether the result has this item; and, given another result, as many items as that one."""
    if isinstance(item, str):
        return isinstance(result, dict) and item in result
    if item is None or not isinstance(result, list | tuple) or item >= len(result):
        return False
    return like is None or len(result) == len(like)


def _several(reference: Plain) -> str:
    if isinstance(reference, dict):
        return f"a dict with the keys {', '.join(map(repr, reference))} was"
    return f"{len(reference)} gradients were"


def _blank(value: Plain) -> Plain:
    """Zeros in the form of a number or an array; anything else as it is."""
    return np.zeros_like(value) if isinstance(value, np.ndarray | float | int) else value


def _in_float64(value: Any) -> Any:
    """An array of floats in double precision; anything else as it is."""
    is_float = isinstance(value, np.ndarray | np.floating) and value.dtype.kind == "f"
    return np.array(value, dtype=np.float64) if is_float else value
