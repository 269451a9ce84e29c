"""Exercise: the topological order of a graph, without recursion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grader.checks.l04_backprop import orders
from grader.checks.l04_backprop.reference import topological_order
from grader.compare import describe
from grader.exercise import Exercise, Holds, Misconception, Trial, Values
from grader.probe import Inputs

Graph = list[list[int]]  # the parents of each node, by number; parents first, the root last

LONG = 5_000


def sort_twice(answer: Any, parents: Any) -> Any:
    """Build the graph, have it ordered twice, number what comes. Travels as source."""

    class Node:
        def __init__(self, parents: Any) -> None:
            self.data, self.grad, self.op, self.label = 1.0, 0.0, "", ""
            self.parents, self.local = tuple(parents), (1.0,) * len(parents)

    nodes: list[Any] = []
    for made_from in parents:
        nodes.append(Node([nodes[i] for i in made_from]))
    numbers = {id(node): i for i, node in enumerate(nodes)}
    found = []
    for _ in range(2):
        order = answer(nodes[-1])
        if not isinstance(order, list | tuple):
            return order and f"a {type(order).__name__}"
        found.append([numbers.get(id(node), -1) for node in order])
    return {"order": found[0], "once more": found[1]}


def graph_cases(rng: np.random.Generator) -> list[Inputs]:
    """A chain, trees, `a + a`, short and long ways that meet, and graphs drawn at random."""
    graphs: list[Graph] = [
        [[], [0], [1]],
        [[], [], [0, 1], [], [2, 3]],
        [[], [], [], [1, 2], [0, 3]],
        [[], [0, 0]],
        [[], [0], [1], [0, 2]],
        [[], [0], [1], [2, 0]],
        [[], [], [0, 1], [2, 0], [3, 2]],
        [[], [], [0, 1], [0, 2], [2, 3]],
        [[], *[[i, i] for i in range(8)]],
    ]
    while len(graphs) < 14:
        graph = _random_graph(rng, int(rng.integers(6, 10)))
        # Both ways of going breadth-first must show, whichever parent comes first.
        if all(_misplaced(walk(graph), graph) for walk in _BREADTH_FIRST):
            graphs.append(graph)
    return [(graph,) for graph in graphs]


def _random_graph(rng: np.random.Generator, size: int) -> Graph:
    """Every node but the root is used by one that is made later."""
    graph: Graph = [[], []]
    unused = [0, 1]
    while len(graph) < size or len(unused) > 1:
        first = unused.pop(int(rng.integers(len(unused))))
        closing = unused and len(graph) >= size - 2  # the loose ends are tied up
        second = int(rng.choice(unused) if closing else rng.integers(len(graph)))
        if second in unused:
            unused.remove(second)
        pair = [first, second]
        graph.append([pair[i] for i in rng.permutation(2)])
        unused.append(len(graph) - 1)
    return graph


def sort_a_chain(answer: Any, operations: Any) -> Any:
    """Have a chain ordered, one operation after the other. Travels as source."""

    class Node:
        def __init__(self, parents: Any) -> None:
            self.data, self.grad, self.op, self.label = 1.0, 0.0, "", ""
            self.parents, self.local = parents, (1.0,) * len(parents)

    nodes = [Node(())]
    for _ in range(operations):
        nodes.append(Node((nodes[-1],)))
    order = answer(nodes[-1])
    if not isinstance(order, list | tuple):
        return order and f"a {type(order).__name__}"
    in_order = all(a is b for a, b in zip(order, nodes, strict=False))
    return {"nodes listed": len(order), "each after its parent": in_order}


def chain_cases(rng: np.random.Generator) -> list[Inputs]:
    """More operations than Python lets functions call themselves."""
    return [(LONG,)]


def _is_shared(parents: Graph) -> bool:
    """Whether some number is used more than once."""
    uses = Counter(i for made_from in parents for i in made_from)
    return max(uses.values(), default=0) > 1


def _order(result: Any) -> list[int]:
    return list(result["order"])


def _no_list(result: Any) -> str | None:
    if isinstance(result, dict):
        return None
    if isinstance(result, str):
        return f"a list of nodes was required, {result} came"
    return f"a list of nodes was required, {describe(result)} came"


def _complete(result: Any, parents: Graph) -> str | None:
    if _no_list(result):
        return _no_list(result)
    order = _order(result)
    if -1 in order:
        return "something in the list is no node of the graph"
    missing = sorted(set(range(len(parents))) - set(order))
    if not missing:
        return None
    return f"{_named(missing)} missing from the order {_short(order)}"


def _named(nodes: Sequence[int]) -> str:
    few = ", ".join(map(str, nodes[:5])) + (", ..." if len(nodes) > 5 else "")
    return f"node {few} is" if len(nodes) == 1 else f"nodes {few} are"


def _short(order: Sequence[int]) -> str:
    return str(list(order)) if len(order) <= 12 else f"{list(order[:10])[:-1]}, ...]"


def _misplaced(order: Sequence[int], parents: Graph) -> tuple[int, int] | None:
    """A node that is listed before one of its parents, and that parent."""
    place: dict[int, int] = {}
    for at, node in enumerate(order):
        place.setdefault(node, at)
    for node in order:
        for parent in parents[node] if node >= 0 else ():
            if place.get(parent, len(order)) > place[node]:
                return node, parent
    return None


def _sorted(result: Any, parents: Graph) -> str | None:
    if _no_list(result):
        return _no_list(result)
    found = _misplaced(_order(result), parents)
    if found is None:
        return None
    node, parent = found
    return (
        f"node {node} was made from node {parent}, but comes before it in the order "
        f"{_short(_order(result))}"
    )


def _unrepeated(result: Any, parents: Graph) -> str | None:
    if _no_list(result):
        return _no_list(result)
    node, times = Counter(_order(result)).most_common(1)[0]
    return None if times == 1 else f"node {node} is listed {times} times; once is required"


def _repeatable(result: Any, parents: Graph) -> str | None:
    if _no_list(result):
        return _no_list(result)
    again = result["once more"]
    if len(again) == len(_order(result)) and not _complete({"order": again}, parents):
        return None
    return (
        f"the first call lists {len(_order(result))} nodes, a second call on the same graph "
        f"{len(again)}"
    )


def _all_in_order(result: Any, parents: Graph) -> str | None:
    return (
        _complete(result, parents)
        or _sorted(result, parents)
        or _unrepeated(result, parents)
        or _repeatable(result, parents)
    )


def _breadth_first_by_number(turn: int) -> Callable[[Graph], list[int]]:
    def walk(parents: Graph) -> list[int]:
        order = [len(parents) - 1]
        seen = set(order)
        for node in order:
            new = [i for i in dict.fromkeys(parents[node][::turn]) if i not in seen]
            seen.update(new)
            order += new
        return order[::-1]

    return walk


_BREADTH_FIRST = (_breadth_first_by_number(1), _breadth_first_by_number(-1))


def _rows(trials: Sequence[Trial]) -> list[tuple[list[int], Graph]]:
    """Order and graph of each trial, the long chain left out."""
    return [(_order(t.observed.result), t.inputs[0]) for t in _graphs(trials)]


def _graphs(trials: Sequence[Trial]) -> list[Trial]:
    return [t for t in trials if t.probe is sort_twice]


def _all_rows(test: Callable[[list[int], Graph], bool]) -> Callable[[Sequence[Trial]], bool]:
    def matches(trials: Sequence[Trial]) -> bool:
        rows = _rows(trials)
        return bool(rows) and all(test(*row) for row in rows)

    return matches


def _permutation(order: list[int], parents: Graph) -> bool:
    return sorted(order) == list(range(len(parents)))


def _too_deep(trials: Sequence[Trial]) -> bool:
    """Everything is in order but for the long chain, on which Python gave up."""
    faults = [t.observed.fault for t in trials if t.probe is sort_a_chain]
    rest = _graphs(trials)
    return (
        bool(faults)
        and all(fault and fault.type == "RecursionError" for fault in faults)
        and all(_all_in_order(t.observed.result, *t.inputs) is None for t in rest)
    )


def _wrong_where_ways_meet(trials: Sequence[Trial]) -> bool:
    """Complete, root last, right on trees, and not right on some graph in which ways meet."""
    rows = _rows(trials)
    bad = [p for order, p in rows if _misplaced(order, p)]
    return (
        bool(bad)
        and all(_permutation(*row) and row[0][-1] == len(row[1]) - 1 for row in rows)
        and all(map(_is_shared, bad))
    )


def _preorder(trials: Sequence[Trial]) -> bool:
    """Complete, with the root first."""
    return _all_rows(lambda order, p: _permutation(order, p) and order[0] == len(p) - 1)(trials)


def _some_twice(trials: Sequence[Trial]) -> bool:
    """Nothing is missing, and only what several others use is listed more often than once."""
    rows = [(order, p) for order, p in _rows(trials)]
    return any(len(order) > len(p) for order, p in rows) and all(
        set(order) == set(range(len(p))) and (_is_shared(p) or len(order) == len(p))
        for order, p in rows
    )


def _forgets_on_second_call(trials: Sequence[Trial]) -> bool:
    """A first call lists everything, a second one leaves something out."""
    graphs = _graphs(trials)
    results = [t.observed.result for t in graphs]
    return bool(graphs) and all(
        len(r["once more"]) < len(r["order"]) and set(r["order"]) == set(range(len(t.inputs[0])))
        for r, t in zip(results, graphs, strict=True)
    )


def _turned_round(root: Any) -> list[Any]:
    return topological_order(root)[::-1]


TOPOLOGICAL_ORDER = Exercise(
    id="backprop.topological_order",
    lesson="04_backprop",
    title="Topological order",
    points=4,
    reference=topological_order,
    cases=graph_cases,
    probe=sort_twice,
    criteria=[
        Holds("lists the root and everything below it", weight=2, test=_complete, essential=True),
        Holds("puts each node after its parents", weight=3, test=_sorted),
        Holds("lists a node once, however often it is used", test=_unrepeated),
        Holds("does the same when called again", test=_repeatable),
        Values(f"survives a chain of {LONG:,} operations", cases=chain_cases, probe=sort_a_chain),
    ],
    misconceptions=[
        Misconception(
            "recursion_limit",
            orders.recursive_order,
            f"The order is right. But a function that calls itself for each parent needs {LONG:,} "
            "nested calls for a chain that long, and Python allows about 1,000. Keep a list of "
            "what is still to do instead, and loop until it is empty.",
            when=_too_deep,
        ),
        Misconception(
            "root_first",
            _turned_round,
            "Every node comes before its parents: the whole list is the wrong way round. Return it "
            "with the root last.",
            when=_all_rows(
                lambda order, p: _permutation(order, p) and not _misplaced(order[::-1], p)
            ),
        ),
        Misconception(
            "before_its_parents",
            orders.before_its_parents,
            "A node is listed as soon as it is met, before its parents. Even turned round that is "
            "no order where ways meet: list a node only when all its parents have been listed.",
            when=_preorder,
        ),
        Misconception(
            "breadth_first",
            orders.breadth_first,
            "This goes layer by layer from the root and turns the list round. A node that is "
            "reached by a short way and a long one then lands too late, after something that was "
            "made from it. Go down to the end of a way first (depth first).",
            when=lambda trials: any(
                all(order == walk(p) for order, p in _rows(trials)) for walk in _BREADTH_FIRST
            ),
        ),
        Misconception(
            "rejoining_ways",
            lambda root: orders.before_its_parents(root)[::-1],
            "On trees this order is right. Where ways split and meet again, a node is listed "
            "before one of its parents. Depth first, a node has two moments: when you meet it, and "
            "when all its parents are done. List it at the second (then nothing is to be turned "
            "round), and do not count it as seen while it only waits for its turn.",
            when=_wrong_where_ways_meet,
        ),
        Misconception(
            "visited_again",
            orders.without_seen,
            "What is used more than once is listed more than once, so its gradient would be sent "
            "on more than once. Keep a set of the nodes that you have seen.",
            when=_some_twice,
        ),
        Misconception(
            "leaves_missing",
            lambda root: [node for node in topological_order(root) if node.parents],
            "Nodes without parents are missing. They belong in the list too: it is their "
            "gradients that training needs.",
            when=_all_rows(
                lambda order, p: set(order) == {i for i, made_from in enumerate(p) if made_from}
            ),
        ),
        Misconception(
            "root_missing",
            lambda root: topological_order(root)[:-1],
            "The root itself is missing. It belongs at the end of the list.",
            when=_all_rows(lambda order, p: set(order) == set(range(len(p) - 1))),
        ),
        Misconception(
            "one_level_only",
            lambda root: [*dict.fromkeys(root.parents), root],
            "This stops at the root's own parents. They were made from something as well: go on "
            "until nothing has parents.",
            when=_all_rows(lambda order, p: set(order) == {len(p) - 1, *p[-1]}),
        ),
        Misconception(
            "remembers_last_call",
            orders.remembers_last_call,
            "The first call is right, the second leaves nodes out: what was seen is remembered "
            "from call to call. Does a default argument such as `seen=set()`, a mark on the nodes "
            "or a variable outside the function hold it? Start each call with a fresh set.",
            when=_forgets_on_second_call,
        ),
    ],
    alternatives=[orders.order_by_counting, orders.order_with_iterators, orders.order_in_rounds],
    hints=[
        "Two rules: a node is listed once all its parents are, and nothing is visited twice. Keep "
        "a list `todo`, a set `seen`, and the result `order`.",
        "Each node comes off `todo` twice. The first time, put it back with a mark and its parents "
        "on top; the second time all of those are done, so append it to `order`.",
        "`todo` holds pairs `(node, parents_done)`, at first `[(root, False)]`. In the loop: pop a "
        "pair; if `parents_done`, append the node; else, if it is new, add it to `seen`, then push "
        "`(node, True)` and `(parent, False)` for each parent.",
    ],
)
