"""nbgrader's own commands, unmodified, take lesson 01 from its source to a class's grades.

Five students work on the release that `nbgrader generate_assignment` makes. What each of them does,
and what each cell of theirs must earn and why, stands in `STUDENTS`.
"""

import csv
import html
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from grader.build import Course
from grader.registry import exercises_of

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]
LESSON = "01_perceptron"
TOPIC = "perceptron-"
EXERCISES = {e.grade_id.removeprefix(TOPIC): e for e in exercises_of(LESSON).values()}
MOST = {name: e.points for name, e in EXERCISES.items()}
CHECKED = sum(points for name, points in MOST.items() if name != "reflection")
# nbgrader waits this long for a cell, where the course's configuration has 120 s: one student's
# answer never ends, and this test should.
CELL_SECONDS = 8


@dataclass(frozen=True)
class Student:
    """What a student wrote into which answers, and what each cell must earn; the rest earns 0."""

    answers: dict[str, str]
    earns: dict[str, float]


def _altered(good: str, bad: str, source: str) -> str:
    assert good in source, f"the solution no longer has {good!r}: this student needs a new mistake"
    return source.replace(good, bad)


def _solutions() -> dict[str, str]:
    notebook = nbformat.read(Course(REPOSITORY).notebook(LESSON), as_version=4)
    cells = {c.id: c.source for c in notebook.cells}
    return {name: cells[TOPIC + name] for name in EXERCISES}


S = _solutions()

PERFECT = Student(S, {name: MOST[name] for name in MOST if name != "reflection"})

HALF = Student(
    answers={
        "weighted_sum": _altered("X @ w + b", "X @ w", S["weighted_sum"]),
        "step": _altered(">=", ">", S["step"]),
        "update": "def update(w, b, x, y):\n    return w + y * x, b + y",
        "training": _altered(
            "return step(weighted_sum(X, self.w, self.b))",
            "return np.where(X @ self.w + self.b >= 0, 1, 0)",
            S["training"],
        ),
        "digits": S["digits"],
        "mistake_bound": (
            "def mistake_bound(X, y, w, b):\n"
            "    gamma = (y * (X @ w + b)).min() / np.sqrt(w @ w + b**2)\n"
            "    return ((X**2).sum(axis=1) + 1).max() / gamma**2"
        ),
        "xor_prediction": 'prediction = "e"',
        "xor_net": _altered("b = np.array([1.0, 1.0])", "b = np.array([0.0, 1.0])", S["xor_net"]),
        "reflection": "No line separates the two classes.",
    },
    earns={
        "weighted_sum": 1,  # bias forgotten: one of two criteria of the same weight
        "step": 1.5,  # `>` for `>=`: wrong at 0 only, one of four parts of 2 points
        "update": 2,  # changes w when right: two of three criteria
        "training": 3.5,  # predicts 0 and 1: loses one of the 8 parts of 4 points
        "digits": 0,  # trained right, but answers 0 and 1 too, so no image gets its own label
        "mistake_bound": 2,  # no refusal: loses one of three parts
        "xor_prediction": 0,
        "xor_net": 2,  # right in the corners, where one lies on a boundary: no room for noise
    },
)

EMPTY = Student(answers={}, earns={})

CRASHING = Student(
    answers={
        "weighted_sum": "def weighted_sum(X, w, b):\n    return X @ w +",
        "step": S["step"],
        "update": "def update(w, b, x, y):\n    while True:\n        pass",
        "training": _altered(
            "weighted_sum(X, self.w, self.b)", "X @ self.w + self.b", S["training"]
        ),
        "digits": S["digits"],
        "mistake_bound": S["mistake_bound"] + '\n\nmistake_bound("my", "own", "little", "test")',
        "xor_prediction": "prediction = c",
        "xor_net": "xor_net = [[1, 1], [-1, -1]]\nraise SystemExit",
        "reflection": "",
    },
    earns={
        "weighted_sum": 0,  # a syntax error: there is no such function
        "step": MOST["step"],
        "update": 0,  # never returns: the check gives up after its time limit
        "training": MOST["training"],  # runs after the endless loop, in the same kernel
        "digits": MOST["digits"],
        "mistake_bound": MOST["mistake_bound"],  # defined before its cell crashed
        "xor_prediction": 0,  # NameError: no quotes
        "xor_net": 0,  # no such shape
    },
)

# The worked cases of the text and of the docstrings, and no more.
HARD_CODED = Student(
    answers={
        "weighted_sum": "def weighted_sum(X, w, b):\n    return np.array([1.5])",
        "step": (
            "def step(z):\n"
            "    if z.tolist() == [-0.5, 0.0, 2.0]:\n"
            "        return np.array([-1, 1, 1])\n"
            "    return np.ones(z.shape)"
        ),
        "update": "def update(w, b, x, y):\n    return np.array([-2.0, 1.0]), -1.0",
        "training": (
            "class Perceptron:\n"
            "    w, b, mistakes = np.array([2.0]), 0.0, [2, 0]\n"
            "    def __init__(self, max_epochs=100):\n"
            "        pass\n"
            "    def fit(self, X, y):\n"
            "        return self\n"
            "    def predict(self, X):\n"
            "        return np.where(X[:, 0] >= 0, 1, -1)"
        ),
        "digits": (
            "class Known:\n    def predict(self, X):\n        return y_test\ndigit_unit = Known()"
        ),
        "mistake_bound": "def mistake_bound(X, y, w, b):\n    return 2.0",
        "xor_prediction": 'prediction = "a, b, c, d or e"',
        "xor_net": "xor_net = [-1, 1, 1, -1]",
        "reflection": S["reflection"],
    },
    # Not even the digits, whose labels it knows by heart: the images come in a fresh order.
    earns={},
)

STUDENTS = {
    "perfect": PERFECT,
    "half": HALF,
    "empty": EMPTY,
    "crashing": CRASHING,
    "hard_coded": HARD_CODED,
}
TOTALS = {"perfect": 20, "half": 12, "empty": 0, "crashing": 11, "hard_coded": 0}
REFLECTION_OF_PERFECT = 2  # what a person gives it, of 3


class Classroom:
    """A course folder somewhere else, with nothing but the sources and nbgrader's configuration."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.stray_progress = root / "somebody" / "progress.sqlite"
        shutil.copy(REPOSITORY / "nbgrader_config.py", root)
        shutil.copytree(REPOSITORY / "solutions", root / "solutions")

    @property
    def release(self) -> Path:
        return self.root / "lessons" / LESSON / f"{LESSON}.ipynb"

    def nbgrader(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command as an instructor does whose shell was set up for learning."""
        return subprocess.run(
            ["nbgrader", *arguments],
            cwd=self.root,
            env={**os.environ, "COURSE_PROGRESS": str(self.stray_progress)},
            capture_output=True,
            text=True,
            timeout=240,
        )

    def write(self, path: Path, answers: dict[str, str]) -> None:
        """The released notebook with these answers, as JupyterLab would save it."""
        notebook = nbformat.read(self.release, as_version=4)
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "").removeprefix(TOPIC)
            cell.source = answers.get(name, cell.source)
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, path)

    def submit(self, student: str, answers: dict[str, str]) -> None:
        self.write(self.root / "submitted" / student / LESSON / f"{LESSON}.ipynb", answers)

    def gradebook(self) -> Gradebook:
        return Gradebook(f"sqlite:///{self.root / 'gradebook.db'}", "deep-learning")

    def scores(self, student: str) -> dict[str, float | None]:
        """What nbgrader gave each cell of its own accord: None where a person has to."""
        with self.gradebook() as book:
            grades = book.find_submission_notebook(LESSON, LESSON, student).grades
            return {
                grade.name.removeprefix(TOPIC).removesuffix("-check"): grade.auto_score
                for grade in grades
            }

    def waiting(self, student: str) -> list[str]:
        """The cells that wait for a person."""
        with self.gradebook() as book:
            grades = book.find_submission_notebook(LESSON, LESSON, student).grades
            return [grade.name.removeprefix(TOPIC) for grade in grades if grade.needs_manual_grade]

    def give(self, student: str, name: str, points: float) -> None:
        """Grade by hand, as formgrader stores it."""
        with self.gradebook() as book:
            grade = book.find_grade(TOPIC + name, LESSON, LESSON, student)
            grade.manual_score, grade.needs_manual_grade = points, False
            book.db.commit()

    def feedback(self, student: str) -> str:
        """The words of a student's feedback, on one line."""
        page = self.root / "feedback" / student / LESSON / f"{LESSON}.html"
        words = html.unescape(re.sub(r"<[^>]*>", "", page.read_text("utf-8")))
        return " ".join(words.split())


@dataclass
class RoundTrip:
    room: Classroom
    runs: dict[str, subprocess.CompletedProcess[str]]
    scores: dict[str, dict[str, float | None]]
    waiting: dict[str, list[str]]
    exported: dict[str, dict[str, str]]
    after_a_death: dict[str, dict[str, float | None]]


@pytest.fixture(scope="module")
def trip(tmp_path_factory: pytest.TempPathFactory) -> RoundTrip:
    room = Classroom(tmp_path_factory.mktemp("classroom"))
    runs = {"generate": room.nbgrader("generate_assignment", LESSON)}
    room.write(room.root / "complete.ipynb", S)
    for student, work in STUDENTS.items():
        room.submit(student, work.answers)
    limit = f"--Execute.timeout={CELL_SECONDS}"
    with ThreadPoolExecutor(max_workers=1) as beside:  # learners validate; the instructor grades
        complete = beside.submit(room.nbgrader, "validate", "complete.ipynb")
        untouched = beside.submit(room.nbgrader, "validate", str(room.release))
        runs["autograde"] = room.nbgrader("autograde", LESSON, limit)
        runs["validate complete"], runs["validate untouched"] = (
            complete.result(),
            untouched.result(),
        )
    scores = {student: room.scores(student) for student in STUDENTS}
    waiting = {student: room.waiting(student) for student in STUDENTS}
    room.give("perfect", "reflection", REFLECTION_OF_PERFECT)
    runs["feedback"] = room.nbgrader("generate_feedback", LESSON)
    runs["export"] = room.nbgrader("export")
    with (room.root / "grades.csv").open(newline="") as lines:
        exported = {row["student_id"]: row for row in csv.DictReader(lines)}
    room.submit("dying", {**S, "update": "import os\nos._exit(1)"})
    runs["autograde dying"] = room.nbgrader("autograde", LESSON, "--student=dying", limit)
    after = {student: room.scores(student) for student in [*STUDENTS, "dying"]}
    return RoundTrip(room, runs, scores, waiting, exported, after)


@pytest.mark.parametrize("command", ["generate", "autograde", "feedback", "export"])
def test_a_command_of_nbgrader_succeeds_and_logs_no_error_but_that_of_the_endless_loop(
    command, trip
):
    run = trip.runs[command]
    assert run.returncode == 0, run.stderr
    errors = [line.split("] ")[1] for line in run.stderr.splitlines() if "| ERROR]" in line]
    loop = [f"Timeout waiting for execute reply ({CELL_SECONDS}s).", "Interrupting kernel"]
    assert errors == (loop if command == "autograde" else [])


def test_nbgrader_generates_the_release_that_the_course_ships(trip):
    shipped = Course(REPOSITORY).release(LESSON) / f"{LESSON}.ipynb"
    assert trip.room.release.read_bytes() == shipped.read_bytes()
    assert [path.name for path in trip.room.release.parent.iterdir()] == [f"{LESSON}.ipynb"]


def test_validate_passes_a_release_with_every_answer(trip):
    assert "Success! Your notebook passes all the tests." in trip.runs["validate complete"].stdout


def test_validate_fails_every_check_of_an_untouched_release(trip):
    said = trip.runs["validate untouched"].stdout
    assert f"VALIDATION FAILED ON {len(EXERCISES)} CELL(S)!" in said
    for exercise in EXERCISES.values():
        if exercise.kind != "reflection":
            assert f'check("{exercise.id}", {exercise.answer_name})' in said


@pytest.mark.parametrize("student", STUDENTS)
def test_each_cell_of_a_student_earns_what_it_should(student, trip):
    expected = {name: STUDENTS[student].earns.get(name, 0.0) for name in MOST}
    expected["reflection"] = 0.0 if STUDENTS[student] is EMPTY else None
    assert trip.scores[student] == expected


def test_each_student_earns_what_they_should_in_total(trip):
    rows = [f"{'':12}" + "".join(f"{name[:12]:>14}" for name in MOST)]
    for student, scores in trip.scores.items():
        shown = ["by hand" if s is None else f"{s:g}" for s in map(scores.get, MOST)]
        rows.append(f"{student:12}" + "".join(f"{text:>14}" for text in shown))
    print("\n".join(rows))
    totals = {student: sum(filter(None, s.values())) for student, s in trip.scores.items()}
    assert totals == TOTALS
    assert totals["perfect"] == CHECKED


def test_a_written_answer_waits_for_a_person_and_an_untouched_one_does_not(trip):
    waits = {student: ["reflection"] for student in STUDENTS}
    assert trip.waiting == {**waits, "empty": []}


def test_export_has_a_row_for_each_student_with_points_by_hand_included(trip):
    scores = {student: float(row["score"]) for student, row in trip.exported.items()}
    assert scores == {**TOTALS, "perfect": TOTALS["perfect"] + REFLECTION_OF_PERFECT}
    most = {float(row["max_score"]) for row in trip.exported.values()}
    assert most == {sum(MOST.values())}


@pytest.mark.parametrize(
    ("name", "misconception"),
    [
        ("weighted_sum", "bias_forgotten"),
        ("step", "boundary_is_negative"),
        ("update", "updates_when_right"),
        ("training", "predicts_zero_one"),
        ("digits", "answers_zero_one"),
        ("mistake_bound", "no_refusal"),
        ("xor_prediction", "settles_for_the_best"),
    ],
)
def test_the_feedback_of_the_half_right_student_names_each_misconception(name, misconception, trip):
    (says,) = [m.says for m in EXERCISES[name].misconceptions if m.id == misconception]
    assert says.replace("`", "") in trip.room.feedback("half")
    assert says.replace("`", "") not in trip.room.feedback("perfect")


@pytest.mark.parametrize(
    ("student", "says"),
    [
        ("perfect", "4 of 4 points"),
        ("half", "3.5 of 4 points"),
        ("empty", "Not written yet"),
        ("empty", "0 of 4 points"),
        ("crashing", "SyntaxError"),
        ("crashing", "4 of 4 points"),
        ("hard_coded", "0 of 2 points"),
    ],
)
def test_feedback_tells_where_a_student_stands(student, says, trip):
    assert says in trip.room.feedback(student)


def test_no_command_writes_to_anybodys_progress(trip):
    assert not trip.room.stray_progress.parent.exists()
    assert list(trip.room.root.rglob("progress.sqlite")) == []


def test_a_kernel_that_dies_costs_the_whole_submission_under_nbgrader(trip):
    """nbgrader's own behaviour, stated so that a change of it is seen.

    Two answers before the death were right. The rest of the class is unharmed.
    """
    run = trip.runs["autograde dying"]
    assert run.returncode != 0
    assert "DeadKernelError" in run.stderr
    assert trip.after_a_death == {**trip.scores, "dying": dict.fromkeys(MOST)}
