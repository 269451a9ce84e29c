"""What lesson 04 builds, in one piece: the oracle of its exercises, and what `borrow` hands out.

Results are made by `type(self)`, so that a borrowed class goes on working when the notebook adds
methods to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

Draw = Callable[[], Any]


class Node:
    """A number, the numbers it was made from, and the local derivative for each of them."""

    def __init__(
        self,
        data: float,
        parents: Any = (),
        local: Any = (),
        op: str = "",
        label: str = "",
    ) -> None:
        self.data, self.grad = data, 0.0
        self.parents, self.local = parents, local
        self.op, self.label = op, label


class Arithmetic(Node):
    """Sums and products."""

    def __add__(self, other: Any) -> Any:
        return type(self)(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __mul__(self, other: Any) -> Any:
        return type(self)(self.data * other.data, (self, other), (other.data, self.data), "*")


def another(node: Any, *parts: Any) -> Any:
    """Another node of the same class, whichever the methods below have been joined to."""
    return type(node)(*parts)


class Functions:
    """Powers and three functions, for a class that holds a number in `data`."""

    data: float

    def __pow__(self, n: float) -> Any:
        return another(self, self.data**n, (self,), (n * self.data ** (n - 1),), f"**{n}")

    def exp(self) -> Any:
        y = math.exp(self.data)
        return another(self, y, (self,), (y,), "exp")

    def tanh(self) -> Any:
        y = math.tanh(self.data)
        return another(self, y, (self,), (1 - y**2,), "tanh")

    def relu(self) -> Any:
        return another(self, max(self.data, 0.0), (self,), (float(self.data > 0),), "relu")


class Value(Functions, Arithmetic):
    """All of it in one class."""


def numerical_gradient(
    f: Callable[[list[float]], float], x: list[float], h: float = 1e-5
) -> list[float]:
    """Return the slope of f along each number of the list x, by nudging it up and down by h."""
    slopes = []
    for i in range(len(x)):
        up, down = list(x), list(x)
        up[i] += h
        down[i] -= h
        slopes.append((f(up) - f(down)) / (2 * h))
    return slopes


def topological_order(root: Any) -> list[Any]:
    """List root and all it was made from, each once, and after all its parents."""
    order, seen, todo = [], set(), [(root, False)]
    while todo:
        node, parents_done = todo.pop()
        if parents_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            todo.append((node, True))  # comes up again when its parents, put on top, are done
            todo += [(parent, False) for parent in node.parents]
    return order


def backpropagate(order: Sequence[Any]) -> None:
    """Fill in `grad` of every node; order lists parents first and the root last."""
    for node in order:
        if node.parents:
            node.grad = 0.0  # between the ends nothing may be left from an earlier call
    order[-1].grad = 1.0
    for node in reversed(order):
        for parent, local in zip(node.parents, node.local):  # noqa: B905 (lifted into the lesson)
            parent.grad += local * node.grad


class Neuron:
    """A weighted sum of its inputs plus a bias, then ReLU unless relu is False."""

    def __init__(self, num_inputs: int, draw: Draw, relu: bool = True) -> None:
        self.w = [draw() for _ in range(num_inputs)]
        self.b = draw()
        self.relu = relu

    def __call__(self, x: Sequence[Any]) -> Any:
        z = self.b
        for weight, feature in zip(self.w, x, strict=True):
            z = z + weight * feature
        return z.relu() if self.relu else z

    def parameters(self) -> list[Any]:
        return [*self.w, self.b]


class Layer:
    """Neurons that see the same inputs."""

    def __init__(self, num_inputs: int, num_outputs: int, draw: Draw, relu: bool = True) -> None:
        self.neurons = [Neuron(num_inputs, draw, relu) for _ in range(num_outputs)]

    def __call__(self, x: Sequence[Any]) -> list[Any]:
        return [neuron(x) for neuron in self.neurons]

    def parameters(self) -> list[Any]:
        return [p for neuron in self.neurons for p in neuron.parameters()]


class MLP:
    """Layers one after the other; ReLU in all but the last."""

    def __init__(self, sizes: Sequence[int], draw: Draw) -> None:
        last = len(sizes) - 2
        self.layers = [
            Layer(sizes[k], sizes[k + 1], draw, relu=k < last) for k in range(len(sizes) - 1)
        ]

    def __call__(self, x: Sequence[Any]) -> Sequence[Any]:
        for layer in self.layers:
            x = layer(x)
        return x

    def parameters(self) -> list[Any]:
        return [p for layer in self.layers for p in layer.parameters()]


def train(
    parameters: Sequence[Any], compute_loss: Callable[[], Any], steps: int, lr: float
) -> list[float]:
    """Take gradient steps; return the loss before each of them, as plain numbers."""
    losses = []
    for _ in range(steps):
        loss = compute_loss()
        for p in parameters:
            p.grad = 0.0
        loss.backward()
        for p in parameters:
            p.data -= lr * p.grad
        losses.append(loss.data)
    return losses
