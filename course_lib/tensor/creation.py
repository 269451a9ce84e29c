"""Making tensors from numbers, and bringing two operands to one dtype and compatible shapes.

Adds to `engine`: `tensor` and the factories, PyTorch's type promotion. Taught in lesson 05.

Differs from PyTorch: a dtype is NumPy's (`np.float64`, or its name), and random tensors draw from
a `rng` that is passed in, so that every result can be repeated.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from course_lib.tensor.engine import Array, Tensor, to_array

Number: TypeAlias = float | int
Operand: TypeAlias = Tensor | Array | np.generic | float | int
Shape: TypeAlias = int | Sequence[int]
DType: TypeAlias = Any  # whatever np.dtype accepts

_RANK = {"b": 0, "u": 1, "i": 1, "f": 2}  # booleans give way to integers, and these to floats


def tensor(data: Any, dtype: DType = None, requires_grad: bool = False) -> Tensor:
    """A tensor with a copy of data: numbers, nested lists, an array. Python floats: float32."""
    return Tensor(np.array(to_array(data, dtype)), requires_grad)


def as_tensor(data: Any, dtype: DType = None) -> Tensor:
    """Data as a tensor, sharing memory where it can; a tensor comes back as it is."""
    if isinstance(data, Tensor):
        return data if dtype is None else to(data, dtype)
    return Tensor(to_array(data, dtype))


def from_numpy(array: Array) -> Tensor:
    """A tensor that shares the array's memory."""
    return Tensor(array)


def to(a: Tensor, dtype: DType) -> Tensor:
    """Convert to a dtype; itself when it has that already. VJP: grad (cast back by the engine)."""
    if a.data.dtype == dtype:
        return a
    if np.dtype(dtype).kind != "f":
        return Tensor(a.data.astype(dtype))
    return Tensor.from_op(a.data.astype(dtype), (a,), lambda grad: grad)


def zeros(*size: Shape, dtype: DType = np.float32, requires_grad: bool = False) -> Tensor:
    """All zeros: `zeros(2, 3)` or `zeros((2, 3))`."""
    return Tensor(np.zeros(as_shape(size), dtype), requires_grad)


def ones(*size: Shape, dtype: DType = np.float32, requires_grad: bool = False) -> Tensor:
    """All ones: `ones(2, 3)` or `ones((2, 3))`."""
    return Tensor(np.ones(as_shape(size), dtype), requires_grad)


def full(
    size: Shape, fill_value: Number, dtype: DType = None, requires_grad: bool = False
) -> Tensor:
    """One number everywhere."""
    value = to_array(fill_value, dtype)
    return Tensor(np.full(as_shape((size,)), value), requires_grad)


def eye(n: int, m: int | None = None, dtype: DType = np.float32) -> Tensor:
    """Ones on the diagonal, zeros elsewhere: (n, n) or (n, m)."""
    return Tensor(np.eye(n, m, dtype=dtype))


def zeros_like(a: Tensor, dtype: DType = None) -> Tensor:
    """Zeros of a's shape and dtype."""
    return Tensor(np.zeros(a.data.shape, dtype or a.data.dtype))


def ones_like(a: Tensor, dtype: DType = None) -> Tensor:
    """Ones of a's shape and dtype."""
    return Tensor(np.ones(a.data.shape, dtype or a.data.dtype))


def arange(
    start: Number, end: Number | None = None, step: Number = 1, dtype: DType = None
) -> Tensor:
    """Numbers from start (0 when one number is given) up to, not including, end."""
    if end is None:
        start, end = 0, start
    if dtype is None:
        floats = any(isinstance(number, float) for number in (start, end, step))
        dtype = np.float32 if floats else np.int64
    return Tensor(np.arange(start, end, step).astype(dtype))


def linspace(start: Number, end: Number, steps: int, dtype: DType = np.float32) -> Tensor:
    """Evenly spaced numbers from start to end, both included."""
    return Tensor(np.linspace(start, end, steps).astype(dtype))


def rand(*size: Shape, rng: np.random.Generator, dtype: DType = np.float32) -> Tensor:
    """Uniform numbers in [0, 1), drawn from rng."""
    return Tensor(rng.random(as_shape(size), dtype=dtype))


def randn(*size: Shape, rng: np.random.Generator, dtype: DType = np.float32) -> Tensor:
    """Numbers of the standard normal distribution, drawn from rng."""
    return Tensor(rng.standard_normal(as_shape(size), dtype=dtype))


def as_shape(size: Sequence[Any]) -> tuple[int, ...]:
    """The shape meant by `f(2, 3)` or `f((2, 3))`."""
    if len(size) == 1 and not isinstance(size[0], (int, np.integer)):
        size = size[0]
    return tuple(int(n) for n in size)


def operands(op: str, a: Operand, b: Operand) -> tuple[Tensor, Tensor]:
    """Both operands as tensors of one dtype, with shapes that broadcast.

    PyTorch's promotion: a Python number, then a tensor without axes, gives way to the other's dtype
    unless it is of a higher kind (boolean < integer < float); so float32 stays float32.

    Raises:
        TypeError: an operand is no number, array or tensor.
        ValueError: the shapes do not broadcast; both are named.
    """
    if not isinstance(a, Tensor):
        a = _lift(op, a, b)
    if not isinstance(b, Tensor):
        b = _lift(op, b, a)
    if a.data.dtype != b.data.dtype:
        dtype = _promoted(a.data, b.data)
        a, b = to(a, dtype), to(b, dtype)
    if a.data.shape != b.data.shape:
        for m, n in zip(reversed(a.data.shape), reversed(b.data.shape), strict=False):
            if m != n and m != 1 and n != 1:
                raise ValueError(
                    f"{op}: shapes {a.data.shape} and {b.data.shape} do not broadcast "
                    f"({m} against {n})"
                )
    return a, b


def floating(op: str, a: Tensor) -> Tensor:
    """Integers and booleans as float32, for functions that need floats; floats as they are."""
    if not isinstance(a, Tensor):
        raise TypeError(f"{op}: expected a Tensor, got {type(a).__name__}")
    return a if a.data.dtype.kind == "f" else to(a, np.float32)


def need_float(op: str, a: Tensor) -> None:
    """Refuse integers and booleans, as PyTorch does where an integer result would mislead."""
    if a.data.dtype.kind != "f":
        raise TypeError(f"{op}: expected a float tensor, got {a.data.dtype}")


def _lift(op: str, number: Any, other: Any) -> Tensor:
    """Wrap what is no tensor; a Python number takes the other's dtype where that can hold it."""
    if isinstance(number, (bool, int, float)):
        array = to_array(number)
        if isinstance(other, Tensor) and _RANK[array.dtype.kind] <= _RANK[other.data.dtype.kind]:
            array = np.asarray(number, dtype=other.data.dtype)
        return Tensor(array)
    if isinstance(number, (Array, np.generic)):
        return Tensor(number)
    raise TypeError(f"{op}: expected a number, an array or a Tensor, got {type(number).__name__}")


def _promoted(a: Array, b: Array) -> np.dtype:
    """The dtype of a result whose operands have different ones."""
    rank_a, rank_b = _RANK[a.dtype.kind], _RANK[b.dtype.kind]
    if rank_a != rank_b:
        return a.dtype if rank_a > rank_b else b.dtype
    if (a.ndim == 0) != (b.ndim == 0):
        return b.dtype if a.ndim == 0 else a.dtype
    return np.promote_types(a.dtype, b.dtype)
