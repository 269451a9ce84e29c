"""Objects of a submission as its tests' referee has them: each a number, and whom to ask about it.

Nothing of such an object is here, so it cannot lie here: what it is asked for comes back as plain
data, or as one more of these. And a test may ask of an answer only what it asked of the
instructor's: if that was an int, then no `==`, `len` or `float` of an object in its place is heard.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeAlias

# (action, number of the object, positional arguments, keyword arguments) -> what came of it
Do: TypeAlias = Callable[[str, int, tuple[Any, ...], dict[str, Any]], Any]

_get = object.__getattribute__


class Unsure(BaseException):
    """The referee cannot say how a test ends; `str()` says why. No `except Exception` hears it."""


class Far:
    """An object that is kept in the submission's process."""

    __slots__ = ("_do", "_number")
    __array_ufunc__ = None  # NumPy leaves operators to us

    def __init__(self, do: Do, number: int) -> None:
        object.__setattr__(self, "_do", do)
        object.__setattr__(self, "_number", number)

    def __getattribute__(self, name: str) -> Any:
        return Far if name == "__class__" else _ask("getattr", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        _ask("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        _ask("delattr", self, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it, there."""
        return _get(self, "_do")("call", _get(self, "_number"), args, kwargs)

    def __hash__(self) -> int:
        return number_of(self)

    def __dir__(self) -> Any:
        return _ask("dir", self)

    def __copy__(self) -> Any:
        return _ask("copy", self)

    def __deepcopy__(self, memo: object) -> Any:
        return _ask("deepcopy", self)

    def __instancecheck__(self, instance: Any) -> bool:
        return bool(_ask("isinstance", self, instance))

    def __subclasscheck__(self, subclass: Any) -> bool:
        return bool(_ask("issubclass", self, subclass))

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise Unsure("an object of the answer's cannot be copied")


def number_of(far: Far) -> int:
    """Which object it is."""
    number: int = _get(far, "_number")
    return number


def _ask(action: str, far: Far, *args: Any) -> Any:
    return _get(far, "_do")(action, _get(far, "_number"), args, {})


def _method(action: str) -> Callable[..., Any]:
    def ask(self: Far, *args: Any) -> Any:
        return _ask(action, self, *args)

    return ask


_NAMES = {
    "getitem": "getitem", "setitem": "setitem", "delitem": "delitem", "len": "len", "iter": "iter",
    "next": "next", "contains": "contains", "bool": "bool", "repr": "repr", "str": "str",
    "format": "format", "int": "int", "float": "float", "index": "index", "abs": "abs",
    "neg": "neg", "pos": "pos", "invert": "invert", "round": "round",
    "eq": "eq", "ne": "ne", "lt": "lt", "le": "le", "gt": "gt", "ge": "ge",
    "and": "and_", "or": "or_", "rand": "rand_", "ror": "ror_",
    **{
        f"{side}{name}": f"{side}{name}"
        for side in ("", "r")
        for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "xor",
                     "lshift", "rshift")
    },
}  # fmt: skip
for _name, _action in _NAMES.items():
    setattr(Far, f"__{_name}__", _method(_action))
