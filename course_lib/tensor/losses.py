"""Losses from logits or predictions, each one number to minimise.

Adds to `probability`: cross-entropy fused with softmax, whose gradient is the difference between
what was predicted and what was right. Taught in lesson 05.
"""

import numpy as np

from course_lib.tensor.creation import Number, need_float, operands
from course_lib.tensor.engine import Array, Tensor
from course_lib.tensor.probability import largest, total
from course_lib.tensor.reductions import mean
from course_lib.tensor.reductions import sum as sum_of


def cross_entropy(
    input: Tensor,
    target: Tensor,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: Number = 0.0,
) -> Tensor:
    """Negative log-likelihood of the target class, in nats, from logits.

    input holds one logit per class, (batch, classes), (classes,) or (batch, classes, ...), target
    the index of the right class, (batch,), () or (batch, ...). Targets equal to ignore_index do not
    count. label_smoothing moves that share of the target evenly to all classes. reduction is
    "mean", "sum" or "none".

    VJP: (softmax(input) - smoothed one-hot target) * grad, divided by their number for the mean.

    Raises:
        ValueError: the shapes do not fit, or an argument is out of its range.
        IndexError: a target lies outside [0, classes).
        TypeError: input is not float, or target not integer.

    Differs from PyTorch: no class weights, and no probabilities as targets.
    """
    _check_cross_entropy(input, target, reduction, label_smoothing)
    batch_first = input.data if input.data.ndim < 3 else np.moveaxis(input.data, 1, -1)
    logits = batch_first.reshape(target.data.size, batch_first.shape[-1])  # (examples, classes)
    labels = target.data.reshape(-1)
    counted = labels != ignore_index
    labels = np.where(counted, labels, 0)
    if labels.size and not 0 <= labels.min() <= labels.max() < logits.shape[1]:
        bad = labels[(labels < 0) | (labels >= logits.shape[1])][0]
        raise IndexError(f"cross_entropy: target {bad} is out of range [0, {logits.shape[1]})")
    losses, probabilities = _nll(logits, labels, label_smoothing)
    losses = np.where(counted, losses, 0)
    if reduction == "none":
        value, divisor = losses.reshape(target.data.shape), 1
    else:
        divisor = int(counted.sum()) if reduction == "mean" else 1
        value = losses.sum() / losses.dtype.type(divisor)
    return Tensor.from_op(
        value,
        (input,),
        lambda grad: _cross_entropy_vjp(
            np.where(counted, grad.reshape(-1) / losses.dtype.type(divisor), 0)[:, None],
            probabilities,
            labels,
            label_smoothing,
            batch_first.shape,
        ),
    )


def _nll(logits: Array, labels: Array, smoothing: Number) -> tuple[Array, Array]:
    """Loss of each example, and the softmax of its logits."""
    logs = logits - largest(logits, -1)
    probabilities = np.exp(logs)
    sums = total(probabilities, -1)
    probabilities /= sums
    log_total = np.log(sums[:, 0])
    losses = log_total - logs[np.arange(len(labels)), labels]
    if smoothing:
        losses = (1 - smoothing) * losses + smoothing * (log_total - logs.mean(axis=1))
    return losses, probabilities


def _cross_entropy_vjp(
    share: Array, probabilities: Array, labels: Array, smoothing: Number, shape: tuple[int, ...]
) -> Array:
    """(softmax - smoothed one-hot target) * share of each example, classes back in their place."""
    full = probabilities - smoothing / probabilities.shape[1] if smoothing else probabilities.copy()
    full[np.arange(len(labels)), labels] -= 1 - smoothing
    full *= share
    full = full.reshape(shape)
    return full if full.ndim < 3 else np.moveaxis(full, -1, 1)


def _check_cross_entropy(input: Tensor, target: Tensor, reduction: str, smoothing: Number) -> None:
    need_float("cross_entropy", input)
    if target.data.dtype.kind not in "iu":
        raise TypeError(f"cross_entropy: targets must be integers, got {target.data.dtype}")
    shape = input.data.shape
    wanted = (*shape[:1], *shape[2:]) if len(shape) > 1 else ()
    if not shape or target.data.shape != wanted:
        raise ValueError(
            f"cross_entropy: input {shape} needs targets of shape {wanted}, got {target.data.shape}"
        )
    _check_reduction("cross_entropy", reduction)
    if not 0 <= smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing must be in [0, 1], got {smoothing}")


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Squared difference: its mean, its sum, or each ("none"). VJP: grad * 2 * (input - target)."""
    _check_reduction("mse_loss", reduction)
    x, y = operands("mse_loss", input, target)
    difference = x.data - y.data
    each = Tensor.from_op(
        difference * difference,
        (x, y),
        lambda grad: (2 * grad * difference, -2 * grad * difference),
    )
    return each if reduction == "none" else mean(each) if reduction == "mean" else sum_of(each)


def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, reduction: str = "mean"
) -> Tensor:
    """Negative log-likelihood, in nats, of targets in [0, 1] if sigmoid(input) is the chance.

    Computed as max(input, 0) - input * target + log(1 + exp(-|input|)), which cannot overflow.

    VJP: (grad * (sigmoid(input) - target), -grad * input).

    Differs from PyTorch: no weight and no pos_weight.
    """
    _check_reduction("binary_cross_entropy_with_logits", reduction)
    x, y = input.data, target.data
    if x.shape != y.shape or x.dtype != y.dtype:
        raise ValueError(
            f"binary_cross_entropy_with_logits: input {x.dtype} {x.shape} and "
            f"target {y.dtype} {y.shape} differ"
        )
    each = Tensor.from_op(
        np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x))),
        (input, target),
        lambda grad: (grad * (0.5 * np.tanh(0.5 * x) + 0.5 - y), -grad * x),
    )
    return each if reduction == "none" else mean(each) if reduction == "mean" else sum_of(each)


def _check_reduction(op: str, reduction: str) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{op}: reduction must be 'mean', 'sum' or 'none', got {reduction!r}")
