"""The report of a graded class, for its instructor: a page and two CSV files.

Made from the grade records alone: no submission is opened, and nothing of a student's runs.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median

from grader.classroom.folder import CourseFolder, CourseFolderError
from grader.classroom.insight import CellInsight, ClassInsight, look
from grader.classroom.journal import Journal, write_whole
from grader.classroom.page import bar, csv_text, page, rows, text, with_code

_COLUMNS = (
    "exercise", "points", "mean", "solved", "by hand", "not written", "not judged", "time to run",
)  # fmt: skip
_NOT_KNOWN = (
    "The time to run is the median of what the computer needed. How long learners worked on an "
    "exercise and which hints they took is not known: their progress stays with them."
)


def write_report(folder: CourseFolder, target: Path) -> ClassInsight:
    """Write `index.html`, `scores.csv` and `misconceptions.csv` into a folder.

    Raises:
        CourseFolderError: nothing has been graded yet, or the folder cannot be written to.
    """
    insight = look(folder.assignment, Journal(folder.state).records())
    if not insight.students:
        raise CourseFolderError(
            f"nothing of {folder.assignment} has been graded: run `course grade` first"
        )
    try:
        write_whole(target / "index.html", as_page(insight).encode())
        write_whole(target / "scores.csv", scores_csv(insight).encode())
        write_whole(target / "misconceptions.csv", misconceptions_csv(insight).encode())
    except OSError as error:
        raise CourseFolderError(f"{target} cannot be written to: {error.strerror}") from error
    return insight


def as_page(insight: ClassInsight) -> str:
    """The report as a page."""
    return page(
        f"{insight.assignment}: the class",
        f"<h1>{text(insight.assignment)}</h1><p>{text(insight.summary)}</p>",
        "<h2>Scores</h2>",
        _distribution(insight),
        "<h2>What to teach again</h2>",
        _misconceptions(insight),
        "<h2>Each exercise</h2>",
        rows(
            _COLUMNS,
            [_cell_line(cell) for cell in insight.cells],
        ),
        f"<p>{text(_NOT_KNOWN)}</p>",
        "<h2>To look at</h2>",
        _faults(insight),
    )


def _distribution(insight: ClassInsight) -> str:
    counts = insight.distribution()
    most = max(n for _, n in counts) or 1
    lines = "".join(
        f'<tr><td style="border:0;padding:.1rem .7rem">{text(label)}</td>'
        f'<td style="border:0;padding:.1rem;width:36rem">{bar(n / most, str(n))}</td></tr>'
        for label, n in counts
    )
    return f"<table><tbody>{lines}</tbody></table>"


def _misconceptions(insight: ClassInsight) -> str:
    found = insight.misconceptions()
    if not found:
        return "<p>No known misconception was met.</p>"
    students = len(insight.students)
    lines = [
        (f"{n} ({n / students:.0%})", cell.name, name.replace("_", " "), cell.says(name))
        for cell, name, n in found
    ]
    return rows(("students", "exercise", "misconception", "what they were told"), lines, with_code)


def _cell_line(cell: CellInsight) -> tuple[object, ...]:
    judged = len(cell.scores)
    return (
        cell.name,
        f"{cell.most:g}",
        f"{cell.mean_share:.0%}" if judged else "",
        f"{cell.solved} of {judged}" if judged else "",
        cell.waiting or "",
        cell.statuses["not started"] or "",
        cell.statuses["unusable"] or "",
        f"{median(cell.seconds):.1f} s" if cell.seconds else "not known",
    )


def _faults(insight: ClassInsight) -> str:
    lines = [(student, fault) for student, _, faults, _ in insight.students for fault in faults]
    return rows(("student", "what went wrong"), lines) if lines else "<p>Nothing.</p>"


def scores_csv(insight: ClassInsight) -> str:
    """Each student's points, most, seconds and faults."""
    lines = [
        (student, score, insight.most, round(seconds, 2), "; ".join(faults))
        for student, score, faults, seconds in insight.students
    ]
    return csv_text(("student", "points", "of", "seconds", "faults"), lines)


def misconceptions_csv(insight: ClassInsight) -> str:
    """Each misconception and how many had it."""
    lines = [(cell.id, name, n, cell.says(name)) for cell, name, n in insight.misconceptions()]
    return csv_text(("exercise", "misconception", "students", "says"), lines)
