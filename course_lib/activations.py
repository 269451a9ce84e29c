"""Activation functions in plain NumPy, each with its derivative.

Adds to `perceptron`: units that answer by degrees, so that a small change of a weight changes the
answer a little. Leaves out: the chain rule through many layers, which lesson 04 adds. Taught in
lesson 02.

Every function takes an array of any shape and keeps its shape and its dtype, float32 or float64.
Every derivative is a function of the input z, not of the output. Where a function has a kink, at 0,
its derivative there is the one for z < 0, as in PyTorch. NaN stays NaN in every value; in the
derivatives of `relu` and `leaky_relu` it counts as not positive.
"""

import math
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

__all__ = [
    "Real",
    "gelu",
    "gelu_grad",
    "leaky_relu",
    "leaky_relu_grad",
    "relu",
    "relu_grad",
    "sigmoid",
    "sigmoid_grad",
    "softmax",
    "softmax_jacobian",
    "softmax_vjp",
    "tanh",
    "tanh_grad",
]

if TYPE_CHECKING:
    Real = np.ndarray
else:  # NumPy turns an array without axes into a scalar as soon as it computes with it
    Real = Float[np.ndarray, "*shape"] | np.floating


def sigmoid(z: Real) -> Real:
    """Squash any number into (0, 1): 1 / (1 + exp(-z)).

    Only exp(-|z|) is ever computed, which is at most 1, so no z overflows.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1) / (1 + e)  # for z < 0: exp(z) / (1 + exp(z)), the same number


def sigmoid_grad(z: Real) -> Real:
    """Derivative of `sigmoid` at z: s * (1 - s), at most 0.25, with s = sigmoid(z).

    >>> sigmoid_grad(np.array([0.0, 1000.0]))
    array([0.25, 0.  ])
    """
    s = sigmoid(z)
    return s * (1 - s)


def tanh(z: Real) -> Real:
    """Squash any number into (-1, 1): a sigmoid stretched to be odd, 2 * sigmoid(2z) - 1.

    >>> tanh(np.array([-1000.0, 0.0, 1000.0]))
    array([-1.,  0.,  1.])
    """
    return np.tanh(z)


def tanh_grad(z: Real) -> Real:
    """Derivative of `tanh` at z: 1 - tanh(z) ** 2, which is 1 at 0 and falls to 0 on both sides.

    >>> tanh_grad(np.array([0.0, 1000.0]))
    array([1., 0.])
    """
    return 1 - np.square(np.tanh(z))


def relu(z: Real) -> Real:
    """Let positive numbers through and make the others 0: max(z, 0).

    >>> relu(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])

    Source: Nair and Hinton 2010.
    """
    return np.maximum(z, 0)


def relu_grad(z: Real) -> Real:
    """Derivative of `relu` at z: 1 for z > 0, else 0.

    At 0 there is no derivative; any number from 0 to 1 would do, and 0 is PyTorch's choice.

    >>> relu_grad(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 1.])
    """
    return (z > 0).astype(z.dtype)


def leaky_relu(z: Real, negative_slope: float = 0.01) -> Real:
    """Let positive numbers through and make the others small: z for z > 0, else slope * z.

    >>> leaky_relu(np.array([-2.0, 0.0, 3.0]))
    array([-0.02,  0.  ,  3.  ])

    Source: Maas et al. 2013.
    """
    return np.where(z > 0, z, negative_slope * z)


def leaky_relu_grad(z: Real, negative_slope: float = 0.01) -> Real:
    """Derivative of `leaky_relu` at z: 1 for z > 0, else the slope. It never dies.

    >>> leaky_relu_grad(np.array([-2.0, 0.0, 3.0]))
    array([0.01, 0.01, 1.  ])
    """
    return np.where(z > 0, 1, negative_slope).astype(z.dtype)


def gelu(z: Real, approximate: str = "none") -> Real:
    """Weigh z by how likely a standard normal number is to be smaller: z * Phi(z).

    approximate="none" computes Phi exactly; "tanh" uses the authors' approximation, which is off by
    less than 0.0005 and which GPT-2 was trained with.

    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1587,  0.    ,  0.8413])

    Raises:
        ValueError: approximate is neither "none" nor "tanh".

    Source: Hendrycks and Gimpel 2016.
    """
    _check_form(approximate)
    cdf = 0.5 * (1 + (np.tanh(_tanh_form(z)) if approximate == "tanh" else _erf(z / math.sqrt(2))))
    return z * cdf


def gelu_grad(z: Real, approximate: str = "none") -> Real:
    """Derivative of `gelu` at z, by the product rule: Phi(z) + z * phi(z), with phi = Phi'.

    >>> gelu_grad(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])

    Raises:
        ValueError: approximate is neither "none" nor "tanh".
    """
    _check_form(approximate)
    if approximate == "tanh":
        t = np.tanh(_tanh_form(z))
        slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * z * z)  # of the tanh's argument
        return 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * slope
    density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    return 0.5 * (1 + _erf(z / math.sqrt(2))) + z * density


def softmax(z: Real, dim: int = -1) -> Real:
    """Turn the scores along one axis into probabilities: exp(z), divided by their sum.

    Adding one number to all scores changes nothing, so the largest is moved to 0 first and no exp
    overflows. A score of -inf gets probability 0; where all are -inf the answer is NaN.

    >>> softmax(np.array([0.0, np.log(3.0)])).round(4)
    array([0.25, 0.75])

    Source: Bridle 1990.
    """
    shifted = z - z.max(axis=dim, keepdims=True)  # exp overflows above ~709 in float64
    e = np.exp(shifted)
    return e / e.sum(axis=dim, keepdims=True)


def softmax_jacobian(z: Float[np.ndarray, " classes"]) -> Float[np.ndarray, "classes classes"]:
    """All derivatives of one row of `softmax`: entry (i, j) is d p_i / d z_j.

    That is p_i * (1 - p_i) on the diagonal and -p_i * p_j off it: diag(p) - outer(p, p). Every row
    and every column sums to 0, since probabilities can only be moved, not made.

    >>> softmax_jacobian(np.array([1.0, 1.0]))
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])
    """
    p = softmax(z)
    return np.diag(p) - np.outer(p, p)


def softmax_vjp(z: Real, v: Real, dim: int = -1) -> Real:
    """The vector v times the Jacobian of `softmax` at z, for each row: p * (v - sum(v * p)).

    v is the gradient with respect to the probabilities and has the shape of z; the result is the
    gradient with respect to z. The Jacobian is symmetric, so this is the Jacobian times v as well;
    no matrix of shape (classes, classes) is built.

    >>> softmax_vjp(np.array([1.0, 1.0]), np.array([1.0, 0.0]))
    array([ 0.25, -0.25])
    """
    p = softmax(z, dim)
    return p * (v - (v * p).sum(axis=dim, keepdims=True))


def _tanh_form(z: Real) -> Real:
    """What stands inside the tanh of the approximate GELU."""
    return math.sqrt(2 / math.pi) * (z + 0.044715 * z * z * z)  # z**3 is many times slower


def _erf(z: Real) -> Real:
    """The error function, elementwise.

    NumPy has none, and `math.erf` takes one number at a time, some fifty times slower on an array.
    SciPy's is exact in both precisions and on every machine of the course, because scikit-learn
    needs it. It is imported here, not above: few who import this module want the exact GELU.
    """
    from scipy.special import erf  # type: ignore[import-untyped]

    return erf(z)


def _check_form(approximate: str) -> None:
    """Refuse a form of GELU that does not exist."""
    if approximate not in ("none", "tanh"):
        raise ValueError(f"approximate must be 'none' or 'tanh', got {approximate!r}")
