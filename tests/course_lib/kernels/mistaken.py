"""Kernels with one mistake each, on the line that ends in `# BUG`."""

import math
from typing import Any, NamedTuple

import numpy as np

from course_lib.kernels import cuda, float32, int32

N = 8  # threads of a block, here


class Mistake(NamedTuple):
    kernel: Any
    kind: str
    array: str
    blocks: Any
    threads: Any
    arguments: Any  # (rng) -> arrays
    # The threads to be named, counted through all blocks: two that race, or the first eight that
    # do what is wrong; worked out by hand, or from what the arrays hold before the launch.
    threads_named: Any


def floats(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.normal(size=shape).astype(np.float32)


def digits(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(0, 3, size=shape).astype(np.int32)


@cuda.jit
def neighbour_without_barrier(x, out):
    s = cuda.shared.array(N, float32)
    t = cuda.threadIdx.x
    s[t] = x[t]  # BUG
    out[t] = s[(t + 1) % N]


@cuda.jit
def all_write_one_cell(x, out):
    i = cuda.grid(1)
    out[0] = x[i]  # BUG


@cuda.jit
def all_write_the_same_value(x, found):
    if x[cuda.threadIdx.x] > -math.inf:
        found[0] = 1  # BUG


@cuda.jit
def histogram_without_atomics(values, counts):
    i = cuda.grid(1)
    counts[values[i]] += 1  # BUG


@cuda.jit
def count_by_way_of_a_variable(values, counts):
    t = cuda.threadIdx.x
    held = counts[values[t]]
    counts[values[t]] = held + 1  # BUG


@cuda.jit
def shared_total_without_atomics(x, out):
    total = cuda.shared.array(1, float32)
    t = cuda.threadIdx.x
    if t == 0:
        total[0] = float32(0)
    cuda.syncthreads()
    total[0] += x[t]  # BUG
    cuda.syncthreads()
    if t == 0:
        out[0] = total[0]


@cuda.jit(device=True)
def move(s, t, x):
    s[t] = x[t]  # BUG


@cuda.jit
def race_in_a_device_function(x, out):
    s = cuda.shared.array(N, float32)
    t = cuda.threadIdx.x
    move(s, t, x)
    out[t] = s[N - 1 - t]


@cuda.jit
def blocks_add_without_atomics(x, out):
    s = cuda.shared.array(N, float32)
    t = cuda.threadIdx.x
    s[t] = x[cuda.grid(1)]
    cuda.syncthreads()
    if t == 0:
        total = float32(0)
        for k in range(N):
            total += s[k]
        out[0] += total  # BUG


@cuda.jit
def barrier_for_the_whole_grid(x, between, out):
    i = cuda.grid(1)
    between[i] = 2 * x[i]  # BUG
    cuda.syncthreads()
    out[i] = between[x.size - 1 - i]


@cuda.jit
def reduction_without_barrier_in_loop(x, out):
    s = cuda.shared.array(N, float32)
    t = cuda.threadIdx.x
    s[t] = x[t]
    cuda.syncthreads()
    step = N // 2
    while step > 0:
        if t < step:
            s[t] += s[t + step]  # BUG
        step //= 2
    if t == 0:
        out[0] = s[0]


@cuda.jit
def tiles_without_second_barrier(a, b, out):
    tile = cuda.shared.array((4, 4), float32)
    column, row = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    total = float32(0)
    for start in range(0, a.shape[1], 4):
        tile[ty, tx] = a[row, start + tx]  # BUG
        cuda.syncthreads()
        for k in range(4):
            total += tile[ty, k] * b[start + k, column]
    out[row, column] = total


@cuda.jit
def barrier_for_some(x, out):
    s = cuda.shared.array(N, float32)
    t = cuda.threadIdx.x
    s[t] = x[t]
    if t < 3:
        cuda.syncthreads()  # BUG
    out[t] = s[t]


@cuda.jit
def return_before_barrier(x, out):
    s = cuda.shared.array(N, float32)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    if i >= x.size:
        return
    s[t] = x[i]
    cuda.syncthreads()  # BUG
    out[i] = s[0]


@cuda.jit
def barrier_under_guard(x, out):
    s = cuda.shared.array(N, float32)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    if i < x.size:
        s[t] = x[i]
        cuda.syncthreads()  # BUG
        out[i] = s[N - 1 - t]


@cuda.jit
def barriers_of_two_lines(x, out):
    t = cuda.threadIdx.x
    if t % 2 == 0:
        out[t] = x[t]
        cuda.syncthreads()  # BUG
    else:
        out[t] = -x[t]
        cuda.syncthreads()  # BUG


@cuda.jit
def barriers_of_unequal_number(x, out):
    t = cuda.threadIdx.x
    for _k in range(t):
        cuda.syncthreads()  # BUG
    out[t] = x[t]


@cuda.jit(device=True)
def all_wait():
    cuda.syncthreads()


@cuda.jit
def barrier_called_under_guard(x, out):
    i = cuda.grid(1)
    if i < x.size:
        all_wait()  # BUG
        out[i] = x[i]


@cuda.jit
def half_of_shared_unwritten(x, out):
    s = cuda.shared.array(N, float32)
    t = cuda.threadIdx.x
    if t < N // 2:
        s[t] = x[t]
    cuda.syncthreads()
    out[t] = s[t]  # BUG


@cuda.jit
def local_sum_from_nothing(x, out):
    sums = cuda.local.array(2, float32)
    t = cuda.threadIdx.x
    sums[0] += x[t]  # BUG
    out[t] = sums[0]


@cuda.jit
def shared_counts_not_zeroed(values, out):
    counts = cuda.shared.array(3, int32)
    t = cuda.threadIdx.x
    cuda.atomic.add(counts, values[t], 1)  # BUG
    cuda.syncthreads()
    if t < 3:
        cuda.atomic.add(out, t, counts[t])


@cuda.jit
def no_guard(x, out):
    i = cuda.grid(1)
    out[i] = 2 * x[i]  # BUG


@cuda.jit
def left_neighbour_of_the_first(x, out):
    i = cuda.grid(1)
    out[i] = x[i] - x[i - 1]  # BUG


@cuda.jit
def row_above_the_first(x, out):
    column, row = cuda.grid(2)
    if row < x.shape[0] and column < x.shape[1]:
        out[row, column] = x[row, column] + x[row - 1, column]  # BUG


@cuda.jit
def atomic_beyond_the_bins(values, counts):
    cuda.atomic.add(counts, values[cuda.grid(1)], 1)  # BUG


@cuda.jit
def row_and_column_exchanged(x, out):
    column, row = cuda.grid(2)
    if row < x.shape[0] and column < x.shape[1]:
        out[row, column] = x[column, row]  # BUG


@cuda.jit
def off_by_one_guard(x, out):
    i = cuda.grid(1)
    if i <= x.size:
        out[i] = x[0]  # BUG


@cuda.jit
def local_for_global_index(x, out):
    i = cuda.threadIdx.x
    out[i] = x[cuda.grid(1)]  # BUG


@cuda.jit
def reads_while_others_add(x, out, seen):
    t = cuda.threadIdx.x
    cuda.atomic.add(out, 0, x[t])  # BUG
    seen[t] = out[0]


@cuda.jit
def transpose_in_place(x):
    column, row = cuda.grid(2)
    x[row, column] = x[column, row]  # BUG


@cuda.jit
def loop_without_end(x, out):
    t = cuda.threadIdx.x
    while x[t] < math.inf:
        out[t] = x[t]  # BUG


@cuda.jit
def index_that_is_no_whole_number(x, out):
    t = cuda.threadIdx.x
    out[t] = x[t / 2]  # BUG


def first_two_alike(values: np.ndarray, _: np.ndarray) -> tuple[int, ...]:
    """The first two threads of block 0 with the smallest number that two of them have."""
    held = values[:N]
    smallest = min(k for k in range(3) if np.sum(held == k) > 1)
    return tuple(np.flatnonzero(held == smallest)[:2])


def first_to_count(values: np.ndarray, _: np.ndarray) -> tuple[int, ...]:
    """Who first adds to each bin; and of bins that nobody has, who reads them in the end."""
    first = [int(np.argmax(values == k)) for k in range(3) if k in values]
    return tuple(dict.fromkeys([*sorted(first), *(k for k in range(3) if k not in values)]))


def one(kernel: Any, kind: str, array: str, threads: tuple[int, ...]) -> Mistake:
    """A mistake that shows in one block, between an input and an output of N cells."""
    return Mistake(kernel, kind, array, 1, N, lambda r: (floats(r, N), floats(r, N)), threads)


ALL = tuple(range(N))
MISTAKES = [
    one(neighbour_without_barrier, "race", "s", (0, 7)),
    Mistake(all_write_one_cell, "race", "out", 2, N,
            lambda r: (floats(r, 16), floats(r, 1)), (0, 1)),
    Mistake(all_write_the_same_value, "race", "found", 1, N,
            lambda r: (floats(r, N), np.zeros(1, np.int32)), (0, 1)),
    Mistake(histogram_without_atomics, "non_atomic_update", "counts", 2, N,
            lambda r: (digits(r, 16), np.zeros(3, np.int32)), first_two_alike),
    Mistake(count_by_way_of_a_variable, "non_atomic_update", "counts", 1, N,
            lambda r: (digits(r, N), np.zeros(3, np.int32)), first_two_alike),
    one(shared_total_without_atomics, "non_atomic_update", "total", (0, 1)),
    one(race_in_a_device_function, "race", "s", (0, 7)),
    Mistake(blocks_add_without_atomics, "non_atomic_update", "out", 2, N,
            lambda r: (floats(r, 16), floats(r, 1)), (0, 8)),
    Mistake(barrier_for_the_whole_grid, "race", "between", 2, N,
            lambda r: (floats(r, 16), floats(r, 16), floats(r, 16)), (0, 15)),
    one(reduction_without_barrier_in_loop, "race", "s", (1, 0)),
    Mistake(tiles_without_second_barrier, "race", "tile", 1, (4, 4),
            lambda r: (floats(r, 4, 8), floats(r, 8, 4), floats(r, 4, 4)), (0, 1)),
    one(barrier_for_some, "divergent_barrier", "", (0, 3)),
    Mistake(return_before_barrier, "divergent_barrier", "", 2, N,
            lambda r: (floats(r, 11), floats(r, 11)), (8, 11)),
    one(barrier_under_guard, "barrier_in_branch", "", ()),
    one(barrier_called_under_guard, "barrier_in_branch", "", ()),
    one(barriers_of_two_lines, "divergent_barrier", "", (0, 1)),
    one(barriers_of_unequal_number, "divergent_barrier", "", (0, 1)),
    one(half_of_shared_unwritten, "unwritten", "s", (4, 5, 6, 7)),
    one(local_sum_from_nothing, "unwritten", "sums", ALL),
    Mistake(shared_counts_not_zeroed, "unwritten", "counts", 1, N,
            lambda r: (digits(r, N), np.zeros(3, np.int32)), first_to_count),
    Mistake(no_guard, "out_of_range", "x", 2, N,
            lambda r: (floats(r, 11), floats(r, 16)), (11, 12, 13, 14, 15)),
    one(left_neighbour_of_the_first, "out_of_range", "x", (0,)),
    Mistake(row_above_the_first, "out_of_range", "x", 1, (4, 4),
            lambda r: (floats(r, 3, 3), floats(r, 3, 3)), (0, 1, 2)),
    Mistake(atomic_beyond_the_bins, "out_of_range", "counts", 2, N,
            lambda r: (np.arange(16, dtype=np.int32), np.zeros(14, np.int32)), (14, 15)),
    Mistake(row_and_column_exchanged, "out_of_range", "x", 1, (8, 4),
            lambda r: (floats(r, 3, 5), floats(r, 3, 5)), (3, 4, 11, 12, 19, 20)),
    Mistake(off_by_one_guard, "out_of_range", "out", 2, N,
            lambda r: (floats(r, 11), floats(r, 11)), (11,)),
    Mistake(local_for_global_index, "race", "out", 2, N,
            lambda r: (floats(r, 16), floats(r, 16)), (0, 8)),
    Mistake(reads_while_others_add, "race", "out", 1, N,
            lambda r: (floats(r, N), floats(r, 1), floats(r, N)), (0, 1)),
    Mistake(transpose_in_place, "race", "x", 1, (4, 4), lambda r: (floats(r, 4, 4),), (1, 4)),
    one(loop_without_end, "step_limit", "", (0,)),
    one(index_that_is_no_whole_number, "error", "", (0,)),
]  # fmt: skip
