"""What `course grade` does once its arguments are read."""

from __future__ import annotations

import json
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from grader.classroom.folder import CourseFolder, CourseFolderError
from grader.classroom.gradebook import Writer, opened
from grader.classroom.journal import Journal, Past
from grader.classroom.master import Master, asked, grading, load_masters
from grader.classroom.notebook_run import Policy
from grader.classroom.pools import DaskPool, LocalPool, Pool, default_workers
from grader.classroom.runner import Row, Run, Summary, to_grade
from grader.classroom.session import MIB, Limits, Sandbox

if TYPE_CHECKING:
    from nbgrader.api import Gradebook

INTERRUPTED = 130


@dataclass(frozen=True)
class Options:
    """The arguments of `course grade`."""

    assignment: str
    student: str = "*"
    workers: int = 0
    sandbox: Sandbox = "bwrap"
    scheduler: str = ""
    resume: bool = False
    force: bool = False
    exercise: str = ""
    timeout: float = 0.0
    memory: int = 0
    seed: int | None = None
    as_json: bool = False


def grade(options: Options, root: Path | None = None) -> int:
    """Grade an assignment of the course folder here.

    Returns the exit status: 0 if every submission was graded, 1 if not, 130 if interrupted.

    Raises:
        CourseError: it cannot be graded as things stand; the message says what to do.
    """
    from filelock import FileLock, Timeout

    folder = CourseFolder.at(root or Path.cwd(), options.assignment)
    students = folder.students(options.student)
    try:
        folder.state.mkdir(parents=True, exist_ok=True)
        with (
            FileLock(folder.state / "lock", timeout=0),
            opened(folder) as book,
            closing(Journal(folder.state)) as journal,
        ):
            return _grade(options, folder, students, book, journal)
    except Timeout as error:
        raise CourseFolderError(f"{options.assignment} is being graded by another run") from error
    except OSError as error:
        raise CourseFolderError(f"{folder.state} cannot be written to: {error.strerror}") from error


def _grade(
    options: Options,
    folder: CourseFolder,
    students: list[str],
    book: Gradebook,
    journal: Journal,
) -> int:
    pool = _pool(options, len(students))  # first: its workers get ready while we read
    try:
        run, fresh, unapplied = _prepare(options, folder, students, book, journal, pool)
    except BaseException:
        pool.close(now=True)
        raise
    try:
        with _interruptible(run), _progress(run, len(fresh) + len(unapplied), options.as_json):
            run.go(fresh, unapplied)
    except KeyboardInterrupt:
        _tell(run.summary, options.as_json)
        print("course: stopped; go on with --resume", file=sys.stderr)
        return INTERRUPTED
    _tell(run.summary, options.as_json)
    return 0 if run.summary.complete else 1


def _prepare(
    options: Options,
    folder: CourseFolder,
    students: list[str],
    book: Gradebook,
    journal: Journal,
    pool: Pool,
) -> tuple[Run, list[str], list[str]]:
    """A run, whom it is to grade, and whose results only wait to be applied."""
    masters = load_masters(folder, book)
    past = journal.past()
    only = options.exercise or (past.head.get("exercise", "") if options.resume else "")
    if only:
        _see_that_it_is_there(only, masters)
    again = options.force or (bool(only) and not options.resume)
    fresh, unapplied, skipped = to_grade(folder, students, past, resume=options.resume, force=again)
    policy = policy_of(options, folder, past)
    if not (options.resume and past.head):
        about = {"students": fresh, "seed": policy.seed, "exercise": only}
        journal.start(assignment=options.assignment, sandbox=policy.sandbox, **about)
    run = Run(folder, masters, journal, Writer(folder, book), pool, policy, only=only)
    run.summary.skipped = skipped
    return run, fresh, unapplied


def policy_of(options: Options, folder: CourseFolder, past: Past) -> Policy:
    """How this run grades: as nbgrader is configured, unless an option says otherwise.

    A resumed run draws the same inputs as the one that it goes on with.
    """
    seed = options.seed
    if seed is None and options.resume:
        seed = past.head.get("seed")
    pattern = folder.setting("IgnorePattern", "pattern", "")
    ignores = folder.setting("IgnorePattern", "enabled", False)
    plain = Limits()
    cell = options.timeout or folder.setting("Execute", "timeout", None) or plain.cell_seconds
    cell = cell if cell > 0 else plain.notebook_seconds  # nbgrader's -1: no limit
    return Policy(
        seed=secrets.randbits(32) if seed is None else seed,
        sandbox=options.sandbox,
        limits=Limits(
            cell_seconds=float(cell),
            notebook_seconds=max(plain.notebook_seconds, 3 * float(cell)),
            memory_bytes=options.memory * MIB or plain.memory_bytes,
        ),
        ignore_stderr=pattern if ignores else "",
    )


def _see_that_it_is_there(name: str, masters: list[Master]) -> None:
    known: list[str] = []
    for cell in (cell for master in masters for cell in master.notebook.cells):
        about, question = grading(cell), asked(cell)
        if about.get("grade") or about.get("task"):
            known.append(question.exercise if question else about["grade_id"])
            if name in (about["grade_id"], known[-1]):
                return
    raise CourseFolderError(f"no exercise {name!r} here; there are: {', '.join(known)}")


def _pool(options: Options, submissions: int) -> Pool:
    if options.scheduler:
        return DaskPool(options.scheduler)
    workers = options.workers or default_workers()
    return LocalPool(max(1, min(workers, submissions)))


@contextmanager
def _interruptible(run: Run) -> Iterator[None]:
    """Let Ctrl-C and `kill` stop a run, whatever it is doing.

    Python drops an exception that a signal raises in a finalizer or a callback, and then the run
    would go on: so it is also asked to stop.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        run.stopped = True
        raise KeyboardInterrupt

    before: dict[signal.Signals, Any] = {}
    try:
        for name in (signal.SIGINT, signal.SIGTERM):
            before[name] = signal.signal(name, stop)
    except ValueError:  # not the main thread: whoever called us handles signals
        pass
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


@contextmanager
def _progress(run: Run, total: int, quiet: bool) -> Iterator[None]:
    columns = (
        TextColumn("grading"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[failures]}", style="red"),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    failures = 0
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as bar:
        task = bar.add_task("", total=total, failures="")

        def advance(row: Row) -> None:
            nonlocal failures
            failures += row.outcome != "graded"
            bar.update(task, advance=1, failures=f"{failures} to look at" if failures else "")

        run.advance = advance
        yield


def _tell(summary: Summary, as_json: bool) -> None:
    if as_json:
        print(json.dumps(summary.as_dict(), indent=2))
        return
    console = Console(highlight=False)
    if summary.rows:
        console.print(_table(summary))
    for row in sorted(summary.rows, key=lambda row: row.student):
        for fault in row.faults if row.outcome != "graded" else ():
            console.print(Text(f"{row.student}: {_one_line(fault)}", style="red"))
    console.print(Text(_verdict(summary)))


def _table(summary: Summary) -> Table:
    table = Table("student", "", "points", "of", "by hand", "seconds", title=summary.assignment)
    for row in sorted(summary.rows, key=lambda row: row.student):
        cells = (
            row.student, row.outcome, f"{row.score:g}", f"{row.most:g}",
            "waits" if row.waits else "", f"{row.seconds:.1f}",
        )  # fmt: skip
        style = "" if row.outcome == "graded" else "red"
        table.add_row(*(Text(_one_line(cell)) for cell in cells), style=style)
    return table


def _one_line(text: str) -> str:
    """Text of a submission's for a terminal: nothing in it moves the cursor."""
    return "".join(c if c.isprintable() else " " for c in text)[:300]


def _verdict(summary: Summary) -> str:
    graded = sum(row.outcome == "graded" for row in summary.rows)
    parts = [f"{graded} of {len(summary.rows) + summary.left} graded in {summary.seconds:.1f} s"]
    if summary.skipped:
        parts.append(f"{len(summary.skipped)} had been before (--force grades them again)")
    if summary.left:
        parts.append(f"{summary.left} left")
    odd = len(summary.rows) - graded
    if odd:
        parts.append(f"{odd} to look at")
    return "; ".join(parts)
