"""Attention: each query takes a mean of values, weighted by how well it matches their keys.

Adds to `probability`: masks, and one operation for what would be five. Taught in lesson 09.

Differs from PyTorch: dropout draws from a `rng` that is passed in.
"""

import math

import numpy as np

from course_lib.tensor.creation import Number
from course_lib.tensor.engine import Array, Tensor
from course_lib.tensor.layers import dropout_factors


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: Number = 0.0,
    is_causal: bool = False,
    *,
    scale: Number | None = None,
    rng: np.random.Generator | None = None,
) -> Tensor:
    """softmax(query @ key.T * scale + mask) @ value: a mean of values, weighted by match.

    Shapes: query (..., target, head_dim), key (..., source, head_dim), value (..., source, out).
    attn_mask, which broadcasts to (..., target, source), is true where a query may look, or is
    added to the scores. is_causal lets query i look at keys up to i. scale is by default
    1 / sqrt(head_dim). A query that may look nowhere gets 0.

    VJP, with weights = softmax(...) and d = grad @ value.T: weights.T @ grad to value;
    s = weights * (d - sum(d * weights)) to the scores, s @ key * scale to query, and
    s.T @ query * scale to key.

    Raises:
        ValueError: the shapes do not fit, both attn_mask and is_causal are given, or attn_mask
            requires grad.

    Differs from PyTorch: attn_mask gets no gradient; no grouped queries; dropout needs rng.
    Source: Vaswani et al. 2017.
    """
    q, k, v = query.data, key.data, value.data
    _check_attention(q, k, v, attn_mask, is_causal)
    factor = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    scores = (q * q.dtype.type(factor)) @ k.swapaxes(-1, -2)  # (..., target, source)
    blocked = None
    if is_causal:
        blocked = np.triu(np.ones(scores.shape[-2:], dtype=bool), 1)
    elif attn_mask is not None and attn_mask.data.dtype == bool:
        blocked = ~attn_mask.data
    elif attn_mask is not None:
        scores += attn_mask.data.astype(scores.dtype, copy=False)
    weights = _masked_softmax(scores, blocked)
    keep = None
    if dropout_p:
        op = "scaled_dot_product_attention"
        keep = dropout_factors(op, weights.shape, weights.dtype, dropout_p, rng)
    return Tensor.from_op(
        (weights if keep is None else weights * keep) @ v,
        (query, key, value),
        lambda grad: _attention_vjp(grad, q, k, v, weights, keep, factor),
    )


def _masked_softmax(scores: Array, blocked: Array | None) -> Array:
    """Softmax along the last axis; 0 where blocked, and in rows where everything is."""
    if blocked is not None:
        np.copyto(scores, -np.inf, where=blocked)
    top = np.maximum.reduce(scores, axis=-1, keepdims=True, initial=-np.inf)
    scores -= np.where(top == -np.inf, 0, top)
    np.exp(scores, out=scores)
    sums = np.einsum("...j->...", scores)[..., None]  # for short rows, faster than sum
    scores /= np.where(sums == 0, 1, sums)
    return scores


def _attention_vjp(
    grad: Array, q: Array, k: Array, v: Array, weights: Array, keep: Array | None, factor: Number
) -> tuple[Array, Array, Array]:
    """Gradients for query, key and value."""
    used = weights if keep is None else weights * keep
    to_value = used.swapaxes(-1, -2) @ grad
    d = grad @ v.swapaxes(-1, -2)
    if keep is not None:
        d *= keep
    d -= np.einsum("...j,...j->...", d, weights)[..., None]
    d *= weights  # the gradient for the scores
    d *= factor
    return d @ k, d.swapaxes(-1, -2) @ q, to_value


def _check_attention(q: Array, k: Array, v: Array, mask: Tensor | None, is_causal: bool) -> None:
    shapes = f"query {q.shape}, key {k.shape}, value {v.shape}"
    op = "scaled_dot_product_attention"
    if not q.dtype == k.dtype == v.dtype:
        raise TypeError(f"{op}: dtypes {q.dtype}, {k.dtype}, {v.dtype} differ")
    if min(q.ndim, k.ndim, v.ndim) < 2 or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise ValueError(f"{op}: {shapes} do not fit")
    if mask is not None and (is_causal or mask.requires_grad):
        problem = "is given, is_causal too" if is_causal else "requires grad, but gets none"
        raise ValueError(f"{op}: attn_mask {problem}")
    try:
        scores = (*np.broadcast_shapes(q.shape[:-2], k.shape[:-2]), q.shape[-2], k.shape[-2])
        np.broadcast_shapes(scores[:-2], v.shape[:-2])
        if mask is not None:
            np.broadcast_to(mask.data, scores)
    except ValueError:
        also = "" if mask is None else f", attn_mask {mask.data.shape}"
        raise ValueError(f"{op}: {shapes}{also} do not broadcast") from None
