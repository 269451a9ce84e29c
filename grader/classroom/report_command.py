"""What `course report` does once its arguments are read."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.classroom.feedback import write_feedback
from grader.classroom.folder import CourseFolder
from grader.classroom.gradebook import opened
from grader.classroom.insight import ClassInsight
from grader.classroom.report import write_report


def report_class(
    assignment: str,
    to: Path | None = None,
    feedback: bool = False,
    as_json: bool = False,
    root: Path | None = None,
) -> None:
    """Write the report of an assignment, and say what is in it.

    Raises:
        CourseError: nothing has been graded, or nothing can be written there.
    """
    folder = CourseFolder.at(root or Path.cwd(), assignment)
    target = to or folder.root / "reports" / assignment
    insight = write_report(folder, target)
    students = 0
    if feedback:
        with opened(folder) as book:
            students = write_feedback(folder, book)
    if as_json:
        print(json.dumps(_as_dict(insight, target, students), indent=2))
        return
    console = Console(highlight=False)
    console.print(Text(insight.summary))
    if insight.misconceptions():
        table = Table("students", "exercise", "misconception")
        for cell, name, count in insight.misconceptions()[:10]:
            table.add_row(str(count), Text(cell.name), Text(name.replace("_", " ")))
        console.print(table)
    console.print(Text(f"The report: {target / 'index.html'}"))
    if feedback:
        console.print(Text(f"Feedback for {students} students: {folder.feedback('...')}"))


def _as_dict(insight: ClassInsight, target: Path, students: int) -> dict[str, object]:
    return {
        "assignment": insight.assignment,
        "submissions": len(insight.students),
        "most": insight.most,
        "scores": {student: score for student, score, _, _ in insight.students},
        "distribution": dict(insight.distribution()),
        "exercises": [
            {"id": c.id, "mean_share": c.mean_share, "solved": c.solved, "waiting": c.waiting}
            for c in insight.cells
        ],
        "misconceptions": [
            {"exercise": c.id, "misconception": name, "students": n}
            for c, name, n in insight.misconceptions()
        ],
        "report": str(target / "index.html"),
        "feedback": students,
    }
