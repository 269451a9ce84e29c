"""Each exercise's probe, run in another process with only text between, gives the same report."""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import answering
import pytest
from answering import MODULES
from material import CHECKED, cell_of, grading, of_lesson, released, solution
from nbformat import NotebookNode

from grader import plain
from grader.exercise import Exercise
from grader.judge import judge
from grader.prober import LocalProber, WireProber

REFERENCE = "as in the solution"
STUB = "as released"
TURNED = "with one operator turned"
SEEDS = (0, 7)
WRONG_FUNCTIONS = {
    "raises": "return 1 / 0",
    "changes its inputs": "[i.fill(7) for i in inputs if hasattr(i, 'fill')]; return inputs[0]",
    "prints, and returns a generator": "print('hello'); return (i for i in inputs)",
}
WRONG_VALUES = {
    "a text": "'no such thing'",
    "not a number": "float('nan')",
    "an object of some class": "type('Odd', (), {})()",
}


def wrong(exercise: Exercise) -> dict[str, str]:
    """Answers that are wrong for any exercise of the kind, as source."""
    name = exercise.answer_name
    if exercise.is_callable:
        head = f"def {name}(*inputs, **more):\n    "
        return {variant: head + body for variant, body in WRONG_FUNCTIONS.items()}
    return {variant: f"{name} = {value}" for variant, value in WRONG_VALUES.items()}


VARIANTS = [
    (id, variant)
    for id, exercise in CHECKED.items()
    for variant in [REFERENCE, STUB, TURNED, *wrong(exercise)]
]


OPPOSITES: dict[type[ast.AST], Callable[[], Any]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Gt: ast.Lt, ast.GtE: ast.LtE,
    ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.USub: ast.UAdd,
}  # fmt: skip


class _Turn(ast.NodeTransformer):
    """Turns the first operator: a slip that fails late, so that a report has much to say."""

    done = False

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if type(node) in OPPOSITES and not self.done:
            self.done = True
            return OPPOSITES[type(node)]()
        return super().generic_visit(node)


def turned(source: str) -> str:
    return ast.unparse(_Turn().visit(ast.parse(source)))


@cache
def material(lesson: str) -> list[dict[str, Any]]:
    """The answers' cells, each with its variants, and the cells that define what they use."""
    by_cell = {e.grade_id: e for e in of_lesson(lesson) if e.kind != "reflection"}
    cells: list[dict[str, Any]] = []
    needed: set[str] = set()
    for cell in reversed(solution(lesson).cells):
        exercise = by_cell.get(grading(cell).get("grade_id"))
        if exercise is None and not needed & bound_in(cell):
            continue
        needed |= used_in(cell)
        about: dict[str, Any] = {"id": cell.id, "source": cell.source, "variants": {}}
        if exercise is not None:
            stub = cell_of(released(lesson), exercise.grade_id).source
            variants = {REFERENCE: cell.source, STUB: stub, TURNED: turned(cell.source)}
            about["variants"] = variants | wrong(exercise)
            about |= {"exercise": exercise.id, "answer": exercise.answer_name}
        cells.insert(0, about)
    return cells


def used_in(cell: NotebookNode) -> set[str]:
    return {n.id for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.Name)}


def bound_in(cell: NotebookNode) -> set[str]:
    """The names that a cell sets; none for one that only shows something."""
    tree = ast.parse(cell.source if cell.cell_type == "code" else "")
    if all(isinstance(statement, ast.Expr) for statement in tree.body):
        return set()
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).split(".")[0])
    return bound


class Elsewhere:
    """A process that holds a lesson's answers; only lines of text go there and come back."""

    def __init__(self, lesson: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(answering.__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._send(plain.dumps(material(lesson))) == "ready\n"

    def ask(self, exercise: str, variant: str, request: str) -> str:
        return self._send(f"{exercise}\t{variant}\t{request}")

    def _send(self, line: str) -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def close(self) -> None:
        self.process.communicate(timeout=10)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Callable[[str], Elsewhere]]:
    with ExitStack() as stack:

        @cache
        def start(lesson: str) -> Elsewhere:
            process = Elsewhere(lesson)
            stack.callback(process.close)
            return process

        yield start


@pytest.fixture(scope="module")
def here() -> Callable[[str], dict[tuple[str, str], Any]]:
    return cache(lambda lesson: answering.define(material(lesson)))


@pytest.mark.parametrize(("id", "variant"), VARIANTS)
def test_a_report_is_the_same_when_the_answer_lives_in_another_process(
    id, variant, elsewhere, here
):
    exercise = CHECKED[id]
    process = elsewhere(exercise.lesson)
    answer = here(exercise.lesson)[id, variant]
    for seed in SEEDS:
        local = judge(exercise, LocalProber(answer), seed)
        wire = WireProber(lambda line: process.ask(id, variant, line))
        assert judge(exercise, wire, seed) == local
        if variant in (REFERENCE, STUB):
            assert local.score == (variant == REFERENCE)
        elif variant != TURNED:  # a turned one may happen to be right
            assert not local.passed


@pytest.mark.parametrize("lesson", sorted({e.lesson for e in CHECKED.values()}))
def test_the_process_with_the_answers_never_loads_what_judges_them(lesson, elsewhere):
    for exercise in of_lesson(lesson):
        if exercise.kind != "reflection":
            judge(exercise, LocalProber(exercise.reference), 0)
            wire = WireProber(lambda line, id=exercise.id: elsewhere(lesson).ask(id, STUB, line))
            judge(exercise, wire, 0)
    modules = plain.loads(elsewhere(lesson).ask("", "", MODULES))
    assert "grader.probe" in modules
    # `import grader` brings the empty package `grader.checks`; what must stay out is in it.
    assert [name for name in modules if name.startswith("grader.checks.")] == []


def test_turning_one_operator_makes_a_slip_that_learners_make():
    assert turned("def f(x):\n    return x @ w + b") == "def f(x):\n    return x @ w - b"
