"""The graph of a `Value`, as text that Jupyter, GitHub and many editors draw."""

from course_lib.scalar.engine import Value

__all__ = ["to_mermaid"]


def to_mermaid(root: Value, digits: int = 4) -> str:
    """Write the graph that made root as a Mermaid flowchart.

    A box is a number, with its `label`, data and grad; a circle is the operation that made it. The
    names n0, n1, ... count the numbers in topological order, from left to right in each operation,
    so the same expression always gives the same text. In a notebook, show it as Markdown, between
    a line "```mermaid" and a line "```".

    >>> a = Value(3.0)
    >>> a.label = "a"
    >>> print(to_mermaid(a * a, digits=1))
    flowchart LR
        n0["a<br>data 3.0<br>grad 0.0"]
        n1["data 9.0<br>grad 0.0"]
        op1(("#42;"))
        n0 --> op1
        n0 --> op1
        op1 --> n1
    """
    names: dict[Value, str] = {}
    lines = ["flowchart LR"]
    for node in _all_nodes(root):
        name = names[node] = f"n{len(names)}"
        texts = [_escaped(node.label)] if node.label else []
        texts += [f"data {node.data:.{digits}f}", f"grad {node.grad:.{digits}f}"]
        lines.append(f'    {name}["{"<br>".join(texts)}"]')
        if node._parents:
            op = f"op{name[1:]}"
            lines.append(f'    {op}(("{_escaped(node._op)}"))')
            lines += [f"    {names[parent]} --> {op}" for parent in node._parents]
            lines.append(f"    {op} --> {name}")
    return "\n".join(lines)


def _all_nodes(root: Value) -> list[Value]:
    """Every node of the graph, leaves included, each after those it was made from."""
    nodes: dict[Value, None] = {}  # a set that keeps its order
    for node in root._topological_order():
        nodes.update(dict.fromkeys(node._parents))  # those not yet listed are leaves
        nodes[node] = None
    return list(nodes)


def _escaped(text: str) -> str:
    """Mermaid's codes for all but letters, digits and spaces: it reads a bare "+" as a list."""
    return "".join(c if c.isalnum() or c == " " else f"#{ord(c)};" for c in text)
