"""Choosing elements: by position, by mask, by a table of indices.

Adds to `reductions`: gradients that go back to some places only, and add up where one place was
chosen several times. Taught in lesson 05; embedding in lesson 08, masks in lesson 09.

Differs from PyTorch: slices may have a negative step; a boolean or integer array serves as an index
wherever a tensor does.
"""

from typing import Any, TypeAlias

import numpy as np

from course_lib.tensor.backward import Part
from course_lib.tensor.creation import Number, Operand, operands
from course_lib.tensor.engine import Array, Tensor, mark_edited
from course_lib.tensor.reductions import axes

Index: TypeAlias = Any  # an int, slice, None, ..., array, tensor or list, or a tuple of these


def getitem(a: Tensor, index: Index) -> Tensor:
    """What `a[index]` gives: a view for numbers and slices, a copy for arrays and masks.

    VJP: zeros of a's shape, with grad added at index; a place chosen twice gets both.
    """
    key = _plain(index)
    if not _has_arrays(key):
        value = _looked_up(a.data, key)
        return Tensor.from_op(value, (a,), lambda grad: Part(key, grad))
    if any(isinstance(k, (int, np.integer)) for k in key):
        # NumPy would count a number among the arrays, and move axes; PyTorch looks it up first.
        first, key = _numbers_first(key)
        a = getitem(a, first)
    value = _looked_up(a.data, key)
    shape = a.data.shape
    return Tensor.from_op(value, (a,), lambda grad: scatter_add(shape, key, grad))


def setitem(a: Tensor, index: Index, value: Operand) -> None:
    """What `a[index] = value` calls: in place, so only outside graphs or under no_grad."""
    mark_edited(a)
    a.data[_plain(index)] = value.data if isinstance(value, Tensor) else value


def gather(a: Tensor, dim: int, index: Tensor) -> Tensor:
    """Element [i, index[i, j]] of a for each [i, j] of index, along dim 1; likewise for other dims.

    VJP: zeros of a's shape, with grad added at the places chosen.
    """
    rows = _integers("gather", index)
    if rows.ndim != a.data.ndim:
        raise ValueError(f"gather: index {rows.shape} needs as many axes as input {a.data.shape}")
    if rows.ndim == 0:
        return Tensor.from_op(a.data, (a,), lambda grad: grad)
    (axis,) = axes("gather", a, dim)
    shape = a.data.shape
    if any(n > m for i, (n, m) in enumerate(zip(rows.shape, shape, strict=True)) if i != axis):
        raise ValueError(f"gather: index {rows.shape} exceeds input {shape} beside dim {dim}")
    _in_range("gather", rows, shape[axis])
    key: list[Any] = list(np.ogrid[tuple(slice(n) for n in rows.shape)])
    key[axis] = rows
    return Tensor.from_op(
        a.data[tuple(key)], (a,), lambda grad: scatter_add(shape, tuple(key), grad)
    )


def index_select(a: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices of a along dim at the positions listed in index. VJP: as indexing."""
    (axis,) = axes("index_select", a, dim)
    return getitem(a, (*(slice(None),) * axis, _integers("index_select", index)))


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """The row of weight for each integer of input: (...) and (vocab, dim) give (..., dim).

    VJP: to weight, the sum of grad over all places where a row was used; none to row padding_idx.
    """
    rows = _integers("embedding", input)
    _in_range("embedding", rows, len(weight.data))
    value = weight.data[rows]
    shape = weight.data.shape
    if padding_idx is None:
        return Tensor.from_op(value, (weight,), lambda grad: scatter_add(shape, (rows,), grad))
    used = (rows != padding_idx % len(weight.data))[..., None]
    return Tensor.from_op(value, (weight,), lambda grad: scatter_add(shape, (rows,), grad * used))


def where(condition: Tensor | Array, input: Operand, other: Operand) -> Tensor:
    """Input where condition holds, other elsewhere. VJP: grad to the one chosen, 0 to the other."""
    chosen = _mask("where", condition)
    x, y = operands("where", input, other)
    operands("where", Tensor(chosen), Tensor(np.broadcast_to(True, _joint(x, y))))
    return Tensor.from_op(
        np.where(chosen, x.data, y.data),
        (x, y),
        lambda grad: (
            np.where(chosen, grad, 0) if x.requires_grad else None,
            np.where(chosen, 0, grad) if y.requires_grad else None,
        ),
    )


def masked_fill(a: Tensor, mask: Tensor | Array, value: Number | Tensor) -> Tensor:
    """Value where mask is true, a elsewhere. VJP: grad where mask is false, 0 where it is true."""
    if isinstance(value, Tensor) and value.data.ndim:
        raise ValueError(f"masked_fill: value must be one number, got shape {value.data.shape}")
    fill = value if isinstance(value, Tensor) else Tensor(np.asarray(value, a.data.dtype))
    return where(mask, fill, a)


def tril(a: Tensor, diagonal: int = 0) -> Tensor:
    """Lower triangle of the last two axes, zeros above. VJP: the lower triangle of grad."""
    _need_matrix("tril", a)
    return Tensor.from_op(np.tril(a.data, diagonal), (a,), lambda grad: np.tril(grad, diagonal))


def triu(a: Tensor, diagonal: int = 0) -> Tensor:
    """Upper triangle of the last two axes, zeros below. VJP: the upper triangle of grad."""
    _need_matrix("triu", a)
    return Tensor.from_op(np.triu(a.data, diagonal), (a,), lambda grad: np.triu(grad, diagonal))


def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """For each integer a row of zeros with a single 1; as many classes as needed by default."""
    labels = _integers("one_hot", input)
    classes = num_classes if num_classes >= 0 else int(labels.max()) + 1
    _in_range("one_hot", labels, classes)
    return Tensor(np.eye(classes, dtype=np.int64)[labels])


def scatter_add(shape: tuple[int, ...], key: tuple[Any, ...], grad: Array) -> Array:
    """Zeros of a shape, with grad added at key; where key repeats a place, grads add up.

    `zeros[key] += grad` would keep only one of them. np.add.at keeps all; it is fast when both
    sides are flat, so key is first turned into positions in the flattened array.
    """
    zeros = np.zeros(shape, dtype=grad.dtype)
    if len(key) == 1 and key[0].dtype == bool:  # a mask chooses each place once
        zeros[key] = grad
        return zeros
    if len(key) == 1:  # whole rows: no need to number every place
        width = zeros[:1].size
        positions = (key[0] % len(zeros))[..., None] * width + np.arange(width)
    else:
        positions = np.arange(zeros.size).reshape(shape)[key]
    np.add.at(zeros.reshape(-1), positions.reshape(-1), grad.reshape(-1))
    return zeros


def _plain(index: Index) -> tuple[Any, ...]:
    """An index as a tuple in NumPy's terms: tensors and lists become arrays."""
    parts = index if isinstance(index, tuple) else (index,)
    key = tuple(
        part.data if isinstance(part, Tensor)
        else np.asarray(part, dtype=None if part else np.int64) if isinstance(part, list)
        else part
        for part in parts
    )  # fmt: skip
    # An integer tensor without axes counts as a number.
    return tuple(
        int(k) if isinstance(k, Array) and k.ndim == 0 and k.dtype.kind in "iu" else k for k in key
    )


def _has_arrays(key: tuple[Any, ...]) -> bool:
    return any(isinstance(k, (Array, bool, np.bool_)) for k in key)


def _looked_up(array: Array, key: tuple[Any, ...]) -> Array:
    """Look up, with an error that names the shape."""
    try:
        return np.asarray(array[key])
    except IndexError as error:
        raise IndexError(f"indexing shape {array.shape}: {error}") from None


def _numbers_first(key: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Split an index in two: first numbers, slices and new axes, then the arrays."""
    first: list[Any] = []
    then: list[Any] = []
    for k in key:
        if isinstance(k, Array):
            first += [slice(None)] * (k.ndim if k.dtype == bool else 1)
            then.append(k)
        elif k is Ellipsis:
            first.append(k)
            then.append(k)
        else:
            first.append(k)
            if not isinstance(k, (int, np.integer)):
                then.append(slice(None))  # a slice or new axis, done by the first step
    return tuple(first), tuple(then)


def _integers(op: str, index: Tensor | Array) -> Array:
    """The array of an index tensor, which must hold integers."""
    array = index.data if isinstance(index, Tensor) else np.asarray(index)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{op}: indices must be integers, got {array.dtype}")
    return array


def _in_range(op: str, index: Array, size: int) -> None:
    if index.size and not 0 <= index.min() <= index.max() < size:
        bad = index[(index < 0) | (index >= size)].flat[0]
        raise IndexError(f"{op}: index {bad} is out of range [0, {size})")


def _mask(op: str, mask: Tensor | Array) -> Array:
    """The array of a mask, which must hold booleans."""
    array = mask.data if isinstance(mask, Tensor) else np.asarray(mask)
    if array.dtype != bool:
        raise TypeError(f"{op}: the mask must be boolean, got {array.dtype}")
    return array


def _joint(x: Tensor, y: Tensor) -> tuple[int, ...]:
    return np.broadcast_shapes(x.data.shape, y.data.shape)


def _need_matrix(op: str, a: Tensor) -> None:
    if a.data.ndim < 2:
        raise ValueError(f"{op}: expected at least two axes, got shape {a.data.shape}")
