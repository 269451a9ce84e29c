"""The builder: from a percent script to the executed solution and the student release."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

from grader.build import BuildError, Course, build, stale
from grader.build.command import check_lessons
from grader.build.lift import CannotLift, lift, mark
from grader.build.script import expand
from grader.exercise import Exercise, Option, choice, reflection, result
from grader.kernel import environment

REPOSITORY = Path(__file__).parents[2]
LESSON = "01_tiny"

REFERENCE = '''
"""References of a made-up lesson."""

import functools

import numpy as np

_EPSILON = 1e-12


def _check_shape(x):
    if x.ndim != 1:
        raise ValueError("x must be flat")


@functools.cache
def double(
    x: "Float[np.ndarray, ' n']",  # a comment that goes with its annotation
    /,
    times: int = 2,
    *,
    scale: float = 1e-3,
) -> "Float[np.ndarray, ' n']":
    """Twice x.

    Example: 2 gives 4.
    """
    _check_shape(x)
    # SECRET: why it is so
    total: float = times * x  # SECRET, beside the code
    return total * (scale / 1e-3)
    # the last word


def uses_epsilon(x):
    return x + _EPSILON


def long_one(
    features: int,
    examples: int,
    learning_rate: float,
    momentum: float,
    weight_decay: float,
    max_epochs: int,
    seed: int = 0,
) -> int:
    return features


class Counter:
    """Counts."""

    start: int
    step = 1
    unit: str = "times"

    def __init__(self, start: int = 0) -> None:
        """Keep the start."""
        self._check(start)
        self.count = start

    @property
    def value(self) -> int:
        """Where it stands."""
        return self.count  # SECRET

    def add(self, n: int) -> "Counter":
        """Add n."""
        if n:
            self._check(n)
        self._move(n)
        return self

    def _move(self, n: int) -> None:
        self.count += n

    def _check(self, n: int) -> None:
        """Refuse."""
        if n < 0:
            raise ValueError("n must be 0 or more")
'''

SCRIPT = """
# %% [markdown]
# # A tiny lesson

# %%
import numpy as np


def check(id, answer):
    return {"tiny.double": 2.0, "tiny.guess": 1.0, "tiny.counter": 3.0, "tiny.fit": 1.0}[id]


# %% exercise="tiny.double"

# %% tags=["keep"]
# copy the result to the screen: a comment, whatever jupytext takes `copy` for
double(np.array([1.0, 2.0]))

# %% exercise="tiny.guess"
# stub: guess = None  # "a" or "b"
guess = "b"

# %% exercise="tiny.counter"

# %%
print("same")

# %%
print("same")

# %% exercise="tiny.fit"
# stub: weights = np.zeros(2)
# stub: bias = 0.0
weights = np.array([12345.0, 2.0])
bias = 3.0

# %% [markdown] exercise="tiny.why"
# SECRET: because it doubles.
"""


def load(path: Path, text: str) -> ModuleType:
    path.write_text(text, "utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # where inspect looks for the file of a class
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    yield load(tmp_path_factory.mktemp("reference") / "tiny_reference.py", REFERENCE)
    del sys.modules["tiny_reference"]


@pytest.fixture(scope="module")
def exercises(reference):
    found = [
        Exercise("tiny.double", LESSON, "Double", 2, reference.double),
        choice(
            "tiny.guess",
            lesson=LESSON,
            title="Guess",
            points=1,
            answer="guess",
            right="b",
            wrong={"a": Option("a", "no")},
            explanation="",
            hints=[],
        ),
        Exercise("tiny.counter", LESSON, "Counter", 3, reference.Counter, kind="class"),
        result("tiny.fit", lesson=LESSON, title="Fit", points=1, reference=None, answer="weights"),
        reflection(
            "tiny.why",
            lesson=LESSON,
            title="Why",
            rubric=[(1, "says doubles"), (2, "says why")],
            hints=[],
        ),
    ]
    return {e.id: e for e in found}


def make_course(root: Path, exercises, script: str = SCRIPT) -> Course:
    folder = root / "solutions" / LESSON
    folder.mkdir(parents=True)
    (folder / f"{LESSON}.py").write_text(script.lstrip("\n"), "utf-8")
    shutil.copy(REPOSITORY / "nbgrader_config.py", root)
    return Course(root, lambda lesson: exercises if lesson == LESSON else {})


@pytest.fixture(scope="module")
def built(tmp_path_factory, exercises):
    """A course that has been built; tests must leave it as it is."""
    course = make_course(tmp_path_factory.mktemp("course"), exercises)
    beside = course.script(LESSON).parent
    (beside / "points.csv").write_text("1,2\n")
    (beside / "helper.py").write_text("SECRET = 1\n")
    build(course)
    return course


@pytest.fixture
def copy(built, tmp_path):
    """A copy of it that a test may change."""
    shutil.copytree(built.root, tmp_path / "course")
    return Course(tmp_path / "course", built.exercises, built.cell_seconds)


def read(path: Path):
    return nbformat.read(path, as_version=4)


def cells_of(path: Path) -> dict:
    return {cell.id: cell for cell in read(path).cells}


def files(course: Course) -> dict[str, bytes]:
    return {course.shown(p): p.read_bytes() for p in sorted(course.root.rglob("*")) if p.is_file()}


# --- lifting -------------------------------------------------------------------------------------


def test_a_lifted_function_loses_annotations_and_input_checks_and_keeps_comments(reference):
    assert (
        lift(reference.double)
        == '''\
def double(x, /, times=2, *, scale=1e-3):
    """Twice x.

    Example: 2 gives 4.
    """
    ### BEGIN SOLUTION
    # SECRET: why it is so
    total = times * x  # SECRET, beside the code
    return total * (scale / 1e-3)
    # the last word
    ### END SOLUTION'''
    )


def test_a_lifted_class_has_a_region_in_each_method(reference):
    assert (
        lift(reference.Counter)
        == '''\
class Counter:
    """Counts."""

    step = 1
    unit = "times"

    def __init__(self, start=0):
        """Keep the start."""
        ### BEGIN SOLUTION
        self.count = start
        ### END SOLUTION

    @property
    def value(self):
        """Where it stands."""
        ### BEGIN SOLUTION
        return self.count  # SECRET
        ### END SOLUTION

    def add(self, n):
        """Add n."""
        ### BEGIN SOLUTION
        if n:
            pass
        self._move(n)
        return self
        ### END SOLUTION

    def _move(self, n):
        ### BEGIN SOLUTION
        self.count += n
        ### END SOLUTION'''
    )


def test_a_long_signature_is_wrapped(reference):
    lines = lift(reference.long_one).splitlines()
    assert lines[0] == "def long_one("
    assert max(map(len, lines)) <= 88


def test_a_reference_that_uses_a_private_name_is_not_lifted(reference):
    with pytest.raises(CannotLift, match="uses_epsilon uses _EPSILON"):
        lift(reference.uses_epsilon)


@pytest.mark.parametrize("thing", [3, len, lambda x: x], ids=["number", "builtin", "lambda"])
def test_what_has_no_definition_is_not_lifted(thing):
    with pytest.raises(CannotLift):
        lift(thing)


def test_a_written_definition_keeps_annotations_and_decorators():
    cell = "import numba\n\n@numba.njit\ndef f(x: int) -> int:\n    # why\n    return x\n"
    assert mark(cell) == (
        "import numba\n\n@numba.njit\ndef f(x: int) -> int:\n"
        "    ### BEGIN SOLUTION\n    # why\n    return x\n    ### END SOLUTION"
    )


def test_a_definition_on_one_line_gets_a_region():
    assert mark("def f(x): return x") == (
        "def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION"
    )


@pytest.mark.parametrize("cell", ["def f(x): return x\ny = f(2)", "x = 1", "%%time\nf()"])
def test_a_cell_of_more_than_definitions_is_not_marked(cell):
    assert mark(cell) is None


# --- the notebook --------------------------------------------------------------------------------


def test_each_answer_is_followed_by_its_locked_check(built):
    nb = read(built.notebook(LESSON))
    ids = [cell.id for cell in nb.cells]
    for name, call in {
        "tiny-double": "double",
        "tiny-guess": "guess",
        "tiny-fit": "weights",
    }.items():
        answer, check = nb.cells[ids.index(name)], nb.cells[ids.index(name) + 1]
        assert answer.metadata.nbgrader.solution
        assert not answer.metadata.nbgrader.grade
        assert answer.metadata.course.exercise == name.replace("-", ".")
        assert check.id == f"{name}-check"
        assert check.metadata.nbgrader.grade
        assert check.metadata.nbgrader.locked
        assert check.source == f'check("{name.replace("-", ".")}", {call})'


def test_points_of_the_notebook_are_those_of_the_exercises(built, exercises):
    graded = [
        c.metadata.nbgrader for c in read(built.notebook(LESSON)).cells if "nbgrader" in c.metadata
    ]
    assert sum(g.points for g in graded if g.grade) == sum(e.points for e in exercises.values())


def test_a_reflection_follows_its_rubric(built):
    cells = cells_of(built.notebook(LESSON))
    assert "- says why (2 points)" in cells["tiny-why-rubric"].source
    grading = cells["tiny-why"].metadata.nbgrader
    assert (grading.grade, grading.solution, grading.points) == (True, True, 3)


def test_stub_lines_move_to_the_metadata(built):
    cell = cells_of(built.notebook(LESSON))["tiny-guess"]
    assert cell.source == 'guess = "b"'
    assert cell.metadata.course.stub == 'guess = None  # "a" or "b"'


def test_comments_stay_comments_and_line_magics_become_magics(tmp_path, exercises):
    script = SCRIPT.replace('print("same")', "# more of it\n# %matplotlib inline", 1)
    cells = expand(make_course(tmp_path, exercises, script), LESSON).cells
    assert any(c.source == "# more of it\n%matplotlib inline" for c in cells)
    assert any(c.source.startswith("# copy the result") for c in cells)


def test_other_metadata_of_a_cell_is_kept_and_that_of_jupytext_is_not(built):
    metadata = [c.metadata for c in read(built.notebook(LESSON)).cells]
    assert {"tags": ["keep"]} in metadata
    assert not any("lines_to_next_cell" in m for m in metadata)


def test_ids_are_unique_and_valid(built):
    ids = [cell.id for cell in read(built.notebook(LESSON)).cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", i) for i in ids)


def test_the_solution_is_executed_and_holds_nothing_volatile(built):
    text = built.notebook(LESSON).read_text("utf-8")
    code = [c for c in read(built.notebook(LESSON)).cells if c.cell_type == "code"]
    assert [c.execution_count for c in code] == list(range(1, len(code) + 1))
    assert '"version": "3' not in text
    assert "iopub" not in text


# --- the release ---------------------------------------------------------------------------------


def test_no_solution_leaks_into_the_release(built):
    texts = [p.read_text("utf-8") for p in built.release(LESSON).rglob("*") if p.is_file()]
    for secret in ("SECRET", "BEGIN SOLUTION", "12345", 'guess = \\"b\\"', "self.count"):
        assert not any(secret in text for text in texts), secret


def test_the_release_holds_the_notebook_and_the_files_beside_it_but_no_script(built):
    names = sorted(p.name for p in built.release(LESSON).iterdir())
    assert names == [f"{LESSON}.ipynb", "points.csv"]


def test_stubs_ask_for_code_for_a_value_and_for_words(built):
    cells = cells_of(built.release(LESSON) / f"{LESSON}.ipynb")
    assert cells["tiny-double"].source.splitlines()[-2] == "    # YOUR CODE HERE"
    assert cells["tiny-double"].source.splitlines()[-1].startswith("    raise NotImplementedError(")
    assert cells["tiny-counter"].source.count("raise NotImplementedError(") == 4
    assert cells["tiny-guess"].source == 'guess = None  # "a" or "b"'
    assert cells["tiny-fit"].source == "weights = np.zeros(2)\nbias = 0.0"
    assert cells["tiny-why"].source == "*Your answer here.*"
    assert not any(c.get("outputs") or c.get("execution_count") for c in cells.values())


def test_a_build_touches_no_gradebook(built):
    assert not list(built.root.rglob("gradebook.db*"))


def test_a_second_build_gives_the_same_bytes(copy):
    before = files(copy)
    copy.notebook(LESSON).unlink()
    shutil.rmtree(copy.release(LESSON))
    build(copy)
    assert files(copy) == before
    assert build(copy, ["tiny"])[0].changed == ()


def test_nbgraders_own_command_gives_the_same_release(copy):
    ours = files(copy)
    shutil.rmtree(copy.release(LESSON))
    bare = {k: v for k, v in environment().items() if k != "PATH"} | {"PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", LESSON]
    done = subprocess.run(command, cwd=copy.root, env=bare, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    theirs = files(copy)
    assert (copy.root / "gradebook.db").exists()
    assert {k: v for k, v in theirs.items() if k.startswith("lessons/")} == {
        k: v for k, v in ours.items() if k.startswith("lessons/")
    }


# --- what breaks a convention --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '%% exercise="tiny.guess"',
            '%% exercise="tiny.gues"',
            r":18: this lesson has no exercise 'tiny.gues'; did you",
        ),
        ('exercise="tiny.guess"', "exercise=tiny.guess", r":18: cannot read 'exercise=tiny.guess'"),
        (
            '# stub: guess = None  # "a" or "b"\n',
            "",
            r":18: tiny.guess is a value and needs a stub",
        ),
        ("# stub: guess", "# stub: gues", r":18: tiny.guess the release does not set 'guess'"),
        ('\nguess = "b"', '\nguesses = "b"', r":18: tiny.guess the solution does not set"),
        ('\nguess = "b"', "", r":18: tiny.guess is a choice: its answer has to be written"),
        ('# %% exercise="tiny.counter"\n', "", r": no cell for tiny.counter$"),
        (
            '# %% [markdown] exercise="tiny.why"',
            '# %% exercise="tiny.why"',
            "needs a markdown cell",
        ),
        ('%% exercise="tiny.guess"', '%% [markdown] exercise="tiny.guess"', "it needs a code cell"),
        ("# SECRET: because it doubles.\n", "", "tiny.why needs a model answer"),
        (
            '%% exercise="tiny.counter"',
            '%% exercise="tiny.guess"',
            r":22: a second cell for tiny.guess",
        ),
        ('print("same")', "### BEGIN SOLUTION", r":25: a solution in a cell without an exercise"),
        (
            'guess = "b"',
            '### BEGIN SOLUTION\nguess = "b"',
            "tiny.guess needs ### BEGIN SOLUTION and",
        ),
        (
            '"tiny.counter"\n',
            '"tiny.counter"\nclass Counter:\n    x = 1\ny = 2\n',
            "mixes definitions",
        ),
    ],
)
def test_a_slip_in_the_script_is_named_with_its_line(tmp_path, exercises, old, new, message):
    assert old in SCRIPT
    course = make_course(tmp_path, exercises, SCRIPT.replace(old, new, 1))
    with pytest.raises(BuildError, match=message) as caught:
        build(course)
    assert str(caught.value).startswith(f"solutions/{LESSON}/{LESSON}.py:")
    assert not course.notebook(LESSON).exists()


def test_what_cannot_be_lifted_is_named_with_its_line(tmp_path, reference):
    exercise = Exercise("tiny.eps", LESSON, "Epsilon", 1, reference.uses_epsilon)
    course = make_course(tmp_path, {"tiny.eps": exercise}, '# %% exercise="tiny.eps"\n')
    with pytest.raises(BuildError, match=r"tiny\.py:1: tiny.eps cannot be lifted: uses_epsilon"):
        build(course)


@pytest.mark.parametrize(
    ("code", "seconds", "message"),
    [
        ("1 / 0", 60, r"(?s)01_tiny, cell 4 \(1 / 0\): it raised.*ZeroDivisionError"),
        ("while True: pass", 1, r"cell 4 .*: it ran past the time limit"),
        ("import os; os._exit(1)", 60, r"cell 4 .*: the kernel died"),
    ],
)
def test_a_cell_that_fails_leaves_nothing_half_written(tmp_path, reference, code, seconds, message):
    exercise = Exercise("tiny.double", LESSON, "Double", 2, reference.double)
    script = f"# %%\ncheck = lambda *_: 2.0\n# %% exercise='tiny.double'\n# %%\n{code}\n# %%\n1\n"
    course = make_course(tmp_path, {"tiny.double": exercise}, script)
    course = Course(course.root, course.exercises, cell_seconds=seconds)
    before = files(course)
    with pytest.raises(BuildError, match=message) as caught:
        build(course)
    assert "\x1b" not in str(caught.value)
    assert files(course) == before


def test_a_solution_that_earns_too_little_is_refused(tmp_path, exercises):
    course = make_course(tmp_path, exercises, SCRIPT.replace('double": 2.0', 'double": 0.5'))
    with pytest.raises(BuildError, match=r"tiny-double-check.*earns 0.5 of 2 points"):
        build(course)
    assert not course.notebook(LESSON).exists()


@pytest.mark.parametrize("name", ["1", "01", "tiny", LESSON, f"solutions/{LESSON}/"])
def test_a_lesson_goes_by_several_names(built, name):
    assert built.select([name]) == [LESSON]


@pytest.mark.parametrize("name", ["01_tinny", "timy", "99", ""])
def test_an_unknown_lesson_is_answered_with_the_nearest(built, name):
    with pytest.raises(BuildError, match=rf"there is no lesson '{name}'.*{LESSON}"):
        build(built, [name])


def test_outside_a_course_the_message_says_what_is_missing(tmp_path):
    with pytest.raises(BuildError, match="no course here"):
        Course.around(tmp_path)


# --- staleness -----------------------------------------------------------------------------------


def test_a_built_course_is_fresh(built, capsys):
    assert stale(built) == []
    assert check_lessons([], as_json=True, course=built) == 0
    assert json.loads(capsys.readouterr().out) == {"fresh": True, "stale": [], "mend": None}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_an_edited_script_makes_both_files_stale(copy, capsys):
    edit(copy.script(LESSON), "# # A tiny lesson", "# # A small lesson")
    notebook, released = stale(copy)
    assert notebook.path == f"solutions/{LESSON}/{LESSON}.ipynb"
    assert "cell 1 (# A small lesson): its source is not what the script gives" in notebook.why
    assert released.path == f"lessons/{LESSON}/{LESSON}.ipynb"
    assert check_lessons([], as_json=False, course=copy) == 1
    out = capsys.readouterr().out
    assert notebook.path in out
    assert f"Mend it with: course build {LESSON}\n" in out
    assert check_lessons([], as_json=True, course=copy) == 1
    assert json.loads(capsys.readouterr().out)["mend"] == f"course build {LESSON}"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"execution_count": 3', '"execution_count": null', "has not been run"),
        ('"2.0"', '"1.0"', "the solution earns 1.0 of 2 points"),
        ('"points": 2', '"points": 3', "its metadata is not what the script gives"),
        ('"id": "tiny-double"', '"id": "x"', "its id is not what the script gives"),
        (
            '"display_name": "Python 3 (ipykernel)"',
            '"display_name": "x"',
            "its metadata is not what",
        ),
        ('"cells": [', '"cells": {', "cannot be read"),
    ],
)
def test_a_solution_notebook_that_was_touched_is_stale(copy, old, new, why):
    edit(copy.notebook(LESSON), old, new)
    (found,) = stale(copy)
    assert why in found.why


def test_a_release_that_was_touched_or_has_more_files_is_stale_and_mended(copy):
    edit(copy.release(LESSON) / f"{LESSON}.ipynb", "tiny lesson", "tiny lesson!")
    (copy.release(LESSON) / "answers.txt").write_text("left over")
    (copy.release(LESSON) / ".ipynb_checkpoints").mkdir()
    (copy.release(LESSON) / ".ipynb_checkpoints" / "x.ipynb").write_text("Jupyter's")
    (copy.release(LESSON) / "points.csv").unlink()
    assert sorted(s.why for s in stale(copy)) == [
        "does not exist",
        "has no source",
        "is not what the script gives",
    ]
    build(copy)
    assert stale(copy) == []
    assert not (copy.release(LESSON) / "answers.txt").exists()


def test_a_lesson_never_built_and_one_without_source_are_stale(tmp_path, exercises):
    course = make_course(tmp_path, exercises)
    (tmp_path / "lessons" / "09_gone").mkdir(parents=True)
    (tmp_path / "lessons" / "09_gone" / "09_gone.ipynb").write_text("{}")
    found = stale(course)
    assert [s.why for s in found] == [
        "does not exist",
        "does not exist",
        "has no source in solutions/",
    ]
    assert found[-1].mend == "git rm -r lessons/09_gone"
