"""Lesson 04's exercises: oracles held against others, mistakes named, other mistakes not."""

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from course_lib import scalar
from grader.checks.l04_backprop import network, orders, reference, training
from grader.judge import judge
from grader.prober import LocalProber
from grader.registry import exercises_of

EXERCISES = exercises_of("04_backprop")
JUDGED = [e for e in EXERCISES.values() if e.kind != "reflection"]
MISTAKES = [(e.id, m.id) for e in JUDGED for m in e.misconceptions]


def report_on(name: str, answer: Any, seed: int = 0):
    return judge(EXERCISES[f"backprop.{name}"], LocalProber(answer), seed)


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES)
def test_every_mistake_is_named_on_ten_seeds(exercise, mistake):
    task = EXERCISES[exercise]
    wrong = next(m.wrong for m in task.misconceptions if m.id == mistake)
    reports = [judge(task, LocalProber(wrong), seed) for seed in range(10)]
    assert {report.misconception for report in reports} == {mistake}
    assert max(report.score for report in reports) < 1


@pytest.mark.parametrize("exercise", JUDGED, ids=lambda e: e.id)
def test_every_right_answer_passes_on_ten_seeds(exercise):
    for answer in (exercise.reference, *exercise.alternatives):
        assert all(judge(exercise, LocalProber(answer), seed).passed for seed in range(10))


def wild(a, b, c):
    inner = ((a * b + c) ** 3 + a * a).tanh()
    return (inner * c + b.exp()).relu() * inner + a**-1


def gradients(make: Callable[[float], Any], backward: Callable[[Any], None]) -> list[float]:
    leaves = [make(number) for number in (0.7, -1.2, 0.4)]
    backward(wild(*leaves))
    return [leaf.grad for leaf in leaves]


def test_the_oracles_gradients_are_those_of_the_polished_engine_and_of_nudges():
    ours = gradients(
        reference.Value,
        lambda root: reference.backpropagate(reference.topological_order(root)),
    )
    theirs = gradients(scalar.Value, lambda root: root.backward())
    nudged = reference.numerical_gradient(
        lambda x: wild(*map(reference.Value, x)).data, [0.7, -1.2, 0.4]
    )
    assert ours == pytest.approx(theirs, rel=1e-12)
    assert ours == pytest.approx(nudged, rel=1e-7)


def test_the_oracles_network_is_the_polished_one():
    numbers = np.random.default_rng(0).uniform(-1, 1, 17).tolist()
    draws = iter(numbers)
    ours = reference.MLP([2, 3, 2], lambda: reference.Value(next(draws)))
    theirs = scalar.MLP(2, [3, 2])
    for parameter, number in zip(theirs.parameters(), numbers, strict=True):
        parameter.data = number
    point = [0.3, -1.1]
    answer = ours([reference.Value(number) for number in point])
    assert [v.data for v in answer] == pytest.approx([v.data for v in theirs(point)])


def test_a_recursive_order_gets_most_of_the_points_and_is_told_about_the_limit():
    report = report_on("topological_order", orders.recursive_order)
    assert report.misconception == "recursion_limit"
    assert 0.8 < report.score < 1
    assert "1,000" in report.message


def test_a_recursive_order_passes_where_python_allows_it():
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        assert report_on("topological_order", orders.recursive_order).passed
    finally:
        sys.setrecursionlimit(limit)


def order_by_recursion_without_seen(root):
    return [node for p in root.parents for node in order_by_recursion_without_seen(p)] + [root]


def order_reversed_recursively(root):
    return orders.recursive_order(root)[::-1]


def preorder_recursively(root, seen=None):
    seen = {} if seen is None else seen
    if root not in seen:
        seen[root] = None
        for parent in root.parents:
            preorder_recursively(parent, seen)
    return list(seen)


def order_with_marks(root):
    def visit(node):
        if not hasattr(node, "visited"):
            node.visited = True
            for parent in node.parents:
                visit(parent)
            found.append(node)

    found: list[Any] = []
    visit(root)
    return found


def seen_when_pushed(root):
    found, seen, todo = [], {root}, [root]
    while todo:
        node = todo.pop()
        found.append(node)
        for parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                todo.append(parent)
    return found[::-1]


class LocalValues(reference.Node):
    """Gives its operands for derivatives, in both operations."""

    def __add__(self, other):
        return LocalValues(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return LocalValues(self.data * other.data, (self, other), (other, self))


class BareNumbers(reference.Node):
    def __add__(self, other):
        return self.data + other.data

    def __mul__(self, other):
        return BareNumbers(self.data * other.data, (self, other), (other.data, self.data))


class ForEver(reference.Arithmetic):
    def __mul__(self, other):
        return ForEver(self * other, (self, other), (other.data, self.data))


class CommaMissing(reference.Functions):
    def tanh(self):
        t = math.tanh(self.data)
        return reference.Node(t, (self,), (1 - t**2), "tanh")


class ParentWithoutComma(reference.Functions):
    def exp(self):
        y = math.exp(self.data)
        return reference.Node(y, (self), (y,), "exp")


class TwoSlips(reference.Functions):
    def __pow__(self, n):
        return reference.Node(self.data**n, (self,), (n * self.data**n,))

    def tanh(self):
        return reference.Node(math.tanh(self.data), (self,), (1 - self.data**2,))


def reads_forwards_and_overwrites(nodes):
    nodes[-1].grad = 1.0
    for node in nodes:
        for parent, local in zip(node.parents, node.local, strict=True):
            parent.grad = local * node.grad


def overwrites_and_keeps(nodes):
    nodes[-1].grad = 1.0
    for node in reversed(nodes):
        for parent, local in zip(node.parents, node.local, strict=True):
            parent.grad = local * node.grad


def micrograd_style(nodes):
    nodes[-1].grad = 1
    for node in reversed(nodes):
        for i, parent in enumerate(node.parents):
            parent.grad += node.local[i] * node.grad


def steps_on_a_sum(parameters, compute_loss, steps, lr):
    losses = []
    for _ in range(steps):
        loss = compute_loss()
        loss.backward()
        losses.append(loss.data)
        for p in parameters:
            p.data -= lr * p.grad
    return losses


def half_the_steps(parameters, compute_loss, steps, lr):
    return reference.train(parameters, compute_loss, steps // 2, lr)


# Other ways to make a listed mistake, and two mistakes at once, of which the first is named.
LIKE_LISTED = [
    ("topological_order", order_by_recursion_without_seen, "visited_again"),
    ("topological_order", order_reversed_recursively, "root_first"),
    ("topological_order", preorder_recursively, "before_its_parents"),
    ("topological_order", seen_when_pushed, "rejoining_ways"),
    ("topological_order", order_with_marks, "remembers_last_call"),
    ("arithmetic", LocalValues, "nodes_for_derivatives"),
    ("arithmetic", BareNumbers, "number_returned"),
    ("arithmetic", ForEver, "calls_itself"),
    ("functions", CommaMissing, "comma_missing"),
    ("functions", ParentWithoutComma, "comma_missing"),
    ("functions", TwoSlips, "exponent_not_lowered"),
    ("backward", overwrites_and_keeps, "overwrites"),
    ("backward", micrograd_style, "inner_gradients_kept"),
    ("backward", len, "root_not_one"),  # does nothing
    ("training", steps_on_a_sum, "never_zeroed"),
    ("training", half_the_steps, "other_number_of_steps"),
]


@pytest.mark.parametrize(("exercise", "answer", "mistake"), LIKE_LISTED)
def test_another_way_of_a_listed_mistake_has_its_name(exercise, answer, mistake):
    assert {report_on(exercise, answer, seed).misconception for seed in (0, 4, 8)} == {mistake}


def nudges_by_factor(f, x, h=1e-5):
    return [
        (f([*x[:i], x[i] * (1 + h), *x[i + 1 :]]) - f([*x[:i], x[i] * (1 - h), *x[i + 1 :]]))
        / (2 * h)
        for i in range(len(x))
    ]


class SquareRootOfReLU(reference.Functions):
    def relu(self):
        return reference.Node(abs(self.data), (self,), (1.0,))


class Subtracts(reference.Arithmetic):
    def __add__(self, other):
        return Subtracts(self.data - other.data, (self, other), (1.0, -1.0))


def halves(nodes):
    reference.backpropagate(nodes)
    for node in nodes:
        node.grad /= 2


def sorts_by_id(root):
    return sorted(reference.topological_order(root), key=id)


class Sigmoids(reference.MLP):
    def __call__(self, x):
        return [z * 0.5 for z in super().__call__(x)]


def decays(parameters, compute_loss, steps, lr):
    losses = reference.train(parameters, compute_loss, steps, lr)
    for p in parameters:
        p.data *= 0.9
    return losses


# Mistakes on no list. A name for one of them would be a false diagnosis.
UNLISTED: dict[str, tuple[str, Any]] = {
    "relative nudges": ("numerical_gradient", nudges_by_factor),
    "a tuple too few": ("numerical_gradient", lambda f, x, h: [0.0] * (len(x) + 1)),
    "one sum of slopes": (
        "numerical_gradient",
        lambda f, x, h: sum(reference.numerical_gradient(f, x, h)),
    ),
    "subtracts": ("arithmetic", Subtracts),
    "absolute value": ("functions", SquareRootOfReLU),
    "halves": ("backward", halves),
    "a set": ("topological_order", lambda root: set(reference.topological_order(root))),
    "the root": ("topological_order", lambda root: root),
    "only itself": ("topological_order", lambda root: [root]),
    "scaled": ("mlp", Sigmoids),
    "decays": ("training", decays),
}


@pytest.mark.parametrize("name", UNLISTED)
def test_a_mistake_on_no_list_is_not_given_a_name(name):
    exercise, answer = UNLISTED[name]
    for seed in range(5):
        report = report_on(exercise, answer, seed)
        assert report.misconception is None
        assert report.score < 1
        assert report.message
        assert "cannot be judged" not in report.message


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("numerical_gradient", lambda *a: tuple(reference.numerical_gradient(*a))),
        ("numerical_gradient", lambda *a: np.array(reference.numerical_gradient(*a))),
        ("arithmetic", reference.Value),
        ("functions", reference.Value),
        ("topological_order", lambda root: tuple(reference.topological_order(root))),
        ("backward", lambda nodes: reference.backpropagate(tuple(nodes))),
        ("training", lambda *a: tuple(reference.train(*a))),
        ("training", lambda *a: np.array(reference.train(*a))),
    ],
)
def test_a_right_answer_in_another_form_passes(exercise, answer):
    reports = [report_on(exercise, answer, seed) for seed in range(5)]
    assert [r.message for r in reports if not r.passed] == []


def test_a_failing_order_names_a_node_and_its_parent():
    message = report_on("topological_order", sorts_by_id_backwards).message
    assert message.startswith("Node ")
    assert "comes before it" in message


def sorts_by_id_backwards(root):
    """Right, but for the two nodes before the last."""
    nodes = reference.topological_order(root)
    if len(nodes) > 4:
        nodes[-1], nodes[-3] = nodes[-3], nodes[-1]
    return nodes


def test_losses_kept_with_their_graphs_cost_one_criterion_of_six_and_are_named():
    report = report_on("training", training._wrong(record=lambda loss: loss))
    assert report.misconception == "nodes_recorded"
    assert report.score == pytest.approx(5 / 6)


def test_a_network_without_draw_is_told_who_decides():
    assert "`draw`" in report_on("mlp", network._OwnNumbers).message
