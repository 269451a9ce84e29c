"""An nbgrader course folder as its own configuration describes it: where things lie, who submitted.

Only reads. What students handed in is found here and read in `submission.py`.
"""

from __future__ import annotations

import glob
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.errors import CourseError

if TYPE_CHECKING:
    from traitlets.config import Config

STATE = Path(".course") / "grade"


class CourseFolderError(CourseError):
    """The course folder or its gradebook is not ready for grading; `str()` says what to do."""


@dataclass(frozen=True)
class CourseFolder:
    """One assignment of an nbgrader course.

    Attributes:
        assignment: its name.
        config: nbgrader's configuration, as its own commands would read it.
        layout: nbgrader's `CourseDirectory`.
    """

    assignment: str
    config: Config
    layout: Any

    @classmethod
    def at(cls, root: Path, assignment: str) -> CourseFolder:
        """Read the configuration of a course folder.

        Raises:
            CourseFolderError: nbgrader's configuration cannot be read, or the name is no name.
        """
        from nbgrader.apps.autogradeapp import AutogradeApp

        if (
            not assignment
            or "+" in assignment
            or os.sep in assignment
            or assignment.startswith(".")
        ):
            raise CourseFolderError(f"{assignment!r} is not the name of an assignment")
        _let_alembic_be_found()
        app = AutogradeApp(log_level=logging.ERROR)
        app.load_cwd_config = False  # the course's own file is read below, from its folder
        try:
            app.initialize([f"--course-dir={root.resolve()}"], root=str(root.resolve()))
        except (SystemExit, Exception) as error:
            raise CourseFolderError(f"nbgrader's configuration cannot be read: {error}") from error
        app.coursedir.assignment_id = assignment
        return cls(assignment, app.config, app.coursedir)

    @property
    def root(self) -> Path:
        """The course folder."""
        return Path(self.layout.root)

    @property
    def db_url(self) -> str:
        """The gradebook's address, for SQLAlchemy."""
        return str(self.layout.db_url)

    @property
    def course_id(self) -> str:
        """The course's id in the gradebook."""
        return str(self.layout.course_id)

    @property
    def state(self) -> Path:
        """Where this assignment's journal and records lie."""
        return self.root / STATE / self.assignment

    def submitted(self, student: str) -> Path:
        """What a student handed in."""
        return self._path(self.layout.submitted_directory, student)

    def autograded(self, student: str) -> Path:
        """Where nbgrader expects a graded submission."""
        return self._path(self.layout.autograded_directory, student)

    def feedback(self, student: str) -> Path:
        """Where nbgrader expects a student's feedback."""
        return self._path(self.layout.feedback_directory, student)

    @property
    def source(self) -> Path:
        """The instructor's version."""
        return self._path(self.layout.source_directory, ".")

    @property
    def release(self) -> Path:
        """The students' version."""
        return self._path(self.layout.release_directory, ".")

    def _path(self, step: str, student: str) -> Path:
        return Path(os.path.normpath(self.layout.format_path(step, student, self.assignment)))

    def students(self, pattern: str = "*") -> list[str]:
        """Who submitted this assignment, in order.

        Args:
            pattern: a glob that the student's name has to match.

        Raises:
            CourseFolderError: nobody did.
        """
        found = sorted(set(self._students(pattern)))
        if not found:
            where = self.layout.format_path(
                self.layout.submitted_directory, pattern, self.assignment
            )
            raise CourseFolderError(f"no submission lies at {where}")
        return found

    def _students(self, pattern: str) -> Iterator[str]:
        layout = self.layout
        folders = layout.format_path(
            layout.submitted_directory, pattern, glob.escape(self.assignment)
        )
        known = layout.format_path(
            layout.submitted_directory,
            "(?P<student>[^/]+)",
            re.escape(self.assignment),
            escape=True,
        )
        excluded = layout.student_id_exclude.split(",") if layout.student_id_exclude else []
        for path in glob.glob(folders):
            match = re.fullmatch(known, path)
            if match and os.path.isdir(path) and match["student"] not in excluded:
                yield match["student"]

    def timestamp(self, folder: Path) -> str:
        """The text of a folder's `timestamp.txt`; "" without one."""
        try:
            return (folder / "timestamp.txt").read_text("utf-8", "replace")[:200].strip()
        except OSError:
            return ""

    def setting(self, owner: str, name: str, default: Any) -> Any:
        """A value that the configuration gives one of nbgrader's classes."""
        section = self.config.get(owner, {})
        return section.get(name, default)


def _let_alembic_be_found() -> None:
    """Nbgrader starts `alembic` by name, which lies beside this interpreter."""
    import sys

    here = str(Path(sys.executable).parent)
    if here not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", os.defpath)])
