"""The `course` command: one verb a use, each a few lines that import what they need when run."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from grader.errors import CourseError

app = typer.Typer(
    name="course",
    help="An executable deep-learning course: learn, grade, build.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def main() -> None:
    """Run the command; a user's mistake is one line on stderr and exit status 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks ✓ shows ? instead
    try:
        app(prog_name="course")
    except CourseError as error:
        sys.exit(f"course: {error}")
    except BrokenPipeError:
        sys.stderr.close()  # `course ... | head` has read all it wanted
        sys.exit(1)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"course {version('deep-learning-course')}")
        except PackageNotFoundError:  # run from a checkout
            raise CourseError(
                'not installed; run: pip install -c constraints.txt -e ".[dev]"'
            ) from None
        raise typer.Exit()


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def lab(
    context: typer.Context,
    workspace: Annotated[
        Path | None,
        typer.Option(
            help="The folder to work in.",
            envvar="COURSE_WORKSPACE",
            show_default="workspace, beside the lessons",
        ),
    ] = None,
) -> None:
    """Open the lessons in JupyterLab.

    Brings new and untouched lessons up to date first; your work is never overwritten.
    Options that are not listed here go to JupyterLab.

    Example: `course lab --no-browser --port 8899`
    """
    from grader.lab import launch
    from grader.workspace import default_workspace

    raise typer.Exit(launch(workspace or default_workspace(), context.args))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what this machine can do, and what to do about what is missing.

    Exits with 1 if something that every learner needs is missing.

    Example: `course doctor`
    """
    from grader import doctor

    findings = doctor.diagnose()
    typer.echo(doctor.to_json(findings)) if as_json else doctor.render(findings)
    raise typer.Exit(0 if doctor.healthy(findings) else 1)


@app.command()
def check(
    notebook: Annotated[Path, typer.Argument(help="The notebook to judge; it is only read.")],
    json_to: Annotated[
        str | None,
        typer.Option("--json", metavar="PATH", help="Write the report as JSON; - for the screen."),
    ] = None,
    html_to: Annotated[
        Path | None, typer.Option("--html", metavar="PATH", help="Write the report as a page.")
    ] = None,
    cell_seconds: Annotated[float, typer.Option(min=1, help="How long one cell may run.")] = 120.0,
) -> None:
    """Run a whole notebook in a fresh kernel and judge its answers.

    Exits with 0 if every point is earned, 1 if not, 2 if there is nothing to judge.

    Example: `course check 01_perceptron.ipynb --html report.html`
    """
    from grader.notebook_command import check_file

    raise typer.Exit(check_file(notebook, json_to, html_to, cell_seconds))


@app.command()
def grade(
    assignment: Annotated[str, typer.Argument(help="The assignment, as nbgrader knows it.")],
    student: Annotated[str, typer.Option(help="Only students whose name fits this glob.")] = "*",
    workers: Annotated[
        int, typer.Option(min=0, help="How many at a time.", show_default="one a processor")
    ] = 0,
    sandbox: Annotated[
        Literal["bwrap", "none"], typer.Option(help="How submissions are kept apart from you.")
    ] = "bwrap",
    scheduler: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Grade on this Dask cluster: tcp://host:8786.")
    ] = "",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was interrupted.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Grade again what has been.")] = False,
    exercise: Annotated[
        str, typer.Option(metavar="ID", help="Regrade this exercise only, or this graded cell.")
    ] = "",
    timeout: Annotated[
        float,
        typer.Option(min=0, metavar="S", help="Seconds for a cell.", show_default="nbgrader's"),
    ] = 0.0,
    memory: Annotated[
        int, typer.Option(min=0, metavar="MB", help="Memory for a notebook.", show_default="4096")
    ] = 0,
    seed: Annotated[
        int | None, typer.Option(help="Draw the same inputs again.", show_default="fresh")
    ] = None,
    as_json: Json = False,
) -> None:
    """Grade a class, in place of `nbgrader autograde`: sandboxed, in parallel, resumable.

    Run it in the folder with nbgrader_config.py. Manual grades and comments stay.
    Exits with 0 if every submission was graded, 1 if not, 130 if it was stopped.

    Example: `course grade 01_perceptron --workers 4`
    """
    from grader.classroom import command

    if resume and force:
        raise typer.BadParameter("--resume goes on, --force begins again: choose one")
    options = command.Options(
        assignment, student, workers, sandbox, scheduler, resume, force, exercise, timeout, memory,
        seed, as_json,
    )  # fmt: skip
    raise typer.Exit(command.grade(options))


@app.command()
def report(
    assignment: Annotated[str, typer.Argument(help="The assignment, as nbgrader knows it.")],
    to: Annotated[
        Path | None, typer.Option(help="The folder to write to.", show_default="reports/ASSIGNMENT")
    ] = None,
    feedback: Annotated[
        bool, typer.Option("--feedback", help="Write each student's feedback, too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what a graded class got right and what it misunderstood: a page and CSV files.

    Example: `course report 01_perceptron --feedback`
    """
    from grader.classroom.report_command import report_class

    report_class(assignment, to, feedback, as_json)


@app.command()
def build(
    lessons: Annotated[
        list[str] | None, typer.Argument(help="Lessons by name, number or topic; all by default.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Run and write nothing; exit with 1 if a file is stale.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --check: print the result as JSON.")
    ] = False,
) -> None:
    """Make the notebooks from their sources in `solutions/`, run them, and make the release.

    Example: `course build 01_perceptron`, or `course build --check` before a commit
    """
    from grader.build.command import build_lessons, check_lessons

    if as_json and not check:
        raise typer.BadParameter("--json goes with --check")
    names = lessons or []
    raise typer.Exit(check_lessons(names, as_json) if check else build_lessons(names))


@app.command()
def verify(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Exercises by id; all by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Prove the graders: right answers pass, every known mistake is named, stubs earn nothing.

    Exits with 1 if there is a gap.

    Example: `course verify perceptron.update`
    """
    from grader.verify_command import verify_exercises

    raise typer.Exit(verify_exercises(ids or [], as_json))


@app.command()
def progress(as_json: Json = False) -> None:
    """Show what you have done: points, attempts and hints for each exercise.

    Example: `course progress`
    """
    from grader.progress_command import show_progress

    show_progress(as_json)


if __name__ == "__main__":
    main()
