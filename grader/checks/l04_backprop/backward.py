"""Exercise: the chain rule from the root down to the leaves, in a given order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grader.checks.l04_backprop.reference import backpropagate
from grader.exercise import Exercise, Misconception, Values
from grader.probe import Inputs

Graph = list[list[int]]


def send_back(answer: Any, parents: Any, local: Any, data: Any) -> Any:
    """Build the graph, run the backward pass once, report every gradient. Travels as source."""

    class Node:
        def __init__(self, data: Any, parents: Any, local: Any) -> None:
            self.data, self.grad, self.op, self.label = data, 0.0, "", ""
            self.parents, self.local = parents, local

    nodes: list[Any] = []
    for number, made_from, slopes in zip(data, parents, local, strict=True):
        nodes.append(Node(number, tuple(nodes[i] for i in made_from), tuple(slopes)))
    answer(list(nodes))
    leaves = [node.grad for node in nodes if not node.parents]
    return {"grad": [node.grad for node in nodes], "grad of the leaves": leaves}


def send_back_twice(answer: Any, parents: Any, local: Any, data: Any) -> Any:
    """The same twice, without zeroing; report the gradients of the leaves. Travels as source."""

    class Node:
        def __init__(self, data: Any, parents: Any, local: Any) -> None:
            self.data, self.grad, self.op, self.label = data, 0.0, "", ""
            self.parents, self.local = parents, local

    nodes: list[Any] = []
    for number, made_from, slopes in zip(data, parents, local, strict=True):
        nodes.append(Node(number, tuple(nodes[i] for i in made_from), tuple(slopes)))
    answer(list(nodes))
    answer(list(nodes))
    return {"grad of the leaves": [node.grad for node in nodes if not node.parents]}


_TREES: list[Graph] = [[[], [], [0, 1]], [[], [0], [], [1, 2], [3]]]
_MEETING: list[Graph] = [
    [[], [0], [1, 0]],
    [[], [], [0, 1], [2, 0], [3, 2]],
    [[], [], [0, 1], [0], [3, 2], [1, 4]],
]
_TWICE: list[Graph] = [[[], [0, 0]], [[], [], [1, 0], [2, 2], [3, 3]]]


def backward_cases(rng: np.random.Generator) -> list[Inputs]:
    """Trees, graphs in which ways meet, and operations that use one number twice."""
    return [_with_slopes(rng, graph) for graph in [*_TREES, *_MEETING, *_TWICE]]


def twice_cases(rng: np.random.Generator) -> list[Inputs]:
    """Graphs that have a node between root and leaves; two of them trees."""
    return [_with_slopes(rng, graph) for graph in (_TREES[1], _MEETING[1], _TWICE[1])]


def _with_slopes(rng: np.random.Generator, graph: Graph) -> Inputs:
    """Unlike slopes for unlike parents, equal ones for a number used twice, none of them 1."""
    choices = np.array([-3.0, -2.0, -1.5, 0.5, 1.5, 2.0, 2.5, 3.0])
    local, data = [], (1 + 0.5 * rng.choice(np.arange(2, 20), len(graph), False)).tolist()
    for made_from in graph:
        slopes = dict(zip(made_from, rng.choice(choices, 2, False).tolist(), strict=False))
        local.append([slopes[i] for i in made_from])
    return [list(made_from) for made_from in graph], local, data


def _meets(parents: Graph, local: Any, data: Any) -> bool:
    uses = Counter(i for made_from in parents for i in set(made_from))
    return max(uses.values()) > 1


def _doubles(parents: Graph, local: Any, data: Any) -> bool:
    return any(len(set(made_from)) < len(made_from) for made_from in parents)


def _tree(parents: Graph, local: Any, data: Any) -> bool:
    return not _meets(parents, local, data) and not _doubles(parents, local, data)


def backward_by_index(order: Sequence[Any]) -> None:
    """Count down, and keep the gradients of this call apart until the end."""
    fresh = {id(node): 0.0 for node in order}
    fresh[id(order[-1])] = 1.0
    for k in range(len(order) - 1, -1, -1):
        node = order[k]
        for j in range(len(node.parents)):
            fresh[id(node.parents[j])] += fresh[id(node)] * node.local[j]
    for node in order:
        node.grad = node.grad + fresh[id(node)]


def backward_that_cleans_up(order: Any) -> None:
    """Set aside what the leaves held, start from zeros everywhere, add it again."""
    before = [(node, node.grad) for node in order if len(node.parents) == 0]
    for node in order:
        node.grad = 0
    order.reverse()
    order[0].grad = 1
    for node in order:
        for i, parent in enumerate(node.parents):
            parent.grad = parent.grad + node.local[i] * node.grad
    for node, old in before:
        node.grad += old


Share = Callable[[Any, float, Any], float]  # from node, local, parent


def _chain(node: Any, local: float, parent: Any) -> float:
    return local * float(node.grad)


def _backward(
    order: Sequence[Any],
    share: Share = _chain,
    nodes: Callable[[Any], Any] = reversed,
    reset: Callable[[Any], Any] = lambda node: node.parents,
    root: float = 1.0,
    once: bool = False,
    assign: bool = False,
) -> None:
    """The backward pass with its parts exchangeable, for the mistakes."""
    for node in order:
        if reset(node):
            node.grad = 0.0
    order[-1].grad = root
    for node in nodes(order):
        pairs = list(zip(node.parents, node.local, strict=True))
        for parent, local in dict(pairs).items() if once else pairs:
            sent = share(node, local, parent)
            parent.grad = sent if assign else parent.grad + sent


def _wrong(**parts: Any) -> Callable[[Sequence[Any]], None]:
    return lambda order: _backward(order, **parts)


def _first_for_root(order: Sequence[Any]) -> None:
    for node in order:
        if node.parents:
            node.grad = 0.0
    order[0].grad = 1.0


def _clears_behind_itself(order: Sequence[Any]) -> None:
    order[-1].grad = 1.0
    for node in reversed(order):
        for parent, local in zip(node.parents, node.local, strict=True):
            parent.grad += local * node.grad
        if node.parents:
            node.grad = 0.0


def root_counts_up(order: Sequence[Any]) -> None:
    """Nothing is set to 0 between calls, and the root gets one more each time."""
    order[-1].grad += 1.0
    for node in reversed(order):
        for parent, local in zip(node.parents, node.local, strict=True):
            parent.grad += local * node.grad


BACKWARD = Exercise(
    id="backprop.backward",
    lesson="04_backprop",
    title="The backward pass",
    points=4,
    reference=backpropagate,
    cases=backward_cases,
    probe=send_back,
    criteria=[
        Values(
            "multiplies along a way",
            weight=2,
            part="grad of the leaves",
            numbers="any",
            where=_tree,
            essential=True,
        ),
        Values(
            "adds where ways meet",
            weight=2,
            part="grad of the leaves",
            numbers="any",
            where=lambda parents, local, data: (
                _meets(parents, local, data) and not _doubles(parents, local, data)
            ),
        ),
        Values(
            "counts a number used twice in one operation twice",
            part="grad of the leaves",
            numbers="any",
            where=_doubles,
        ),
        Values("fills in the nodes in between, too", part="grad", numbers="any"),
        Values(
            "adds exactly one more gradient to each leaf when called again",
            part="grad of the leaves",
            numbers="any",
            cases=twice_cases,
            probe=send_back_twice,
        ),
    ],
    misconceptions=[
        Misconception(
            "overwrites",
            _wrong(assign=True),
            "A share of a gradient overwrites what came before (`=`). A number that is used in "
            "several places gets a share from each of them, and they add up: `+=`.",
        ),
        Misconception(
            "root_not_one",
            _wrong(root=0.0),
            "All gradients are 0: nothing was there to send. The root needs 1 (it grows by 1 when "
            "it grows by 1), and must still have it when its turn comes.",
        ),
        Misconception(
            "nothing_arrives",
            _wrong(nodes=lambda order: []),
            "Only the root has a gradient, nothing arrives below it. A node's share goes to its "
            "*parents*: `parent.grad += local * node.grad` (adding, since 0 times anything is 0).",
        ),
        Misconception(
            "root_taken_for_first",
            _first_for_root,
            "The 1 went to `order[0]`, which is an input. The root is last: `order[-1]`, and from "
            "there the way goes backwards.",
        ),
        Misconception(
            "cleared_after_use",
            _clears_behind_itself,
            "The leaves are right, but the nodes in between are set to 0 once they have sent. "
            "Clear them at the start instead: then their gradients can be looked at afterwards.",
        ),
        Misconception(
            "parents_first",
            _wrong(nodes=list),
            "Only the root's own parents get a gradient; everything farther down is left with 0. "
            "Going through the list from its start does that: nothing has a gradient there yet. "
            "Begin at the root, which is last, and go on to the first: `reversed(order)`.",
        ),
        Misconception(
            "shared_parent_once",
            _wrong(once=True),
            "In an operation such as `a + a` the one parent counts only once. A dict or set drops "
            "the second entry: go through parents and local derivatives in pairs, with `zip`.",
        ),
        Misconception(
            "inner_gradients_kept",
            _wrong(reset=lambda node: False),
            "The first call is right. In a second one the nodes in between still hold the first "
            "call's gradients, and send those on again. Set `grad` to 0 at the start for every "
            "node that has parents.",
        ),
        Misconception(
            "root_counts_up",
            root_counts_up,
            "The first call is right. In a second one the root has 2, and the nodes in between "
            "still hold old gradients. Set `grad` to 0 at the start for every node that has "
            "parents, and the root's to 1.",
        ),
        Misconception(
            "leaves_reset",
            _wrong(reset=lambda node: True),
            "A second call forgets the first: the leaves were set to 0 as well. They collect (for "
            "instance over several batches), and whoever trains sets them to 0. Reset only nodes "
            "that have parents.",
        ),
        Misconception(
            "local_forgotten",
            _wrong(share=lambda node, local, parent: node.grad),
            "The gradient is handed on unchanged. Multiply it by the local derivative: how much "
            "the node grows for each step of this parent.",
        ),
        Misconception(
            "grad_forgotten",
            _wrong(share=lambda node, local, parent: local),
            "Only the local derivatives are collected. Each has to be multiplied by the node's own "
            "gradient: how much the root grows for each step of this node.",
        ),
        Misconception(
            "added_not_multiplied",
            _wrong(share=lambda node, local, parent: local + node.grad),
            "Local derivative and gradient are added. Along a way they are multiplied: twice as "
            "fast of three times as fast is six times.",
        ),
        Misconception(
            "data_for_local",
            _wrong(share=lambda node, local, parent: parent.data * node.grad),
            "The gradient is multiplied by the parent's number. It is the local derivative that "
            "counts, and it lies ready in `node.local`.",
        ),
        Misconception(
            "data_for_grad",
            _wrong(share=lambda node, local, parent: local * node.data),
            "The local derivative is multiplied by the node's number, `data`. The chain rule wants "
            "the node's gradient, `grad`.",
        ),
        Misconception(
            "first_parent_only",
            _wrong(
                share=lambda node, local, parent: (
                    local * node.grad if parent is node.parents[0] else 0.0
                )
            ),
            "Only the first parent of each node gets its share. Loop over all of them.",
        ),
    ],
    alternatives=[backward_by_index, backward_that_cleans_up],
    hints=[
        "What is the gradient of the root with respect to itself? Write it down, then go back "
        "through the list.",
        "When a node's turn comes, its `grad` is complete. Each parent gets `local * node.grad` "
        "*added*; pair them up with `zip(node.parents, node.local)`.",
        "For the second call: before anything else, set `grad` to 0 for each node with "
        "`node.parents`. Then the root's to 1, then `for node in reversed(order):`.",
    ],
)
