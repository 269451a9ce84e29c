"""Writes an answer's cell: lifts a definition from its module, or marks one that a lesson brings.

What comes out is source text with nbgrader's solution regions around everything that a learner is
to write.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grader.build.regions import Function, Writer


class CannotLift(ValueError):
    """A definition cannot become an answer; `str()` says why and what to do."""


def lift(reference: Any) -> str:
    """The answer's cell for a function or class that a module of ours defines.

    Raises:
        CannotLift: its source is not to be found, or uses a private name of its module.
    """
    try:
        text = Path(inspect.getsourcefile(inspect.unwrap(reference)) or "").read_text("utf-8")
    except (TypeError, OSError) as error:
        raise CannotLift(f"{reference!r} has no source to lift") from error
    tree = ast.parse(text)
    name = str(getattr(reference, "__qualname__", ""))
    found = [n for n in tree.body if isinstance(n, Function | ast.ClassDef) and n.name == name]
    if not found:
        raise CannotLift(f"{name or reference!r} is not defined at the top level of its module")
    private = set(_private_names(tree))
    functions = {n.name for n in tree.body if isinstance(n, Function)}
    writer = Writer(text, helpers=private & functions, lifted=True)
    answer = "\n".join(writer.definition(found[-1]))
    used = sorted(private & {n.id for n in ast.walk(ast.parse(answer)) if isinstance(n, ast.Name)})
    if used:
        raise CannotLift(
            f"{name} uses {', '.join(used)}, which the notebook does not have: "
            "write the answer into the cell"
        )
    return answer


def mark(cell: str) -> str | None:
    """Put solution regions into a cell of definitions (imports may stand with them).

    Returns None for any other cell: it cannot be seen what of it is the answer.
    """
    try:
        body = ast.parse(cell).body
    except SyntaxError:  # a magic, for instance
        return None
    definitions = [n for n in body if isinstance(n, Function | ast.ClassDef)]
    rest = [n for n in body if n not in definitions]
    if not definitions or not all(isinstance(n, ast.Import | ast.ImportFrom) for n in rest):
        return None
    writer = Writer(cell, helpers=set(), lifted=False)
    return "\n".join(writer.statements(body, after=0)).strip("\n")


def _private_names(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef):
            names = [node.name]
        else:
            stores = (n for n in ast.walk(node) if isinstance(n, ast.Name))
            names = [n.id for n in stores if isinstance(n.ctx, ast.Store)]
        yield from (n for n in names if n.startswith("_") and not n.startswith("__"))
