"""The journal of a grading run: what has been done, in lines that survive a power cut.

Beside `journal.jsonl` lies a record for each submission: everything about its grade but the
executed notebook. A line is written only once what it speaks of is on the disk:

1. `graded`: the record and the staged notebooks are there;
2. `applied`: the gradebook has the grades and `autograded/` the notebooks;
3. `failed`: this submission could not be graded or applied, and why.

So after `kill -9` a submission is either not mentioned (grade it), graded (apply it from its
record, which changes nothing if that had been done), or applied (leave it).
"""

from __future__ import annotations

import errno
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

JOURNAL = "journal.jsonl"
Line = dict[str, Any]


@dataclass
class Past:
    """What a journal says.

    Attributes:
        head: the run's first line: its seed, what it was to grade, and how.
        graded: students whose result waits to be applied.
        applied: students who are done.
        failed: students who could not be graded, with the reason.
        finished: the run came to its end.
    """

    head: Line = field(default_factory=dict)
    graded: set[str] = field(default_factory=set)
    applied: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    finished: bool = True


class Journal:
    """An append-only file; each line is on the disk before `write` returns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / JOURNAL
        self._file: IO[bytes] | None = None

    def past(self) -> Past:
        """What the last run left. A line that was cut off in writing does not count."""
        past = Past()
        for line in self._lines():
            student = line.get("student", "")
            match line.get("event"):
                case "started":
                    past = Past(head=line, finished=False)
                case "graded":
                    past.graded.add(student)
                    past.failed.pop(student, None)
                case "applied":
                    past.graded.discard(student)
                    past.applied.add(student)
                case "failed":
                    past.failed[student] = str(line.get("why", ""))
                case "finished":
                    past.finished = True
        return past

    def _lines(self) -> Iterator[Line]:
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return
        for raw in text.split(b"\n"):
            with suppress(ValueError):
                line = json.loads(raw)
                if isinstance(line, dict):
                    yield line

    def start(self, **head: Any) -> None:
        """Begin a run: the journal of the one before is kept under another name.

        Raises:
            OSError: the folder cannot be written to.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._path.exists():
            os.replace(self._path, self.folder / f"journal.{secrets.token_hex(4)}.jsonl")
        self.write("started", **head)

    def write(self, event: str, **facts: Any) -> None:
        """Append a line and wait until the disk has it.

        Raises:
            OSError: the disk is full, or away.
        """
        if self._file is None:
            self._file = self._path.open("ab", buffering=0)
            if self._path.stat().st_size:
                self._file.write(b"\n")  # the last line may have been cut off
        line, before = json.dumps({"event": event, **facts}).encode() + b"\n", self._file.tell()
        try:
            if self._file.write(line) != len(line):  # a disk that is nearly full takes some of it
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
        except OSError:
            with suppress(OSError):
                self._file.truncate(before)
            raise

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def record_path(self, student: str) -> Path:
        """Where a student's record lies."""
        return self.folder / "records" / f"{quote(student, safe=' @+,=')}.json"

    def save_record(self, student: str, record: Line) -> None:
        """Write a student's record as a whole, or not at all.

        Raises:
            OSError: the disk is full, or away.
        """
        write_whole(self.record_path(student), json.dumps(record, indent=1).encode())

    def load_record(self, student: str) -> Line | None:
        """A student's record, or None without a readable one."""
        try:
            found = json.loads(self.record_path(student).read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def records(self) -> Iterator[Line]:
        """All records, by student."""
        for path in sorted((self.folder / "records").glob("*.json")):
            with suppress(OSError, ValueError):
                yield json.loads(path.read_bytes())


def write_whole(path: Path, content: bytes, mode: int | None = None) -> None:
    """Write a file so that it is there as a whole, on the disk, or not at all.

    Raises:
        OSError: the disk is full, or away; what was there before still is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            part.chmod(mode)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
