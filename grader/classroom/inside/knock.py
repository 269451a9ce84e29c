"""The submission's end of a judged test: does with its objects what the referee asks for.

Plain values travel as parcels. Whatever else there is stays here, and the referee has a number for
it: a function to be called, an instance whose attribute is asked for, an iterator.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import io
import operator
from collections.abc import Callable
from typing import Any

from grader import plain
from grader.classroom.inside.dice import set_states
from grader.classroom.inside.parcel import pack, unpack
from grader.plain import Plain

_MAX_PRINTED = 200_000
_kept: list[Any] = []  # what the referee has a number for


def knock(answer: Any, request: Any) -> Any:
    """The probe: it travels as text, and calls what is here."""
    from grader.classroom.inside import knock as door

    return door.serve(answer, request)


def serve(answer: Any, request: dict[str, Plain]) -> Plain:
    """Do what is asked for.

    Args:
        answer: what the name stands for that was asked for.
        request: "do", the action; "target", the number of the object that it is done to; "args" and
            "kwargs", parcels; "dice", where to draw random numbers from, if a test has set a seed.
    """
    if request["do"] == "look":
        return {"came": ["value", pack(answer, _keep)], "changed": {}, "printed": []}
    if "dice" in request:
        set_states(request["dice"])
    target = _kept[request["target"]]
    args = [unpack(parcel, _found) for parcel in request["args"]]
    kwargs = {name: unpack(parcel, _found) for name, parcel in request["kwargs"].items()}
    given = {**{str(place): arg for place, arg in enumerate(args)}, **kwargs}
    before = {place: _written(arg) for place, arg in given.items()}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            value = _ACTIONS[request["do"]](target, *args, **kwargs)
            came = _returned(value, args)
        except (Exception, SystemExit) as error:
            came = _raised(error)
    changed = {
        place: pack(arg, _keep) for place, arg in given.items() if before[place] != _written(arg)
    }
    text = printed.getvalue()[:_MAX_PRINTED]
    size = plain.MAX_STRING
    lines = [text[i : i + size] for i in range(0, len(text), size)]
    return {"came": came, "changed": changed, "printed": lines}


def _returned(value: Any, args: list[Any]) -> Plain:
    for place, arg in enumerate(args):
        if value is arg and type(arg) not in (bool, int, float, str, type(None)):
            return ["argument", place]
    return ["value", pack(value, _keep, draw=True)]


def _raised(error: BaseException) -> Plain:
    """The names of its classes, its arguments and its text: what an `except` can look at."""
    line = [
        [str(kind.__module__)[: plain.MAX_NAME], kind.__qualname__[: plain.MAX_NAME]]
        for kind in type(error).__mro__[:20]
    ]
    args = [pack(arg, lambda value: ["plain", plain.type_name(value)]) for arg in error.args]
    try:
        text = str(error)[: plain.MAX_STRING]
    except Exception:  # an exception of the submission's own
        text = ""
    return ["raised", line, args, text]


def _written(value: Any) -> str | None:
    """What an argument holds, to see whether a call changes it; None for what only has a name."""
    if value is None or type(value) in (bool, int, float, str):
        return None
    parcel = pack(value, _keep)
    return None if parcel[0] == "far" else plain.dumps(parcel)


def _keep(value: Any) -> Plain:
    for number, known in enumerate(_kept[-200:], max(0, len(_kept) - 200)):
        if known is value:
            return ["far", number]
    _kept.append(value)
    return ["far", len(_kept) - 1]


def _found(parcel: Plain) -> Any:
    """What a reference stands for: an object kept here, a library's, or one of the instructor's."""
    if parcel[0] == "far":
        return _kept[parcel[1]]
    if parcel[0] == "known":
        return getattr(importlib.import_module(parcel[1]), parcel[2])
    if parcel[0] == "global":
        from IPython import get_ipython

        return get_ipython().user_ns[parcel[1]]
    raise ValueError(f"not a reference: {parcel[0]!r}")


def _call(target: Any, *args: Any, **kwargs: Any) -> Any:
    return target(*args, **kwargs)


def _reflected(action: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda target, other: action(other, target)


_TWO = (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor",
    "lshift", "rshift",
)  # fmt: skip
_ACTIONS: dict[str, Callable[..., Any]] = {
    "call": _call, "getattr": getattr, "setattr": setattr, "delattr": delattr,
    "getitem": operator.getitem, "setitem": operator.setitem, "delitem": operator.delitem,
    "len": len, "iter": iter, "next": next, "contains": operator.contains, "bool": bool,
    "repr": repr, "str": str, "format": format, "int": int, "float": float,
    "index": operator.index, "abs": abs, "neg": operator.neg, "pos": operator.pos,
    "invert": operator.invert, "round": round, "dir": dir, "hash": hash, "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "isinstance": lambda target, value: isinstance(value, target),
    "issubclass": lambda target, value: issubclass(value, target),
    **{name: getattr(operator, name) for name in ("eq", "ne", "lt", "le", "gt", "ge")},
    **{name: getattr(operator, name) for name in _TWO},
    **{f"r{name}": _reflected(getattr(operator, name)) for name in _TWO},
}  # fmt: skip
