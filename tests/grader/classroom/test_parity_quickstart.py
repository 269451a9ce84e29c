"""nbgrader's own example, the course that `nbgrader quickstart` makes: the same scores by both.

Plain asserts, cells for a person to read, a task, two notebooks, a picture, a header.
"""

import random

import nbformat
import pytest
from classroom_material import Room
from judged import where_judged
from parity import NAMES, Pair, assert_equal, graded

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

RAISES = "    if n < 1:\n        raise ValueError('n must be at least 1')\n"
LISTED = "    return [i ** 2 for i in range(1, n + 1)]"
ANSWERS = {
    "squares": [
        f"def squares(n):\n{RAISES}{LISTED}",
        f"def squares(n):\n{LISTED}",
        "def squares(n):\n    return [i ** 2 for i in range(n)]",
        f"import numpy as np\ndef squares(n):\n{RAISES}    return np.arange(1, n + 1) ** 2",
        "def squares(n)\n    return",
        "def squares(n):\n    while True:\n        raise KeyError(n)",
    ],
    "sum_of_squares": [
        "def sum_of_squares(n):\n    return sum(squares(n))",
        "def sum_of_squares(n):\n    return n * (n + 1) * (2 * n + 1) // 6",
        "def sum_of_squares(n):\n    print(squares(n))",
        "import os\ndef sum_of_squares(n):\n"
        "    return sum(squares(n)) if os.environ['NBGRADER_EXECUTION'] == 'autograde' else 0",
    ],
    "sum_of_squares_equation": [r"$\sum_{i=1}^n i^2$", "A sum.", ""],
    "sum_of_squares_application": ["sum_of_squares(3)", "1 / 0", "'a pile of oranges'", ""],
    "part-a": ["It computes the Fibonacci numbers.", "Recursion."],
    "part-b": ["Below zero it never ends.", ""],
}


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory) -> Pair:
    root = tmp_path_factory.mktemp("theirs")
    done = Room(root, "").run("nbgrader", "quickstart", "example")
    assert done.returncode == 0, done.stderr
    room = Room(root / "example", "ps1").generate()
    draw = random.Random(3)
    for number, name in enumerate(NAMES):
        room.submit(name, _notebooks(room, number, draw), {"notes.txt": "mine"})
    return graded(room, tmp_path_factory.mktemp("ours") / "example")


def _notebooks(room: Room, number: int, draw: random.Random) -> dict:
    """A student's notebooks: the first one right, the second one untouched, the others drawn."""
    answers = {name: options[0] for name, options in ANSWERS.items()}
    if number == 1:
        answers = {}
    elif number > 1:
        answers = {n: draw.choice(o) for n, o in ANSWERS.items() if draw.random() < 0.85}
    notebooks = {name: room.answered(name, answers) for name in ("problem1", "problem2")}
    if number % 3 == 2:
        own = nbformat.v4.new_code_cell("import math\nprint(math.pi)")
        notebooks["problem1"].cells.append(own)
    if number == 4:
        del notebooks["problem2"]
    return notebooks


def test_nbgraders_own_example_course(quickstart):
    assert_equal(quickstart)


def test_its_plain_tests_were_judged_outside_and_nobody_is_disputed(quickstart):
    judged, disputed = where_judged(quickstart)
    assert disputed == set()
    inside = judged.pop("sum_of_squares_uses_squares", {"inside"})
    assert inside == {"inside"}, "it takes a name away from the answer, which only goes beside it"
    assert set(map(frozenset, judged.values())) == {frozenset({"outside"})}


def test_the_class_is_a_mixed_one(quickstart):
    rows = quickstart.ours.rows()
    tests = ("correct_squares", "squares_invalid_input", "correct_sum_of_squares")
    tests = [f"problem1/{name}" for name in (*tests, "sum_of_squares_uses_squares")]
    earned = {name: [row["grades"][test][0] for test in tests] for name, row in rows.items()}
    assert earned[NAMES[0]] == [1, 1, 0.5, 0.5]
    assert earned[NAMES[1]] == [0, 0, 0, 0]
    assert len({tuple(scores) for scores in earned.values()}) > 2
    assert any(waits for row in rows.values() for _, _, waits in row["grades"].values())
