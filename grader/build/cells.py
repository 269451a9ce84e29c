"""The cells that nbgrader knows, and the ids of all cells."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode

from grader.exercise import Exercise

# Fixed, so that a notebook does not tell which Python built it.
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}


def notebook(cells: Sequence[NotebookNode]) -> NotebookNode:
    """A notebook of these cells, with ids and the course's metadata."""
    _set_ids(cells)
    whole: NotebookNode = nbformat.v4.new_notebook(cells=list(cells))  # type: ignore[no-untyped-call]
    whole.metadata.update(nbformat.from_dict(METADATA))  # type: ignore[no-untyped-call]
    whole.nbformat_minor = 5
    return whole


def code(source: str, **metadata: Any) -> NotebookNode:
    """A code cell that has not run."""
    cell: NotebookNode = nbformat.v4.new_code_cell(source, metadata=metadata)  # type: ignore[no-untyped-call]
    return cell


def markdown(source: str, **metadata: Any) -> NotebookNode:
    """A markdown cell."""
    cell: NotebookNode = nbformat.v4.new_markdown_cell(source, metadata=metadata)  # type: ignore[no-untyped-call]
    return cell


def answer(exercise: Exercise, source: str, stub: str | None, **metadata: Any) -> NotebookNode:
    """The cell that holds an answer."""
    course = {"exercise": exercise.id} if stub is None else {"exercise": exercise.id, "stub": stub}
    grading = _grading(exercise.grade_id, "code", solution=True)
    return code(source, **metadata, course=course, nbgrader=grading)


def check(exercise: Exercise) -> NotebookNode:
    """The locked cell whose result is the points: nbgrader reads them as partial credit."""
    grading = _grading(
        f"{exercise.grade_id}-check", "code", grade=True, locked=True, points=exercise.points
    )
    return code(f'check("{exercise.id}", {exercise.answer_name})', nbgrader=grading)


def reflection(exercise: Exercise, source: str, **metadata: Any) -> NotebookNode:
    """The cell that holds a written answer; a person gives its points."""
    grading = _grading(
        exercise.grade_id, "markdown", grade=True, solution=True, points=exercise.points
    )
    return markdown(source, **metadata, course={"exercise": exercise.id}, nbgrader=grading)


def rubric(exercise: Exercise) -> NotebookNode:
    """The read-only cell that says what a written answer is graded for."""
    lines = [f"**What a good answer says** ({_points(exercise.points)}):", ""]
    lines += [f"- {text} ({_points(points)})" for points, text in exercise.rubric]
    grading = _grading(f"{exercise.grade_id}-rubric", "markdown", locked=True)
    return markdown("\n".join(lines), nbgrader=grading)


def _points(number: float) -> str:
    return f"{number:g} point{'' if number == 1 else 's'}"


def _grading(
    grade_id: str,
    cell_type: str,
    *,
    grade: bool = False,
    solution: bool = False,
    locked: bool = False,
    points: float | None = None,
) -> dict[str, Any]:
    """The metadata of nbgrader's schema 3."""
    found = {
        "cell_type": cell_type,
        "grade": grade,
        "grade_id": grade_id,
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    return found if points is None else {**found, "points": points}


def _set_ids(cells: Sequence[NotebookNode]) -> None:
    """Give each cell its grade id, else a hash of what it holds; equal cells are numbered."""
    taken: set[str] = set()
    for cell in cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        repeat = 0
        while not name or name in taken:
            content = f"{cell.cell_type}\n{repeat}\n{cell.source}"
            name = hashlib.sha256(content.encode()).hexdigest()[:12]
            repeat += 1
        taken.add(name)
        cell.id = name
