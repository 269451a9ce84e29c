"""A session: one submission's kernel, from its first cell until everything it left is gone.

`open_session` hides how the kernel came about (warm or cold, in a sandbox or not); `.about` of
the session says it, for the grade record.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from nbformat.notebooknode import NotebookNode

Sandbox = Literal["bwrap", "none"]
MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Whatever exceeds a limit costs that submission, nobody else.

    Attributes:
        cell_seconds: wall time of one cell, as nbgrader's `Execute.timeout`.
        notebook_seconds: wall time of everything that a session runs, probes included.
        memory_bytes: what each process may take beyond what it has imported by the start, and
            resident memory of all together.
        processes: processes and threads that live at the same time.
        file_bytes: all files that it writes, together.
        open_files: files and sockets that one process holds open.
        output_bytes: what is kept of the outputs of one notebook; the rest is dropped.
    """

    cell_seconds: float = 30.0
    notebook_seconds: float = 300.0
    memory_bytes: int = 4096 * MIB
    processes: int = 128
    file_bytes: int = 512 * MIB
    open_files: int = 1024
    output_bytes: int = 16 * MIB


@dataclass(frozen=True)
class CellRun:
    """What running one cell did. All of it comes from the submission's process: do not trust it.

    Attributes:
        outputs: as a notebook stores them (nbformat 4).
        error: "ename: evalue" of the exception that ended the cell, if one did.
        timed_out: the cell was stopped because its time was up; `error` then says so.
        seconds: wall time.
        execution_count: the number that the kernel gave it.
    """

    outputs: list[NotebookNode] = field(default_factory=list)
    error: str | None = None
    timed_out: bool = False
    seconds: float = 0.0
    execution_count: int | None = None


class SessionLost(Exception):
    """The kernel is gone or past its budget: nothing more will come; `str()` says how it went."""


class NoReply(Exception):
    """The answer is there, but could not be looked at; `str()` says why. The session goes on."""


class Session(Protocol):
    """A running kernel with a submission in it.

    Attributes:
        about: how it runs, as plain JSON: {"sandbox": "bwrap" or "none", "warm": bool,
            "limits": {...}, "layers": [...], "seed": of the random generators, if it was set}.
    """

    about: dict[str, Any]

    def run(self, source: str, *, seconds: float | None = None) -> CellRun:
        """Run a cell; an error in it is a result, not an exception.

        Raises:
            SessionLost: the kernel died, would not be stopped, or spent its budget.
        """
        ...

    def probe(self, name: str, line: str, *, seconds: float) -> str | None:
        """The reply of `grader.probe.reply` for the answer of this name; None without one.

        Args:
            name: a name in the kernel's user namespace.
            line: the request, as a line of plain data.
            seconds: how long the probe may take in all.

        Raises:
            NoReply: the probe failed, took too long, or its reply is none.
            SessionLost: as for `run`.
        """
        ...


@contextmanager
def open_session(
    files: Mapping[str, bytes],
    *,
    lesson: str | None,
    limits: Limits,
    sandbox: Sandbox,
    warm: bool = True,
) -> Iterator[Session]:
    """A kernel for one submission; at the end it and everything that it started are gone.

    Args:
        files: what lies in the kernel's working folder, by relative path.
        lesson: the lesson of this course whose references are withheld; None for an assignment
            that is not of this course.
        limits: what the submission may use.
        sandbox: "bwrap" to isolate it; "none" to run it as the grader's own user.
        warm: fork the kernel from a process that has imported the large libraries, if possible.

    Raises:
        CourseError: the sandbox is not to be had here, or a path of `files` leaves the folder.
        SessionLost: the kernel does not start.
    """
    from grader.classroom import cold, forked  # both know this module

    if sandbox == "none" and not forked.forks():
        with cold.cold_session(files, limits) as session:
            yield session
        return
    seed = secrets.randbits(32)
    with forked.forked_session(
        files, lesson=lesson, limits=limits, sandbox=sandbox, warm=warm, seed=seed
    ) as forked_session:
        yield forked_session
