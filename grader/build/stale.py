"""Finds what is generated and no longer what its source gives, without running anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import nbformat
from nbformat.notebooknode import NotebookNode

from grader.build.builder import released
from grader.build.course import Course
from grader.build.release import release
from grader.build.run import place, shortfalls
from grader.build.script import expand


@dataclass(frozen=True)
class Stale:
    """A generated file that has to be made again, or to go."""

    lesson: str
    path: str
    why: str

    @property
    def mend(self) -> str:
        """The command that does it."""
        return f"course build {self.lesson}" if self.lesson else f"git rm -r {self.path}"


def stale(course: Course, names: Sequence[str] = ()) -> list[Stale]:
    """What of these lessons, or of all, differs from what `build` would write.

    Outputs are not compared (nbval does that), but there have to be some.

    Raises:
        BuildError: a script breaks a convention, or there is no such lesson.
    """
    found: list[Stale] = []
    for lesson in course.select(names):
        notebook = expand(course, lesson)
        path = course.shown(course.notebook(lesson))
        found += [Stale(lesson, path, why) for why in _notebook_faults(course, lesson, notebook)]
        found += _release_faults(course, lesson, notebook)
    return found if names else [*found, *_orphans(course)]


def _orphans(course: Course) -> Iterator[Stale]:
    """Releases of lessons that were renamed or dropped."""
    known = course.lessons()
    for folder in sorted((course.root / "lessons").glob("*/")):
        if folder.name not in known and any(folder.glob("*.ipynb")):
            yield Stale("", course.shown(folder), "has no source in solutions/")


def _notebook_faults(course: Course, lesson: str, wanted: NotebookNode) -> Iterator[str]:
    path = course.notebook(lesson)
    if not path.is_file():
        yield "does not exist"
        return
    try:
        found = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except Exception as error:  # nbformat passes on whatever its JSON and schema readers raise
        yield f"cannot be read: {str(error).splitlines()[0][:200]}"
        return
    difference = _difference(found, wanted)
    if difference:
        yield difference
    else:
        yield from shortfalls(found)


def _difference(found: NotebookNode, wanted: NotebookNode) -> str | None:
    for index, (a, b) in enumerate(zip(found.cells, wanted.cells, strict=False)):
        for part in ("cell_type", "source", "id", "metadata"):
            if a.get(part) != b.get(part):
                return (
                    f"{place(b, index)}: its {part.replace('_', ' ')} is not what the script gives"
                )
    if len(found.cells) != len(wanted.cells):
        return f"has {len(found.cells)} cells; the script gives {len(wanted.cells)}"
    if found.metadata != wanted.metadata:
        return "its metadata is not what the builder sets"
    return None


def _release_faults(course: Course, lesson: str, notebook: NotebookNode) -> Iterator[Stale]:
    wanted = release(course, lesson, notebook)
    target = course.release(lesson)
    for name, data in wanted.items():
        path = target / name
        if not path.is_file():
            yield Stale(lesson, course.shown(path), "does not exist")
        elif path.read_bytes() != data:
            yield Stale(lesson, course.shown(path), "is not what the script gives")
    for path in released(course, lesson):
        if path.relative_to(target).as_posix() not in wanted:
            yield Stale(lesson, course.shown(path), "has no source")
