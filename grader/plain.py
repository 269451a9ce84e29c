"""Plain data: the only thing that crosses between an answer and its judge.

Numbers, strings, `None`, lists, tuples, string-keyed dicts and NumPy arrays of numbers. Whatever
else an answer returns is replaced by a `Foreign` that names its type, so that no method of a
learner's object ever runs on the judge's side, and nothing is ever pickled.
"""

from __future__ import annotations

import base64
import io
import json
import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Plain: TypeAlias = Any  # the recursive union above; mypy gains nothing from spelling it out

MAX_DEPTH = 16
MAX_ITEMS = 100_000
MAX_ARRAY_BYTES = 64 * 2**20
MAX_STRING = 20_000
MAX_INT_BITS = 1024

_NUMERIC_KINDS = "biufcU"
_SCALAR_TYPES = frozenset(np.sctypeDict.values())


@dataclass(frozen=True)
class Foreign:
    """Stands for a value that is not plain data: all the judge learns of it is its type."""

    type: str


def to_plain(value: Any) -> Plain:
    """Copy `value` into plain data; what is not plain becomes a `Foreign`.

    Types are compared exactly: a subclass could lie (an array whose `==` is always true).
    NumPy scalars become 0-d arrays, which keeps their dtype.
    """
    return _convert(value, depth=0, budget=[MAX_ITEMS])


def _convert(value: Any, depth: int, budget: list[int]) -> Plain:
    budget[0] -= 1
    if depth > MAX_DEPTH or budget[0] < 0:
        return Foreign("a structure too deep or too large to look at")
    kind = type(value)
    if value is None or kind is bool or kind is float:
        return value
    if kind is int:
        return value if value.bit_length() <= MAX_INT_BITS else Foreign("an enormous int")
    if kind is str:
        return value if len(value) <= MAX_STRING else Foreign("an enormous str")
    if kind in (complex, np.ndarray) or kind in _SCALAR_TYPES:
        return _convert_array(np.array(value))
    if kind is list:
        return [_convert(item, depth + 1, budget) for item in value]
    if kind is tuple:
        return tuple(_convert(item, depth + 1, budget) for item in value)
    if kind is dict and all(type(key) is str for key in value):
        return {key: _convert(item, depth + 1, budget) for key, item in value.items()}
    return Foreign(type_name(value))


def _convert_array(array: np.ndarray) -> Plain:
    if array.dtype.kind not in _NUMERIC_KINDS:
        return Foreign(f"numpy.ndarray of dtype {array.dtype}")
    if array.nbytes > MAX_ARRAY_BYTES:
        return Foreign(f"numpy.ndarray of {array.nbytes / 2**20:.0f} MiB")
    return array


def type_name(value: Any) -> str:
    """Name the type of a value the way a learner knows it: `generator`, `torch.Tensor`."""
    kind = type(value)
    module = kind.__module__
    if module in ("builtins", "__main__"):
        return str(kind.__qualname__)
    return f"{module}.{kind.__qualname__}"


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
        return _untag(json.loads(text))
    except (KeyError, TypeError, RecursionError, EOFError) as error:
        raise ValueError(f"not a line of plain data: {error}") from error


def _tag(value: Plain) -> Any:
    if isinstance(value, np.ndarray):
        buffer = io.BytesIO()
        np.save(buffer, value, allow_pickle=False)
        return {"array": base64.b64encode(buffer.getvalue()).decode("ascii")}
    if isinstance(value, Foreign):
        return {"foreign": value.type}
    if isinstance(value, tuple):
        return {"tuple": [_tag(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": {key: _tag(item) for key, item in value.items()}}
    if isinstance(value, list):
        return [_tag(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value


def _untag(value: Any) -> Plain:
    if isinstance(value, list):
        return [_untag(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((tag, body),) = value.items()
    if tag == "array":
        return np.load(io.BytesIO(base64.b64decode(body, validate=True)), allow_pickle=False)
    if tag == "foreign":
        return Foreign(str(body))
    if tag == "tuple":
        return tuple(_untag(item) for item in body)
    if tag == "dict":
        return {str(key): _untag(item) for key, item in body.items()}
    if tag == "float":
        return float(body)
    raise ValueError(f"not a line of plain data: unknown tag {tag!r}")
