"""Losses in plain NumPy, from logits, each with its gradient.

Adds to `activations`: a number that says how wrong an answer is, and which way is better. Leaves
out: parameters, which the chain rule reaches in lesson 04. Taught in lesson 03.

PyTorch's reductions: "mean" (over all the numbers that "none" would give), "sum", "none" (one loss
each). A gradient is taken with respect to the first argument and has its shape and dtype; for
"none" it holds each loss's own gradient, which is what "sum" gives too. Logarithms are natural, so
losses are in nats. NaN in a logit makes its loss NaN.
"""

from typing import Any

import numpy as np
from jaxtyping import Float, Integer

from course_lib.activations import Real, sigmoid, softmax

__all__ = [
    "binary_cross_entropy_with_logits",
    "binary_cross_entropy_with_logits_grad",
    "cross_entropy",
    "cross_entropy_grad",
    "hinge_loss",
    "hinge_loss_grad",
    "log_softmax",
    "log_softmax_vjp",
    "logsumexp",
    "logsumexp_grad",
    "mse_loss",
    "mse_loss_grad",
    "soft_cross_entropy",
    "soft_cross_entropy_grad",
]

Logits = Float[np.ndarray, "batch classes"]
PerExample = Float[np.ndarray, " batch"]

# ---------------------------------------------------------------- log-sum-exp


def logsumexp(
    z: Float[np.ndarray, "..."], dim: int = -1, keepdim: bool = False
) -> Float[np.ndarray, "..."]:
    """The logarithm of the sum of exp(z) along one axis: a smooth maximum.

    The largest score is taken out of the sum first: log sum exp(z) = m + log sum exp(z - m). So it
    stays finite when a score is in the thousands. Where all are -inf, so is the result.

    >>> round(float(logsumexp(np.array([1000.0, 1000.0]))), 4)
    1000.6931
    """
    m = z.max(axis=dim, keepdims=True)
    m = np.where(np.isfinite(m), m, 0)  # inf - inf would be NaN
    with np.errstate(divide="ignore"):  # log(0) = -inf is right when every score is -inf
        result = m + np.log(np.exp(z - m).sum(axis=dim, keepdims=True))
    return result if keepdim else result.squeeze(axis=dim)


def logsumexp_grad(z: Real, dim: int = -1) -> Real:
    """Derivative of `logsumexp` with respect to each score: softmax(z).

    >>> logsumexp_grad(np.array([0.0, np.log(3.0)])).round(4)
    array([0.25, 0.75])
    """
    return softmax(z, dim)


def log_softmax(z: Real, dim: int = -1) -> Real:
    """Log-probabilities along one axis: z - logsumexp(z), never the log of a rounded 0.

    >>> log_softmax(np.array([1000.0, 0.0]))
    array([    0., -1000.])
    """
    shifted = z - z.max(axis=dim, keepdims=True)  # first, or float32 loses digits at z = 1000
    return shifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=True))


def log_softmax_vjp(z: Real, v: Real, dim: int = -1) -> Real:
    """The vector v times the Jacobian of `log_softmax` at z: v - softmax(z) * sum(v).

    v is the gradient with respect to the log-probabilities and has the shape of z.

    >>> log_softmax_vjp(np.array([0.0, 0.0]), np.array([-1.0, 0.0]))
    array([-0.5,  0.5])
    """
    return v - softmax(z, dim) * v.sum(axis=dim, keepdims=True)


# ---------------------------------------------------------------- regression


def mse_loss(predictions: Real, targets: Real, reduction: str = "mean") -> float | Real:
    """Squared error (prediction - target) ** 2, by default averaged over all numbers.

    The negative log-likelihood of a normal distribution around the prediction, up to constants.
    Differs from PyTorch in that two shapes are never broadcast: PyTorch warns and goes on, and
    (batch, 1) against (batch,) is then an average over batch * batch pairs.

    >>> mse_loss(np.array([1.0, 2.0]), np.array([1.0, 5.0]))
    4.5

    Raises:
        ValueError: the shapes differ, or the reduction is unknown.

    Gradient: 2 * (predictions - targets) / count.
    """
    _check_shapes("predictions", predictions, targets)
    return _reduce(np.square(predictions - targets), reduction)


def mse_loss_grad(predictions: Real, targets: Real, reduction: str = "mean") -> Real:
    """Gradient of `mse_loss` with respect to the predictions.

    >>> mse_loss_grad(np.array([1.0, 2.0]), np.array([1.0, 5.0]))
    array([ 0., -3.])
    """
    _check_shapes("predictions", predictions, targets)
    return 2 * (predictions - targets) / _count(predictions.size, reduction)


# ---------------------------------------------------------------- two classes


def binary_cross_entropy_with_logits(
    logits: Real, targets: Real, reduction: str = "mean"
) -> float | Real:
    """Negative log-likelihood of yes-or-no answers, in nats, by default averaged.

    A target is the probability of "yes", most often 0.0 or 1.0. With p = sigmoid(z) the loss is
    -t * log(p) - (1 - t) * log(1 - p). Written as max(z, 0) - t * z + log(1 + exp(-|z|)) it is the
    same number without a log of 0, so it stays finite when a logit is in the thousands.

    >>> binary_cross_entropy_with_logits(np.array([0.0, 1000.0]), np.array([1.0, 0.0]), "none")
    array([6.93147181e-01, 1.00000000e+03])

    Raises:
        ValueError: the shapes differ, or the reduction is unknown.

    Gradient: (sigmoid(logits) - targets) / count.
    """
    _check_shapes("logits", logits, targets)
    losses = np.maximum(logits, 0) - targets * logits + np.log1p(np.exp(-np.abs(logits)))
    return _reduce(losses, reduction)


def binary_cross_entropy_with_logits_grad(
    logits: Real, targets: Real, reduction: str = "mean"
) -> Real:
    """Gradient of `binary_cross_entropy_with_logits` with respect to the logits.

    >>> binary_cross_entropy_with_logits_grad(np.array([0.0, 1000.0]), np.array([1.0, 0.0]))
    array([-0.25,  0.5 ])
    """
    _check_shapes("logits", logits, targets)
    return (sigmoid(logits) - targets) / _count(logits.size, reduction)


def hinge_loss(
    scores: Real, labels: Real | Integer[np.ndarray, "*shape"], reduction: str = "mean"
) -> float | Real:
    """What a score lacks to be on its side by 1: max(0, 1 - label * score), by default averaged.

    Labels are -1 and +1, as for the perceptron, whose loss has 0 where this has 1. PyTorch has no
    function of this kind; at the kink, label * score = 1, the gradient here is 0.

    >>> hinge_loss(np.array([2.0, 0.25, -1.0]), np.array([1, 1, 1]), "none")
    array([0.  , 0.75, 2.  ])

    Raises:
        ValueError: the shapes differ, a label is neither -1 nor +1, or the reduction is unknown.

    Gradient: -labels / count where label * score < 1, else 0.
    Source: Cortes and Vapnik 1995.
    """
    _check_signs(scores, labels)
    return _reduce(np.maximum(0, 1 - labels.astype(scores.dtype) * scores), reduction)


def hinge_loss_grad(
    scores: Real, labels: Real | Integer[np.ndarray, "*shape"], reduction: str = "mean"
) -> Real:
    """Gradient of `hinge_loss` with respect to the scores.

    >>> hinge_loss_grad(np.array([2.0, 0.25]), np.array([1, 1]))
    array([ 0. , -0.5])
    """
    _check_signs(scores, labels)
    y = labels.astype(scores.dtype)
    return np.where(y * scores < 1, -y, 0) / _count(scores.size, reduction)


# ---------------------------------------------------------------- many classes


def cross_entropy(
    logits: Logits, targets: Integer[np.ndarray, " batch"], reduction: str = "mean"
) -> float | PerExample:
    """Negative log-likelihood of the target class, in nats, by default averaged over the batch.

    Targets are class indices. Works from logits through log-sum-exp, so it stays finite when a
    logit is in the thousands. Equal logits give log(classes), the loss of a network that knows
    nothing yet. Differs from PyTorch in that probabilities as targets go to `soft_cross_entropy`.

    >>> round(cross_entropy(np.array([[0.0, np.log(3.0)]]), np.array([0])), 4)  # log 4
    1.3863

    Raises:
        ValueError: a target lies outside [0, classes), a shape is wrong, or the reduction unknown.

    Gradient: (softmax(logits) - onehot(targets)) / batch.
    Source: Goodfellow et al. 2016, section 6.2.2.3.
    """
    _check_classes(logits, targets)
    losses = -log_softmax(logits)[np.arange(len(targets)), targets]
    return _reduce(losses, reduction)


def cross_entropy_grad(
    logits: Logits, targets: Integer[np.ndarray, " batch"], reduction: str = "mean"
) -> Logits:
    """Gradient of `cross_entropy` with respect to the logits.

    >>> cross_entropy_grad(np.array([[0.0, np.log(3.0)]]), np.array([0])).round(4)
    array([[-0.75,  0.75]])
    """
    _check_classes(logits, targets)
    onehot = targets[:, None] == np.arange(logits.shape[1])  # (batch, classes)
    return (softmax(logits) - onehot) / _count(len(targets), reduction)


def soft_cross_entropy(
    logits: Logits, targets: Logits, reduction: str = "mean"
) -> float | PerExample:
    """Cross-entropy against a distribution over the classes, by default averaged over the batch.

    Each row of targets holds probabilities: smoothed labels, mixed labels, a teacher's answer.
    PyTorch does this inside cross_entropy when the targets are floats; here it is a function of
    its own, so that one-hot rows are never passed where indices were meant.

    >>> round(soft_cross_entropy(np.array([[0.0, np.log(3.0)]]), np.array([[0.5, 0.5]])), 4)
    0.837

    Raises:
        ValueError: the shapes differ, or the reduction is unknown.

    Gradient: (softmax(logits) * sum(targets) - targets) / batch, where a row's targets sum to 1.
    """
    _check_shapes("logits", logits, targets)
    return _reduce(-(targets * log_softmax(logits)).sum(axis=-1), reduction)


def soft_cross_entropy_grad(logits: Logits, targets: Logits, reduction: str = "mean") -> Logits:
    """Gradient of `soft_cross_entropy` with respect to the logits.

    >>> soft_cross_entropy_grad(np.array([[0.0, 0.0]]), np.array([[0.9, 0.1]]))
    array([[-0.4,  0.4]])
    """
    _check_shapes("logits", logits, targets)
    return log_softmax_vjp(logits, -targets) / _count(len(logits), reduction)


# ---------------------------------------------------------------- shared


def _reduce(losses: Real, reduction: str) -> Any:
    """The losses as they are, their sum, or their mean; the last two as a Python float."""
    _check_reduction(reduction)
    if reduction == "none":
        return losses
    return float(losses.mean() if reduction == "mean" else losses.sum())


def _count(size: int, reduction: str) -> int:
    """What a gradient is divided by: the number of losses for a mean, else 1."""
    _check_reduction(reduction)
    return size if reduction == "mean" else 1


def _check_reduction(reduction: str) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction must be 'mean', 'sum' or 'none', got {reduction!r}")


def _check_shapes(name: str, outputs: np.ndarray, targets: np.ndarray) -> None:
    if outputs.shape != targets.shape:
        raise ValueError(
            f"{name} and targets must have the same shape, got {outputs.shape} and {targets.shape}"
        )


def _check_signs(scores: np.ndarray, labels: np.ndarray) -> None:
    _check_shapes("scores", scores, labels)
    if not np.isin(labels, (-1, 1)).all():
        raise ValueError(f"labels must be -1 or +1, got {np.unique(labels).tolist()}")


def _check_classes(logits: np.ndarray, targets: np.ndarray) -> None:
    """Refuse targets that are no class indices, one for each row of logits."""
    if logits.ndim != 2:
        raise ValueError(f"logits must have shape (batch, classes), got {logits.shape}")
    if targets.shape != (len(logits),) or not np.issubdtype(targets.dtype, np.integer):
        raise ValueError(
            f"targets must be class indices, integers of shape ({len(logits)},), "
            f"got {targets.dtype} of shape {targets.shape}"
        )
    outside = (targets < 0) | (targets >= logits.shape[1])
    if outside.any():
        first = int(outside.argmax())
        raise ValueError(
            f"targets must lie in [0, {logits.shape[1]}), got {targets[first]} at index {first}"
        )
