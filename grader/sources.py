"""Reads from an answer's source which library objects it mentions, wherever it was typed."""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
from types import CodeType, ModuleType
from typing import Any


def used_names(answer: Any) -> list[str]:
    """List the dotted names of the library objects that an answer's source mentions.

    `np.dot` is reported as `numpy.dot` whatever NumPy was imported as. Read from the source, so
    an answer that hides what it calls can hide it from this too.
    """
    code = _code_of(answer)
    tree = _definition(code) if code is not None else None
    if tree is None:
        return []
    scope = getattr(answer, "__globals__", None) or vars(
        sys.modules.get(getattr(answer, "__module__", ""), ModuleType("empty"))
    )
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute | ast.Name):
            names.add(_resolve(node, scope))
    return sorted(names - {""})


def _code_of(answer: Any) -> CodeType | None:
    """Find a code object of the answer: its own, or for a class one of its methods'."""
    if inspect.isclass(answer):
        methods = (m for m in vars(answer).values() if inspect.isfunction(m))
        return next((m.__code__ for m in methods), None)
    code = getattr(inspect.unwrap(answer) if callable(answer) else answer, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _definition(code: CodeType) -> ast.AST | None:
    """Parse the top-level definition that contains a code object.

    `inspect.getsource` cannot do this for a class typed into a notebook, whose module has no file.
    """
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    except SyntaxError:
        return None
    for node in tree.body:
        if node.lineno <= code.co_firstlineno <= (node.end_lineno or node.lineno):
            return node
        decorators = getattr(node, "decorator_list", [])
        if any(d.lineno == code.co_firstlineno for d in decorators):
            return node
    return None


def _resolve(node: ast.AST, scope: dict[str, Any]) -> str:
    """Turn `np.linalg.norm` into `numpy.linalg.norm`; "" for names that are no library's."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.insert(0, node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in scope:
        return ""
    found = scope[node.id]
    if isinstance(found, ModuleType):
        return ".".join([found.__name__, *attributes])
    module, name = getattr(found, "__module__", None), getattr(found, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module == "__main__":
        return ""
    return ".".join([module, name, *attributes])
