"""Builds lessons: expand, execute, release, and only then write."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat.notebooknode import NotebookNode

from grader.build.course import Course
from grader.build.release import release, text
from grader.build.run import execute
from grader.build.script import expand

Advance = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Built:
    """What building a lesson changed."""

    lesson: str
    changed: tuple[str, ...]  # paths in the course: written, or removed


def build(
    course: Course, names: Sequence[str] = (), advance: Advance = lambda lesson, done, of: None
) -> list[Built]:
    """Build these lessons, or all: each is written as a whole, or not at all.

    Args:
        course: where they lie.
        names: see `Course.select`.
        advance: called after each cell with the lesson, the cells done and their number, both
            counted over all the lessons.

    Raises:
        BuildError: a lesson cannot be built. Those before it have been written.
    """
    # All scripts first: a slip in the last one shows before the first has run for a minute.
    notebooks = {lesson: expand(course, lesson) for lesson in course.select(names)}
    total = sum(_code_cells(notebook) for notebook in notebooks.values())
    done, built = 0, []

    def on_cell() -> None:
        nonlocal done
        done += 1
        advance(lesson, done, total)

    for lesson, notebook in notebooks.items():
        advance(lesson, done, total)
        execute(course, lesson, notebook, on_cell)
        built.append(_finish(course, lesson, notebook))
    return built


def _finish(course: Course, lesson: str, notebook: NotebookNode) -> Built:
    """Make the release of an executed notebook, and write both."""
    files = {course.notebook(lesson): text(notebook).encode()}
    target = course.release(lesson)
    files |= {target / name: data for name, data in release(course, lesson, notebook).items()}
    obsolete = [path for path in released(course, lesson) if path not in files]
    changed = [*_write(files), *_remove(obsolete)]
    return Built(lesson, tuple(course.shown(path) for path in changed))


def released(course: Course, lesson: str) -> list[Path]:
    """The files of a release as it lies on disk, without what Jupyter leaves beside them."""
    found = sorted(path for path in course.release(lesson).rglob("*") if path.is_file())
    passing = {".ipynb_checkpoints", "__pycache__"}
    return [p for p in found if passing.isdisjoint(p.relative_to(course.root).parts)]


def _code_cells(notebook: NotebookNode) -> int:
    return sum(c.cell_type == "code" and bool(c.source.strip()) for c in notebook.cells)


def _write(files: Mapping[Path, bytes]) -> list[Path]:
    """Write the files that differ; the old ones stay until all the new ones are whole."""
    changed = [p for p, data in files.items() if not p.is_file() or p.read_bytes() != data]
    parts = {path: path.with_name(f".{path.name}.part") for path in changed}
    try:
        for path, part in parts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(files[path])
        for path, part in parts.items():
            os.replace(part, path)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
    return changed


def _remove(paths: Sequence[Path]) -> Sequence[Path]:
    for path in paths:
        path.unlink()
    return paths
