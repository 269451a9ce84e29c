"""Starting values for weights: random, and of a size that keeps signals alive.

Every function fills an array in place, as the trailing underscore says, keeps its dtype and returns
it. Names, formulas and defaults are PyTorch's, but for one: the random numbers come from `rng`, a
NumPy generator that has to be given, so a start can always be repeated. A weight has shape
(features out, features in), with the sizes of a convolution's window after these. Taught in lesson
06.

What is kept alive is the variance. A sum of fan_in products w * x, with means 0, has variance
fan_in * var(w) * mean(x^2); so with var(w) = gain^2 / fan_in it is passed on from layer to layer.
"""

import math

import numpy as np

__all__ = [
    "calculate_gain",
    "fan_in_and_fan_out",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
]


def uniform_(
    tensor: np.ndarray, a: float = 0.0, b: float = 1.0, *, rng: np.random.Generator
) -> np.ndarray:
    """Fill with numbers spread evenly from a to b."""
    tensor[...] = rng.uniform(a, b, tensor.shape)
    return tensor


def normal_(
    tensor: np.ndarray, mean: float = 0.0, std: float = 1.0, *, rng: np.random.Generator
) -> np.ndarray:
    """Fill with normally distributed numbers."""
    tensor[...] = rng.normal(mean, std, tensor.shape)
    return tensor


def xavier_uniform_(
    tensor: np.ndarray, gain: float = 1.0, *, rng: np.random.Generator
) -> np.ndarray:
    """Uniform with standard deviation gain * sqrt(2 / (fan_in + fan_out)).

    A compromise between keeping the variance on the way forward and on the way back. The bound is
    sqrt(3) standard deviations, since a uniform distribution on [-b, b] has variance b^2 / 3.

    Source: Glorot and Bengio 2010.
    """
    bound = math.sqrt(3.0) * _xavier_std(tensor, gain)
    return uniform_(tensor, -bound, bound, rng=rng)


def xavier_normal_(
    tensor: np.ndarray, gain: float = 1.0, *, rng: np.random.Generator
) -> np.ndarray:
    """Normal with standard deviation gain * sqrt(2 / (fan_in + fan_out)).

    Source: Glorot and Bengio 2010.
    """
    return normal_(tensor, 0.0, _xavier_std(tensor, gain), rng=rng)


def kaiming_uniform_(
    tensor: np.ndarray,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    rng: np.random.Generator,
) -> np.ndarray:
    """Uniform with standard deviation gain / sqrt(fan), for layers with ReLU or a like.

    a is the slope of a leaky ReLU; with 0 it is a plain one. mode "fan_in" keeps the variance on
    the way forward, "fan_out" on the way back. PyTorch's Linear starts with a = sqrt(5), which
    comes to the bound 1 / sqrt(fan_in).

    Source: He et al. 2015.
    """
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, rng=rng)


def kaiming_normal_(
    tensor: np.ndarray,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    rng: np.random.Generator,
) -> np.ndarray:
    """Normal with standard deviation gain / sqrt(fan); the options are those of the uniform one.

    Source: He et al. 2015.
    """
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), rng=rng)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By how much weights have to be larger because of what the activation takes away.

    ReLU makes half of the numbers 0 and so halves the mean square: its gain is sqrt(2). param is
    the slope of a leaky ReLU, 0.01 unless given.

    >>> calculate_gain("tanh"), calculate_gain("leaky_relu", 1.0)
    (1.6666666666666667, 1.0)

    Raises:
        ValueError: no gain is known for that activation.
    """
    slope = 0.01 if param is None else param
    gains = {
        "linear": 1.0,
        "sigmoid": 1.0,
        "tanh": 5 / 3,  # by experience; the others follow from the mean square
        "relu": math.sqrt(2.0),
        "leaky_relu": math.sqrt(2.0 / (1 + slope**2)),
        "selu": 3 / 4,
    }
    if nonlinearity not in gains:
        raise ValueError(f"nonlinearity must be one of {', '.join(gains)}, got {nonlinearity!r}")
    return gains[nonlinearity]


def fan_in_and_fan_out(tensor: np.ndarray) -> tuple[int, int]:
    """How many inputs make one output of a weight, and how many outputs one input goes into.

    >>> fan_in_and_fan_out(np.zeros((5, 3))), fan_in_and_fan_out(np.zeros((8, 4, 3, 3)))
    ((3, 5), (36, 72))

    Raises:
        ValueError: the weight has fewer than two axes.
    """
    if tensor.ndim < 2:
        raise ValueError(f"fan in and fan out need at least 2 axes, got shape {tensor.shape}")
    window = math.prod(tensor.shape[2:])  # 1 without a window
    return tensor.shape[1] * window, tensor.shape[0] * window


def _xavier_std(tensor: np.ndarray, gain: float) -> float:
    fan_in, fan_out = fan_in_and_fan_out(tensor)
    return gain * math.sqrt(2.0 / (fan_in + fan_out))


def _kaiming_std(tensor: np.ndarray, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode must be 'fan_in' or 'fan_out', got {mode!r}")
    fan_in, fan_out = fan_in_and_fan_out(tensor)
    fan = fan_in if mode == "fan_in" else fan_out
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)
