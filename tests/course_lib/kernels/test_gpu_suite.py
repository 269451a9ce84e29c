"""The tests for a real GPU: they are there, they import, and without a GPU they say so."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from sound import COURSE, OWN

from course_lib.kernels import backends

ROOT = Path(__file__).resolve().parents[3]
without_gpu = pytest.mark.skipif(
    backends.devices() > 0, reason="there is a GPU here: run python -m pytest tests/gpu"
)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=250
    )


def test_every_kernel_is_collected_for_the_gpu() -> None:
    """pytest fails where it collects nothing, and this where a kernel is left out."""
    listed = run("pytest", "tests/gpu", "--collect-only", "-q", "-p", "no:cacheprovider")
    assert listed.returncode == 0, listed.stdout + listed.stderr
    for sound in (*OWN, *COURSE):
        assert f"test_a_kernel_gives_numpys_values_every_time[{sound.name}]" in listed.stdout
    assert "test_gpu_models.py" in listed.stdout


@without_gpu
def test_without_a_gpu_every_gpu_test_is_skipped_with_its_reason() -> None:
    done = run("pytest", "tests/gpu", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d\d skipped in", done.stdout.splitlines()[-1])
    assert "gpu: no CUDA device: the NVIDIA driver is missing or sees no GPU" in done.stdout


@without_gpu
def test_without_a_gpu_the_benchmark_says_so_and_fails() -> None:
    done = run("benchmarks.gpu")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("benchmarks.gpu: no CUDA device")


def test_kernels_and_models_need_neither_jaxtyping_nor_greenlet_nor_jupyter() -> None:
    code = """
import sys
for name in ("jaxtyping", "greenlet", "IPython", "matplotlib", "nbgrader", "scipy", "rich"):
    sys.modules[name] = None  # as if it were not installed
del sys.modules["jaxtyping"]
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name == "jaxtyping" else found(name, *a)
from benchmarks import bare, gpu
bare.prepare()
import course_lib.kernels, course_lib.torch_models, course_lib.nn
print(course_lib.kernels.maps.Vector, sys.modules["jaxtyping"])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.startswith("<class 'object'>"), done.stderr
