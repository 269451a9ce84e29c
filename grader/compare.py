"""How a value that came differs from the value that was required, in words for a learner."""

from __future__ import annotations

from typing import Literal

import numpy as np

from grader.plain import Foreign, Plain

NumberKind = Literal["same", "any"]
_KIND_NAMES = {
    "b": "booleans",
    "i": "integers",
    "f": "floats",
    "c": "complex numbers",
    "U": "strings",
    "O": "enormous integers",  # what NumPy makes of a Python int beyond 64 bits
}


def difference(
    came: Plain,
    required: Plain,
    *,
    rtol: float = 1e-6,
    atol: float = 1e-9,
    numbers: NumberKind = "same",
    where: str = "",
) -> str | None:
    """Say how `came` differs from `required`, or return None when it does not.

    Numbers agree when |came - required| <= atol + rtol * |required|; a nan agrees with nothing
    but a required nan. Python numbers and 0-d arrays count alike. With `numbers="same"` an array
    has the kind of dtype that is required (booleans, integers, floats), and floats at least its
    precision; with "any" integers and floats are interchangeable.

    `where` names the part of a nested result, such as "item 0 of the result".
    """
    prefix = f"{where}: " if where else ""
    if isinstance(required, list | tuple):
        return _difference_of_sequences(came, required, rtol, atol, numbers, where)
    if isinstance(required, dict):
        return _difference_of_dicts(came, required, rtol, atol, numbers, where)
    if _is_number(required):
        found = _difference_of_numbers(came, required, rtol, atol, numbers)
        return None if found is None else prefix + found
    if type(came) is type(required) and came == required:
        return None
    return f"{prefix}{describe(required)} was required, {describe(came)} came"


def same(came: Plain, other: Plain) -> bool:
    """Whether two results are the same up to rounding; used to recognise a known mistake."""
    return difference(came, other, numbers="any") is None


def describe(value: Plain) -> str:
    """Name a value for a learner: `None`, `an array of shape (3,)`, `the number 2.5`."""
    if value is None:
        return "None"
    if isinstance(value, Foreign):
        return f"a {value.type}" if " " not in value.type else value.type
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape}"
    if isinstance(value, bool):
        return str(value)
    if _is_number(value):
        return f"the number {_number(np.asarray(value))}"
    if isinstance(value, str):
        return _quoted(value)
    kind = type(value).__name__
    items = "1 item" if len(value) == 1 else f"{len(value)} items"
    return f"a {kind} of {items}"


def _is_number(value: Plain) -> bool:
    return isinstance(value, bool | int | float | np.ndarray)


def _difference_of_numbers(
    came: Plain, required: Plain, rtol: float, atol: float, numbers: NumberKind
) -> str | None:
    if came is None:
        return "None came back: is a `return` missing?"
    if not _is_number(came):
        hint = ""
        if isinstance(came, Foreign) and came.type.startswith("torch"):
            hint = "; NumPy is asked for here, so keep to `np`"
        elif isinstance(came, list | tuple) and np.ndim(required):
            hint = "; `np.array(...)` makes an array of it"
        return f"{describe(required)} was required, {describe(came)} came{hint}"
    a, b = np.asarray(came), np.asarray(required)
    if a.shape != b.shape:
        return _difference_of_shapes(a, b)
    wrong_kind = _difference_of_kinds(a, b, numbers)
    if wrong_kind:
        return wrong_kind
    return _difference_of_values(a, b, rtol, atol)


def _difference_of_shapes(a: np.ndarray, b: np.ndarray) -> str:
    came = f"shape {a.shape}" if a.ndim else "a single number"
    required = f"shape {b.shape}" if b.ndim else "a single number"
    return f"{required} was required, {came} came"


def _difference_of_kinds(a: np.ndarray, b: np.ndarray, numbers: NumberKind) -> str | None:
    got, want = a.dtype.kind.replace("u", "i"), b.dtype.kind.replace("u", "i")
    if numbers == "any" and got in "if" and want in "if":
        return None
    if got == "i" and want == "f" and a.ndim == 0:
        return None  # the number 2 is a fine 2.0; an array of integers has lost its fractions
    if got != want:
        return (
            f"{_KIND_NAMES.get(want, b.dtype.name)} were required, "
            f"{_KIND_NAMES.get(got, a.dtype.name)} came (dtype {a.dtype})"
        )
    if want == "f" and a.dtype.itemsize < b.dtype.itemsize:
        return f"{b.dtype} was required, {a.dtype} came: precision is lost on the way"
    return None


def _difference_of_values(a: np.ndarray, b: np.ndarray, rtol: float, atol: float) -> str | None:
    if a.dtype.kind in "biuUO" and b.dtype.kind in "biuUO":
        wrong = np.asarray(a != b)  # exactly: no rounding excuses a whole number
    else:
        with np.errstate(all="ignore"):
            wrong = ~np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True)
    if not wrong.any():
        return None
    if a.ndim == 0:
        return "{} was required, {} came".format(*_distinct(b, a))
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    place = ", ".join(map(str, index))
    note = f" ({int(wrong.sum())} of {a.size} entries differ)" if a.size > 1 else ""
    if a.dtype.kind in "fc" and np.isnan(a[index]):
        note += "; nan comes from 0 / 0, inf - inf, or the log or root of a negative number"
    wanted, got = _distinct(b[index], a[index])
    return f"at index [{place}] {wanted} was required, {got} came{note}"


def _distinct(one: np.ndarray, other: np.ndarray) -> tuple[str, str]:
    """Two unequal numbers with as many digits as it takes to see the difference."""
    texts = [(_number(one, digits), _number(other, digits)) for digits in (6, 9, 17)]
    return next(((a, b) for a, b in texts if a != b), texts[-1])


def _number(x: np.ndarray, digits: int = 6) -> str:
    item = x.item()
    if isinstance(item, str):
        return _quoted(item)
    if isinstance(item, float | np.floating):
        return f"{item:.{digits}g}"
    text = str(item)
    return text if len(text) <= 40 else text[:40] + "..."


def _quoted(text: str) -> str:
    return repr(text if len(text) < 60 else text[:60] + "...")


def _difference_of_sequences(
    came: Plain,
    required: list[Plain] | tuple[Plain, ...],
    rtol: float,
    atol: float,
    numbers: NumberKind,
    where: str,
) -> str | None:
    prefix = f"{where}: " if where else ""
    if came is None:
        return f"{prefix}None came back: is a `return` missing?"
    if not isinstance(came, list | tuple):
        return f"{prefix}{describe(required)} was required, {describe(came)} came"
    if len(came) != len(required):
        return f"{prefix}{len(required)} items were required, {len(came)} came"
    whole = where or "the result"
    for i, (a, b) in enumerate(zip(came, required, strict=True)):
        part = f"item {i} of {whole}"
        found = difference(a, b, rtol=rtol, atol=atol, numbers=numbers, where=part)
        if found:
            return found
    return None


def _difference_of_dicts(
    came: Plain,
    required: dict[str, Plain],
    rtol: float,
    atol: float,
    numbers: NumberKind,
    where: str,
) -> str | None:
    if not isinstance(came, dict) or came.keys() != required.keys():
        return f"{describe(required)} was required, {describe(came)} came"
    for key, wanted in required.items():
        part = f"`{key}`" + (f" of {where}" if where else "")
        found = difference(came[key], wanted, rtol=rtol, atol=atol, numbers=numbers, where=part)
        if found:
            return found
    return None
