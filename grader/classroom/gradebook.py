"""The one writer of grades: a result becomes rows of nbgrader's gradebook, all of them or none.

What a person has entered stays: manual scores, extra credit, manual comments, flags.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from grader.classroom.folder import CourseFolder, CourseFolderError
from grader.classroom.result import CellResult, NotebookResult, Result

if TYPE_CHECKING:
    from nbgrader.api import Gradebook, SubmittedAssignment, SubmittedNotebook

LOCKED_SECONDS = 30.0  # another program may hold the database that long before we give up
_PAUSE_SECONDS = 0.5


class GradebookBusy(Exception):
    """The database could not be written to; `str()` says why. Nothing of the result is in it."""


class Writer:
    """Applies results to a gradebook."""

    def __init__(
        self, folder: CourseFolder, book: Gradebook, patience: float = LOCKED_SECONDS
    ) -> None:
        self._folder, self._book, self._patience = folder, book, patience
        self._late = _late_policy(folder)
        self._gave_up = False  # waiting for whoever has locked it

    def apply(self, result: Result, only: str = "") -> None:
        """Write one submission's result in one transaction.

        Applying it again changes nothing.

        Args:
            result: what it earned.
            only: an exercise's id or a cell's grade id: nothing else is touched.

        Raises:
            GradebookBusy: the database is locked, away, or full.
        """
        from sqlalchemy.exc import SQLAlchemyError

        # Whoever kept us waiting that long may go on: the next submissions do not wait as long.
        deadline = time.monotonic() + (0.0 if self._gave_up else self._patience)
        while True:
            try:
                self._write(result, only)
                self._book.db.commit()
                self._gave_up = False
                return
            except SQLAlchemyError as error:
                self._book.db.rollback()
                why = str(getattr(error, "orig", None) or error).splitlines()[0]
                if "locked" not in why or time.monotonic() > deadline:
                    self._gave_up = "locked" in why
                    raise GradebookBusy(f"the gradebook could not be written to: {why}") from error
                time.sleep(_PAUSE_SECONDS)

    def _write(self, result: Result, only: str) -> None:
        submission = self._submission(result)
        by_name = {notebook.name: notebook for notebook in submission.notebooks}
        for graded in result.notebooks:
            if graded.name in by_name:
                self._notebook(submission, by_name[graded.name], graded, only)

    def _submission(self, result: Result) -> SubmittedAssignment:
        """The submission's row, made with all that belongs to it if it is new."""
        from nbgrader.api import MissingEntry, Student
        from nbgrader.utils import parse_utc

        book = self._book
        if book.db.get(Student, result.student) is None:
            book.db.add(Student(id=result.student))
            book.db.flush()
        try:
            submission = book.find_submission(result.assignment, result.student)
        except MissingEntry:
            submission = _new_submission(book, result)
        try:
            timestamp = parse_utc(result.timestamp) if result.timestamp else None
        except (ValueError, OverflowError):
            timestamp = None
        if timestamp is not None:
            submission.timestamp = timestamp
        return submission

    def _notebook(
        self,
        submission: SubmittedAssignment,
        row: SubmittedNotebook,
        graded: NotebookResult,
        only: str,
    ) -> None:
        grades = {grade.name: grade for grade in row.grades}
        for cell in graded.cells:
            if cell.id in grades and (not only or only in (cell.id, cell.exercise)):
                _grade(grades[cell.id], cell, handed_in=graded.status != "missing")
        if not only:
            for comment in row.comments:
                if comment.name in graded.comments:
                    comment.auto_comment = graded.comments[comment.name]
        if graded.status in ("graded", "lost"):
            self._penalise(submission, row)

    def _penalise(self, submission: SubmittedAssignment, row: SubmittedNotebook) -> None:
        """As nbgrader's AssignLatePenalties does, within this transaction."""
        book = self._book
        book.db.flush()
        book.db.expire(row, ["score"])
        row.late_submission_penalty = None
        late = submission.total_seconds_late
        if late > 0:
            penalty = self._late.plugin_inst.late_submission_penalty(
                submission.student.id, row.score, late
            )
            if penalty is not None:
                row.late_submission_penalty = min(max(penalty, 0), row.score)


def _grade(row: Any, cell: CellResult, *, handed_in: bool) -> None:
    if cell.kind == "task" and handed_in and cell.score is None:
        return  # nbgrader leaves a task to a person altogether
    row.auto_score = cell.score
    waits = row.manual_score is not None or row.auto_score is None
    row.needs_manual_grade = waits and handed_in


def _new_submission(book: Gradebook, result: Result) -> SubmittedAssignment:
    """As `Gradebook.add_submission`, which commits on its own."""
    from nbgrader.api import Comment, Grade, SubmittedAssignment, SubmittedNotebook

    assignment = book.find_assignment(result.assignment)
    submission = SubmittedAssignment(assignment_id=assignment.id, student_id=result.student)
    book.db.add(submission)
    book.db.flush()
    for notebook in assignment.notebooks:
        row = SubmittedNotebook(notebook_id=notebook.id, assignment_id=submission.id)
        book.db.add(row)
        book.db.flush()
        for cell in [*notebook.grade_cells, *notebook.task_cells]:
            book.db.add(Grade(cell_id=cell.id, notebook_id=row.id))
        for cell in [*notebook.solution_cells, *notebook.task_cells]:
            book.db.add(Comment(cell_id=cell.id, notebook_id=row.id))
    book.db.flush()
    book.db.refresh(submission)
    return submission


def _late_policy(folder: CourseFolder) -> Any:
    from nbgrader.preprocessors import AssignLatePenalties

    preprocessor = AssignLatePenalties(config=folder.config)
    preprocessor.init_plugin()
    return preprocessor


@contextmanager
def opened(folder: CourseFolder) -> Iterator[Gradebook]:
    """The course's gradebook.

    Raises:
        CourseFolderError: there is none, or it cannot be opened.
    """
    from nbgrader.api import Gradebook
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    url = make_url(folder.db_url)
    hint = f"run `nbgrader generate_assignment {folder.assignment}` first"
    if url.get_backend_name() == "sqlite" and url.database:
        from pathlib import Path

        if url.database != ":memory:" and not Path(url.database).is_file():
            raise CourseFolderError(f"there is no gradebook {url.database}: {hint}")
    try:
        book = Gradebook(folder.db_url, folder.course_id)
    except (SQLAlchemyError, ImportError, OSError) as error:
        why = str(error).splitlines()[0]
        raise CourseFolderError(
            f"the gradebook {url.render_as_string(hide_password=True)} cannot be opened: {why}"
        ) from error
    try:
        yield book
    finally:
        book.close()
