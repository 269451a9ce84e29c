"""The graded notebook is the master's; of a submission only its text comes in."""

import copy

import nbformat
import pytest
from classroom_material import answer, cell, test_cell

from grader.classroom.rebuild import rebuild
from grader.classroom.submission import Cell

SETUP, TEXT, STUB, TEST, NEXT, CHECK, ESSAY, LAST = range(8)
CELLS = [
    cell("code", "import numpy as np"),
    cell("markdown", "Add up."),
    answer("total", "raise NotImplementedError()"),
    test_cell("total-test", "assert total([1, 2]) == 3  # and what is hidden", 2),
    answer("mean", "raise NotImplementedError()"),
    test_cell("mean-test", "assert mean([1, 2]) == 1.5", 1),
    cell("markdown", "YOUR ANSWER", grade_id="essay", grade=True, solution=True, points=3),
    cell("code", "seed = 7"),
]
MASTER = nbformat.v4.new_notebook(cells=CELLS)


def as_submitted(cells=CELLS):
    return [
        Cell(c.cell_type, c.source, c.metadata.get("nbgrader", {}).get("grade_id", ""), c.id)
        for c in cells
    ]


def sources(submitted):
    return [c.source for c in rebuild(MASTER, submitted).notebook.cells]


ORIGINAL = [c.source for c in CELLS]


def changed(index, **what):
    cells = as_submitted()
    cells[index] = Cell(**{**vars(cells[index]), **what})
    return cells


def test_an_untouched_submission_is_the_master_itself():
    before = copy.deepcopy(MASTER)
    rebuilt = rebuild(MASTER, as_submitted())
    assert rebuilt.notebook.cells == before.cells
    assert rebuilt.remarks == []
    assert before == MASTER


@pytest.mark.parametrize("index", [STUB, NEXT, ESSAY])
def test_the_text_of_an_answer_comes_from_the_submission(index):
    assert sources(changed(index, source="mine")) == [
        *ORIGINAL[:index], "mine", *ORIGINAL[index + 1 :]
    ]  # fmt: skip


@pytest.mark.parametrize("index", [TEST, CHECK])
def test_the_text_of_a_test_never_does(index):
    assert sources(changed(index, source="2")) == ORIGINAL


def test_an_edited_setup_cell_is_the_students():
    edited = "import numpy as np\nimport math"
    assert sources(changed(SETUP, source=edited))[SETUP] == edited


def test_a_setup_cell_that_was_turned_into_text_stays_code():
    assert sources(changed(SETUP, type="markdown", source="text")) == ORIGINAL


def test_a_deleted_cell_is_put_back():
    for index in range(len(CELLS)):
        left = as_submitted()
        del left[index]
        assert sources(left) == ORIGINAL


def test_of_nothing_the_master_comes_back_whole():
    rebuilt = rebuild(MASTER, [])
    assert [c.source for c in rebuilt.notebook.cells] == ORIGINAL
    assert len(rebuilt.remarks) == 5


def test_the_order_is_the_masters():
    assert sources(as_submitted()[::-1]) == ORIGINAL


def test_a_cell_type_is_the_masters():
    for index in (STUB, TEST, ESSAY):
        other = "markdown" if CELLS[index].cell_type == "code" else "code"
        rebuilt = rebuild(MASTER, changed(index, type=other)).notebook
        assert [c.cell_type for c in rebuilt.cells] == [c.cell_type for c in CELLS]


def test_metadata_is_the_masters():
    rebuilt = rebuild(MASTER, as_submitted()).notebook
    assert [c.metadata for c in rebuilt.cells] == [c.metadata for c in CELLS]


def test_a_cell_of_ones_own_stays_where_it_stood():
    cells = as_submitted()
    cells.insert(STUB, Cell("code", "def helper(): pass"))
    cells.insert(0, Cell("markdown", "My name"))
    rebuilt = rebuild(MASTER, cells).notebook
    assert [c.source for c in rebuilt.cells] == [
        "My name", *ORIGINAL[:STUB], "def helper(): pass", *ORIGINAL[STUB:]
    ]  # fmt: skip
    own = [c for c in rebuilt.cells if c.source in ("My name", "def helper(): pass")]
    assert all(c.metadata == {} for c in own)
    nbformat.validate(rebuilt)


def test_of_two_cells_with_one_id_the_last_is_the_answer_and_the_other_runs_as_plain_code():
    cells = changed(STUB, source="def total(x): return 0")
    cells.insert(STUB + 1, Cell("code", "def total(x): return sum(x)", "total", "b"))
    found = rebuild(MASTER, cells).notebook.cells
    assert [c.source for c in found[STUB : STUB + 2]] == [
        "def total(x): return 0", "def total(x): return sum(x)"
    ]  # fmt: skip
    assert "nbgrader" not in found[STUB].metadata
    assert found[STUB + 1].metadata.nbgrader.grade_id == "total"


def test_a_second_copy_of_a_test_is_dropped():
    cells = as_submitted()
    cells.insert(TEST, Cell("code", "2", "total-test"))
    assert sources(cells) == ORIGINAL


def test_a_cell_with_an_id_that_nobody_gave_is_ones_own():
    cells = [*as_submitted(), Cell("code", "x = 1", "bonus")]
    found = rebuild(MASTER, cells).notebook.cells[-1]
    assert (found.source, found.metadata) == ("x = 1", {})


def test_an_answer_whose_metadata_an_editor_dropped_is_found_by_the_cells_id():
    assert sources(changed(STUB, source="mine", grade_id=""))[STUB] == "mine"


def test_ids_are_unique_and_valid_whatever_the_submission_gives():
    cells = [Cell("code", str(i), id="../../x") for i in range(3)] + as_submitted()
    rebuilt = rebuild(MASTER, cells).notebook
    assert len({c.id for c in rebuilt.cells}) == len(rebuilt.cells)
    nbformat.validate(rebuilt)
