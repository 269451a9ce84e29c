"""The `course` command: quick, with examples, and one clear line for a mistake."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from grader import cli, doctor, lab
from grader.errors import CourseError

COMMANDS = sorted(typer.main.get_command(cli.app).commands)


def course(*args: str) -> subprocess.CompletedProcess[str]:
    """The command as a user runs it."""
    return subprocess.run(
        [sys.executable, "-m", "grader.cli", *args], capture_output=True, text=True
    )


def test_help_lists_every_verb():
    result = course("--help")
    assert result.returncode == 0
    assert all(verb in result.stdout for verb in COMMANDS)


@pytest.mark.skipif(os.name != "posix", reason="Windows does not count its children's time")
def test_help_starts_in_half_a_second():
    def seconds() -> float:  # of processor time: other tests share the cores
        before = os.times()
        course("--help")
        after = os.times()
        used = after.children_user + after.children_system
        return used - before.children_user - before.children_system

    assert min(seconds() for _ in range(3)) < 0.5


@pytest.mark.parametrize("verb", COMMANDS)
def test_the_help_of_every_verb_has_an_example(verb):
    result = CliRunner().invoke(cli.app, [verb, "--help"])
    assert result.exit_code == 0
    assert f"Example: course {verb}" in result.output


def test_version_is_the_distributions():
    result = course("--version")
    assert result.returncode == 0
    assert result.stdout.split()[0] == "course"
    assert result.stdout.split()[1][0].isdigit()


def test_an_unknown_verb_is_refused_without_a_traceback():
    result = course("laab")
    assert result.returncode == 2
    assert "laab" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("typed", "passed"),
    [
        ([], []),
        (["--no-browser", "--port", "8899"], ["--no-browser", "--port", "8899"]),
        (["--port=8899", "--ServerApp.token=x y"], ["--port=8899", "--ServerApp.token=x y"]),
        (["--", "--no-browser", "--port", "8899"], ["--no-browser", "--port", "8899"]),
        (["--no-browser", "01_first/01_first.ipynb"], ["--no-browser", "01_first/01_first.ipynb"]),
    ],
)
def test_lab_passes_on_what_it_does_not_know(typed, passed, monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr(lab, "launch", lambda workspace, args: seen.append((workspace, args)) or 0)
    result = CliRunner().invoke(cli.app, ["lab", "--workspace", str(tmp_path / "a b"), *typed])
    assert result.exit_code == 0, result.output
    assert seen == [(tmp_path / "a b", passed)]


def test_lab_takes_the_workspace_from_the_environment(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr(lab, "launch", lambda workspace, args: seen.append(workspace) or 0)
    CliRunner().invoke(cli.app, ["lab"], env={"COURSE_WORKSPACE": str(tmp_path)})
    assert seen == [tmp_path]


def test_a_workspace_that_cannot_be_used_is_one_line_on_stderr(tmp_path):
    (tmp_path / "file").write_text("mine")
    result = course("lab", "--no-browser", "--workspace", str(tmp_path / "file"))
    assert result.returncode == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("course: ")


@pytest.mark.parametrize("broken", [False, True])
def test_doctor_exits_with_1_only_when_something_required_is_missing(broken, monkeypatch):
    status = "problem" if broken else "absent"
    monkeypatch.setattr(doctor, "diagnose", lambda: [doctor.Finding("a", "b", status, "c")])
    assert CliRunner().invoke(cli.app, ["doctor"]).exit_code == int(broken)
    result = CliRunner().invoke(cli.app, ["doctor", "--json"])
    assert result.exit_code == int(broken)
    assert json.loads(result.stdout)["healthy"] is not broken


def test_a_users_mistake_ends_with_status_1(monkeypatch, capsys):
    def fail(**_):
        raise CourseError("no such lesson")

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit, match="course: no such lesson"):
        cli.main()


def test_importing_the_command_imports_no_heavy_library():
    heavy = {"torch", "matplotlib", "jupyterlab", "nbgrader", "nbclient", "sklearn", "scipy"}
    code = "import sys, grader.cli; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=Path(cli.__file__).parents[1],
    ).stdout
    assert not heavy & set(loaded.split())
