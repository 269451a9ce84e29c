"""Guards around an answer while it runs: a time limit, and its output caught instead of shown."""

from __future__ import annotations

import contextlib
import ctypes
import io
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

MAX_PRINTED = 2_000
_REPEAT = 0.02  # seconds between further interrupts, for answers that swallow the first one


class TimeLimitExceeded(BaseException):
    """Raised inside an answer that runs too long. No `Exception`, so that few answers catch it."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TimeLimitExceeded` in the body once `seconds` of wall time have passed.

    Uses an interval timer where there is one (it also interrupts a sleeping call), else a second
    thread. A bare `except:` in the answer meets the next interrupt 20 ms later.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if hasattr(signal, "setitimer") and in_main_thread:
        with _limit_by_timer(seconds):
            yield
    else:
        with _limit_by_thread(seconds):
            yield


@contextlib.contextmanager
def _limit_by_timer(seconds: float) -> Iterator[None]:
    armed = True

    def interrupt(signum: int, frame: FrameType | None) -> None:
        if armed:
            raise TimeLimitExceeded

    started = time.monotonic()
    previous_handler = signal.signal(signal.SIGALRM, interrupt)
    remaining, interval = signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3), _REPEAT)
    try:
        try:
            yield
        finally:
            armed = False
    finally:
        armed = False  # again, should the interrupt have struck just inside the first `finally`
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous_handler)
        if remaining:  # somebody else's alarm (a test runner's) goes on where it was
            left = max(remaining - (time.monotonic() - started), 1e-3)
            signal.setitimer(signal.ITIMER_REAL, left, interval)


@contextlib.contextmanager
def _limit_by_thread(seconds: float) -> Iterator[None]:
    target = ctypes.c_ulong(threading.get_ident())
    finished = threading.Event()

    def watch() -> None:
        pause = seconds
        while not finished.wait(pause):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(target, ctypes.py_object(TimeLimitExceeded))
            pause = _REPEAT

    watchdog = threading.Thread(target=watch, daemon=True)
    watchdog.start()
    try:
        yield
    finally:
        finished.set()
        watchdog.join()
        ctypes.pythonapi.PyThreadState_SetAsyncExc(target, None)  # one may still be pending


class _CappedText(io.TextIOBase):
    """Keeps the first characters written to it and forgets the rest."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._room = MAX_PRINTED

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self._room > 0:
            self._parts.append(text[: self._room])
            self._room -= len(text)
        return len(text)

    def text(self) -> str:
        return "".join(self._parts)


@contextlib.contextmanager
def captured_output() -> Iterator[_CappedText]:
    """Catch what the body prints to stdout or stderr; `.text()` of the result gives it back."""
    sink = _CappedText()
    with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
        yield sink
