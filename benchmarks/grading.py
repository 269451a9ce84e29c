"""A class graded by `course grade --workers 2` and by an unmodified `nbgrader autograde`.

nbgrader takes its time, so it grades a few of the students only: half of them before our turn and
half after it, so that a machine that slows down slows both. Its clock runs from its first
submission, ours from the start of the command. Every score of a cell that both gave must agree.

A second table says what a very large class would take. Submissions are independent, but one process
writes all grades, so that one's time for each is a limit that no number of cores lifts.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
import psutil

from grader.classroom.sandbox import program
from grader.workspace import ROOT

LESSONS = ("01_perceptron", "02_activations")  # the second imports PyTorch in its cells
# In the largest class: 1000 takes 20 minutes, 6 are enough to see that it works.
STUDENTS = int(os.environ.get("COURSE_BENCH_STUDENTS", "100"))
SIZES = (*(size for size in (10, 100) if size < STUDENTS), STUDENTS)
MARKED = min(100, STUDENTS)  # the size of class that the mark is for
LARGE, CORES = 100_000, (2, 16, 64, 256)
TURNS = ("student000?", "student001?")  # whom nbgrader grades, before us and after
WORKERS = 2
LEAST, AIM = 10.0, 20.0
_LOOK_SECONDS = 0.5
Scores = dict[tuple[str, str], float | None]


def measure() -> dict[str, Any]:
    """Grade both classes, in growing parts."""
    program()  # no sandbox, no measurement
    rows: list[dict[str, Any]] = []
    products: list[dict[str, Any]] = []
    agree = True
    for lesson in LESSONS:
        with TemporaryDirectory(prefix="course-bench-") as folder:
            fresh, same = _lesson(Path(folder), lesson)
        rows += fresh
        products += _large(lesson, fresh)
        agree = agree and same
    ratios = {row["lesson"]: row["ratio"] for row in rows if row["students"] == MARKED}
    found = ", ".join(f"{ratio:g}x in {lesson}" for lesson, ratio in ratios.items())
    found = f"{found} at {MARKED} students"
    scores = "every score the same" if agree else "SCORES DIFFER"
    return {
        "title": f"Grading a class with {WORKERS} workers, in seconds a submission",
        "rows": rows,
        "products": products,
        "verdict": f"{found} (at least {LEAST:g}x, aim {AIM:g}x); {scores}",
        "versions": {name: version(name) for name in ("nbgrader", "torch")},
        "reached": agree and min(ratios.values()) >= LEAST,
    }


def _lesson(folder: Path, lesson: str) -> tuple[list[dict[str, Any]], bool]:
    """The rows of one lesson, and whether both gave the same scores."""
    theirs, ours = folder / "theirs", folder / "ours"
    make_class(theirs, lesson, STUDENTS)
    shutil.copytree(theirs, ours)
    rows = [_row(ours, lesson, size) for size in SIZES[:-1]]
    turns = [glob for glob in TURNS if any((theirs / "submitted").glob(glob))]
    seconds = _nbgrader(theirs, lesson, turns[0])
    rows.append(_row(ours, lesson, STUDENTS))
    for glob in turns[1:]:
        seconds += _nbgrader(theirs, lesson, glob)
    expected, found = scores(theirs, lesson), scores(ours, lesson)
    same = sum(found[cell] == score for cell, score in expected.items())
    graded = len({student for student, _ in expected})
    each = seconds / graded
    for row in rows:
        row |= {"nbgrader s": round(each, 2), "ratio": round(each / row["ours s"], 1)}
    rows[-1] |= {"graded by it": graded, "same scores": f"{same} of {len(expected)}"}
    return rows, same == len(expected)


def _row(room: Path, lesson: str, size: int) -> dict[str, Any]:
    zeros = "0" * (4 - len(str(size - 1)))  # which the numbers of the first ones begin with
    run = _course_grade(room, lesson, "*" if size == STUDENTS else f"student{zeros}*")
    return {
        "lesson": lesson, "students": size, "ours s": round(run.seconds / size, 3),
        "one alone s": round(run.median_seconds, 2),
        "writer s": round(run.writer_seconds / size, 3),
        "peak MiB": round(run.peak_bytes / 2**20),
        "nbgrader s": "", "graded by it": "", "ratio": "", "same scores": "",
    }  # fmt: skip


def _large(lesson: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What so many submissions would take, by what each more of them took here."""
    small, large = rows[-2:]
    more = large["students"] - small["students"]

    def for_each(column: str) -> float:
        return float(large[column] * large["students"] - small[column] * small["students"]) / more

    work, write = WORKERS * for_each("ours s"), for_each("writer s")
    hours = {f"{n} cores, h": round(LARGE * max(work / n, write) / 3600, 1) for n in CORES}
    return [
        {"lesson": lesson, "submissions": LARGE, "core seconds each": round(work, 2),
         "writer's part": round(write, 3), **hours}
    ]  # fmt: skip


# --- a class of simulated students ----------------------------------------------------------------


def make_class(room: Path, lesson: str, size: int) -> None:
    """A course folder with a lesson and what so many students handed in."""
    room.mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", room)
    shutil.copytree(ROOT / "solutions" / lesson, room / "solutions" / lesson)
    _run(room, "nbgrader", "generate_assignment", lesson)
    (released,) = (path for path in room.rglob(f"{lesson}.ipynb") if "solutions" not in path.parts)
    right = {name: cell.source for name, cell in _answers(_read(room / "solutions", lesson))}
    for number in range(size):
        notebook = nbformat.read(released, as_version=4)  # type: ignore[no-untyped-call]
        kind = KINDS[number % len(KINDS)]
        for place, (name, cell) in enumerate(_answers(notebook)):
            cell.source = kind(place, cell, right[name])
        folder = room / "submitted" / f"student{number:04}" / lesson
        folder.mkdir(parents=True)
        (folder / released.name).write_text(json.dumps(notebook), encoding="utf-8")


def _read(folder: Path, lesson: str) -> nbformat.NotebookNode:
    return nbformat.read(folder / lesson / f"{lesson}.ipynb", as_version=4)  # type: ignore[no-untyped-call, no-any-return]


def _answers(notebook: nbformat.NotebookNode) -> list[tuple[str, nbformat.NotebookNode]]:
    found = [(cell.metadata.get("nbgrader", {}), cell) for cell in notebook.cells]
    return [(about["grade_id"], cell) for about, cell in found if about.get("solution")]


def _perfect(place: int, cell: nbformat.NotebookNode, right: str) -> str:
    return right


def _half(place: int, cell: nbformat.NotebookNode, right: str) -> str:
    return right if place % 2 else str(cell.source)


def _untouched(place: int, cell: nbformat.NotebookNode, right: str) -> str:
    return str(cell.source)


def _crashing(place: int, cell: nbformat.NotebookNode, right: str) -> str:
    if cell.cell_type != "code":
        return right
    return "def broken(:" if place % 2 else with_bodies(right, "raise KeyError('x')")


def _hard_coded(place: int, cell: nbformat.NotebookNode, right: str) -> str:
    return right if cell.cell_type != "code" else with_bodies(right, "return 1.0")


def with_bodies(source: str, body: str) -> str:
    """The same functions, all of them with this body."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.body = ast.parse(f"def f():\n    {body}").body[0].body  # type: ignore[attr-defined]
    return ast.unparse(tree)


Kind = Callable[[int, nbformat.NotebookNode, str], str]
KINDS: tuple[Kind, ...] = (
    _perfect, _half, _hard_coded, _perfect, _crashing, _half, _perfect, _untouched, _half, _perfect,
)  # fmt: skip


# --- grading it -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Graded:
    """How long a command took, and the most memory that its processes held.

    A page that several of them share counts for each. The writer's seconds are those that the
    command's own process computed, its start included.
    """

    seconds: float
    peak_bytes: int
    median_seconds: float
    writer_seconds: float


def _course_grade(room: Path, lesson: str, glob: str) -> Graded:
    words = [sys.executable, "-m", "grader.cli", "grade", lesson, "--workers", str(WORKERS)]
    started, peak, writer = time.perf_counter(), 0, 0.0
    with (room / "log").open("w") as log, (room / "summary").open("w") as summary:
        run = subprocess.Popen(
            [*words, "--student", glob, "--force", "--json"], cwd=room, env=_environment(),
            stdout=summary, stderr=log,
        )  # fmt: skip
        while run.poll() is None:
            peak, writer = max(peak, _memory(run.pid)), max(writer, _computed(run.pid))
            try:
                run.wait(_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                continue
    seconds = time.perf_counter() - started
    if run.returncode:
        raise RuntimeError(f"course grade failed: {(room / 'log').read_text()[-2000:]}")
    each = [row["seconds"] for row in json.loads((room / "summary").read_text())["rows"]]
    return Graded(seconds, peak, statistics.median(each), writer)


def _computed(pid: int) -> float:
    """Seconds that a process has computed so far."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def _memory(pid: int) -> int:
    total = 0
    try:
        runner = psutil.Process(pid)
        family = [runner, *runner.children(recursive=True)]
    except psutil.Error:
        return 0
    for process in family:
        try:
            total += process.memory_info().rss
        except psutil.Error:
            continue
    return total


def _nbgrader(room: Path, lesson: str, glob: str) -> float:
    """Seconds of `nbgrader autograde` from its first submission to its end."""
    words = ["nbgrader", "autograde", lesson, f"--student={glob}"]
    begun = None
    with subprocess.Popen(
        words, cwd=room, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, encoding="utf-8", errors="replace",
    ) as run:  # fmt: skip
        assert run.stderr is not None
        for line in run.stderr:
            if begun is None and "Creating/updating student" in line:
                begun = time.perf_counter()
    if run.returncode or begun is None:
        raise RuntimeError(f"{' '.join(words)} ended with {run.returncode}")
    return time.perf_counter() - begun


def scores(room: Path, lesson: str) -> Scores:
    """What every cell of every student earned by itself, from the gradebook."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{room / 'gradebook.db'}") as book:
        return {
            (submission.student.id, grade.name): grade.auto_score
            for submission in book.find_assignment(lesson).submissions
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def _run(room: Path, *words: str) -> None:
    subprocess.run(words, cwd=room, env=_environment(), check=True, capture_output=True)


def _environment() -> dict[str, str]:
    """Ours, with this interpreter's commands first, and Jupyter's own way to start kernels."""
    variables = {k: v for k, v in os.environ.items() if k != "JUPYTER_DEFAULT_PROVISIONER_NAME"}
    path = [str(Path(sys.executable).parent), variables.get("PATH", os.defpath)]
    return variables | {"PATH": os.pathsep.join(path)}
