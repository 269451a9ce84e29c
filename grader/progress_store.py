"""What a learner has done so far, in one small SQLite file that survives crashes.

The file lies in the workspace that `course lab` made (`.course/progress.sqlite`), else in the
user's data folder; `COURSE_PROGRESS` names another file, or is "off" for graders and tests.
SQLite commits each event whole, and lets two notebooks write at once.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from grader.exercise import Exercise
from grader.report import Report

_BUSY_SECONDS = 5.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS attempt (
    at REAL NOT NULL, exercise TEXT NOT NULL, score REAL NOT NULL, misconception TEXT, seed INTEGER
);
CREATE TABLE IF NOT EXISTS hint (exercise TEXT NOT NULL, number INTEGER NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (exercise, number)
);
CREATE TABLE IF NOT EXISTS answer (at REAL NOT NULL, exercise TEXT NOT NULL, answer TEXT NOT NULL);
"""


class ProgressUnavailable(Exception):
    """The progress file cannot be read or written; `str()` says which and why."""


@dataclass(frozen=True)
class Standing:
    """Where a learner stands with one exercise."""

    exercise: str
    lesson: str
    title: str
    max_points: float
    points: float  # the best so far; a written answer's are given by a person
    attempts: int
    hints_used: int
    hints: int
    by_hand: bool

    @property
    def done(self) -> bool:
        """Whether all its points are earned."""
        return not self.by_hand and self.attempts > 0 and self.points >= self.max_points


def default_path() -> Path | None:
    """Where progress is stored: None when `COURSE_PROGRESS` is "off"."""
    named = os.environ.get("COURSE_PROGRESS", "")
    if named.strip().lower() == "off":
        return None
    if named:
        return Path(named).expanduser()
    try:
        here = Path.cwd().resolve()
    except OSError:  # the folder has been removed meanwhile
        here = Path(os.sep)
    for folder in (here, *here.parents):
        if (folder / ".course").is_dir():
            return folder / ".course" / "progress.sqlite"
    return Path(platformdirs.user_data_dir("deep-learning-course")) / "progress.sqlite"


class ProgressStore:
    """Reads and writes a learner's progress; with `path=None` it lasts for this process only."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._in_memory: sqlite3.Connection | None = None

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            if self.path is None:
                if self._in_memory is None:
                    self._in_memory = sqlite3.connect(":memory:", check_same_thread=False)
                    self._in_memory.executescript(_SCHEMA)
                with self._in_memory:
                    yield self._in_memory
                return
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=_BUSY_SECONDS)) as connection:
                connection.executescript(_SCHEMA)
                with connection:
                    yield connection
        except (sqlite3.Error, OSError) as error:
            where = self.path or "memory"
            raise ProgressUnavailable(f"progress is not saved ({where}: {error})") from error

    def record_attempt(self, report: Report) -> None:
        """Remember that an exercise was checked, with what outcome."""
        row = (time.time(), report.exercise, report.score, report.misconception, report.seed)
        with self._connection() as connection:
            connection.execute("INSERT INTO attempt VALUES (?, ?, ?, ?, ?)", row)

    def record_answer(self, exercise: str, answer: str) -> str:
        """Remember the answer to a choice; returns the first one ever given to it."""
        with self._connection() as connection:
            connection.execute(
                "INSERT INTO answer VALUES (?, ?, ?)", (time.time(), exercise, answer[:200])
            )
            query = "SELECT answer FROM answer WHERE exercise = ? ORDER BY rowid LIMIT 1"
            (first,) = connection.execute(query, (exercise,)).fetchone()
        return str(first)

    def reveal_hint(self, exercise: Exercise) -> int:
        """Reveal one more hint, unless it is solved; returns how many are revealed now."""
        with self._connection() as connection:
            query = "SELECT COUNT(*) FROM hint WHERE exercise = ?"
            (revealed,) = connection.execute(query, (exercise.id,)).fetchone()
            query = "SELECT COUNT(*) FROM attempt WHERE exercise = ? AND score >= 1"
            (solved,) = connection.execute(query, (exercise.id,)).fetchone()
            # "Run All Cells" on a finished notebook must not spend the hints that are left.
            if revealed < len(exercise.hints) and not solved:
                revealed += 1
                connection.execute(
                    "INSERT OR IGNORE INTO hint VALUES (?, ?, ?)",
                    (exercise.id, revealed, time.time()),
                )
        return int(revealed)

    def hints_used(self, exercise: str) -> int:
        """How many hints of an exercise have been revealed."""
        with self._connection() as connection:
            query = "SELECT COUNT(*) FROM hint WHERE exercise = ?"
            return int(connection.execute(query, (exercise,)).fetchone()[0])

    def touched(self) -> set[str]:
        """The ids of the exercises that were ever tried, or that a hint was taken for."""
        query = "SELECT exercise FROM attempt UNION SELECT exercise FROM hint"
        with self._connection() as connection:
            return {str(id) for (id,) in connection.execute(query)}

    def standings(self, exercises: dict[str, Exercise]) -> list[Standing]:
        """Where the learner stands with each of these exercises."""
        with self._connection() as connection:
            tried: dict[str, Any] = {
                row[0]: row[1:]
                for row in connection.execute(
                    "SELECT exercise, COUNT(*), CAST(MAX(score) AS REAL) FROM attempt"
                    " GROUP BY exercise"
                )
            }
            hints: dict[str, int] = dict(
                connection.execute("SELECT exercise, COUNT(*) FROM hint GROUP BY exercise")
            )
        standings = []
        for exercise in exercises.values():
            attempts, best = tried.get(exercise.id, (0, 0.0))
            standings.append(
                Standing(
                    exercise=exercise.id,
                    lesson=exercise.lesson,
                    title=exercise.title,
                    max_points=exercise.points,
                    points=round(best * exercise.points, 2),
                    attempts=attempts,
                    hints_used=hints.get(exercise.id, 0),
                    hints=len(exercise.hints),
                    by_hand=exercise.kind == "reflection",
                )
            )
        return standings
