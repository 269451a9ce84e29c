"""Many numbers to one: sums, means, extremes, along any axes.

Adds to `elementwise`: results smaller than their inputs, whose gradients spread out again. `dim` is
PyTorch's word for axis. Taught in lesson 05.

Differs from PyTorch: cumsum takes no dtype; NumPy warns at the mean of nothing.
"""

import builtins
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from course_lib.tensor.arithmetic import maximum, minimum
from course_lib.tensor.creation import DType, Number, Operand, need_float, to
from course_lib.tensor.elementwise import sqrt
from course_lib.tensor.engine import Array, Tensor

Dims: TypeAlias = int | Sequence[int] | None


class Extremes(NamedTuple):
    """What max and min along one axis return: the values, and where they were found."""

    values: Tensor
    indices: Tensor


def axes(op: str, a: Tensor, dim: Dims) -> tuple[int, ...]:
    """The axes that dim names, counted from 0; every axis when dim is None or empty.

    Raises:
        IndexError: an axis is out of range.
        ValueError: an axis is named twice.
    """
    ndim = a.data.ndim
    dims = (dim,) if isinstance(dim, (int, np.integer)) else tuple(dim or range(ndim))
    for d in dims:
        if not -ndim <= d < ndim and d not in (-1, 0):  # a number passes as having one axis
            raise IndexError(f"{op}: dim {d} is out of range for shape {a.data.shape}")
    found = tuple(d % ndim for d in dims) if ndim else ()
    if len(set(found)) < len(found):
        raise ValueError(f"{op}: dim {dim} names an axis twice, for shape {a.data.shape}")
    return found


def sum(a: Tensor, dim: Dims = None, keepdim: bool = False, dtype: DType = None) -> Tensor:
    """Sum along dim. Integers and booleans add up in int64. VJP: grad, spread over the summed."""
    if dtype is not None:
        a = to(a, dtype)
    over = axes("sum", a, dim)
    wide = np.int64 if a.data.dtype.kind in "biu" else None
    value = a.data.sum(axis=over, keepdims=keepdim, dtype=wide)
    shape = a.data.shape
    return Tensor.from_op(
        value, (a,), lambda grad: np.broadcast_to(_spread(grad, over, keepdim), shape)
    )


def mean(a: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Sum divided by how many were summed, n. VJP: grad / n, spread over the summed."""
    need_float("mean", a)
    over = axes("mean", a, dim)
    shape, n = a.data.shape, _count(a, over)
    value = a.data.sum(axis=over, keepdims=keepdim) / n
    each = 1 / builtins.max(n, 1)
    return Tensor.from_op(
        value, (a,), lambda grad: np.broadcast_to(_spread(grad, over, keepdim) * each, shape)
    )


def var(
    a: Tensor,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Number = 1,
) -> Tensor:
    """Mean squared distance from the mean, divided by n - correction.

    The default estimates the variance behind a sample; correction=0 (or unbiased=False) describes
    the sample itself, and is what layer and batch norm use.

    VJP: grad * 2 * (a - mean) / (n - correction).
    """
    need_float("var", a)
    over = axes("var", a, dim)
    if unbiased is not None:
        correction = int(unbiased)
    n = _count(a, over)
    divisor = np.asarray(builtins.max(n - correction, 0), dtype=a.data.dtype)
    centred = a.data - a.data.sum(axis=over, keepdims=True) / builtins.max(n, 1)
    value = (centred * centred).sum(axis=over, keepdims=keepdim) / divisor
    return Tensor.from_op(
        value, (a,), lambda grad: centred * (_spread(grad, over, keepdim) * (2 / divisor))
    )


def std(
    a: Tensor,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Number = 1,
) -> Tensor:
    """Square root of `var`, and its rule follows from those two."""
    return sqrt(var(a, dim, unbiased, keepdim, correction=correction))


def amax(a: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Largest along dim. VJP: grad to the largest; those that tie share it evenly."""
    return _extreme("amax", np.maximum, a, dim, keepdim)


def amin(a: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Smallest along dim. VJP: grad to the smallest; those that tie share it evenly."""
    return _extreme("amin", np.minimum, a, dim, keepdim)


def max(a: Tensor, dim: int | Operand | None = None, keepdim: bool = False) -> Any:
    """Largest of all; along one axis, values and indices; or, given a tensor, `maximum`.

    VJP: of all: shared evenly in a tie, as in `amax`; along an axis: grad to the index returned,
    which is the first of those that tie.
    """
    if dim is None:
        return amax(a)
    if isinstance(dim, (int, np.integer)):
        return _pick("max", argmax(a, int(dim), True), a, int(dim), keepdim)
    return maximum(a, dim)


def min(a: Tensor, dim: int | Operand | None = None, keepdim: bool = False) -> Any:
    """Smallest of all; along one axis, values and indices; or, given a tensor, `minimum`.

    VJP: as in `max`.
    """
    if dim is None:
        return amin(a)
    if isinstance(dim, (int, np.integer)):
        return _pick("min", argmin(a, int(dim), True), a, int(dim), keepdim)
    return minimum(a, dim)


def argmax(a: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Index of the largest, the first in a tie; without dim, in the flattened tensor."""
    return _arg("argmax", np.argmax, a, dim, keepdim)


def argmin(a: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Index of the smallest, the first in a tie; without dim, in the flattened tensor."""
    return _arg("argmin", np.argmin, a, dim, keepdim)


def cumsum(a: Tensor, dim: int) -> Tensor:
    """Running sum along dim. VJP: the running sum of grad from the other end."""
    (axis,) = axes("cumsum", a, dim) or (None,)
    if axis is None:
        return sum(a)
    wide = np.int64 if a.data.dtype.kind in "biu" else None
    value = np.cumsum(a.data, axis=axis, dtype=wide)
    return Tensor.from_op(
        value, (a,), lambda grad: np.flip(np.cumsum(np.flip(grad, axis), axis=axis), axis)
    )


def all(a: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Whether every element is true (not zero)."""
    return Tensor(np.all(a.data, axis=axes("all", a, dim), keepdims=keepdim))


def any(a: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Whether at least one element is true (not zero)."""
    return Tensor(np.any(a.data, axis=axes("any", a, dim), keepdims=keepdim))


def _count(a: Tensor, over: tuple[int, ...]) -> int:
    """How many elements go into each result."""
    n = 1
    for axis in over:
        n *= a.data.shape[axis]
    return n


def _spread(grad: Array, over: tuple[int, ...], keepdim: bool) -> Array:
    """Give back to a gradient the axes that a reduction took away, with length 1."""
    return grad if keepdim or not over else np.expand_dims(grad, over)


def _need_elements(op: str, a: Tensor, over: tuple[int, ...]) -> None:
    if _count(a, over) == 0:
        raise IndexError(f"{op}: nothing to choose from along axes {over} of shape {a.data.shape}")


def _extreme(op: str, ufunc: np.ufunc, a: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    """The work of amax and amin."""
    over = axes(op, a, dim)
    _need_elements(op, a, over)
    kept = np.asarray(ufunc.reduce(a.data, axis=over, keepdims=True))
    value = (
        kept if keepdim else kept.reshape([n for i, n in enumerate(a.data.shape) if i not in over])
    )
    return Tensor.from_op(
        value, (a,), lambda grad: _share(a.data == kept, _spread(grad, over, keepdim), over)
    )


def _share(winners: Any, grad: Array, over: tuple[int, ...]) -> Any:
    """Divide each gradient evenly among the winners it belongs to."""
    return winners * (grad / winners.sum(axis=over, keepdims=True).astype(grad.dtype))


def _arg(op: str, function: Any, a: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    """The work of argmax and argmin."""
    over = axes(op, a, dim)
    _need_elements(op, a, over)
    axis = None if dim is None or not over else over[0]
    return Tensor(function(a.data, axis=axis, keepdims=keepdim).astype(np.int64))


def _pick(op: str, kept: Tensor, a: Tensor, dim: int, keepdim: bool) -> Extremes:
    """The work of max and min along one axis: the elements at the indices found."""
    if a.data.ndim == 0:
        return Extremes(Tensor.from_op(a.data, (a,), lambda grad: grad), kept)
    values = np.take_along_axis(a.data, kept.data, dim)
    found = kept if keepdim else Tensor(kept.data.squeeze(dim))
    return Extremes(
        Tensor.from_op(
            values if keepdim else values.squeeze(dim),
            (a,),
            lambda grad: _put(grad if keepdim else np.expand_dims(grad, dim), kept.data, dim, a),
        ),
        found,
    )


def _put(grad: Array, index: Array, dim: int, like: Tensor) -> Array:
    """Zeros but for grad at the indices along dim."""
    full = np.zeros_like(like.data, dtype=grad.dtype)
    np.put_along_axis(full, index, grad, dim)
    return full
