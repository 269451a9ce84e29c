"""Exercise: a neuron, a layer, a network, of numbers that somebody else draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from grader.checks.l04_backprop import reference
from grader.compare import same
from grader.exercise import Exercise, Misconception, Trial, Values
from grader.probe import Inputs


def build_and_ask(mlp_class: Any, sizes: Any, numbers: Any, x: Any) -> Any:
    """Build a network of given numbers, ask it once, list its parameters. Travels as source."""

    class Number:
        def __init__(self, data: Any) -> None:
            self.data, self.grad = data, 0.0

        def __add__(self, other: Any) -> Any:
            return Number(self.data + getattr(other, "data", other))

        def __mul__(self, other: Any) -> Any:
            return Number(self.data * getattr(other, "data", other))

        __radd__, __rmul__ = __add__, __mul__

        def __sub__(self, other: Any) -> Any:
            return Number(self.data - getattr(other, "data", other))

        def relu(self) -> Any:
            return Number(max(self.data, 0.0))

    drawn: list[Any] = []

    def draw() -> Any:
        drawn.append(Number(numbers[len(drawn) % len(numbers)]))
        return drawn[-1]

    net = mlp_class(list(sizes), draw)
    out = net(list(x))
    parameters = net.parameters()
    if not isinstance(parameters, list | tuple):
        places = parameters and f"a {type(parameters).__name__}"
    else:
        known = {id(number): place for place, number in enumerate(drawn)}
        places = sorted(known.get(id(p), -1) for p in parameters)
    if isinstance(out, list | tuple | np.ndarray):
        out = [o.data if isinstance(o, Number) else f"a {type(o).__name__}" for o in out]
    elif out is not None:
        out = out.data if isinstance(out, Number) else f"a {type(out).__name__}"
    return {"drawn": len(drawn), "output": out, "parameters": places}


def network_cases(rng: np.random.Generator) -> list[Inputs]:
    """One neuron, one layer, several layers, in which some hidden units are off and some on."""
    shapes = [(2, 1), (3, 1), (2, 3), (4, 2), (2, 3, 1), (3, 4, 2), (2, 3, 4, 1)]
    return [_network(rng, list(sizes)) for sizes in shapes]


def _network(rng: np.random.Generator, sizes: list[int]) -> Inputs:
    count = sum((m + 1) * n for m, n in pairwise(sizes))
    while True:
        numbers = (0.1 * rng.choice(np.arange(1, 4 * count), count, False)).round(1)
        numbers = (numbers * rng.choice([-1, 1], count)).tolist()
        x = (rng.choice([-1, 1], sizes[0]) * np.round(rng.uniform(0.5, 2, sizes[0]), 1)).tolist()
        outputs, hidden = _walk(sizes, numbers, x)
        on_and_off = all(0 < sum(z > 0 for z in layer) < len(layer) for layer in hidden)
        if min(outputs) < -0.5 and on_and_off and (len(outputs) == 1 or max(outputs) > 0.5):
            return sizes, numbers, x


def _walk(
    sizes: list[int], numbers: list[float], x: list[float], bias_first: bool = False
) -> tuple[Any, Any]:
    """The outputs, and the sums in the hidden layers, computed with NumPy."""
    at, hidden = 0, []
    row = np.array(x)
    for k, (m, n) in enumerate(pairwise(sizes)):
        table = np.array(numbers[at : at + (m + 1) * n]).reshape(n, m + 1)
        at += (m + 1) * n
        table = np.roll(table, -1, axis=1) if bias_first else table
        z = table[:, :m] @ row + table[:, m]
        if k < len(sizes) - 2:
            hidden.append(z)
            z = np.maximum(z, 0)
        row = z
    return row, hidden


class _Output(Values):
    """The same outputs as the reference's, or those of a neuron that draws its bias first."""

    def complaint(self, trial: Trial) -> str | None:
        """Compare with either."""
        sizes, numbers, x = trial.inputs
        other = _walk(sizes, numbers, x, bias_first=True)[0].tolist()
        found = super().complaint(trial)
        return None if found and same(trial.observed.result["output"], other) else found


def _depth(layers: Callable[[list[int]], bool]) -> Callable[..., bool]:
    return lambda sizes, numbers, x: layers(sizes)


class _Neuron(reference.Neuron):
    """A neuron with the places where learners go wrong as methods to override."""

    def __init__(self, num_inputs: int, draw: Any, relu: bool = True) -> None:
        self.relu = relu
        self.w, self.b = self.weights(num_inputs, draw), draw()

    def weights(self, num_inputs: int, draw: Any) -> list[Any]:
        return [draw() for _ in range(num_inputs)]

    def __call__(self, x: Any) -> Any:
        z = self.total(x)
        return z.relu() if self.relu else z

    def total(self, x: Any) -> Any:
        return sum((w * f for w, f in zip(self.w, x, strict=True)), self.b)


class _Net:
    """A network with the places where learners go wrong as methods to override."""

    neuron: Any = _Neuron

    def __init__(self, sizes: Sequence[int], draw: Any) -> None:
        last = len(sizes) - 2
        self.layers = [
            self.layer(sizes[k], sizes[k + 1], draw, self.has_relu(k, last))
            for k in range(len(sizes) - 1)
        ]

    def has_relu(self, k: int, last: int) -> bool:
        return k < last

    def layer(self, m: int, n: int, draw: Any, relu: bool) -> list[Any]:
        return [self.neuron(m, draw, relu) for _ in range(n)]

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = [neuron(x) for neuron in layer]
        return x

    def parameters(self) -> Any:
        return [p for layer in self.layers for neuron in layer for p in neuron.parameters()]


def _net(**methods: Any) -> type:
    return type("MLP", (_Net,), methods)


def _neuron(**methods: Any) -> type:
    return _net(neuron=type("Neuron", (_Neuron,), methods))


class OfPairs:
    """Another right way: no classes below, each layer a list of (weights, bias)."""

    def __init__(self, sizes: Sequence[int], draw: Any) -> None:
        self.table = []
        for m, n in pairwise(sizes):
            self.table.append([([draw() for _ in range(m)], draw()) for _ in range(n)])

    def __call__(self, x: Any) -> Any:
        for k, layer in enumerate(self.table):
            sums = [sum((w * f for w, f in zip(ws, x, strict=True)), b) for ws, b in layer]
            x = sums if k == len(self.table) - 1 else [z.relu() for z in sums]
        return tuple(x)

    def parameters(self) -> Any:
        found = []
        for layer in self.table:
            for weights, bias in layer:
                found.append(bias)
                found.extend(weights)
        return found


class _BiasFirst(_Neuron):
    """Draws the bias before the weights."""

    def __init__(self, num_inputs: int, draw: Any, relu: bool = True) -> None:
        self.b = draw()
        self.w, self.relu = [draw() for _ in range(num_inputs)], relu


class _PlainNeuron(_Neuron):
    """Adds up from 0, and keeps everything in one list."""

    def __init__(self, num_inputs: int, draw: Any, relu: bool = True) -> None:
        self.all, self.relu = [draw() for _ in range(num_inputs + 1)], relu

    def total(self, x: Any) -> Any:
        return sum(w * f for w, f in zip(self.all, [*x, 1.0], strict=True))

    def parameters(self) -> list[Any]:
        return self.all


def _one_draw(self: Any, num_inputs: int, draw: Any) -> list[Any]:
    return [draw()] * num_inputs


def _same_neuron(self: Any, m: int, n: int, draw: Any, relu: bool) -> list[Any]:
    return [self.neuron(m, draw, relu)] * n


def _not_chained(self: Any, x: Any) -> Any:
    for layer in self.layers:
        out = [self.cut(neuron, x) for neuron in layer]
    return out


def _cut(self: Any, neuron: Any, x: Any) -> Any:
    """The answer of a neuron with `zip`, which stops at the shorter of the two."""
    z = sum((w * f for w, f in zip(neuron.w, x, strict=False)), neuron.b)
    return z.relu() if neuron.relu else z


def _first_layer_only(self: Any, x: Any) -> Any:
    return [neuron(x) for neuron in self.layers[0]]


def _returns_a_single_number(self: Any, x: Any) -> Any:
    out = _Net.__call__(self, x)
    return out[0] if len(out) == 1 else out


def _lists_in_lists(self: Any) -> Any:
    return [[p for neuron in layer for p in neuron.parameters()] for layer in self.layers]


def _unwrapped(trials: Sequence[Trial]) -> bool:
    """One output comes bare, several as a list."""
    single = [t for t in trials if t.inputs[0][-1] == 1]
    return bool(single) and all(isinstance(t.observed.result["output"], float) for t in single)


def _draws_nothing(trials: Sequence[Trial]) -> bool:
    return all(t.observed.result["drawn"] == 0 for t in trials)


class _OwnNumbers(_Net):
    """Draws numbers of its own."""

    def __init__(self, sizes: Sequence[int], draw: Any) -> None:
        super().__init__(sizes, lambda: type(self)._own(0.5))

    class _own(reference.Functions, reference.Node):
        __hash__ = object.__hash__

        def __add__(self, other: Any) -> Any:
            return type(self)(self.data + getattr(other, "data", other))

        def __mul__(self, other: Any) -> Any:
            return type(self)(self.data * getattr(other, "data", other))


MLP = Exercise(
    id="backprop.mlp",
    lesson="04_backprop",
    title="Neuron, Layer, MLP",
    points=4,
    kind="class",
    reference=reference.MLP,
    cases=network_cases,
    probe=build_and_ask,
    criteria=[
        _Output(
            "gives a single neuron's weighted sum plus its bias",
            weight=2,
            part="output",
            numbers="any",
            where=_depth(lambda sizes: len(sizes) == 2 and sizes[1] == 1),
            essential=True,
        ),
        _Output(
            "gives one number for each neuron of a layer",
            part="output",
            numbers="any",
            where=_depth(lambda sizes: len(sizes) == 2 and sizes[1] > 1),
        ),
        _Output(
            "feeds each layer with the one before, with ReLU in all but the last",
            weight=2,
            part="output",
            numbers="any",
            where=_depth(lambda sizes: len(sizes) > 2),
        ),
        Values("lists each parameter once", weight=2, part="parameters", numbers="any"),
    ],
    misconceptions=[
        Misconception(
            "numbers_of_its_own",
            _OwnNumbers,
            "`draw` is never called. Make each weight and each bias with `draw()`: whoever builds "
            "the network decides what numbers it is made of.",
            when=_draws_nothing,
        ),
        Misconception(
            "single_output_bare",
            _net(__call__=_returns_a_single_number),
            "With one output the number comes back without its list. The task asks for a list, one "
            "entry for each output, so that layers can be chained without exceptions.",
            when=_unwrapped,
        ),
        Misconception(
            "draw_not_called",
            _neuron(weights=lambda self, num_inputs, draw: [draw] * num_inputs),
            "A weight is the function `draw` itself. Call it, once for each: `draw()`.",
            when=lambda trials: any(
                t.observed.fault and "'function' and" in t.observed.fault.message for t in trials
            ),
        ),
        Misconception(
            "bias_forgotten",
            _neuron(total=lambda self, x: sum(w * f for w, f in zip(self.w, x, strict=True))),
            "The bias is not in the sum, so it would never learn anything either.",
        ),
        Misconception(
            "bias_for_every_input",
            _neuron(
                total=lambda self, x: sum(w * f + self.b for w, f in zip(self.w, x, strict=True))
            ),
            "The bias is added once for each input. It belongs to the neuron: add it once.",
        ),
        Misconception(
            "one_draw_for_all_weights",
            _neuron(weights=_one_draw),
            "`[draw()] * n` draws once and repeats the same number: all weights of a neuron are "
            "one. Write `[draw() for _ in range(n)]`.",
        ),
        Misconception(
            "one_neuron_repeated",
            _net(layer=_same_neuron),
            "`[Neuron(...)] * n` makes one neuron and repeats it: a layer of copies. Write "
            "`[Neuron(...) for _ in range(n)]`.",
        ),
        Misconception(
            "relu_at_the_end",
            _net(has_relu=lambda self, k, last: True),
            "The last layer has ReLU too, so no output can be negative. A score needs both signs: "
            "`relu=False` there.",
        ),
        Misconception(
            "no_relu",
            _net(has_relu=lambda self, k, last: False),
            "No layer has ReLU. Linear layers in a row are one linear layer (lesson 2): all but "
            "the last need it.",
        ),
        Misconception(
            "relu_only_at_the_end",
            _net(has_relu=lambda self, k, last: k == last),
            "ReLU sits in the last layer only. It is the other way round: in all but the last.",
        ),
        Misconception(
            "layers_not_chained",
            _net(__call__=_not_chained, cut=_cut),
            "Every layer sees the original inputs. Each must be given what the one before it "
            "returned: `x = layer(x)`. (`zip` hides that, as it stops at the shorter list.)",
        ),
        Misconception(
            "first_layer_only",
            _net(__call__=_first_layer_only),
            "The first layer's answer is returned. Is the `return` inside the loop?",
        ),
        Misconception(
            "biases_not_listed",
            _neuron(parameters=lambda self: self.w),
            "`parameters` lists the weights only. The biases are learned as well.",
        ),
        Misconception(
            "last_layer_listed_only",
            _net(
                parameters=lambda self: [
                    p for neuron in self.layers[-1] for p in neuron.parameters()
                ]
            ),
            "`parameters` lists the last layer's only. What is not listed is never trained.",
        ),
        Misconception(
            "parameters_in_nested_lists",
            _net(parameters=_lists_in_lists),
            "`parameters` gives lists in a list. Make one flat list of all numbers, with `extend` "
            "or a comprehension with two `for`.",
        ),
        Misconception(
            "strangers_listed",
            _net(parameters=lambda self: [p.data for p in _Net.parameters(self)]),
            "`parameters` lists something else than what `draw()` made: is it their `.data`, or "
            "something made of them? Training needs the Values themselves.",
            when=lambda trials: all(
                isinstance(t.observed.result["parameters"], list)
                and set(t.observed.result["parameters"]) == {-1}
                for t in trials
            ),
        ),
    ],
    alternatives=[OfPairs, _net(neuron=_PlainNeuron), _net(neuron=_BiasFirst)],
    hints=[
        "A neuron keeps `self.w`, a list, and `self.b`. A layer keeps a list of neurons, a network "
        "a list of layers. Each one's `parameters` collects those of its parts.",
        "Neuron: start with `z = self.b` and add `weight * feature` for each pair in `zip(self.w, "
        "x)`. Layer: `[neuron(x) for neuron in self.neurons]`. MLP: `x = layer(x)` in a loop.",
        "In `MLP.__init__`, layer `k` goes from `sizes[k]` to `sizes[k + 1]`, with `relu=k < "
        "len(sizes) - 2`. Flat list: `[p for layer in self.layers for p in layer.parameters()]`.",
    ],
)
