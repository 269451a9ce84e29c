"""Dropout and layer norm, each as one operation.

Adds to `probability`: what stands between the layers of a network. Taught in lesson 07.

Differs from PyTorch: dropout draws from a `rng` that is passed in.
"""

import math

import numpy as np

from course_lib.tensor.creation import Number, need_float
from course_lib.tensor.engine import Array, Tensor


def dropout(
    input: Tensor,
    p: Number = 0.5,
    training: bool = True,
    *,
    rng: np.random.Generator | None = None,
) -> Tensor:
    """Set each element to 0 with chance p, and divide the others by 1 - p; only when training.

    VJP: grad times the same zeros and factors.

    Raises:
        ValueError: p is outside [0, 1], or rng is missing though it is needed.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: p is the chance to drop, in [0, 1], got {p}")
    if not training or p == 0:
        return input
    need_float("dropout", input)
    factors = dropout_factors("dropout", input.data.shape, input.data.dtype, p, rng)
    return Tensor.from_op(input.data * factors, (input,), lambda grad: grad * factors)


def dropout_factors(
    op: str,
    shape: tuple[int, ...],
    dtype: np.dtype,
    p: Number,
    rng: np.random.Generator | None,
) -> Array:
    """0 with chance p, else 1 / (1 - p)."""
    if rng is None:
        raise ValueError(f"{op}: dropout needs rng, a numpy.random.Generator to draw from")
    keep = rng.random(shape, dtype=np.float32) >= p
    return keep * dtype.type(1 / (1 - p) if p < 1 else 0)


def layer_norm(
    input: Tensor,
    normalized_shape: int | tuple[int, ...] | list[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: Number = 1e-5,
) -> Tensor:
    """Shift and scale each example to mean 0 and variance 1, then by weight and bias.

    normalized_shape names the lengths of the last axes, over which the mean and the (biased)
    variance are taken: normed = (input - mean) / sqrt(var + eps); result = normed * weight + bias.

    VJP: with g = grad * weight, (g - mean(g) - normed * mean(g * normed)) / sqrt(var + eps) to the
    input, sum(grad * normed) to weight and sum(grad) to bias, over all examples.

    Source: Ba, Kiros and Hinton 2016.
    """
    need_float("layer_norm", input)
    size = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    shape = input.data.shape
    given = [t for t in (weight, bias) if t is not None]
    if not size or shape[len(shape) - len(size) :] != size or any(t.shape != size for t in given):
        found = ", ".join(str(tuple(t.shape)) for t in given) or "none"
        raise ValueError(
            f"layer_norm: input {shape}, normalized_shape {size}, weight or bias {found} do not fit"
        )
    examples = math.prod(shape[: len(shape) - len(size)])
    rows = input.data.reshape(examples, math.prod(size))  # (examples, features)
    normed = rows - _row_mean(rows)
    scale = 1 / np.sqrt(_row_mean_of_product(normed, normed) + rows.dtype.type(eps))
    normed *= scale
    value = normed if weight is None else normed * weight.data.reshape(-1)
    if bias is not None:
        value = np.add(value, bias.data.reshape(-1), out=None if value is normed else value)
    parents = (input, *given)
    return Tensor.from_op(
        value.reshape(shape),
        parents,
        lambda grad: _layer_norm_vjp(grad.reshape(rows.shape), normed, scale, input, weight, bias),
    )


def _layer_norm_vjp(
    grad: Array,
    normed: Array,
    scale: Array,
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
) -> tuple[Array | None, ...]:
    """Gradients for the input and, where given, weight and bias."""
    grads: list[Array | None] = [None]
    if input.requires_grad:
        g = grad if weight is None else grad * weight.data.reshape(-1)
        inner = normed * -_row_mean_of_product(g, normed)
        inner += g
        inner -= _row_mean(g)
        inner *= scale
        grads[0] = inner.reshape(input.data.shape)
    if weight is not None:
        grads.append(np.einsum("ij,ij->j", grad, normed).reshape(weight.data.shape))
    if bias is not None:
        grads.append((np.ones(len(grad), grad.dtype) @ grad).reshape(bias.data.shape))
    return tuple(grads)


def _row_mean(rows: Array) -> Array:
    """Mean of each row, (examples, 1)."""
    return np.einsum("ij->i", rows)[:, None] / max(rows.shape[1], 1)


def _row_mean_of_product(a: Array, b: Array) -> Array:
    """Mean of a * b in each row, (examples, 1), without an array for a * b."""
    return np.einsum("ij,ij->i", a, b)[:, None] / max(a.shape[1], 1)
