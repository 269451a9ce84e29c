"""What `course verify` does once its arguments are read."""

from __future__ import annotations

import ast
import contextlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from grader import registry
from grader.build.course import Course
from grader.errors import CourseError
from grader.exercise import Exercise
from grader.verify import Proof, percentile_of_checks, verify


def verify_exercises(ids: Sequence[str], as_json: bool, course: Course | None = None) -> int:
    """Prove the named exercises (all by default) and print the table; returns the exit status.

    Raises:
        CourseError: there is no such exercise, or two have the same id.
    """
    course = course or Course.around(Path.cwd())
    try:
        chosen = [registry.find(id) for id in ids] or list(registry.exercises().values())
    except (registry.UnknownExercise, ValueError) as error:  # ValueError: two of one id
        raise CourseError(str(error)) from None
    if not chosen:
        raise CourseError("no exercises: grader/checks/ holds no lNN_slug module")
    console = Console(stderr=True)
    proofs = [
        verify(exercise, released_stub(exercise, course))
        for exercise in track(chosen, "verifying", console=console, transient=True)
    ]
    p95 = percentile_of_checks(e for e, p in zip(chosen, proofs, strict=True) if not p.gaps)
    if as_json:
        body = {"proofs": [p.as_dict() for p in proofs], "check_seconds_p95": p95}
        print(json.dumps({"clean": not any(p.gaps for p in proofs), **body}))
    else:
        _print(proofs, p95)
    return 1 if any(p.gaps for p in proofs) else 0


def released_stub(exercise: Exercise, course: Course) -> Callable[[], Any] | None:
    """A maker of the answer as the student release leaves it; None if it has no such cell."""
    path = course.release(exercise.lesson) / f"{exercise.lesson}.ipynb"
    if not path.is_file():
        return None
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    for i, cell in enumerate(notebook.cells):
        if cell.metadata.get("nbgrader", {}).get("grade_id") == exercise.grade_id:
            sources = [c.source for c in notebook.cells[:i] if c.cell_type == "code"]
            return lambda: _run(cell.source, exercise.answer_name, _imports(sources))
    return None


def _run(source: str, name: str, imports: str) -> Any:
    namespace: dict[str, Any] = {"np": np}
    exec(imports, namespace)
    exec(source, namespace)
    return namespace[name]


def _imports(sources: Sequence[str]) -> str:
    """The imports of these cells: an answer's header may need them, such as a decorator."""
    lines: list[str] = []
    for source in sources:
        with contextlib.suppress(SyntaxError):  # a magic
            body = ast.parse(source).body
            lines += [ast.unparse(n) for n in body if isinstance(n, ast.Import | ast.ImportFrom)]
    return "\n".join(lines)


def _print(proofs: list[Proof], p95: float) -> None:
    table = Table(title="Proof of the graders", title_justify="left", box=box.SIMPLE)
    table.add_column("exercise", no_wrap=True)
    for heading in ("points", "right answers", "mistakes named", "stub", "slowest check"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for p in proofs:
        table.add_row(
            p.exercise, str(p.points), str(p.right_answers), str(p.misconceptions), p.stub,
            f"{p.seconds * 1000:.0f} ms", "[red]✗[/]" if p.gaps else "[green]✓[/]",
        )  # fmt: skip
    console = Console(highlight=False)
    console.print(table)
    for p in proofs:
        for gap in p.gaps:
            console.print(f"[red]✗[/] {p.exercise}: {escape(gap)}", soft_wrap=True)
    points = sum(p.points for p in proofs)
    held = sum(not p.gaps for p in proofs)
    console.print(
        f"{held} of {len(proofs)} exercises proven, {points} points; "
        f"95 % of checks took at most {p95 * 1000:.0f} ms"
    )
