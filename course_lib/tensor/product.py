"""Matrix products, of single matrices, of stacks of them, and with vectors.

Adds to `indexing`: the operation that deep learning spends its time in. Each rule is again a matrix
product. Taught in lesson 05.
"""

import math

import numpy as np

from course_lib.tensor.creation import as_tensor
from course_lib.tensor.engine import Array, Tensor


def matmul(a: Tensor | Array, b: Tensor | Array) -> Tensor:
    """Rows of a times columns of b: (..., n, k) @ (..., k, m) gives (..., n, m).

    Leading axes broadcast. A vector counts as one row on the left, one column on the right, and
    that axis is absent from the result.

    VJP: (grad @ b.T, a.T @ grad), T swapping the last two axes.

    Raises:
        TypeError: the dtypes differ.
        ValueError: an operand has no axes, or the shapes do not fit.
    """
    a, b = as_tensor(a), as_tensor(b)
    x, y = a.data, b.data
    _check(x, y)
    if y.ndim == 2 and x.ndim > 2:  # one large product is faster than many small ones
        value = (_rows(x) @ y).reshape(*x.shape[:-1], y.shape[-1])
    else:
        value = x @ y
    return Tensor.from_op(
        value,
        (a, b),
        lambda grad: (
            _left(grad, x, y) if a.requires_grad else None,
            _right(grad, x, y) if b.requires_grad else None,
        ),
    )


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Apply input @ weight.T + bias in one step: (..., inputs) gives (..., outputs).

    weight has shape (outputs, inputs), as in PyTorch, bias (outputs,).

    VJP: (grad @ weight, grad.T @ input, sum of grad over all examples), axes but the last merged.
    """
    w = weight.data
    if w.ndim != 2 or input.data.shape[-1:] != w.shape[1:]:
        raise ValueError(f"linear: input {input.data.shape} does not fit weight {w.shape}")
    if bias is not None and bias.data.shape != w.shape[:1]:
        raise ValueError(f"linear: bias {bias.data.shape} does not fit weight {w.shape}")
    _same_dtype("linear", input.data, w)
    rows = _rows(input.data)
    value = rows @ w.T
    if bias is not None:
        value += bias.data
    shape = (*input.data.shape[:-1], w.shape[0])
    parents = (input, weight) if bias is None else (input, weight, bias)
    return Tensor.from_op(
        value.reshape(shape), parents, lambda grad: _linear_vjp(grad, rows, parents)
    )


def _linear_vjp(grad: Array, rows: Array, parents: tuple[Tensor, ...]) -> tuple[Array | None, ...]:
    """Gradients for input, weight and, where there is one, bias."""
    input, weight, *bias = parents
    flat = _rows(grad)
    return (
        (flat @ weight.data).reshape(input.data.shape) if input.requires_grad else None,
        flat.T @ rows if weight.requires_grad else None,
        *(np.ones(len(flat), flat.dtype) @ flat for _ in bias),  # the sum, by BLAS
    )


def _left(grad: Array, x: Array, y: Array) -> Array:
    """Gradient for x of x @ y, before the engine sums over broadcast axes."""
    if y.ndim == 1:
        return grad[..., None] * y
    if x.ndim == 1:
        grad = grad[..., None, :]
    if y.ndim == 2 and grad.ndim > 2:
        return (_rows(grad) @ y.T).reshape(*grad.shape[:-1], y.shape[0])
    return grad @ y.swapaxes(-1, -2)


def _right(grad: Array, x: Array, y: Array) -> Array:
    """Gradient for y of x @ y, before the engine sums over broadcast axes."""
    if x.ndim == 1:
        return grad[..., None, :] * x[:, None] if y.ndim > 1 else grad * x
    if y.ndim == 1:
        return (x.swapaxes(-1, -2) @ grad[..., None])[..., 0]
    if y.ndim == 2 and x.ndim > 2:  # the sum over the batch is part of the product
        return _rows(x).T @ _rows(grad)
    return x.swapaxes(-1, -2) @ grad


def _rows(x: Array) -> Array:
    """All axes but the last merged into one."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _same_dtype(op: str, x: Array, y: Array) -> None:
    if x.dtype != y.dtype:
        raise TypeError(f"{op}: dtypes {x.dtype} and {y.dtype} differ; convert one with to()")


def _check(x: Array, y: Array) -> None:
    """Refuse operands whose dtypes differ or whose shapes do not fit."""
    _same_dtype("matmul", x, y)
    fits = x.ndim > 0 and y.ndim > 0 and x.shape[-1] == y.shape[-2 if y.ndim > 1 else -1]
    if fits:
        for m, n in zip(reversed(x.shape[:-2]), reversed(y.shape[:-2]), strict=False):
            fits = fits and (m == n or m == 1 or n == 1)
    if not fits:
        raise ValueError(f"matmul: shapes {x.shape} and {y.shape} do not fit")
