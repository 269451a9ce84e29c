"""A class of hostile submissions among honest ones, graded in one run.

No forged point, no neighbour touched, and the batch finishes.
"""

import json
import shutil
import sys
from pathlib import Path

import psutil
import pytest
from attack_table import (
    BREAK,
    EVERYTHING,
    FORGE,
    LEFTOVER,
    NOTHING,
    PLAIN_ASSERTS,
    RIGHT,
    STEAL,
)  # fmt: skip

sys.path.append(str(Path(__file__).parents[1] / "grader" / "classroom"))
from classroom_material import Room, answer, cell, course_room, test_cell

from grader.classroom import command, submission
from grader.classroom.session import Limits

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(
        shutil.which("bwrap") is None, reason="needs bubblewrap: apt-get install bubblewrap"
    ),
]

HIDDEN = "### BEGIN HIDDEN TESTS\nassert double(5) == 10\n### END HIDDEN TESTS"
CELLS = [
    cell("code", "import numpy as np\nfrom grader import check"),
    answer("perceptron-step", "def step(z):\n    raise NotImplementedError()"),
    test_cell("perceptron-step-check", 'check("perceptron.step", step)', 2),
    answer("double", "### BEGIN SOLUTION\ndef double(x):\n    return 2 * x\n### END SOLUTION"),
    test_cell("double-test", f"assert double(2) == 4\n{HIDDEN}", 3),
    test_cell("double-partial", "2 * (double(1) == 2)", 2),
]
GRADED = {"step": "perceptron-step-check", "double": "double-test", "partial": "double-partial"}
ATTACKS = {f"attack{n:02}": a for n, a in enumerate(FORGE + BREAK + STEAL + PLAIN_ASSERTS)}
# Honest ones stand before, between and after the hostile ones.
HONEST = ["a-first", *(f"attack{n:02}-neighbour" for n in range(9, len(ATTACKS), 10)), "z-last"]


class Graded:
    """The class, graded."""

    def __init__(self, room: Room, status: int, summary: dict) -> None:
        self.room, self.status = room, status
        self.rows = {row["student"]: row for row in summary["rows"]}
        self.book = room.rows()

    def scores(self, student: str) -> dict[str, float]:
        grades = self.book[student]["grades"]
        return {short: grades[f"quest/{name}"][0] for short, name in GRADED.items()}


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Graded:
    room = course_room(tmp_path_factory.mktemp("attacked") / "room", "quest", {"quest": CELLS})
    for name in HONEST:
        room.submit(name, {"quest": room.answered("quest", RIGHT)})
    for name, attack in ATTACKS.items():
        notebook = room.answered("quest", attack.answers)
        attack.change(notebook)
        room.submit(name, {"quest": notebook if attack.raw is None else attack.raw}, attack.files)
    limits = Limits(cell_seconds=5, notebook_seconds=60, memory_bytes=3 * 2**30,
                    file_bytes=2**26, output_bytes=2**20)  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_SECRET_OF_THE_TEST", "42")
        patch.setattr(submission, "MAX_NOTEBOOK_BYTES", 2**21)
        policy = command.Policy(seed=1, limits=limits)
        patch.setattr(command, "policy_of", lambda *arguments: policy)
        said: list[str] = []
        patch.setattr(command, "_tell", lambda s, as_json: said.append(json.dumps(s.as_dict())))
        status = room.grade(workers=2)
    return Graded(room, status, json.loads(said[0]))


@pytest.mark.parametrize("student", ATTACKS, ids=[a.name for a in ATTACKS.values()])
def test_an_attack_earns_only_what_its_right_answers_do(student, graded):
    attack = ATTACKS[student]
    assert graded.scores(student) == {**NOTHING, **attack.earns}


@pytest.mark.parametrize("student", ATTACKS, ids=[a.name for a in ATTACKS.values()])
def test_an_attack_is_reported_as_what_it_is(student, graded):
    expected = ATTACKS[student].outcome
    row = graded.rows[student]
    if expected != "graded":
        assert row["outcome"] == expected, row
    else:  # a kernel may or may not survive it; either way it is graded and said
        assert row["outcome"] in ("graded", "lost")


@pytest.mark.parametrize("student", HONEST)
def test_a_neighbour_is_untouched(student, graded):
    assert graded.scores(student) == EVERYTHING
    assert graded.rows[student]["outcome"] == "graded"
    assert graded.rows[student]["faults"] == []


def test_the_batch_finishes_and_says_that_not_all_was_well(graded):
    assert set(graded.rows) == set(ATTACKS) | set(HONEST)
    assert graded.status == 1
    assert graded.room.journal.past().finished


def test_nothing_that_a_submission_started_is_left(graded):
    commands = [p.info["cmdline"] or [] for p in psutil.process_iter(["cmdline"])]
    assert not any(LEFTOVER in command for command in commands)


def test_every_record_says_how_it_was_isolated(graded):
    for student in HONEST:
        about = graded.room.record(student)["notebooks"][0]["about"]
        assert about["sandbox"] == "bwrap"
        assert about["limits"]["cell_seconds"] == 5


def test_there_are_forty_attacks_and_more():
    assert len(ATTACKS) >= 40
    assert len({a.name for a in ATTACKS.values()}) == len(ATTACKS)
