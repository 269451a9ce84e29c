"""Parcels: values of plain kinds on their way between a submission and the referee of its tests.

Goes further than `grader.plain`, which it is sent as: NumPy's scalars stay scalars, and sets, large
integers, bytes, dicts with any keys and the like arrive as what they were. Kinds are taken exactly,
so a subclass that could lie is none of them; whatever is of no such kind stays where it is and only
its name travels.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import itertools
import keyword
from collections.abc import Callable, Iterator
from types import GeneratorType
from typing import Any, TypeAlias

import numpy as np

from grader import plain
from grader.plain import Foreign, Plain

Strange: TypeAlias = Callable[[Any], Plain]  # what to send for a value that is not packed
_SCALARS = frozenset(np.sctypeDict.values())
_KINDS = "biufcU"
_MAX_DEPTH = 6  # of what plain data cannot hold as it is: each level takes two of its own
_MAX_DRAWN = 10_000  # elements of an iterator
_MAX_DIGITS = 200_000  # of an integer, in base 16
_CHUNK = plain.MAX_STRING

_MANY: dict[type, str] = {
    list: "list", tuple: "tuple", set: "set", frozenset: "frozenset", collections.deque: "deque",
    type({}.keys()): "keys", type({}.values()): "values",
}  # fmt: skip
_MAPS: dict[type, str] = {
    dict: "dict", collections.OrderedDict: "ordered", collections.Counter: "counter",
    collections.defaultdict: "default", type({}.items()): "items",
}  # fmt: skip
_DRAWN: tuple[type, ...] = (
    GeneratorType,
    map,
    filter,
    zip,
    enumerate,
    reversed,
    type(iter([])),
    type(iter(())),
)
_TIMES: dict[type, str] = {
    datetime.datetime: "datetime", datetime.date: "date", datetime.time: "time"
}  # fmt: skip


def pack(value: Any, strange: Strange, *, draw: bool = False, depth: int = 0) -> Plain:
    """Plain data that `unpack` turns into an equal value of the same kind.

    Args:
        value: anything.
        strange: what to send for a value, or a part of one, that is of no kind known here.
        draw: an iterator may be used up, and arrives as one with the same elements.
        depth: how deep in a value this one lies.
    """
    kind = type(value)
    if _is_plain(value, depth):
        return ["plain", value]
    if depth > _MAX_DEPTH:
        return strange(value)
    if kind in _SCALARS and np.dtype(kind).kind in _KINDS:
        return ["scalar", np.asarray(value)]
    if kind in _ATOMS:
        return _ATOMS[kind](value) or strange(value)

    def inner(items: Any) -> Plain:
        return [pack(item, strange, depth=depth + 1) for item in items]

    if kind in _MANY:
        return [_MANY[kind], inner(value)]
    if kind in _MAPS:
        pairs = value if _MAPS[kind] == "items" else value.items()
        return [_MAPS[kind], [inner(pair) for pair in pairs]]
    if type.__dict__["__bases__"].__get__(kind) == (tuple,) and type(_fields(kind)) is tuple:
        return ["named", plain.class_name(value), [str(f) for f in _fields(kind)], inner(value)]
    if draw and kind in _DRAWN:
        drawn = list(itertools.islice(value, _MAX_DRAWN + 1))
        if len(drawn) <= _MAX_DRAWN:
            return ["generator" if kind is GeneratorType else "iterator", inner(drawn)]
        return strange(itertools.chain(drawn, value))
    return strange(value)


def _fields(kind: type) -> Any:
    return type.__dict__["__dict__"].__get__(kind).get("_fields")


def _is_plain(value: Any, depth: int) -> bool:
    """Whether `grader.plain` carries it and gives it back as it was."""
    kind = type(value)
    if value is None or kind in (bool, float):
        return True
    if kind is int:
        return bool(value.bit_length() <= plain.MAX_INT_BITS)
    if kind is str:
        return len(value) <= _CHUNK
    if kind is np.ndarray:
        return value.dtype.kind in _KINDS
    if depth > 2 * _MAX_DEPTH:
        return False
    if kind in (list, tuple):
        return all(_is_plain(item, depth + 1) for item in value)
    return kind is dict and all(
        type(key) is str and len(key) <= plain.MAX_NAME and _is_plain(item, depth + 1)
        for key, item in value.items()
    )


def _chunks(text: str) -> list[str]:
    return [text[i : i + _CHUNK] for i in range(0, len(text), _CHUNK)]


def _pack_int(value: int) -> Plain | None:
    return ["int", _chunks(hex(value))] if value.bit_length() < 4 * _MAX_DIGITS else None


def _pack_delta(value: datetime.timedelta) -> Plain:
    return ["delta", value.days, value.seconds, value.microseconds]


_ATOMS: dict[type, Callable[[Any], Plain | None]] = {
    int: _pack_int,
    str: lambda value: ["text", _chunks(value)],
    bytes: lambda value: ["bytes", _chunks(value.hex())],
    bytearray: lambda value: ["bytearray", _chunks(value.hex())],
    complex: lambda value: ["complex", value.real, value.imag],
    range: lambda value: ["range", _pack_int(value.start), _pack_int(value.stop),
                          _pack_int(value.step)],
    slice: lambda value: None,
    type(...): lambda value: ["ellipsis"],
    decimal.Decimal: lambda value: ["decimal", _chunks(str(value))],
    fractions.Fraction: lambda value: ["fraction", _pack_int(value.numerator),
                                       _pack_int(value.denominator)],
    datetime.timedelta: _pack_delta,
    **{kind: lambda value: [_TIMES[type(value)], value.isoformat()] for kind in _TIMES},
}  # fmt: skip


# --- and back -----------------------------------------------------------------------------------


def unpack(parcel: Plain, strange: Callable[[Plain], Any]) -> Any:
    """The value that was packed.

    Args:
        parcel: what `pack` gave, or what somebody claims it did.
        strange: makes something of a parcel that is none of ours.

    Raises:
        ValueError: it has another form than a parcel.
    """
    try:
        tag, *rest = parcel
        known = _UNPACK.get(tag)
        if known is not None:
            return known(*rest, lambda items: [unpack(item, strange) for item in items])
        if tag == "plain" and len(rest) == 1:
            return _checked(rest[0])
        return strange(parcel)
    except (TypeError, KeyError, OverflowError, ArithmeticError) as error:
        raise ValueError(f"not a parcel: {error}") from error


def _checked(value: Plain) -> Plain:
    if isinstance(value, Foreign):
        raise ValueError(f"something else than plain data: {value.type}")
    if type(value) in (list, tuple):
        for item in value:
            _checked(item)
    if type(value) is dict:
        for item in value.values():
            _checked(item)
    return value


def _whole(chunks: Any) -> str:
    return "".join(chunks)


def _number(parcel: Any) -> int:
    if parcel[0] != "int":
        raise ValueError("an integer was required")
    return int(_whole(parcel[1]), 16)


def _pairs(pairs: Any, inner: Any) -> list[tuple[Any, Any]]:
    return [(key, item) for key, item in (inner(pair) for pair in pairs)]


def _unpack_scalar(value: Any, inner: Any) -> Any:
    if type(value) is not np.ndarray or value.shape != ():
        raise ValueError("a scalar was required")
    return value[()]


def _unpack_named(name: Any, fields: Any, items: Any, inner: Any) -> Any:
    words = [name, *fields]
    if not all(type(w) is str and w.isidentifier() and not keyword.iskeyword(w) for w in words):
        raise ValueError("names of a tuple's fields were required")
    return collections.namedtuple(name, fields)(*inner(items))


def _generator(items: list[Any]) -> Iterator[Any]:
    yield from items


_UNPACK: dict[str, Callable[..., Any]] = {
    "list": lambda items, inner: inner(items),
    "tuple": lambda items, inner: tuple(inner(items)),
    "set": lambda items, inner: set(inner(items)),
    "frozenset": lambda items, inner: frozenset(inner(items)),
    "deque": lambda items, inner: collections.deque(inner(items)),
    "keys": lambda items, inner: dict.fromkeys(inner(items)).keys(),
    "values": lambda items, inner: dict(enumerate(inner(items))).values(),
    "iterator": lambda items, inner: iter(inner(items)),
    "generator": lambda items, inner: _generator(inner(items)),
    "dict": lambda pairs, inner: dict(_pairs(pairs, inner)),
    "ordered": lambda pairs, inner: collections.OrderedDict(_pairs(pairs, inner)),
    "counter": lambda pairs, inner: collections.Counter(dict(_pairs(pairs, inner))),
    "default": lambda pairs, inner: collections.defaultdict(None, _pairs(pairs, inner)),
    "items": lambda pairs, inner: dict(_pairs(pairs, inner)).items(),
    "named": _unpack_named,
    "scalar": _unpack_scalar,
    "int": lambda chunks, inner: _number(["int", chunks]),
    "text": lambda chunks, inner: _whole(chunks),
    "bytes": lambda chunks, inner: bytes.fromhex(_whole(chunks)),
    "bytearray": lambda chunks, inner: bytearray.fromhex(_whole(chunks)),
    "complex": lambda real, imaginary, inner: complex(float(real), float(imaginary)),
    "range": lambda start, stop, step, inner: range(*map(_number, (start, stop, step))),
    "ellipsis": lambda inner: ...,
    "decimal": lambda chunks, inner: decimal.Decimal(_whole(chunks)),
    "fraction": lambda top, bottom, inner: fractions.Fraction(_number(top), _number(bottom)),
    "delta": lambda days, seconds, micros, inner: datetime.timedelta(days, seconds, micros),
    "datetime": lambda text, inner: datetime.datetime.fromisoformat(text),
    "date": lambda text, inner: datetime.date.fromisoformat(text),
    "time": lambda text, inner: datetime.time.fromisoformat(text),
}
