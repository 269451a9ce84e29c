"""What a learner calls: in a notebook and outside, with any input, and with any progress file."""

import json
import os
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing

import nbformat
import numpy as np
import pytest
from made_up import DOUBLE, altered, made_up_choice, made_up_reflection, made_up_result
from nbclient import NotebookClient

import grader
from grader import learner, progress_store, registry
from grader.kernel import environment
from grader.progress_store import ProgressStore


@pytest.fixture(autouse=True)
def made_up_lesson(monkeypatch, tmp_path):
    """Only made-up exercises, and a progress file of this test's own."""
    made_up = [DOUBLE, made_up_choice(), made_up_result(), made_up_reflection()]
    known = {e.id: e for e in made_up}
    monkeypatch.setattr(registry, "lessons", lambda: ["99_made_up"])
    monkeypatch.setattr(registry, "exercises_of", lambda lesson: known)
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.sqlite"))
    monkeypatch.setattr(learner, "_unsaved", ProgressStore(None))
    monkeypatch.setattr(learner, "_here", set())
    monkeypatch.setattr(progress_store, "_BUSY_SECONDS", 0.1)
    return known


@pytest.fixture
def file(tmp_path):
    return tmp_path / "progress.sqlite"


def attempts(id=DOUBLE.id):
    standings = learner._store().standings(registry.exercises())
    return next(s.attempts for s in standings if s.exercise == id)


def test_check_returns_the_points_as_a_number_and_prints_the_report(capsys):
    points = grader.check("made_up.double", lambda x: 2 * x)
    assert isinstance(points, float)
    assert points == 4.0
    assert points.report.passed
    assert points._repr_mimebundle_()["text/plain"] == "4.0"
    assert capsys.readouterr().out == f"{points.report}\n"


def test_evaluate_shows_and_records_nothing(capsys, file):
    report = grader.evaluate("made_up.double", lambda x: x / 2, seed=5)
    assert report == grader.evaluate("made_up.double", lambda x: x / 2, seed=5)
    assert report.misconception == "half"
    assert capsys.readouterr() == ("", "")
    assert not file.exists()


def test_fresh_inputs_are_drawn_for_every_check():
    seeds = {grader.evaluate("made_up.double", lambda x: x).seed for _ in range(5)}
    assert len(seeds) == 5


class Hostile:
    def __str__(self):
        raise RuntimeError

    __repr__ = __eq__ = __hash__ = __str__


class HostileText(str):
    __slots__ = ()
    __hash__ = None

    def __eq__(self, other):
        raise RuntimeError

    def split(self, *args):
        raise RuntimeError


BAD_IDS = [
    ("made_up.duble", "There is no exercise 'made_up.duble'. Did you mean 'made_up.double'?"),
    ("double", "Did you mean 'made_up.double'"),
    ("", "There is no exercise ''."),
    ("x" * 10_000, "There is no exercise 'xxx"),
    ("<b>\ud800", "There is no exercise '<b>\\ud800'"),
    (None, "The id comes first, in quotes"),
    (3, "The id comes first, in quotes"),
    (["made_up.double"], "The id comes first, in quotes"),
    (np.zeros(3), "The id comes first, in quotes"),
    (Hostile(), "The id comes first, in quotes"),
]


@pytest.mark.parametrize(("id", "words"), BAD_IDS, ids=lambda part: type(part).__name__)
def test_a_bad_id_is_told_with_the_nearest_ones(id, words, capsys):
    for points in (grader.check(id, abs), grader.check(id)):
        assert points == 0
        assert points.report.status == "unusable"
        assert words in points.report.message
    json.dumps(points.report.as_dict(), allow_nan=False)
    points.report.to_html().encode()
    assert grader.hint(id)


def test_a_hostile_subclass_of_text_is_only_text():
    assert grader.check(HostileText("made_up.double"), lambda x: 2 * x) == 4
    assert grader.check(HostileText("nothing"), abs).report.status == "unusable"


def test_swapped_arguments_are_recognised():
    message = grader.evaluate(lambda x: 2 * x, "made_up.double").message
    assert "have changed places" in message


@pytest.mark.parametrize("answer", [Hostile(), "made_up.double", HostileText("b"), None, Hostile])
@pytest.mark.parametrize("id", ["made_up.double", "made_up.choice", "made_up.result"])
def test_a_bad_answer_to_any_kind_gets_a_report(id, answer):
    points = grader.check(id, answer)
    assert points == 0
    assert points.report.message


def test_only_attempts_are_recorded():
    for answer in (None, "text", 3):
        grader.check("made_up.double", answer)
    assert attempts() == 0
    grader.check("made_up.double", lambda x: x)
    grader.check("made_up.double", lambda x: 2 * x)
    assert attempts() == 2


def test_a_choice_is_recorded_before_the_reveal_even_if_showing_it_crashes(monkeypatch):
    def crash(report):
        raise RuntimeError("the front end is gone")

    monkeypatch.setattr(learner, "_show", crash)
    with pytest.raises(RuntimeError, match="front end"):
        grader.check("made_up.choice", "a")
    assert learner._store().record_answer("made_up.choice", "b") == "a"
    assert attempts("made_up.choice") == 1


def test_the_first_prediction_is_remembered(capsys):
    grader.check("made_up.choice", " A)")
    points = grader.check("made_up.choice", "b")
    assert points == 1
    assert points.report.message == "It was b.\nYour first answer was 'a'."
    assert grader.check("made_up.choice", "a").report.message == "Not a."


@pytest.mark.parametrize("answer", ["", "z", 3, np.array(["b"]), None, Hostile()])
def test_what_is_no_letter_is_no_prediction(answer):
    grader.check("made_up.choice", answer)
    assert attempts("made_up.choice") == 0
    assert grader.check("made_up.choice", "b").report.message == "It was b."


def test_hints_appear_one_by_one_and_stay():
    seen = [repr(grader.hint("made_up.double")) for _ in range(4)]
    assert "hint 1 of 3" in seen[0]
    assert "Think of" not in seen[0]
    assert "1. Think." in seen[1]
    assert "2. Think of `2`." in seen[1]
    assert "borrow" not in seen[1]
    assert 'double = borrow("made_up.double")' in seen[2]
    assert seen[3] == seen[2]


def test_hints_are_remembered_by_the_next_process(file):
    grader.hint("made_up.double")
    assert ProgressStore(file).hints_used("made_up.double") == 1


def test_the_courses_own_answer_can_be_borrowed_after_all_hints():
    for left in ("3 hints are left", "2 hints are left", "1 hint is left"):
        with pytest.raises(LookupError, match=left):
            grader.borrow("made_up.double")
        grader.hint("made_up.double")
    assert grader.borrow("made_up.double") is DOUBLE.reference


def test_a_borrowed_answer_earns_nothing_in_a_friendly_way(capsys):
    points = grader.check("made_up.double", DOUBLE.reference)
    assert points == 0
    assert points.report.status == "borrowed"
    assert "carry on with it" in capsys.readouterr().out
    assert attempts() == 0
    assert grader.evaluate("made_up.double", DOUBLE.reference).passed


@pytest.mark.parametrize("id", ["made_up.choice", "made_up.result", "made_up.reflection"])
def test_a_value_cannot_be_borrowed(id):
    with pytest.raises(LookupError, match="there is no function or class to borrow"):
        grader.borrow(id)
    with pytest.raises(LookupError, match="Did you mean"):
        grader.borrow("made_up.doubel")


def test_progress_shows_points_attempts_and_hints():
    grader.hint("made_up.double")
    grader.check("made_up.double", lambda x: 2 * x)
    grader.hint("made_up.double")  # solved: no further hint is spent
    shown = grader.progress()
    assert "99_made_up: 4 of 7 points" in repr(shown)
    assert "✓ Twice as much" in repr(shown)
    assert "1 attempt, 1 of 3 hints" in repr(shown)
    bundle = shown._repr_mimebundle_()
    assert bundle["text/plain"] == repr(shown)
    assert "Twice as much" in bundle["text/html"]
    assert "4 of 7 points" in bundle["text/html"]


def corrupt(file):
    file.write_bytes(b"no database " * 100)


def a_folder(file):
    file.mkdir()


@pytest.fixture(params=[corrupt, a_folder, "locked"], ids=["corrupt", "folder", "locked"])
def unusable(request, file):
    if request.param == "locked":
        ProgressStore(file).record_attempt(grader.evaluate("made_up.double", abs))
        with closing(sqlite3.connect(file)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield
    else:
        request.param(file)
        yield


def test_progress_shows_what_was_begun_and_folds_a_finished_lesson_of_another_notebook(
    monkeypatch, made_up_lesson
):
    assert repr(grader.progress()) == "No exercise has been checked yet."
    grader.check("made_up.choice", "a")
    begun = repr(grader.progress())
    assert len(begun.splitlines()) == 5
    for id, exercise in made_up_lesson.items():
        if exercise.kind != "reflection":
            # Another right answer: an earlier test has borrowed the reference itself.
            grader.check(id, (*exercise.alternatives, exercise.reference)[0])
    finished = repr(grader.progress())
    assert finished.startswith("99_made_up: 7 of 7 points\n")
    monkeypatch.setattr(learner, "_here", set())  # another notebook, another process
    assert repr(grader.progress()) == "99_made_up: 7 of 7 points"


@pytest.mark.usefixtures("unusable")
def test_a_progress_file_that_cannot_be_used_stops_nothing():
    points = grader.check("made_up.double", lambda x: 2 * x)
    assert points == 4
    assert "(progress is not saved" in points.report.message
    assert "(progress is not saved" in grader.check("made_up.choice", "a").report.message
    assert "progress is not saved" in repr(grader.progress())
    hints = [repr(grader.hint("made_up.double")) for _ in range(3)]
    assert ["hint 1 of 3" in hints[0], "hint 2 of 3" in hints[1]] == [True, True]
    assert "progress is not saved" in hints[0]
    assert grader.borrow("made_up.double") is DOUBLE.reference


@pytest.mark.skipif(
    not hasattr(os, "geteuid"), reason="Windows has no read-only files of this sort"
)
def test_a_read_only_file_stops_nothing(file, monkeypatch):
    grader.hint("made_up.double")
    read_only = sqlite3.connect

    def connect(path, **options):
        if path == ":memory:":
            return read_only(path, **options)
        return read_only(f"file:{path}?mode=ro", uri=True, **options)

    monkeypatch.setattr(progress_store.sqlite3, "connect", connect)  # root may write anywhere
    assert grader.check("made_up.double", lambda x: 2 * x) == 4
    assert "hint 2 of 3" in repr(grader.hint("made_up.double"))
    assert "hint 3 of 3" in repr(grader.hint("made_up.double"))
    assert grader.borrow("made_up.double") is DOUBLE.reference
    assert "0 attempts, 1 of 3 hints" in repr(grader.progress())


def test_a_terminal_without_our_marks_gets_the_report_too():
    code = """
        from grader import check
        check("perceptron.xor_prediction", "c")
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "COURSE_PROGRESS": "off"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert "? picks what happens" in result.stdout


def test_a_written_answer_is_left_to_a_person():
    points = grader.check("made_up.reflection", "because")
    assert points == 0
    assert points.report.status == "manual"


def test_hints_can_run_out_at_once(made_up_lesson):
    made_up_lesson["made_up.double"] = altered(hints=[])
    assert "hint 0 of 0" in repr(grader.hint("made_up.double"))
    assert callable(grader.borrow("made_up.double"))


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """The outputs of a notebook's cells, run in a real kernel."""
    cells = [
        "from grader import check, hint, progress\nimport numpy as np",
        "def step(z):\n    print('working')\n    return np.where(z >= 0, 1, 0)",
        'check("perceptron.step", step)',
        'hint("perceptron.step")',
        'check("perceptron.step", lambda z: np.where(z >= 0, 1, -1))',
        'check("perceptron.step", lambda z: int(input("z? ")))',
        "def step(z):\n    while True:\n        pass",
        'check("perceptron.step", step)',
        "progress()",
        "6 * 7",
    ]
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    store = tmp_path_factory.mktemp("workspace") / "progress.sqlite"
    client = NotebookClient(nb, timeout=60, kernel_name="python3")
    client.execute(env={**environment(), "COURSE_PROGRESS": str(store)})
    return [cell.outputs for cell in nb.cells]


def test_a_kernel_shows_the_report_once_and_the_points_as_the_result(notebook):
    shown, result = notebook[2]
    assert (shown.output_type, result.output_type) == ("display_data", "execute_result")
    assert "These labels are 0 and 1" in shown.data["text/plain"]
    assert "These labels are 0 and 1" in shown.data["text/html"]
    assert float(result.data["text/plain"]) == 0.0
    assert float(notebook[4][1].data["text/plain"]) == 2.0


def test_a_kernel_shows_hints_and_progress(notebook):
    (hint,) = notebook[3]
    assert "hint 1 of 3" in hint.data["text/plain"]
    (progress,) = notebook[8]
    assert "4 attempts, 1 of 3 hints" in progress.data["text/plain"]


def test_a_kernel_never_waits_for_input_or_for_ever(notebook):
    assert "nobody types" in notebook[5][0].data["text/plain"]
    assert "was stopped after 2 s" in notebook[7][0].data["text/plain"]
    assert notebook[9][0].data["text/plain"] == "42"
