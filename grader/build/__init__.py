"""The builder: from the one source of a lesson to everything a learner and an instructor open.

`solutions/NN_slug/NN_slug.py`, a jupytext percent script, becomes the executed solution notebook
beside it, and through nbgrader's own generate step the student release `lessons/NN_slug/`.

Conventions of the script, beyond those of jupytext:

`# %% exercise="topic.name"`
    The cell of an answer. After it the builder adds the locked check cell with the points.

    - Empty, for a function or class: the answer is lifted from the reference in `course_lib`.
      Decorators and annotations go, docstrings and comments stay. Left out is what only refuses
      bad input: a statement that calls a private helper of the module (`_check_shapes(X)`), a
      private method that raises and sets nothing, the statements that call it, and a docstring's
      paragraphs "Raises:" and "Source:".
    - Not empty: it is the answer. Definitions get their solution regions as lifted ones do, unless
      the cell sets `### BEGIN SOLUTION` and `### END SOLUTION` itself. Anything else is wholly
      the solution.
    - Comment lines `# stub: <code>` at its top say what the release shows in place of the
      solution. An answer that is a value needs one, because the cells after it need a value.

`# %% [markdown] exercise="topic.name"`
    The model answer to a reflection. Before it the builder adds the rubric, read-only; the release
    asks for the learner's own words.

`# %line_magic`
    Becomes a magic. All other comments stay comments.

Cell ids are nbgrader's grade ids, else hashes of the content, so that two builds give the same
bytes. Every exercise of the lesson has exactly one cell.
"""

from grader.build.builder import Built, build
from grader.build.course import BuildError, Course
from grader.build.stale import Stale, stale

__all__ = ["BuildError", "Built", "Course", "Stale", "build", "stale"]
