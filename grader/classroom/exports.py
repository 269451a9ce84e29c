"""Grades for the gradebooks that schools use, through nbgrader's exporter plugin point.

`nbgrader export --exporter=grader.classroom.exports.CanvasExporter --to canvas.csv`
`nbgrader export --exporter=grader.classroom.exports.MoodleExporter --to moodle.csv`
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbgrader.api import MissingEntry
from nbgrader.plugins import ExportPlugin

from grader.classroom.journal import write_whole
from grader.classroom.page import csv_text

if TYPE_CHECKING:
    from nbgrader.api import Assignment, Gradebook, Student


class _Exporter(ExportPlugin):  # type: ignore[misc]
    """Writes one line a student and one column an assignment."""

    file = "grades.csv"

    def export(self, gradebook: Gradebook) -> None:
        """Write the file that `--to` names.

        Raises:
            OSError: it cannot be written.
        """
        wanted = [str(name) for name in self.assignment]
        chosen = [a for a in gradebook.assignments if not wanted or a.name in wanted]
        names = [str(name) for name in self.student]
        students = [s for s in gradebook.students if not names or s.id in names]
        lines = [*self.preface(chosen)]
        lines += [
            self.line(student, self.scores(gradebook, student, chosen)) for student in students
        ]
        content = csv_text(self.header(chosen), lines)
        write_whole(Path(self.to or self.file), content.encode("utf-8"))
        self.log.info("Exported %d students to %s", len(students), self.to or self.file)

    def header(self, assignments: Sequence[Assignment]) -> list[str]:
        """The names of the columns."""
        raise NotImplementedError

    def preface(self, assignments: Sequence[Assignment]) -> Iterator[list[object]]:
        """Lines before the students'."""
        return iter(())

    def line(self, student: Student, scores: list[float | None]) -> list[object]:
        """A student's line."""
        raise NotImplementedError

    def scores(
        self, gradebook: Gradebook, student: Student, assignments: Sequence[Assignment]
    ) -> list[float | None]:
        """A student's points, less what being late costs; None where nothing was handed in."""
        found: list[float | None] = []
        for assignment in assignments:
            try:
                row: Any = gradebook.find_submission(assignment.name, student.id)
            except MissingEntry:
                found.append(None)
                continue
            late = sum(n.late_submission_penalty or 0.0 for n in row.notebooks)
            found.append(round(max(0.0, row.score - late), 2))
        return found


class CanvasExporter(_Exporter):
    """Canvas: Grades, Import. Students are matched by `ID`, else by `SIS User ID`.

    `ID` is nbgrader's `lms_user_id`; the student's id in nbgrader goes into `SIS User ID` and
    `SIS Login ID`. Where nothing was handed in, the cell is empty, which leaves Canvas's as it is.
    """

    file = "canvas.csv"

    def header(self, assignments: Sequence[Assignment]) -> list[str]:
        """Canvas asks for these five before the assignments."""
        names = [a.name for a in assignments]
        return ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *names]

    def preface(self, assignments: Sequence[Assignment]) -> Iterator[list[object]]:
        """Canvas reads the second line as the points that are possible."""
        most = [a.max_score for a in assignments]
        yield ["    Points Possible", "", "", "", "", *most]

    def line(self, student: Student, scores: list[float | None]) -> list[object]:
        """The name as `Last, First`, then the ids."""
        name = ", ".join(filter(None, (student.last_name, student.first_name))) or student.id
        return [name, student.lms_user_id, student.id, student.id, "", *scores]


class MoodleExporter(_Exporter):
    """Moodle: Grades, Import, CSV file. Map `ID number`, `Username` or `Email address`."""

    file = "moodle.csv"

    def header(self, assignments: Sequence[Assignment]) -> list[str]:
        """Moodle's own names for the student's columns."""
        names = [f"Assignment: {a.name}" for a in assignments]
        return ["First name", "Last name", "ID number", "Username", "Email address", *names]

    def line(self, student: Student, scores: list[float | None]) -> list[object]:
        """Moodle takes "-" for no grade."""
        shown = ["-" if score is None else score for score in scores]
        ids = (student.lms_user_id or student.id, student.id, student.email)
        return [student.first_name, student.last_name, *ids, *shown]
