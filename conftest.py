"""What every test runs in: the same environment on a laptop, in CI and in a learner's shell.

It lies in the root because it holds for tests/ and for the notebooks in solutions/ alike, also when
only one of them is asked for. It is set as pytest starts, so that processes and kernels which tests
start inherit it.
"""

import os
import sys
import tempfile
from pathlib import Path

import pytest

_HOME = tempfile.TemporaryDirectory(prefix="course-tests-", ignore_cleanup_errors=True)
_home = Path(_HOME.name)

# No test leaves a trace in a learner's progress or workspace.
os.environ["COURSE_PROGRESS"] = "off"
os.environ.pop("COURSE_WORKSPACE", None)

# Two workers on two cores: more threads would only take turns, and digits would depend on them.
for _library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

# Figures without a screen. A matplotlibrc instead of MPLBACKEND, because a kernel inherits this
# environment too, and MPLBACKEND would turn off the inline figures that nbval expects.
(_home / "matplotlibrc").write_text("backend: Agg\n", encoding="utf-8")
os.environ["MATPLOTLIBRC"] = str(_home / "matplotlibrc")
os.environ.pop("MPLBACKEND", None)

# Jupyter reads and writes nothing of this user's. Kernels are found beside the interpreter.
for _variable, _folder in (
    ("JUPYTER_CONFIG_DIR", "config"),
    ("JUPYTER_DATA_DIR", "data"),
    ("JUPYTER_RUNTIME_DIR", "run"),
    ("IPYTHONDIR", "ipython"),
):
    (_home / _folder).mkdir()
    os.environ[_variable] = str(_home / _folder)
os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
os.environ.pop("JUPYTER_CONFIG_PATH", None)
os.environ.pop("JUPYTER_PATH", None)

# nbgrader starts `alembic` by name. Not resolved: in a virtual environment, python is a link.
_bin = str(Path(sys.executable).parent)
os.environ["PATH"] = os.pathsep.join([_bin, os.environ.get("PATH", "")])


# Releases are to be filled in, not replayed. In norecursedirs it would skip tests/lessons too.
collect_ignore = ["lessons"]


def pytest_configure(config: pytest.Config) -> None:
    # nbval opens this path relative to the current folder; ours is relative to the root.
    sanitize = getattr(config.option, "nbval_sanitize_with", None)
    if sanitize:
        config.option.nbval_sanitize_with = str(config.rootpath / sanitize)


def pytest_itemcollected(item: pytest.Item) -> None:
    if item.path.suffix == ".ipynb":
        item.add_marker("lesson")
