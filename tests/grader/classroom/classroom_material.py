"""Course folders with simulated students, for the tests of class grading."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook

from grader.classroom.command import Options, grade
from grader.classroom.folder import CourseFolder
from grader.classroom.journal import Journal

REPOSITORY = Path(__file__).parents[3]
LESSON = "01_perceptron"
GRADE = [sys.executable, "-m", "grader.cli", "grade"]


@dataclass
class Room:
    """A course folder of its own."""

    root: Path
    assignment: str

    @property
    def folder(self) -> CourseFolder:
        return CourseFolder.at(self.root, self.assignment)

    @property
    def journal(self) -> Journal:
        return Journal(self.folder.state)

    def copy(self, root: Path) -> "Room":
        shutil.copytree(self.root, root, symlinks=True, dirs_exist_ok=True)
        return Room(root, self.assignment)

    def run(self, *command: str, timeout: float = 280) -> subprocess.CompletedProcess[str]:
        """Run a command as an instructor in this folder does."""
        return subprocess.run(
            command, cwd=self.root, capture_output=True, text=True, timeout=timeout
        )

    def generate(self) -> "Room":
        done = self.run("nbgrader", "generate_assignment", self.assignment)
        assert done.returncode == 0, done.stderr
        return self

    def grade(self, **options: Any) -> int:
        """`course grade` in this process."""
        return grade(Options(self.assignment, **{"as_json": True, **options}), self.root)

    def notebook(self, name: str) -> nbformat.NotebookNode:
        """A released notebook."""
        release = self.folder.release / f"{name}.ipynb"
        return nbformat.read(release, as_version=4)

    def submit(
        self,
        student: str,
        notebooks: dict[str, "nbformat.NotebookNode | bytes | str"],
        files: dict[str, str] | None = None,
    ) -> Path:
        """Hand in notebooks (or bytes in their place) and other files."""
        place = self.root / "submitted" / student / self.assignment
        place.mkdir(parents=True, exist_ok=True)
        for name, notebook in notebooks.items():
            if isinstance(notebook, nbformat.NotebookNode):
                notebook = json.dumps(notebook)
            content = notebook.encode() if isinstance(notebook, str) else notebook
            (place / f"{name}.ipynb").write_bytes(content)
        for name, text in (files or {}).items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text)
        return place

    def answered(self, name: str, answers: dict[str, str]) -> nbformat.NotebookNode:
        """A released notebook with these answers, by grade id."""
        notebook = self.notebook(name)
        for cell in notebook.cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            cell.source = answers.get(grade_id, cell.source)
        return notebook

    def book(self) -> Gradebook:
        folder = self.folder
        return Gradebook(folder.db_url, folder.course_id)

    def rows(self) -> dict[str, dict[str, Any]]:
        """All that the gradebook says of each submission."""
        with self.book() as book:
            return {
                submission.student.id: {
                    "timestamp": submission.timestamp,
                    "score": submission.score,
                    "grades": {
                        f"{n.name}/{g.name}": (g.auto_score, g.manual_score, g.needs_manual_grade)
                        for n in submission.notebooks
                        for g in n.grades
                    },
                    "comments": {
                        f"{n.name}/{c.name}": (c.auto_comment, c.manual_comment)
                        for n in submission.notebooks
                        for c in n.comments
                    },
                    "penalties": {n.name: n.late_submission_penalty for n in submission.notebooks},
                }
                for submission in book.find_assignment(self.assignment).submissions
            }

    def scores(self, student: str) -> dict[str, float | None]:
        """What each cell earned by itself."""
        grades = self.rows()[student]["grades"]
        return {name.split("/", 1)[1]: auto for name, (auto, _, _) in grades.items()}

    def record(self, student: str) -> dict[str, Any]:
        """The log of a submission."""
        found = self.journal.load_record(student)
        assert found is not None
        return found


def lesson_room(root: Path, lesson: str = LESSON) -> Room:
    """A folder with one lesson of this course."""
    root.mkdir(parents=True, exist_ok=True)
    shutil.copy(REPOSITORY / "nbgrader_config.py", root)
    shutil.copytree(REPOSITORY / "solutions" / lesson, root / "solutions" / lesson)
    return Room(root, lesson).generate()


def solutions(lesson: str = LESSON) -> dict[str, str]:
    """The right answers of a lesson, by grade id."""
    notebook = nbformat.read(REPOSITORY / "solutions" / lesson / f"{lesson}.ipynb", as_version=4)
    return {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }


def cell(kind: str, source: str, **grading: Any) -> nbformat.NotebookNode:
    """A cell; with a `grade_id`, one that nbgrader knows."""
    make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    made = make(source)
    if grading:
        plain = {"grade": False, "solution": False, "locked": False, "task": False}
        made.metadata["nbgrader"] = {"schema_version": 3, **plain, **grading}
    return made


def answer(grade_id: str, source: str, **more: Any) -> nbformat.NotebookNode:
    return cell("code", source, grade_id=grade_id, solution=True, **more)


def test_cell(grade_id: str, source: str, points: float) -> nbformat.NotebookNode:
    return cell("code", source, grade_id=grade_id, grade=True, locked=True, points=points)


test_cell.__test__ = False  # type: ignore[attr-defined]


def course_room(
    root: Path,
    assignment: str,
    notebooks: dict[str, list[nbformat.NotebookNode]],
    *,
    config: str = "",
    files: dict[str, str] | None = None,
    duedate: str = "",
) -> Room:
    """A folder of somebody else's course, with nbgrader's own layout."""
    source = root / "source" / assignment
    source.mkdir(parents=True)
    head = "c = get_config()\nc.CourseDirectory.course_id = 'theirs'\n"
    head += "c.Execute.extra_arguments = ['--log-level=ERROR']\n"
    (root / "nbgrader_config.py").write_text(head + config)
    for name, cells in notebooks.items():
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata["kernelspec"] = {
            "display_name": "Python 3", "language": "python", "name": "python3"
        }  # fmt: skip
        nbformat.write(notebook, source / f"{name}.ipynb")
    for name, text in (files or {}).items():
        (source / name).write_text(text)
    room = Room(root, assignment).generate()
    if duedate:
        with room.book() as book:
            book.update_or_create_assignment(assignment, duedate=duedate)
    return room


def with_own_environment(**variables: str) -> dict[str, str]:
    """The environment of a command that is started beside us."""
    return {**os.environ, **variables}
