"""The probe: the half of a check that runs where the answer lives.

It calls the answer on given inputs and returns plain data about what happened. It holds no
expected values, references or misconceptions, and imports nothing that does: in class grading
this module runs inside the sandbox, next to the submission, and the judge stays outside.

An exercise may bring its own probe: a function `(answer, *inputs) -> plain data` that, say,
builds and drives a class. It travels as source text, so it may use only its arguments, builtins
and `np`.
"""

from __future__ import annotations

import copy
import inspect
import linecache
import sysconfig
import textwrap
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import numpy as np

from grader import plain
from grader.guard import MAX_PRINTED, call_within, captured_output, no_input
from grader.plain import Plain
from grader.sources import used_names

Inputs: TypeAlias = tuple[Any, ...]
Probe: TypeAlias = Callable[..., Any]

_OUR_FILES = str(Path(__file__).parent)
_NO_LEARNERS = (
    _OUR_FILES,
    str(Path(__file__).parents[1] / "course_lib"),
    *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")),
)
_MAX_MESSAGE = 500
_SECONDS_FOR_WORDS = 0.5


def call(answer: Any, *inputs: Any) -> Any:
    """Call the answer: the probe of function exercises."""
    return answer(*inputs)


def value(answer: Any) -> Any:
    """Hand back the answer itself: the probe of results, such as trained weights."""
    return answer


@dataclass(frozen=True)
class Fault:
    """Why a call gave no result: the exception, and the learner's line that raised it."""

    type: str
    message: str
    line: str = ""


@dataclass(frozen=True)
class Observation:
    """What one call of the answer did, as plain data."""

    result: Plain = None
    fault: Fault | None = None
    printed: str = ""
    mutated: tuple[int, ...] = ()  # positions of the inputs that the call changed
    aliased: bool = False  # the result shares memory with an input


@dataclass(frozen=True)
class Request:
    """What the judge asks of the answer's side: run this probe on these inputs."""

    cases: Sequence[Inputs]
    probe: Probe = call
    seconds: float = 2.0

    def to_plain(self) -> Plain:
        """Everything as plain data; the probe as its name and source."""
        name, source = (self.probe.__name__, "")
        if self.probe not in (call, value):
            source = textwrap.dedent(inspect.getsource(self.probe))
        return {
            "cases": [tuple(case) for case in self.cases],
            "name": name,
            "source": source,
            "seconds": self.seconds,
        }

    @classmethod
    def from_plain(cls, data: Plain) -> Request:
        """Rebuild a request; a probe's source runs in a fresh namespace that holds only `np`."""
        if data["source"]:
            namespace: dict[str, Any] = {"np": np, "__name__": "probe"}
            exec(compile(data["source"], f"{_OUR_FILES}/probe", "exec"), namespace)
            probe = namespace[data["name"]]
        else:
            probe = {"call": call, "value": value}[data["name"]]
        return cls(cases=data["cases"], probe=probe, seconds=data["seconds"])


@dataclass(frozen=True)
class Sighting:
    """All that the answer's side reports: an observation a case, and facts about the answer."""

    observations: list[Observation]
    uses: list[str] = field(default_factory=list)
    answer_type: str = ""
    answer_is_callable: bool = True

    def to_plain(self) -> Plain:
        """Everything as plain data."""
        rows = [{**vars(o), "fault": o.fault and vars(o.fault)} for o in self.observations]
        return {**vars(self), "observations": rows}

    @classmethod
    def from_plain(cls, data: Plain) -> Sighting:
        """Rebuild from plain data.

        Raises:
            ValueError: the data has another form; it comes from a process we do not trust.
        """
        try:
            return cls(
                [_observation(o) for o in data["observations"]],
                [_text(name) for name in data["uses"]],
                _text(data["answer_type"]),
                data["answer_is_callable"] is True,
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not a sighting: {error}") from error


def _observation(data: dict[str, Plain]) -> Observation:
    fault = data["fault"]
    mutated = data["mutated"]
    if any(type(i) is not int or i < 0 for i in mutated):
        raise TypeError("positions of inputs were required")
    return Observation(
        result=data["result"],
        fault=None if fault is None else Fault(**{name: _text(fault[name]) for name in fault}),
        printed=_text(data["printed"], MAX_PRINTED),
        mutated=tuple(mutated),
        aliased=data["aliased"] is True,
    )


def _text(value: Plain, limit: int = 2 * _MAX_MESSAGE) -> str:
    if type(value) is not str:
        raise TypeError("text was required")
    return readable(value[:limit])


def observe(answer: Any, request: Request) -> Sighting:
    """Run the probe on every case and report what happened, with facts about the answer."""
    observations = run(answer, request)
    names = _used_names_or_none(answer, request.seconds)
    return Sighting(observations, names, plain.type_name(answer), callable(answer))


def run(answer: Any, request: Request) -> list[Observation]:
    """Run the probe on every case.

    The cases share one time limit. Once it is spent, or the answer says that it is not written
    yet, the remaining cases are reported as the last one was, without being run.
    """
    deadline = time.monotonic() + request.seconds
    observations: list[Observation] = []
    for inputs in request.cases:
        last = observations[-1].fault if observations else None
        if last is not None and last.type in ("TimeLimitExceeded", "NotImplementedError"):
            observations.append(Observation(fault=last))
        else:
            seconds = deadline - time.monotonic()
            observations.append(_observe_once(answer, request.probe, inputs, seconds))
    return observations


def _observe_once(answer: Any, probe: Probe, inputs: Inputs, seconds: float) -> Observation:
    """Call the probe on a copy of the inputs, with the answer's side effects kept in bounds.

    Undone afterwards: redirected output, warning filters, NumPy's error state. Not undone, because
    it cannot all be: what an answer does to modules (`np.where = ...`), to global random state, or
    in threads that go on. Class grading therefore judges in another process.
    """
    given = copy.deepcopy(inputs)
    fault: Fault | None = None
    result: Plain = None
    aliased = False
    with (
        captured_output() as output,
        no_input(),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        try:
            result, aliased = call_within(seconds, _result_and_aliased, probe, answer, given)
        except KeyboardInterrupt:  # the stop button; an answer that raises it is taken for that
            raise
        except BaseException as error:
            fault = _describe(error)
    mutated = tuple(
        i for i, (a, b) in enumerate(zip(given, inputs, strict=True)) if not _same(a, b)
    )
    return Observation(result, fault, output.text(), mutated, aliased)


def _result_and_aliased(probe: Probe, answer: Any, given: Inputs) -> tuple[Plain, bool]:
    returned = probe(answer, *given)
    return plain.to_plain(returned), _shares_memory(returned, given)


def _describe(error: BaseException) -> Fault:
    message = ""
    try:
        # `__str__` of a learner's own exception may do anything.
        message = readable(call_within(_SECONDS_FOR_WORDS, str, error))[:_MAX_MESSAGE]
    except KeyboardInterrupt:
        raise
    except BaseException:
        message = ""
    return Fault(plain.class_name(error), message, _learners_line(error.__traceback__))


def readable(text: str) -> str:
    """Replace half characters (lone surrogates), which no file or screen takes."""
    return str.__str__(text).encode("utf-8", "backslashreplace").decode("utf-8")


def _learners_line(traceback: TracebackType | None) -> str:
    """Quote the innermost line that belongs to the learner: not ours, not a library's."""
    found = ""
    while traceback is not None:
        filename = traceback.tb_frame.f_code.co_filename
        if not filename.startswith(_NO_LEARNERS):
            text = linecache.getline(filename, traceback.tb_lineno).strip()
            if text:
                place = f"line {traceback.tb_lineno} in {traceback.tb_frame.f_code.co_name}"
                found = f"{place}: {readable(text)[:_MAX_MESSAGE]}"
        traceback = traceback.tb_next
    return found


def _same(after: Any, before: Any) -> bool:
    """Whether an input is unchanged. What an answer put into it is never asked to compare."""
    if type(after) is not type(before):
        return False
    if isinstance(before, np.ndarray):
        return (
            after.shape == before.shape
            and after.dtype == before.dtype
            and after.tobytes() == before.tobytes()
        )
    if isinstance(before, list | tuple):
        return len(after) == len(before) and all(map(_same, after, before))
    if isinstance(before, dict):
        return list(after) == list(before) and all(_same(after[k], before[k]) for k in before)
    return after is before or bool(after == before)


def _shares_memory(result: Any, inputs: Any, depth: int = 0) -> bool:
    if type(inputs) in (list, tuple):
        return any(_shares_memory(result, item) for item in inputs)
    if type(result) in (list, tuple):
        items = result[: plain.MAX_DEPTH] if depth < 2 else ()
        return any(_shares_memory(item, inputs, depth + 1) for item in items)
    both_arrays = type(result) is np.ndarray and type(inputs) is np.ndarray
    return both_arrays and np.may_share_memory(result, inputs)


def _used_names_or_none(answer: Any, seconds: float) -> list[str]:
    try:
        with captured_output(), no_input():
            return call_within(seconds, used_names, answer)
    except KeyboardInterrupt:
        raise
    except BaseException:  # attributes that raise when looked at: an answer's right, not our crash
        return []


def reply(answer: Any, line: str) -> str:
    """Answer one request, both as lines of plain data: what the other process calls."""
    return plain.dumps(observe(answer, Request.from_plain(plain.loads(line))).to_plain())
