"""The instructor's master of a notebook: what is graded, whatever a submission says of itself.

Its cells stand in the order of the release (or, without one, of the source). Each cell that
nbgrader knows takes its text, checksum and points from the gradebook: there the tests include what
is hidden from students, and the answers' cells hold what the release shows.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat.notebooknode import NotebookNode

from grader.classroom.folder import CourseFolder, CourseFolderError

if TYPE_CHECKING:
    from nbgrader.api import Gradebook, Notebook


@dataclass(frozen=True)
class Asked:
    """What a check cell asks: to judge the answer of this name as this exercise."""

    exercise: str
    name: str


@dataclass(frozen=True)
class Master:
    """A notebook to be graded.

    Attributes:
        name: its name, without the ending.
        text: the notebook as JSON: stubs, whole tests, nbgrader's metadata.
        lesson: the lesson whose exercises it holds, or None where it has none of this course.
        solved: the instructor's own answers, by grade id; empty where the source is not here.
    """

    name: str
    text: str
    lesson: str | None = None
    solved: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def notebook(self) -> NotebookNode:
        """A fresh copy at first use; whoever changes it copies it."""
        return nbformat.from_dict(json.loads(self.text))  # type: ignore[no-untyped-call]

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return asdict(self)


def grading(cell: NotebookNode) -> dict[str, Any]:
    """A cell's entry for nbgrader; empty where it has none."""
    found: dict[str, Any] = cell.metadata.get("nbgrader", {})
    return found


def asked(cell: NotebookNode) -> Asked | None:
    """What a check cell of this course asks; None for any other cell.

    Only a cell that is nothing but `check("topic.name", answer)` counts.
    """
    about = grading(cell)
    if cell.cell_type != "code" or not about.get("grade") or about.get("solution"):
        return None
    try:
        body = ast.parse(cell.source).body
    except SyntaxError:
        return None
    match body:
        case [
            ast.Expr(
                ast.Call(
                    func=ast.Name("check"),
                    args=[ast.Constant(str(exercise)), ast.Name(name)],
                    keywords=[],
                )
            )
        ]:
            return Asked(exercise, name)
    return None


def load_masters(folder: CourseFolder, book: Gradebook) -> list[Master]:
    """The masters of an assignment's notebooks.

    Raises:
        CourseFolderError: the gradebook does not know the assignment, or its files are missing.
    """
    from nbgrader.api import MissingEntry

    generate = f"run `nbgrader generate_assignment {folder.assignment}` first"
    try:
        assignment = book.find_assignment(folder.assignment)
    except MissingEntry as error:
        raise CourseFolderError(
            f"the gradebook has no assignment {folder.assignment!r}: {generate}"
        ) from error
    if not assignment.notebooks:
        raise CourseFolderError(f"{folder.assignment!r} has no notebooks: {generate}")
    return [_master(folder, entry, generate) for entry in assignment.notebooks]


def _master(folder: CourseFolder, entry: Notebook, generate: str) -> Master:
    skeleton = _skeleton(folder, entry.name, generate)
    known = {cell.name: cell for cell in entry.source_cells}
    points = {cell.name: cell.max_score for cell in [*entry.grade_cells, *entry.task_cells]}
    met: set[str] = set()
    for cell in skeleton.cells:
        cell.pop("outputs", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        name = grading(cell).get("grade_id", "")
        if name in known:
            _overwrite(cell, known[name], points.get(name))
            met.add(name)
    missing = sorted(set(points) - met)
    if missing:
        raise CourseFolderError(
            f"{entry.name}.ipynb lacks the graded cells {', '.join(missing[:5])}: {generate}"
        )
    if entry.kernelspec and json.loads(entry.kernelspec):
        skeleton.metadata["kernelspec"] = json.loads(entry.kernelspec)
    _see_that_it_is_python(entry.name, skeleton.metadata.get("kernelspec", {}))
    solved = _solved(folder.source / f"{entry.name}.ipynb")
    return Master(entry.name, json.dumps(skeleton), _lesson(skeleton), solved)


def _solved(path: Path) -> dict[str, str]:
    """The answers in the instructor's source; none if that is not here or cannot be read."""
    try:
        cells = _upgraded(path).cells if path.is_file() else []
    except CourseFolderError:
        return {}
    return {
        grading(cell)["grade_id"]: cell.source
        for cell in cells
        if cell.cell_type == "code" and grading(cell).get("solution")
    }


def _see_that_it_is_python(name: str, kernelspec: dict[str, str]) -> None:
    language = kernelspec.get("language") or "python"
    if language.lower() != "python":
        raise CourseFolderError(
            f"{name}.ipynb is written in {language}: `course grade` runs Python only, "
            "use `nbgrader autograde` for it"
        )


def _skeleton(folder: CourseFolder, name: str, generate: str) -> NotebookNode:
    for place in (folder.release, folder.source):
        path = place / f"{name}.ipynb"
        if path.is_file():
            return _upgraded(path)
    raise CourseFolderError(
        f"neither {folder.release} nor {folder.source} has {name}.ipynb: {generate}"
    )


def _upgraded(path: Path) -> NotebookNode:
    from nbgrader.nbgraderformat import MetadataValidator

    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        return MetadataValidator().upgrade_notebook_metadata(notebook)
    except Exception as error:  # nbformat passes on whatever its readers raise
        raise CourseFolderError(f"{path} is not a notebook: {error}") from error


def _overwrite(cell: NotebookNode, entry: Any, points: float | None) -> None:
    if cell.cell_type != entry.cell_type:
        cell.cell_type = entry.cell_type
        for key in ("outputs", "execution_count"):
            cell.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    cell.source = entry.source
    about = cell.metadata["nbgrader"]
    about["locked"] = bool(entry.locked)
    about["cell_type"] = entry.cell_type
    if entry.checksum:
        about["checksum"] = entry.checksum
    if points is not None:
        about["points"] = points


def _lesson(notebook: NotebookNode) -> str | None:
    """The lesson of the exercises in a notebook; None if it has none that this course knows."""
    from grader.registry import UnknownExercise, find

    for cell in notebook.cells:
        question = asked(cell)
        if question is None:
            continue
        try:
            return find(question.exercise).lesson
        except UnknownExercise:
            continue
    return None
