"""Neurons, layers and a multi-layer perceptron made of `Value`s."""

import random
from collections.abc import Iterable
from typing import SupportsFloat

from course_lib.scalar.engine import Value

__all__ = ["MLP", "Layer", "Module", "Neuron"]

Inputs = Iterable[Value | SupportsFloat]


class Module:
    """Something with parameters."""

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.parameters():
            p.grad = 0

    def parameters(self) -> list[Value]:
        """List the numbers that training changes; none here."""
        return []


class Neuron(Module):
    """A weighted sum of nin inputs, plus a bias, followed by ReLU unless nonlin is False.

    The weights are drawn uniformly from [-1, 1], the bias is 0. The numbers come from rng, or from
    Python's global generator if there is none: then `random.seed(1337)` gives the weights that
    micrograd would have.

    Differs from micrograd: the weighted sum is one node, not 2 * nin. Its derivative is x_i with
    respect to w_i, w_i with respect to x_i, and 1 with respect to the bias, so nothing is lost but
    work. And a wrong number of inputs is an error.

    Raises:
        ValueError: it is called with another number of inputs than nin.
    """

    def __init__(self, nin: int, nonlin: bool = True, rng: random.Random | None = None) -> None:
        uniform = rng.uniform if rng else random.uniform
        self.w = [Value(uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(0)
        self.nonlin = nonlin

    def __call__(self, x: Inputs) -> Value:
        """Answer to one example, a list of nin numbers or `Value`s."""
        inputs = [xi if isinstance(xi, Value) else Value(xi) for xi in x]
        if len(inputs) != len(self.w):
            raise ValueError(f"the neuron takes {len(self.w)} inputs, got {len(inputs)}")
        act = weighted_sum(self.w, inputs, self.b)
        return act.relu() if self.nonlin else act

    def parameters(self) -> list[Value]:
        """List the weights, then the bias."""
        return [*self.w, self.b]

    def __repr__(self) -> str:
        return f"{'ReLU' if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(Module):
    """A list of nout neurons that see the same nin inputs; the options are those of `Neuron`."""

    def __init__(
        self, nin: int, nout: int, nonlin: bool = True, rng: random.Random | None = None
    ) -> None:
        self.neurons = [Neuron(nin, nonlin, rng) for _ in range(nout)]

    def __call__(self, x: Inputs) -> Value | list[Value]:
        """Answer to one example: a list with one `Value` per neuron, or the only one itself."""
        inputs = list(x)
        out = [neuron(inputs) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

    def parameters(self) -> list[Value]:
        """List the parameters, neuron by neuron."""
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(str, self.neurons))}]"


class MLP(Module):
    """A multi-layer perceptron: nin inputs, then one layer for each size in nouts.

    All layers but the last have ReLU. `MLP(2, [16, 16, 1])` has 337 parameters.

    >>> MLP(2, [2, 1], rng=random.Random(0))
    MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]
    """

    def __init__(self, nin: int, nouts: list[int], rng: random.Random | None = None) -> None:
        sizes = [nin, *nouts]
        last = len(nouts) - 1
        self.layers = [
            Layer(sizes[i], sizes[i + 1], nonlin=i != last, rng=rng) for i in range(len(nouts))
        ]

    def __call__(self, x: Inputs) -> Value | list[Value]:
        """Answer to one example: a list of `Value`s, or the only one itself."""
        out: Value | list[Value] = []
        for layer in self.layers:
            out = layer(x)
            x = [out] if isinstance(out, Value) else out  # a layer of one neuron gives no list
        return out

    def parameters(self) -> list[Value]:
        """List the parameters, layer by layer."""
        return [p for layer in self.layers for p in layer.parameters()]

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(str, self.layers))}]"


def weighted_sum(w: list[Value], x: list[Value], b: Value) -> Value:
    """The sum of w_i * x_i, plus b, as one node. Local derivatives: x_i, w_i and 1."""
    w_data = [wi.data for wi in w]
    x_data = [xi.data for xi in x]
    total = b.data  # added up from the left, bias first, as sum((wi * xi ...), b) would
    for wi, xi in zip(w_data, x_data, strict=True):
        total += wi * xi
    return Value(total, (*w, *x, b), "w·x+b", (*x_data, *w_data, 1))
