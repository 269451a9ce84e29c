"""Honest students earn, cell by cell, what `nbgrader autograde` gives them.

Two copies of the same course folder, one graded by each; all that the gradebooks say must agree.
The students are drawn from a seed.
"""

import random

import nbformat
import pytest
from classroom_material import (
    LESSON,
    Room,
    answer,
    cell,
    course_room,
    lesson_room,
    solutions,
    test_cell,
)
from judged import where_judged
from parity import NAMES, SANDBOX, Pair, assert_equal, graded

from grader.registry import exercises_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


# --- a lesson of this course --------------------------------------------------------------------


def lesson_answers(draw: random.Random) -> dict[str, str]:
    """Each answer right, untouched, or with a slip that learners make."""
    right, chosen = solutions(), {}
    slips = {
        "perceptron-weighted_sum": ("X @ w + b", "X @ w"),
        "perceptron-step": (">=", ">"),
        "perceptron-training": ("weighted_sum(X, self.w, self.b)", "X @ self.w + self.b"),
        "perceptron-xor_net": ("1.0", "0.0"),
    }
    for exercise in exercises_of(LESSON).values():
        name, kind = exercise.grade_id, draw.random()
        if kind < 0.6:
            chosen[name] = right[name]
        elif kind < 0.8 and name in slips:
            chosen[name] = right[name].replace(*slips[name])
        elif kind < 0.9:
            chosen[name] = "def broken(:" if name != "perceptron-reflection" else "I guess."
    return chosen


@pytest.fixture(scope="module")
def lesson(tmp_path_factory) -> Pair:
    room = lesson_room(tmp_path_factory.mktemp("theirs"))
    draw = random.Random(1)
    for number, name in enumerate(NAMES):
        answers = solutions() if number == 0 else lesson_answers(draw)
        notebook = room.answered(LESSON, answers if number != 1 else {})
        if number % 3 == 2:
            notebook.cells.insert(1, nbformat.v4.new_code_cell("import math\nmine = math.pi"))
        room.submit(name, {LESSON: notebook})
    return graded(room, tmp_path_factory.mktemp("ours") / "room")


def test_a_lesson_of_this_course(lesson):
    assert_equal(lesson)


def test_the_class_has_all_sorts_of_scores(lesson):
    scores = {row["score"] for row in lesson.ours.rows().values()}
    assert len(scores) > 2
    assert {0.0, 20.0} <= scores


def test_nbgraders_own_tools_go_on_from_there(lesson):
    for command in ("generate_feedback", "export"):
        arguments = [LESSON] if command == "generate_feedback" else []
        done = lesson.ours.run("nbgrader", command, *arguments)
        assert done.returncode == 0, done.stderr
    page = lesson.ours.root / "feedback" / NAMES[0] / LESSON / f"{LESSON}.html"
    assert "4 of 4 points" in page.read_text()
    assert NAMES[0] in (lesson.ours.root / "grades.csv").read_text()


# --- somebody else's ----------------------------------------------------------------------------

HIDDEN = "### BEGIN HIDDEN TESTS\nassert squares(3) == [1, 4, 9]\n### END HIDDEN TESTS"
ONE = [
    cell("markdown", "# Problem set"),
    cell("code", "import math\nimport helper\nfrom pathlib import Path"),
    answer("squares", "def squares(n):\n    ### BEGIN SOLUTION\n"
           "    return [i * i for i in range(1, n + 1)]\n    ### END SOLUTION"),
    test_cell("squares-test", f"assert squares(1) == [1]\n{HIDDEN}", 2),
    test_cell("squares-more", "try:\n    squares(0)\nexcept ValueError:\n    pass\n"
              "else:\n    raise AssertionError('a ValueError was required')", 1),
    answer("area", "### BEGIN SOLUTION\ndef area(r):\n    return math.pi * r**2\n### END SOLUTION"),
    test_cell("area-partial", "points = 0\n"
              "points += abs(area(1) - math.pi) < 1e-6\n"
              "points += 1.5 * (abs(area(2) - 4 * math.pi) < 1e-6)\npoints", 2.5),
    answer("warns", "def warns():\n    ### BEGIN SOLUTION\n    return helper.seven()\n"
           "    ### END SOLUTION"),
    test_cell("warns-test", "assert warns() == 7", 1),
    cell("code", "### BEGIN SOLUTION\nprint('by hand')\n### END SOLUTION",
         grade_id="code-by-hand", grade=True, solution=True, points=4),
    cell("markdown", "### BEGIN SOLUTION\nBecause.\n### END SOLUTION",
         grade_id="essay", grade=True, solution=True, points=3),
    cell("markdown", "Draw something below.", grade_id="task", task=True, locked=True, points=5),
]  # fmt: skip
TWO = [
    cell("code", "data = Path('numbers.txt').read_text() if False else open('numbers.txt').read()"),
    answer("total", "### BEGIN SOLUTION\ntotal = sum(map(int, data.split()))\n### END SOLUTION"),
    test_cell("total-test", "assert total == 6\nprint('fine')", 3),
    cell("code", "assert total", grade_id="seen", locked=True),
]
LATE = """
from nbgrader.plugins import LateSubmissionPlugin
class PerHour(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return 0.25 * (1 + total_seconds_late // 3600)
c.AssignLatePenalties.plugin_class = PerHour
"""
WORDS = {
    "squares": [
        "def squares(n):\n    return [i * i for i in range(1, n + 1)]",
        "def squares(n):\n    if n < 1:\n        raise ValueError(n)\n"
        "    return [i * i for i in range(1, n + 1)]",
        "def squares(n):\n    return [1]",
        "def squares(n)\n    return",
    ],
    "area": [
        "def area(r):\n    return math.pi * r**2",
        "def area(r):\n    return math.pi * r",
        "def area(r):\n    return 'round'",
        "print('area')",
    ],
    "warns": [
        "def warns():\n    return helper.seven()",
        "import warnings\ndef warns():\n    warnings.warn('careful')\n    return 7",
        "import sys\ndef warns():\n    print('psst', file=sys.stderr)\n    return 7",
        "def warns():\n    raise KeyError('x')",
    ],
    "code-by-hand": ["print('mine')", "1 / 0", ""],
    "essay": ["Because I say so.", ""],
    "total": [
        "total = 6",
        "total = sum(int(x) for x in data.split())",
        "total = 0",
        "raise SystemExit",
    ],
}


def their_class(root) -> Room:
    files = {"helper.py": "def seven():\n    return 7\n", "numbers.txt": "1 2 3\n"}
    room = course_room(
        root, "ps1", {"one": ONE, "two": TWO}, config=LATE, files=files, duedate="2026-02-01 12:00"
    )
    draw = random.Random(2)
    for number, name in enumerate(NAMES):
        answers = {
            key: draw.choice(options) for key, options in WORDS.items() if draw.random() < 0.85
        }
        notebooks = {"one": room.answered("one", answers), "two": room.answered("two", answers)}
        if number == 3:
            del notebooks["two"]
        if number == 4:
            notebooks["extra"] = notebooks["two"]  # a notebook that nobody asked for
        if number % 2:
            notebooks["one"].cells.append(nbformat.v4.new_markdown_cell("My drawing"))
            notebooks["one"].cells.insert(2, nbformat.v4.new_code_cell("tau = 2 * math.pi"))
        files = {"helper.py": "def seven():\n    return 8\n", "notes.txt": "mine"}
        if number != 2:
            files["timestamp.txt"] = f"2026-02-01 {11 + number % 4}:30:00 UTC"
        room.submit(name, notebooks, files)
    return room


@pytest.fixture(scope="module")
def foreign(tmp_path_factory) -> Pair:
    room = their_class(tmp_path_factory.mktemp("theirs") / "room")
    return graded(room, tmp_path_factory.mktemp("ours") / "room")


def test_a_course_of_somebody_elses(foreign):
    assert_equal(foreign)


def test_its_plain_tests_were_judged_outside_and_nobody_is_disputed(foreign):
    judged, disputed = where_judged(foreign)
    assert disputed == set()
    assert len(judged) > 1
    # The instructor's own answer fails `squares-more`.
    assert {name for name, places in judged.items() if places != {"outside"}} <= {"squares-more"}


def test_some_are_late_and_some_scores_wait_for_a_person(foreign):
    rows = foreign.ours.rows().values()
    assert any(filter(None, (p for row in rows for p in row["penalties"].values())))
    assert any(waits for row in rows for _, _, waits in row["grades"].values())
    autos = {name: auto for row in rows for name, (auto, _, _) in row["grades"].items()}
    assert {"one/squares-test", "one/area-partial", "two/total-test", "one/task"} <= set(autos)


def test_the_graded_notebooks_have_the_same_cells_and_files(foreign):
    for name in NAMES:
        here, there = (
            {p.relative_to(room.root).as_posix(): p for p in sorted(place.rglob("*"))}
            for room, place in (
                (r, r.folder.autograded(name)) for r in (foreign.ours, foreign.theirs)
            )
        )
        assert set(here) == set(there)
        for path in here:
            assert here[path].stat().st_mode == there[path].stat().st_mode
            if path.endswith(".ipynb"):
                ours, theirs = (nbformat.read(p, as_version=4) for p in (here[path], there[path]))
                assert [c.source for c in ours.cells] == [c.source for c in theirs.cells]
                metadata = [[c.metadata.get("nbgrader") for c in n.cells] for n in (ours, theirs)]
                assert metadata[0] == metadata[1]


def test_grading_again_with_force_keeps_what_a_person_entered(foreign, tmp_path):
    room = foreign.ours.copy(tmp_path / "room")
    with room.book() as book:
        grade = book.find_grade("essay", "one", "ps1", NAMES[0])
        grade.manual_score, grade.extra_credit = 2, 1
        book.find_comment("essay", "one", "ps1", NAMES[0]).manual_comment = "Well put."
        book.db.commit()
    before = room.rows()
    assert room.grade(sandbox=SANDBOX, workers=1, force=True, student=NAMES[0]) == 0
    after = room.rows()
    assert after[NAMES[0]]["grades"]["one/essay"][1:] == (2, True)
    assert after[NAMES[0]]["comments"]["one/essay"][1] == "Well put."
    assert {n: r for n, r in after.items() if n != NAMES[0]} == {
        n: r for n, r in before.items() if n != NAMES[0]
    }
