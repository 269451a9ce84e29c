"""Classes that answer `activations.activation`, right and wrong: one change each."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray


class Variant:
    """A right answer with every part in a method of its own, for others to exchange."""

    def __init__(self, name: str, negative_slope: float = 0.01) -> None:
        self.name, self.negative_slope = name, negative_slope

    def __call__(self, z: Array) -> Array:
        """The value, by name."""
        return np.asarray(getattr(self, self.name)(z))

    def slope(self, z: Array) -> Array:
        """The derivative, by name."""
        return np.asarray(getattr(self, self.name + "_slope")(z))

    def tanh(self, z: Array) -> Array:
        return np.asarray(np.tanh(z))

    def tanh_slope(self, z: Array) -> Array:
        return np.asarray(1 - np.tanh(z) ** 2)

    def relu(self, z: Array) -> Array:
        return np.asarray(np.maximum(z, 0))

    def relu_slope(self, z: Array) -> Array:
        return np.where(z > 0, 1.0, 0.0)

    def leaky_relu(self, z: Array) -> Array:
        return np.where(z > 0, z, self.negative_slope * z)

    def leaky_relu_slope(self, z: Array) -> Array:
        return np.where(z > 0, 1.0, self.negative_slope)


def changed(**methods: Any) -> type:
    """A right answer with some of its methods exchanged."""
    return type("Activation", (Variant,), methods)


def _sigmoid(z: Array) -> Array:
    return np.asarray((1 + np.tanh(z / 2)) / 2)


# Each is one mistake. A `self` that is not used is written as `_`.
TanhIsSigmoid = changed(tanh=lambda _, z: _sigmoid(z))
TanhHalfAsSteep = changed(tanh=lambda _, z: 2 * _sigmoid(z) - 1)
TanhSlopeOfOutput = changed(tanh_slope=lambda _, z: 1 - z**2)
TanhSlopeTwice = changed(tanh_slope=lambda _, z: 1 - np.tanh(np.tanh(z)) ** 2)
TanhSlopeNotSquared = changed(tanh_slope=lambda _, z: 1 - np.tanh(z))
TanhSlopeOfSigmoid = changed(tanh_slope=lambda _, z: np.tanh(z) * (1 - np.tanh(z)))
TanhSlopeChain = changed(tanh_slope=lambda _, z: 2 * _sigmoid(2 * z) * (1 - _sigmoid(2 * z)))
TanhSlopeNegative = changed(tanh_slope=lambda _, z: np.tanh(z) ** 2 - 1)
TanhSlopeUnstretched = changed(tanh_slope=lambda _, z: 1 - _sigmoid(z) ** 2)
ReluIsAbsolute = changed(relu=lambda _, z: np.abs(z))
ReluIsMinimum = changed(relu=lambda _, z: np.minimum(z, 0))
ReluOfWholeArray = changed(relu=lambda _, z: np.max([0.0, *z.ravel()]))
ReluByMax = changed(relu=lambda _, z: max(0, z))
ReluSlopeOneAtZero = changed(relu_slope=lambda _, z: np.where(z >= 0, 1.0, 0.0))
ReluSlopeHalfAtZero = changed(relu_slope=lambda _, z: np.heaviside(z, 0.5))
ReluSlopeIsSign = changed(relu_slope=lambda _, z: np.sign(z))
ReluSlopeIsValue = changed(relu_slope=lambda _, z: np.maximum(z, 0))
ReluSlopeByDivision = changed(relu_slope=lambda _, z: np.maximum(z, 0) / z)
LeakyOnTheRight = changed(
    leaky_relu=lambda self, z: np.where(z > 0, self.negative_slope * z, z),
    leaky_relu_slope=lambda self, z: np.where(z > 0, self.negative_slope, 1.0),
)
LeakyUpwards = changed(leaky_relu=lambda self, z: np.where(z > 0, z, -self.negative_slope * z))
LeakyFixed = changed(
    leaky_relu=lambda _, z: np.where(z > 0, z, 0.01 * z),
    leaky_relu_slope=lambda _, z: np.where(z > 0, 1.0, 0.01),
)
LeakyShifted = changed(leaky_relu=lambda self, z: np.where(z > 0, z, self.negative_slope))
LeakySlopeOfRelu = changed(leaky_relu_slope=Variant.relu_slope)
LeakySlopeIsValue = changed(
    leaky_relu_slope=lambda self, z: np.where(z > 0, 1.0, self.negative_slope * z)
)
LeakySlopeOneAtZero = changed(
    leaky_relu_slope=lambda self, z: np.where(z >= 0, 1.0, self.negative_slope)
)
LeakySlopeTurned = changed(
    leaky_relu_slope=lambda self, z: np.where(z > 0, self.negative_slope, 1.0)
)
LeakySlopeNegative = changed(
    leaky_relu_slope=lambda self, z: np.where(z > 0, 1.0, -self.negative_slope)
)
SlopesAreBooleans = changed(relu_slope=lambda _, z: z > 0)


class BothOneAtZero(Variant):
    """Gives both kinks the slope on their right."""

    def relu_slope(self, z: Array) -> Array:
        return np.where(z >= 0, 1.0, 0.0)

    def leaky_relu_slope(self, z: Array) -> Array:
        return np.where(z >= 0, 1.0, self.negative_slope)


class BySigmoid:
    """Another right way: tanh from exponentials, the two others from one pair of slopes."""

    def __init__(self, name: str, negative_slope: float = 0.01) -> None:
        self.smooth = name == "tanh"
        self.left = {"relu": 0.0}.get(name, negative_slope)

    def __call__(self, z: Array) -> Array:
        """Split into a positive and a negative part."""
        if self.smooth:
            e = np.exp(-2 * np.abs(z))
            return np.asarray(np.sign(z) * (1 - e) / (1 + e))
        return np.asarray(np.maximum(z, 0) + self.left * np.minimum(z, 0))

    def slope(self, z: Array) -> Array:
        """Count the sides."""
        if self.smooth:
            return np.asarray(1 / np.cosh(z) ** 2)
        return np.asarray((z > 0) * 1 + (z <= 0) * self.left)


class ByTable:
    """Another right way: a table of functions, chosen where the object is made."""

    def __init__(self, name: str, negative_slope: float = 0.01) -> None:
        def kinked(left: float) -> tuple[Any, Any]:
            def value(z: Array) -> Array:
                out = z.copy()
                out[z < 0] *= left
                return out

            def slope(z: Array) -> Array:
                out = np.full(z.shape, left)
                out[z > 0] = 1.0
                return out

            return value, slope

        table = {
            "tanh": (np.tanh, lambda z: (1 - np.tanh(z)) * (1 + np.tanh(z))),
            "relu": kinked(0.0),
            "leaky_relu": kinked(negative_slope),
        }
        self.value, self.derivative = table[name]

    def __call__(self, z: Array) -> Array:
        """The value."""
        return np.asarray(self.value(z))

    def slope(self, z: Array) -> Array:
        """The derivative."""
        return np.asarray(self.derivative(z))
