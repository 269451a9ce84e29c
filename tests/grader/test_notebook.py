"""`course check`: a whole notebook, run in a fresh kernel and judged from outside it."""

import json
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader import cli
from grader.exercise import Exercise, Misconception, Option, Values, choice, reflection, result
from grader.notebook import NotebookUnusable, check_notebook
from grader.notebook_command import check_file

LESSON = "01_tiny"


def double(x):
    return 2 * x


def triple(x):
    return 3 * x


def halved(x):
    return x / 2


def vectors(rng):
    return [(np.array([1.0]),), (rng.normal(size=3),)]


_ALL = [
    Exercise(
        "tiny.double",
        LESSON,
        "Double",
        2,
        double,
        criteria=[Values("doubles")],
        misconceptions=[Misconception("halved", halved, "That is half of it, <b>not</b> twice.")],
        cases=vectors,
        hints=["think"],
        seconds=1.0,
    ),
    Exercise(
        "tiny.triple", LESSON, "Triple", 3, triple, criteria=[Values("triples")], cases=vectors
    ),
    result(
        "tiny.fit",
        lesson=LESSON,
        title="Fit",
        points=1,
        reference=3.0,
        answer="slope",
        criteria=[Values("fits")],
    ),
    choice(
        "tiny.guess",
        lesson=LESSON,
        title="Guess",
        points=1,
        answer="guess",
        right="b",
        wrong={"a": Option("too_soon", "It comes later.")},
        explanation="",
        hints=[],
    ),
    reflection("tiny.why", lesson=LESSON, title="Why", rubric=[(2, "says why")], hints=[]),
]
EXERCISES = {e.id: e for e in _ALL}
OTHER = {"far.away": Exercise("far.away", "02_far", "Away", 5, double, criteria=[Values("is")])}

RIGHT = {
    "tiny-double": "def double(x):\n    return x + x",
    "tiny-triple": "def triple(x):\n    return double(x) + x",
    "tiny-fit": "slope = 3.0",
    "tiny-guess": "guess = 'b'",
}


def answer(grade_id: str, source: str) -> nbformat.NotebookNode:
    grading = {"grade_id": grade_id, "solution": True, "grade": False, "schema_version": 3}
    return new_code_cell(source, metadata={"nbgrader": grading})


def write(path: Path, answers: dict[str, str], *before: str) -> Path:
    cells = [new_code_cell(source) for source in before]
    cells += [answer(grade_id, source) for grade_id, source in answers.items()]
    cells.append(new_markdown_cell("because", metadata={"nbgrader": {"grade_id": "tiny-why"}}))
    nbformat.write(new_notebook(cells=cells), path)
    return path


def judged(path: Path, **options):
    report = check_notebook(path, lambda: EXERCISES | OTHER, **options)
    return report, {r.exercise: r for r in report.reports}


@pytest.fixture
def notebook(tmp_path):
    return tmp_path / "mine.ipynb"


def test_right_answers_earn_all_and_the_file_is_only_read(notebook):
    write(notebook, RIGHT)
    before = notebook.read_bytes()
    report, found = judged(notebook)
    assert notebook.read_bytes() == before
    assert [p.name for p in notebook.parent.iterdir()] == ["mine.ipynb"]
    assert report.complete
    assert (report.points, report.max_points, report.by_hand) == (7, 7, 2)
    assert found["tiny.why"].status == "manual"
    assert report.notes == ()


def test_a_mistake_is_named_and_what_follows_is_judged_on_its_own(notebook):
    write(notebook, RIGHT | {"tiny-double": "def double(x):\n    return x / 2"})
    report, found = judged(notebook)
    assert found["tiny.double"].misconception == "halved"
    assert found["tiny.triple"].points == 0  # it builds on double, in the learner's own notebook
    assert found["tiny.fit"].passed
    assert not report.complete


def test_an_answer_is_judged_as_it_is_right_after_its_cell(notebook):
    write(notebook, RIGHT | {"tiny-guess": "guess = 'b'\nslope = None\ndouble = 3"})
    _, found = judged(notebook)
    assert found["tiny.double"].passed
    assert found["tiny.fit"].passed


def test_checks_that_were_tampered_with_change_nothing(notebook):
    forged = "check = lambda *_: 2.0\nimport grader\ngrader.check = check\n"
    write(notebook, {"tiny-double": "def double(x):\n    return x"}, forged)
    assert judged(notebook)[1]["tiny.double"].points == 0


@pytest.mark.parametrize("metadata", [{"course": {"exercise": "tiny.double"}}, {"nbgrader": 3}, {}])
def test_an_answer_is_found_by_its_exercise_or_its_id_too(notebook, metadata):
    cell = new_code_cell(RIGHT["tiny-double"], metadata=metadata)
    cell.id = "tiny-double"
    nbformat.write(new_notebook(cells=[cell]), notebook)
    assert judged(notebook)[1]["tiny.double"].passed


def test_a_missing_cell_is_reported_and_other_lessons_are_not(notebook):
    write(notebook, {"tiny-double": RIGHT["tiny-double"]})
    report, found = judged(notebook)
    assert list(found) == list(EXERCISES)
    assert "missing from the notebook" in found["tiny.triple"].message
    assert (report.points, report.max_points) == (2, 7)


def test_of_two_cells_for_one_exercise_the_last_counts(notebook):
    cells = [
        answer("tiny-double", "def double(x):\n    return x"),
        answer("tiny-double", RIGHT["tiny-double"]),
    ]
    nbformat.write(new_notebook(cells=cells), notebook)
    report, found = judged(notebook)
    assert found["tiny.double"].passed
    assert "tiny.double has several cells; the last one counts" in report.notes


@pytest.mark.parametrize(
    ("source", "status", "message"),
    [
        ("def double(x):\n    raise NotImplementedError()", "not started", "Write `double`"),
        (
            "def double(x): return x +",
            "unusable",
            "does not define `double`. Its cell ended with S",
        ),
        ("", "unusable", "does not define `double`"),
        ("double = 'double'", "unusable", "a str came"),
        ("import time\ndef double(x):\n    while True: pass", "failed", "stopped after 1 s"),
        (
            "def double(x):\n    import os\n    os._exit(3)",
            "unusable",
            "could not be reached: the ker",
        ),
        ("double = input('a number?')", "unusable", "StdinNotImplementedError"),
        ("from importlib import import_module\ndouble = print", "failed", ""),
        ("from test_notebook import double", "unusable", "the course's own"),
    ],
    ids=["stub", "syntax", "empty", "string", "loops", "dies", "input", "print", "borrowed"],
)
def test_what_goes_wrong_in_an_answer_is_a_report(notebook, source, status, message, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.setitem(sys.modules, "test_notebook", sys.modules[__name__])
    monkeypatch.setattr(double, "__module__", "test_notebook")
    write(notebook, {"tiny-double": source, "tiny-fit": "slope = 3.0"})
    _, found = judged(notebook)
    assert found["tiny.double"].points == 0
    assert found["tiny.double"].status == status
    assert message in found["tiny.double"].message
    assert found["tiny.fit"].passed == ("os._exit" not in source)


def test_a_cell_without_end_is_stopped_and_the_rest_goes_on(notebook):
    write(notebook, RIGHT, "while True:\n    print('flood' * 100)")
    report, _ = judged(notebook, cell_seconds=1)
    assert report.complete
    assert report.notes == ("Cell 1: stopped after 1 s",)


def test_a_cell_that_cannot_be_stopped_ends_the_run_with_a_reason(notebook):
    stubborn = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(600)"
    write(notebook, {**RIGHT, "tiny-fit": stubborn})
    report, found = judged(notebook, cell_seconds=1)
    assert found["tiny.triple"].passed
    assert "ran past 1 s and did not let itself stop in cell 3" in found["tiny.fit"].message
    assert found["tiny.guess"].points == 0
    assert len(report.notes) == 1


def test_a_dead_kernel_keeps_what_was_earned_before(notebook):
    write(notebook, {**RIGHT, "tiny-fit": "import os\nos._exit(1)"})
    report, found = judged(notebook)
    assert (found["tiny.double"].points, report.points) == (2, 5)
    assert "the kernel died in cell 3" in found["tiny.guess"].message


def test_a_learners_progress_is_left_alone(notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.sqlite"))
    source = "import os\nslope = 3.0 if os.environ['COURSE_PROGRESS'] == 'off' else 0.0"
    write(notebook, {"tiny-fit": source})
    assert judged(notebook)[1]["tiny.fit"].passed
    assert not (tmp_path / "progress.sqlite").exists()


# --- what is no notebook -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not a notebook"),
        ("not json", "is not a notebook"),
        ('{"cells": ', "is not a notebook"),
        ("[1, 2]", "is not a notebook"),
        ('{"cells": [5], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "is not a notebook"),
        ('{"cells": [], "metadata": {}, "nbformat": 99, "nbformat_minor": 5}', "is not a notebook"),
        ("[" * 100_000, "is not a notebook"),
        (
            '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
            "no cell with an exer",
        ),
    ],
    ids=["empty", "text", "cut off", "list", "cells", "version", "deep", "no exercises"],
)
def test_what_is_no_notebook_is_one_clear_line(notebook, content, message, capsys):
    notebook.write_text(content)
    with pytest.raises(NotebookUnusable, match=message):
        judged(notebook)
    assert check_file(notebook, exercises=lambda: EXERCISES) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"course: {notebook} ")
    assert len(err.splitlines()) == 1


def test_bytes_that_are_no_text_a_folder_and_nothing_are_each_named(tmp_path):
    (tmp_path / "x.ipynb").write_bytes(b"\xff\xfe\x00")
    for name, message in (("x.ipynb", "is not a notebook"), (".", "a folder"), ("y", "not there")):
        with pytest.raises(NotebookUnusable, match=message):
            judged(tmp_path / name)


# --- the command ---------------------------------------------------------------------------------


def test_the_command_writes_text_json_and_html(notebook, tmp_path, capsys):
    write(notebook, RIGHT | {"tiny-double": "def double(x):\n    return x / 2"})
    status = check_file(
        notebook, str(tmp_path / "r.json"), tmp_path / "r.html", exercises=lambda: EXERCISES
    )
    assert status == 1
    out = capsys.readouterr().out
    assert "That is half of it" in out
    assert out.splitlines()[-1] == "mine.ipynb: 2 of 7 points, and 2 given by a person"
    body = json.loads((tmp_path / "r.json").read_text())
    assert (body["points"], body["max_points"], body["complete"]) == (2, 7, False)
    assert body["exercises"][0]["misconception"] == "halved"
    page = (tmp_path / "r.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "&lt;b&gt;not&lt;/b&gt;" in page
    assert "<b>not" not in page
    assert "http" not in page


def test_json_to_the_screen_is_nothing_but_json(notebook, capsys):
    write(notebook, RIGHT)
    assert check_file(notebook, "-", exercises=lambda: EXERCISES) == 0
    assert json.loads(capsys.readouterr().out)["complete"] is True


def test_where_nothing_can_be_written_is_said_before_the_run(notebook, tmp_path, capsys):
    write(notebook, RIGHT)
    before = notebook.read_bytes()
    assert check_file(notebook, str(tmp_path / "no" / "r.json")) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert check_file(notebook, None, notebook) == 2
    assert notebook.read_bytes() == before


def test_the_shell_gets_the_exit_status(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["course", "check", str(tmp_path / "none.ipynb")])
    with pytest.raises(SystemExit) as exit:
        cli.main()
    assert exit.value.code == 2
