"""Softmax and its logarithms, along one axis.

Adds to `product`: fused operations. Each could be written with exp, sum and division; written as
one, it makes fewer passes over the data and keeps fewer arrays for backward. Taught in lesson 05.
"""

from typing import TypeAlias

import numpy as np

from course_lib.tensor.creation import need_float
from course_lib.tensor.engine import Array, Tensor
from course_lib.tensor.reductions import Dims, axes

Axis: TypeAlias = int | tuple[int, ...]  # a tensor without axes has (), and nothing to reduce


def softmax(a: Tensor, dim: int) -> Tensor:
    """exp(a) divided by its sum along dim: positive numbers that add up to 1.

    The maximum is subtracted first, which changes nothing but keeps exp from overflowing.

    VJP: value * (grad - sum(grad * value)).
    """
    need_float("softmax", a)
    axis = axes("softmax", a, dim)
    value = np.subtract(a.data, largest(a.data, axis), out=np.empty_like(a.data))
    np.exp(value, out=value)
    value /= total(value, axis)
    return Tensor.from_op(value, (a,), lambda grad: softmax_vjp(grad, value, axis))


def log_softmax(a: Tensor, dim: int) -> Tensor:
    """Logarithm of softmax, exact where softmax itself would round to 0.

    VJP: grad - softmax(a) * sum(grad).
    """
    need_float("log_softmax", a)
    axis = axes("log_softmax", a, dim)
    value = a.data - largest(a.data, axis)
    value = value - np.log(total(np.exp(value), axis))
    return Tensor.from_op(value, (a,), lambda grad: grad - np.exp(value) * total(grad, axis))


def logsumexp(a: Tensor, dim: Dims, keepdim: bool = False) -> Tensor:
    """Logarithm of the sum of exp(a) along dim, safe from overflow. VJP: grad * softmax(a)."""
    need_float("logsumexp", a)
    over = axes("logsumexp", a, dim)
    top = largest(a.data, over)
    shift = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):  # nothing to sum gives -inf, as it should
        kept = np.log(total(np.exp(a.data - shift), over)) + shift
    return Tensor.from_op(
        kept if keepdim else kept.squeeze(over),
        (a,),
        lambda grad: np.exp(a.data - kept) * grad.reshape(kept.shape),
    )


def softmax_vjp(grad: Array, value: Array, axis: Axis) -> Array:
    """Value * (grad - sum(grad * value)), in an array of its own."""
    product = np.multiply(grad, value, out=np.empty_like(value))
    product -= value * total(product, axis)
    return product


def largest(x: Array, axis: Axis) -> Array:
    """Largest along an axis, which is kept; -inf where there is none."""
    return np.asarray(x.max(axis=axis, keepdims=True, initial=-np.inf))


def total(x: Array | np.generic, axis: Axis) -> Array:
    """Sum along an axis, which is kept."""
    return np.asarray(x.sum(axis=axis, keepdims=True))
