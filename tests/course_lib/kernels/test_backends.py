"""One source on every back end: Numba's simulator, Numba's compiler, and ours."""

import importlib.util
import inspect
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_kernels import agree, make_kernel
from sound import COURSE, OWN

import course_lib.kernels
from course_lib.kernels import (
    Kernel,
    backends,
    check_subset,
    choose,
    compiling,
    histograms,
    maps,
    products,
    reductions,
    rows,
    transposes,
    use,
)

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
FAMILIES = (maps, reductions, rows, products, transposes, histograms)


def in_a_process(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python afresh, without a choice that this process has made."""
    env = {
        k: v for k, v in os.environ.items() if k not in ("NUMBA_ENABLE_CUDASIM", "COURSE_KERNELS")
    }
    env |= {"PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}", **environment}
    return subprocess.run(
        [sys.executable, *command], env=env, cwd=HERE, capture_output=True, text=True, timeout=280
    )


def checked(what: str) -> dict:
    done = in_a_process("numba_checks.py", what)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_kernel_of_the_course_is_among_the_checked_ones() -> None:
    """Zero kernels checked would pass every test below: this one would not."""
    defined = {
        value.__name__
        for family in FAMILIES
        for value in vars(family).values()
        if isinstance(value, Kernel)
    }
    assert len(defined) >= 13
    assert defined == {sound.kernel.__name__ for sound in COURSE}


def test_every_kernel_runs_on_numbas_simulator_with_numpys_values() -> None:
    found = checked("simulator")
    assert found["kernels"] == [sound.name for sound in (*OWN, *COURSE)]
    assert found["random"] >= 50


@pytest.mark.skipif(
    importlib.util.find_spec("numba_cuda") is None,
    reason='Numba\'s CUDA compiler is not installed: pip install "numba-cuda[cu13]"',
)
def test_every_kernel_compiles_to_ptx_for_sm_80_and_sm_90_without_a_gpu() -> None:
    found = checked("ptx")
    assert len(found) == 2 * (len(OWN) + len(COURSE))
    for sound in (*OWN, *COURSE):
        source = inspect.getsource(sound.kernel.function)
        for target in ("sm_80", "sm_90"):
            made = found[f"{sound.name} {target}"]
            assert made["target"]
            assert made["entry"]
            assert made["barrier"] == ("syncthreads" in source)
            assert made["atomic"] == ("atomic" in source)
            assert made["shared"] or "shared.array" not in source


@settings(max_examples=150)
@given(st.data())
def test_random_kernels_give_numpys_values_and_no_findings(data) -> None:
    made = make_kernel(lambda options: data.draw(st.sampled_from(options)))
    assert check_subset(made.source) == []
    agree(made, choose("instrumented").launch, seed=0)


def test_random_kernels_differ() -> None:
    rng = random.Random(0)
    sources = {make_kernel(rng.choice).source for _ in range(200)}
    assert len(sources) > 100


def test_a_machine_without_a_gpu_runs_kernels_instrumented(monkeypatch) -> None:
    monkeypatch.delenv("COURSE_KERNELS", raising=False)
    monkeypatch.setattr(backends, "gpu_is_there", lambda: False)
    assert choose().name == "instrumented"


def test_the_environment_names_a_back_end_and_use_overrides_it(monkeypatch) -> None:
    monkeypatch.setenv("COURSE_KERNELS", "nowhere")
    with pytest.raises(
        ValueError, match="back ends are instrumented, simulator, cuda; got 'nowhere'"
    ):
        choose()
    use("instrumented")
    assert choose().name == "instrumented"
    use(None)
    with pytest.raises(ValueError, match="nowhere"):
        choose()


@pytest.mark.skipif(backends.gpu_is_there(), reason="there is a GPU: tests/gpu covers it")
def test_cuda_without_a_driver_says_what_is_missing() -> None:
    done = in_a_process("-c", "from course_lib.kernels import choose; choose('cuda')")
    assert done.returncode == 1
    assert "RuntimeError: no CUDA device: Numba finds no NVIDIA driver or GPU" in done.stderr


def test_a_process_has_either_simulator_or_compiler() -> None:
    code = "import numba; from course_lib.kernels import choose; choose('simulator')"
    done = in_a_process("-c", code)
    assert "start a new process with NUMBA_ENABLE_CUDASIM=1" in done.stderr


def test_without_numba_the_other_back_ends_say_how_to_get_it(monkeypatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match="Numba is not installed: pip install numba numba-cuda"):
        compiling.numba_cuda(simulate=True)


def test_a_kernel_written_with_numbas_own_names_runs_instrumented_too() -> None:
    code = """
import numpy as np
from numba import cuda, float32
from course_lib.kernels import watch
def k(x):
    s = cuda.shared.array(4, float32)
    t = cuda.threadIdx.x
    s[t] = x[t]
    x[t] = s[3 - t]
run = watch(k, 1, 4, np.zeros(4, np.float32))
print([f.kind for f in run.findings], [f.array for f in run.findings])
"""
    done = in_a_process("-c", code, NUMBA_ENABLE_CUDASIM="1")
    assert done.stdout.strip() == "['race'] ['s']", done.stderr


def test_importing_kernels_imports_neither_numba_nor_triton_nor_torch_nor_greenlet() -> None:
    code = (
        "import sys, course_lib.kernels; print([m for m in ('numba', 'triton', 'torch', 'greenlet',"
        " 'matplotlib', 'scipy') if m in sys.modules])"
    )
    assert in_a_process("-c", code).stdout.strip() == "[]"


def test_every_exported_name_is_there() -> None:
    for name in course_lib.kernels.__all__:
        assert getattr(course_lib.kernels, name) is not None


def test_a_kernel_is_not_called_from_a_kernel() -> None:
    scope = {"cuda": course_lib.kernels.cuda, "add": maps.vector_add_kernel}
    exec("def k(x):\n    add(x, x, x)\n", scope)
    with pytest.raises(TypeError, match="add is a kernel; only"):
        course_lib.kernels.watch(scope["k"], 1, 1, np.zeros(1))


def test_a_kernel_says_where_its_function_comes_from() -> None:
    from course_lib.kernels import cuda

    def made_here(x): ...

    kernel = cuda.jit(made_here)
    for name in ("__module__", "__qualname__", "__name__"):
        assert getattr(kernel, name) == getattr(made_here, name)
    assert kernel.__module__ == __name__
