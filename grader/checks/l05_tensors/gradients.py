"""The criterion of this lesson: a gradient holds against slopes that are measured.

The oracle never sees a rule. It computes the operation's value, nudges every number up and down in
float64, and compares. What it says names the worst place, both values, and the likely cause.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib.tensor import diagnose, numerical_gradient
from course_lib.tensor.gradcheck import CAUSES
from grader.compare import describe
from grader.exercise import Criterion, Trial
from grader.plain import Plain
from grader.probe import Inputs

Array = np.ndarray
# An operation's value as a function of one array, and the array at which the slope is taken.
Operation = tuple[Callable[[Array], Any], Array]

_WORDS = CAUSES | {
    "no gradient": "these are all zeros: nothing of `grad` has arrived",
    "not finite": "nan or infinity came: a division by 0, or an `exp` that overflowed",
    "factor": "right direction everywhere, wrong size: a factor is missing, or one too many",
    "integers": "these are whole numbers, so fractions were cut off",
    "unknown": "",
    "shape": "",
}


def numbers(rng: np.random.Generator, *shape: int) -> Array:
    """Numbers with two decimals, none of them near 0, so that no term hides."""
    return rng.choice([-1, 1], size=shape) * np.round(rng.uniform(0.2, 3, size=shape), 2)


@dataclass(frozen=True)
class Gradient(Criterion):
    """The result, or one item of it, is what nudging measures.

    Attributes:
        of: the name of the array that the gradient belongs to.
        operation: for the rule's inputs, the value as a function of that array, and the array.
        item: where the rule returns several gradients, the position of this one.
        items: how many it returns.
    """

    of: str = "x"
    operation: Callable[..., Operation] = lambda grad, x: (lambda x: x, x)
    item: int | None = None
    items: int = 1

    def view(self, result: Plain) -> Plain:
        """The gradient that this criterion looks at."""
        if self.item is None or not isinstance(result, list | tuple) or self.item >= len(result):
            return result
        return result[self.item]

    def complaint(self, trial: Trial) -> str | None:
        """Compare with measured slopes, and explain the difference."""
        came = trial.observed.result
        if self.item is not None and (
            not isinstance(came, list | tuple) or len(came) != self.items
        ):
            return f"{self.items} gradients were required, {describe(came)} came"
        part = self.view(came)
        if (
            not isinstance(part, np.ndarray | float | int)
            or np.asarray(part).dtype.kind not in "fi"
        ):
            return f"the gradient for {_named(self.of)} must be an array, {describe(part)} came"
        got, measured = np.asarray(part), measure(self.operation, trial.inputs)
        fine = 1e-4 if got.dtype == np.float32 else 1e-6
        return explain(self.of, got, measured, lengths(trial.inputs), fine)


def measure(operation: Callable[..., Operation], inputs: Inputs) -> Array:
    """The slope of (grad * value).sum() at each number, by central differences in float64."""
    grad = np.asarray(inputs[0], dtype=np.float64)
    value, point = operation(*inputs)
    return numerical_gradient(lambda x: float((grad * value(x)).sum()), point)


def lengths(inputs: Inputs) -> dict[int, str]:
    """The counts that could be a factor too many or too few."""
    arrays = [i for i in inputs if isinstance(i, np.ndarray)]
    sizes = {a.size: "how many numbers there are" for a in arrays}
    return sizes | {n: "the length of an axis" for a in arrays for n in a.shape}


def explain(
    name: str, got: Array, measured: Array, sizes: dict[int, str], fine: float
) -> str | None:
    """Say where `got` is not what was measured, with the likely cause; None if it is."""
    if got.shape != measured.shape:
        cause, _ = diagnose(got, measured)
        return _with_cause(
            f"the gradient for {_named(name)} must have its shape, {measured.shape}; "
            f"{got.shape} came",
            cause,
        )
    with np.errstate(all="ignore"):
        wrong = ~(np.abs(got - measured) <= fine * (1 + 10 * np.abs(measured)))
    if not wrong.any():
        return None
    error = np.where(np.isfinite(got), np.abs(got - measured), np.inf)
    worst = tuple(int(i) for i in np.unravel_index(np.argmax(error), error.shape))
    place = f" at [{', '.join(map(str, worst))}]" if worst else ""
    whole = got.dtype.kind == "i"
    cause, detail = ("integers", "") if whole else diagnose(got, measured, sizes)
    return _with_cause(
        f"the gradient for {_named(name)} is wrong in {int(wrong.sum())} of {wrong.size} places; "
        f"worst{place}: {float(got[worst]):.6g} came, {float(measured[worst]):.6g} was measured",
        cause,
        detail,
    )


def _named(what: str) -> str:
    """An argument's name as code, other words as they are."""
    return f"`{what}`" if what.isidentifier() else what


def _with_cause(text: str, cause: str, detail: str = "") -> str:
    words = _WORDS[cause]
    if not words:
        return text
    if cause == "factor":
        words += f" (it is {detail.split()[-1]} times too large)"
    elif "N =" in detail:
        words += detail[detail.index(" (") :]
    return f"{text}. Likely cause: {words}{', and the sign' if 'sign' in detail else ''}"
