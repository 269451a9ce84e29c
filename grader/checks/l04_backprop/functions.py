"""Exercise: powers, exp, tanh and ReLU, each with its local derivative."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from grader.checks.l04_backprop.arithmetic import fault
from grader.checks.l04_backprop.reference import Functions, Node, another
from grader.exercise import Exercise, Misconception, Values
from grader.probe import Inputs


def apply(functions_class: Any, expression: Any, x: Any) -> Any:
    """Compute a function of one number and look at what it remembers. Travels as source."""

    class Value(functions_class):  # type: ignore[misc]  # whatever the learner hands over
        def __init__(
            self, data: Any, parents: Any = (), local: Any = (), op: Any = "", label: Any = ""
        ) -> None:
            self.data, self.grad = data, 0.0
            self.parents, self.local, self.op, self.label = parents, local, op, label

    value: Any = Value(x)
    name, _, power = expression.partition(" ** ")
    result = value ** float(power) if power else getattr(value, name[2:-2])()
    numbers = (bool, int, float, np.generic, np.ndarray)
    local = [
        np.multiply(d, 1.0) if isinstance(d, numbers) else f"a {type(d).__name__}"
        for d in result.local
    ]
    return {
        "data": result.data,
        "made from x": [parent is value for parent in result.parents],
        "local derivative": local,
    }


def apply_cases(rng: np.random.Generator) -> list[Inputs]:
    """Each function on both sides of 0, where it has two; ReLU at 0 as well."""
    sizes = np.round(rng.uniform(1.1, 1.9, size=(4, 2)), 1)
    cases: list[Inputs] = [(f"x ** {n:g}", float(sizes[0, 0])) for n in (3, 2, -1, 0.5)]
    cases += [("x ** 3", -float(sizes[0, 1])), ("x ** -2", -float(sizes[0, 1]))]
    for row, name in enumerate(("exp", "tanh", "relu"), 1):
        cases += [(f"x.{name}()", float(sizes[row, 0])), (f"x.{name}()", -float(sizes[row, 1]))]
    return [*cases, ("x.relu()", 0.0)]


def _about(name: str) -> Callable[..., bool]:
    return lambda expression, x: name in expression


def _functions(**slopes: Callable[..., Any]) -> type:
    """A class with other local derivatives, each from x and the result (and the exponent)."""

    class Variant(Functions):
        def put(self, name: str, y: float, slope: Any, *more: Any) -> Any:
            local = (slopes[name](self.data, y, *more),) if name in slopes else (slope,)
            return another(self, y, (self,), local if slopes.get("bare") is None else local[0])

        def __pow__(self, n: float) -> Any:
            return self.put("power", self.data**n, n * self.data ** (n - 1), n)

        def exp(self) -> Any:
            return self.put("exp", math.exp(self.data), math.exp(self.data))

        def tanh(self) -> Any:
            return self.put("tanh", math.tanh(self.data), 1 - math.tanh(self.data) ** 2)

        def relu(self) -> Any:
            return self.put("relu", max(self.data, 0.0), float(self.data > 0))

    return Variant


class OtherFormulas(Functions):
    """Another right way: other formulas for the same functions."""

    def __pow__(self, n: float) -> Any:
        y = math.pow(self.data, n)
        return Node(y, [self], [n * y / self.data])

    def exp(self) -> Any:
        return Node(np.exp(self.data), (self,), (np.exp(self.data),))

    def tanh(self) -> Any:
        e = math.exp(2 * self.data)
        y = (e - 1) / (e + 1)
        return Node(y, (self,), ((1 - y) * (1 + y),))

    def relu(self) -> Any:
        if self.data > 0:
            return Node(self.data, (self,), (1,))
        return Node(0, (self,), (0,))


class ByHyperbolicCosine(Functions):
    """Another right way: the derivative of tanh in terms of the input, and a mask for ReLU."""

    def tanh(self) -> Any:
        slope = 1 / np.cosh(self.data) ** 2
        return another(self, np.tanh(self.data), (self,), np.array([slope]))

    def relu(self) -> Any:
        on = self.data > 0
        return another(self, self.data * on, (self,), (on,))


FUNCTIONS = Exercise(
    id="backprop.functions",
    lesson="04_backprop",
    title="Powers, exp, tanh, ReLU",
    points=3,
    kind="class",
    reference=Functions,
    cases=apply_cases,
    probe=apply,
    criteria=[
        Values("knows powers", numbers="any", where=_about("**")),
        Values("knows exp", numbers="any", where=_about("exp")),
        Values("knows tanh", numbers="any", where=_about("tanh")),
        Values("knows ReLU", numbers="any", where=_about("relu")),
    ],
    misconceptions=[
        Misconception(
            "comma_missing",
            _functions(bare=lambda: None),
            "`local` is a bare number. It has one entry for each parent, so here it is a tuple of "
            "one, and that needs a comma: `(slope,)`. The same holds for the parents: `(self,)`.",
            when=fault(TypeError=r"(is not iterable|iteration over a 0-d array)"),
        ),
        Misconception(
            "node_for_slope",
            _functions(tanh=lambda x, y: Node(1 - y * y)),
            "A local derivative is a Value here. It has to be a plain number, computed from "
            "`self.data`.",
            when=lambda trials: any(
                isinstance(d, str) for t in trials for d in t.observed.result["local derivative"]
            ),
        ),
        Misconception(
            "exponent_not_lowered",
            _functions(power=lambda x, y, n: n * y),
            "The slope of a power is `n * x ** (n - 1)`: here the exponent was not lowered by 1.",
        ),
        Misconception(
            "factor_missing",
            _functions(power=lambda x, y, n: x ** (n - 1)),
            "The slope of a power is `n * x ** (n - 1)`: the factor `n` is missing.",
        ),
        Misconception(
            "lowered_first",
            _functions(power=lambda x, y, n: (n - 1) * x ** (n - 1)),
            "The slope of a power is `n * x ** (n - 1)`: the factor is the exponent as it was, "
            "before it is lowered.",
        ),
        Misconception(
            "power_like_exponential",
            _functions(power=lambda x, y, n: y),
            "A power is not its own derivative; that is exp. Here the *base* changes: "
            "`n * x ** (n - 1)`.",
        ),
        Misconception(
            "exp_like_power",
            _functions(exp=lambda x, y: x * math.exp(x - 1)),
            "The rule for powers was used on exp. There the exponent changes, not the base, and "
            "the derivative is exp itself.",
        ),
        Misconception(
            "exp_slope_is_input",
            _functions(exp=lambda x, y: x),
            "The slope of exp at x is not x but exp(x): the result itself.",
        ),
        Misconception(
            "tanh_of_input",
            _functions(tanh=lambda x, y: 1 - x**2),
            "`1 - x ** 2` uses the input. The derivative of tanh is `1 - t ** 2` with `t = "
            "tanh(x)`, the *result*.",
        ),
        Misconception(
            "tanh_not_squared",
            _functions(tanh=lambda x, y: 1 - y),
            "The derivative of tanh is `1 - t ** 2`: the square is missing.",
        ),
        Misconception(
            "tanh_like_sigmoid",
            _functions(tanh=lambda x, y: y * (1 - y)),
            "`t * (1 - t)` is the derivative of the sigmoid. That of tanh is `1 - t ** 2`.",
        ),
        Misconception(
            "relu_always_on",
            _functions(relu=lambda x, y: 1.0),
            "Below 0 ReLU is flat: there its slope is 0, not 1.",
        ),
        Misconception(
            "relu_on_at_zero",
            _functions(relu=lambda x, y: float(x >= 0)),
            "At exactly 0 the slope is 0 by convention (as in PyTorch). Use `>`, not `>=`.",
        ),
        Misconception(
            "relu_result_as_slope",
            _functions(relu=lambda x, y: y),
            "This is ReLU's result. Its slope is 1 wherever the input is above 0, however large.",
        ),
    ],
    alternatives=[OtherFormulas, ByHyperbolicCosine],
    hints=[
        "All four have one parent, so `parents` is `(self,)` and `local` has one entry: `(slope,)`."
        " The comma makes it a tuple.",
        "The slopes, with y for the result: `n * x ** (n - 1)` for a power, y for exp, "
        "1 - y squared for tanh, and 1 above 0, else 0, for ReLU.",
        "For instance: `y = math.exp(self.data)`, then `return Value(y, (self,), (y,), 'exp')`.",
    ],
)
