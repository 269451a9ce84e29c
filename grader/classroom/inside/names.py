"""What the names of a notebook mean where its tests are judged: the instructor's, or an answer's.

What instructor's cells set is here, by running them. A name that an answer is to set is looked up
in the submission, each time anew. `Names` is the namespace of both.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import io
import time
import types
from collections.abc import Callable, Iterator
from typing import Any

from grader.classroom.inside.far import Unsure
from grader.guard import TimeLimitExceeded, call_within

_FILE = "<judged outside>"
# IPython's own: they speak of a kernel, and there is none here.
_KERNELS = frozenset({"In", "Out", "get_ipython", "_", "__", "___", "_i", "_ii", "_iii", "_ih",
                      "_oh", "_dh", "exit", "quit"})  # fmt: skip


class NeedsSubmission(BaseException):
    """An instructor's statement that cannot run without an answer."""


class Names(dict[str, Any]):
    """A namespace for code to run in. What is not in it is asked of the submission.

    CPython looks globals up in a subclass of dict as in any mapping; only the body of a class does
    without, and then a test that needs it fails for the instructor's answer as well.

    Args:
        ask: the value of a name in the submission; KeyError without one.
    """

    def __init__(self, ask: Callable[[str], Any]) -> None:
        super().__init__({"__name__": "__main__", "__doc__": None, "display": _show_nothing})
        self._ask = ask
        self.answers: set[str] = set()  # names that an answer is to set
        self.instructors: set[str] = set()  # names that a cell of the instructor's has set
        self.cached: dict[str, Any] = {}
        self.closed = False  # while instructor's cells run

    def __missing__(self, name: str) -> Any:
        if name in _KERNELS:
            raise NeedsSubmission(name) if self.closed else Unsure(f"it uses {name}")
        if name not in self.answers and hasattr(builtins, name):
            raise KeyError(name)
        if self.closed:
            raise NeedsSubmission(name)
        if name not in self.cached:
            self.cached[name] = self._ask(name)
        return self.cached[name]

    def __contains__(self, name: object) -> bool:
        if super().__contains__(name):
            return True
        try:
            self[name]  # type: ignore[index]
        except KeyError:
            return False
        return True

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a name, here or in the submission."""
        return self[name] if name in self else default  # noqa: SIM401  # that is this one

    def leave_to_answers(self, names: set[str]) -> None:
        """From now on these are the submission's."""
        self.answers |= names
        self.instructors -= names
        for name in names:
            self.pop(name, None)

    def run_instructors(self, source: str, seconds: float) -> None:
        """Run an instructor's cell, statement by statement, as far as no answer is needed for it.

        What a statement would have set that did not run, or did not end well, the submission has.
        """
        deadline = time.monotonic() + seconds
        for statement in _statements(source):
            self.closed = True
            try:
                with quiet():
                    call_within(deadline - time.monotonic(), self._run, statement)
                self.answers -= stored(statement)
                self.instructors |= stored(statement)
            except (Exception, SystemExit, NeedsSubmission, TimeLimitExceeded):
                self.leave_to_answers(stored(statement))
            finally:
                self.closed = False

    def pass_answer(self, source: str, seconds: float) -> None:
        """Pass by an answer's cell, given as the instructor answered it.

        The modules that it imports are the same for everybody, so they are imported here; all else
        that it sets is the submission's.
        """
        for statement in _statements(source):
            names = stored(statement)
            if isinstance(statement, ast.Import | ast.ImportFrom):
                self.run_instructors(ast.unparse(statement), seconds)
                found = (name for name in names if dict.__contains__(self, name))
                names -= {n for n in found if isinstance(self[n], types.ModuleType)}
            self.leave_to_answers(names)

    def _run(self, statement: ast.stmt) -> None:
        exec(compile(ast.Module([statement], []), _FILE, "exec"), self)


def _statements(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError):
        return []


def stored_in(source: str) -> set[str]:
    """The names that a cell sets."""
    return set().union(*map(stored, _statements(source)))


def stored(tree: ast.AST) -> set[str]:
    """The names that code sets outside of its functions and classes."""
    names: set[str] = set()
    for node in _outside(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.ClassDef(name=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {(alias.asname or alias.name).partition(".")[0] for alias in aliases}
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                names.add(name)
            case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                names.add(name)
            case _:
                pass
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            names |= set(node.names)
    return names


def _outside(tree: ast.AST) -> Iterator[ast.AST]:
    yield tree
    scopes = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    if not isinstance(tree, scopes):
        for child in ast.iter_child_nodes(tree):
            yield from _outside(child)


def _show_nothing(*things: Any, **how: Any) -> None:
    """Stands for IPython's `display`."""


@contextlib.contextmanager
def quiet() -> Iterator[io.StringIO]:
    """Nothing printed is shown; what went to stderr is in the result."""
    errors = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
        yield errors
