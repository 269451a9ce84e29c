"""Grades the submissions of an assignment: many hands, one writer, and nothing lost on the way.

Workers only compute. This process alone reads submissions and writes journal, gradebook and
`autograded/`, one submission at a time; memory stays flat, because only those under way are held.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from grader.classroom.folder import CourseFolder, CourseFolderError
from grader.classroom.gradebook import GradebookBusy, Writer
from grader.classroom.journal import Journal, Past
from grader.classroom.master import Master
from grader.classroom.notebook_run import Policy
from grader.classroom.pools import Pool, WorkerLost
from grader.classroom.publish import Publisher
from grader.classroom.result import Result
from grader.classroom.submission import collect
from grader.classroom.unit import Work
from grader.errors import CourseError

Outcome = Literal["graded", "disputed", "unreadable", "lost", "failed"]
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Row:
    """What became of one submission.

    Attributes:
        student: who.
        outcome: graded; disputed (a test gave points beside the answer that it does not give from
            outside, and those do not count); unreadable (no notebook: 0 points); lost (its kernel
            died on the way); or failed (nothing was written; `--resume` tries again).
        score: points so far, without those that a person gives.
        most: the most there are.
        waits: some of it waits for a person.
        seconds: it took.
        faults: what went wrong.
    """

    student: str
    outcome: Outcome
    score: float = 0.0
    most: float = 0.0
    waits: bool = False
    seconds: float = 0.0
    faults: tuple[str, ...] = ()


@dataclass
class Summary:
    """What became of a run."""

    assignment: str
    rows: list[Row] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    left: int = 0  # not looked at, because the run was stopped
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether every submission was graded."""
        return not self.left and all(row.outcome == "graded" for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        rows = [asdict(row) for row in sorted(self.rows, key=lambda row: row.student)]
        return {**vars(self), "rows": rows, "complete": self.complete}


Advance = Callable[[Row], None]


@dataclass
class Run:
    """One run over an assignment.

    Attributes:
        folder: the course folder.
        masters: the assignment's notebooks.
        journal: where it is written down.
        writer: the gradebook's.
        pool: who grades.
        policy: how.
        only: an exercise's id or a grade id: nothing else is regraded.
        advance: called after each submission.
    """

    folder: CourseFolder
    masters: Sequence[Master]
    journal: Journal
    writer: Writer
    pool: Pool
    policy: Policy
    only: str = ""
    advance: Advance = lambda row: None

    def __post_init__(self) -> None:
        self._publisher = Publisher(self.folder, self.journal)
        self._material = _material(self.folder)
        self._under_way: dict[Future[Result], Work] = {}
        self._retried: set[str] = set()
        self.stopped = False  # a signal handler asks the run to stop
        self.summary = Summary(self.folder.assignment)

    def go(self, students: Sequence[str], unapplied: Sequence[str] = ()) -> Summary:
        """Grade these students, after applying the results that wait for it.

        Raises:
            CourseError: this machine cannot grade at all. What has been graded is kept.
            KeyboardInterrupt: the run was stopped; `summary` says how far it came.
        """
        started = time.monotonic()
        waiting = deque(students)
        self.summary.left = len(waiting) + len(unapplied)
        finished = False
        try:
            for student in unapplied:
                self._apply_recorded(student, waiting)
            self._grade_all(waiting)
            self.journal.write("finished")
            finished = True
        finally:
            self.summary.seconds = time.monotonic() - started
            self.pool.close(now=not finished)
            self.journal.close()
        return self.summary

    def _grade_all(self, waiting: deque[str]) -> None:
        while waiting or self._under_way:
            if self.stopped:
                raise KeyboardInterrupt
            while waiting and len(self._under_way) < self.pool.capacity:
                self._begin(waiting.popleft())
            done, _ = wait(self._under_way, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
            self.pool.watch()
            outcomes = [(self._under_way.pop(future), self._outcome(future)) for future in done]
            while waiting and len(self._under_way) < self.pool.capacity:
                self._begin(waiting.popleft())  # nobody idles while we write
            for work, outcome in outcomes:
                if isinstance(outcome, Result):
                    self._keep(work, outcome)
                elif isinstance(outcome, WorkerLost) and work.student not in self._retried:
                    self._retried.add(work.student)  # it may have been another one's doing
                    waiting.append(work.student)
                else:
                    self._fail(work.student, str(outcome))

    def _outcome(self, future: Future[Result]) -> Result | Exception:
        try:
            return self.pool.outcome(future)
        except CourseError:
            raise  # no submission's fault: no sandbox, say
        except WorkerLost as error:
            return error
        except Exception as error:  # whatever went wrong in a worker, the others go on
            return RuntimeError(f"the grader failed: {type(error).__name__}: {error}")

    def _begin(self, student: str) -> None:
        folder = self.folder.submitted(student)
        try:
            handed = collect(folder, self.folder.layout.ignore)
        except OSError as error:
            self._fail(student, f"{folder} cannot be read: {error.strerror or error}")
            return
        work = Work(
            student=student,
            assignment=self.folder.assignment,
            masters=tuple(self.masters),
            notebooks=handed.notebooks,
            files=handed.files,
            material=self._material,
            timestamp=self.folder.timestamp(folder),
            remarks=tuple(handed.remarks),
        )
        self._under_way[self.pool.submit(work, self.policy)] = work

    def _keep(self, work: Work, result: Result) -> None:
        """Write a result down, step by step; see `grader.classroom.journal`."""
        try:
            if not self.only:
                self._publisher.stage(result, {**work.files, **work.material})
            self.journal.save_record(work.student, self._record(result))
            self.journal.write("graded", student=work.student)
            self._apply(result)
        except GradebookBusy as error:
            self._fail(work.student, str(error))
        except OSError as error:
            self._fail(work.student, f"it could not be written: {error.strerror or error}")

    def _record(self, result: Result) -> dict[str, Any]:
        """What to keep: of a regraded exercise, its cell in the record of before."""
        fresh = result.record()
        before = self.journal.load_record(result.student) if self.only else None
        if before is None:
            return fresh
        cells = {
            (notebook["name"], cell["id"]): cell
            for notebook in fresh["notebooks"]
            for cell in notebook["cells"]
            if self.only in (cell["id"], cell["exercise"])
        }
        for notebook in before["notebooks"]:
            notebook["cells"] = [
                cells.get((notebook["name"], cell["id"]), cell) for cell in notebook["cells"]
            ]
        return before

    def _apply(self, result: Result) -> None:
        self.writer.apply(result, self.only)
        if self.only:
            self._publisher.put_cells(result, self.only)
        else:
            self._publisher.put(result.student)
        self.journal.write("applied", student=result.student)
        self._count(row_of(result))

    def _apply_recorded(self, student: str, waiting: deque[str]) -> None:
        """Apply a result that an earlier run has computed; grade it if its record is gone."""
        record = self.journal.load_record(student)
        if record is None or self.only:
            waiting.append(student)
            return
        try:
            self._apply(Result.from_dict(record))
        except GradebookBusy as error:
            self._fail(student, str(error))
        except OSError as error:
            self._fail(student, f"it could not be written: {error.strerror or error}")

    def _fail(self, student: str, why: str) -> None:
        try:
            self.journal.write("failed", student=student, why=why)
        except OSError as error:
            why = f"{why} (nor could that be noted: {error.strerror or error})"
        self._count(Row(student, "failed", faults=(why,)))

    def _count(self, row: Row) -> None:
        self.summary.rows.append(row)
        self.summary.left -= 1
        self.advance(row)


def row_of(result: Result) -> Row:
    """A result's line in the summary."""
    statuses = {notebook.status for notebook in result.notebooks}
    outcome: Outcome = "graded"
    if result.fault:
        outcome = "failed"
    elif "unreadable" in statuses:
        outcome = "unreadable"
    elif "lost" in statuses:
        outcome = "lost"
    elif result.disputed:
        outcome = "disputed"
    waits = any(c.score is None for n in result.notebooks for c in n.cells)
    return Row(
        student=result.student,
        outcome=outcome,
        score=round(result.score, 2),
        most=result.most,
        waits=waits,
        seconds=round(result.seconds, 3),
        faults=tuple(result.faults),
    )


def _material(folder: CourseFolder) -> dict[str, bytes]:
    """The instructor's other files, which nbgrader lays over the student's."""
    if not folder.source.is_dir():
        return {}
    spared = folder.setting("Autograde", "exclude_overwriting", {}).get(folder.assignment, [])
    files = collect(folder.source, folder.layout.ignore).files
    return {name: content for name, content in files.items() if name not in spared}


def to_grade(
    folder: CourseFolder, students: Sequence[str], past: Past, *, resume: bool, force: bool
) -> tuple[list[str], list[str], list[str]]:
    """Whom to grade, whose results only wait to be applied, and whom to leave as they are.

    Raises:
        CourseFolderError: the last run was interrupted, and neither option says what to do.
    """
    if force:
        return list(students), [], []
    if resume:
        chosen = [s for s in students if s in set(past.head.get("students", students))]
        unapplied = [s for s in chosen if s in past.graded]
        fresh = [s for s in chosen if s not in past.graded | past.applied]
        return fresh, unapplied, [s for s in chosen if s in past.applied]
    if not past.finished:
        done, of = len(past.applied), len(past.head.get("students", []))
        raise CourseFolderError(
            f"the last run was interrupted after {done} of {of} submissions: go on with --resume, "
            "or grade all of them again with --force"
        )
    fresh = [s for s in students if _is_due(folder, s)]
    return fresh, [], [s for s in students if s not in set(fresh)]


def _is_due(folder: CourseFolder, student: str) -> bool:
    """As nbgrader: not graded yet, or handed in again since."""
    from nbgrader.utils import parse_utc

    target = folder.autograded(student)
    if not target.exists():
        return True
    try:
        fresh, graded = (
            parse_utc(text) if (text := folder.timestamp(place)) else None
            for place in (folder.submitted(student), target)
        )
    except (ValueError, OverflowError):
        return False
    return fresh is not None and graded is not None and fresh > graded
