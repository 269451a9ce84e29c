"""Runs a notebook with its tests outside: it in one sandbox, the referee of its tests in another.

The two never meet. What the referee asks of the submission goes through here, and is a probe's
request like any other; what it is told of the notebook is the instructor's text alone.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager
from nbformat.notebooknode import NotebookNode

from grader.classroom import referee
from grader.classroom.inside.names import stored_in
from grader.classroom.master import Master, asked, grading
from grader.classroom.rebuild import is_answer, is_test
from grader.classroom.referee import Referee, RefereeLost
from grader.classroom.session import Limits, Sandbox, Session, SessionLost

_SECONDS_MORE = 30.0  # a test may take longer than inside: every call goes between two processes
_MARGIN_SECONDS = 10.0  # for what a probe does besides calling the answer


@dataclass(frozen=True)
class Known:
    """How a test went for the instructor's answers.

    Attributes:
        used: what it asked of objects.
        answers: the names that were answers' at that time, and not the instructor's.
    """

    used: tuple[str, ...]
    answers: tuple[str, ...]


Judged = Mapping[str, Known | None]  # the tests that are judged outside; None: we try whether


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

    @property
    def seconds(self) -> float:
        """How long a test may take outside."""
        return self.limits.cell_seconds + _SECONDS_MORE


@dataclass
class Heard:
    """What came of a notebook's tests outside.

    Attributes:
        verdicts: the referee's, by grade id.
        lost: why there are no more of them; "" if there are all.
        submissions: it is the submission's fault, as far as can be told.
    """

    verdicts: dict[str, dict[str, Any]] = field(default_factory=dict)
    lost: str = ""
    submissions: bool = True


def hear(
    notebook: NotebookNode,
    master: Master,
    judged: Judged,
    wanted: Mapping[str, Any],
    trial: Trial,
) -> Heard:
    """Run a notebook with its tests outside, as far as the last one that is wanted.

    Args:
        notebook: a master with somebody's answers.
        master: the master itself, from which the referee learns what is the instructor's.
        judged: the tests that are judged outside; the others run beside the answers.
        wanted: the tests whose verdict counts. The others are judged for what they do to answers
            that remember how often they were called.
        trial: how it runs.
    """
    heard, left, ran, met = Heard(), set(wanted), False, False
    try:
        with (
            referee.court(trial.walls, trial.files, trial.limits) as court,
            trial.open() as session,
        ):
            told = _tell(court, master, judged)
            later = _needed_later(master)
            for cell in notebook.cells:
                name = grading(cell).get("grade_id", "")
                if not left:
                    break
                if is_test(cell) and name in judged:
                    while next(told) != name:
                        pass
                    met = True  # from here on, the submission may be why a referee fails
                    heard.verdicts[name] = _judge(court, session, cell, judged[name], trial)
                    left.discard(name)
                if _runs(cell, judged, later):
                    ran = True
                    session.run(cell.source)
    except SessionLost as error:
        heard.lost, heard.submissions = f"the submission could not be asked: {error}", ran
    except RefereeLost as error:
        heard.lost, heard.submissions = f"it could not be judged: {error}", met
    return heard


def _runs(cell: NotebookNode, judged: Judged, later: set[str]) -> bool:
    """Whether a cell runs in the submission's process."""
    if cell.cell_type != "code" or not cell.source.strip():
        return False
    if not is_test(cell):
        return True
    name = grading(cell)["grade_id"]
    return name in later if name in judged else asked(cell) is None


def _tell(court: Referee, master: Master, judged: Judged) -> Iterator[str]:
    """Tell the referee of the master's cells, one after another; stops at each test of its own."""
    for cell in master.notebook.cells:
        name = grading(cell).get("grade_id", "")
        if cell.cell_type != "code" or asked(cell) is not None:
            continue
        if is_answer(cell):
            court.tell("pass", _python(master.solved.get(name, "")))
        elif not is_test(cell):
            court.tell("run", _python(cell.source))
        elif name in judged:
            yield name
        else:
            court.tell("leave", _python(cell.source))


def _judge(
    court: Referee, session: Session, cell: NotebookNode, known: Known | None, trial: Trial
) -> dict[str, Any]:
    def answer(name: str, line: str, seconds: float) -> str | None:
        return session.probe(name, line, seconds=seconds + _MARGIN_SECONDS)

    allowed = None if known is None else list(known.used)
    # The instructor's answers must leave room: others are slower.
    seconds = trial.seconds / 3 if known is None else trial.seconds
    verdict = court.judge(_python(cell.source), seconds, allowed, answer)
    if known is not None and tuple(verdict["answers"]) != known.answers:
        verdict["unsure"] = "the instructor's cells did not run as they do for the instructor"
    return verdict


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
