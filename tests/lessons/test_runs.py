"""A release as a learner's kernel sees it: untouched, and with every answer filled in."""

from functools import cache

import pytest
from material import LESSONS, answered, check_cells, released, run
from nbformat import NotebookNode

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def untouched():
    return cache(lambda lesson: run(lesson, released(lesson), allow_errors=True))


@pytest.fixture(scope="module")
def completed():
    return cache(lambda lesson: run(lesson, answered(lesson), allow_errors=False))


def earned(cell: NotebookNode) -> float:
    """The number that nbgrader reads as partial credit."""
    (result,) = [o for o in cell.outputs if o.output_type == "execute_result"]
    return float(result.data["text/plain"])


def message(cell: NotebookNode) -> str:
    """What the check says below its state, as text."""
    (report,) = [o for o in cell.outputs if o.output_type == "display_data"]
    _title, _state, *rest = report.data["text/plain"].splitlines()
    return "\n".join(rest)


@pytest.mark.parametrize("lesson", LESSONS)
def test_an_untouched_release_earns_nothing_in_any_check_cell(lesson, untouched):
    earned_in = {e.id: earned(c) for e, c in check_cells(untouched(lesson), lesson)}
    assert earned_in == dict.fromkeys(earned_in, 0.0)


@pytest.mark.parametrize("lesson", LESSONS)
def test_an_untouched_check_cell_says_what_to_do_next_and_shows_no_traceback(lesson, untouched):
    for exercise, cell in check_cells(untouched(lesson), lesson):
        kinds = {o.output_type for o in cell.outputs}
        assert kinds == {"display_data", "execute_result"}, exercise.id
        assert "Traceback" not in str(cell.outputs), exercise.id
        offers = f'hint("{exercise.id}")'
        assert offers in message(cell) or "to write" in message(cell), exercise.id


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_to_its_end_on_its_own_answers_alone(lesson, completed):
    for exercise, cell in check_cells(completed(lesson), lesson):
        assert earned(cell) == exercise.points, exercise.id
    errors = [c.id for c in completed(lesson).cells for o in c.get("outputs", []) if "ename" in o]
    assert errors == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_completed_lesson_takes_a_computer_less_than_a_minute_and_skips_no_cell(
    lesson, completed
):
    notebook = completed(lesson)
    assert notebook.metadata["seconds"] < 60
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_cell_of_a_completed_lesson_writes_to_stderr(lesson, completed):
    """nbgrader gives a check cell that does 0 points, and a learner wonders what went wrong."""
    noise = [o.text for c in completed(lesson).cells for o in c.get("outputs", []) if is_noise(o)]
    assert noise == []


def is_noise(output: NotebookNode) -> bool:
    return output.output_type == "stream" and output.name == "stderr"
