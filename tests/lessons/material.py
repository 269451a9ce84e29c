"""What the tests of lessons share: the lessons as they lie on disk, and a way to run them."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from grader import exercises
from grader.build import Course
from grader.build.regions import BEGIN, END
from grader.exercise import Exercise
from grader.kernel import QUIET, environment

COURSE = Course(Path(__file__).parents[2])
LESSONS = COURSE.lessons()
assert LESSONS, "solutions/ holds no lesson: these tests would show nothing"

EXERCISES = {id: e for id, e in exercises().items() if e.lesson in LESSONS}
# A reflection is read by a person; everything else has a probe and a check cell.
CHECKED = {id: e for id, e in EXERCISES.items() if e.kind != "reflection"}


def of_lesson(lesson: str) -> list[Exercise]:
    return [e for e in EXERCISES.values() if e.lesson == lesson]


@cache
def solution(lesson: str) -> NotebookNode:
    """The executed solution. Shared: look, do not change."""
    return nbformat.read(COURSE.notebook(lesson), as_version=4)


@cache
def released(lesson: str) -> NotebookNode:
    """What a learner opens. Shared: look, do not change."""
    return nbformat.read(COURSE.release(lesson) / f"{lesson}.ipynb", as_version=4)


def grading(cell: NotebookNode) -> NotebookNode:
    return cell.metadata.get("nbgrader", NotebookNode())


def cell_of(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    (found,) = [c for c in notebook.cells if grading(c).get("grade_id") == grade_id]
    return found


def check_cells(notebook: NotebookNode, lesson: str) -> Iterator[tuple[Exercise, NotebookNode]]:
    for exercise in of_lesson(lesson):
        if exercise.kind != "reflection":
            yield exercise, cell_of(notebook, f"{exercise.grade_id}-check")


def regions(source: str) -> list[list[str]]:
    """The lines between each pair of marks; all lines of a cell that has no marks."""
    lines = source.splitlines()
    at = [i for i, line in enumerate(lines) if line.strip() in (BEGIN, END)]
    pairs = zip(at[::2], at[1::2], strict=True)
    return [lines[begin + 1 : end] for begin, end in pairs] or [lines]


def answered(lesson: str) -> NotebookNode:
    """The release with this lesson's answers, and nothing else of the solution, filled in."""
    notebook = nbformat.from_dict(released(lesson))
    for exercise in of_lesson(lesson):
        source = cell_of(solution(lesson), exercise.grade_id).source
        cell_of(notebook, exercise.grade_id).source = source
    return notebook


def run(lesson: str, notebook: NotebookNode, *, allow_errors: bool) -> NotebookNode:
    """A copy of a notebook, run from top to bottom in a fresh kernel, in a copy of the release.

    Its metadata says how many seconds that took, the start of the kernel included.
    """
    notebook = nbformat.from_dict(notebook)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(COURSE.release(lesson), folder, dirs_exist_ok=True)
        NotebookClient(
            notebook,
            timeout=120,
            allow_errors=allow_errors,
            resources={"metadata": {"path": folder}},
            extra_arguments=QUIET,
            record_timing=False,
        ).execute(env=environment())
    notebook.metadata["seconds"] = time.perf_counter() - started
    return notebook
