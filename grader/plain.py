"""Plain data: the only thing that crosses between an answer and its judge.

Numbers, strings, `None`, lists, tuples, string-keyed dicts and NumPy arrays of numbers. Whatever
else an answer returns is replaced by a `Foreign` that names its type, so that no method of a
learner's object ever runs on the judge's side, and nothing is ever pickled.
"""

from __future__ import annotations

import base64
import json
import math
import re
import struct
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, TypeAlias

import numpy as np

Plain: TypeAlias = Any  # the recursive union above; mypy gains nothing from spelling it out

MAX_DEPTH = 16
MAX_ITEMS = 100_000
MAX_BYTES = 64 * 2**20  # of all arrays and strings together
MAX_STRING = 20_000
MAX_INT_BITS = 512
MAX_NAME = 200

_NUMERIC_KINDS = "biufcU"
_SCALAR_TYPES = frozenset(np.sctypeDict.values())
_DTYPE = re.compile(rf"[<>|][{_NUMERIC_KINDS}][0-9]{{1,5}}")
_MAX_CODE_POINT = 0x10FFFF


@dataclass(frozen=True)
class Foreign:
    """Stands for a value that is not plain data: all the judge learns of it is its type."""

    type: str


_TOO_LARGE = Foreign("a structure too deep or too large to look at")


@dataclass
class _Budget:
    """What may still be copied; counted before it is, so that nothing large is begun."""

    items: int = MAX_ITEMS
    bytes: int = MAX_BYTES

    def allows(self, items: int = 0, bytes: int = 0) -> bool:
        """Whether that much is left; takes it if so."""
        if items > self.items or bytes > self.bytes:
            return False
        self.items -= items
        self.bytes -= bytes
        return True


def to_plain(value: Any) -> Plain:
    """Copy `value` into plain data; what is not plain becomes a `Foreign`.

    Types are compared exactly: a subclass could lie (an array whose `==` is always true).
    NumPy scalars become 0-d arrays, which keeps their dtype.
    """
    return _convert(value, 0, _Budget())


def _convert(value: Any, depth: int, budget: _Budget) -> Plain:
    kind = type(value)
    if value is None or kind is bool or kind is float:
        return value
    if kind is int:
        return value if value.bit_length() <= MAX_INT_BITS else Foreign("an enormous int")
    if kind is str:
        return _convert_text(value, budget)
    if kind is np.ndarray:
        return _convert_array(value, budget)
    if kind is complex or kind in _SCALAR_TYPES:
        return _convert_array(np.asarray(value), budget)
    if kind not in (list, tuple, dict):
        return Foreign(type_name(value))
    if depth >= MAX_DEPTH or not budget.allows(items=len(value)):
        return _TOO_LARGE
    if kind is list:
        return [_convert(item, depth + 1, budget) for item in value]
    if kind is tuple:
        return tuple(_convert(item, depth + 1, budget) for item in value)
    if any(type(key) is not str or len(key) > MAX_NAME for key in value):
        return Foreign("a dict with keys that are not short strings")
    return {key: _convert(item, depth + 1, budget) for key, item in value.items()}


def _convert_text(text: str, budget: _Budget) -> Plain:
    fits = len(text) <= MAX_STRING and budget.allows(bytes=len(text))
    return text if fits else Foreign("an enormous str")


def _convert_array(array: np.ndarray, budget: _Budget) -> Plain:
    if array.dtype.kind not in _NUMERIC_KINDS:
        return Foreign(f"numpy.ndarray of dtype {array.dtype}"[:MAX_NAME])
    # Before the copy: a broadcast array takes no memory until it is copied.
    if not budget.allows(bytes=array.nbytes):
        return Foreign(f"numpy.ndarray of {array.nbytes / 2**20:.0f} MiB")
    return np.array(array)


def type_name(value: Any) -> str:
    """Name the type of a value the way a learner knows it: `generator`, `torch.Tensor`.

    Reads past whatever the type's own class defines, and so runs no code of the learner's.
    """
    module = type.__dict__["__module__"].__get__(type(value))
    name = class_name(value, "__qualname__")
    if type(module) is not str or module in ("builtins", "__main__"):
        return name
    return f"{module[:MAX_NAME]}.{name}"


def class_name(value: Any, attribute: str = "__name__") -> str:
    """Name the class of a value without its module, running no code of the learner's either."""
    return str.__str__(type.__dict__[attribute].__get__(type(value)))[:MAX_NAME]


def size(value: Plain) -> int:
    """Count the numbers and characters in plain data; used to show the smallest failing input."""
    if isinstance(value, np.ndarray):
        return int(value.size)
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list | tuple):
        return 1 + sum(size(item) for item in value)
    if isinstance(value, dict):
        return 1 + sum(size(item) for item in value.values())
    return 1


def dumps(value: Plain) -> str:
    """Write plain data as one line of JSON that `loads` reads back bit for bit."""
    return json.dumps(_tag(value), allow_nan=False)


def loads(text: str) -> Plain:
    """Read what `dumps` wrote.

    Raises:
        ValueError: the text is not such a line. Nothing in it is ever executed or unpickled.
    """
    try:
        return _untag(json.loads(text, parse_constant=_refuse))
    except (AttributeError, TypeError, OverflowError, RecursionError, struct.error) as error:
        raise ValueError(f"not a line of plain data: {error}") from error


def _tag(value: Plain) -> Any:
    if isinstance(value, np.ndarray):
        return {"array": _tag_array(value)}
    if isinstance(value, Foreign):
        return {"foreign": value.type}
    if isinstance(value, tuple):
        return {"tuple": [_tag(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": {key: _tag(item) for key, item in value.items()}}
    if isinstance(value, list):
        return [_tag(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": struct.pack(">d", value).hex()}  # JSON has no nan, and a nan has 64 bits
    return value


def _tag_array(array: np.ndarray) -> list[Any]:
    if array.dtype.kind not in _NUMERIC_KINDS:
        raise TypeError(f"an array of numbers was required, got dtype {array.dtype}")
    fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    order: Literal["C", "F"] = "F" if fortran else "C"
    body = base64.b64encode(array.tobytes(order)).decode("ascii")
    return [array.dtype.str, list(array.shape), order, body]


def _untag(value: Any) -> Plain:
    if isinstance(value, list):
        return [_untag(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((tag, body),) = value.items()
    if tag == "array":
        return _untag_array(*body)
    if tag == "foreign" and isinstance(body, str):
        return Foreign(body[:MAX_NAME])
    if tag == "tuple" and isinstance(body, list):
        return tuple(_untag(item) for item in body)
    if tag == "dict":
        return {key: _untag(item) for key, item in body.items()}
    if tag == "float":
        return float(struct.unpack(">d", bytes.fromhex(body))[0])
    return _refuse(tag)


def _untag_array(dtype: str, shape: list[int], order: Literal["C", "F"], body: str) -> np.ndarray:
    if not _DTYPE.fullmatch(dtype) or order not in ("C", "F"):
        return _refuse(dtype)
    numbers = np.frombuffer(base64.b64decode(body, validate=True), np.dtype(dtype))
    if numbers.dtype.kind == "U" and (_code_points(numbers) > _MAX_CODE_POINT).any():
        return _refuse("a character beyond Unicode")
    if any(type(n) is not int or n < 0 for n in shape) or math.prod(shape) != numbers.size:
        return _refuse(shape)
    return np.array(numbers.reshape(shape, order=order))  # a copy that can be written to


def _code_points(text: np.ndarray) -> np.ndarray:
    return np.frombuffer(text.tobytes(), np.dtype(np.uint32).newbyteorder(text.dtype.byteorder))


def _refuse(part: object) -> NoReturn:
    raise ValueError(f"not a line of plain data: {str(part)[:MAX_NAME]!r}")
