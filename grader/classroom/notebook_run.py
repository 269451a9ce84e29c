"""One notebook's run: every cell in its session, and what each graded cell earns.

An exercise of this course is judged here, on this side of the wall, and only its inputs and plain
observations cross. A plain test is scored by what it left beside the answers; `outside` then looks
at that from elsewhere.
"""

from __future__ import annotations

import secrets
import time
import warnings
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import nbformat
from nbformat.notebooknode import NotebookNode

from grader import registry
from grader.classroom.master import Asked, Master, asked, grading
from grader.classroom.rebuild import is_answer, is_task, is_test
from grader.classroom.result import CellKind, CellResult, NotebookResult
from grader.classroom.scoring import is_untouched, score_of_answer, score_of_outputs
from grader.classroom.session import (
    Limits,
    NoReply,
    Sandbox,
    Session,
    SessionLost,
    open_session,
)
from grader.exercise import Exercise
from grader.judge import judge
from grader.prober import WireProber
from grader.report import Report

_MARGIN_SECONDS = 10.0  # for what a probe does besides calling the answer


@dataclass(frozen=True)
class Policy:
    """How to grade; the same for all submissions of a run.

    Attributes:
        seed: every submission's inputs are drawn from this and from who it is.
        sandbox: see `open_session`.
        warm: see `open_session`.
        limits: what one notebook may use.
        ignore_stderr: a regular expression; text on stderr that has it costs no points. It is
            nbgrader's `IgnorePattern.pattern`.
    """

    seed: int = 0
    sandbox: Sandbox = "bwrap"
    warm: bool = True
    limits: Limits = field(default_factory=Limits)
    ignore_stderr: str = ""


def opened(
    files: Mapping[str, bytes], master: Master, policy: Policy
) -> AbstractContextManager[Session]:
    """The session of a notebook."""
    return open_session(
        files,
        lesson=master.lesson,
        limits=policy.limits,
        sandbox=policy.sandbox,
        warm=policy.warm,
    )


def kind_of(cell: NotebookNode, question: Asked | None) -> CellKind | None:
    """What sort of graded cell this is; None if it is none."""
    if is_task(cell):
        return "task"
    if not grading(cell).get("grade"):
        return None
    if is_answer(cell):
        return "manual"
    return "exercise" if question is not None and _known(question.exercise) else "test"


def _known(id: str) -> bool:
    try:
        registry.find(id)
    except registry.UnknownExercise:
        return False
    return True


class NotebookRun:
    """One notebook's run through its session."""

    def __init__(
        self, notebook: NotebookNode, master: Master, result: NotebookResult, policy: Policy
    ) -> None:
        self.notebook, self.master, self.result, self.policy = notebook, master, result, policy
        self.lost: str | None = None
        self._since = time.monotonic()

    def go(self, files: Mapping[str, bytes]) -> None:
        """Run and grade every cell; once the session is lost, those left earn nothing."""
        try:
            with opened(files, self.master, self.policy) as session:
                self.result.about, self._since = session.about, time.monotonic()
                for number, cell in enumerate(self.notebook.cells):
                    self._cell(session, number, cell)
        except SessionLost as error:  # it did not start, or did not end in good order
            self._lose(str(error), None)
        if len(self.result.cells) < _graded(self.notebook):  # it never started
            self.result.cells.clear()
            for number, cell in enumerate(self.notebook.cells):
                self._cell(None, number, cell)
        self.result.executed = nbformat.from_dict(self.notebook)  # type: ignore[no-untyped-call]

    def _lose(self, why: str, number: int | None) -> None:
        if self.lost is None:
            place = "" if number is None else f" in cell {number + 1}"
            self.lost = f"{why}{place}"
            self.result.status = "lost"
            self.result.faults.append(self.lost)

    def _cell(self, session: Session | None, number: int, cell: NotebookNode) -> None:
        question = asked(cell)
        kind = kind_of(cell, question)
        if is_answer(cell) or is_task(cell):
            untouched = is_answer(cell) and not is_task(cell) and is_untouched(cell)
            self.result.comments[grading(cell)["grade_id"]] = "No response." if untouched else None
        if kind == "exercise" and question is not None:
            self._exercise(session, number, cell, question)
            return
        if cell.cell_type == "code" and cell.source.strip():
            self._execute(session, number, cell)
        if kind is not None:
            self._score(cell, kind)

    def _execute(self, session: Session | None, number: int, cell: NotebookNode) -> None:
        if session is None or self.lost:
            return
        if is_test(cell) and not self._tests_hold(session, number):
            return
        try:
            run = session.run(cell.source)
        except SessionLost as error:
            self._lose(str(error), number)
            return
        cell.outputs, cell.execution_count = run.outputs, run.execution_count
        if run.error and not any(o.output_type == "error" for o in cell.outputs):
            cell.outputs.append(_error(run.error))
        if run.timed_out:
            self.result.faults.append(f"cell {number + 1}: {run.error}")

    def _tests_hold(self, session: Session, number: int) -> bool:
        """Whether a test that must fail still does: a submission may have switched tests off.

        This finds what disarms every test (a transformer that drops `assert`, a silenced kernel);
        it cannot find an answer that lies to one test, which only a judge outside can.
        """
        nonce = secrets.token_hex(8)
        low = secrets.randbelow(10**6)
        try:
            run = session.run(f"assert {low} == {low + 1}, {nonce!r}")
        except SessionLost as error:
            self._lose(str(error), number)
            return False
        holds = run.error == f"AssertionError: {nonce}" and any(
            o.output_type == "error" and o.evalue == nonce for o in run.outputs
        )
        if not holds:
            self.lost = "the submission has switched tests off"
            self.result.faults.append(f"{self.lost} (seen before cell {number + 1})")
        return holds

    def _score(self, cell: NotebookNode, kind: CellKind) -> None:
        most, score, note = float(grading(cell)["points"]), None, ""
        if kind == "manual":
            score = score_of_answer(cell)
        elif kind == "test" and self.lost:
            score, note = 0.0, self.lost
            cell.outputs = [_error(f"NotRun: {self.lost}")]
        elif kind == "test":
            score = score_of_outputs(cell.outputs, most, self.policy.ignore_stderr)
        self._earn(CellResult(grading(cell)["grade_id"], kind, score, most, note=note))

    def _earn(self, cell: CellResult) -> None:
        now = time.monotonic()
        cell.seconds, self._since = round(now - self._since, 3), now
        self.result.cells.append(cell)

    def _exercise(
        self, session: Session | None, number: int, cell: NotebookNode, question: Asked
    ) -> None:
        exercise, name = registry.find(question.exercise), grading(cell)["grade_id"]
        report = self._judge(session, number, exercise, question.name)
        most = float(grading(cell)["points"])
        score = round(report.score * most, 2)
        _show(cell, report, score)
        self._earn(CellResult(name, "exercise", score, most, exercise.id, report.as_dict()))

    def _judge(self, session: Session | None, number: int, exercise: Exercise, name: str) -> Report:
        if session is None or self.lost:
            return _unusable(exercise, f"It could not be reached: {self.lost}.")
        prober = WireProber(lambda line: _ask(session, exercise, name, line))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return judge(exercise, prober, self.result.seed)
        except SessionLost as error:
            self._lose(str(error), number)
            return _unusable(exercise, f"It could not be judged: {error}.")
        except _NoAnswer as reason:
            return _unusable(exercise, str(reason))
        except ValueError as reason:  # the reply is not plain data
            why = f"its reply to the judge is not a probe's: {reason}"
        except Exception as error:  # data of a form that nobody foresaw; it must not end the batch
            why = f"{exercise.id} could not be judged: {type(error).__name__}: {error}"
        self.result.faults.append(why[:500])
        return _unusable(exercise, "It could not be judged: what came back is no answer's doing.")


class _NoAnswer(Exception):
    """A probe brought nothing back; `str()` says why."""


def _ask(session: Session, exercise: Exercise, name: str, line: str) -> str:
    try:
        reply = session.probe(name, line, seconds=exercise.seconds + _MARGIN_SECONDS)
    except NoReply as error:
        raise _NoAnswer(f"It could not be looked at: {error}.") from error
    if reply is None:
        raise _NoAnswer(f"The notebook does not define `{name}`.")
    return reply


def _graded(notebook: NotebookNode) -> int:
    return sum(kind_of(cell, asked(cell)) is not None for cell in notebook.cells)


def _unusable(exercise: Exercise, message: str) -> Report:
    return Report(
        exercise=exercise.id,
        title=exercise.title,
        max_points=exercise.points,
        score=0.0,
        status="unusable",
        message=message,
    )


def _show(cell: NotebookNode, report: Report, score: float) -> None:
    """Put into a check cell what it shows in a notebook: the report, and the points as its result.

    So nbgrader's own tools, which read points from outputs, read the same ones.
    """
    page = {"text/html": report.to_html(), "text/plain": str(report)}
    earned = {"text/plain": repr(float(score))}
    cell.outputs = [
        nbformat.v4.new_output("display_data", page),  # type: ignore[no-untyped-call]
        nbformat.v4.new_output("execute_result", earned),  # type: ignore[no-untyped-call]
    ]


def _error(text: str) -> NotebookNode:
    name, _, value = text.partition(": ")
    node: NotebookNode = nbformat.v4.new_output(  # type: ignore[no-untyped-call]
        "error", ename=name, evalue=value, traceback=[text]
    )
    return node
