"""Judges a learner's whole notebook: runs it in a fresh kernel and probes each answer there.

Right after an answer's cell has run, the answer is probed over the wire and judged in this process.
So it does not matter what became of the check cells: deleted, altered or never run.
"""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode

from grader import registry
from grader.errors import CourseError
from grader.exercise import Exercise
from grader.judge import judge
from grader.kernel import Kernel, KernelDied, fresh_kernel
from grader.notebook_report import NotebookReport
from grader.prober import WireProber
from grader.report import Report

CELL_SECONDS = 120.0
_MARGIN_SECONDS = 10.0  # for what a probe does besides calling the answer
_MAX_BYTES = 200 * 2**20

Catalogue = Callable[[], Mapping[str, Exercise]]
Advance = Callable[[int, int], None]


class NotebookUnusable(CourseError):
    """There is nothing to judge: no notebook, or none of this course."""


class _NoAnswer(Exception):
    """A probe brought nothing back; `str()` says why."""


def check_notebook(
    path: Path,
    exercises: Catalogue = registry.exercises,
    *,
    cell_seconds: float = CELL_SECONDS,
    seed: int | None = None,
    advance: Advance = lambda done, of: None,
) -> NotebookReport:
    """Run a notebook and judge its answers. The file itself is only read.

    Args:
        path: the notebook.
        exercises: gives the exercises that it may hold, by id.
        cell_seconds: how long one of its cells may run.
        seed: draws the same inputs again; by default they are fresh.
        advance: called with the number of cells done, and of all.

    Raises:
        NotebookUnusable: the file is no notebook, or has none of the exercises.
    """
    notebook = _read(path)
    catalogue = exercises()
    answers = dict(_answers(notebook, catalogue))
    if not answers:
        raise NotebookUnusable(f"{path} has no cell with an exercise of this course")
    session = _Session(cell_seconds, secrets.randbits(32) if seed is None else seed)
    session.go(path.resolve().parent, notebook, answers, advance)
    lessons = dict.fromkeys(exercise.lesson for exercise in answers.values())
    asked = [e for e in catalogue.values() if e.lesson in lessons]
    reports = [session.reports.get(e.id) or _missing(e) for e in asked]
    return NotebookReport(path.name, tuple(lessons), tuple(reports), tuple(session.notes))


def _read(path: Path) -> NotebookNode:
    """Read a notebook of any version.

    Raises:
        NotebookUnusable: it is not there, or is no notebook.
    """
    if not path.is_file():
        raise NotebookUnusable(f"{path} is {'a folder' if path.is_dir() else 'not there'}")
    if path.stat().st_size > _MAX_BYTES:
        raise NotebookUnusable(f"{path} is larger than {_MAX_BYTES / 2**20:.0f} MB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cells without ids, of older Jupyters
            notebook: NotebookNode = nbformat.reads(path.read_text("utf-8"), as_version=4)  # type: ignore[no-untyped-call]
            nbformat.validate(notebook)
    except Exception as error:  # nbformat passes on whatever its JSON and schema readers raise
        why = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise NotebookUnusable(f"{path} is not a notebook: {why}") from error
    return notebook


def _answers(
    notebook: NotebookNode, exercises: Mapping[str, Exercise]
) -> Iterator[tuple[int, Exercise]]:
    """The cells that hold answers, by their index."""
    by_name = {e.grade_id: e for e in exercises.values()} | dict(exercises)
    for index, cell in enumerate(notebook.cells):
        for name in _names(cell):
            if isinstance(name, str) and name in by_name:
                yield index, by_name[name]
                break


def _names(cell: NotebookNode) -> Iterator[Any]:
    """What may tell an answer's cell, the surest first; tools and editors drop one or another."""
    for key, item in (("nbgrader", "grade_id"), ("course", "exercise")):
        part = cell.metadata.get(key)
        yield part.get(item) if isinstance(part, dict) else None
    yield cell.get("id")


class _Session:
    """One run of a notebook."""

    def __init__(self, cell_seconds: float, seed: int) -> None:
        self.cell_seconds = cell_seconds
        self.seed = seed
        self.reports: dict[str, Report] = {}
        self.notes: list[str] = []

    def go(
        self,
        folder: Path,
        notebook: NotebookNode,
        answers: Mapping[int, Exercise],
        advance: Advance,
    ) -> None:
        """Run the cells in order; once the kernel has died, the answers left earn nothing."""
        index, total = 0, len(notebook.cells)
        try:
            with fresh_kernel(folder) as kernel:
                for index, cell in enumerate(notebook.cells):
                    advance(index, total)
                    self._cell(kernel, index, cell, answers.get(index))
        except KernelDied as error:
            where = f"{error} in cell {index + 1}"
            self.notes.append(where[:1].upper() + where[1:])
            for left in (e for i, e in answers.items() if i >= index):
                why = f"It could not be reached: {where}."
                self.reports.setdefault(left.id, _unusable(left, why))
        advance(total, total)

    def _cell(
        self, kernel: Kernel, index: int, cell: NotebookNode, exercise: Exercise | None
    ) -> None:
        error = None
        if cell.cell_type == "code" and cell.source.strip():
            error = kernel.run(cell.source, self.cell_seconds).error
            if error:
                self.notes.append(f"Cell {index + 1}: {error}")
        if exercise is not None:
            if exercise.id in self.reports:
                self.notes.append(f"{exercise.id} has several cells; the last one counts")
            self.reports[exercise.id] = self._judge(kernel, exercise, error)

    def _judge(self, kernel: Kernel, exercise: Exercise, error: str | None) -> Report:
        def send(line: str) -> str:
            return _ask(kernel, exercise, line)

        try:
            return judge(exercise, WireProber(send), self.seed)
        except _NoAnswer as reason:
            because = f" Its cell ended with {error}" if error else ""
            return _unusable(exercise, f"{reason}{because}")
        except ValueError as reason:  # the reply is not plain data
            return _unusable(exercise, f"Its cell upset the kernel: {reason}")


def _ask(kernel: Kernel, exercise: Exercise, line: str) -> str:
    """Carry a request to the answer and its reply back.

    Raises:
        _NoAnswer: there is no answer, or it is the course's own.
    """
    name = exercise.answer_name
    call = f'__import__("grader.kernel", fromlist=["_"]).show_reply({name!r}, {line!r})'
    outcome = kernel.run(call, exercise.seconds + _MARGIN_SECONDS)
    if not outcome.replies:
        raise _NoAnswer(f"It could not be looked at: {outcome.error or 'no reply came'}.")
    reply = outcome.replies[-1]
    if not reply["defined"]:
        raise _NoAnswer(f"The notebook does not define `{name}`.")
    own = (getattr(exercise.reference, a, "") for a in ("__module__", "__qualname__"))
    if exercise.is_callable and reply["origin"] == ".".join(own):
        raise _NoAnswer(f"This `{name}` is the course's own: it earns no points.")
    return str(reply["reply"])


def _missing(exercise: Exercise) -> Report:
    return _unusable(exercise, "Its cell is missing from the notebook.")


def _unusable(exercise: Exercise, message: str) -> Report:
    return Report(
        exercise=exercise.id,
        title=exercise.title,
        max_points=exercise.points,
        score=0.0,
        status="unusable",
        message=message,
    )
