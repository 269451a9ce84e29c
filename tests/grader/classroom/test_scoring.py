"""The points of a cell, from its outputs: nbgrader's rules, without its holes."""

import math

import nbformat
import pytest
from classroom_material import answer, cell, test_cell
from nbgrader.utils import compute_checksum, determine_grade

from grader.classroom.scoring import is_untouched, score_of_answer, score_of_outputs


def result(text):
    return nbformat.v4.new_output("execute_result", {"text/plain": text})


def stream(name, text="words\n"):
    return nbformat.v4.new_output("stream", name=name, text=text)


ERROR = nbformat.v4.new_output("error", ename="E", evalue="v", traceback=[])
SHOWN = nbformat.v4.new_output("display_data", {"text/plain": "1"})
AGREED = {
    "nothing": [],
    "words": [stream("stdout")],
    "an error": [ERROR],
    "a warning": [stream("stderr")],
    "a number after an error": [ERROR, result("1.5")],
    "partial credit": [result("1.5")],
    "none of it": [result("0")],
    "all of it": [result("3")],
    "something else": [result("'well done'")],
    "True": [result("True")],
    "NumPy's truth": [result("np.True_")],
    "a warning after a number": [result("1"), stream("stderr")],
    "the first of two results": [result("1"), result("2")],
    "a number that is only shown": [SHOWN],
    "several lines": [result(["1\n", "2"])],
    "one line in a list": [result(["2"])],
    "a number with blanks": [result(" 1 ")],
}


@pytest.mark.parametrize("outputs", AGREED.values(), ids=AGREED)
def test_an_honest_cell_earns_what_nbgrader_gives(outputs):
    graded = test_cell("t", "", 3)
    graded.outputs = outputs
    assert score_of_outputs(outputs, 3.0) == determine_grade(graded)[0]


@pytest.mark.parametrize("text", ["nan", "-1", "-inf", "inf", "1e400", "3.0001", "99", "-1e-9"])
def test_a_number_outside_of_the_cells_points_earns_nothing(text):
    assert score_of_outputs([result(text)], 3.0) == 0.0


def test_an_error_after_a_number_earns_nothing():
    assert score_of_outputs([result("1.5"), ERROR], 3.0) == 0.0


@pytest.mark.parametrize(
    "text", ["np.float64(1.5)", "np.float32(1.5)", "np.longdouble('1.5')", "numpy.float64(1.5)"]
)
def test_numpys_way_to_write_a_number_is_that_number(text):
    assert score_of_outputs([result(text)], 3.0) == 1.5


def test_of_several_results_the_least_counts():
    assert score_of_outputs([result("3"), result("0.5")], 3.0) == 0.5


def test_minus_zero_is_zero():
    assert math.copysign(1, score_of_outputs([result("-0.0")], 3.0)) == 1


@pytest.mark.parametrize("kind", ["code", "markdown"])
def test_an_answer_waits_for_a_person_unless_it_is_untouched(kind):
    made = cell(kind, "YOUR ANSWER", grade_id="a", grade=True, solution=True, points=2)
    made.metadata.nbgrader["checksum"] = compute_checksum(made)
    assert is_untouched(made)
    assert score_of_answer(made) == determine_grade(made)[0] == 0
    made.source = "mine"
    if kind == "code":
        made.outputs = [ERROR]
    assert score_of_answer(made) is determine_grade(made)[0] is None


def test_a_test_cell_is_no_answer():
    with pytest.raises(ValueError, match="an answer's cell"):
        score_of_answer(test_cell("t", "", 1))
    assert score_of_answer(answer("a", "")) is None
