"""The same numbers in another arrangement: reshape, transpose, expand, join, cut.

Adds to `reductions`: views. What only changes the arrangement shares memory with its input where
NumPy can; its rule changes the arrangement back. Taught in lesson 05.

Differs from PyTorch: `view` copies where it must instead of refusing, so it is `reshape`; an edit
of a view in place changes the data it shares, but is noted only on the view itself.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from course_lib.tensor.creation import Shape, as_shape, operands, to
from course_lib.tensor.engine import Array, Tensor
from course_lib.tensor.indexing import getitem
from course_lib.tensor.reductions import Dims, axes


def reshape(a: Tensor, *shape: Shape) -> Tensor:
    """Same order of numbers, another shape; one length may be -1. VJP: grad, reshaped back."""
    new, old = as_shape(shape), a.data.shape
    try:
        value = a.data.reshape(new)
    except ValueError:
        raise ValueError(f"reshape: shape {old} ({a.data.size} numbers) into {new}") from None
    return Tensor.from_op(value, (a,), lambda grad: grad.reshape(old))


def flatten(a: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Merge the axes from start_dim to end_dim into one. VJP: as reshape."""
    if a.data.ndim == 0:
        return reshape(a, 1)
    (start,), (end,) = axes("flatten", a, start_dim), axes("flatten", a, end_dim)
    if start > end:
        raise ValueError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
    shape = a.data.shape
    merged = int(np.prod(shape[start : end + 1]))
    return reshape(a, (*shape[:start], merged, *shape[end + 1 :]))


def squeeze(a: Tensor, dim: Dims = None) -> Tensor:
    """Drop axes of length 1: all, or those among dim. VJP: as reshape."""
    over = range(a.data.ndim) if dim is None else axes("squeeze", a, dim)
    return reshape(a, [n for i, n in enumerate(a.data.shape) if n != 1 or i not in over])


def unsqueeze(a: Tensor, dim: int) -> Tensor:
    """Insert an axis of length 1 before axis dim. VJP: as reshape."""
    if not -a.data.ndim - 1 <= dim <= a.data.ndim:
        raise IndexError(f"unsqueeze: dim {dim} is out of range for shape {a.data.shape}")
    shape = list(a.data.shape)
    shape.insert(dim % (a.data.ndim + 1), 1)
    return reshape(a, shape)


def transpose(a: Tensor, dim0: int, dim1: int) -> Tensor:
    """Swap two axes. VJP: swap them back."""
    if a.data.ndim == 0:
        return permute(a)
    (i,), (j,) = axes("transpose", a, dim0), axes("transpose", a, dim1)
    return Tensor.from_op(a.data.swapaxes(i, j), (a,), lambda grad: grad.swapaxes(i, j))


def permute(a: Tensor, *dims: Shape) -> Tensor:
    """Put axis dims[0] first, dims[1] second, ... VJP: the inverse permutation."""
    named = as_shape(dims)
    if len(named) != a.data.ndim:
        raise ValueError(f"permute: dims {named} for shape {a.data.shape}")
    order = axes("permute", a, named)
    back = np.argsort(order)
    return Tensor.from_op(a.data.transpose(order), (a,), lambda grad: grad.transpose(back))


def expand(a: Tensor, *size: Shape) -> Tensor:
    """Repeat along axes of length 1, and new leading ones, without copying; -1 keeps a length.

    VJP: grad, which the engine sums over what was repeated.
    """
    new, old = as_shape(size), a.data.shape
    kept = (*new[: len(new) - len(old)], *old)
    goal = tuple(k if n == -1 else n for n, k in zip(new, kept, strict=False))
    try:
        value = np.broadcast_to(a.data, goal)
    except ValueError:
        raise ValueError(f"expand: shape {old} does not broadcast to {new}") from None
    return Tensor.from_op(value, (a,), lambda grad: grad)


def broadcast_to(a: Tensor, size: Shape) -> Tensor:
    """Repeat to a shape, as broadcasting would. VJP: as expand."""
    return expand(a, size)


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join along an existing axis. VJP: cut grad where the pieces met.

    Differs from PyTorch: an empty tensor of shape (0,) is no exception; all shapes must match.
    """
    if not tensors:
        raise ValueError("cat: expected at least one tensor, got none")
    if tensors[0].data.ndim == 0:
        raise ValueError("cat: tensors without axes cannot be joined: stack them")
    (axis,) = axes("cat", tensors[0], dim)
    parts = _one_dtype("cat", tensors)
    first = parts[0].data.shape
    for part in parts:
        shape = part.data.shape
        if shape[:axis] != first[:axis] or shape[axis + 1 :] != first[axis + 1 :]:
            raise ValueError(f"cat: shapes {first} and {shape} differ in more than dim {dim}")
    cuts = np.cumsum([part.data.shape[axis] for part in parts])[:-1]
    return Tensor.from_op(
        np.concatenate([part.data for part in parts], axis),
        parts,
        lambda grad: tuple(np.split(grad, cuts, axis)),
    )


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join along a new axis. VJP: the slices of grad along it."""
    if not tensors:
        raise ValueError("stack: expected at least one tensor, got none")
    parts = _one_dtype("stack", tensors)
    for part in parts:
        if part.data.shape != parts[0].data.shape:
            raise ValueError(f"stack: shapes {parts[0].data.shape} and {part.data.shape} differ")
    ndim = parts[0].data.ndim + 1
    if not -ndim <= dim < ndim:
        raise IndexError(f"stack: dim {dim} is out of range for shape {parts[0].data.shape}")
    value = np.stack([part.data for part in parts], dim)
    return Tensor.from_op(value, parts, lambda grad: tuple(np.moveaxis(grad, dim, 0)))


def split(
    a: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0
) -> tuple[Tensor, ...]:
    """Cut along dim into pieces of a size, the last maybe smaller, or of the sizes listed.

    VJP: grad at the place of the piece.
    """
    if a.data.ndim == 0:
        raise ValueError("split: a tensor without axes cannot be cut")
    (axis,) = axes("split", a, dim)
    length, sizes = a.data.shape[axis], split_size_or_sections
    if isinstance(sizes, int):
        if sizes < 1:
            raise ValueError(f"split: pieces must have a size of at least 1, got {sizes}")
        sizes = [min(sizes, length - start) for start in range(0, length, sizes)] or [0]
    if sum(sizes) != length:
        raise ValueError(f"split: sizes {list(sizes)} do not add up to dim {dim} of {a.data.shape}")
    pieces, start = [], 0
    for size in sizes:
        pieces.append(getitem(a, (slice(None),) * axis + (slice(start, start + size),)))
        start += size
    return tuple(pieces)


def chunk(a: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Cut along dim into (at most) so many pieces, the last maybe smaller. VJP: as split."""
    if chunks < 1:
        raise ValueError(f"chunk: chunks must be at least 1, got {chunks}")
    if a.data.ndim == 0:
        raise ValueError("chunk: a tensor without axes cannot be cut")
    (axis,) = axes("chunk", a, dim)
    length = a.data.shape[axis]
    if length == 0:
        return split(a, [0] * chunks, axis)
    return split(a, -(-length // chunks), axis)


def unbind(a: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along dim, without that axis. VJP: grad at the place of the slice."""
    if a.data.ndim == 0:
        raise ValueError("unbind: a tensor without axes has no slices")
    (axis,) = axes("unbind", a, dim)
    return tuple(getitem(a, (slice(None),) * axis + (i,)) for i in range(a.data.shape[axis]))


def clone(a: Tensor) -> Tensor:
    """A copy with memory of its own. VJP: grad."""
    return Tensor.from_op(a.data.copy(), (a,), lambda grad: grad)


def contiguous(a: Tensor) -> Tensor:
    """The same numbers, in memory in reading order: itself if so already. VJP: grad."""
    if a.data.flags.c_contiguous:
        return a
    return Tensor.from_op(np.ascontiguousarray(a.data), (a,), lambda grad: grad)


def matrix_transpose(a: Tensor) -> Tensor:
    """What `a.mT` gives, and `a.T` of a matrix: the last two axes swapped. VJP: swap them back."""
    if a.data.ndim < 2:
        raise ValueError(f"mT: expected at least two axes, got shape {a.data.shape}")
    return transpose(a, -2, -1)


def _one_dtype(op: str, tensors: Sequence[Tensor]) -> list[Tensor]:
    """All tensors in the dtype that holds them all."""
    widest = tensors[0]
    for other in tensors[1:]:
        if other.data.dtype != widest.data.dtype:
            widest, _ = operands(op, _sample(widest.data), _sample(other.data))
    return [to(each, widest.data.dtype) for each in tensors]


def _sample(array: Array) -> Any:
    """Nothing, of the array's dtype."""
    return Tensor(np.empty((0,), array.dtype))
