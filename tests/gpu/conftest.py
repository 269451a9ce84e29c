"""Tests that need a CUDA device; without one, each is skipped and says so.

`python -m pytest tests/gpu` takes the pytest.ini beside this file. Whoever asks for these tests on
a machine with a GPU wants them run, so a package that is missing is then an error, not a skip. With
or without a GPU, a session that collects no test fails, as pytest's do.
"""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
for folder in (ROOT, ROOT / "tests" / "course_lib" / "kernels"):  # as the pytest.ini beside this
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from benchmarks import bare  # noqa: E402

bare.prepare()
MISSING = bare.missing()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    asked_for = config.inipath == HERE / "pytest.ini"  # not a part of the whole suite
    if MISSING and asked_for and bare.devices() > 0:
        raise pytest.UsageError(f"there is a GPU, but {MISSING}")
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("gpu")
            if MISSING:
                item.add_marker(pytest.mark.skip(reason=MISSING))


def pytest_report_header() -> str:
    if MISSING:
        return f"gpu: {MISSING}"
    import torch

    return f"gpu: {torch.cuda.get_device_name()}, torch {torch.__version__}"


@pytest.fixture(scope="session")
def cuda_backend():
    """The back end `cuda`; a GPU without what it needs is a failure, not a skip."""
    from course_lib.kernels import choose

    return choose("cuda")
