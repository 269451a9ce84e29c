"""Figures of expressions as graphs, at rest and in the backward pass, one figure a step."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Protocol, runtime_checkable

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from course_lib.viz.figure import COLOURS, INK, MUTED, CourseFigure, course_style, in_words, say

ACROSS, DOWN = 2.5, 1.7  # from box to box
WIDTH, HEIGHT = 1.6, 1.15  # of a box
SWEEPS = 4  # of sorting the layers; small graphs settle in two
MOST_NODES = 40

_WAITING, _CURRENT, _DONE = "waiting", "its turn", "done"
_FILLS = {_WAITING: "white", _CURRENT: "#fbe0cc", _DONE: "#d5e8f4"}

Place = tuple[float, float]


@runtime_checkable
class Node(Protocol):
    """A number that knows how it was made; `local` has a derivative for each parent."""

    data: float
    grad: float
    parents: Sequence[Any]
    local: Sequence[float]
    op: str
    label: str


def expression_graph(order: Sequence[Node], *, title: str, alt: str = "") -> CourseFigure:
    """An expression as a graph: a box a number, an arrow from each parent with its derivative.

    order lists every node once, the root last. A box shows the node's label, the operation that
    made it, its data and its grad.

    Raises:
        ValueError: a node's parent is missing from order, order holds a node twice, or it has more
            than 40.
    """
    layout = _Layout(order)
    grads = {id(node): node.grad for node in order}
    words = f"Graph of {_names(order)}, from the inputs at the left to the result at the right."
    return _draw(layout, grads, {}, "", title, alt or words)


def backprop_steps(order: Sequence[Node], *, title: str) -> list[CourseFigure]:
    """The backward pass over an expression, one figure a step, for a `stepper`.

    Follows order from its end, as a backward pass would that is given this order; the nodes' own
    grads are not read and not changed. A share that comes after a node's turn is called late: then
    the order was no topological one.

    Raises:
        ValueError: a node's parent is missing from order, order holds a node twice, or it has more
            than 40.
    """
    layout = _Layout(order)
    root = order[-1]
    grads = {id(node): 0.0 for node in order}
    stages: dict[int, str] = {}
    figures: list[CourseFigure] = []

    def show(caption: str, sending: Node | None = None) -> None:
        about = _state(layout.order, grads)
        figures.append(_draw(layout, grads, stages, caption, title, about, sending))

    show("before: nothing has a gradient yet")
    grads[id(root)] = 1.0
    stages[id(root)] = _CURRENT
    show(f"{_name(root)} gets 1: it grows by 1 when it grows by 1")
    for node in reversed(order):
        if node.parents:
            stages.update({key: _DONE for key, stage in stages.items() if stage == _CURRENT})
            stages[id(node)] = _CURRENT
            show(_send(node, grads, stages), sending=node)
    stages.update(dict.fromkeys(grads, _DONE))
    inputs = [f"{_name(n)} has {_number(grads[id(n)])}" for n in layout.order if not n.parents]
    show(f"done: {in_words(inputs)}")
    return figures


def _send(node: Node, grads: dict[int, float], stages: dict[int, str]) -> str:
    """Add a node's shares to its parents, and say so."""
    shares, late = [], []
    for parent, local in zip(node.parents, node.local, strict=True):
        share = local * grads[id(node)]
        grads[id(parent)] += share
        shares.append(f"{_number(local)} × {_number(grads[id(node)])} to {_name(parent)}")
        if stages.get(id(parent)) == _DONE:
            late.append(_name(parent))
    caption = f"{_name(node)} sends {in_words(shares)}"
    return caption + (f": too late, {in_words(late)} had its turn" if late else "")


def _state(order: Sequence[Node], grads: dict[int, float]) -> str:
    """Every gradient, in words."""
    listed = [f"{_name(node)} {_number(grads[id(node)])}" for node in order]
    return f"Graph of an expression in the backward pass. Gradients: {', '.join(listed)}."


def _name(node: Node) -> str:
    return node.label or node.op or _number(node.data)


def _formula(node: Node) -> str:
    """How a number was made: from what, where all that has names, else by what operation."""
    names = [parent.label for parent in node.parents]
    if not names or not all(names) or sum(map(len, names)) > 6:
        return node.op
    if len(names) == 2:
        return f"{names[0]} {node.op} {names[1]}"
    return f"{names[0]}{node.op}" if node.op.startswith("*") else f"{node.op}({names[0]})"


def _names(order: Sequence[Node]) -> str:
    return in_words([_name(node) for node in order])


def _number(x: float) -> str:
    return f"{x + 0.0:.3g}".replace("-", "\N{MINUS SIGN}")


class _Layout:
    """Where the boxes stand: in layers, with the arrows that pass a layer given room in it."""

    def __init__(self, order: Sequence[Node]) -> None:
        if len(order) > MOST_NODES:
            raise ValueError(f"at most {MOST_NODES} nodes can be drawn, got {len(order)}")
        known = {id(node) for node in order}
        parents = [parent for node in order for parent in node.parents]
        if len(known) < len(order) or any(id(parent) not in known for parent in parents):
            raise ValueError("order must list every node of the graph exactly once")
        # The picture is the same whatever the order: nodes as they are met from the root.
        self.order: list[Node] = [order[-1]]
        for node in self.order:
            self.order += [p for p in dict.fromkeys(node.parents) if p not in self.order]
        order = self.order = self.order[::-1]
        levels = _levels(order)
        self.edges = [(p, node) for node in order for p in dict.fromkeys(node.parents)]
        layers: list[list[Any]] = [[] for _ in range(max(levels.values()) + 1)]
        for node in order:
            layers[levels[id(node)]].append(id(node))
        above: dict[Any, list[Any]] = {}
        self.ways: dict[tuple[int, int], list[Any]] = {}
        for parent, node in self.edges:
            start, end = levels[id(parent)], levels[id(node)]
            passing = [(id(parent), id(node), level) for level in range(start + 1, end)]
            for spot in passing:
                layers[spot[2]].append(spot)
            way = [id(parent), *passing, id(node)]
            self.ways[id(parent), id(node)] = way
            for first, second in pairwise(way):
                above.setdefault(second, []).append(first)
                above.setdefault(first, []).append(second)
        self.places = _places(layers, above)
        self.rows = max(map(len, layers))
        self.columns = len(layers)


def _levels(order: Sequence[Node]) -> dict[int, int]:
    """The column of each node: right of all its parents; inputs one left of their first use."""
    levels = {id(node): 0 for node in order}
    for _ in order:  # once for each node is enough, whatever the order
        for node in order:
            if node.parents:
                levels[id(node)] = 1 + max(levels[id(parent)] for parent in node.parents)
    for node in order:
        uses = [levels[id(user)] for user in order if node in tuple(user.parents)]
        if uses and not node.parents:
            levels[id(node)] = min(uses) - 1
    return levels


def _places(layers: Sequence[list[Any]], linked: dict[Any, list[Any]]) -> dict[Any, Place]:
    """Sort each layer by where its neighbours stand, forwards and back, and space it evenly."""
    places: dict[Any, Place] = {}

    def settle(x: int, layer: list[Any]) -> None:
        for k, key in enumerate(layer):
            places[key] = (ACROSS * x, DOWN * ((len(layer) - 1) / 2 - k))

    for x, layer in enumerate(layers):
        settle(x, layer)
    for sweep in range(SWEEPS):
        forwards = sweep % 2 == 0
        numbered = list(enumerate(layers))
        for x, layer in numbered if forwards else reversed(numbered):
            near = x - 1 if forwards else x + 1

            def height(key: Any, near: int = near) -> float:
                ys = [places[k][1] for k in linked.get(key, ()) if places[k][0] == ACROSS * near]
                return -sum(ys) / len(ys) if ys else -places[key][1]

            layer.sort(key=height)
            settle(x, layer)
    return places


def _draw(
    layout: _Layout,
    grads: dict[int, float],
    stages: dict[int, str],
    caption: str,
    title: str,
    alt: str,
    sending: Node | None = None,
) -> CourseFigure:
    """One picture of the graph: what has had its turn is filled, what has it now is framed."""
    size = (max(1.62 * layout.columns + 0.3, 5.6), 1.12 * layout.rows + 0.95)
    with course_style():
        figure = CourseFigure(title=title, alt=alt, size=size)
        ax = figure.subplots()
        ax.set_axis_off()
        ax.set_xlim(-WIDTH / 2 - 0.2, ACROSS * (layout.columns - 1) + WIDTH / 2 + 0.2)
        reach = DOWN * (layout.rows - 1) / 2 + HEIGHT / 2 + 0.15
        ax.set_ylim(-reach, reach)
        if caption:
            ax.set_title(caption, loc="left")
        for parent, node in layout.edges:
            way = [layout.places[key] for key in layout.ways[id(parent), id(node)]]
            slopes = [
                local
                for p, local in zip(node.parents, node.local, strict=True)
                if p is parent
            ]  # fmt: skip
            _draw_arrow(ax, way, slopes, node is sending)
        for node in layout.order:
            stage = stages.get(id(node), _WAITING)
            _draw_box(ax, node, layout.places[id(node)], grads[id(node)], stage if stages else "")
    return figure


def _draw_arrow(ax: Axes, way: Sequence[Place], slopes: Iterable[float], current: bool) -> None:
    """Draw a way from box to box, with the local derivative of each use where it starts."""
    (x, y), *middle, (end_x, end_y) = way
    points = [(x + WIDTH / 2, y), *middle, (end_x - WIDTH / 2, end_y)]
    colour = COLOURS[0] if current else MUTED
    arrow = FancyArrowPatch(
        path=Path(points), arrowstyle="-|>", mutation_scale=11, lw=2.0 if current else 1.2,
        color=colour, zorder=1, shrinkA=0, shrinkB=0,
    )  # fmt: skip
    ax.add_patch(arrow)
    (x1, y1), (x2, y2) = points[0], points[1]
    words = ", ".join(f"×{_number(slope)}" for slope in slopes)
    ax.text(
        x1 + 0.5 * (x2 - x1), y1 + 0.5 * (y2 - y1), words, ha="center", va="center", fontsize=8.5,
        color=colour if current else INK, zorder=2,
        bbox={"fc": "white", "ec": "none", "pad": 1.2},
    )  # fmt: skip


def _draw_box(ax: Axes, node: Node, place: Place, grad: float, stage: str) -> None:
    """Draw a number: its name and operation, its data, its gradient."""
    x, y = place
    current = stage == _CURRENT
    shown = " = ".join(filter(None, [node.label, _formula(node)]))
    box = FancyBboxPatch(
        (x - WIDTH / 2, y - HEIGHT / 2), WIDTH, HEIGHT, boxstyle="round,pad=0,rounding_size=0.12",
        fc=_FILLS.get(stage, "white"), ec=COLOURS[0] if current else INK, zorder=3,
        lw=2.4 if current else 1.0,
    )  # fmt: skip
    ax.add_patch(box)
    heading = shown + ("  ✓" if stage == _DONE else "")
    numbers = f"data {_number(node.data)}\ngrad {_number(grad)}"
    ax.text(
        x, y + 0.3, heading, ha="center", va="center", fontweight="bold", fontsize=9.5, zorder=4,
        parse_math=False,
    )  # fmt: skip
    words = ax.text(
        x, y - 0.17, numbers, ha="center", va="center", fontsize=9, zorder=4, linespacing=1.35
    )
    where = f" ({stage})" if stage else ""
    say(words, f"{shown or 'a number'}: {numbers.replace(chr(10), ', ')}{where}")
