"""Tests that gave points beside an answer are tried again where the answer cannot reach them.

An answer can lie to an assert that runs beside it, or read it. So the notebook runs a second time,
without the tests, and a referee in another sandbox (`grader.classroom.referee`) runs those, asking
the submission only for plain data. The lower of the two scores counts.

Not every test can be judged so. Those are, for which the instructor's own answers earn outside what
they earn inside; that is found out once for each notebook.
"""

from __future__ import annotations

import copy
import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode

from grader.classroom.forked import forks
from grader.classroom.hearing import Heard, Judged, Known, Trial, hear
from grader.classroom.master import Master, grading
from grader.classroom.rebuild import is_answer
from grader.classroom.result import CellResult, NotebookResult

_ROUNDS = 4


class CannotJudge(Exception):
    """The grader itself failed to judge anything outside; `str()` says why."""


# --- the instructor's own answers -----------------------------------------------------------------

_known: dict[bytes, Judged] = {}


def judgeable(
    master: Master, trial: Trial, inside: Callable[[NotebookNode], NotebookResult]
) -> Judged:
    """The tests of a notebook that can be judged outside, found by trying the instructor's answers.

    Args:
        master: the notebook.
        trial: how it runs, with the instructor's files.
        inside: runs a notebook with its tests beside the answers.

    Raises:
        CannotJudge: it cannot be found out now.
    """
    if not master.solved or not forks():  # elsewhere there is no referee either
        return {}
    digest = hashlib.blake2b(repr((master.text, sorted(master.solved.items()))).encode())
    for name, content in sorted(trial.files.items()):
        digest.update(name.encode("utf-8", "surrogatepass") + content)
    if digest.digest() not in _known:
        _known[digest.digest()] = _found_out(master, trial, inside)
    return _known[digest.digest()]


def _found_out(
    master: Master, trial: Trial, inside: Callable[[NotebookNode], NotebookResult]
) -> Judged:
    started = time.monotonic()
    solved = copy.deepcopy(master.notebook)
    for cell in solved.cells:
        if is_answer(cell) and cell.cell_type == "code":
            cell.source = master.solved.get(grading(cell)["grade_id"], cell.source)
    cells = {c.id: c for c in inside(solved).cells if c.kind == "test" and c.score}
    judged: Judged = dict.fromkeys(cells)
    for _ in range(_ROUNDS):
        if not judged or time.monotonic() - started > trial.limits.notebook_seconds:
            return {}
        heard = hear(solved, master, judged, judged, trial)
        if not heard.submissions:
            raise CannotJudge(heard.lost)
        held = {
            name: Known(tuple(verdict["used"]), tuple(verdict["answers"]))
            for name, verdict in heard.verdicts.items()
            if _earned(verdict, cells[name].most, trial) == cells[name].score
            and not verdict["unsure"]
        }
        if held.keys() == judged.keys():
            return held
        judged = dict.fromkeys(held)  # again: those left out now run beside the answers
    return {}


def _earned(verdict: Mapping[str, Any], most: float, trial: Trial) -> float:
    """What the referee's verdict earns, read as the outputs of a cell are."""
    outputs = []
    if verdict["stderr"]:
        outputs.append(nbformat.v4.new_output("stream", name="stderr", text=verdict["stderr"]))  # type: ignore[no-untyped-call]
    if verdict["result"] is not None:
        shown = {"text/plain": verdict["result"]}
        outputs.append(nbformat.v4.new_output("execute_result", shown))  # type: ignore[no-untyped-call]
    if verdict["error"] or verdict["unsure"]:
        outputs.append(nbformat.v4.new_output("error", ename="", evalue="", traceback=[]))  # type: ignore[no-untyped-call]
    return trial.score(outputs, most)


# --- a submission ---------------------------------------------------------------------------------


def confirm(
    result: NotebookResult,
    notebook: NotebookNode,
    master: Master,
    trial: Trial,
    judgeable: Callable[[], Judged],
) -> None:
    """Judge the tests outside that gave points inside, and let the lower score count.

    Args:
        result: what the tests gave inside; it is changed.
        notebook: the submission's, rebuilt.
        master: the instructor's.
        trial: how it runs.
        judgeable: says which tests can be judged outside; asked only if any gave points.
    """
    tests = [cell for cell in result.cells if cell.kind == "test"]
    for cell in tests:
        cell.judged = "inside"
    if not any(cell.score for cell in tests):
        return
    try:
        judged = judgeable()
        doubtful = {cell.id: cell for cell in tests if cell.score and cell.id in judged}
        heard = hear(notebook, master, judged, doubtful, trial) if doubtful else Heard()
        if not heard.submissions:
            raise CannotJudge(heard.lost)
    except CannotJudge as error:
        result.faults.append(f"judged beside the answers, not outside: {error}")
        return
    for cell in doubtful.values():
        verdict = heard.verdicts.get(cell.id)
        score = 0.0 if verdict is None else _earned(verdict, cell.most, trial)
        cell.judged = "outside"
        if score < (cell.score or 0.0):
            _lower(result, cell, score, _why(verdict, heard.lost))


def _lower(result: NotebookResult, cell: CellResult, score: float, why: str) -> None:
    """Let the lower score count, and say so: in the record, and in the cell that a person sees."""
    cell.beside, cell.score = cell.score, score
    cell.note = f"beside the answer this test gave {cell.beside:g} points, from outside {score:g}"
    cell.note += f": {why}"
    result.faults.append(f"{cell.id}: {cell.note}")
    for shown in (result.executed or {}).get("cells", ()):
        if grading(shown).get("grade_id") == cell.id:
            told = nbformat.v4.new_output("stream", name="stdout", text=cell.note)  # type: ignore[no-untyped-call]
            shown.outputs = [told, *_as_outputs(score)]


def _as_outputs(score: float) -> list[NotebookNode]:
    """What nbgrader's own tools read as that score."""
    shown = {"text/plain": repr(score)}
    return [nbformat.v4.new_output("execute_result", shown)]  # type: ignore[no-untyped-call]


def _why(verdict: Mapping[str, Any] | None, lost: str) -> str:
    if verdict is None:
        return lost or "it could not be judged"
    if verdict["unsure"]:
        return str(verdict["unsure"])
    return f"there it ended with {verdict['error']}" if verdict["error"] else "it held less there"
