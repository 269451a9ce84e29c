"""Runs a solution notebook, and sees that its own checks give all the points."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.notebooknode import NotebookNode

from grader.build import cells
from grader.build.course import BuildError, Course
from grader.kernel import QUIET, environment

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_WIDGET = "application/vnd.jupyter.widget-view+json"  # names a model that is gone, at random
_MAX_TRACEBACK = 40


def execute(
    course: Course,
    lesson: str,
    notebook: NotebookNode,
    on_cell: Callable[[], None] = lambda: None,
) -> None:
    """Run every cell in a fresh kernel, in the lesson's folder, and keep the outputs.

    Raises:
        BuildError: a cell fails, takes too long, or earns less than its points.
    """
    at = [0]  # the index of the cell that runs
    client = _client(course, lesson, notebook, at, on_cell)
    with tempfile.TemporaryDirectory() as profile:  # no start-up files of the user's
        try:
            client.execute(env={**environment(), "IPYTHONDIR": profile})
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            cell = notebook.cells[at[0]]
            raise BuildError(f"{lesson}, {place(cell, at[0])}: {_why(error, cell)}") from error
    _tidy(notebook)
    for complaint in shortfalls(notebook):
        raise BuildError(f"{lesson}, {complaint}")


def _client(
    course: Course, lesson: str, notebook: NotebookNode, at: list[int], on_cell: Callable[[], None]
) -> NotebookClient:
    return NotebookClient(
        notebook,
        timeout=course.cell_seconds,
        kernel_name="python3",
        resources={"metadata": {"path": str(course.script(lesson).parent)}},
        extra_arguments=QUIET,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,  # how many pieces a stream comes in is a matter of timing
        on_cell_start=lambda cell, cell_index: at.__setitem__(0, cell_index),
        on_cell_executed=lambda cell, cell_index, execute_reply: on_cell(),
    )


def place(cell: NotebookNode, index: int) -> str:
    """Name a cell for a person: its number, and its grade id or first line."""
    name = cell.metadata.get("nbgrader", {}).get("grade_id")
    return f"cell {index + 1} ({name or (cell.source.splitlines() or ['empty'])[0][:60]})"


def shortfalls(notebook: NotebookNode) -> list[str]:
    """What a run of the solution lacks: outputs, or points in its own check cells."""
    found = []
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        complaint = _shortfall(cell)
        if complaint:
            found.append(f"{place(cell, index)}: {complaint}")
    return found


def _shortfall(cell: NotebookNode) -> str | None:
    if cell.execution_count is None:
        return "has not been run"
    if any(o.output_type == "error" for o in cell.outputs):
        return "ended in an error"
    grading = cell.metadata.get("nbgrader", {})
    if not grading.get("grade"):
        return None
    results = [o.data.get("text/plain") for o in cell.outputs if o.output_type == "execute_result"]
    earned = results[0] if results else "nothing"
    if _number(earned) == float(grading["points"]):
        return None
    return f"the solution earns {earned} of {grading['points']:g} points"


def _number(text: Any) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _why(error: Exception, cell: NotebookNode) -> str:
    if isinstance(error, CellTimeoutError):
        return "it ran past the time limit for a cell"
    if isinstance(error, DeadKernelError):
        return "the kernel died"
    failed = [o for o in cell.outputs if o.output_type == "error"]
    text = "\n".join(failed[-1].traceback) if failed else str(error)
    lines = _COLOUR.sub("", text).splitlines()
    return "\n".join(["it raised", *lines[-_MAX_TRACEBACK:]])


def _tidy(notebook: NotebookNode) -> None:
    """Drop what differs from run to run, or from one installation to the next."""
    notebook.metadata = cells.notebook([]).metadata
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if _WIDGET in output.get("data", {}):
                del output["data"][_WIDGET]
