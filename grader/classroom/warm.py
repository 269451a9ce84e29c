"""Warm processes and the kernels that they fork: the grader's end.

A warm process belongs to one process of the grader and serves one submission at a time. It is kept
between sessions, so only the first one waits for the large libraries to be imported.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from grader.classroom import sandbox
from grader.classroom.inside.preload import COURSE, KERNEL, LIBRARIES, VARIABLES
from grader.classroom.inside.submission import Walls
from grader.classroom.session import SessionLost
from grader.classroom.view import view_of
from grader.errors import CourseError
from grader.kernel import environment

_MESSAGE_BYTES = 64 * 1024
_READY_SECONDS = 120.0
_TMP_BYTES = 64 * 2**20
_START_SECONDS = 60.0


@dataclass(frozen=True)
class Kind:
    """What tells warm processes apart: a submission may run in one only if all of it fits.

    Attributes:
        lesson: whose references are withheld.
        walls: see `grader.classroom.inside.submission`.
        warm: import the large libraries ahead.
        tmp_bytes: the size of /tmp in the sandbox, where submissions have none of their own.
    """

    lesson: str | None
    walls: Walls
    warm: bool = True
    tmp_bytes: int = _TMP_BYTES


class CannotFork(SessionLost):
    """Something that the process imported has threads, whose locks a fork would inherit."""


class WarmProcess:
    """A process that forks kernels, and the socket on which it obeys."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.owner = os.getpid()
        self.forks = 0
        self.busy = False  # with a submission that has not ended yet, as far as we know
        if kind.walls != "none":
            sandbox.program()  # before anything is opened
        self.control, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._errors: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close`
        with other:
            self._process = subprocess.Popen(
                command(kind, other.fileno()),
                cwd=view_of(kind.lesson),  # `-m` looks there first
                env=_variables(kind),
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                start_new_session=True,  # Ctrl-C is for the grader, which then ends it
            )
        try:
            self._warm_up()
        except BaseException:
            self.close()
            raise

    def _warm_up(self) -> None:
        try:
            ready = self._wait("ready", _READY_SECONDS)
        except SessionLost as reason:
            if "bwrap:" not in str(reason):
                raise
            raise CourseError(
                f"no sandbox starts here ({reason}). `course doctor` says what to do about it;"
                " --sandbox none runs submissions as yourself: then whatever they do, you do."
            ) from reason
        if ready["threads"] > 1:
            raise CannotFork(f"what it imported started threads: {ready['loaded']}")

    # --- talking to it --------------------------------------------------------------------------

    def start(self, order: dict[str, Any], handles: list[int]) -> dict[str, Any]:
        """Fork a kernel; what it says of itself.

        Raises:
            SessionLost: it could not be started.
        """
        self.forks += 1
        self.busy = True
        socket.send_fds(self.control, [json.dumps({"order": "start", **order}).encode()], handles)
        return self._wait("started", _START_SECONDS)

    def tell(self, order: str) -> None:
        """Give an order; one that comes too late is none."""
        with contextlib.suppress(OSError):
            self.control.send(json.dumps({"order": order}).encode())

    def hear(self, seconds: float = 0.0) -> dict[str, Any] | None:
        """The next event, waiting for it at most so long."""
        self.control.settimeout(max(seconds, 1e-4))
        try:
            data = self.control.recv(_MESSAGE_BYTES)
        except TimeoutError:
            return None
        except OSError:
            data = b""
        if not data:
            return {"event": "gone", "how": f"the warm process died: {self._complaint()}"}
        event: dict[str, Any] = json.loads(data)
        self.busy = self.busy and event["event"] != "gone"
        return event

    def _wait(self, name: str, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            event = self.hear(left)
            if event is not None and event.pop("event") == name:
                return event
            if event is not None and "how" in event:
                raise SessionLost(event["how"])
        raise SessionLost(f"no kernel was {name} within {seconds:g} s")

    def _complaint(self) -> str:
        """The last line that it wrote to its standard error, and its exit status."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return f"{lines[-1] if lines else 'it said nothing'} (status {self._process.returncode})"

    @property
    def usable(self) -> bool:
        """Whether it lives and is ours; a fork of the grader must not share it."""
        return self.owner == os.getpid() and self._process.poll() is None

    def close(self) -> None:
        """End it, and with it whatever still runs in it."""
        self.control.close()
        self._errors.close()
        if self.owner == os.getpid():
            try:
                self._process.wait(timeout=0.5)  # it leaves by itself
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def command(kind: Kind, handle: int) -> list[str]:
    """The command line of a warm process.

    Raises:
        CourseError: it asks for a sandbox, and there is none.
    """
    words = [sys.executable, "-m", "grader.classroom.inside.zygote", str(handle), kind.walls]
    modules = (*LIBRARIES, *COURSE, *KERNEL) if kind.warm else ()
    if kind.walls == "none":
        return [*words, "0", *modules]
    inside = sandbox.environment(_CHANGES)
    wrapped = sandbox.command(view_of(kind.lesson), inside, kind.tmp_bytes)
    return [*wrapped, *words, str(sandbox.user()), *modules]


# Nothing here changes what a notebook shows from run to run, or from machine to machine.
_CHANGES = {
    **VARIABLES,
    "COURSE_PROGRESS": "off",
    "NBGRADER_EXECUTION": "autograde",  # nbgrader's word for it, which a notebook may ask for
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "0",
}


def _variables(kind: Kind) -> dict[str, str]:
    """The variables of the process: in a sandbox, `sandbox.environment` replaces them."""
    variables = environment()
    variables.pop("JPY_PARENT_PID", None)  # a kernel would watch that process and end with it
    ours = [str(view_of(kind.lesson)), variables.get("PYTHONPATH", "")]
    return variables | _CHANGES | {"PYTHONPATH": os.pathsep.join(filter(None, ours))}


# --- keeping them ---------------------------------------------------------------------------------

_idle: list[WarmProcess] = []
_lock = threading.Lock()


@contextmanager
def borrowed(kind: Kind, *, keep: bool) -> Iterator[WarmProcess]:
    """A warm process for one submission: one that is idle, else a new one.

    Args:
        kind: what it must be like.
        keep: keep it for the next submission.

    Raises:
        SessionLost: none can be started.
    """
    with _lock:
        found = [p for p in _idle if p.kind == kind and p.usable]
        process = found[0] if found else None
        if process is not None:
            _idle.remove(process)
    if process is None:
        process = WarmProcess(kind)
    try:
        yield process
    finally:
        if keep and process.usable and not process.busy:
            with _lock:
                _idle.append(process)
        else:
            process.close()


def close_all() -> None:
    """End the warm processes that this process keeps."""
    with _lock:
        ours = [process for process in _idle if process.owner == os.getpid()]
        _idle.clear()
    for process in ours:
        process.close()


atexit.register(close_all)
