"""Every lesson of this course earns what `nbgrader autograde` gives, cell by cell.

Lesson 01 has a test of its own, with slips that learners make. Here answers are drawn from what
fits any lesson: right, untouched, no Python, a function with an empty or a wrong body. By default
two students a lesson; `COURSE_PARITY_STUDENTS=30` raises it, `COURSE_PARITY_LESSONS` names lessons.
"""

import os
import random

import pytest
from classroom_material import LESSON, lesson_room, solutions
from parity import Pair, assert_equal, graded

from benchmarks.grading import with_bodies
from grader.registry import lessons

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

OTHERS = [lesson for lesson in lessons() if lesson != LESSON]
CHOSEN = os.environ.get("COURSE_PARITY_LESSONS", "").split() or OTHERS
STUDENTS = int(os.environ.get("COURSE_PARITY_STUDENTS", "2"))


def drawn(draw: random.Random, right: dict[str, str]) -> dict[str, str]:
    """Answers by grade id; those that are missing stay untouched."""
    answers = {}
    for name, source in right.items():
        kind = draw.random()
        if name.endswith("reflection"):
            answers[name] = source if kind < 0.7 else ""
        elif kind < 0.6:
            answers[name] = source
        elif kind < 0.7:
            answers[name] = "def broken(:"
        elif kind < 0.9:
            answers[name] = with_bodies(source, draw.choice(["pass", "return 1.0", "return [0]"]))
    return answers


@pytest.fixture(scope="module", params=CHOSEN)
def pair(request, tmp_path_factory) -> Pair:
    lesson = request.param
    room = lesson_room(tmp_path_factory.mktemp("theirs") / "room", lesson)
    draw, right = random.Random(lesson), solutions(lesson)
    for number in range(STUDENTS):
        answers = right if number == 0 else drawn(draw, right)
        room.submit(f"student{number:02}", {lesson: room.answered(lesson, answers)})
    return graded(room, tmp_path_factory.mktemp("ours") / "room")


def test_a_lesson(pair):
    assert_equal(pair)
    perfect, *others = (row["score"] for row in pair.ours.rows().values())
    assert perfect > 0
    assert any(score < perfect for score in others)
