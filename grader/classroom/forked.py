"""A session in a kernel that a warm process forks."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any, Literal

import zmq
from jupyter_client.session import Session as Signer

from grader.classroom.conversation import MAX_MESSAGE, Conversation, RunningSession
from grader.classroom.scratch import pack
from grader.classroom.session import Limits, Sandbox, SessionLost
from grader.classroom.warm import CannotFork, Kind, WarmProcess, borrowed

_READY_SECONDS = 60.0
_END_SECONDS = 10.0


class ForkedKernel:
    """A kernel behind two sockets; the way to its process leads through the warm one."""

    def __init__(self, process: WarmProcess, folder: Path) -> None:
        self._process, self._folder = process, folder
        self._fate: str | None = None
        self.signer = Signer(key=secrets.token_hex(16).encode())
        context: zmq.Context[Any] = zmq.Context.instance()
        self.shell: zmq.Socket[bytes] = context.socket(zmq.DEALER)
        self.iopub: zmq.Socket[bytes] = context.socket(zmq.SUB)
        self.iopub.setsockopt(zmq.SUBSCRIBE, b"")
        for ours in (self.shell, self.iopub):
            ours.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE)
            ours.setsockopt(zmq.LINGER, 0)

    def start(self, order: dict[str, Any], archive: int) -> dict[str, Any]:
        """Start it and connect; what it says of itself.

        The listening ends are made here and only handed over: whatever the submission does with
        its files, it cannot lead us anywhere.
        """
        with contextlib.ExitStack() as stack:
            handles = []
            for name in ("shell", "iopub"):
                (self._folder / name).unlink(missing_ok=True)
                listening = stack.enter_context(socket.socket(socket.AF_UNIX))
                listening.bind(str(self._folder / name))
                listening.listen()
                handles.append(listening.fileno())
            order |= {"key": self.signer.key.decode()}
            about = self._process.start(order, [*handles, archive])
        self.shell.connect(f"ipc://{self._folder / 'shell'}")
        self.iopub.connect(f"ipc://{self._folder / 'iopub'}")
        return about

    def fate(self) -> str | None:
        """None while it lives, else how it ended."""
        while self._fate is None and (event := self._process.hear()) is not None:
            self._fate = event.get("how")
        return self._fate

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in it."""
        self._process.tell("interrupt")

    def kill(self) -> None:
        """End it and all that it started, and wait until that is done."""
        self._process.tell("end")
        deadline = time.monotonic() + _END_SECONDS
        while self._fate is None and time.monotonic() < deadline:
            event = self._process.hear(deadline - time.monotonic())
            self._fate = (event or {}).get("how")

    def close(self) -> None:
        """End it and let go of the sockets. A warm process that does not answer stays busy."""
        for ours in (self.shell, self.iopub):
            ours.close()
        if self._process.busy:
            self.kill()


@contextmanager
def forked_session(
    files: Mapping[str, bytes],
    *,
    lesson: str | None,
    limits: Limits,
    sandbox: Sandbox,
    warm: bool,
    seed: int,
) -> Iterator[RunningSession]:
    """A session in a fork of a warm process; `about` says where it had to be less than asked for.

    Where the imported libraries start threads, the process cannot fork: then kernels start cold.
    Where a process in the sandbox may make no namespaces, submissions cannot share a sandbox: then
    each gets one of its own, which takes as long as a cold start.
    """
    wanted = Kind(lesson, "own" if sandbox == "bwrap" else "none", warm)
    with contextlib.ExitStack() as stack:
        archive = stack.enter_context(tempfile.TemporaryFile())
        pack(files, archive)
        folder = Path(stack.enter_context(_folder()))
        order = {"limits": asdict(limits), "seed": seed, "work": str(folder / "work")}
        while True:
            kind = _possible(wanted, limits)
            try:
                kernel, about = stack.enter_context(_kernel(kind, folder, order, archive))
                break
            except SessionLost as reason:
                if not _learn(kind, reason):
                    raise
        conversation = Conversation(kernel, limits)
        conversation.wait_until_ready(_READY_SECONDS)
        about |= {"sandbox": sandbox, "warm": kind.warm, "limits": asdict(limits), "seed": seed}
        yield RunningSession(conversation, about)


@contextmanager
def _kernel(
    kind: Kind, folder: Path, order: dict[str, Any], archive: IO[bytes]
) -> Iterator[tuple[ForkedKernel, dict[str, Any]]]:
    """A kernel forked from a process of this kind, and what it says of itself."""
    with borrowed(kind, keep=kind.warm) as process:
        kernel = ForkedKernel(process, folder)
        try:
            archive.seek(0)
            yield kernel, kernel.start(order, archive.fileno())
        finally:
            kernel.close()


_impossible: set[Literal["nesting", "warmth"]] = set()  # found out as it was tried


def _possible(wanted: Kind, limits: Limits) -> Kind:
    """The nearest to what is wanted that this machine has not refused yet."""
    if wanted.walls == "own" and "nesting" in _impossible:
        return Kind(wanted.lesson, "shared", warm=False, tmp_bytes=limits.file_bytes)
    return replace(wanted, warm=wanted.warm and "warmth" not in _impossible)


def _learn(kind: Kind, reason: SessionLost) -> bool:
    """Whether a failure to start says that this kind is impossible here."""
    if kind.walls == "own" and "could not be set up" in str(reason):
        _impossible.add("nesting")
        return True
    if kind.warm and isinstance(reason, CannotFork):
        _impossible.add("warmth")
        return True
    return False


@contextmanager
def _folder() -> Iterator[str]:
    """A folder of ours with a short name: a Unix socket's path has at most 107 bytes."""
    base = tempfile.gettempdir() if len(tempfile.gettempdir()) < 60 else "/tmp"
    folder = tempfile.mkdtemp(prefix="course-", dir=base)
    (Path(folder) / "work").mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def forks() -> bool:
    """Whether this system forks in a way that a warm process can use."""
    return sys.platform == "linux"
