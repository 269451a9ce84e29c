"""The words and pictures of values that a report shows to a learner."""

from __future__ import annotations

import inspect

import numpy as np

from grader import plain
from grader.compare import difference
from grader.exercise import Exercise, Trial
from grader.plain import Plain
from grader.probe import Fault, Observation, Probe
from grader.report import Example


def words_for_fault(exercise: Exercise, fault: Fault) -> str:
    """Say what an answer that gave no result did instead."""
    if fault.type == "TimeLimitExceeded":
        return (
            f"your code was stopped after {exercise.seconds:g} s. "
            "Is there a loop that never ends, or one that could be a single array operation?"
        )
    message = f": {fault.message}" if fault.message else ""
    line = f"\n`{fault.line.replace('`', '')}`" if fault.line else ""
    return f"your code raised {fault.type}{message}{line}"


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
    """Write plain data compactly for a learner; long arrays are cut in the middle."""
    if isinstance(value, np.ndarray):
        text = np.array2string(value, precision=4, threshold=24, edgeitems=2, separator=", ")
        return text
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, plain.Foreign):
        return f"<{value.type}>"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(show, value)) + ")"
    if isinstance(value, list):
        items = [show(item) for item in value]
        return "[" + ", ".join(items if len(items) <= 12 else [*items[:6], "...", items[-1]]) + "]"
    if isinstance(value, dict):
        return "\n".join(f"{key}: {show(item)}" for key, item in value.items())
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "..."


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
