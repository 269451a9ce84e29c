"""What memory has to do, against counts worked out by hand."""

import numpy as np
import pytest

from course_lib.kernels import cuda, float32, float64, watch
from course_lib.kernels.products import MATMUL_KERNELS
from course_lib.kernels.reductions import SUM_KERNELS
from course_lib.kernels.transposes import TRANSPOSE_KERNELS

WARP = 32


def zeros(*shape: int, dtype: type = np.float32) -> np.ndarray:
    return np.zeros(shape, dtype)


@cuda.jit
def gather(x, stride, start, out):
    i = cuda.grid(1)
    out[i] = x[start + i * stride]


# A warp reads 32 numbers: (stride, first, type, transactions of 32 bytes, the least).
COALESCING = [
    (1, 0, np.float32, 4, 4),  # 128 bytes side by side
    (2, 0, np.float32, 8, 4),  # half of each transaction is wasted
    (8, 0, np.float32, 32, 4),  # each number lies in a sector of its own
    (0, 5, np.float32, 1, 1),  # one number for all
    (1, 1, np.float32, 5, 4),  # not aligned: a piece of one sector more
    (1, 0, np.float64, 8, 8),
    (1, 0, np.int8, 1, 1),
    (1, 0, np.int16, 2, 2),
]


@pytest.mark.parametrize(("stride", "first", "dtype", "transactions", "least"), COALESCING)
def test_transactions_of_one_warp(stride, first, dtype, transactions, least) -> None:
    x = zeros(WARP * max(stride, 1) + first, dtype=dtype)
    traffic = watch(gather, 1, WARP, x, stride, first, zeros(WARP)).traffic["x"]
    assert (traffic.loads, traffic.requests) == (32, 1)
    assert (traffic.cost, traffic.least) == (transactions, least)
    assert traffic.efficiency == least / transactions


def test_warps_are_served_apart() -> None:
    traffic = watch(gather, 2, 64, zeros(128), 1, 0, zeros(128)).traffic
    assert (traffic["x"].requests, traffic["x"].cost) == (4, 16)
    assert (traffic["out"].stores, traffic["out"].cost) == (128, 16)


@cuda.jit
def column_of_a_matrix(x, out):
    i = cuda.grid(1)
    out[i] = x[i, 0]


def test_addresses_follow_the_strides_of_the_array() -> None:
    by_rows, by_columns = zeros(32, 32), np.asfortranarray(zeros(32, 32))
    assert watch(column_of_a_matrix, 1, 32, by_rows, zeros(32)).traffic["x"].cost == 32
    assert watch(column_of_a_matrix, 1, 32, by_columns, zeros(32)).traffic["x"].cost == 4


@cuda.jit
def read_shared(stride, out):
    s = cuda.shared.array(1056, float32)
    t = cuda.threadIdx.x
    for k in range(t, 1056, 32):
        s[k] = float32(0)
    cuda.syncthreads()
    out[t] = s[t * stride]


@cuda.jit
def read_shared_doubles(stride, out):
    s = cuda.shared.array(1056, float64)
    t = cuda.threadIdx.x
    for k in range(t, 1056, 32):
        s[k] = float32(0)
    cuda.syncthreads()
    out[t] = s[t * stride]


# Passes that reading s[t * stride] takes; each of the 33 stores of a warp takes one pass.
@pytest.mark.parametrize(
    ("stride", "passes"), [(1, 1), (2, 2), (4, 4), (32, 32), (33, 1), (3, 1), (0, 1), (16, 16)]
)
def test_bank_conflicts_of_one_warp(stride, passes) -> None:
    traffic = watch(read_shared, 1, 32, stride, zeros(32)).traffic["s"]
    assert (traffic.loads, traffic.stores) == (32, 1056)
    assert traffic.cost == 33 + passes
    assert traffic.least == 34


@pytest.mark.parametrize(("stride", "passes"), [(1, 2), (2, 4), (16, 32), (0, 2)])
def test_numbers_of_8_bytes_are_served_half_a_warp_at_a_time(stride, passes) -> None:
    traffic = watch(read_shared_doubles, 1, 32, stride, zeros(32, dtype=np.float64)).traffic["s"]
    assert traffic.cost == 2 * 33 + passes


def test_two_reads_on_one_line_are_two_requests() -> None:
    @cuda.jit
    def pairs(x, out):
        i = cuda.grid(1)
        out[i] = x[i] + x[i + 32]

    traffic = watch(pairs, 1, 32, zeros(64), zeros(32)).traffic["x"]
    assert (traffic.requests, traffic.cost) == (2, 8)


@pytest.mark.parametrize(("method", "loads", "shared"), [("naive", 2 * 32, 0), ("tiled", 4, 64)])
def test_a_tile_of_16_saves_a_matmul_15_of_16_global_loads(method, loads, shared) -> None:
    n = 32  # each thread loads a row and a column; tiled, one cell of each of 2 tiles of both
    run = watch(MATMUL_KERNELS[method], (2, 2), (16, 16), zeros(n, n), zeros(n, n), zeros(n, n))
    assert run.per_thread("global", "load").tolist() == [loads] * n * n
    assert run.most("shared", "load") == shared
    assert run.total("global", "store") == n * n
    assert run.phases == (5 if method == "tiled" else 1)


def test_transposes_pay_for_columns_with_transactions_then_banks_then_not_at_all() -> None:
    """Of 32 x 32 cells: 32 requests each way; a column costs 32 transactions, or 32 passes."""
    costs = {}
    for name, kernel in TRANSPOSE_KERNELS.items():
        traffic = watch(kernel, 1, (32, 8), zeros(32, 32), zeros(32, 32)).traffic
        tile = traffic["tile"].cost if "tile" in traffic else 0
        costs[name] = (traffic["x"].cost, traffic["out"].cost, tile)
    assert costs == {
        "naive": (128, 1024, 0),
        "tiled": (128, 128, 32 + 1024),
        "padded": (128, 128, 32 + 32),
    }


def test_a_shared_sum_loads_each_number_once_and_writes_one() -> None:
    for method in ("interleaved", "sequential"):
        run = watch(SUM_KERNELS[method], 1, 256, zeros(256), zeros(1))
        assert run.total("global", "load") == 256
        assert run.total("global", "store") == 1
        # each step reads two and writes one for half as many: 255 in all; then thread 0 reads one
        assert run.total("shared", "load") == 2 * 255 + 1
        assert run.total("shared", "store") == 256 + 255
        assert run.phases == 1 + 8 + 1
    run = watch(SUM_KERNELS["atomic"], 1, 256, zeros(256), zeros(1))
    assert run.total("global", "atomic") == 256


def test_sequential_sums_have_no_bank_conflicts_and_interleaved_ones_do() -> None:
    traffic = {
        method: watch(SUM_KERNELS[method], 1, 256, zeros(256), zeros(1)).traffic["partial"]
        for method in ("interleaved", "sequential")
    }
    assert traffic["sequential"].cost == traffic["sequential"].least
    assert traffic["interleaved"].cost > 2 * traffic["interleaved"].least


def test_each_thread_is_counted_by_itself() -> None:
    @cuda.jit
    def triangle(x, out):
        i = cuda.grid(1)
        for k in range(i):
            out[i] += x[k]

    run = watch(triangle, 2, 4, zeros(8), zeros(8))
    assert run.per_thread("global", "load").tolist() == [2 * k for k in range(8)]
    assert run.per_thread("global", "store").tolist() == list(range(8))
    assert run.most("global", "load") == 14
