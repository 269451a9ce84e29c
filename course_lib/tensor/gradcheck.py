"""A gradient checker that explains: not only that a gradient is wrong, but where and probably why.

Adds to the operations: evidence that a rule is right, by comparing it with the slope that is
measured when each input is nudged up and down, in float64. Taught in lesson 05.

Differs from PyTorch: inputs are converted to float64; the cause of a mismatch is guessed; an output
of many numbers is checked in one weighted sum rather than number by number.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from course_lib.tensor.backward import unbroadcast
from course_lib.tensor.engine import Array, Tensor
from course_lib.tensor.grad_mode import no_grad

CAUSES = {
    "shape": "the gradient must have the shape of the input",
    "not finite": "the gradient holds nan or infinity: a division by 0, a log of 0, an overflow?",
    "no gradient": "nothing arrives: was the graph cut by detach, no_grad or .data?",
    "not deterministic": "two calls differ: draw random numbers once, outside",
    "precision": "something computes in float32: keep float64 while checking",
    "kink": "the function has a corner here, with another slope on each side: move away",
    "sign": "right size, opposite direction",
    "transposed": "right numbers in swapped axes: transpose the gradient",
    "missing sum": "what broadcasting repeated has to be summed: add up over the axes it stretched",
    "factor 2": "twice too large: a square differentiated twice, or both halves counted?",
    "factor 1/2": "half of what it should be: the 2 from a square, or one of two uses, forgotten?",
    "factor N": "too large by a count: the function takes a mean, the gradient that of a sum",
    "factor 1/N": "too small by a count: the function takes a sum, the gradient that of a mean",
    "factor": "right direction everywhere, wrong size: a constant is missing or too many",
    "some places": "right elsewhere: look at what sets these places apart (ties, repeats, edges)",
    "unknown": "no pattern that is known here: check the derivation, then each step of the rule",
}


@dataclass(frozen=True)
class Mismatch:
    """Where a gradient is wrong, by how much, and the likely cause: a key of CAUSES, and a text."""

    input: int
    index: tuple[int, ...]
    got: float
    expected: float
    wrong: int
    total: int
    cause: str
    detail: str = ""

    def __str__(self) -> str:
        where = ", ".join(str(i) for i in self.index)
        return (
            f"gradient of input {self.input} is wrong in {self.wrong} of {self.total} places; "
            f"worst at [{where}]: got {self.got:.6g}, measured {self.expected:.6g}. "
            f"Likely cause: {self.cause}{self.detail}: {CAUSES[self.cause]}."
        )


class GradcheckError(RuntimeError):
    """A gradient is wrong; `mismatch` says where, and probably why."""

    def __init__(self, mismatch: Mismatch) -> None:
        super().__init__(str(mismatch))
        self.mismatch = mismatch


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
) -> bool:
    """Whether func's gradients agree with measured slopes, for all inputs that require grad.

    func takes the inputs and returns a tensor, or a tuple of them. A gradient agrees when it is
    within atol + rtol * |slope| of (f(x + eps) - f(x - eps)) / (2 * eps).

    Raises:
        GradcheckError: a gradient is wrong, unless raise_exception is false; the message explains.
        ValueError: no input requires grad.
    """
    mismatch = explain(func, inputs, eps=eps, atol=atol, rtol=rtol)
    if mismatch is not None and raise_exception:
        raise GradcheckError(mismatch)
    return mismatch is None


def explain(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
) -> Mismatch | None:
    """The first input whose gradient is wrong, with the likely cause; None when all are right."""
    args = [_in_float64(x) for x in ([inputs] if isinstance(inputs, Tensor) else inputs)]
    checked = [i for i, x in enumerate(args) if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        raise ValueError("gradcheck: no input requires grad, so there is nothing to check")
    loss, sizes, dtypes = _weighted_sum(func, args)
    for i in checked:
        sizes |= dict.fromkeys(args[i].shape, "a length of the input") | {args[i].data.size: "size"}
    if loss.requires_grad:
        loss.backward()
    for i in checked:
        x = args[i].data
        got = np.zeros_like(x) if args[i].grad is None else args[i].grad
        measure = _measurer(func, args, i)
        expected = numerical_gradient(measure, x, eps)
        wrong = _wrong(got, expected, atol, rtol)
        if wrong.any():
            cause = _from_behaviour(measure, x, got, wrong, dtypes, eps)
            return _mismatch(i, got, expected, wrong, cause or diagnose(got, expected, sizes))
    return None


def numerical_gradient(function: Callable[[Array], float], x: Array, eps: float = 1e-6) -> Array:
    """Slope of a function of one array in each of its elements, by central differences in float64.

    >>> numerical_gradient(lambda x: float((x**2).sum()), np.array([1.0, -3.0])).round(6)
    array([ 2., -6.])
    """
    x = np.array(x, dtype=np.float64)
    slopes = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        centre = x[index]
        x[index] = centre + eps
        above = function(x)
        x[index] = centre - eps
        below = function(x)
        x[index] = centre
        slopes[index] = (above - below) / (2 * eps)
    return slopes


def diagnose(
    got: Array, expected: Array, sizes: Mapping[int, str] | None = None, rtol: float = 1e-3
) -> tuple[str, str]:
    """The likely cause (a key of CAUSES) why `got` is not `expected`, and a detail.

    Works on plain arrays, also of different shapes. sizes says which counts could be a factor N.
    """
    if got.shape != expected.shape:
        return _from_shapes(got, expected, rtol)
    if not np.isfinite(got).all():
        return "not finite", ""
    if not got.any():
        return "no gradient", ""
    factor = _common_factor(got, expected, rtol)
    if factor is not None and got.size > 1:
        return _name_factor(factor, sizes or {})
    if _is_transposed(got, expected, rtol):
        return "transposed", ""
    if factor is not None:
        return _name_factor(factor, sizes or {})
    right = ~_wrong(got, expected, 1e-9, rtol)
    return ("some places", "") if right.sum() * 2 >= right.size else ("unknown", "")


def _in_float64(x: Any) -> Any:
    """A leaf of our own for each float tensor; anything else as it is."""
    if isinstance(x, Tensor) and x.data.dtype.kind == "f":
        return Tensor(x.data.astype(np.float64), requires_grad=x.requires_grad)
    return x


def _weighted_sum(
    func: Callable[..., Any], args: Sequence[Any]
) -> tuple[Any, dict[int, str], set[Any]]:
    """One number from all outputs; their lengths, by name; and their dtypes.

    The weights differ, so that errors which cancel in a plain sum do not cancel here.
    """
    outputs = func(*args)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    rng = np.random.default_rng(0)
    total: Any = 0.0
    sizes: dict[int, str] = {}
    for out in outputs:
        weights = rng.uniform(0.5, 1.5, out.shape) if out.data.size > 1 else np.ones(out.shape)
        total = total + (out * weights).sum()
        sizes |= dict.fromkeys(out.shape, "a length of the output")
    return total, sizes, {out.dtype for out in outputs}


def _measurer(func: Callable[..., Any], args: Sequence[Any], i: int) -> Callable[..., float]:
    """The weighted sum of func's outputs, as a function of input i alone."""
    others = list(args)

    def measure(x: Array) -> float:
        others[i] = Tensor(x)
        with no_grad():
            return float(_weighted_sum(func, others)[0].item())

    return measure


def _from_behaviour(
    measure: Callable[[Array], float],
    x: Array,
    got: Array,
    wrong: Array,
    dtypes: set[Any],
    eps: float,
) -> tuple[str, str] | None:
    """A cause that shows when the function is called again: chance, rounding, a corner."""
    if measure(x) != measure(x):
        return "not deterministic", ""
    if dtypes != {np.dtype(np.float64)}:
        return "precision", f" (the output is {', '.join(map(str, dtypes))})"
    if not np.isfinite(got).all():
        return None
    if _has_corners(measure, x, wrong, eps):
        return "kink", f" (at input {x[wrong].flat[0]:.4g})"
    coarse = numerical_gradient(measure, x, 1e-2)  # large steps drown rounding
    return ("precision", "") if not _wrong(got, coarse, 1e-2, 5e-2).any() else None


def _has_corners(measure: Callable[[Array], float], x: Array, wrong: Array, eps: float) -> bool:
    """Whether, at every wrong place, the slopes to the left and to the right differ."""
    centre = measure(x)
    for index in np.argwhere(wrong):
        nudge = np.zeros_like(x)
        nudge[tuple(index)] = eps
        right, left = (measure(x + nudge) - centre) / eps, (centre - measure(x - nudge)) / eps
        if abs(right - left) <= 0.05 * max(abs(right), abs(left)):
            return False
    return True


def _from_shapes(got: Array, expected: Array, rtol: float) -> tuple[str, str]:
    """The cause when not even the shape is right."""
    detail = f" (got {got.shape}, expected {expected.shape})"
    if _is_transposed(got, expected, rtol):
        return "transposed", detail
    try:
        summed = unbroadcast(got, expected.shape)
    except ValueError:
        return "shape", detail
    same = not _wrong(summed, expected, 1e-9, rtol).any()
    return "missing sum" if same else "shape", detail


def _is_transposed(got: Array, expected: Array, rtol: float) -> bool:
    """Whether some other order of the axes makes got right."""
    if not 2 <= got.ndim <= 4:
        return False
    for order in permutations(range(got.ndim)):
        turned = got.transpose(order)
        if turned.shape == expected.shape and not _wrong(turned, expected, 1e-9, rtol).any():
            return True
    return False


def _common_factor(got: Array, expected: Array, rtol: float) -> float | None:
    """The number c for which got is c * expected everywhere, if there is one."""
    norm = float((expected * expected).sum())
    if norm == 0:
        return None
    factor = float((got * expected).sum()) / norm
    if _wrong(got, factor * expected, rtol * float(np.abs(got).max()), rtol).any():
        return None
    return factor


def _name_factor(factor: float, sizes: Mapping[int, str]) -> tuple[str, str]:
    """What a gradient that is wrong by this factor suggests."""
    sign = " and sign" if factor < 0 else ""
    size = abs(factor)
    if factor < 0 and np.isclose(size, 1, rtol=1e-2):
        return "sign", ""
    for n, name in sizes.items():
        if n > 2 and np.isclose(size, n, rtol=1e-2):
            return "factor N", f"{sign} (N = {n}, {name})"
        if n > 2 and np.isclose(size * n, 1, rtol=1e-2):
            return "factor 1/N", f"{sign} (N = {n}, {name})"
    if np.isclose(size, 2, rtol=1e-2):
        return "factor 2", sign
    if np.isclose(size, 0.5, rtol=1e-2):
        return "factor 1/2", sign
    return "factor", f"{sign} {factor:.4g}"


def _wrong(got: Array, expected: Array, atol: float, rtol: float) -> Array:
    """Where the two differ by more than the tolerance; nan is always wrong."""
    return ~(np.abs(got - expected) <= atol + rtol * np.abs(expected))


def _mismatch(
    i: int, got: Array, expected: Array, wrong: Array, cause: tuple[str, str]
) -> Mismatch:
    """A report on the worst place."""
    error = np.where(np.isfinite(got), np.abs(got - expected), np.inf)
    worst = tuple(int(n) for n in np.unravel_index(np.argmax(error), error.shape))
    count = int(wrong.sum())
    return Mismatch(i, worst, float(got[worst]), float(expected[worst]), count, got.size, *cause)
