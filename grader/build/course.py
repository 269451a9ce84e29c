"""Where a course lies on disk: its lessons, their sources, and the exercises they use."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.errors import CourseError
from grader.exercise import Exercise
from grader.registry import exercises_of

CONFIG = "nbgrader_config.py"
_LESSON = re.compile(r"\d\d_\w+")


class BuildError(CourseError):
    """A lesson cannot be built; `str()` says where and why."""


def registered(lesson: str) -> Mapping[str, Exercise]:
    """The exercises of a lesson in `grader.checks`; none for a lesson that has no file there."""
    try:
        return exercises_of(lesson)
    except KeyError:
        return {}


@dataclass(frozen=True)
class Course:
    """A folder with `solutions/`, `lessons/` and nbgrader's configuration.

    Attributes:
        root: the folder.
        exercises: gives the exercises of a lesson by id.
        cell_seconds: how long one cell of a solution may run.
    """

    root: Path
    exercises: Callable[[str], Mapping[str, Exercise]] = registered
    cell_seconds: int = 300

    @classmethod
    def around(cls, folder: Path) -> Course:
        """The course that a folder lies in.

        Raises:
            BuildError: it lies in none.
        """
        folder = folder.resolve()
        for root in (folder, *folder.parents):
            if (root / CONFIG).is_file() and (root / "solutions").is_dir():
                return cls(root)
        raise BuildError(
            f"no course here: {folder} lies in no folder with solutions/ and {CONFIG}; "
            "go to your clone of the course first"
        )

    def script(self, lesson: str) -> Path:
        """The source of a lesson."""
        return self.root / "solutions" / lesson / f"{lesson}.py"

    def notebook(self, lesson: str) -> Path:
        """The executed solution notebook of a lesson."""
        return self.script(lesson).with_suffix(".ipynb")

    def release(self, lesson: str) -> Path:
        """The folder of a lesson as a learner gets it."""
        return self.root / "lessons" / lesson

    def shown(self, path: Path) -> str:
        """A path as messages show it: relative to the course, the same on every system."""
        return path.relative_to(self.root).as_posix()

    def lessons(self) -> list[str]:
        """The lessons that have a source, in order."""
        folders = sorted(path.name for path in (self.root / "solutions").glob("*/"))
        return [f for f in folders if _LESSON.fullmatch(f) and self.script(f).is_file()]

    def select(self, names: Sequence[str]) -> list[str]:
        """The lessons with these names, in order; all for no names.

        A lesson may be named in full ("01_perceptron"), by number ("1") or by topic ("perceptron").

        Raises:
            BuildError: there is no such lesson; the message offers the nearest.
        """
        known = self.lessons()
        if not known:
            raise BuildError("no lessons: solutions/ holds no NN_slug/NN_slug.py")
        return sorted({_find(name, known) for name in names}) if names else known


def _find(name: str, known: Sequence[str]) -> str:
    name = name.rstrip("/").rsplit("/", 1)[-1].removesuffix(".py")
    for lesson in known:
        number, topic = lesson.split("_", 1)
        if name in (lesson, topic) or name.zfill(2) == number:
            return lesson
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    offers = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(known)}."
    raise BuildError(f"there is no lesson {name!r}. {offers}")
