"""Guards around an answer while it runs: a time limit, and its output caught instead of shown."""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import gc
import io
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import CodeType, FrameType
from typing import Any, NoReturn

MAX_PRINTED = 2_000
_REPEAT = 0.02  # seconds between further interrupts, for answers that swallow the first one


class TimeLimitExceeded(BaseException):
    """Raised inside an answer that runs too long. No `Exception`, so that few answers catch it."""


def call_within(seconds: float, function: Callable[..., Any], *inputs: Any) -> Any:
    """Return `function(*inputs)`; raise `TimeLimitExceeded` in it after `seconds` of wall time.

    Uses an interval timer where there is one (it also interrupts a sleeping call), else a second
    thread. An answer that swallows the interrupt (a bare `except:`) meets the next 20 ms later.

    Nothing in this process can interrupt a single call that never returns to Python, such as
    `sum(itertools.count())`; and in a thread, an answer that swallows every interrupt inside a
    blocking call goes on. There the sandbox of class grading ends the process.

    No garbage is collected meanwhile: it may be anybody's, its finalizers may take their time, and
    an interrupt that strikes in one of them is lost.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    by_timer = hasattr(signal, "setitimer") and in_main_thread
    collecting = gc.isenabled()
    gc.disable()
    try:
        return (_call_by_timer if by_timer else _call_by_thread)(seconds, function, inputs)
    finally:
        if collecting:
            gc.enable()


def _call_by_timer(seconds: float, function: Callable[..., Any], inputs: Sequence[Any]) -> Any:
    armed = True
    interrupts = 0
    previous_trace = sys.gettrace()

    def interrupt(signum: int, frame: FrameType | None) -> None:
        nonlocal interrupts
        if not armed or frame is None or frame.f_code is guard:
            return  # what cleans up is never interrupted; the next alarm is 20 ms away
        interrupts += 1
        if interrupts > 1:  # the last one was swallowed: strike outside its `try`, too
            _raise_some_lines_later(frame, guard, interrupts)
        raise TimeLimitExceeded

    guard = _call_by_timer.__code__
    started = time.monotonic()
    previous_handler = signal.signal(signal.SIGALRM, interrupt)
    remaining, interval = signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3), _REPEAT)
    try:
        return function(*inputs)
    finally:
        armed = False
        if interrupts > 1:
            sys.settrace(previous_trace)  # first: `signal.signal` has lines to be traced
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous_handler or signal.SIG_DFL)
        if remaining:  # somebody else's alarm (a test runner's) goes on where it was
            left = max(remaining - (time.monotonic() - started), 1e-3)
            signal.setitimer(signal.ITIMER_REAL, left, interval)


def _raise_some_lines_later(frame: FrameType, guard: CodeType, lines: int) -> None:
    """Raise `TimeLimitExceeded` again, that many lines from now, wherever that is below the guard.

    `while True: try: sleep(1) except: pass` is always inside its `try` when an alarm strikes. Each
    alarm waits one line longer than the last, so one of them strikes outside.
    """

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal lines
        if event == "line":
            lines -= 1
            if lines <= 0:
                raise TimeLimitExceeded
        return trace

    outer: FrameType | None = frame
    while outer is not None and outer.f_code is not guard:
        outer.f_trace = trace
        outer = outer.f_back
    sys.settrace(trace)


def _call_by_thread(seconds: float, function: Callable[..., Any], inputs: Sequence[Any]) -> Any:
    target = ctypes.c_ulong(threading.get_ident())
    finished = threading.Event()

    def watch() -> None:
        pause = seconds
        while not finished.wait(pause):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(target, ctypes.py_object(TimeLimitExceeded))
            pause = _REPEAT

    def stop_watching() -> None:
        finished.set()
        watchdog.join()

    watchdog = threading.Thread(target=watch, daemon=True)
    try:
        watchdog.start()
        return function(*inputs)
    finally:  # an interrupt may strike here as well, but hardly three of them, 20 ms apart
        try:
            stop_watching()
        finally:
            try:
                stop_watching()
            finally:
                stop_watching()
                ctypes.pythonapi.PyThreadState_SetAsyncExc(target, None)  # if one is pending


class _CappedText(io.TextIOBase):
    """Keeps the first characters written to it and forgets the rest."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._room = MAX_PRINTED

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        length = str.__len__(text)  # a subclass could lie
        if self._room > 0:
            self._parts.append(str.__str__(text)[: self._room])
            self._room -= length
        return length

    def text(self) -> str:
        text = "".join(self._parts)
        return text.encode("utf-8", "backslashreplace").decode("utf-8")  # no lone surrogates


@contextlib.contextmanager
def captured_output() -> Iterator[_CappedText]:
    """Catch what the body prints to stdout or stderr; `.text()` of the result gives it back."""
    sink = _CappedText()
    with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
        yield sink


class AskedForInput(EOFError):
    """Raised where an answer waits for somebody to type: nobody does while it is judged."""


@contextlib.contextmanager
def no_input() -> Iterator[None]:
    """Make `input()` raise `AskedForInput` in the body, also in a notebook, which would ask."""

    def refuse(prompt: object = "") -> NoReturn:
        raise AskedForInput("nobody types while this runs: what it needs comes as arguments")

    asked, stdin = builtins.input, sys.stdin
    builtins.input, sys.stdin = refuse, io.StringIO()
    try:
        yield
    finally:
        builtins.input, sys.stdin = asked, stdin
