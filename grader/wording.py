"""The words and pictures of values that a report shows to a learner."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from grader import plain
from grader.compare import difference
from grader.exercise import Exercise, Trial
from grader.plain import Plain
from grader.probe import Fault, Observation, Probe
from grader.report import Example

_MAX_SHOWN = 2_000
_MAX_ITEMS = 12
_MAX_NUMBERS = 200
_EDGE = 2
_PRINT: dict[str, Any] = {
    "precision": 4,
    "threshold": 24,
    "edgeitems": _EDGE,
    "linewidth": 75,
    "suppress": False,
    "nanstr": "nan",
    "infstr": "inf",
    "formatter": None,
    "sign": "-",
    "floatmode": "maxprec",
    "legacy": False,
}


def words_for_fault(exercise: Exercise, fault: Fault) -> str:
    """Say what an answer that gave no result did instead."""
    if fault.type == "TimeLimitExceeded":
        return (
            f"your code was stopped after {exercise.seconds:g} s. "
            "Is there a loop that never ends, or one that could be a single array operation?"
        )
    if fault.type == "AskedForInput":
        return "your code calls `input`, but nobody types while it runs: use its arguments instead"
    message = f": {fault.message}" if fault.message else ""
    line = f"\n{code(fault.line)}" if fault.line else ""
    return f"your code raised {fault.type}{message}{line}"


def code(text: str) -> str:
    """Set text as code, whatever is in it."""
    return f"`{text.replace('`', '')}`"


def words_for_none(observation: Observation) -> str:
    """Say what is missing from an answer that returned nothing."""
    if observation.printed:
        return "nothing came back, but something was printed: `return` the result, not `print` it"
    return "None came back: is a `return` missing?"


MUTATED = (
    "your code changes its input `{0}`, which belongs to the caller. Build a new array, as in "
    "`{0} = {0} + ...`; `+=` and `{0}[...] = ` write into the old one"
)
ALIASED = "the result shares its memory with an input. Return a new array: a copy"


def example(exercise: Exercise, trial: Trial, names: list[str]) -> Example | None:
    """Show a failing trial. Not for values: what was required would give them away."""
    if not exercise.is_callable:
        return None
    inputs = tuple((n, show(v)) for n, v in zip(names, trial.inputs, strict=True))
    required, came = _outcome(trial.expected), _outcome(trial.observed)
    only_form = required == came and difference(trial.observed.result, trial.expected.result)
    return Example(inputs, required, f"{came}: {only_form}" if only_form else came)


def _outcome(observation: Observation) -> str:
    if observation.fault is not None:
        return observation.fault.type
    return show(observation.result)


def show(value: Plain) -> str:
    """Write plain data compactly for a learner; what is long is cut."""
    text = _show(value)
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."


def _show(value: Plain) -> str:
    if isinstance(value, np.ndarray):
        return _show_array(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, plain.Foreign):
        return f"<{value.type}>"
    if isinstance(value, tuple):
        return "(" + ", ".join(_show_some(value)) + ")"
    if isinstance(value, list):
        return "[" + ", ".join(_show_some(value)) + "]"
    if isinstance(value, dict):
        items = list(value.items())[:_MAX_ITEMS]
        return "\n".join(f"{key}: {_show(item)}" for key, item in items)
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "..."


def _show_some(items: Sequence[Plain]) -> list[str]:
    """Show the items of a list; of a long one the first and the last. The others cost no time."""
    if len(items) <= _MAX_ITEMS:
        return [_show(item) for item in items]
    return [*map(_show, items[: _MAX_ITEMS // 2]), "...", _show(items[-1])]


def _show_array(array: np.ndarray) -> str:
    if math.prod(min(n, 2 * _EDGE + 1) for n in array.shape) > _MAX_NUMBERS:
        return f"an array of shape {array.shape} that begins with {_show_array(array.flat[:4])}"
    with np.printoptions(**_PRINT):  # whatever the learner has set for printing
        return np.array2string(array, separator=", ")


def input_names(exercise: Exercise, probe: Probe) -> list[str]:
    """Name the inputs as the learner's function does, or as a probe of its own does."""
    try:
        own = list(inspect.signature(probe).parameters)[1:]
        return (
            own
            if probe.__name__ != "call"
            else list(inspect.signature(exercise.reference).parameters)
        )
    except (TypeError, ValueError):
        return [f"input {i}" for i in range(20)]


def sentence(text: str) -> str:
    """Make a sentence of a complaint."""
    return text[:1].upper() + text[1:] + ("" if text.endswith(("?", ".", "`")) else ".")
