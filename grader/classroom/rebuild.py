"""Rebuilds the notebook that is graded from the instructor's master.

The master says which cells there are, in which order, of which type, with which tests and points.
A submission gives nothing but text: that of its answers' cells, found by grade id, and that of
cells which are nobody's test: its author's own ones and edited unlocked ones (a helper function, an
import). Those have no power that an answer's cell lacks, and an honest notebook may not run without
them. So what was deleted, moved, retagged, retyped or duplicated does not matter.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import nbformat
from nbformat.notebooknode import NotebookNode

from grader.classroom.master import grading
from grader.classroom.submission import Cell


@dataclass
class Rebuilt:
    """The notebook to run, and what was put right in it."""

    notebook: NotebookNode
    remarks: list[str] = field(default_factory=list)


@dataclass
class _Matched:
    """Which submitted cell belongs to which of the master's; the others, by where they stand."""

    cells: dict[int, Cell] = field(default_factory=dict)
    own: dict[int, list[Cell]] = field(default_factory=dict)  # after this cell; -1 for the top


def is_answer(cell: NotebookNode) -> bool:
    """Whether nbgrader lets students write into a cell."""
    return bool(grading(cell).get("solution"))


def is_test(cell: NotebookNode) -> bool:
    """Whether a cell's result is points: a code cell that students may not change."""
    about = grading(cell)
    return bool(about.get("grade")) and not is_answer(cell) and cell.cell_type == "code"


def is_locked(cell: NotebookNode) -> bool:
    """Whether nbgrader keeps a cell as the instructor wrote it."""
    about = grading(cell)
    return not is_answer(cell) and bool(about.get("grade") or about.get("locked"))


def is_task(cell: NotebookNode) -> bool:
    """Whether a cell describes a task that a person grades as a whole."""
    return bool(grading(cell).get("task"))


def rebuild(master: NotebookNode, submitted: Sequence[Cell]) -> Rebuilt:
    """Fill the master's open cells with a submission's text.

    Args:
        master: the instructor's notebook; it is not changed.
        submitted: the submission's cells in their order.
    """
    whole = copy.deepcopy(master)
    rebuilt, matched = Rebuilt(whole), _match(whole, submitted)
    cells: list[NotebookNode] = [_own(cell) for cell in matched.own.get(-1, [])]
    for index, cell in enumerate(whole.cells):
        _fill(cell, matched.cells.get(index), rebuilt.remarks)
        cells.append(cell)
        cells += [_own(added) for added in matched.own.get(index, [])]
    whole.cells = cells
    _name_cells(whole)
    return rebuilt


def _match(master: NotebookNode, submitted: Sequence[Cell]) -> _Matched:
    names = [grading(known).get("grade_id") for known in master.cells]
    places = [_place(master, names, cell) for cell in submitted]
    last = {place: number for number, place in enumerate(places) if place is not None}
    matched, anchor = _Matched(), -1
    for number, (cell, place) in enumerate(zip(submitted, places, strict=True)):
        if place is None:
            matched.own.setdefault(anchor, []).append(cell)
        elif last[place] == number:  # of several with one id nbgrader takes the last
            matched.cells[place] = cell
            anchor = place
        elif is_answer(master.cells[place]):  # an earlier attempt, kept as code of one's own
            matched.own.setdefault(anchor, []).append(cell)
    return matched


def _place(master: NotebookNode, names: list[str | None], cell: Cell) -> int | None:
    """The master's cell that a submitted one stems from: by grade id, else by id, else by text."""
    if cell.grade_id and cell.grade_id in names:
        return names.index(cell.grade_id)
    plain = [index for index, name in enumerate(names) if not name]
    for index in plain:
        if cell.id and master.cells[index].get("id") == cell.id:
            return index
    for index in plain:
        known = master.cells[index]
        if (known.cell_type, known.source) == (cell.type, cell.source):
            return index
    for index, known in enumerate(master.cells):  # a cell whose metadata an editor has dropped
        if cell.id and not cell.grade_id and known.get("id") == cell.id:
            return index
    return None


def _fill(cell: NotebookNode, found: Cell | None, remarks: list[str]) -> None:
    name = grading(cell).get("grade_id", "")
    if found is None:
        if name:
            remarks.append(f"{name}: the cell was missing, the instructor's was put back")
        return
    if is_locked(cell):
        if found.source != cell.source and name and not is_test(cell):
            remarks.append(f"{name}: changed, the instructor's was put back")
        return
    if not name and found.type != cell.cell_type:
        return  # an instructor's cell turned into text: what it sets is needed further down
    cell.source = found.source


def _own(cell: Cell) -> NotebookNode:
    """A cell of the student's own, without any metadata."""
    make = {
        "code": nbformat.v4.new_code_cell,
        "markdown": nbformat.v4.new_markdown_cell,
        "raw": nbformat.v4.new_raw_cell,
    }[cell.type]
    made: NotebookNode = make(cell.source)  # type: ignore[no-untyped-call]
    made.id = ""  # the library's are random
    return made


def _name_cells(notebook: NotebookNode) -> None:
    """Cell ids that are unique, valid, and the same each time."""
    taken: set[str] = set()
    for number, cell in enumerate(notebook.cells):
        name = str(cell.get("id", "")) or f"cell-{number}"
        while name in taken or not re.fullmatch(r"[\w-]{1,64}", name, re.ASCII):
            name = f"cell-{number}-{len(taken)}"
        taken.add(name)
        cell.id = name
    notebook.nbformat, notebook.nbformat_minor = 4, 5
