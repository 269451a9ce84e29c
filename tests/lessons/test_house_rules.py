"""The rules for lessons that can be counted."""

import ast
import itertools
import re

import pytest
from material import LESSONS, cell_of, of_lesson, regions, released, solution
from nbformat import NotebookNode

MAX_WORDS = 120
MOVING = ("Slider for", "Animation of")  # how the words of such a view begin
MAX_CODE_LINES = 25
MAX_ANSWER_LINES = 12  # of a function, or of one method
FEWEST, MOST = 4, 8  # exercises, the reflection not counted


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def is_answer(cell: NotebookNode) -> bool:
    return cell.metadata.get("nbgrader", {}).get("solution", False)


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_markdown_cell_is_short_enough_to_be_read(lesson):
    words = {c.id: len(c.source.split()) for c in solution(lesson).cells}
    prose = [c.id for c in solution(lesson).cells if c.cell_type == "markdown"]
    assert {id: words[id] for id in prose if words[id] > MAX_WORDS} == {}


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_code_cell_is_short_enough_to_be_read(lesson):
    cells = [c for c in code_cells(released(lesson)) if not is_answer(c)]
    lines = {c.id: len(c.source.splitlines()) for c in cells}
    assert {id: n for id, n in lines.items() if n > MAX_CODE_LINES} == {}


@pytest.mark.parametrize("lesson", LESSONS)
def test_an_exercise_asks_for_few_lines_at_a_time(lesson):
    for exercise in of_lesson(lesson):
        if exercise.kind != "reflection":
            for region in regions(cell_of(solution(lesson), exercise.grade_id).source):
                assert 0 < len(region) <= MAX_ANSWER_LINES, exercise.id


@pytest.mark.parametrize("lesson", LESSONS)
def test_text_stands_between_any_two_figures(lesson):
    """A figure without words around it is looked at and not understood."""
    cells = [c for c in solution(lesson).cells if c.cell_type == "markdown" or has_figure(c)]
    assert any(map(has_figure, cells)), "a lesson has at least one figure"
    pairs = [(a.id, b.id) for a, b in itertools.pairwise(cells) if has_figure(a) and has_figure(b)]
    assert pairs == []


def has_figure(cell: NotebookNode) -> bool:
    return bool(figures(cell))


def figures(cell: NotebookNode) -> list[NotebookNode]:
    data = [(o.get("data", {}), o.get("metadata", {})) for o in cell.get("outputs", [])]
    return [about.get(k, {}) for kinds, about in data for k in kinds if k.startswith("image/")]


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_figure_says_in_words_what_it_shows(lesson):
    found = [figure for cell in solution(lesson).cells for figure in figures(cell)]
    assert [figure for figure in found if len(figure.get("alt", "").split()) < 5] == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_has_a_view_that_moves_and_a_picture_of_it_that_does_not(lesson):
    moving = [bundle for bundle in bundles(lesson) if bundle["text/plain"].startswith(MOVING)]
    assert moving
    assert all("image/png" in bundle for bundle in moving)


def bundles(lesson: str) -> list[NotebookNode]:
    outputs = [o for cell in code_cells(solution(lesson)) for o in cell.outputs]
    return [o.data for o in outputs if "text/plain" in o.get("data", {})]


@pytest.mark.parametrize("lesson", [lesson for lesson in LESSONS if lesson >= "02"])
def test_a_lesson_shows_the_same_in_pytorch_and_has_no_need_of_it_before(lesson):
    """The learner's own code comes first; lessons about PyTorch itself will say so here."""
    sources = [cell.source for cell in released(lesson).cells]
    (section,) = [i for i, text in enumerate(sources) if re.match(r"## .*In PyTorch", text)]
    imports = re.compile(r"^\s*(import|from) torch", re.M)
    uses = [i for i, text in enumerate(sources) if imports.search(text)]
    assert uses
    assert min(uses) > section


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_cell_both_defines_and_plots(lesson):
    plots = [c for c in code_cells(released(lesson)) if "viz." in c.source]
    assert plots
    assert [c.id for c in plots if defines(c.source)] == []


def defines(source: str) -> bool:
    kinds = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)
    return any(isinstance(node, kinds) for node in ast.walk(ast.parse(source)))


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_opens_with_its_title_and_one_question(lesson):
    first = released(lesson).cells[0].source
    number = int(lesson.split("_")[0])
    assert first.startswith(f"# Lesson {number} · ")
    assert first.count("?") == 1


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_has_a_prediction_a_reflection_and_a_handful_of_exercises(lesson):
    kinds = [exercise.kind for exercise in of_lesson(lesson)]
    assert kinds.count("choice") >= 1
    assert kinds.count("reflection") == 1
    assert FEWEST <= len(kinds) - kinds.count("reflection") <= MOST


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_closes_with_going_further_a_recap_and_its_sources(lesson):
    prose = [c.source for c in released(lesson).cells if c.cell_type == "markdown"]
    headings = [line for text in prose for line in text.splitlines() if line.startswith("## ")]
    assert headings[-4:] == ["## Reflect", "## Go further", "## Recap", "## Sources"]
    assert prose[-1].startswith("## Sources")
    assert prose[-1].count("\n- ") >= 2


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_exercise_is_announced_in_order_just_before_its_cell(lesson):
    number = int(lesson.split("_")[0])
    cells = released(lesson).cells
    for i, exercise in enumerate(of_lesson(lesson), 1):
        at = cells.index(cell_of(released(lesson), exercise.grade_id))
        before = at - (2 if exercise.kind == "reflection" else 1)  # the rubric stands between
        assert f"**Exercise {number}.{i}" in cells[before].source, exercise.id
