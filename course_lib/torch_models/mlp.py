"""The multi-layer perceptron in PyTorch: twin of `nn.MLP`."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

__all__ = ["MLP"]


class MLP(nn.Sequential):
    """Linear layers of the given sizes with ReLU between them: `MLP([784, 256, 10])`.

    Raises:
        ValueError: fewer than two sizes are given.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        if len(sizes) < 2:
            raise ValueError(f"sizes must name at least input and output, got {list(sizes)}")
        super().__init__()
        for inputs, outputs in pairwise(sizes[:-1]):
            self.append(nn.Linear(inputs, outputs)).append(nn.ReLU())
        self.append(nn.Linear(sizes[-2], sizes[-1]))
