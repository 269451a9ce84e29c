"""The tests for a real GPU: they are there, they import, and without a GPU they say so."""

import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
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


def python(code: str) -> subprocess.CompletedProcess[str]:
    """Run code, without the plugins of pytest that are installed here, and without our choices."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "NUMBA", "COURSE"))}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=250,
        env=kept | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip


def test_a_session_without_a_gpu_test_fails() -> None:
    for chosen in (["-k", "no_test_has_this_name"], ["--ignore-glob", "*test_gpu_*"]):
        options = ["tests/gpu", *chosen, "-p", "no:cacheprovider"]
        done = python(f"import pytest, sys; sys.exit(pytest.main({options!r}))")
        assert done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, done.stdout


def with_a_gpu_but_without(package: str) -> subprocess.CompletedProcess[str]:
    code = f"""
import importlib.util, sys
import pytest
from course_lib.kernels import backends
backends.devices = lambda: 1
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name == {package!r} else found(name, *a)
sys.exit(pytest.main(["tests/gpu", "-p", "no:cacheprovider"]))
"""
    return python(code)


def test_a_gpu_without_what_the_tests_need_is_a_failure_and_no_skip() -> None:
    done = with_a_gpu_but_without("numba")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert 'there is a GPU, but numba is not installed: pip install "numba-cuda' in done.stderr
    assert "skipped" not in done.stdout


# A machine that has Python, these distributions and what they require, and nothing else.
BARE = ("numpy", "torch", "numba-cuda[cu13]", "pytest")
REFUSE_ALL_OTHERS = """
import sys
allowed = set(sys.stdlib_module_names) | set({allowed!r})

class Refuse:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] not in allowed:
            raise ModuleNotFoundError(f"{{name}} is not on a bare machine", name=name)

sys.meta_path.insert(0, Refuse)
for name in list(sys.modules):  # what .pth files have imported
    if name.partition(".")[0] not in allowed:
        del sys.modules[name]
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = (
    lambda name, *a: found(name, *a) if name.partition(".")[0] in allowed else None
)
"""


def names_on_a_bare_machine() -> set[str]:
    """The top-level modules of those distributions, and of the checkout."""
    wanted, seen = [Requirement(name) for name in BARE], set()
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        if name in seen:
            continue
        seen.add(name)
        for line in metadata.requires(name) or ():
            needed = Requirement(line)
            extras = requirement.extras or {""}
            if not needed.marker or any(needed.marker.evaluate({"extra": e}) for e in extras):
                wanted.append(needed)
    modules = metadata.packages_distributions()
    ours = {"__main__", "course_lib", "benchmarks", "tests", "random_kernels", "sound", "conftest"}
    ours |= {path.stem for path in (ROOT / "tests" / "gpu").glob("*.py")}
    private = {"_numba_cuda_redirector", "_distutils_hack"}  # in no list, started by .pth files
    return ours | private | {
        module for module, names in modules.items()
        if seen & {canonicalize_name(name) for name in names}
    }  # fmt: skip


def on_a_bare_machine(code: str) -> subprocess.CompletedProcess[str]:
    return python(REFUSE_ALL_OTHERS.format(allowed=sorted(names_on_a_bare_machine())) + code)


def test_the_bare_machine_is_bare() -> None:
    """Neither what runs lessons and tests, nor what checks annotations, is there."""
    allowed = names_on_a_bare_machine()
    assert {"numpy", "torch", "numba", "numba_cuda", "pytest", "_pytest"} <= allowed
    absent = {
        "IPython", "beartype", "greenlet", "grader", "hypothesis", "ipykernel", "jaxtyping",
        "jupyter_client", "matplotlib", "nbformat", "nbgrader", "nbval", "pandas", "rich", "scipy",
        "sklearn", "traitlets", "xdist",
    }  # fmt: skip
    assert not absent & allowed
    assert "not on a bare machine" in on_a_bare_machine("import IPython").stderr


def test_gpu_tests_are_collected_on_a_bare_machine() -> None:
    done = on_a_bare_machine(
        "import pytest\n"
        "sys.exit(pytest.main(['tests/gpu', '--collect-only', '-q', '-p', 'no:cacheprovider']))"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("test_a_kernel_gives_numpys_values_every_time[") == 25
    assert "test_gpu_models.py" in done.stdout


def test_kernels_models_and_the_benchmark_run_on_a_bare_machine() -> None:
    """All that the GPU tests and the benchmark import, and what runs there without a GPU."""
    done = on_a_bare_machine("""
sys.path[:0] = [".", "tests/course_lib/kernels"]
from benchmarks import bare, gpu
bare.prepare()
import numpy, random, torch, random_kernels, sound
from course_lib import kernels, nn, torch_models
from course_lib.kernels import choose
launch = choose("simulator").launch
sound.run_and_compare(sound.OWN[0], numpy.random.default_rng(0), launch)
random_kernels.agree(random_kernels.make_kernel(random.Random(0).choice), launch, 0)
config = nn.GPTConfig(vocab_size=8, context_length=4, d_model=8, num_heads=2, num_layers=1)
ids = torch.zeros((1, 4), dtype=torch.long)
assert torch_models.GPT(config)(ids, ids)[1].ndim == 0
print(kernels.maps.Vector, sys.modules["jaxtyping"])
sys.exit(gpu.main())
""")
    assert done.stdout.startswith("<class 'object'> <module 'jaxtyping'"), done.stderr
    if backends.devices() == 0:
        assert done.returncode == 2, done.stderr
        assert done.stderr.startswith("benchmarks.gpu: no CUDA device")


# Quick ones on a simulator that runs each thread as a thread of Python's.
REHEARSED = (
    "chooses_it or vectors_of_any_size and not 1000003 or every_time and (vector or device) or "
    "count_exactly and not 0000"
)


def test_gpu_tests_pass_with_numbas_simulator_in_the_place_of_the_gpu() -> None:
    """Not the kernels on a GPU, but all that leads there: uploads, memory set to 0, launches."""
    done = on_a_bare_machine(f"""
sys.path.insert(0, ".")
from benchmarks import bare
bare.prepare()
import pytest, torch
from course_lib.kernels import backends
backends.devices = lambda: 1
torch.cuda.is_available, torch.cuda.get_device_name = lambda: True, lambda: "a simulator"
start = backends.Numba.__init__

def simulated(self, simulate):
    start(self, simulate=True)
    self.name = "cuda"

backends.Numba.__init__ = simulated
sys.exit(pytest.main(["tests/gpu", "-k", {REHEARSED!r}, "-p", "no:cacheprovider"]))
""")
    assert done.returncode == 0, done.stdout
    assert "gpu: a simulator" in done.stdout
    passed = re.search(r"(\d+) passed, (\d+) deselected in", done.stdout.splitlines()[-1])
    assert passed
    assert int(passed[1]) >= 8
