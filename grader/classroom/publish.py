"""Writes `autograded/` as nbgrader's other commands expect it: a submission at a time, as a whole.

A submission's folder is staged beside the journal, and takes its place by being renamed; so
formgrader never meets half a submission, and a full disk costs only the one that did not fit.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode

from grader.classroom.folder import CourseFolder
from grader.classroom.journal import Journal, write_whole
from grader.classroom.result import NotebookResult, Result


class Publisher:
    """Stages and places the graded notebooks of an assignment."""

    def __init__(self, folder: CourseFolder, journal: Journal) -> None:
        self._folder, self._staged = folder, journal.folder / "staged"
        self._journal = journal
        self._mode = _permissions(folder)

    def stage(self, result: Result, files: Mapping[str, bytes]) -> None:
        """Write a submission's notebooks and files where nobody looks yet.

        Raises:
            OSError: the disk is full, or away; nothing is left behind.
        """
        place = self._place(result.student)
        shutil.rmtree(place, ignore_errors=True)
        try:
            for name, content in files.items():
                write_whole(place / name, content, self._mode)
            for notebook in result.notebooks:
                if notebook.executed is not None:
                    write_whole(place / f"{notebook.name}.ipynb", self._text(notebook), self._mode)
        except OSError:
            shutil.rmtree(place, ignore_errors=True)
            raise

    def put(self, student: str) -> None:
        """Let what was staged take its place. Once it has, doing so again changes nothing.

        Raises:
            OSError: the folder cannot be written to.
        """
        place, target = self._place(student), self._folder.autograded(student)
        if not place.is_dir():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        old = place.with_name(f"{place.name}.old")
        _remove(old)
        with suppress(FileNotFoundError):
            _move(target, old)
        try:
            _move(place, target)
        except OSError:
            with suppress(OSError):
                _move(old, target)
            raise
        _remove(old)

    def put_cells(self, result: Result, only: str) -> None:
        """Show the fresh outputs of one exercise in notebooks that are published already.

        Raises:
            OSError: the folder cannot be written to.
        """
        for notebook in result.notebooks:
            path = self._folder.autograded(result.student) / f"{notebook.name}.ipynb"
            if notebook.executed is None:
                continue
            try:
                shown = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
            except (OSError, ValueError):
                shown = None
            if shown is None:
                write_whole(path, self._text(notebook), self._mode)
                continue
            _take_over(shown, notebook, only)
            write_whole(path, _encode(shown), self._mode)

    def _place(self, student: str) -> Path:
        return self._staged / self._journal.record_path(student).name

    def _text(self, notebook: NotebookResult) -> bytes:
        from nbgrader.preprocessors import LimitOutput

        whole = nbformat.from_dict(notebook.executed)  # type: ignore[no-untyped-call]
        whole, _ = LimitOutput(config=self._folder.config).preprocess(whole, {})
        return _encode(whole)


def _take_over(shown: NotebookNode, notebook: NotebookResult, only: str) -> None:
    wanted = {cell.id for cell in notebook.cells if only in (cell.id, cell.exercise)}
    fresh = {_name(cell): cell for cell in (notebook.executed or {}).get("cells", [])}
    for cell in shown.cells:
        if _name(cell) in wanted & set(fresh):
            cell.outputs = nbformat.from_dict(fresh[_name(cell)]["outputs"])  # type: ignore[no-untyped-call]


def _name(cell: Any) -> str:
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))


def _encode(notebook: NotebookNode) -> bytes:
    text: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _permissions(folder: CourseFolder) -> int:
    default = 664 if folder.layout.groupshared else 444
    for owner in ("Autograde", "BaseConverter"):
        found = folder.setting(owner, "permissions", None)
        if found is not None:
            return int(str(found), 8)
    return int(str(default), 8)


def _move(source: Path, target: Path) -> None:
    try:
        os.replace(source, target)
    except OSError as error:
        if not source.exists():
            raise FileNotFoundError(source) from error
        _carry(source, target)


def _carry(source: Path, target: Path) -> None:
    """Move a folder to another file system: it is there as a whole, or not at all."""
    part = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        part.mkdir(parents=True)
        for path in sorted(source.rglob("*")):
            place = part / path.relative_to(source)
            if path.is_dir():
                place.mkdir()
            else:
                shutil.copy2(path, place)
        os.replace(part, target)
    finally:
        _remove(part)
    _remove(source)


def _remove(folder: Path) -> None:
    if not folder.exists():
        return
    for where, _, _ in os.walk(folder):
        with suppress(OSError):
            os.chmod(where, stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)
