"""Exercise: a gradient check that says where a gradient is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grader.checks.l05_tensors.drawing import numbers
from grader.compare import describe, difference
from grader.exercise import Criterion, Exercise, Misconception, Trial
from grader.probe import Inputs

Array = np.ndarray
Function = Callable[[Array], Any]


def worst_place(f: Function, x: Array, grad: Array, eps: float = 1e-5) -> tuple[Any, Any, Any]:
    """Where grad is farthest from the measured slope of f at x: (index, claimed, measured)."""
    measured = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        nudge = np.zeros(x.shape)
        nudge[index] = eps
        measured[index] = (f(x + nudge) - f(x - nudge)) / (2 * eps)
    worst = np.unravel_index(np.argmax(np.abs(grad - measured)), x.shape)
    return worst, grad[worst], measured[worst]


def on_a_squared_sum(worst_place: Any, power: Any, weights: Any, x: Any, grad: Any) -> Any:
    """Check f(x) = (weights * x**power).sum() ** 2 / 8. Travels as source."""

    def f(x):  # type: ignore[no-untyped-def]
        return (weights * x**power).sum() ** 2 / 8

    found = worst_place(f, x, grad)
    if type(found) not in (tuple, list) or len(found) != 3:
        return found
    index, claimed, measured = found
    return tuple(index) if np.ndim(index) == 1 else index, claimed, measured


def worst_place_cases(rng: np.random.Generator) -> list[Inputs]:
    """Gradients with two mistakes of opposite sign, in one, two and three axes; float32 at last."""
    shapes = [(3,), (2, 3), (5, 2), (3, 2, 4)]
    cases = [
        _case(rng, shape, power, sign) for shape in shapes for power, sign in [(2, -1), (3, 1)]
    ]
    for shape in [(4,), (2, 3)]:
        power, weights, x, grad = _case(rng, shape, 2, -1)
        cases.append((power, weights, x.astype(np.float32), grad))
    return cases


def _case(rng: np.random.Generator, shape: tuple[int, ...], power: int, sign: int) -> Inputs:
    """Four places that differ: the worst, the worst in proportion, the steepest, the best."""
    while True:
        weights, x = numbers(rng, *shape), numbers(rng, *shape)
        slopes = _slopes(weights, x, power)
        if np.abs(slopes).min() < 0.1:
            continue
        small, *_, large, _steepest = np.argsort(np.abs(slopes), axis=None)
        grad = slopes.copy()
        grad.flat[large] += sign * 0.7
        grad.flat[small] -= sign * 0.4
        off = np.abs(grad - slopes)
        others = (np.abs(slopes), np.abs(grad), off / np.abs(slopes), off / np.abs(grad), -off)
        if all(np.argmax(other) != np.argmax(off) for other in others):
            return power, weights, x, grad


def _slopes(weights: Array, x: Array, power: int) -> Array:
    """The exact gradient; every slope depends on all numbers of x, so a nudge left behind shows."""
    x = np.asarray(x, dtype=float)
    return np.asarray((weights * x**power).sum() / 4 * weights * power * x ** (power - 1))


class _Item(Criterion):
    """One item of (index, claimed, measured)."""

    at: int

    def complaint(self, trial: Trial) -> str | None:
        came = trial.observed.result
        if not isinstance(came, tuple) or len(came) != 3:
            return f"(index, claimed, measured) was required, {describe(came)} came"
        power, weights, x, grad = trial.inputs
        slopes = _slopes(weights, x, power)
        worst = np.unravel_index(np.argmax(np.abs(grad - slopes)), x.shape)
        if self.at == 0:
            return _wrong_index(came[0], tuple(map(int, worst)), x.ndim)
        what = ("index", "claimed", "measured")[self.at]
        wanted = (grad if self.at == 1 else slopes)[worst]
        fine = 1e-6 if self.at == 2 else 1e-9
        return difference(came[self.at], float(wanted), rtol=fine, atol=fine, where=f"`{what}`")

    def view(self, result: Any) -> Any:
        return result[self.at] if isinstance(result, tuple) and len(result) == 3 else result


class _Index(_Item):
    at = 0


class _Claimed(_Item):
    at = 1


class _Measured(_Item):
    at = 2


def _wrong_index(came: Any, worst: tuple[int, ...], ndim: int) -> str | None:
    """Accepts a bare number for one axis."""
    parts = came if isinstance(came, tuple) else (came,)
    if any(not isinstance(i, int | np.ndarray) or np.asarray(i).dtype.kind != "i" for i in parts):
        return f"an index was required, one whole number for each axis; {describe(came)} came"
    if len(parts) != ndim:
        return (
            f"an index with {ndim} numbers was required, one for each axis; {len(parts)} came "
            "(`np.unravel_index` makes one of a position in the flattened array)"
        )
    found = tuple(int(np.asarray(i)) for i in parts)
    shown, wanted = (list(i) for i in (found, worst))
    return None if found == worst else f"the gradient is farthest off at {wanted}; {shown} came"


def worst_place_in_place(f: Function, x: Array, grad: Array, eps: float = 1e-5) -> Any:
    """Nudge a copy, and keep the worst so far."""
    x = x.astype(float)
    best: tuple[Any, ...] = ()
    for index in np.ndindex(*x.shape):
        old = x[index]
        x[index] = old + eps
        up = f(x)
        x[index] = old - eps
        slope = (up - f(x)) / 2 / eps
        x[index] = old
        if not best or abs(grad[index] - slope) > abs(best[1] - best[2]):
            best = index, float(grad[index]), float(slope)
    return best


def worst_place_flat(f: Function, x: Array, grad: Array, eps: float = 1e-6) -> Any:
    """Each row of a unit matrix is one nudge."""
    nudges = eps * np.eye(x.size).reshape(-1, *x.shape)
    slopes = np.array([(f(x + n) - f(x - n)) / (2 * eps) for n in nudges])
    i = int(np.abs(slopes - grad.ravel()).argmax())
    return np.unravel_index(i, x.shape), grad.ravel()[i], slopes[i]


def _varied(
    nudged: Callable[..., Any] | None = None,
    off: Callable[..., Array] | None = None,
    answer: Callable[..., Any] | None = None,
) -> Callable[..., Any]:
    """The check with one of its parts exchanged."""

    def wrong(f: Function, x: Array, grad: Array, eps: float = 1e-5) -> Any:
        measured = np.zeros(x.shape)
        for index in np.ndindex(*x.shape):
            nudge = np.zeros(x.shape)
            nudge[index] = eps
            slope = (f(x + nudge) - f(x - nudge)) / (2 * eps)
            measured[index] = nudged(f, x, nudge, eps) if nudged else slope
        flat = np.argmax((off or (lambda g, m: np.abs(g - m)))(grad, measured))
        worst = np.unravel_index(flat, x.shape)
        found = worst, grad[worst], measured[worst]
        return answer(found, flat, grad, measured) if answer else found

    return wrong


def _nudges_left_behind(f: Function, x: Array, grad: Array, eps: float = 1e-5) -> Any:
    x = x.astype(float)
    measured = np.zeros(x.shape)
    for index in np.ndindex(*x.shape):
        x[index] += eps
        up = f(x)
        x[index] -= 2 * eps
        measured[index] = (up - f(x)) / (2 * eps)
    worst = np.unravel_index(np.argmax(np.abs(grad - measured)), x.shape)
    return worst, grad[worst], measured[worst]


def _rows_nudged(f: Function, x: Array, grad: Array, eps: float = 1e-5) -> Any:
    measured = np.zeros(x.shape)
    for i in range(len(x)):
        nudge = np.zeros(x.shape)
        nudge[i] = eps
        measured[i] = (f(x + nudge) - f(x - nudge)) / (2 * eps)
    worst = np.unravel_index(np.argmax(np.abs(grad - measured)), x.shape)
    return worst, grad[worst], measured[worst]


def _in_float32(f: Function, x: Array, nudge: Array, eps: float) -> Any:
    up, down = ((x + sign * nudge).astype(x.dtype) for sign in (1, -1))
    return (f(up) - f(down)) / (2 * eps)


def _right_only_in_float64(trials: Sequence[Trial]) -> bool:
    """Every float64 input is measured well; float32 inputs are not, by more than one rounding."""
    close: dict[bool, list[bool]] = {True: [], False: []}
    for trial in trials:
        *_, measured = trial.observed.result
        *_, wanted = trial.expected.result
        wide = bool(trial.inputs[2].dtype == np.float64)
        close[wide].append(bool(np.isclose(measured, wanted, rtol=1e-6 if wide else 1e-5)))
    return all(close[True]) and not all(close[False])


WORST_PLACE = Exercise(
    id="tensors.worst_place",
    lesson="05_tensors",
    title="A gradient check that says where",
    points=3,
    reference=worst_place,
    cases=worst_place_cases,
    probe=on_a_squared_sum,
    criteria=[
        _Measured(
            "measures the slope there, in both directions",
            where=lambda power, weights, x, grad: x.dtype == np.float64,
            essential=True,
        ),
        _Index(
            "finds the place that is farthest off",
            where=lambda power, weights, x, grad: x.dtype == np.float64,
        ),
        _Claimed(
            "quotes what the gradient claims there",
            where=lambda power, weights, x, grad: x.dtype == np.float64,
        ),
        _Measured(
            "measures in float64, also when `x` is float32",
            where=lambda power, weights, x, grad: x.dtype == np.float32,
        ),
    ],
    misconceptions=[
        Misconception(
            "one_sided",
            _varied(nudged=lambda f, x, nudge, eps: (f(x + nudge) - f(x)) / eps),
            "This nudges upwards only. On a curve that is wrong by about eps; nudging up *and* "
            "down cancels most of that error: `(f(x + nudge) - f(x - nudge)) / (2 * eps)`.",
        ),
        Misconception(
            "two_forgotten",
            _varied(nudged=lambda f, x, nudge, eps: (f(x + nudge) - f(x - nudge)) / eps),
            "From `x - nudge` to `x + nudge` is a way of `2 * eps`. This divides by `eps`, so "
            "every slope is doubled.",
        ),
        Misconception(
            "not_divided",
            _varied(nudged=lambda f, x, nudge, eps: f(x + nudge) - f(x - nudge)),
            "This is how much `f` changed. A slope is that per length of the way: divide by "
            "`2 * eps`.",
        ),
        Misconception(
            "all_nudged_at_once",
            _varied(nudged=lambda f, x, nudge, eps: (f(x + eps) - f(x - eps)) / (2 * eps)),
            "`x + eps` nudges *every* number, so what is measured is the sum of all slopes. Nudge "
            "one number at a time: an array of zeros with `eps` at one index.",
        ),
        Misconception(
            "rows_nudged",
            _rows_nudged,
            "A loop over `len(x)` goes along the first axis only, so in a matrix it nudges whole "
            "rows. `np.ndindex(x.shape)` gives the index of every single number.",
        ),
        Misconception(
            "nudges_left_behind",
            _nudges_left_behind,
            "A nudge is not taken back, so the next number is measured at another place. After "
            "`+= eps` and `-= 2 * eps` the old value has to return; a fresh copy for each nudge "
            "is safest.",
        ),
        Misconception(
            "minus_for_plus",
            _varied(nudged=lambda f, x, nudge, eps: (f(x - nudge) - f(x + nudge)) / (2 * eps)),
            "The two sides are exchanged, so every slope has the wrong sign: up minus down.",
        ),
        Misconception(
            "float32_steps",
            _varied(nudged=_in_float32),
            "Right in float64. But float32 has about 7 digits, so a nudge of 1e-5 is rounded, and "
            "the slope is noise. Work on a float64 copy: `x.astype(float)`.",
            when=_right_only_in_float64,
        ),
        Misconception(
            "sign_counts",
            _varied(off=lambda grad, measured: grad - measured),
            "Only gradients that are too *large* are found. One that is too small is off as well: "
            "compare the absolute difference, `np.abs(grad - measured)`.",
        ),
        Misconception(
            "sign_counts_the_other_way",
            _varied(off=lambda grad, measured: measured - grad),
            "Only gradients that are too *small* are found. One that is too large is off as well: "
            "compare the absolute difference, `np.abs(grad - measured)`.",
        ),
        Misconception(
            "largest_gradient",
            _varied(off=lambda grad, measured: np.abs(measured)),
            "This finds the steepest place, not the one where claim and measurement differ most.",
        ),
        Misconception(
            "relative_difference",
            _varied(off=lambda grad, measured: np.abs(grad - measured) / np.abs(measured)),
            "This finds the largest difference *relative* to the slope. That is a good question "
            "too; asked for is the largest difference itself.",
        ),
        Misconception(
            "closest_place",
            _varied(off=lambda grad, measured: -np.abs(grad - measured)),
            "This finds the place where the gradient is *best*. The worst one has the largest "
            "difference: `argmax`.",
        ),
        Misconception(
            "flat_index",
            _varied(answer=lambda found, flat, grad, measured: (flat, *found[1:])),
            "The index counts through the flattened array. `np.unravel_index(i, x.shape)` turns "
            "that into one number for each axis.",
        ),
        Misconception(
            "claim_and_measurement_swapped",
            _varied(answer=lambda found, flat, grad, measured: (found[0], found[2], found[1])),
            "Claim and measurement are exchanged: first the number from `grad`, then the slope.",
        ),
        Misconception(
            "difference_for_measurement",
            _varied(answer=lambda found, *rest: (found[0], found[1], found[1] - found[2])),
            "The third item is the difference. Give the slope that was measured: a reader wants to "
            "see both numbers.",
        ),
    ],
    alternatives=[worst_place_in_place, worst_place_flat],
    hints=[
        "Lesson 4 nudged one number. Do that for each index of `x`: `for index in "
        "np.ndindex(x.shape):` gives them all.",
        "`nudge = np.zeros(x.shape)`, then `nudge[index] = eps`. The slope there is "
        "`(f(x + nudge) - f(x - nudge)) / (2 * eps)`; keep it in `measured[index]`.",
        "`np.argmax(np.abs(grad - measured))` counts through the flattened array; "
        "`np.unravel_index(..., x.shape)` makes an index of it.",
    ],
)
