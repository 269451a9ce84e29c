"""Where each operation is found on a Tensor: operators, and methods under PyTorch's names.

Last rung of this package: an index, and no code of its own. A function becomes a method when it is
named here; `a.sum(dim=0)` is `sum(a, dim=0)`. Taught in lesson 05.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from course_lib.tensor import (
    arithmetic,
    backward,
    comparison,
    creation,
    elementwise,
    indexing,
    inplace,
    probability,
    product,
    reductions,
    shapes,
)
from course_lib.tensor.creation import Operand
from course_lib.tensor.engine import Array, Tensor


def _item(a: Tensor) -> Any:
    """The one number in a tensor, as Python's own."""
    if a.data.size != 1:
        raise ValueError(f"item: expected one element, got shape {a.data.shape}")
    return a.data.item()


def _size(a: Tensor, dim: int | None = None) -> Any:
    """The shape, or the length of one axis."""
    return a.data.shape if dim is None else a.data.shape[dim]


def _dim(a: Tensor) -> int:
    """The number of axes, as `ndim`."""
    return a.data.ndim


def _numel(a: Tensor) -> int:
    """How many numbers there are."""
    return a.data.size


def _tolist(a: Tensor) -> Any:
    """The numbers as nested lists."""
    return a.data.tolist()


def _length(a: Tensor) -> int:
    if a.data.ndim == 0:
        raise TypeError("len() of a tensor without axes")
    return len(a.data)


def _iterate(a: Tensor) -> Iterator[Tensor]:
    return iter(shapes.unbind(a))


def _matmul_right(a: Tensor, b: Tensor | Array) -> Tensor:
    return product.matmul(b, a)


def _expand_as(a: Tensor, other: Tensor) -> Tensor:
    """Repeat to the shape of other. VJP: as expand."""
    return shapes.expand(a, other.data.shape)


def _reversed_axes(a: Tensor) -> Tensor:
    """All axes in reverse order. VJP: the same again."""
    return shapes.permute(a, *reversed(range(a.data.ndim)))


def _where(a: Tensor, condition: Tensor | Array, other: Operand) -> Tensor:
    """What is true keeps its element of a, the rest takes that of other. VJP: as `where`."""
    return indexing.where(condition, a, other)


def _float(a: Tensor) -> Tensor:
    """Convert to float32."""
    return creation.to(a, np.float32)


def _double(a: Tensor) -> Tensor:
    """Convert to float64."""
    return creation.to(a, np.float64)


def _long(a: Tensor) -> Tensor:
    """Convert to int64."""
    return creation.to(a, np.int64)


def _bool(a: Tensor) -> Tensor:
    """Convert to booleans: false where zero."""
    return creation.to(a, np.bool_)


def _as_float(a: Tensor) -> float:
    return float(_item(a))


def _as_int(a: Tensor) -> int:
    return int(_item(a))


def _as_bool(a: Tensor) -> bool:
    if a.data.size != 1:
        raise ValueError(f"true or false? shape {a.data.shape} has {a.data.size} answers: all, any")
    return bool(_item(a))


def _as_index(a: Tensor) -> int:
    if a.data.dtype.kind not in "iu":
        raise TypeError(f"only integers can be used as an index, got {a.data.dtype}")
    return int(_item(a))


class Methods:
    """Every operator and method of Tensor."""

    __slots__ = ()

    T, mT = property(_reversed_axes), property(shapes.matrix_transpose)
    size, dim, numel, item, tolist = _size, _dim, _numel, _item, _tolist
    backward = backward.backward

    __add__ = __radd__ = add = arithmetic.add
    __sub__ = sub = arithmetic.sub
    __rsub__ = arithmetic.rsub
    __mul__ = __rmul__ = mul = arithmetic.mul
    __truediv__ = div = arithmetic.div
    __rtruediv__ = arithmetic.rdiv
    __pow__ = pow = arithmetic.pow
    __rpow__ = arithmetic.rpow
    __neg__ = neg = arithmetic.neg
    __matmul__ = matmul = product.matmul
    __rmatmul__ = _matmul_right
    maximum, minimum = arithmetic.maximum, arithmetic.minimum

    __iadd__, __isub__ = inplace.iadd, inplace.isub
    __imul__, __itruediv__ = inplace.imul, inplace.idiv
    zero_, fill_, copy_ = inplace.zero_, inplace.fill_, inplace.copy_

    __eq__ = eq = comparison.eq  # type: ignore[assignment]
    __ne__ = ne = comparison.ne  # type: ignore[assignment]
    __lt__ = lt = comparison.lt
    __le__ = le = comparison.le
    __gt__ = gt = comparison.gt
    __ge__ = ge = comparison.ge
    __and__, __or__ = comparison.bitwise_and, comparison.bitwise_or
    __invert__ = comparison.bitwise_not
    logical_and, logical_or = comparison.logical_and, comparison.logical_or
    logical_not = comparison.logical_not

    exp, log, sqrt, rsqrt = elementwise.exp, elementwise.log, elementwise.sqrt, elementwise.rsqrt
    square, reciprocal = elementwise.square, elementwise.reciprocal
    sin, cos, sign = elementwise.sin, elementwise.cos, elementwise.sign
    __abs__ = abs = elementwise.abs
    clamp = clip = elementwise.clamp
    tanh, sigmoid, relu = elementwise.tanh, elementwise.sigmoid, elementwise.relu
    softmax, log_softmax = probability.softmax, probability.log_softmax
    logsumexp = probability.logsumexp

    sum, mean, var, std = reductions.sum, reductions.mean, reductions.var, reductions.std
    max, min, amax, amin = reductions.max, reductions.min, reductions.amax, reductions.amin
    argmax, argmin, cumsum = reductions.argmax, reductions.argmin, reductions.cumsum
    all, any = reductions.all, reductions.any

    reshape = view = shapes.reshape
    flatten, squeeze, unsqueeze = shapes.flatten, shapes.squeeze, shapes.unsqueeze
    transpose, permute = shapes.transpose, shapes.permute
    expand, broadcast_to, expand_as = shapes.expand, shapes.broadcast_to, _expand_as
    split, chunk, unbind = shapes.split, shapes.chunk, shapes.unbind
    clone, contiguous = shapes.clone, shapes.contiguous

    __getitem__, __setitem__ = indexing.getitem, indexing.setitem
    gather, index_select = indexing.gather, indexing.index_select
    masked_fill, tril, triu = indexing.masked_fill, indexing.tril, indexing.triu

    where = _where
    to, float, double, long, bool = creation.to, _float, _double, _long, _bool
    __len__, __iter__ = _length, _iterate
    __float__, __int__, __bool__, __index__ = _as_float, _as_int, _as_bool, _as_index


# Not inherited: the functions need Tensor, so Tensor was there first.
_every_class_has = {*vars(type("Empty", (), {"__slots__": ()})), "__hash__"}
for _name, _member in vars(Methods).items():
    if _name not in _every_class_has:
        setattr(Tensor, _name, _member)
