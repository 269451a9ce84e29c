"""The course's kernels through their launchers: any size, and errors that say what is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.kernels import (
    backends,
    histogram,
    histograms,
    launching,
    maps,
    matmul,
    products,
    reduce_sum,
    reductions,
    row_softmax,
    rows,
    scale_shift,
    transpose,
    transposes,
    vector_add,
)

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.usefixtures("instrumented")


@pytest.fixture
def instrumented():
    backends.use("instrumented")
    yield
    backends.use(None)


def floats(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 700])
def test_vectors_of_any_size_are_added(size) -> None:
    a, b = floats(0, size), floats(1, size)
    np.testing.assert_array_equal(vector_add(a, b), maps.vector_add_reference(a, b))


@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (7, 33), (9, 40)])
def test_matrices_of_any_shape_are_mapped(shape) -> None:
    x = floats(0, *shape)
    # a GPU may round once where NumPy rounds twice; the instrumented back end rounds twice too
    np.testing.assert_array_equal(
        scale_shift(x, 2.5, -1.0), maps.scale_shift_reference(x, 2.5, -1.0)
    )


@pytest.mark.parametrize("method", reductions.SUM_KERNELS)
@pytest.mark.parametrize("size", [0, 1, 2, 256, 300, 1000])
def test_sums_of_any_size_agree_with_numpy(method, size) -> None:
    x = floats(size, size)
    # each of at most log2(size) + 1 roundings on the way of a number: 2**-24 of the sum of sizes
    bound = float(np.abs(x).sum() + 1) * 2**-24 * (size if method == "atomic" else 12)
    assert reduce_sum(x, method) == pytest.approx(reductions.reduce_sum_reference(x), abs=bound)


@pytest.mark.parametrize("shape", [(0, 4), (3, 0), (1, 1), (3, 5), (2, 128), (2, 131)])
def test_softmax_of_any_shape_agrees_with_numpy(shape) -> None:
    x = 50 * floats(0, *shape)
    np.testing.assert_allclose(row_softmax(x), rows.row_softmax_reference(x), rtol=1e-5, atol=1e-30)


def test_softmax_survives_large_scores() -> None:
    x = np.array([[1000.0, 0.0], [-1000.0, -1000.0]], np.float32)
    np.testing.assert_array_equal(row_softmax(x), [[1, 0], [0.5, 0.5]])


@pytest.mark.parametrize("method", products.MATMUL_KERNELS)
@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (3, 0, 2), (0, 3, 2), (5, 17, 3), (16, 16, 16), (17, 2, 18)]
)
def test_products_of_any_shape_agree_with_numpy(method, shape) -> None:
    rows_, inner, columns = shape
    a, b = floats(0, rows_, inner), floats(1, inner, columns)
    # inner sums of float32: an error of 2**-24 for each addition, of numbers of size about 1
    np.testing.assert_allclose(
        matmul(a, b, method), products.matmul_reference(a, b), atol=inner * inner * 2**-24 + 1e-12
    )


@pytest.mark.parametrize("method", transposes.TRANSPOSE_KERNELS)
@settings(max_examples=6)
@given(rows_=st.integers(0, 40), columns=st.integers(0, 40))
def test_transposes_of_any_shape_are_exact(method, rows_, columns) -> None:
    x = floats(0, rows_, columns)
    np.testing.assert_array_equal(transpose(x, method), transposes.transpose_reference(x))


@pytest.mark.parametrize("method", histograms.HISTOGRAM_KERNELS)
@pytest.mark.parametrize(("size", "bins"), [(0, 3), (1, 1), (300, 7), (600, 256)])
def test_histograms_count_what_is_in_range(method, size, bins) -> None:
    values = np.random.default_rng(0).integers(-2, bins + 2, size).astype(np.int32)
    np.testing.assert_array_equal(
        histogram(values, bins, method), histograms.histogram_reference(values, bins)
    )


def test_inputs_are_left_alone_and_need_not_be_contiguous() -> None:
    x = floats(0, 8, 12)
    view = x[::2, ::-3]
    before = x.copy()
    np.testing.assert_array_equal(transpose(view), view.T)
    np.testing.assert_array_equal(x, before)


X = floats(0, 4, 4)
V = floats(0, 4)


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda: vector_add(V, [1.0]), TypeError, "vector_add: b must be a NumPy array, got list"),
        (lambda: vector_add(V, V.astype(float)), TypeError, "b must hold float32, got float64"),
        (lambda: vector_add(V, V[:2]), ValueError, r"shapes must agree, got a \(4,\), b \(2,\)"),
        (lambda: vector_add(X, X), ValueError, r"a must have 1 axis, got shape \(4, 4\)"),
        (lambda: scale_shift(V, 1.0, 0.0), ValueError, r"x must have 2 axes, got shape \(4,\)"),
        (lambda: reduce_sum(V, "best"), ValueError, "method must be one of atomic, .*; got 'best'"),
        (lambda: reduce_sum(X), ValueError, "x must have 1 axis"),
        (lambda: row_softmax(X > 0), TypeError, "x must hold float32, got bool"),
        (lambda: reduce_sum(V.astype(">f4")), TypeError, "x must hold float32, got >f4"),
        (lambda: row_softmax(X[None]), ValueError, r"x must have 2 axes, got shape \(1, 4, 4\)"),
        (lambda: reduce_sum(V[0]), TypeError, "x must be a NumPy array, got numpy.float32"),
        (
            lambda: matmul(X, X[:2]),
            ValueError,
            r"inner lengths must agree, got a \(4, 4\), b \(2, 4\)",
        ),
        (lambda: matmul(X, X, "fast"), ValueError, "naive, tiled; got 'fast'"),
        (lambda: transpose(X, "fast"), ValueError, "naive, tiled, padded; got 'fast'"),
        (lambda: histogram(V, 4), TypeError, "values must hold int32, got float32"),
        (lambda: histogram(V, 257), ValueError, "bins must be 1 to 256, got 257"),
        (lambda: histogram(V, 4, "fast"), ValueError, "global, shared; got 'fast'"),
        (lambda: vector_add(V, V, backend="gpu"), ValueError, "got 'gpu'"),
    ],
)
def test_an_error_says_what_was_required_and_what_came(call, kind, said) -> None:
    with pytest.raises(kind, match=said):
        call()


class OnGpu:
    """What an array on a GPU looks like from outside."""

    __cuda_array_interface__ = None


def test_arrays_on_a_gpu_are_refused_by_a_back_end_on_the_cpu() -> None:
    with pytest.raises(ValueError, match="a, b on the GPU, but the back end instrumented runs on"):
        vector_add(OnGpu(), OnGpu(), backend="instrumented")
    with pytest.raises(ValueError, match="same place, got a on the CPU, b on the GPU"):
        vector_add(V, OnGpu())


def test_a_pytorch_tensor_is_pointed_to_numpy() -> None:
    learned = torch.ones(4, requires_grad=True)
    advice = r"got torch\.Tensor on the cpu: use \.detach\(\)\.numpy\(\)"
    with pytest.raises(TypeError, match=advice):
        vector_add(learned, learned)
    two = learned.detach().numpy()  # the advice works, with a gradient too
    np.testing.assert_array_equal(vector_add(two, two), [2, 2, 2, 2])


# Where annotations are enforced, as in these tests, the annotation speaks first. Learners meet
# these: (call, error).
WITHOUT_ANNOTATIONS = [
    ("scale_shift(X, 'a', 0.0)", "TypeError: scale_shift: scale must be a number, got str"),
    ("scale_shift(X, 1.0, None)", "TypeError: scale_shift: shift must be a number, got NoneType"),
    ("scale_shift(X, X, 0.0)", "TypeError: scale_shift: scale must be a number, got numpy.ndarray"),
    ("matmul(X, X, ['tiled'])", "ValueError: method must be one of naive, tiled; got ['tiled']"),
    ("histogram(I, 2.5)", "TypeError: histogram: bins must be a whole number, got float"),
    ("histogram(I, True)", "TypeError: histogram: bins must be a whole number, got bool"),
    ("histogram(I, np.int64(3)) is None", "False"),
    ("scale_shift(X, np.int32(2), 1) is None", "False"),
]
CALLS = (
    "vector_add(V, V", "scale_shift(X, 1.0, 0.0", "reduce_sum(V", "row_softmax(X", "matmul(X, X",
    "transpose(X", "histogram(I, 3",
)  # fmt: skip
ON_CUDA = [f"{call}, backend='cuda')" for call in CALLS]
ABSENT = "RuntimeError: no CUDA device: Numba finds no NVIDIA driver or GPU here."


def as_learners_meet_it(calls: list[str]) -> list[str]:
    """What each call gives, or the error it ends with, in a process of its own."""
    code = f"""
import numpy as np
from course_lib.kernels import *
X, V, I = np.ones((4, 4), np.float32), np.ones(4, np.float32), np.zeros(4, np.int32)
for call in {calls!r}:
    try:
        print(eval(call))
    except Exception as error:
        print(f"{{type(error).__name__}}: {{error}}")
"""
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_ENABLE_CUDASIM"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_numbers_and_names_of_the_wrong_kind_are_refused_in_words() -> None:
    came = as_learners_meet_it([call for call, _ in WITHOUT_ANNOTATIONS])
    assert came == [said for _, said in WITHOUT_ANNOTATIONS]


@pytest.mark.skipif(backends.gpu_is_there(), reason="there is a GPU: tests/gpu covers it")
def test_every_launcher_says_that_the_driver_is_absent() -> None:
    came = as_learners_meet_it(ON_CUDA)
    assert len(came) == 7
    assert all(line.startswith(ABSENT) for line in came), came


def test_a_gpu_out_of_memory_is_said_in_mebibytes() -> None:
    class FullGpu(backends.Numba):
        def __init__(self) -> None:
            self.name = "cuda"
            self.cuda = self

        def device_array(self, shape, dtype):
            raise RuntimeError("[2] Call to cuMemAlloc results in CUDA_ERROR_OUT_OF_MEMORY")

        def current_context(self):
            return self

        def get_memory_info(self):
            return 3 * 2**20, 8 * 2**20

    with pytest.raises(MemoryError, match="out of memory: 4 MiB asked for, 3 of 8 MiB free"):
        FullGpu().zeros((2**20,), np.float32)


def test_blocks_are_rounded_up() -> None:
    assert [launching.blocks_for(n, 8) for n in (0, 1, 8, 9)] == [0, 1, 1, 2]
