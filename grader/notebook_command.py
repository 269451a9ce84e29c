"""What `course check` does once its arguments are read."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from grader import registry
from grader.notebook import CELL_SECONDS, Catalogue, NotebookUnusable, check_notebook
from grader.notebook_report import NotebookReport
from grader.report import Report


def check_file(
    notebook: Path,
    json_to: str | None = None,
    html_to: Path | None = None,
    cell_seconds: float = CELL_SECONDS,
    exercises: Catalogue = registry.exercises,
) -> int:
    """Judge a notebook and write its report.

    Returns the exit status: 0 if every point that can be earned here is, 1 if not, 2 if there is
    nothing to judge or nowhere to write to.
    """
    try:
        _see_that_it_can_be_written(notebook, html_to)
        _see_that_it_can_be_written(notebook, Path(json_to) if json_to not in (None, "-") else None)
        report = _run(notebook, cell_seconds, exercises)
        _write(report, json_to, html_to)
    except NotebookUnusable as error:
        print(f"course: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"course: the report cannot be written: {error}", file=sys.stderr)
        return 2
    return 0 if report.complete else 1


def _run(notebook: Path, cell_seconds: float, exercises: Catalogue) -> NotebookReport:
    console = Console(stderr=True)
    columns = (TextColumn("running {task.description}"), BarColumn(), MofNCompleteColumn())
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task(notebook.name, total=None)
        return check_notebook(
            notebook,
            exercises,
            cell_seconds=cell_seconds,
            advance=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _see_that_it_can_be_written(notebook: Path, path: Path | None) -> None:
    """Say so before the notebook runs for minutes."""
    if path is None:
        return
    if not path.parent.is_dir():
        raise NotebookUnusable(f"the report cannot be written: there is no folder {path.parent}")
    if path.resolve() == notebook.resolve():
        raise NotebookUnusable(f"the report cannot be written over the notebook {notebook}")


def _write(report: NotebookReport, json_to: str | None, html_to: Path | None) -> None:
    body = json.dumps(report.as_dict(), ensure_ascii=False, indent=2)
    if html_to:
        html_to.write_text(report.to_html(), "utf-8")
    if json_to == "-":
        print(body)
        return  # so that standard output is JSON and nothing else
    if json_to:
        Path(json_to).write_text(body + "\n", "utf-8")
    _show(report)


def _show(report: NotebookReport) -> None:
    console = Console(highlight=False)
    for part in report.reports:
        console.print(Text(str(part)), Text(), sep="\n", soft_wrap=True)
    for note in report.notes:
        console.print(Text(f"Note: {note}"), soft_wrap=True)
    for part in report.reports:
        console.print(_line(part), soft_wrap=True)
    console.print(Text(report.headline, style="bold"), soft_wrap=True)


def _line(report: Report) -> Text:
    """One exercise in one line, for the summary at the end."""
    if report.status == "manual":
        return Text(f"  ✎ {report.title}: {report.max_points:g} points, given by a person")
    mark, style = ("✓", "green") if report.passed else ("✗", "red")
    return Text(f"  {mark} {report.title}: {report.points:g} of {report.max_points:g}", style)
