"""Arithmetic, element by element, with broadcasting.

Adds to `creation`: the first operations. Each is a value and, beside it, a rule (VJP) that turns
the gradient of the result into those of the operands; what broadcasting repeated, the engine sums.
A rule that would cost a pass over the data is skipped for an operand that needs no gradient.

A rule is written as a lambda: tests check the annotations of every function at each call, and a
function defined anew at each call would have to be analysed anew. Taught in lesson 05.

Differs from PyTorch: NumPy warns where a result is infinite or undefined, as in 1 / 0.
"""

from typing import Any

import numpy as np

from course_lib.tensor.creation import Number, Operand, floating, operands
from course_lib.tensor.engine import Array, Tensor


def add(a: Operand, b: Operand) -> Tensor:
    """Sum a + b. VJP: (grad, grad)."""
    x, y = operands("add", a, b)
    return Tensor.from_op(x.data + y.data, (x, y), lambda grad: (grad, grad))


def sub(a: Operand, b: Operand) -> Tensor:
    """Difference a - b. VJP: (grad, -grad)."""
    x, y = operands("sub", a, b)
    return Tensor.from_op(
        np.subtract(x.data, y.data),
        (x, y),
        lambda grad: (grad, -grad if y.requires_grad else None),
    )


def mul(a: Operand, b: Operand) -> Tensor:
    """Product a * b. VJP: (grad * b, grad * a)."""
    x, y = operands("mul", a, b)
    return Tensor.from_op(
        x.data * y.data,
        (x, y),
        lambda grad: (
            grad * y.data if x.requires_grad else None,
            grad * x.data if y.requires_grad else None,
        ),
    )


def div(a: Operand, b: Operand) -> Tensor:
    """Quotient a / b; of integers, float32. VJP: (grad / b, -grad * a / b**2)."""
    x, y = operands("div", a, b)
    x, y = floating("div", x), floating("div", y)
    value = x.data / y.data
    return Tensor.from_op(
        value,
        (x, y),
        lambda grad: (
            grad / y.data if x.requires_grad else None,
            -grad * (value / y.data) if y.requires_grad else None,
        ),
    )


def neg(a: Tensor) -> Tensor:
    """Minus a. VJP: -grad."""
    return Tensor.from_op(-a.data, (a,), lambda grad: -grad)


def pow(a: Operand, exponent: Operand) -> Tensor:
    """Power a ** exponent. VJP: (grad * exponent * a**(exponent - 1), grad * value * log(a))."""
    if isinstance(a, Tensor) and isinstance(exponent, (int, float)):
        return _pow_number(a, exponent)
    x, y = operands("pow", a, exponent)
    value = x.data**y.data
    return Tensor.from_op(
        value,
        (x, y),
        lambda grad: (
            grad * y.data * x.data ** np.where(y.data == 0, 0, y.data - 1),
            grad * value * _log_or_zero(x.data) if y.requires_grad else None,
        ),
    )


def _log_or_zero(x: Array) -> Array:
    """Natural logarithm, but 0 at 0, where no exponent changes the power 0."""
    return np.log(x, out=np.zeros_like(x), where=x != 0)


def _pow_number(a: Tensor, n: Number) -> Tensor:
    """Power with a fixed exponent. VJP: grad * n * a**(n - 1), and 0 where n is 0."""
    if isinstance(n, float):
        a = floating("pow", a)
    elif n < 0 and a.data.dtype.kind != "f":
        raise TypeError(f"pow: integers have no negative powers, got {a.data.dtype} ** {n}")
    if n == 2:  # by far the most common
        return Tensor.from_op(a.data * a.data, (a,), lambda grad: grad * a.data * 2)
    return Tensor.from_op(
        a.data**n, (a,), lambda grad: grad * (n * a.data ** (n - 1)) if n else grad * 0
    )


def maximum(a: Operand, b: Operand) -> Tensor:
    """The larger of the two. VJP: grad to the larger; in a tie, half to each."""
    x, y = operands("maximum", a, b)
    return Tensor.from_op(
        np.maximum(x.data, y.data), (x, y), lambda grad: _to_winner(grad, x.data, y.data)
    )


def minimum(a: Operand, b: Operand) -> Tensor:
    """The smaller of the two. VJP: grad to the smaller; in a tie, half to each."""
    x, y = operands("minimum", a, b)
    return Tensor.from_op(
        np.minimum(x.data, y.data), (x, y), lambda grad: _to_winner(grad, y.data, x.data)
    )


def _to_winner(grad: Array, x: Array, y: Array) -> tuple[Any, Any]:
    """Split grad: all of it to x where x is larger, half where they tie."""
    share = (x > y) + (x == y) * x.dtype.type(0.5)
    return grad * share, grad * (1 - share)


def rsub(a: Operand, b: Operand) -> Tensor:
    """Difference b - a: what `2 - x` calls on x."""
    return sub(b, a)


def rdiv(a: Operand, b: Operand) -> Tensor:
    """Quotient b / a: what `2 / x` calls on x."""
    return div(b, a)


def rpow(a: Operand, b: Operand) -> Tensor:
    """Power b ** a: what `2 ** x` calls on x."""
    return pow(b, a)
