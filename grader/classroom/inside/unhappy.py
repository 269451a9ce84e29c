"""Exceptions that an answer raised, as its tests meet them: by name, and never its own code."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Mapping
from typing import Any

from grader.classroom.inside.parcel import unpack
from grader.plain import Plain


def exception(
    line: Plain,
    args: Plain,
    text: Plain,
    names: Mapping[str, Any],
    strange: Callable[[Plain], Any],
) -> BaseException:
    """An exception of the same name, whose first known ancestor is the same class.

    Args:
        line: module and name of its class and of that class's ancestors.
        args: its arguments, each a parcel.
        text: what `str` made of it.
        names: where the instructor's own exceptions are.
        strange: see `unpack`.

    Raises:
        ValueError: this describes no exception.
    """
    kinds = [(place, _class(module, name, names)) for place, (module, name) in enumerate(line)]
    place, base = next(((p, kind) for p, kind in kinds if kind is not None), (1, Exception))
    values = [unpack(arg, strange) for arg in args]
    name = line[0][1].rpartition(".")[2]
    if type(text) is not str or not name.isidentifier():
        raise ValueError("an exception's name and text were required")
    if place == 0:
        try:
            return base(*values)
        except Exception:  # it takes other arguments than it keeps
            pass
    made = type(name, (base,), {"__init__": _accept, "__str__": lambda self: text})
    return made(*values)


def _accept(self: BaseException, *args: Any) -> None:
    self.args = args


def _class(module: Any, name: Any, names: Mapping[str, Any]) -> type[BaseException] | None:
    """The class of this name, if it is one that both sides have."""
    if type(module) is not str or type(name) is not str:
        raise ValueError("names of classes were required")
    if module == "builtins":
        found = getattr(builtins, name, None)
    elif module == "__main__":
        found = dict.get(names, name) if isinstance(names, dict) else None
    else:
        found = getattr(sys.modules.get(module), name, None)
    if isinstance(found, type) and issubclass(found, Exception | SystemExit):
        return found
    return None
