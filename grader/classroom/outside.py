"""Tests that gave points beside an answer are tried again where the answer cannot reach them.

An answer can lie to an assert that runs beside it, or read it. So the notebook runs a second time,
without the tests, and a referee in another sandbox (`grader.classroom.referee`) runs those, asking
the submission only for plain data. The lower of the two scores counts.

Not every test can be judged so. Those are, for which the instructor's own answers earn outside what
they earn inside; that is found out once for each notebook.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat.notebooknode import NotebookNode

from grader.classroom import referee
from grader.classroom.inside.names import stored_in
from grader.classroom.master import Master, asked, grading
from grader.classroom.rebuild import is_answer, is_test
from grader.classroom.referee import Referee, RefereeLost
from grader.classroom.result import CellResult, NotebookResult
from grader.classroom.session import Limits, Sandbox, Session, SessionLost

_SECONDS_MORE = 30.0  # a test may take longer than inside: every call goes between two processes
_MARGIN_SECONDS = 10.0  # for what a probe does besides calling the answer
_ROUNDS = 4

Allowed = Mapping[str, list[str] | None]  # grade id -> what the test may ask of objects


@dataclass(frozen=True)
class Trial:
    """How notebooks run here.

    Attributes:
        open: a fresh session with the submission's files beside it.
        walls: see `open_session`.
        limits: what a notebook may use.
        files: the instructor's, for the referee.
        score: what outputs earn, of so many points.
    """

    open: Callable[[], AbstractContextManager[Session]]
    walls: Sandbox
    limits: Limits
    files: Mapping[str, bytes]
    score: Callable[[list[NotebookNode], float], float]


@dataclass
class Heard:
    """What came of a notebook's tests outside.

    Attributes:
        verdicts: the referee's, by grade id.
        lost: why there are no more of them; "" if there are all.
        submissions: it is the submission's fault.
    """

    verdicts: dict[str, dict[str, Any]] = field(default_factory=dict)
    lost: str = ""
    submissions: bool = True


class CannotJudge(Exception):
    """The grader itself failed to judge anything outside; `str()` says why."""


# --- the instructor's own answers -----------------------------------------------------------------

_known: dict[bytes, Allowed] = {}


def judgeable(
    master: Master, trial: Trial, inside: Callable[[NotebookNode], NotebookResult]
) -> Allowed:
    """The tests of a notebook that can be judged outside, found by trying the instructor's answers.

    Args:
        master: the notebook.
        trial: how it runs, with the instructor's files.
        inside: runs a notebook with its tests beside the answers.

    Raises:
        CannotJudge: it cannot be found out now.
    """
    if not master.solved:
        return {}
    digest = hashlib.blake2b(repr((master.text, sorted(master.solved.items()))).encode())
    for name, content in sorted(trial.files.items()):
        digest.update(name.encode("utf-8", "surrogatepass") + content)
    if digest.digest() not in _known:
        _known[digest.digest()] = _found_out(master, trial, inside)
    return _known[digest.digest()]


def _found_out(
    master: Master, trial: Trial, inside: Callable[[NotebookNode], NotebookResult]
) -> Allowed:
    started = time.monotonic()
    solved = copy.deepcopy(master.notebook)
    for cell in solved.cells:
        if is_answer(cell) and cell.cell_type == "code":
            cell.source = master.solved.get(grading(cell)["grade_id"], cell.source)
    cells = {c.id: c for c in inside(solved).cells if c.kind == "test" and c.score}
    allowed: Allowed = dict.fromkeys(cells)
    for _ in range(_ROUNDS):
        if not allowed or time.monotonic() - started > trial.limits.notebook_seconds:
            return {}
        heard = hear(solved, master, allowed, allowed, trial)
        if not heard.submissions:
            raise CannotJudge(heard.lost)
        held = {
            name: verdict["used"]
            for name, verdict in heard.verdicts.items()
            if _earned(verdict, cells[name].most, trial) == cells[name].score
            and not verdict["unsure"]
            and verdict["seconds"] < _seconds(trial) / 3  # others are slower
        }
        if held.keys() == allowed.keys():
            return held
        allowed = dict.fromkeys(held)  # again: those left out now run beside the answers
    return {}


def _seconds(trial: Trial) -> float:
    return trial.limits.cell_seconds + _SECONDS_MORE


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
    allowed: Callable[[], Allowed],
) -> None:
    """Judge the tests outside that gave points inside, and let the lower score count.

    Args:
        result: what the tests gave inside; it is changed.
        notebook: the submission's, rebuilt.
        master: the instructor's.
        trial: how it runs.
        allowed: says which tests can be judged outside; asked only if any gave points.
    """
    tests = [cell for cell in result.cells if cell.kind == "test"]
    for cell in tests:
        cell.judged = "inside"
    if not any(cell.score for cell in tests):
        return
    try:
        judged = allowed()
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


# --- running a notebook with its tests outside ----------------------------------------------------


def hear(
    notebook: NotebookNode,
    master: Master,
    allowed: Allowed,
    wanted: Mapping[str, Any],
    trial: Trial,
) -> Heard:
    """Run a notebook with its tests outside, as far as the last one that is wanted.

    Args:
        notebook: a master with somebody's answers.
        master: the master itself, from which the referee learns what is the instructor's.
        allowed: the tests that are judged outside; the others run beside the answers.
        wanted: the tests whose verdict counts. The others are judged for what they do to answers
            that remember how often they were called.
        trial: how it runs.
    """
    heard, begun, left = Heard(), False, set(wanted)
    try:
        with (
            referee.court(trial.walls, trial.files, trial.limits) as court,
            trial.open() as session,
        ):
            begun = True
            told = _tell(court, master, allowed)
            later = _needed_later(master)
            for cell in notebook.cells:
                name = grading(cell).get("grade_id", "")
                if not left:
                    break
                if not is_test(cell):
                    if cell.cell_type == "code" and cell.source.strip():
                        session.run(cell.source)
                elif name in allowed:
                    while next(told) != name:
                        pass
                    heard.verdicts[name] = _judge(court, session, cell, allowed[name], trial)
                    left.discard(name)
                    if name in later:
                        session.run(cell.source)
                elif asked(cell) is None:
                    session.run(cell.source)
    except SessionLost as error:
        heard.lost, heard.submissions = f"the submission could not be asked: {error}", begun
    except RefereeLost as error:
        heard.lost, heard.submissions = f"it could not be judged: {error}", begun
    return heard


def _tell(court: Referee, master: Master, allowed: Allowed) -> Iterator[str]:
    """Tell the referee of the master's cells, one after another; stops at each test of its own."""
    for cell in master.notebook.cells:
        name = grading(cell).get("grade_id", "")
        if cell.cell_type != "code" or asked(cell) is not None:
            continue
        if is_answer(cell):
            court.tell("pass", _python(master.solved.get(name, "")))
        elif not is_test(cell):
            court.tell("run", _python(cell.source))
        elif name in allowed:
            yield name
        else:
            court.tell("leave", _python(cell.source))


def _judge(
    court: Referee, session: Session, cell: NotebookNode, allowed: list[str] | None, trial: Trial
) -> dict[str, Any]:
    def answer(name: str, line: str, seconds: float) -> str | None:
        return session.probe(name, line, seconds=seconds + _MARGIN_SECONDS)

    return court.judge(_python(cell.source), _seconds(trial), allowed, answer)


def _python(source: str) -> str:
    """A cell's text without IPython's magics, which become calls that no referee answers."""
    try:
        manager = TransformerManager()  # type: ignore[no-untyped-call]
        return str(manager.transform_cell(source))
    except SyntaxError:
        return source


def _needed_later(master: Master) -> set[str]:
    """The tests that set a name which the instructor's later cells use, those that are no tests.

    What a student's cells use does not count: it could be what a later test expects.
    """
    needed: set[str] = set()
    used: set[str] = set()
    for cell in reversed(master.notebook.cells):
        name = grading(cell).get("grade_id", "")
        if cell.cell_type != "code":
            continue
        if not is_test(cell):
            used |= _loaded(master.solved.get(name, cell.source))
        elif used & stored_in(_python(cell.source)):
            needed.add(name)
    return needed


def _loaded(source: str) -> set[str]:
    try:
        tree = ast.parse(_python(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
