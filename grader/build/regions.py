"""Copies definitions from a source text and sets nbgrader's solution regions in them.

Lines are copied, not generated from the syntax tree, so comments and layout survive.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
MAX_LINE = 88

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
# A method is not what it was without one of these; others (shape checkers) only watch.
_KEPT_DECORATORS = re.compile(r"(property|staticmethod|classmethod|\w+\.setter)$")


class Writer:
    """Copies definitions; those that are lifted from a module lose what a notebook has no use for.

    Attributes:
        helpers: calls of these, as statements, are left out.
        lifted: whether annotations, decorators and refusing methods go too.
    """

    def __init__(self, text: str, *, helpers: set[str], lifted: bool) -> None:
        self.text = text
        self.lines = text.splitlines()
        self.helpers = helpers
        self.lifted = lifted

    def definition(self, node: Function | ast.ClassDef) -> list[str]:
        """A function or class with its regions."""
        return self._class(node) if isinstance(node, ast.ClassDef) else self._function(node)

    def statements(self, body: Sequence[ast.stmt], after: int) -> list[str]:
        """Definitions with their regions, everything else as it is, with the lines between."""
        lines: list[str] = []
        dropped = False
        for node in body:
            first = _first_line(node)
            between, after = self.lines[after : first - 1], node.end_lineno or first
            if dropped and not between:  # the blank line before what was dropped
                between = [""]
            dropped = self.lifted and _is_ours_alone(node)
            if not dropped:
                lines += [*between, *self._statement(node, first, after)]
        return lines

    def _statement(self, node: ast.stmt, first: int, last: int) -> list[str]:
        if isinstance(node, Function | ast.ClassDef):
            return self.definition(node)
        if self.lifted and isinstance(node, ast.AnnAssign) and node.value is not None:
            target, value = self._segment(node.target), self._segment(node.value)
            return [f"{' ' * node.col_offset}{target} = {value}"]
        return self.lines[first - 1 : last]

    def _class(self, node: ast.ClassDef) -> list[str]:
        if self.lifted:
            self.helpers = self.helpers | {
                f"self.{n.name}" for n in node.body if isinstance(n, Function) and _refuses(n)
            }
            bases = ", ".join(map(self._segment, [*node.bases, *node.keywords]))
            header = [f"{' ' * node.col_offset}class {node.name}{f'({bases})' if bases else ''}:"]
        else:
            header = self._written_header(node)
        docstring, rest, after = self._split(node)
        if rest and rest[0].lineno == node.lineno:  # all on one line
            return self.lines[node.lineno - 1 : node.lineno]
        return header + docstring + self.statements(rest, after)

    def _function(self, node: Function) -> list[str]:
        header = self._signature(node) if self.lifted else self._written_header(node)
        docstring, rest, after = self._split(node)
        if not rest:
            return header + docstring
        indent = " " * node.body[0].col_offset
        if rest[0].lineno == node.lineno:  # all on one line
            indent = " " * (node.col_offset + 4)
            answer = [indent + self._segment(statement) for statement in rest]
            header = (
                [header[0]] if self.lifted else [header[0].split(answer[0].strip())[0].rstrip()]
            )
        else:
            answer = self._without_helper_calls(node, after, self._last_line(rest[-1]))
        return [*header, *docstring, indent + BEGIN, *answer, indent + END]

    def _split(self, node: Function | ast.ClassDef) -> tuple[list[str], list[ast.stmt], int]:
        """The docstring's lines, the statements after it, and the last line before them."""
        first = node.body[0]
        if ast.get_docstring(node, clean=False) is None:
            return [], node.body, self._header_end(node)
        end = first.end_lineno or first.lineno
        lines = self.lines[self._header_end(node) : end]
        return _for_a_learner(lines) if self.lifted else lines, node.body[1:], end

    def _header_end(self, node: Function | ast.ClassDef) -> int:
        """The number of the line with the colon: comments may stand between it and the body."""
        line = _first_line(node.body[0]) - 1
        while line > node.lineno and self.lines[line - 1].strip()[:1] in ("", "#"):
            line -= 1
        return max(line, node.lineno)

    def _written_header(self, node: Function | ast.ClassDef) -> list[str]:
        return self.lines[_first_line(node) - 1 : self._header_end(node)]

    def _signature(self, node: Function) -> list[str]:
        """The header without annotations and watching decorators."""
        indent = " " * node.col_offset
        kept = [self._segment(d) for d in node.decorator_list]
        lines = [f"{indent}@{d}" for d in kept if indent and _KEPT_DECORATORS.match(d)]
        start = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
        parameters = ", ".join(self._parameters(node.args))
        line = f"{indent}{start} {node.name}({parameters}):"
        if len(line) <= MAX_LINE:
            return [*lines, line]
        return [*lines, f"{indent}{start} {node.name}(", f"{indent}    {parameters}", f"{indent}):"]

    def _parameters(self, a: ast.arguments) -> list[str]:
        positional = [*a.posonlyargs, *a.args]
        required = len(positional) - len(a.defaults)
        parts = [self._parameter(p, None) for p in positional[:required]]
        pairs = zip(positional[required:], a.defaults, strict=True)
        parts += [self._parameter(p, default) for p, default in pairs]
        if a.posonlyargs:
            parts.insert(len(a.posonlyargs), "/")
        if a.vararg or a.kwonlyargs:
            parts.append(f"*{a.vararg.arg if a.vararg else ''}")
        parts += [self._parameter(*p) for p in zip(a.kwonlyargs, a.kw_defaults, strict=True)]
        return parts + ([f"**{a.kwarg.arg}"] if a.kwarg else [])

    def _parameter(self, parameter: ast.arg, default: ast.expr | None) -> str:
        return parameter.arg + ("" if default is None else f"={self._segment(default)}")

    def _without_helper_calls(self, node: Function, after: int, last: int) -> list[str]:
        """The lines of a body, without the statements that only check what came in."""
        lines = dict(enumerate(self.lines[after:last], after + 1))
        for block in _blocks(node):
            dropped = [s for s in block if self._calls_helper(s)]
            for statement in dropped:
                first, end = statement.lineno, statement.end_lineno or statement.lineno
                for number in range(first, end + 1):
                    lines.pop(number, None)
                if len(dropped) == len(block) and statement is block[-1]:
                    lines[first] = " " * statement.col_offset + "pass"
        if self.lifted:
            self._strip_annotations(node, lines)
        return "\n".join(lines[n] for n in sorted(lines)).strip("\n").splitlines()

    def _strip_annotations(self, node: Function, lines: dict[int, str]) -> None:
        """Write `total: float = 0.0` as `total = 0.0`: annotations are for our type checker."""
        for found in ast.walk(node):
            if isinstance(found, ast.AnnAssign) and found.value and found.lineno in lines:
                target, text = self._segment(found.target), lines[found.lineno]
                annotated = f"{target}: {self._segment(found.annotation)} ="
                lines[found.lineno] = text.replace(annotated, f"{target} =", 1)

    def _calls_helper(self, node: ast.stmt) -> bool:
        if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
            return False
        return self._segment(node.value.func) in self.helpers

    def _last_line(self, node: ast.stmt) -> int:
        """The last line of a statement and of the comments that close its block."""
        last = line = node.end_lineno or node.lineno
        for text in self.lines[last:]:
            line += 1
            indent = len(text) - len(text.lstrip())
            if text.strip() and (not text.lstrip().startswith("#") or indent < node.col_offset):
                break
            last = line if text.strip() else last
        return last

    def _segment(self, node: ast.AST) -> str:
        return ast.get_source_segment(self.text, node) or ""


def _for_a_learner(docstring: list[str]) -> list[str]:
    """Leave out what speaks of the library: the refusals, which are not lifted, and the source."""
    paragraphs = re.split(r"\n[ \t]*\n", "\n".join(docstring))
    kept = [p for p in paragraphs if not p.lstrip().startswith(("Raises:", "Source:"))]
    lines = "\n\n".join(kept).splitlines()
    if kept[-1] is not paragraphs[-1]:  # the closing quotes went with the last paragraph
        lines.append(docstring[-1])
    return lines


def _first_line(node: ast.stmt) -> int:
    """The number of a statement's first line, decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(d.lineno for d in decorators)])


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for child in ast.walk(node):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(child, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield block


def _is_ours_alone(node: ast.stmt) -> bool:
    """Whether a notebook has no use for a statement of a class: it only annotates, or refuses."""
    if isinstance(node, ast.AnnAssign):
        return node.value is None
    return isinstance(node, Function) and _refuses(node)


def _refuses(node: Function) -> bool:
    """Whether a method is private, raises, and changes nothing: it only refuses bad input."""
    if not node.name.startswith("_") or node.name.startswith("__"):
        return False
    inside = list(ast.walk(node))
    sets = any(
        isinstance(n, ast.Attribute | ast.Subscript) and isinstance(n.ctx, ast.Store)
        for n in inside
    )
    returns = any(isinstance(n, ast.Return) and n.value is not None for n in inside)
    return any(isinstance(n, ast.Raise) for n in inside) and not sets and not returns
