"""The same class graded twice: once by `nbgrader autograde`, once by `course grade`.

`COURSE_PARITY_STUDENTS` says how many students; the default suits a laptop, 30 is what the figures
in the docs were made with.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from classroom_material import Room

STUDENTS = int(os.environ.get("COURSE_PARITY_STUDENTS", "6"))
SANDBOX = os.environ.get("COURSE_PARITY_SANDBOX", "bwrap")
NAMES = [f"student{number:02}" for number in range(STUDENTS)]


@dataclass
class Pair:
    """The same class, graded twice."""

    theirs: Room
    ours: Room


def graded(theirs: Room, root: Path) -> Pair:
    """Grade a class with nbgrader, and a copy of it, in `root`, with ours."""
    ours = theirs.copy(root)
    done = theirs.run("nbgrader", "autograde", theirs.assignment, timeout=3000)
    assert done.returncode == 0, done.stderr
    assert ours.grade(sandbox=SANDBOX, workers=2) == 0
    return Pair(theirs, ours)


def assert_equal(pair: Pair) -> None:
    """All that the gradebooks say agrees."""
    assert pair.ours.rows() == pair.theirs.rows()
