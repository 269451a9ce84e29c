"""What `course progress` does once its arguments are read."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from grader.errors import CourseError
from grader.learner import by_lesson
from grader.progress_store import ProgressStore, ProgressUnavailable, Standing, default_path
from grader.registry import exercises
from grader.workspace import default_workspace


def show_progress(as_json: bool) -> None:
    """Print the learner's progress.

    Raises:
        CourseError: the progress file cannot be read.
    """
    path = _path()
    try:
        standings = ProgressStore(path).standings(exercises())
    except ProgressUnavailable as error:
        raise CourseError(str(error)) from None
    if as_json:
        described = [{**asdict(s), "done": s.done} for s in standings]
        print(json.dumps({"file": str(path) if path else None, "exercises": described}))
        return
    console = Console(highlight=False)
    for lesson, rows in by_lesson(standings).items():
        console.print(_table(lesson, rows))


def _path() -> Path | None:
    """The learner's file, also when the command is run beside the workspace, not in it."""
    in_workspace = default_workspace() / ".course" / "progress.sqlite"
    if not os.environ.get("COURSE_PROGRESS") and in_workspace.is_file():
        return in_workspace
    return default_path()


def _table(lesson: str, rows: list[Standing]) -> Table:
    judged = [s for s in rows if not s.by_hand]
    earned, total = sum(s.points for s in judged), sum(s.max_points for s in judged)
    table = Table(title=f"{lesson}: {earned:g} of {total:g} points", title_justify="left")
    table.add_column("exercise")
    for heading in ("points", "attempts", "hints"):
        table.add_column(heading, justify="right")
    for s in rows:
        points = "by hand" if s.by_hand else f"{s.points:g} / {s.max_points:g}"
        done = "[green]✓[/] " if s.done else "  "
        table.add_row(done + s.title, points, str(s.attempts), f"{s.hints_used} / {s.hints}")
    return table
