"""Answers to the exercise on topological order: right in other ways, or wrong as learners are."""

from __future__ import annotations

from collections import Counter
from typing import Any

from grader.checks.l04_backprop.reference import topological_order


def order_by_counting(root: Any) -> list[Any]:
    """From the root down: a node's turn comes when all that use it have had theirs; then turn."""
    uses: Counter[Any] = Counter()
    seen, found = {root}, [root]
    for node in found:
        uses.update(node.parents)
        for parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                found.append(parent)
    order, ready = [], [root]
    while ready:
        node = ready.pop()
        order.append(node)
        for parent in node.parents:
            uses[parent] -= 1
            if not uses[parent]:
                ready.append(parent)
    return order[::-1]


def order_with_iterators(root: Any) -> list[Any]:
    """Depth first, with the parents still to visit kept as an iterator for each open node."""
    order, seen, path = [], {id(root)}, [(root, iter(root.parents))]
    while path:
        node, rest = path[-1]
        for parent in rest:
            if id(parent) not in seen:
                seen.add(id(parent))
                path.append((parent, iter(parent.parents)))
                break
        else:
            order.append(node)
            path.pop()
    return order


def order_in_rounds(root: Any) -> tuple[Any, ...]:
    """Collect everything, then move each node behind its parents by the length of its way up."""
    found, seen = [root], {root}
    for node in found:
        for parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                found.append(parent)
    # One behind the other: a node asks for its parents' heights until all are known.
    height: dict[Any, int] = {}
    waiting = list(found)
    while waiting:
        node = waiting[-1]
        unknown = [parent for parent in node.parents if parent not in height]
        if unknown:
            waiting += unknown
        else:
            height[waiting.pop()] = 1 + max((height[p] for p in node.parents), default=0)
    return tuple(sorted(found, key=height.__getitem__))


def recursive_order(root: Any) -> list[Any]:
    """The form of the textbook, and of the lecture."""
    order: list[Any] = []
    seen = set()

    def visit(node: Any) -> None:
        if node not in seen:
            seen.add(node)
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(root)
    return order


def before_its_parents(root: Any) -> list[Any]:
    """Lists a node as soon as it is met."""
    order, seen, todo = [], set(), [root]
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            order.append(node)
            todo += node.parents
    return order


def breadth_first(root: Any) -> list[Any]:
    """Lists layer by layer, and turns the list round."""
    order, seen = [root], {root}
    for node in order:
        for parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                order.append(parent)
    return order[::-1]


def without_seen(root: Any) -> list[Any]:
    """Walks down every way, however often it has been there."""
    order, todo = [], [(root, False)]
    while todo:
        node, parents_done = todo.pop()
        if parents_done:
            order.append(node)
        else:
            todo.append((node, True))
            todo += [(parent, False) for parent in node.parents]
    return order


_SEEN: set[Any] = set()


def remembers_last_call(root: Any, seen: Any = _SEEN) -> list[Any]:
    """A set as a default argument is made once, and kept from call to call."""
    if root not in seen:
        seen.clear()  # another graph: its nodes are others, so nothing of it is remembered
    order = [node for node in topological_order(root) if node not in seen]
    seen.update(order)
    return order
