"""Exercise: sums and products that remember how they were made, with local derivatives."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grader.checks.l04_backprop.reference import Arithmetic, Node
from grader.compare import same
from grader.exercise import Exercise, Misconception, Trial, Values
from grader.probe import Inputs

Made = tuple[Any, Any, Any]  # data, parents, local derivatives


def combine(value_class: Any, expression: Any, a: Any, b: Any) -> Any:
    """Compute an expression and look at what it remembers. Travels as source."""
    left, right = value_class(a), value_class(b)
    result = {
        "a + b": lambda: left + right,
        "a * b": lambda: left * right,
        "a + a": lambda: left + left,
        "a * a": lambda: left * left,
        "(a + b) * b": lambda: (left + right) * right,
    }[expression]()
    names = {id(left): "a", id(right): "b"}
    parents = [names.get(id(parent), "another number") for parent in result.parents]
    numbers = (int, float, np.generic, np.ndarray)
    local = [d if isinstance(d, numbers) else f"a {type(d).__name__}" for d in result.local]
    pairs = sorted(zip(parents, local, strict=False), key=lambda pair: pair[0])
    return {
        "data": result.data,
        "made from": sorted(parents),
        "local derivatives": [[name, local] for name, local in pairs],
        "a and b afterwards": [left.data, right.data],
    }


def combine_cases(rng: np.random.Generator) -> list[Inputs]:
    """Unlike numbers, none of them 0 or 1, so that no derivative looks like another."""
    cases: list[Inputs] = []
    for expression in ("a + b", "a * b", "a + a", "a * a", "(a + b) * b"):
        for _ in range(2):
            a, b = (rng.choice([-1, 1], 2) * rng.choice(np.arange(1.5, 6, 0.5), 2, False)).tolist()
            while a + b in (0.0, 1.0, a, b) or a * b in (a, b, a + b):
                b += 0.5
            cases.append((expression, a, b))
    return cases


def _has(*expressions: str) -> Callable[..., bool]:
    return lambda expression, a, b: expression in expressions


def _sum(a: Any, b: Any) -> Made:
    return a.data + b.data, (a, b), (1.0, 1.0)


def _product(a: Any, b: Any) -> Made:
    return a.data * b.data, (a, b), (b.data, a.data)


def _arithmetic(
    add: Callable[[Any, Any], Any] = _sum, mul: Callable[[Any, Any], Any] = _product
) -> type:
    """A class whose sums and products may be wrong; what is not a triple is returned as it is."""

    class Variant(Node):
        def __add__(self, other: Any) -> Any:
            return self.made(add(self, other))

        def __mul__(self, other: Any) -> Any:
            return self.made(mul(self, other))

        def made(self, result: Any) -> Any:
            return Variant(*result) if isinstance(result, tuple) else result

    return Variant


class OtherOrder(Node):
    """Another right way: the other operand first, in lists."""

    def __add__(self, other: Any) -> Any:
        return OtherOrder(other.data + self.data, [other, self], [1, 1])

    def __mul__(self, other: Any) -> Any:
        return OtherOrder(other.data * self.data, [other, self], [self.data, other.data])


class FilledInLater(Node):
    """Another right way: make the result first, then tell it where it comes from."""

    def __add__(self, other: Any) -> Any:
        out = FilledInLater(sum([self.data, other.data]))
        out.parents, out.local = (self, other), np.ones(2)
        return out

    def __mul__(self, other: Any) -> Any:
        out = FilledInLater(math.prod([self.data, other.data]))
        out.parents, out.local = (self, other), np.array([other.data, self.data])
        return out


def _changed(a: Any, b: Any) -> Any:
    a.data += b.data
    return a


def fault(**messages: str) -> Callable[[Sequence[Trial]], bool]:
    """Whether all exceptions are of these types, with messages that the patterns find.

    One of the first type is among them.
    """

    def matches(trials: Sequence[Trial]) -> bool:
        faults = [trial.observed.fault for trial in trials if trial.observed.fault]
        return any(f.type == next(iter(messages)) for f in faults) and all(
            re.search(messages.get(f.type, r"(?!)"), f.message) for f in faults
        )

    return matches


def _nodes_for_derivatives(trials: Sequence[Trial]) -> bool:
    pairs = [pair for t in trials for pair in t.observed.result["local derivatives"]]
    return any(isinstance(local, str) for _, local in pairs)


def _local_missing(trials: Sequence[Trial]) -> bool:
    """Wherever something is wrong, the parents are right and nothing is known of slopes."""
    wrong = [t for t in trials if not same(t.observed.result, t.expected.result)]
    return bool(wrong) and all(
        t.observed.result["made from"] == t.expected.result["made from"]
        and t.observed.result["local derivatives"] == []
        for t in wrong
    )


def _strangers_for_parents(trials: Sequence[Trial]) -> bool:
    """Some parents are neither operand, where both should be."""
    return any(
        "another number" in t.observed.result["made from"]
        and "another number" not in t.expected.result["made from"]
        for t in trials
    ) and all(same(t.observed.result["data"], t.expected.result["data"]) for t in trials)


def _itself(a: Any, b: Any) -> Any:
    return a + b  # inside __add__: for ever


def _right_unpacked_only(a: Any, b: Any) -> Any:
    return a.data + b, (a, b), (1.0, 1.0)


ARITHMETIC = Exercise(
    id="backprop.arithmetic",
    lesson="04_backprop",
    title="Sums and products that remember",
    points=3,
    kind="class",
    answer="Value",
    reference=Arithmetic,
    cases=combine_cases,
    probe=combine,
    criteria=[
        Values("computes the number", part="data", numbers="any", essential=True),
        Values("remembers what it was made from", weight=2, part="made from"),
        Values(
            "knows the local derivatives of a sum",
            weight=2,
            part="local derivatives",
            numbers="any",
            where=_has("a + b", "a + a"),
        ),
        Values(
            "knows the local derivatives of a product",
            weight=2,
            part="local derivatives",
            numbers="any",
            where=_has("a * b", "a * a", "(a + b) * b"),
        ),
        Values("leaves its operands alone", part="a and b afterwards", numbers="any"),
    ],
    misconceptions=[
        Misconception(
            "number_returned",
            _arithmetic(lambda a, b: a.data + b.data, lambda a, b: a.data * b.data),
            "A plain number comes back, and it remembers nothing. Wrap it: "
            "`Value(number, parents, local, op)`.",
            when=fault(
                AttributeError="'(float|int).*' object has no attribute '(parents|data|local)'",
                TypeError=r"unsupported operand type\(s\) for \*: '(float|int)",
            ),
        ),
        Misconception(
            "calls_itself",
            _arithmetic(_itself),
            "`self + other` inside `__add__` calls `__add__` again, without end (and `self * "
            "other` inside `__mul__` likewise). Work with the numbers: `self.data`, `other.data`.",
            when=fault(RecursionError="recursion"),
        ),
        Misconception(
            "data_forgotten",
            _arithmetic(_right_unpacked_only),
            "A plain number and a Value are combined. Take `.data` of both operands.",
            when=fault(TypeError=r"unsupported operand type\(s\) for [+*]"),
        ),
        Misconception(
            "nothing_remembered",
            _arithmetic(
                lambda a, b: (a.data + b.data, (), ()), lambda a, b: (a.data * b.data, (), ())
            ),
            "The number is right, but it does not know where it comes from: hand over the "
            "parents `(self, other)` and their local derivatives as well.",
            when=lambda trials: all(t.observed.result["made from"] == [] for t in trials),
        ),
        Misconception(
            "local_missing",
            _arithmetic(mul=lambda a, b: (a.data * b.data, (a, b), ())),
            "The parents are there, the local derivatives are not. They are the third thing that "
            "a Value is made with: a tuple with one number for each parent.",
            when=_local_missing,
        ),
        Misconception(
            "local_not_a_tuple",
            _arithmetic(lambda a, b: (a.data + b.data, (a, b), 1.0)),
            "`parents` or `local` is one thing alone. Both are tuples, with one entry for each of "
            "the two parents.",
            when=fault(TypeError=r"(is not iterable|iteration over a 0-d array)"),
        ),
        Misconception(
            "parents_are_numbers",
            _arithmetic(
                lambda a, b: (a.data + b.data, (a.data, b.data), (1.0, 1.0)),
                lambda a, b: (a.data * b.data, (a.data, b.data), (b.data, a.data)),
            ),
            "The parents are not the operands themselves, but plain numbers or new Values. From "
            "those no gradient finds its way back: keep `(self, other)`.",
            when=_strangers_for_parents,
        ),
        Misconception(
            "own_factor",
            _arithmetic(mul=lambda a, b: (a.data * b.data, (a, b), (a.data, b.data))),
            "Each factor gets itself as derivative. If `a` grows by 1, `a * b` grows by `b`: it is "
            "the *other* factor.",
        ),
        Misconception(
            "product_like_sum",
            _arithmetic(mul=lambda a, b: (a.data * b.data, (a, b), (1.0, 1.0))),
            "The product has the derivatives of a sum. If `a` grows by 1, `a * b` grows by `b`, "
            "not by 1.",
        ),
        Misconception(
            "sum_like_product",
            _arithmetic(add=lambda a, b: (a.data + b.data, (a, b), (b.data, a.data))),
            "The sum has the derivatives of a product. If `a` grows by 1, `a + b` grows by 1, "
            "whatever `b` is.",
        ),
        Misconception(
            "numbers_for_derivatives",
            _arithmetic(add=lambda a, b: (a.data + b.data, (a, b), (a.data, b.data))),
            "The local derivatives of the sum are its own terms. If `a` grows by 1, `a + b` grows "
            "by 1, whatever `a` and `b` are.",
        ),
        Misconception(
            "nodes_for_derivatives",
            _arithmetic(mul=lambda a, b: (a.data * b.data, (a, b), (b, a))),
            "A local derivative is a Value here. It has to be a plain number: take its `.data`.",
            when=_nodes_for_derivatives,
        ),
        Misconception(
            "parents_in_a_set",
            _arithmetic(
                lambda a, b: (a.data + b.data, {a, b}, (1.0, 1.0)),
                lambda a, b: (a.data * b.data, {a, b}, (b.data, a.data)),
            ),
            "The parents are a set. A set holds `a` only once in `a + a`, and keeps no order that "
            "fits the local derivatives. Use a tuple.",
            when=lambda trials: (
                any(t.inputs[0] in ("a + a", "a * a") for t in trials)
                and all(
                    t.observed.result["made from"] == sorted(set(t.expected.result["made from"]))
                    for t in trials
                )
            ),
        ),
        Misconception(
            "operand_changed",
            _arithmetic(add=_changed),
            "The sum is written into one of the operands. They are needed as they were: make a "
            "new Value.",
        ),
    ],
    alternatives=[OtherOrder, FilledInLater],
    hints=[
        "For each operation ask three things: what is the number, what was it made from, and how "
        "much does it grow when each of those grows by 1?",
        "`Value(data, parents, local, op)`: `data` from `self.data` and `other.data`, parents "
        "`(self, other)`, and one local derivative for each parent, in the same order.",
        "The sum is `Value(self.data + other.data, (self, other), (1.0, 1.0), '+')`. For the "
        "product, the derivative with respect to one factor is the other one's `.data`.",
    ],
)
