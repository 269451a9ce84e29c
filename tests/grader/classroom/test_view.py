"""What a submission sees of the course: everything that earlier lessons built, no answers."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from sessions import needs_bwrap, opened

from grader import registry
from grader.classroom import view

LESSONS = registry.lessons()
ROOT = Path(__file__).parents[3]


def test_the_table_has_every_lesson_that_there_is():
    assert set(LESSONS) <= set(view.TAUGHT)


def test_every_withheld_name_is_a_module_of_the_course():
    for name in set().union(*view.TAUGHT.values()):
        path = ROOT / "course_lib" / name.replace(".", "/")
        assert (path / "__init__.py").exists() or path.with_suffix(".py").exists(), name


@pytest.mark.parametrize("lesson", LESSONS)
def test_wherever_a_reference_of_the_lesson_lives_is_withheld(lesson):
    hidden = view.withheld(lesson)
    for exercise in registry.exercises_of(lesson).values():
        module = str(getattr(exercise.reference, "__module__", ""))
        if module.startswith("course_lib."):
            module = module.removeprefix("course_lib.")
            assert any(module == name or module.startswith(f"{name}.") for name in hidden)


def inside(lesson, code):
    """Run code with a lesson's view as the only course."""
    folder = view.view_of(lesson)
    script = f"import sys; sys.path[:0] = [{str(folder)!r}]\n{code}"
    return subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, timeout=120
    )


def test_everything_in_every_view_can_be_imported():
    views = [str(view.view_of(lesson)) for lesson in (*sorted(view.TAUGHT), None)]
    lazy = "('torch_models', 'kernels')"  # import PyTorch or Numba: slow, and tested elsewhere
    done = inside(
        None,
        f"import importlib, pkgutil\nfor view in {views!r}:\n"
        "    for name in [n for n in sys.modules if n.split('.')[0] == 'course_lib']:\n"
        "        del sys.modules[name]\n"
        "    sys.path[0] = view\n    import course_lib\n"
        "    assert course_lib.__file__.startswith(view)\n"
        "    for m in pkgutil.walk_packages(course_lib.__path__, 'course_lib.'):\n"
        f"        if not any(part in m.name for part in {lazy}):\n"
        "            importlib.import_module(m.name)\n"
        "print('all')",
    )
    assert done.stdout == "all\n", done.stderr


@pytest.mark.parametrize("lesson", LESSONS)
def test_what_is_withheld_cannot_be_used_and_what_is_not_can(lesson):
    code = "import importlib\n"
    for name in view.withheld(lesson):
        if name.split(".")[0] in ("kernels", "torch_models"):
            continue
        module = importlib.import_module(f"course_lib.{name}")
        public = next(n for n in dir(module) if callable(getattr(module, n)) and n[0] != "_")
        code += (
            f"try: importlib.import_module('course_lib.{name}').{public}(1)\n"
            "except LookupError as error: assert 'withheld' in str(error)\n"
            f"else: raise SystemExit('course_lib.{name}.{public} works')\n"
        )
    done = inside(lesson, code + "print('withheld')")
    assert done.stdout == "withheld\n", done.stderr


def test_of_the_grader_only_the_probes_side_is_there():
    names = {str(p.relative_to(view.view_of(None) / "grader")) for p in
             (view.view_of(None) / "grader").rglob("*.py")}  # fmt: skip
    assert {n for n in names if "/" not in n} == {
        "__init__.py", "errors.py", "guard.py", "learner.py", "plain.py", "probe.py", "sources.py",
    }  # fmt: skip
    assert {n.rsplit("/", 1)[0] for n in names if "/" in n} == {"classroom", "classroom/inside"}


@needs_bwrap
@pytest.mark.parametrize("lesson", LESSONS)
def test_no_line_of_a_reference_is_in_any_file_that_a_submission_can_read(lesson):
    import inspect

    lines = set()
    for exercise in registry.exercises_of(lesson).values():
        if exercise.is_callable:
            source = inspect.getsource(exercise.reference)
            tree = ast.parse(inspect.cleandoc(source) if source[0] == " " else source)
            body = tree.body[0].body
            code = [ast.unparse(node) for node in body if not isinstance(node, ast.Expr)]
            lines.update(line.strip() for text in code for line in text.splitlines())
    telling = sorted(line for line in lines if len(line) > 40)
    with opened(lesson=lesson, warm=False) as session:
        session.run(f"lines = {telling!r}")
        run = session.run(
            "import ast, pathlib\nfound = set()\n"
            "for path in pathlib.Path('/course').rglob('*.py'):\n"
            "    text = ast.unparse(ast.parse(path.read_text('utf-8')))\n"
            "    found.update(line for line in lines if line in text)\n"
            "sorted(found)"
        )
        assert run.error is None
        assert run.outputs[-1].data["text/plain"] == "[]"


@needs_bwrap
def test_a_stub_tells_an_honest_student_why():
    with opened(lesson=LESSONS[0], warm=False) as session:
        name = view.withheld(LESSONS[0])[0]
        run = session.run(f"from course_lib.{name} import anything\nanything(1)")
        assert run.error == "LookupError: anything is withheld while work is graded: write your own"


@needs_bwrap
def test_figures_are_not_drawn_while_a_lesson_is_graded():
    with opened(lesson=LESSONS[0], warm=False) as session:
        run = session.run(
            "from course_lib import viz\nfrom course_lib.viz import scatter\n"
            "frames = viz.phase_frames([], title='t')\n"
            "labels = [str(k) for k in range(len(frames))]\n"
            "viz.stepper(list(frames.values()), labels, control='k')\n"
            "viz.graph({}, []).mermaid, frames[0], scatter(1, 2)"
        )
        assert run.error is None
        (shown,) = (output.data["text/plain"] for output in run.outputs)
        assert shown == (
            "((graph.mermaid: not drawn while work is graded),\n"
            " (phase_frames: not drawn while work is graded),\n"
            " (scatter: not drawn while work is graded))"
        )


def test_every_use_of_a_figure_in_every_lesson_works_without_it():
    """What lessons do with figures besides showing them: the stub must allow it."""
    allowed = {"values", "keys", "items"}
    for path in sorted(ROOT.glob("solutions/*/*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        figures = {
            target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and _is_figure(node.value)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        used = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in figures
        }
        assert used <= allowed, path


def _is_figure(node):
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "viz"
    )
