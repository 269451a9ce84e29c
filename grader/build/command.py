"""What `course build` does once its arguments are read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from grader.build.builder import build
from grader.build.course import Course
from grader.build.stale import Stale, stale


def build_lessons(names: Sequence[str], course: Course | None = None) -> int:
    """Build and say what changed; returns the exit status.

    Raises:
        BuildError: a lesson cannot be built.
    """
    course = course or Course.around(Path.cwd())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task("reading", total=None)
        built = build(
            course,
            names,
            lambda lesson, done, total: bar.update(
                task, description=lesson, completed=done, total=total
            ),
        )
    out = Console(highlight=False)
    for lesson in built:
        what = ", ".join(lesson.changed) if lesson.changed else "nothing changed"
        out.print(f"[green]✓[/] {lesson.lesson}: {escape(what)}", soft_wrap=True)
    return 0


def check_lessons(names: Sequence[str], as_json: bool, course: Course | None = None) -> int:
    """Say what generated files are stale, and the command that mends it; returns the exit status.

    Raises:
        BuildError: a script breaks a convention, or there is no such lesson.
    """
    course = course or Course.around(Path.cwd())
    found = stale(course, names)
    mend = _mend(found)
    if as_json:
        files = [asdict(s) for s in found]
        print(json.dumps({"fresh": not found, "stale": files, "mend": mend or None}))
        return 1 if found else 0
    out = Console(highlight=False)
    for s in found:
        out.print(f"[red]✗[/] {escape(s.path)}: {escape(s.why)}", soft_wrap=True)
    if mend:
        out.print(f"Mend it with: {escape(mend)}", soft_wrap=True)
    else:
        out.print("[green]✓[/] everything generated is what its source gives")
    return 1 if found else 0


def _mend(found: Sequence[Stale]) -> str:
    """One command line for all of them."""
    lessons = dict.fromkeys(s.lesson for s in found if s.lesson)
    build_them = [f"course build {' '.join(lessons)}"] if lessons else []
    return " && ".join([*build_them, *(s.mend for s in found if not s.lesson)])
