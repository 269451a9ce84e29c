"""Finds barriers that only some threads may reach, by reading the source.

A run shows a divergent barrier only where its sizes make threads part ways. Here the source tells:
a condition that depends on the thread, with `cuda.syncthreads()` under it, or with a `return`,
`break` or `continue` under it and a barrier that this may skip.

What depends on the thread: threadIdx, laneid, grid(...), what an atomic returned, and every name
assigned from these or under a condition that depends on them. A cell counts as its index does.
A call of a device function that has a barrier counts as one. What this misses, the run may find: a
cell at one index that differs from thread to thread, a condition within a device function.
"""

import ast
import textwrap
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, TypeAlias

_BY_THREAD = {"threadIdx", "laneid", "grid", "atomic"}
_Loop: TypeAlias = ast.For | ast.While


class Branch(NamedTuple):
    """A barrier, and the condition under which threads miss it; lines count from the function."""

    barrier: int
    condition: int


def barriers_in_branches(source: str, waiting: Collection[str] = ()) -> list[Branch]:
    """Every barrier that some threads of a block may not reach.

    `waiting` names the device functions that have a barrier.
    """
    tree = ast.parse(textwrap.dedent(source))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [branch for function in functions for branch in _Reader(function, waiting).read()]


class _Reader:
    """Reads one function, keeping the names that depend on the thread."""

    def __init__(self, function: ast.FunctionDef, waiting: Collection[str]) -> None:
        self._body, self._waiting = function.body, waiting
        self._names: set[str] = set()
        self._found: list[Branch] = []
        self._ways: set[type[ast.stmt]] = set()  # how some threads have left the loop that is read

    def read(self) -> list[Branch]:
        known = -1
        while known != len(self._names):  # a loop's end may taint its beginning
            known, self._found = len(self._names), []
            self._statements(self._body, under=0, left=0)
        return list(dict.fromkeys(self._found))

    def _statements(self, body: Sequence[ast.stmt], under: int, left: int) -> int:
        """Read statements that stand under a condition of this line (0: none).

        left is the line of a condition under which some threads have gone; the result says where
        that is so afterwards.
        """
        for statement in body:
            for line in self._barriers(statement):
                if under or left:
                    self._found.append(Branch(line, under or left))
            self._assign(statement, under)
            if isinstance(statement, (ast.If, ast.For, ast.While)):
                left = self._compound(statement, under, left)
            elif isinstance(statement, (ast.Return, ast.Break, ast.Continue)) and under:
                left = left or under
                self._ways.add(type(statement))
        return left

    def _compound(self, statement: ast.If | _Loop, under: int, left: int) -> int:
        """Read a branch or a loop."""
        test = statement.iter if isinstance(statement, ast.For) else statement.test
        if self._depends(test):
            under = statement.lineno
        if isinstance(statement, ast.If):
            gone = self._statements(statement.body, under, left)
        else:
            gone = self._loop(statement.body, under, left)
        other = self._statements(statement.orelse, under, left)
        return gone or other

    def _loop(self, body: Sequence[ast.stmt], under: int, left: int) -> int:
        """Read the body of a loop, twice where some threads may leave it before the others."""
        outer, self._ways = self._ways, set()
        gone = self._statements(body, under, left)
        if self._ways & {ast.Break, ast.Return}:  # they miss the next turn's barriers too
            self._statements(body, under, gone)
        returned = ast.Return in self._ways
        self._ways = outer | ({ast.Return} if returned else set())
        return gone if returned else left  # after the loop all are together again

    def _assign(self, statement: ast.stmt, under: int) -> None:
        """Note the names that a statement makes depend on the thread."""
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AugAssign):
            targets, value = [statement.target], statement.value
        elif isinstance(statement, ast.For):
            targets, value = [statement.target], statement.iter
        else:
            return
        if under or self._depends(value):
            for target in targets:
                for part in ast.walk(target):  # a variable, not an array of which a cell is set
                    if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                        self._names.add(part.id)

    def _depends(self, node: ast.expr) -> bool:
        """Whether an expression may differ from thread to thread."""
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and part.id in self._names:
                return True
            if isinstance(part, ast.Attribute) and part.attr in _BY_THREAD:
                return True
        return False

    def _barriers(self, statement: ast.stmt) -> Iterator[int]:
        """The lines of the barriers in a simple statement."""
        if isinstance(statement, (ast.If, ast.For, ast.While)):
            return  # what is in it is read by itself
        for part in ast.walk(statement):
            called = part.func if isinstance(part, ast.Call) else None
            direct = isinstance(called, ast.Attribute) and called.attr == "syncthreads"
            if direct or (isinstance(called, ast.Name) and called.id in self._waiting):
                yield statement.lineno
