"""Functions of one tensor, element by element.

Adds to `arithmetic`: exp, log and friends, and the activation functions, whose rules are written in
terms of the value where that is cheaper than in terms of the input. Taught in lesson 05.

Differs from PyTorch: NumPy warns where a result is infinite or undefined, as in log(0).
"""

import math
from collections.abc import Callable

import numpy as np

from course_lib.tensor.creation import Number, floating, need_float
from course_lib.tensor.engine import Array, Tensor


def exp(a: Tensor) -> Tensor:
    """Euler's number to the power a. VJP: grad * value."""
    value = np.exp(floating("exp", a).data)
    return Tensor.from_op(value, (a,), lambda grad: grad * value)


def log(a: Tensor) -> Tensor:
    """Natural logarithm. VJP: grad / a."""
    x = floating("log", a)
    return Tensor.from_op(np.log(x.data), (x,), lambda grad: grad / x.data)


def sqrt(a: Tensor) -> Tensor:
    """Square root. VJP: grad / (2 * value)."""
    value = np.sqrt(floating("sqrt", a).data)
    return Tensor.from_op(value, (a,), lambda grad: grad / (2 * value))


def rsqrt(a: Tensor) -> Tensor:
    """One over the square root. VJP: -grad * value**3 / 2."""
    value = 1 / np.sqrt(floating("rsqrt", a).data)
    return Tensor.from_op(value, (a,), lambda grad: grad * (value * value * value * -0.5))


def square(a: Tensor) -> Tensor:
    """A times itself. VJP: 2 * grad * a."""
    return Tensor.from_op(a.data * a.data, (a,), lambda grad: 2 * grad * a.data)


def reciprocal(a: Tensor) -> Tensor:
    """One over a. VJP: -grad * value**2."""
    value = 1 / floating("reciprocal", a).data
    return Tensor.from_op(value, (a,), lambda grad: -grad * (value * value))


def sin(a: Tensor) -> Tensor:
    """Sine of an angle in radians. VJP: grad * cos(a)."""
    x = floating("sin", a)
    return Tensor.from_op(np.sin(x.data), (x,), lambda grad: grad * np.cos(x.data))


def cos(a: Tensor) -> Tensor:
    """Cosine of an angle in radians. VJP: -grad * sin(a)."""
    x = floating("cos", a)
    return Tensor.from_op(np.cos(x.data), (x,), lambda grad: -grad * np.sin(x.data))


def abs(a: Tensor) -> Tensor:
    """Absolute value. VJP: grad * sign(a), which is 0 at 0."""
    return Tensor.from_op(np.abs(a.data), (a,), lambda grad: grad * np.sign(a.data))


def sign(a: Tensor) -> Tensor:
    """-1, 0 or 1. VJP: 0, since it is flat wherever it has a slope."""
    return Tensor.from_op(np.sign(a.data), (a,), lambda grad: grad * 0)


def clamp(a: Tensor, min: Number | None = None, max: Number | None = None) -> Tensor:
    """Cut off below min and above max. VJP: grad where min <= a <= max, else 0.

    Differs from PyTorch: min and max are numbers; for tensors there are `maximum` and `minimum`.
    """
    if min is None and max is None:
        raise ValueError("clamp: at least one of min and max must be given")
    low, high = -math.inf if min is None else min, math.inf if max is None else max
    value = np.clip(a.data, min, max)
    return Tensor.from_op(value, (a,), lambda grad: grad * ((a.data >= low) & (a.data <= high)))


def tanh(a: Tensor) -> Tensor:
    """Hyperbolic tangent. VJP: grad * (1 - value**2)."""
    value = np.tanh(floating("tanh", a).data)
    return Tensor.from_op(value, (a,), lambda grad: grad * (1 - value * value))


def sigmoid(a: Tensor) -> Tensor:
    """1 / (1 + exp(-a)). VJP: grad * value * (1 - value).

    Computed as (1 + tanh(a / 2)) / 2, which is the same and cannot overflow.
    """
    value = np.tanh(floating("sigmoid", a).data * 0.5)
    value = value * 0.5 + 0.5
    return Tensor.from_op(value, (a,), lambda grad: grad * (value * (1 - value)))


def relu(a: Tensor) -> Tensor:
    """The larger of a and 0. VJP: grad where a > 0, and 0 where a <= 0."""
    value = np.maximum(a.data, 0)
    return Tensor.from_op(value, (a,), lambda grad: grad * (value > 0))


def leaky_relu(a: Tensor, negative_slope: Number = 0.01) -> Tensor:
    """A where a > 0, negative_slope * a elsewhere. VJP: grad times that slope."""
    need_float("leaky_relu", a)
    slope = np.where(a.data > 0, a.data.dtype.type(1), a.data.dtype.type(negative_slope))
    return Tensor.from_op(a.data * slope, (a,), lambda grad: grad * slope)


def silu(a: Tensor) -> Tensor:
    """A * sigmoid(a), also called swish. VJP: grad * (s + value * (1 - s)), s = sigmoid(a)."""
    gate = np.tanh(floating("silu", a).data * 0.5) * 0.5 + 0.5
    value = a.data * gate
    return Tensor.from_op(value, (a,), lambda grad: grad * (gate + value * (1 - gate)))


def gelu(a: Tensor, approximate: str = "none") -> Tensor:
    """A times the chance that a standard normal number is below a.

    approximate="tanh" is GPT-2's formula, faster and within 5e-4 of the exact one.

    VJP: grad * slope, which is computed with the value, since both need the same exp or tanh.
    Source: Hendrycks and Gimpel 2016.
    """
    need_float("gelu", a)
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate must be 'none' or 'tanh', got {approximate!r}")
    formula = _gelu_tanh if approximate == "tanh" else _gelu_exact
    value, slope = _in_blocks(formula, a.data)
    return Tensor.from_op(value, (a,), lambda grad: grad * slope)


# A formula fills two arrays, and has no others where it need not: each new one costs time.
def _gelu_exact(x: Array, value: Array, slope: Array) -> None:
    """GELU and its slope: x * cdf, and cdf + x * pdf, of the standard normal distribution."""
    pdf = np.multiply(x, x, out=slope)
    pdf *= -0.5
    np.exp(pdf, out=pdf)
    pdf *= 1 / math.sqrt(2 * math.pi)
    cdf = _normal_cdf(x, pdf, out=value)
    slope *= x
    slope += cdf
    value *= x


def _gelu_tanh(x: Array, value: Array, slope: Array) -> None:
    """GELU by tanh: x * half, half = (1 + t) / 2, t = tanh(inner), inner = s * (x + c * x**3).

    Its slope is half + x / 2 * (1 - t**2) * s * (1 + 3 * c * x**2).
    """
    s, c = math.sqrt(2 / math.pi), 0.044715
    square = x * x
    inner = np.multiply(square, s * c, out=value)
    inner += s
    inner *= x
    t = np.tanh(inner, out=value)
    np.multiply(t, t, out=slope)
    slope -= 1
    square *= -0.5 * s * 3 * c
    square += -0.5 * s
    slope *= square
    slope *= x
    half = t
    half += 1
    half *= 0.5
    slope += half
    value *= x  # value holds half so far


# Abramowitz and Stegun 1964, 7.1.26, for the tail of the normal distribution: |error| < 7.5e-8.
_TAIL = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
_TAIL_OVER_PDF = tuple(a * math.sqrt(math.pi / 2) for a in _TAIL)


def _normal_cdf(x: Array, pdf: Array, out: Array) -> Array:
    """Chance that a standard normal number is below x; pdf is the density at x.

    NumPy has no error function. In float32 a classical formula is exact to the last digit or two
    and runs at NumPy's speed. In float64, where accuracy matters more, `math.erf` is called for
    each number: exact, but 20 times slower. (SciPy's would take longer to import than to run.)
    """
    if x.dtype != np.float32:
        erf = np.frompyfunc(math.erf, 1, 1)
        out[...] = 0.5 + 0.5 * erf(x * math.sqrt(0.5))
        return out
    t = np.abs(x)
    t *= 0.3275911 * math.sqrt(0.5)
    t += 1
    np.reciprocal(t, out=t)
    tail = np.multiply(t, _TAIL_OVER_PDF[-1], out=out)  # t * (a1 + t * (a2 + ...)), from inside out
    for coefficient in _TAIL_OVER_PDF[-2::-1]:
        tail += coefficient
        tail *= t
    tail *= pdf  # the chance below -|x|; above |x| it is the same
    np.copysign(np.subtract(0.5, tail, out=out), x, out=out)
    out += 0.5
    return out


def _in_blocks(
    formula: Callable[[Array, Array, Array], None], x: Array, block: int = 65_536
) -> tuple[Array, Array]:
    """Value and slope by formula(x, value, slope), in blocks that fit into the processor's cache.

    A formula of ten steps reads and writes ten arrays. When these are short, they stay in the
    cache; when they are long, each goes to main memory and back, which takes twice as long.
    """
    flat = x.reshape(-1)
    value, slope = np.empty_like(flat), np.empty_like(flat)
    for start in range(0, flat.size, block):
        part = slice(start, start + block)
        formula(flat[part], value[part], slope[part])
    return value.reshape(x.shape), slope.reshape(x.shape)
