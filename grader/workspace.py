"""The learner's workspace: lessons are delivered into it, and work in it is never lost.

The rule is one sentence: *a file is replaced only if every cell in it came from us.* For that,
`<workspace>/.course/manifest.json` keeps the fingerprint of every edition ever delivered to each
path. A file with any other content holds work; a new edition is then put beside it. If the manifest
is lost or unreadable, everything that differs from the present edition counts as work.

Crash safety follows from the same rule. Fingerprints are written down before the files they
describe, and files are replaced atomically, so that at any moment a file on disk is either the
learner's or has a fingerprint that the manifest knows.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from grader.errors import CourseError

ROOT = Path(__file__).resolve().parents[1]
STATE_FOLDER = ".course"  # marks a workspace; the progress store lies in it too
_TEMPORARY = ".course-tmp-"
_LOCK_SECONDS = 60

Kind = Literal["new", "updated", "kept", "waiting", "failed"]


@dataclass(frozen=True)
class Change:
    """One thing that `prepare` did, or could not do, told to the learner.

    kind: "new" (delivered), "updated" (untouched, now the new edition), "kept" (holds work; the new
    edition lies beside it), "waiting" (a newer edition exists, but the copy beside holds work too),
    "failed" (the system refused).
    """

    kind: Kind
    path: str
    message: str


@dataclass
class _Record:
    """What was delivered to one path.

    editions: fingerprints of everything we ever put there, written down before the file itself.
    base: the edition that the learner's file grew from.
    content: the sum of all bytes of that edition, metadata included.
    offered: the edition that was last put beside it.
    """

    editions: list[str] = field(default_factory=list)
    base: str | None = None
    content: str | None = None
    offered: str | None = None

    def add(self, fingerprint: str) -> None:
        if fingerprint not in self.editions:
            self.editions.append(fingerprint)


def default_workspace() -> Path:
    """The folder from COURSE_WORKSPACE, else `workspace` beside the lessons."""
    named = os.environ.get("COURSE_WORKSPACE")
    return Path(named).expanduser() if named else ROOT / "workspace"


def prepare(workspace: Path, lessons: Path) -> list[Change]:
    """Bring the lessons in `workspace` up to date with `lessons`, and tell what changed.

    Raises:
        CourseError: the workspace cannot be used, or `lessons` is not a folder.
    """
    workspace, lessons = Path(workspace).absolute(), Path(lessons).absolute()
    if not lessons.is_dir():
        raise CourseError(f"no lessons: {lessons} is not a folder")
    real, source = workspace.resolve(), lessons.resolve()
    if real == source or source in real.parents:
        raise CourseError(f"the workspace must not lie in the lessons folder, got {workspace}")
    state = workspace / STATE_FOLDER
    try:
        state.mkdir(parents=True, exist_ok=True)
        with FileLock(state / "lock", timeout=_LOCK_SECONDS):
            return _deliver(workspace, lessons)
    except Timeout:
        message = f"another `course lab` has been preparing {workspace} for {_LOCK_SECONDS} s"
        raise CourseError(f"{message}; stop it and try again") from None
    except OSError as error:
        reason = error.strerror or error
        raise CourseError(f"the workspace {workspace} cannot be used: {reason}") from error


def _deliver(workspace: Path, lessons: Path) -> list[Change]:
    manifest = _Manifest(workspace / STATE_FOLDER / "manifest.json")
    try:
        editions = [_Edition(lessons / relative, relative) for relative in _lesson_files(lessons)]
    except OSError as error:
        raise CourseError(
            f"the lesson {error.filename} cannot be read: {error.strerror}"
        ) from error
    targets = [_Target(workspace, edition, manifest.record(edition.name)) for edition in editions]
    for target in targets:
        target.plan()
    manifest.save()  # before any file it describes
    changes = [change for target in targets if (change := target.carry_out())]
    manifest.save()
    return changes


def _lesson_files(lessons: Path) -> list[Path]:
    """Every file of every lesson folder, relative to `lessons`, in order."""
    found = {path.relative_to(lessons) for path in lessons.glob("*/**/*") if path.is_file()}
    left_behind = {p for p in found if any(n.startswith((".", "__pycache__")) for n in p.parts)}
    return sorted(found - left_behind)


class _Edition:
    """One file of the present lessons."""

    def __init__(self, path: Path, relative: Path) -> None:
        self.relative = relative
        self.name = relative.as_posix()
        self.content = path.read_bytes()
        self.fingerprint = fingerprint(self.content, notebook=path.suffix == ".ipynb")
        self.sum = hashlib.sha256(self.content).hexdigest()


class _Target:
    """One path in the workspace: first decide, then act."""

    def __init__(self, workspace: Path, edition: _Edition, record: _Record) -> None:
        self.edition = edition
        self.record = record
        self.path = workspace / edition.relative
        self.beside = self.path.with_name(f"{self.path.stem}.new{self.path.suffix}")
        self.action: Literal["new", "updated", "kept", "waiting"] | None = None
        self.expected: _Look | None = None

    def plan(self) -> None:
        """Decide what to do, and write down in the record what is about to be delivered."""
        edition, record = self.edition.fingerprint, self.record
        mine = _Look(self.path)
        if not mine.exists:
            self.action, self.expected = "new", mine
        elif mine.fingerprint == edition and record.content in (None, self.edition.sum):
            self._record_delivered()  # it may have been run since: its outputs stay
            record.add(edition)
        elif mine.fingerprint in (edition, *record.editions) and mine.replaceable:
            self.action, self.expected = "updated", mine
        elif mine.fingerprint != edition:
            self._plan_beside(edition)
        if self.action in ("new", "updated", "kept"):
            record.add(edition)

    def _record_delivered(self) -> None:
        self.record.base = self.edition.fingerprint
        self.record.content = self.edition.sum

    def _plan_beside(self, edition: str) -> None:
        """The learner's file holds work: it stays, and a new edition is put beside it."""
        record, beside = self.record, _Look(self.beside)
        if beside.fingerprint == edition:
            record.offered = edition
            record.add(edition)
        elif not beside.exists:
            # Not brought back: a copy that the learner deleted; nor the edition being worked on.
            if edition not in (record.base, record.offered):
                self.action, self.expected = "kept", beside
        elif beside.fingerprint in record.editions and beside.replaceable:
            self.action, self.expected = "kept", beside
        elif edition != record.base:
            self.action = "waiting"

    def carry_out(self) -> Change | None:
        """Do what was planned; a refusal by the system is reported and stops nothing else."""
        if self.action is None:
            return None
        name, beside = self.edition.name, self.beside.name
        try:
            match self.action:
                case "new":
                    self._write(self.path)
                    self._record_delivered()
                    return Change("new", name, f"{name}: new")
                case "updated":
                    self._write(self.path)
                    self._record_delivered()
                    return Change("updated", name, f"{name}: updated, you had not changed it")
                case "kept":
                    self._write(self.beside)
                    self.record.offered = self.edition.fingerprint
                    message = f"{name}: your work is kept; the new edition is {beside} beside it"
                    return Change("kept", name, message)
                case "waiting":
                    message = (
                        f"{name}: a newer edition is here, but {beside} holds work of yours; "
                        "rename that file and start again to get it"
                    )
                    return Change("waiting", name, message)
        except OSError as error:
            return Change("failed", name, f"{name}: not delivered: {error.strerror or error}")

    def _write(self, path: Path) -> None:
        """Replace `path` atomically, unless someone changed it since it was looked at."""
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        with _temporary_beside(path, self.edition.content) as temporary:
            if self.expected is None or _Look(path).identity != self.expected.identity:
                raise OSError(errno.EBUSY, "it was saved just now; start again to go on")
            os.replace(temporary, path)


class _Look:
    """What lies at a path now."""

    def __init__(self, path: Path) -> None:
        self.exists = False
        self.replaceable = False
        self.fingerprint: str | None = None
        self.identity: tuple[int, ...] = ()
        try:
            status = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return
        self.exists = True
        self.identity = (status.st_ino, status.st_size, status.st_mtime_ns)
        # A link, and a file that the learner made read-only, are arrangements of their own.
        self.replaceable = stat.S_ISREG(status.st_mode) and bool(status.st_mode & stat.S_IWUSR)
        # An unreadable file holds work for all we know: it keeps the fingerprint None.
        with contextlib.suppress(OSError):
            if path.is_file():
                self.fingerprint = fingerprint(
                    path.read_bytes(), notebook=path.name.endswith(".ipynb")
                )


def fingerprint(content: bytes, *, notebook: bool) -> str:
    """What a file's content is, as far as a learner's work goes.

    For a notebook these are the kinds, sources and attachments of its cells: outputs, execution
    counts, cell ids and metadata change when it is merely run. A notebook that cannot be read as
    one, and any other file, is the sum of its bytes.
    """
    cells = _cells(content) if notebook else None
    if cells is None:
        return "bytes:" + hashlib.sha256(content).hexdigest()
    return "cells:" + hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).hexdigest()


def _cells(content: bytes) -> list[list[object]] | None:
    """Kind, source and attachments of each cell, or None if this is no notebook."""
    try:
        cells = json.loads(content)["cells"]
        found: list[list[object]] = []
        for cell in cells:
            source = cell["source"]
            text = source if isinstance(source, str) else "".join(source)
            found.append([cell["cell_type"], text, cell.get("attachments") or {}])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return found


class _Manifest:
    """The records of all paths, as a JSON file that may be missing or damaged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: dict[str, _Record] = {}
        self._saved: bytes | None = None
        damaged = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
        with contextlib.suppress(OSError, *damaged):
            self._saved = path.read_bytes()
            for name, entry in json.loads(self._saved)["files"].items():
                record = _Record(**entry)
                if isinstance(record.editions, list):
                    self.records[name] = record

    def record(self, name: str) -> _Record:
        return self.records.setdefault(name, _Record())

    def save(self) -> None:
        files = {name: vars(record) for name, record in sorted(self.records.items())}
        content = json.dumps({"version": 1, "files": files}, indent=1).encode()
        if content != self._saved:
            with _temporary_beside(self.path, content) as temporary:
                os.replace(temporary, self.path)
            self._saved = content


@contextlib.contextmanager
def _temporary_beside(path: Path, content: bytes) -> Iterator[Path]:
    """A complete file with `content` in the folder of `path`, gone afterwards."""
    temporary = path.with_name(_TEMPORARY + secrets.token_hex(8))
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove what a crashed start left; the lock makes sure that no other start needs it."""
    for left_over in folder.glob(_TEMPORARY + "*"):
        left_over.unlink(missing_ok=True)
