"""Reads a lesson's percent script and writes out its short markers as cells for nbgrader."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import jupytext
from nbformat.notebooknode import NotebookNode

from grader.build import cells
from grader.build.course import BuildError, Course
from grader.build.lift import CannotLift, lift, mark
from grader.build.regions import BEGIN, END
from grader.exercise import Exercise

_STUB = re.compile(r"# stub: ?(.*)")
_MAGIC = re.compile(r"^# (?=%[A-Za-z])", re.MULTILINE)
_NOTES_OF_JUPYTEXT = ("lines_to_next_cell", "lines_to_end_of_cell_marker", "cell_marker")


def expand(course: Course, lesson: str) -> NotebookNode:
    """The solution notebook of a lesson, not yet executed.

    Raises:
        BuildError: the script breaks a convention; the message names its line.
    """
    path = course.script(lesson)
    script = _Script(course.shown(path), path.read_text("utf-8"), course.exercises(lesson))
    found = cells.notebook(list(script.cells()))
    missing = [id for id in script.exercises if id not in script.lines]
    if missing:
        raise BuildError(f"{script.name}: no cell for {', '.join(missing)}")
    return found


@dataclass
class _Script:
    name: str
    text: str
    exercises: Mapping[str, Exercise]
    lines: dict[str, int] = field(default_factory=dict)  # of the exercises met so far

    def cells(self) -> Iterator[NotebookNode]:
        # With jupytext's own magics on, a comment such as "# copy the weights" becomes code.
        form = {"extension": ".py", "format_name": "percent", "comment_magics": False}
        for cell in jupytext.reads(self.text, fmt=form).cells:
            source = cell.source if cell.cell_type != "code" else _MAGIC.sub("", cell.source)
            metadata = {k: v for k, v in cell.metadata.items() if k not in _NOTES_OF_JUPYTEXT}
            broken = metadata.get("incorrectly_encoded_metadata")
            if broken is not None:
                raise self._error(broken, f'cannot read {broken!r}: write key="value"')
            id = metadata.pop("exercise", None)
            if id is not None:
                yield from self._exercise(self._find(id), cell.cell_type, source, metadata)
            elif BEGIN[4:] in source or END[4:] in source:
                raise self._error(BEGIN[4:], "a solution in a cell without an exercise")
            elif source.strip():
                make = cells.markdown if cell.cell_type == "markdown" else cells.code
                yield make(source, **metadata)

    def _find(self, id: object) -> Exercise:
        marker = f'exercise="{id}"'
        if not isinstance(id, str) or id not in self.exercises:
            near = difflib.get_close_matches(str(id), self.exercises, n=2, cutoff=0.4)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise self._error(marker, f"this lesson has no exercise {id!r}{hint}")
        if id in self.lines:
            raise self._error(marker, f"a second cell for {id}", repeat=1)
        self.lines[id] = self._line(marker)
        return self.exercises[id]

    def _exercise(
        self, exercise: Exercise, cell_type: str, source: str, metadata: dict[str, object]
    ) -> Iterator[NotebookNode]:
        written = exercise.kind == "reflection"
        if (cell_type == "markdown") != written:
            wanted = "a markdown cell" if written else "a code cell"
            raise self._fault(exercise, f"is a {exercise.kind}: it needs {wanted}")
        if written:
            if not source.strip():
                raise self._fault(exercise, "needs a model answer")
            yield cells.rubric(exercise)
            yield cells.reflection(exercise, source, **metadata)
            return
        stub, source = _take_stub(source)
        source = self._solution(exercise, source)
        self._see_that_it_names_the_answer(exercise, source, stub)
        yield cells.answer(exercise, source, stub, **metadata)
        yield cells.check(exercise)

    def _solution(self, exercise: Exercise, source: str) -> str:
        """The answer with its solution regions."""
        if BEGIN in source or END in source:
            self._see_that_regions_close(exercise, source)
            return source
        if not _is_empty(source):
            marked = mark(source) if exercise.is_callable else source
            if marked is None:
                raise self._fault(exercise, f"mixes definitions with more: set {BEGIN} and {END}")
            return marked
        if not exercise.is_callable:
            raise self._fault(exercise, f"is a {exercise.kind}: its answer has to be written")
        try:
            return "\n".join(filter(None, [source.strip(), lift(exercise.reference)]))
        except CannotLift as error:
            raise self._fault(exercise, f"cannot be lifted: {error}") from error

    def _see_that_regions_close(self, exercise: Exercise, source: str) -> None:
        marks = [line.strip() for line in source.splitlines() if line.strip() in (BEGIN, END)]
        if marks != [BEGIN, END] * (len(marks) // 2) or not marks:
            raise self._fault(exercise, f"needs {BEGIN} and {END}, in turn, each on its own line")

    def _see_that_it_names_the_answer(
        self, exercise: Exercise, source: str, stub: str | None
    ) -> None:
        """The check cell uses the answer's name: in the solution, and in what learners get."""
        if stub is None and not exercise.is_callable:
            raise self._fault(
                exercise,
                f"is a value and needs a stub for the release, such as "
                f"`# stub: {exercise.answer_name} = None`",
            )
        released = source if stub is None else f"{stub}\n{_outside_regions(source)}"
        for what, text in (("the solution", source), ("the release", released)):
            if exercise.answer_name not in _names(text):
                raise self._fault(exercise, f"{what} does not set {exercise.answer_name!r}")

    def _fault(self, exercise: Exercise, what: str) -> BuildError:
        return BuildError(f"{self.name}:{self.lines[exercise.id]}: {exercise.id} {what}")

    def _error(self, near: str, what: str, repeat: int = 0) -> BuildError:
        return BuildError(f"{self.name}:{self._line(near, repeat)}: {what}")

    def _line(self, near: str, repeat: int = 0) -> int:
        """The number of the line that holds a text; it may quote differently."""
        near = near.replace("'", '"')
        found = [n for n, t in enumerate(self.text.splitlines(), 1) if near in t.replace("'", '"')]
        return found[min(repeat, len(found) - 1)] if found else 1


def _take_stub(source: str) -> tuple[str | None, str]:
    """Part the stub's lines, at the top of a cell, from its source."""
    lines = source.splitlines()
    stub = []
    while lines and (match := _STUB.fullmatch(lines[0])):
        stub.append(match[1])
        lines.pop(0)
    return ("\n".join(stub) if stub else None), "\n".join(lines).strip("\n")


def _is_empty(source: str) -> bool:
    return all(line.strip()[:1] in ("", "#") for line in source.splitlines())


def _outside_regions(source: str) -> str:
    """What the release keeps of a solution; nothing when it has no regions."""
    if BEGIN not in source:
        return ""
    kept, inside = [], False
    for line in source.splitlines():
        if line.strip() in (BEGIN, END):
            inside = line.strip() == BEGIN
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def _names(text: str) -> set[str]:
    """The names that a cell's source binds; all its words if it is no plain Python."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return set(re.findall(r"\w+", text))
    bound = {
        n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    return bound | {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
