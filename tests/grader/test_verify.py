"""`course verify` finds every kind of gap in a grader, and its exit status says so."""

import json
import os
import subprocess
import sys
import time

import nbformat
import numpy as np
import pytest
from made_up import DOUBLE, altered, made_up_choice, made_up_reflection, made_up_result
from typer.testing import CliRunner

from grader import cli, registry, verify_command
from grader.build.course import Course
from grader.exercise import Misconception, Values
from grader.verify import percentile_of_checks, verify

COMPLETE = altered(made_up_result(), misconceptions=[
    Misconception("zeros", np.zeros(3), "Zeros."),
    Misconception("ones", np.ones(3), "Ones."),
    Misconception("backwards", np.array([3.0, 2.0, 1.0]), "Backwards."),
    Misconception("twice", np.array([2.0, 4.0, 6.0]), "Twice."),
], alternatives=[np.array([1.0, 2.0, 3.0 + 1e-9]), np.arange(1.0, 4.0)])  # fmt: skip


def stub():
    def double(x):
        raise NotImplementedError

    return double


def gaps(exercise=DOUBLE, stub=stub):
    return "\n".join(verify(exercise, stub).gaps)


def test_a_complete_exercise_has_no_gap():
    proof = verify(DOUBLE, stub)
    assert proof.gaps == []
    assert (proof.right_answers, proof.misconceptions, proof.stub) == (3, 4, "0")


@pytest.mark.parametrize("exercise", [COMPLETE, made_up_choice()], ids=lambda e: e.kind)
def test_results_and_choices_are_proven_too(exercise):
    assert gaps(exercise, lambda: None) == ""


def test_a_reflection_needs_a_rubric_and_hints_only():
    assert gaps(made_up_reflection(), None) == ""
    assert "needs a rubric" in gaps(altered(made_up_reflection(), rubric=[]), None)


def fails_for_small(x):
    return 2 * x if x.size > 1 else x


def sometimes_triple(x):
    return 3 * x if x[0] > 8.5 else 2 * x


class Unsteady:
    """A reference that is never the same twice."""

    __name__ = "double"
    calls = 0

    def __call__(self, x):
        self.calls += 1
        return x + self.calls


def more(**changes):
    return altered(misconceptions=[*DOUBLE.misconceptions, Misconception(**changes)])


GAPS = {
    "no points": (altered(points=0), "points must be > 0, got 0"),
    "few hints": (altered(hints=["one", "two"]), "at least 3 hints, got 2"),
    "no criteria": (altered(criteria=[]), "criteria with weights > 0"),
    "no weight": (altered(criteria=[Values("a", weight=0)]), "criteria with weights > 0"),
    "few misconceptions": (
        altered(misconceptions=DOUBLE.misconceptions[:3]),
        "at least 4 misconceptions",
    ),
    "few alternatives": (altered(alternatives=DOUBLE.alternatives[:1]), "at least 2 alternatives"),
    "no name": (altered(COMPLETE, answer=""), "name for the answer is unknown"),
    "a misconception twice": (
        more(id="half", wrong=lambda x: x / 4, says="Quarter."),
        "two misconceptions are called 'half'",
    ),
    "a criterion twice": (
        altered(criteria=[Values("a", essential=True), Values("a")]),
        "two criteria are called 'a'",
    ),
    "a wrong reference": (
        altered(reference=Unsteady()),
        "the reference fails (seed 0): At index [0]",
    ),
    "a wrong alternative": (
        altered(alternatives=[*DOUBLE.alternatives, fails_for_small]),
        "the alternative 3 fails (seed 0): At index [0]",
    ),
    "a passing misconception": (
        more(id="none", wrong=lambda x: x * 2.0, says="?"),
        "misconception none passes (seed 0)",
    ),
    "a misconception that passes on some inputs": (
        more(id="rare", wrong=sometimes_triple, says="?"),
        "misconception rare",
    ),
    "a misconception under another's name": (
        more(id="quarter", wrong=lambda x: x / 2, says="?"),
        "misconception quarter is named half (seed 0)",
    ),
    "an unnamed misconception": (
        more(id="unnamed", wrong=lambda x: 7 * x, says="?", when=lambda trials: False),
        "misconception unnamed is not named (seed 0)",
    ),
    "broken cases": (altered(cases=lambda rng: [1 / 0]), "cannot be judged: ZeroDivisionError"),
    "an idle criterion": (
        altered(criteria=[*DOUBLE.criteria, Values("idle", where=lambda x: x.size > 9)]),
        "criterion 'idle' was tried on no input",
    ),
    "a lazy answer that earns": (
        altered(criteria=[Values("anything", rtol=np.inf), DOUBLE.criteria[0]]),
        "an answer that returns a copy of its first input earns",
    ),
}


@pytest.mark.parametrize("name", GAPS)
def test_a_gap_is_found(name):
    exercise, words = GAPS[name]
    assert words in gaps(exercise)


def test_a_slow_check_is_a_gap(monkeypatch):
    def busy(x):
        end = time.process_time() + 0.03
        while time.process_time() < end:
            pass
        return 2 * x

    monkeypatch.setattr("grader.verify.MAX_SECONDS", 0.05)
    assert "a check took 0." in gaps(altered(alternatives=[busy, busy]))


def test_a_stub_that_earns_is_a_gap():
    assert "the untouched stub earns 4 points" in gaps(stub=lambda: DOUBLE.reference)


def test_a_stub_that_cannot_be_run_is_a_gap():
    assert "the untouched stub cannot be run: ZeroDivisionError" in gaps(stub=lambda: 1 / 0)


def test_a_missing_release_is_a_gap():
    assert "there is no student release of it" in gaps(stub=None)


def test_the_percentile_is_that_of_checks():
    assert 0 < percentile_of_checks([DOUBLE, made_up_reflection()], repeats=3) < 0.5
    slowest = percentile_of_checks([DOUBLE], percent=100, repeats=3)
    assert percentile_of_checks([DOUBLE], percent=0, repeats=3) <= slowest


@pytest.fixture
def made_up_course(tmp_path, monkeypatch):
    """A course of one made-up exercise, released with the given stub."""

    def course(exercise, source):
        monkeypatch.setattr(registry, "exercises", lambda: {exercise.id: exercise})
        cell = nbformat.v4.new_code_cell(
            source, metadata={"nbgrader": {"grade_id": exercise.grade_id}}
        )
        release = tmp_path / "lessons" / exercise.lesson
        release.mkdir(parents=True, exist_ok=True)
        notebook = nbformat.v4.new_notebook(cells=[cell])
        nbformat.write(notebook, release / f"{exercise.lesson}.ipynb")
        return Course(tmp_path)

    return course


STUB = "def double(x):\n    raise NotImplementedError()"


def verified(course, capsys):
    status = verify_command.verify_exercises([], as_json=True, course=course)
    return status, json.loads(capsys.readouterr().out)


def test_the_command_proves_a_course(made_up_course, capsys):
    status, body = verified(made_up_course(DOUBLE, STUB), capsys)
    assert (status, body["clean"]) == (0, True)
    assert body["proofs"][0]["stub"] == "0"
    assert body["check_seconds_p95"] > 0


@pytest.mark.parametrize(
    ("exercise", "source", "words"),
    [
        (altered(hints=[]), STUB, "at least 3 hints"),
        (DOUBLE, "def double(x):\n    return 2 * x", "the untouched stub earns 4 points"),
        (DOUBLE, "x = 1", "the untouched stub cannot be run: KeyError"),
        (DOUBLE, "def double(:", "the untouched stub cannot be run: SyntaxError"),
    ],
)
def test_the_command_fails_on_a_gap(made_up_course, capsys, exercise, source, words):
    status, body = verified(made_up_course(exercise, source), capsys)
    assert (status, body["clean"]) == (1, False)
    assert words in "\n".join(body["proofs"][0]["gaps"])


def test_the_command_prints_every_gap(made_up_course, capsys):
    course = made_up_course(altered(hints=[], points=0), STUB)
    assert verify_command.verify_exercises([], as_json=False, course=course) == 1
    printed = capsys.readouterr().out
    assert "at least 3 hints, got 0" in printed
    assert "points must be > 0" in printed
    assert "0 of 1 exercises proven" in printed


def test_the_command_proves_one_exercise_of_the_course():
    result = CliRunner().invoke(cli.app, ["verify", "perceptron.step", "--json"])
    body = json.loads(result.stdout)
    assert [p["exercise"] for p in body["proofs"]] == ["perceptron.step"]
    assert result.exit_code == (0 if body["clean"] else 1)


def test_the_command_refuses_an_unknown_id_in_one_line():
    result = subprocess.run(
        [sys.executable, "-m", "grader.cli", "verify", "perceptron.stpe"],
        env=os.environ,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("course: There is no exercise 'perceptron.stpe'. Did you mean")
    assert len(result.stderr.splitlines()) == 1


def test_the_command_refuses_two_exercises_of_one_id(monkeypatch):
    def broken():
        raise ValueError("two exercises have the id 'a.b'")

    monkeypatch.setattr(registry, "exercises", broken)
    with pytest.raises(verify_command.CourseError, match="two exercises have the id"):
        verify_command.verify_exercises([], as_json=True)
