"""What each student gets back: the reports that the notebook shows, and a person's comments.

For an exercise, that is the judge's report with the misconception and a first hint. For a plain
test cell it is what the release showed of the test, and how it ended; of hidden tests nothing is
shown: not their text, their inputs, nor what they expect (nbgrader's own feedback shows all that).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import nbformat

from grader import registry
from grader.classroom.folder import CourseFolder, CourseFolderError
from grader.classroom.journal import Journal, write_whole
from grader.classroom.page import page, text
from grader.report import CriterionResult, Example, Report

if TYPE_CHECKING:
    from nbgrader.api import Gradebook, SubmittedNotebook

Record = dict[str, Any]


def write_feedback(folder: CourseFolder, book: Gradebook) -> int:
    """Write every graded student's pages where `nbgrader release_feedback` looks for them.

    Returns how many students have some.

    Raises:
        CourseFolderError: a page cannot be written.
    """
    from nbgrader.api import MissingEntry

    count = 0
    for record in Journal(folder.state).records():
        student, place = record["student"], folder.feedback(record["student"])
        try:
            for notebook in record["notebooks"]:
                row = None
                with suppress(MissingEntry):
                    row = book.find_submission_notebook(
                        notebook["name"], folder.assignment, student
                    )
                sources = _sources(folder, student, notebook["name"])
                made = feedback_page(record, notebook, sources, row, _hidden(folder))
                write_whole(place / f"{notebook['name']}.html", made.encode())
        except OSError as error:
            raise CourseFolderError(f"{place} cannot be written to: {error.strerror}") from error
        count += 1
    return count


def feedback_page(
    record: Record,
    notebook: Record,
    sources: Mapping[str, str],
    row: SubmittedNotebook | None,
    hidden: tuple[str, str],
) -> str:
    """One notebook's feedback.

    Args:
        record: the grade record of the submission.
        notebook: its part for this notebook.
        sources: the text of the graded notebook's cells, by grade id.
        row: what the gradebook holds: manual scores, comments, a late penalty.
        hidden: the marks around hidden tests.
    """
    grades = {g.name: g for g in row.grades} if row is not None else {}
    comments = {c.name: c.comment for c in row.comments if c.comment} if row is not None else {}
    parts = [f"<h1>{text(notebook['name'])}</h1>", _total(record, notebook, row)]
    parts += [f"<p><strong>{text(fault)}</strong></p>" for fault in notebook["faults"]]
    for cell in notebook["cells"]:
        parts += _cell(cell, sources, grades.get(cell["id"]), comments, hidden)
    for name in sorted(set(comments) - {cell["id"] for cell in notebook["cells"]}):
        parts.append(f"<h2>{text(name)}</h2>{_comment(comments[name])}")
    return page(f"{notebook['name']}: feedback for {record['student']}", *parts)


def _total(record: Record, notebook: Record, row: SubmittedNotebook | None) -> str:
    score = sum(c["score"] or 0.0 for c in notebook["cells"]) if row is None else row.score
    most = sum(c["most"] for c in notebook["cells"])
    line = f"{record['student']}: {score:g} of {most:g} points"
    if row is not None and row.late_submission_penalty:
        line += f", less {row.late_submission_penalty:g} for handing in late"
    if any(c["score"] is None and not _by_hand(row, c["id"]) for c in notebook["cells"]):
        line += "; some of it has still to be read by a person"
    return f"<p>{text(line)}</p>"


def _by_hand(row: SubmittedNotebook | None, name: str) -> bool:
    return row is not None and any(
        g.name == name and g.manual_score is not None for g in row.grades
    )


def _cell(
    cell: Record,
    sources: Mapping[str, str],
    grade: Any,
    comments: Mapping[str, str],
    hidden: tuple[str, str],
) -> Iterator[str]:
    score = cell["score"] if grade is None else _score_of(grade)
    earned = "to be read" if score is None else f"{score:g} of {cell['most']:g} points"
    yield f"<h2>{text(_title(cell))}: {text(earned)}</h2>"
    if cell["report"]:
        yield from _exercise(cell, sources)
    elif cell["kind"] == "test":
        yield _test(cell, sources.get(cell["id"], ""), hidden)
    elif cell["id"] in sources and cell["kind"] == "manual":
        yield f"<pre>{text(sources[cell['id']])}</pre>"
    if cell["id"] in comments:
        yield _comment(comments[cell["id"]])


def _score_of(grade: Any) -> float | None:
    if grade.manual_score is None and grade.auto_score is None:
        return None
    return float(grade.score)


def _title(cell: Record) -> str:
    return cell["report"]["title"] if cell["report"] else cell["id"]


def _exercise(cell: Record, sources: Mapping[str, str]) -> Iterator[str]:
    report = report_of(cell["report"])
    try:
        exercise = registry.find(report.exercise)
    except registry.UnknownExercise:
        exercise = None
    if exercise is not None and exercise.grade_id in sources:
        yield f"<pre>{text(sources[exercise.grade_id])}</pre>"
    yield report.to_html()
    if exercise is not None and exercise.hints and report.status in ("partial", "failed"):
        yield f"<p>A hint: {text(exercise.hints[0])}</p>"


def _test(cell: Record, source: str, hidden: tuple[str, str]) -> str:
    begin, end = (re.escape(mark) for mark in hidden)
    shown = re.sub(rf"[^\n]*{begin}.*?(?:{end}[^\n]*|\Z)", "# (more tests)", source, flags=re.S)
    if cell["note"]:
        how = cell["note"]
    elif cell["score"] == cell["most"]:
        how = "All of it held."
    else:
        how = "Not all of it held."
    return f"<pre>{text(shown)}</pre><p>{text(how)}</p>"


def _comment(comment: str) -> str:
    return f"<p><em>Comment:</em> {text(comment)}</p>"


def report_of(data: Record) -> Report:
    """A report from what `Report.as_dict` gave."""
    fields = {k: v for k, v in data.items() if k not in ("points", "passed")}
    fields["criteria"] = tuple(CriterionResult(**c) for c in data["criteria"])
    if data["example"]:
        inputs = tuple((name, shown) for name, shown in data["example"]["inputs"])
        fields["example"] = Example(**{**data["example"], "inputs": inputs})
    return Report(**fields)


def _sources(folder: CourseFolder, student: str, name: str) -> dict[str, str]:
    path = folder.autograded(student) / f"{name}.ipynb"
    try:
        notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except (OSError, ValueError):
        return {}
    about = [(c.metadata.get("nbgrader", {}).get("grade_id"), c.source) for c in notebook.cells]
    return {grade_id: source for grade_id, source in about if grade_id}


def _hidden(folder: CourseFolder) -> tuple[str, str]:
    setting = folder.setting
    return (
        setting("ClearHiddenTests", "begin_test_delimeter", "BEGIN HIDDEN TESTS"),
        setting("ClearHiddenTests", "end_test_delimeter", "END HIDDEN TESTS"),
    )
