"""What a submission sees of the course: no judge, no exercises, nothing that its lesson teaches.

The view is a folder with copies. A module that the lesson (or a later one) has learners write is
there as a stub: what imports it still imports, and whoever uses something of it gets an error.
In lessons, `viz` is one too: its figures are not drawn, as no score depends on one and drawing them
took most of a submission's time. Other assignments that use it have it as it is.
"""

from __future__ import annotations

import functools
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from grader import registry
from grader.workspace import ROOT

# What each lesson has learners build of course_lib, from the syllabus.
TAUGHT: dict[str, frozenset[str]] = {
    "00_why_deep_learning": frozenset(),
    "01_perceptron": frozenset({"perceptron"}),
    "02_activations": frozenset({"activations"}),
    "03_loss": frozenset({"losses"}),
    "04_backprop": frozenset({"scalar"}),
    "05_tensors": frozenset({"tensor"}),
    "06_gradient_descent": frozenset({"optim", "init"}),
    "07_regularization": frozenset({"regularization", "nn"}),
    "08_language_models": frozenset({"text"}),
    "09_attention": frozenset({"nn.attention", "tensor.attention"}),
    "10_transformer": frozenset({"nn.transformer", "nn.gpt", "torch_models"}),
    "11_scaling": frozenset(),
    "12_gpu_tensors": frozenset(),
    "13_gpu_threads": frozenset(
        f"kernels.{family}"
        for family in ("histograms", "maps", "products", "reductions", "rows", "transposes")
    ),
    "14_fused_kernels": frozenset(),
}
_PROBE = ("__init__", "errors", "guard", "plain", "probe", "sources")
_PASSWD = "student:x:1000:1000::/tmp/home:/bin/sh\n"
_STUB = '''"""Withheld: this lesson, or a later one, has you write it."""


class _Withheld(type):
    def _refuse(cls, *args, **kwargs):
        raise LookupError(f"{cls.__name__} is withheld while work is graded: write your own")

    __call__ = _refuse

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        cls._refuse()


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return _Withheld(name, (), {})
'''

_UNDRAWN = '''"""Figures are not drawn while a lesson is graded: no score depends on one."""


class Undrawn:
    """Stands for a figure, or for some: nothing in it, and whatever is asked of it is one more."""

    def __init__(self, name):
        self._name = name

    def __call__(self, *args, **kwargs):
        return self

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return Undrawn(f"{self._name}.{name}")

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0

    def __getitem__(self, place):
        return self

    def __repr__(self):
        return f"({self._name}: not drawn while work is graded)"


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(name)
    return Undrawn(name)
'''


def withheld(lesson: str | None) -> list[str]:
    """The modules of course_lib that submissions of a lesson may not see.

    Those that it or a later lesson teaches, and wherever a reference of its exercises lives.
    """
    if lesson is None:
        return []
    found = set().union(*(modules for name, modules in TAUGHT.items() if name >= lesson))
    if lesson in registry.lessons():
        for exercise in registry.exercises_of(lesson).values():
            package, _, module = str(getattr(exercise.reference, "__module__", "")).partition(".")
            if package == "course_lib":
                found.add(module)
    return sorted(name for name in found if not any(name.startswith(f"{o}.") for o in found))


@functools.cache
def view_of(lesson: str | None) -> Path:
    """The folder with the view of a lesson, made once; it goes when this process ends."""
    folder = _folder() / (lesson or "any")
    build(folder, withheld(lesson), drawn=lesson is None)
    return folder


@functools.cache
def _folder() -> Path:
    # Kept alive by the cache; its finalizer removes it.
    made = tempfile.TemporaryDirectory(prefix="course-view-", ignore_cleanup_errors=True)
    _kept.append(made)
    return Path(made.name)


_kept: list[tempfile.TemporaryDirectory[str]] = []


def build(folder: Path, stubs: Iterable[str], root: Path = ROOT, *, drawn: bool = True) -> None:
    """Write a view.

    Args:
        folder: where; it must not exist yet.
        stubs: the modules of course_lib to withhold, by dotted name.
        root: where the course lies.
        drawn: figures are.
    """
    here = Path(__file__).parent
    no_caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(root / "course_lib", folder / "course_lib", ignore=no_caches)
    for name in stubs:
        _replace(folder / "course_lib" / name.replace(".", "/"), _STUB)
    if not drawn:
        _replace(folder / "course_lib/viz", _UNDRAWN)
    grader = folder / "grader"
    grader.mkdir()
    for name in _PROBE:
        shutil.copy(here.parent / f"{name}.py", grader)
    shutil.copytree(here / "inside", grader / "classroom/inside", ignore=no_caches)
    (grader / "classroom/__init__.py").touch()  # ours would keep a module from the submission
    shutil.move(grader / "classroom/inside/learner.py", grader / "learner.py")
    (folder / "etc").mkdir()
    (folder / "etc/passwd").write_text(_PASSWD, encoding="ascii")


def _replace(module: Path, stub: str) -> None:
    """Put a stub where a module or package was; nothing where there was none."""
    if module.is_dir():
        shutil.rmtree(module)
    elif not module.with_suffix(".py").exists():
        return
    module.with_suffix(".py").write_text(stub, encoding="utf-8")
