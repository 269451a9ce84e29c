"""The student release of a lesson, made by nbgrader itself in a course folder of its own."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbformat.notebooknode import NotebookNode

from grader.build.course import CONFIG, BuildError, Course

if TYPE_CHECKING:
    from traitlets.config import Config


def release(course: Course, lesson: str, notebook: NotebookNode) -> dict[str, bytes]:
    """The files that a learner gets, by their path in the lesson's folder.

    nbgrader runs in a temporary course folder with this course's configuration and without its
    database, so no gradebook is touched; the notebook need not have been executed.

    Raises:
        BuildError: nbgrader refuses; the message holds what it logged.
    """
    from nbgrader.converters import GenerateAssignment, NbGraderException
    from nbgrader.coursedir import CourseDirectory

    with tempfile.TemporaryDirectory() as folder:
        config = _configuration(course, lesson, Path(folder).resolve())
        root = Path(config.CourseDirectory.root)
        source = root / config.CourseDirectory.source_directory / lesson
        shutil.copytree(course.script(lesson).parent, source)
        (source / f"{lesson}.ipynb").write_text(text(notebook), "utf-8", newline="\n")
        with _log() as (log, lines):
            folders = CourseDirectory(config=config, log=log)
            try:
                GenerateAssignment(coursedir=folders, config=config, log=log).start()
            except (NbGraderException, SystemExit) as error:
                raise BuildError(
                    "\n".join([f"{lesson}: nbgrader makes no release", *lines])
                ) from error
        made = root / config.CourseDirectory.release_directory / lesson
        files = sorted(path for path in made.rglob("*") if path.is_file())
        return {path.relative_to(made).as_posix(): path.read_bytes() for path in files}


def text(notebook: NotebookNode) -> str:
    """A notebook as it stands in its file."""
    return str(nbformat.writes(notebook)) + "\n"  # type: ignore[no-untyped-call]


def _configuration(course: Course, lesson: str, root: Path) -> Config:
    from traitlets.config.loader import PyFileConfigLoader

    before = dict(os.environ)
    try:
        config: Config = PyFileConfigLoader(CONFIG, path=str(course.root)).load_config()
    finally:  # the file sets variables for nbgrader's commands; this process keeps its own
        os.environ.clear()
        os.environ.update(before)
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.assignment_id = lesson
    config.GenerateAssignment.no_database = True
    config.SaveCells.enabled = False
    return config


@contextmanager
def _log() -> Iterator[tuple[logging.Logger, list[str]]]:
    """A logger of nbgrader's own whose warnings are kept, not shown."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    log = logging.getLogger("grader.build.nbgrader")
    log.propagate = False
    log.setLevel(logging.WARNING)
    handler = Keep()
    log.addHandler(handler)
    try:
        yield log, lines
    finally:
        log.removeHandler(handler)
