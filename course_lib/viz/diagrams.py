"""Diagrams of graphs as Mermaid, which JupyterLab draws itself, with a twin in words."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

Edge = tuple[str, str] | tuple[str, str, str]


class CourseDiagram:
    """A graph that shows itself as a drawing, and as words where nothing can draw it."""

    def __init__(self, *, title: str, alt: str, mermaid: str, words: Sequence[str]) -> None:
        """Keep the drawing's source and the lines of its twin."""
        self.title, self.alt, self.mermaid, self._words = title, alt, mermaid, tuple(words)

    def describe(self) -> str:
        """Say in words what is drawn: title, alt text, and every node with what leads from it."""
        return "\n".join([f"Diagram: {self.title}", f"Alt: {self.alt}", *self._words])

    def __repr__(self) -> str:
        """Name the diagram by its title."""
        return f"CourseDiagram({self.title!r})"

    def __str__(self) -> str:
        """Print as the twin in words."""
        return self.describe()

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> dict[str, str]:
        """Give Jupyter the drawing and its twin in words."""
        return {"text/vnd.mermaid": self.mermaid, "text/plain": self.describe()}


def graph(
    nodes: Mapping[str, str],
    edges: Iterable[Edge],
    *,
    title: str,
    operations: Collection[str] = (),
    emphasis: Collection[str] = (),
    direction: Literal["LR", "TB"] = "LR",
    alt: str = "",
) -> CourseDiagram:
    """A graph: nodes as {key: label}, edges as (from, to) or (from, to, label).

    operations are the keys of nodes drawn round, such as the + between two values; emphasis those
    drawn with a thick orange border, such as the node a backward pass has just reached. Labels may
    hold any text, and line ends.

    Raises:
        ValueError: an edge, operation or emphasis names a key that is no node.
    """
    places = {key: f"n{k}" for k, key in enumerate(nodes)}  # keys such as "end" mean something else
    links = [(*edge, "")[:3] for edge in edges]
    named = [*operations, *emphasis, *(key for start, end, _ in links for key in (start, end))]
    for key in named:
        if key not in nodes:
            raise ValueError(f"{key!r} must be among the nodes: {', '.join(nodes)}")
    source = ["---", f'title: "{_quoted(title)}"', "---", f"flowchart {direction}"]
    for key, label in nodes.items():
        left, right = ("((", "))") if key in operations else ("[", "]")
        source.append(f'  {places[key]}{left}"{_safe(label)}"{right}')
    for start, end, label in links:
        arrow = f'-- "{_safe(label)}" -->' if label else "-->"
        source.append(f"  {places[start]} {arrow} {places[end]}")
    if emphasis:
        source.append("  classDef emphasis stroke:#D55E00,stroke-width:4px")
        source.append(f"  class {','.join(places[key] for key in emphasis)} emphasis")
    words = f"Graph of {len(nodes)} nodes and {len(links)} edges."
    return CourseDiagram(
        title=title, alt=alt or words, mermaid="\n".join(source) + "\n",
        words=list(_in_lines(nodes, links, emphasis)),
    )  # fmt: skip


def _in_lines(
    nodes: Mapping[str, str], links: Sequence[tuple[str, ...]], emphasis: Collection[str]
) -> Iterable[str]:
    """Say for each node what it is called and where its edges lead."""
    flat = {key: " ".join(label.split()) for key, label in nodes.items()}
    for key, label in flat.items():
        to = [flat[end] + f" ({text})" * bool(text) for start, end, text in links if start == key]
        mark = " [emphasised]" if key in emphasis else ""
        yield f"  {label}{mark}" + (f" -> {', '.join(to)}" if to else "")


def _safe(label: str) -> str:
    """Write a label so that Mermaid takes none of it for its own language."""
    # A point within a number stays; elsewhere it could make a list, as "*" could make italics.
    escaped = re.sub(r"(?!(?<=\d)\.\d)[^\w =,()/\n]|_", lambda found: f"#{ord(found[0])};", label)
    return escaped.replace("\n", "<br/>")


def _quoted(text: str) -> str:
    """Write a text between the double quotes of YAML."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
