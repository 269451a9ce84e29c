"""nbgrader's configuration for this course; its commands run from this folder, unmodified.

`course build` reads the same file, so `nbgrader generate_assignment` gives the same release.
"""

import os
import sys
from pathlib import Path

# nbgrader starts `alembic` by name.
_bin = str(Path(sys.executable).parent)
if _bin not in os.environ.get("PATH", "").split(os.pathsep):
    os.environ["PATH"] = os.pathsep.join([_bin, os.environ.get("PATH", os.defpath)])

# Grading must not write into anybody's progress, wherever the instructor's own may be.
os.environ["COURSE_PROGRESS"] = "off"

c = get_config()  # noqa: F821  # traitlets puts it here when it reads this file

c.CourseDirectory.course_id = "deep-learning"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "lessons"
# nbgrader copies whatever lies beside a notebook: a lesson's script holds the answers.
c.CourseDirectory.ignore = [
    "*.py",
    "*.pyc",
    "__pycache__",
    ".ipynb_checkpoints",
    ".*",
    "feedback",
]

# nbgrader's own list, with our ClearAnswers in place of its ClearSolutions.
c.GenerateAssignment.preprocessors = [
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.InstantiateTests",
    "nbgrader.preprocessors.LockCells",
    "grader.build.stubs.ClearAnswers",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ClearMarkScheme",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.ClearSolutions.code_stub = {
    "python": '# YOUR CODE HERE\nraise NotImplementedError("this is yours to write")'
}
c.ClearSolutions.text_stub = "*Your answer here.*"

# A check has its own limit of some seconds; training in a lesson takes longer.
c.Execute.timeout = 120
# A kernel on the loopback warns that its messages are not encrypted; errors still show.
c.Execute.extra_arguments = ["--log-level=ERROR"]
