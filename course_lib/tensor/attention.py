"""Attention: each query takes a mean of values, weighted by how well it matches their keys.

Adds to `probability`: masks, and one operation for what would be five. Taught in lesson 09.

Differs from PyTorch: dropout draws from a `rng` that is passed in.
"""

import math

import numpy as np

from course_lib.tensor.creation import Number
from course_lib.tensor.engine import Array, Tensor
from course_lib.tensor.layers import dropout_factors
from course_lib.tensor.probability import softmax_vjp, total
from course_lib.tensor.threads import for_blocks


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
    _check_attention(query.data, key.data, value.data, attn_mask, is_causal)
    lead = np.broadcast_shapes(*(x.data.shape[:-2] for x in (query, key, value)))
    q, k, v = (_batch(x.data, lead) for x in (query, key, value))
    factor = 1 / math.sqrt(q.shape[-1]) if scale is None else float(scale)
    weights = np.empty((*q.shape[:-1], k.shape[-2]), q.dtype)  # (..., target, source)
    blocked = added = keep = None
    if is_causal:
        blocked = np.broadcast_to(np.triu(np.ones(weights.shape[-2:], bool), 1), weights.shape)
    elif attn_mask is not None and attn_mask.data.dtype == bool:
        blocked = np.broadcast_to(~attn_mask.data, weights.shape)
    elif attn_mask is not None:
        added = np.broadcast_to(attn_mask.data.astype(q.dtype, copy=False), weights.shape)
    if dropout_p:
        op = "scaled_dot_product_attention"
        keep = dropout_factors(op, weights.shape, weights.dtype, dropout_p, rng)
    means = np.empty((*q.shape[:-1], v.shape[-1]), q.dtype)

    def work(part: slice) -> None:
        scores = np.matmul(q[part] * factor, k[part].swapaxes(-1, -2), out=weights[part])
        if added is not None:
            scores += added[part]
        _masked_softmax(scores, None if blocked is None else blocked[part])
        np.matmul(scores if keep is None else scores * keep[part], v[part], out=means[part])

    for_blocks(work, len(weights), weights.size)
    return Tensor.from_op(
        means.reshape(*lead, *means.shape[-2:]),
        (query, key, value),
        lambda grad: _attention_vjp(grad, q, k, v, weights, keep, factor, lead),
    )


def _batch(x: Array, lead: tuple[int, ...]) -> Array:
    """The matrices in x, repeated to these leading axes, of which there is at least one."""
    return np.broadcast_to(x, (*lead, *x.shape[-2:])) if lead else x[None]


def _masked_softmax(scores: Array, blocked: Array | None) -> None:
    """Softmax along the last axis, in place; 0 where blocked, and in rows where everything is."""
    if blocked is not None:
        np.copyto(scores, -np.inf, where=blocked)
    top = np.maximum.reduce(scores, axis=-1, keepdims=True, initial=-np.inf)
    scores -= np.where(top == -np.inf, 0, top)
    np.exp(scores, out=scores)
    sums = total(scores, -1)
    scores /= np.where(sums == 0, 1, sums)


def _attention_vjp(
    grad: Array,
    q: Array,
    k: Array,
    v: Array,
    weights: Array,
    keep: Array | None,
    factor: float,
    lead: tuple[int, ...],
) -> tuple[Array, ...]:
    """Gradients for query, key and value, with the leading axes of all."""
    given = _batch(grad, lead)
    grads = to_query, to_key, to_value = [np.empty(x.shape, x.dtype) for x in (q, k, v)]

    def work(part: slice) -> None:
        used = weights[part] if keep is None else weights[part] * keep[part]
        np.matmul(used.swapaxes(-1, -2), given[part], out=to_value[part])
        d = given[part] @ v[part].swapaxes(-1, -2)
        if keep is not None:
            d *= keep[part]
        s = softmax_vjp(d, weights[part], -1)
        s *= factor
        np.matmul(s, k[part], out=to_query[part])
        np.matmul(s.swapaxes(-1, -2), q[part], out=to_key[part])

    for_blocks(work, len(weights), weights.size)
    return tuple(x.reshape(*lead, *x.shape[-2:]) for x in grads)


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
