"""The referee's process: the worker's end.

It is started when the first test needs it, serves one notebook at a time, and is kept. Whatever
goes wrong in it, it is ended and the next notebook gets a new one.
"""

from __future__ import annotations

import atexit
import base64
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from grader.classroom import sandbox
from grader.classroom.inside.preload import THREADS
from grader.classroom.session import Limits, NoReply, Sandbox
from grader.classroom.view import view_of
from grader.kernel import environment

_START_SECONDS = 60.0
_SECONDS_MORE = 60.0  # beyond what a test may take: the referee stops it by itself
_TMP_BYTES = 256 * 2**20
_MAX_FILES = 64 * 2**20
_CHUNK = 2**20

# (name, request, seconds) -> reply, or None where there is no such name; NoReply if none comes
Answer = Callable[[str, str, float], str | None]


class RefereeLost(Exception):
    """The referee died or did not answer in time; `str()` says how."""


class Referee:
    """A process that judges tests, and the socket on which it is asked to."""

    def __init__(self, walls: Sandbox) -> None:
        self._cell_seconds = 0.0
        self.walls, self.owner = walls, os.getpid()
        self._left = b""
        self._channel, other = socket.socketpair()
        with other, tempfile.TemporaryFile() as errors:
            self._process = subprocess.Popen(
                _command(walls, other.fileno()),
                cwd=view_of(None),
                env=_variables(),
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
            other.close()  # so that its end is heard
            try:
                self._hear("ready", _START_SECONDS)
            except BaseException as error:
                self.close()
                errors.seek(0)
                said = errors.read().decode("utf-8", "replace").strip().splitlines()
                raise RefereeLost(f"it did not start: {[*said, str(error)][-1]}") from error

    @property
    def usable(self) -> bool:
        """Whether it lives and is this process's."""
        return self.owner == os.getpid() and self._process.poll() is None

    def begin(self, files: Mapping[str, bytes], limits: Limits) -> None:
        """Open a court for one notebook, with the instructor's files beside it."""
        whole = sum(map(len, files.values())) <= _MAX_FILES
        packed = {n: base64.b64encode(c).decode() for n, c in files.items()} if whole else {}
        self._tell(files=packed, limits=asdict(limits), seed=secrets.randbits(32))
        self._hear("begun", _START_SECONDS)
        self._cell_seconds = limits.cell_seconds

    def tell(self, order: str, source: str) -> None:
        """Take in a cell that is no test: "run" an instructor's, "pass" or "leave" another's."""
        self._tell(order=order, source=source)
        self._hear("done", self._cell_seconds + _SECONDS_MORE)

    def judge(
        self, source: str, seconds: float, allowed: list[str] | None, answer: Answer
    ) -> dict[str, Any]:
        """Judge a test; `answer` is asked for what it wants of the submission."""
        self._tell(order="judge", source=source, seconds=seconds, allowed=allowed)
        while True:
            event = self._hear("", seconds + _SECONDS_MORE)
            if event["event"] == "verdict":
                return event
            number = event["number"]
            try:
                reply = answer(event["name"], event["line"], event["seconds"])
            except NoReply as error:
                self._tell(number=number, failed=f"the submission gave no reply: {error}")
            else:
                self._tell(number=number, reply=reply)

    def end(self) -> None:
        """Close the court."""
        self._tell(order="end", source="")
        self._hear("closed", _START_SECONDS)

    def close(self) -> None:
        """End the process."""
        self._channel.close()
        if self.owner == os.getpid():
            self._process.kill()
            self._process.wait()

    def _tell(self, **facts: Any) -> None:
        try:
            self._channel.settimeout(_SECONDS_MORE)
            self._channel.sendall(json.dumps(facts).encode() + b"\n")
        except OSError as error:
            raise RefereeLost(f"the referee could not be told anything: {error}") from error

    def _hear(self, expected: str, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while b"\n" not in self._left:
            try:
                self._channel.settimeout(max(deadline - time.monotonic(), 1e-3))
                more = self._channel.recv(_CHUNK)
            except TimeoutError as error:
                raise RefereeLost(f"the referee said nothing for {seconds:g} s") from error
            except OSError:
                more = b""
            if not more:
                raise RefereeLost("the referee died")
            self._left += more
        line, _, self._left = self._left.partition(b"\n")
        event: dict[str, Any] = json.loads(line)
        if event["event"] == "closed" and expected != "closed":
            raise RefereeLost(f"the referee's court ended with {event['status']}")
        if expected and event["event"] != expected:
            raise RefereeLost(f"the referee said {event['event']!r}, not {expected!r}")
        return event


def _command(walls: Sandbox, handle: int) -> list[str]:
    words = [sys.executable, "-m", "grader.classroom.inside.referee", str(handle)]
    if walls == "none":
        return [*words, "0"]
    inside = sandbox.environment(_CHANGES)
    return [*sandbox.command(view_of(None), inside, _TMP_BYTES), *words, str(sandbox.user())]


_CHANGES = {
    **dict.fromkeys(THREADS, "1"),
    "COURSE_PROGRESS": "off",
    "MPLBACKEND": "agg",  # nobody sees a figure
    "NBGRADER_EXECUTION": "autograde",
    "PYTHONHASHSEED": "0",  # as in a submission's process
}


def _variables() -> dict[str, str]:
    """The variables without a sandbox, which has its own."""
    variables = environment()
    ours = [str(view_of(None)), variables.get("PYTHONPATH", "")]
    return variables | _CHANGES | {"PYTHONPATH": os.pathsep.join(filter(None, ours))}


# --- keeping it -----------------------------------------------------------------------------------

_kept: list[Referee] = []


@contextmanager
def court(walls: Sandbox, files: Mapping[str, bytes], limits: Limits) -> Iterator[Referee]:
    """A referee for one notebook: the one that is kept, else a new one.

    Raises:
        RefereeLost: none can be started, even when tried twice.
    """
    referee = _begun(walls, files, limits)
    try:
        yield referee
    except BaseException:
        _dismiss(referee)
        raise
    try:
        referee.end()
    except RefereeLost:
        _dismiss(referee)


def _begun(walls: Sandbox, files: Mapping[str, bytes], limits: Limits) -> Referee:
    for last in (False, True):
        referee = next((r for r in _kept if r.walls == walls and r.usable), None)
        try:
            if referee is None:
                referee = Referee(walls)
                _kept.append(referee)
            referee.begin(files, limits)
            return referee
        except RefereeLost:
            if referee is not None:
                _dismiss(referee)
            if last:
                raise
    raise AssertionError("unreachable")


def _dismiss(referee: Referee) -> None:
    if referee in _kept:
        _kept.remove(referee)
    referee.close()


def close_all() -> None:
    """End the referees that this process keeps."""
    while _kept:
        _dismiss(_kept[0])


atexit.register(close_all)
