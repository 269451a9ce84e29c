"""Layers without weights: activation functions, and Flatten.

Adds to `containers`: functions that can stand in a chain. Taught in lesson 07.
"""

from jaxtyping import Float

from course_lib.nn.module import Module
from course_lib.tensor import Tensor
from course_lib.tensor import functional as F

__all__ = ["GELU", "Flatten", "ReLU", "Sigmoid", "Tanh"]


class ReLU(Module):
    """x where it is positive, else 0."""

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Apply it to each element."""
        return F.relu(x)


class Tanh(Module):
    """The hyperbolic tangent, between -1 and 1."""

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Apply it to each element."""
        return F.tanh(x)


class Sigmoid(Module):
    """1 / (1 + exp(-x)), between 0 and 1."""

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Apply it to each element."""
        return F.sigmoid(x)


class GELU(Module):
    """x times the chance that a standard normal number lies below x.

    approximate is "none", or "tanh" for the formula of the same name.

    Raises:
        ValueError: approximate is something else.

    Source: Hendrycks and Gimpel 2016.
    """

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ValueError(f"approximate must be 'none' or 'tanh', got {approximate!r}")
        self.approximate = approximate

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Apply it to each element."""
        return F.gelu(x, self.approximate)

    def extra_repr(self) -> str:
        """Which formula."""
        return f"approximate={self.approximate!r}"


class Flatten(Module):
    """Merge the axes from start_dim to end_dim into one: images to rows."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Tensor) -> Tensor:
        """By default (batch, ...) to (batch, features)."""
        return x.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """Which axes."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"
