"""What a learner gets: it is fresh, it holds no answers, and it asks for nothing not yet taught."""

import ast
import itertools
import json
import sys
from collections.abc import Iterator

import pytest
from material import COURSE, LESSONS, check_cells, grading, of_lesson, regions, released, solution

import grader
from grader.build import stale
from grader.classroom.view import TAUGHT  # later lessons may import it

ALWAYS = {"data", "viz"}
# Lessons that show the same in a library (section "In PyTorch"), or are about one.
DECLARED = {
    "00_why_deep_learning": {"sklearn", "torch"},
    "02_activations": {"torch"},
    "03_loss": {"torch"},
    "04_backprop": {"torch"},
    "05_tensors": {"torch"},
    "10_transformer": {"torch"},
    "11_scaling": {"torch"},
    "12_gpu_tensors": {"torch"},
    "13_gpu_threads": {"course_lib.kernels", "numba", "torch"},
    "14_fused_kernels": {"torch", "triton"},
}
TRIVIAL = 12  # characters: a shorter line, such as `b = 0.0`, says nothing


@pytest.mark.parametrize("lesson", LESSONS)
def test_build_is_fresh(lesson):
    assert [f"{s.path}: {s.why}" for s in stale(COURSE, [lesson])] == []


def test_no_release_is_left_of_a_lesson_that_has_gone():
    released_lessons = {p.parent.name for p in (COURSE.root / "lessons").glob("*/*.ipynb")}
    assert released_lessons == set(LESSONS)


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_release_imports_only_what_earlier_lessons_taught(lesson):
    assert lesson in TAUGHT, "a new lesson: say in TAUGHT what it builds"
    earlier = set().union(*(built for other, built in TAUGHT.items() if other < lesson))
    allowed = {f"course_lib.{module}" for module in ALWAYS | earlier}
    allowed |= {f"grader.{name}" for name in grader.__all__}
    allowed |= sys.stdlib_module_names | {"numpy"} | DECLARED.get(lesson, set())
    found = list(imports(lesson))
    assert found, "not one import: has the notebook been read?"
    assert [name for name in found if name not in allowed] == []


def imports(lesson: str) -> Iterator[str]:
    """The names that a release imports: two levels of ours, one of anybody else's."""
    for cell in released(lesson).cells:
        if cell.cell_type != "code":
            continue
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Import):
                yield from (_level(alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (_level(f"{node.module}.{alias.name}") for alias in node.names)


def _level(name: str) -> str:
    ours = name.split(".")[0] in ("course_lib", "grader")
    return ".".join(name.split(".")[: 2 if ours else 1])


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_line_of_an_answer_is_in_the_release(lesson):
    answers = set(lines_of_answers(lesson))
    assert len(answers) >= len(of_lesson(lesson))
    text = everything_released(lesson)
    assert [line for line in sorted(answers) if line in text] == []


def lines_of_answers(lesson: str) -> Iterator[str]:
    """Each line of a solution, and its code without the comment after it."""
    for cell in solution(lesson).cells:
        about = cell.metadata.get("course")
        if about is None:
            continue
        shown = {line.split("  #")[0].strip() for line in about.get("stub", "").splitlines()}
        for line in itertools.chain(*regions(cell.source)):
            for part in (line.strip(), line.split("  #")[0].strip()):
                if len(part) > TRIVIAL and part not in shown:
                    yield part


def everything_released(lesson: str) -> str:
    """The text of every file of a release; a notebook as it reads, and as it is stored."""
    notebook = released(lesson)
    parts = [cell.source for cell in notebook.cells]
    parts += [json.dumps(cell.metadata) for cell in notebook.cells]
    files = [p for p in COURSE.release(lesson).rglob("*") if p.is_file()]
    return "\n".join([*parts, *(p.read_text("utf-8", errors="replace") for p in files)])


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_script_lies_beside_a_release(lesson):
    names = {p.name for p in COURSE.release(lesson).rglob("*")}
    assert f"{lesson}.ipynb" in names
    assert [name for name in names if name.endswith((".py", ".pyc"))] == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_release_has_never_been_run(lesson):
    code = [cell for cell in released(lesson).cells if cell.cell_type == "code"]
    assert [c.id for c in code if c.outputs or c.execution_count is not None] == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_check_cells_are_locked_and_carry_the_points(lesson):
    for exercise, cell in check_cells(released(lesson), lesson):
        about = grading(cell)
        assert (about.grade, about.locked, about.solution) == (True, True, False), exercise.id
        assert about.points == exercise.points, exercise.id
        assert cell.source == f'check("{exercise.id}", {exercise.answer_name})'


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_learner_can_write_in_every_answer_and_in_no_graded_cell_but_the_written_one(lesson):
    cells = {grading(c).grade_id: grading(c) for c in released(lesson).cells if grading(c)}
    for exercise in of_lesson(lesson):
        about = cells[exercise.grade_id]
        written = exercise.kind == "reflection"
        assert (about.solution, about.locked, about.grade) == (True, False, written), exercise.id


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_points_of_the_cells_add_up_to_those_of_the_exercises(lesson):
    cells = [grading(c) for c in released(lesson).cells if grading(c).get("grade")]
    assert sum(c.points for c in cells) == sum(e.points for e in of_lesson(lesson)) > 0
