"""Judges a notebook's tests away from what they test: the referee's half of the exchange.

A test runs here as it is written, in a namespace where the instructor's names are at hand and an
answer's names lead to the submission, which does what it is asked for and sends plain data back.
"""

from __future__ import annotations

import ast
import collections
import sys
import time
from collections.abc import Callable, Collection
from typing import Any, NoReturn

import numpy as np

from grader import plain
from grader.classroom.inside.dice import Dice, states
from grader.classroom.inside.far import Far, Unsure, number_of
from grader.classroom.inside.knock import knock
from grader.classroom.inside.names import _FILE, Names, quiet
from grader.classroom.inside.parcel import pack, unpack
from grader.classroom.inside.unhappy import exception
from grader.guard import TimeLimitExceeded, call_within
from grader.plain import Plain
from grader.probe import Request, Sighting

_ANYBODYS = "__builtins__"  # a name that every namespace has: to ask for what is known by number
_SECONDS_MORE = 15.0  # for a reply to come that was asked for just in time
_MAX_SHOWN = 2_000
_LIBRARIES = ("builtins", "math", "cmath", "operator", "numpy", "statistics", "random")

Ask = Callable[[str, str, float], str | None]


class NoAnswer(Exception):
    """The submission did not do what it was asked for; `str()` says why."""


class Court:
    """One notebook's tests, one after another.

    Args:
        ask: sends a name and a probe's request to the submission and gives its reply, or None if
            it has no such name; within so many seconds.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.names = Names(self._look)
        self._deadline = 0.0
        self._allowed: frozenset[str] | None = None
        self._used: set[str] = set()
        self._unsure = ""
        self._dice = Dice()

    def judge(self, source: str, seconds: float, allowed: Collection[str] | None) -> dict[str, Any]:
        """Run a test; what came of it, ready for JSON.

        Args:
            source: its text.
            seconds: how long it may take, the submission's time included.
            allowed: what it may ask of objects; None to let it, and see.
        """
        self._deadline = time.monotonic() + seconds
        self._allowed = None if allowed is None else frozenset(allowed)
        self._used, self._unsure = set(), ""
        self.names.cached.clear()
        self._dice.watch()
        self._dice.seeded = False
        answers = sorted(self.names.answers)
        started, error, shown = time.monotonic(), "", None
        with quiet() as errors:
            try:
                shown = call_within(seconds + _SECONDS_MORE, self._run, source)
            except Unsure as reason:
                self._unsure = self._unsure or str(reason)
            except TimeLimitExceeded:
                error = "TimeLimitExceeded"
            except BaseException as raised:
                error = type(raised).__name__
        return {
            "error": error, "result": shown, "stderr": errors.getvalue()[:_MAX_SHOWN],
            "unsure": self._unsure, "used": sorted(self._used), "answers": answers,
            "seconds": time.monotonic() - started,
        }  # fmt: skip

    def _run(self, source: str) -> str | None:
        """Run a cell; its result as IPython would show it, None if it shows none."""
        try:
            body = ast.parse(source).body
        except SyntaxError as error:
            raise Unsure("it is no plain Python") from error
        last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
        if last is not None and source.rstrip().endswith(";"):
            body, last = [*body, last], None
        exec(compile(ast.Module(body, []), _FILE, "exec"), self.names)
        if not isinstance(last, ast.Expr):
            return None
        value = eval(compile(ast.Expression(last.value), _FILE, "eval"), self.names)
        return None if value is None else repr(value)[:_MAX_SHOWN]

    # --- what the submission is asked -----------------------------------------------------------

    def _look(self, name: str) -> Any:
        came = self._exchange(name, {"do": "look"})
        if came is None:
            raise KeyError(name)
        return self._value(came, (), {})

    def _do(self, action: str, number: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not self._may(action):
            if action in ("eq", "ne") and not isinstance(args[0], Far):
                return action == "ne"  # a value of another kind equals no plain one
            self._doubt(f"an answer gave an object that this test cannot ask for its {action!r}")
        self.names.cached = {k: v for k, v in self.names.cached.items() if isinstance(v, Far)}
        request: dict[str, Plain] = {
            "do": action,
            "target": number,
            "args": [pack(arg, self._reference) for arg in args],
            "kwargs": {name: pack(arg, self._reference) for name, arg in kwargs.items()},
        }
        if self._dice.seeded:
            request["dice"], self._dice.seeded = states(), False
        came = self._exchange(_ANYBODYS, request)
        if came is None:
            self._doubt("the submission cannot be asked any more")
        return self._value(came, args, kwargs)

    def _may(self, action: str) -> bool:
        # Whatever can be called is as good as a function, and whatever is true as good as True.
        if action in ("call", "bool"):
            return True
        if self._allowed is None:
            self._used.add(action)
            return True
        return action in self._allowed

    def _exchange(self, name: str, request: dict[str, Plain]) -> Plain | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeLimitExceeded
        wanted = Request([(request,)], knock, left)
        try:
            reply = self._ask(name, plain.dumps(wanted.to_plain()), left)
        except NoAnswer as error:
            self._doubt(str(error))
        if reply is None:
            return None
        try:
            (seen,) = Sighting.from_plain(plain.loads(reply)).observations
        except ValueError:
            self._doubt("what came back is no answer's doing")
        if seen.fault is not None and seen.fault.type == "TimeLimitExceeded":
            raise TimeLimitExceeded
        if seen.fault is not None:
            self._doubt(f"the submission could not do what it was asked for ({seen.fault.type})")
        return seen.result

    def _value(self, reply: Plain, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a call gave, once what it printed and changed is as it left it."""
        try:
            how, *what = reply["came"]
            sys.stdout.write("".join(reply["printed"]))
            for place, after in reply["changed"].items():
                arg = kwargs[place] if place in kwargs else args[int(place)]
                _put_back(arg, unpack(after, self._object))
            if how == "value":
                return unpack(what[0], self._object)
            if how == "argument":
                return args[what[0]]
            kinds, values, text = what
            raised = exception(kinds, values, text, self.names, self._object)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            self._doubt("what came back is no answer's doing")
        raise raised

    def _object(self, parcel: Plain) -> Far:
        tag, number = parcel
        if tag != "far" or type(number) is not int or number < 0:
            raise ValueError(f"not a parcel: {tag!r}")
        return Far(self._do, number)

    def _reference(self, value: Any) -> Plain:
        """How the submission finds something that does not travel."""
        if type(value) is Far:
            return ["far", number_of(value)]
        name = getattr(value, "__name__", None)
        for module in _LIBRARIES:
            if type(name) is str and getattr(sys.modules.get(module), name, None) is value:
                return ["known", module, name]
        for name, known in self.names.items():
            if known is value and name in self.names.instructors:
                return ["global", name]
        self._doubt(f"a {plain.type_name(value)} cannot be handed to an answer")

    def _doubt(self, why: str) -> NoReturn:
        self._unsure = self._unsure or why  # whatever the test makes of it
        raise Unsure(why)


def _put_back(arg: Any, after: Any) -> None:
    """Change an argument in place, as the answer changed it."""
    if type(arg) is not type(after):
        raise ValueError("an argument changed its type")
    if isinstance(arg, np.ndarray):
        if arg.shape != after.shape or arg.dtype != after.dtype:
            raise ValueError("an array changed its shape")
        arg[...] = after
    elif isinstance(arg, list | collections.deque | bytearray):
        items = list(after)
        if isinstance(arg, list):
            items = [_kept(old, new) for old, new in zip(arg, items, strict=False)] + items[
                len(arg) :
            ]
        arg.clear()
        arg.extend(items)
    elif isinstance(arg, dict):
        entries = {key: _kept(arg.get(key), new) for key, new in after.items()}
        arg.clear()
        arg.update(entries)
    elif isinstance(arg, set):
        arg.clear()
        arg.update(after)
    elif isinstance(arg, tuple):
        for old, new in zip(arg, after, strict=True):
            _kept(old, new)


def _kept(old: Any, new: Any) -> Any:
    """What stands in a container after a call: the inner one from before, changed, if it fits."""
    if type(old) is type(new) and isinstance(old, list | dict | set | np.ndarray | tuple):
        try:
            _put_back(old, new)
            return new if isinstance(old, tuple) else old
        except ValueError:
            return new
    return new
