"""Every kernel on a real GPU, against NumPy."""

import random

import numpy as np
import pytest
from random_kernels import agree, make_kernel
from sound import COURSE, OWN, Sound, run_and_compare

from course_lib.kernels import (
    choose,
    histogram,
    histograms,
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

pytestmark = pytest.mark.usefixtures("cuda_backend")
EPS = 2.0**-24  # the rounding error of float32, relative


def floats(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def test_a_machine_with_a_gpu_chooses_it(monkeypatch) -> None:
    monkeypatch.delenv("COURSE_KERNELS", raising=False)
    assert choose().name == "cuda"


@pytest.mark.parametrize("sound", [*OWN, *COURSE], ids=lambda sound: sound.name)
def test_a_kernel_gives_numpys_values_every_time(sound: Sound, cuda_backend) -> None:
    for seed in range(20):
        run_and_compare(sound, np.random.default_rng(seed), cuda_backend.launch)


def test_random_kernels_give_numpys_values(cuda_backend) -> None:
    rng = random.Random(0)
    for seed in range(40):
        agree(make_kernel(rng.choice), cuda_backend.launch, seed)


@pytest.mark.parametrize("size", [0, 1, 255, 257, 1_000_003])
def test_vectors_of_any_size(size) -> None:
    a, b = floats(size), floats(size)[::-1].copy()
    np.testing.assert_array_equal(vector_add(a, b), a + b)


@pytest.mark.parametrize("shape", [(1, 1), (7, 33), (1025, 511), (3, 100_000)])
def test_matrices_of_any_shape(shape) -> None:
    x = floats(*shape)
    # the GPU multiplies and adds with one rounding, NumPy with two
    np.testing.assert_allclose(scale_shift(x, 2.5, -1.0), 2.5 * x - 1, rtol=4 * EPS, atol=4 * EPS)
    for method in transposes.TRANSPOSE_KERNELS:
        np.testing.assert_array_equal(transpose(x, method), x.T)
    # an exponential within 2 units in the last place, and float32 sums of positive numbers
    np.testing.assert_allclose(row_softmax(30 * x), rows.row_softmax_reference(30 * x), rtol=1e-4,
                               atol=1e-12)  # fmt: skip


@pytest.mark.parametrize("method", reductions.SUM_KERNELS)
@pytest.mark.parametrize("size", [0, 1, 256, 257, 1_000_003])
def test_sums_of_any_size(method, size) -> None:
    x = floats(size)
    roundings = size if method == "atomic" else 24  # on the way of one number
    # roundings of running sums add up like a random walk; the factor 8 covers an unlucky one
    bound = 8 * EPS * (np.sqrt(roundings) + 1) * (np.sqrt(size) + 1) + 1e-6
    assert abs(reduce_sum(x, method) - float(x.sum(dtype=np.float64))) <= bound


def test_shared_sums_are_the_same_every_time() -> None:
    x = floats(100_003)
    assert len({reduce_sum(x, "sequential") for _ in range(20)}) == 1


@pytest.mark.parametrize("method", products.MATMUL_KERNELS)
@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 17, 3), (129, 257, 65), (512, 512, 512)])
def test_products_of_any_shape(method, shape) -> None:
    m, inner, n = shape
    a, b = floats(m, inner), floats(inner, n)
    bound = 8 * EPS * inner + 1e-7
    np.testing.assert_allclose(matmul(a, b, method), products.matmul_reference(a, b), atol=bound,
                               rtol=1e-5)  # fmt: skip


@pytest.mark.parametrize("method", histograms.HISTOGRAM_KERNELS)
@pytest.mark.parametrize(("size", "bins"), [(0, 3), (1, 1), (1_000_003, 7), (3_000_001, 256)])
def test_histograms_count_exactly(method, size, bins) -> None:
    values = np.random.default_rng(0).integers(-2, bins + 2, size).astype(np.int32)
    expected = histograms.histogram_reference(values, bins)
    np.testing.assert_array_equal(histogram(values, bins, method), expected)


def test_arrays_on_the_gpu_stay_there() -> None:
    import torch

    x = torch.randn(100, 70, device="cuda")
    out = transpose(x)
    assert hasattr(out, "__cuda_array_interface__")
    assert torch.equal(torch.as_tensor(out, device="cuda"), x.T)
    total = reduce_sum(x.ravel())
    assert total == pytest.approx(float(x.sum(dtype=torch.float64)), abs=1e-2)


def test_wrong_arrays_are_refused_in_words() -> None:
    import torch

    on_gpu, on_cpu = torch.ones(4, device="cuda"), np.ones(4, np.float32)
    with pytest.raises(ValueError, match="same place, got a on the GPU, b on the CPU"):
        vector_add(on_gpu, on_cpu)
    with pytest.raises(TypeError, match="a must hold float32, got float64"):
        vector_add(on_gpu.double(), on_gpu.double())
    with pytest.raises(ValueError, match="the back end instrumented runs on the CPU"):
        vector_add(on_gpu, on_gpu, backend="instrumented")
    with pytest.raises(ValueError, match="shapes must agree"):
        vector_add(on_gpu, on_gpu[:2])


def test_too_large_an_array_is_an_error_in_words_and_the_gpu_goes_on(cuda_backend) -> None:
    with pytest.raises(MemoryError, match="the GPU is out of memory: 16777216 MiB asked for"):
        cuda_backend.zeros((2**42,), np.float32)
    np.testing.assert_array_equal(vector_add(np.ones(3, np.float32), np.ones(3, np.float32)), 2)
