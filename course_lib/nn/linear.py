"""Linear layers and networks made of them.

Adds to `containers`: the first layer with weights, and the multi-layer perceptron. Taught in
lesson 07.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from course_lib.nn.activations import ReLU
from course_lib.nn.containers import Sequential
from course_lib.nn.module import Module, Parameter
from course_lib.tensor import Tensor
from course_lib.tensor import functional as F

__all__ = ["MLP", "Linear"]


class Linear(Module):
    """x @ weight.T + bias. Shapes: weight (out_features, in_features), bias (out_features,).

    Both start uniform between -1/sqrt(in_features) and 1/sqrt(in_features), drawn from rng.

    Raises:
        ValueError: a size is below 1.

    Differs from PyTorch: rng must be given, so that every start can be repeated.
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, *, rng: np.random.Generator
    ) -> None:
        if min(in_features, out_features) < 1:
            raise ValueError(f"sizes must be at least 1, got {in_features} and {out_features}")
        self.in_features, self.out_features = in_features, out_features
        bound = 1 / math.sqrt(in_features)
        weight = rng.uniform(-bound, bound, (out_features, in_features))
        self.weight = Parameter(weight.astype(np.float32))
        self.bias: Parameter | None = None
        if bias:
            self.bias = Parameter(rng.uniform(-bound, bound, out_features).astype(np.float32))

    def forward(
        self, x: Float[Tensor, "*batch in_features"]
    ) -> Float[Tensor, "*batch out_features"]:
        """Apply the layer along the last axis of x."""
        return F.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Sizes, and whether there is a bias."""
        bias = self.bias is not None
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={bias}"


class MLP(Sequential):
    """Linear layers of the given sizes with ReLU between them: `MLP([784, 256, 10], rng=rng)`.

    Raises:
        ValueError: fewer than two sizes are given.
    """

    def __init__(self, sizes: Sequence[int], *, rng: np.random.Generator) -> None:
        if len(sizes) < 2:
            raise ValueError(f"sizes must name at least input and output, got {list(sizes)}")
        super().__init__()
        for inputs, outputs in pairwise(sizes[:-1]):
            self.append(Linear(inputs, outputs, rng=rng)).append(ReLU())
        self.append(Linear(sizes[-2], sizes[-1], rng=rng))
