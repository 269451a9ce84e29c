"""Exercise: a map in one dimension, a thread a cell, with a guard."""

from __future__ import annotations

import numpy as np

from course_lib.kernels import cuda
from grader.checks.l13_gpu_threads.launching import (
    Computes,
    Sound,
    both,
    case,
    correct,
    finds,
    floats,
    launch,
    like,
)
from grader.exercise import Exercise, Misconception
from grader.probe import Inputs


def line_cases(rng: np.random.Generator) -> list[Inputs]:
    """Vectors that no number of whole blocks fits."""
    cases = []
    for size, blocks, threads in [(2, 1, 4), (5, 2, 4), (10, 4, 3)]:
        x, y = floats(rng, size), floats(rng, size)
        factor = float(rng.choice([-2.5, -1.5, 2.5, 3.5]))
        cases.append(case({"x": x, "y": y, "factor": factor}, (size,), blocks, threads))
    return cases


@cuda.jit
def scale_add(x, y, factor, out):
    """The map out = factor * x + y, a thread a cell."""
    k = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if k < out.size:
        out[k] = factor * x[k] + y[k]


@cuda.jit
def in_strides(x, y, factor, out):
    for k in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        out[k] = y[k] + x[k] * factor


@cuda.jit
def leaves_early(x, y, factor, out):
    k = cuda.grid(1)
    if k >= x.shape[0]:
        return
    scaled = factor * x[k]
    out[k] = scaled + y[k]


@cuda.jit
def without_guard(x, y, factor, out):
    k = cuda.grid(1)
    out[k] = factor * x[k] + y[k]


@cuda.jit
def local_index(x, y, factor, out):
    k = cuda.threadIdx.x
    if k < out.size:
        out[k] = factor * x[k] + y[k]


@cuda.jit
def block_index(x, y, factor, out):
    k = cuda.blockIdx.x
    if k < out.size:
        out[k] = factor * x[k] + y[k]


@cuda.jit
def sum_of_indexes(x, y, factor, out):
    k = cuda.blockIdx.x + cuda.threadIdx.x
    if k < out.size:
        out[k] = factor * x[k] + y[k]


@cuda.jit
def blocks_for_threads(x, y, factor, out):
    k = cuda.blockIdx.x * cuda.gridDim.x + cuda.threadIdx.x
    if k < out.size:
        out[k] = factor * x[k] + y[k]


@cuda.jit
def one_too_far(x, y, factor, out):
    k = cuda.grid(1)
    if k <= out.size:
        out[k] = factor * x[k] + y[k]


@cuda.jit
def one_short(x, y, factor, out):
    k = cuda.grid(1)
    if k < out.size - 1:
        out[k] = factor * x[k] + y[k]


@cuda.jit
def each_does_all(x, y, factor, out):
    for k in range(out.size):
        out[k] = factor * x[k] + y[k]


@cuda.jit
def name_for_cell(x, y, factor, out):
    k = cuda.grid(1)
    if k < out.size:
        out = factor * x[k] + y[k]


@cuda.jit
def scales_both(x, y, factor, out):
    k = cuda.grid(1)
    if k < out.size:
        out[k] = factor * (x[k] + y[k])


@cuda.jit
def one_cell_off(x, y, factor, out):
    k = cuda.grid(1)
    if k < out.size:
        out[k] = factor * x[k - 1] + y[k - 1]


@cuda.jit
def counts_from_one(x, y, factor, out):
    k = cuda.grid(1)
    if k > 0 and k < out.size:
        out[k] = factor * x[k] + y[k]


SCALE_ADD = Exercise(
    id="gpu_threads.scale_add",
    lesson="13_gpu_threads",
    title="A thread a cell",
    points=2,
    reference=scale_add,
    cases=line_cases,
    probe=launch,
    criteria=[
        Computes("computes every cell of out", essential=True),
        Sound("stays within its arrays, and no two threads meet"),
    ],
    misconceptions=[
        Misconception(
            "guard_one_too_far",
            one_too_far,
            "One thread too many gets past the guard: the last index is `out.size - 1`, so ask "
            "for `<`, not `<=`.",
            when=like(one_too_far, counts=True),
        ),
        Misconception(
            "guard_missing",
            without_guard,
            "Every cell is right, but there are more threads than cells, and the last ones reach "
            "beyond the arrays. On a GPU they write into memory that belongs to something else. "
            "Ask first: is there a cell for me?",
            when=both(correct, finds("out_of_range", only=True)),
        ),
        Misconception(
            "guard_one_short",
            one_short,
            "Nobody computes the last cell: its index `out.size - 1` must get past the guard too.",
            when=like(one_short),
        ),
        Misconception(
            "first_cell_left_out",
            counts_from_one,
            "Nobody computes the first cell: threads and cells are counted from 0.",
            when=like(counts_from_one),
        ),
        Misconception(
            "local_index",
            local_index,
            "Each block computes the same first cells, as `cuda.threadIdx.x` starts at 0 again in "
            "every block. The place among all threads is asked for: it needs the block as well.",
            when=like(local_index),
        ),
        Misconception(
            "block_index",
            block_index,
            "All threads of a block work on one cell: `cuda.blockIdx.x` is the same for all of "
            "them. The place among all threads needs `cuda.threadIdx.x` as well.",
            when=like(block_index),
        ),
        Misconception(
            "indexes_added",
            sum_of_indexes,
            "Block 1 starts at cell 1, so that blocks overlap. It has to start after all threads "
            "of block 0: multiply `cuda.blockIdx.x` by the number of threads in a block.",
            when=like(sum_of_indexes),
        ),
        Misconception(
            "blocks_for_threads",
            blocks_for_threads,
            "`cuda.gridDim.x` says how many blocks there are. Before block 1 come the threads of "
            "block 0: multiply by `cuda.blockDim.x`.",
            when=like(blocks_for_threads),
        ),
        Misconception(
            "each_does_all",
            each_does_all,
            "Every thread computes every cell, so all of them write to the same places, and "
            "nothing is gained. No loop is needed: one thread, one cell.",
            when=like(each_does_all),
        ),
        Misconception(
            "name_for_cell",
            name_for_cell,
            "`out = ...` gives the thread a variable of its own, and the array stays as it was. "
            "Write into a cell: `out[...] = ...`.",
            when=like(name_for_cell),
        ),
        Misconception(
            "scales_both",
            scales_both,
            "`y` is multiplied by the factor too. Only `x` is: factor * x + y.",
            when=like(scales_both),
        ),
        Misconception(
            "one_cell_off",
            one_cell_off,
            "Each thread reads the cell before its own. Thread 0 reads index -1, which in Python "
            "would be the last cell and on a GPU lies outside the array.",
            when=like(one_cell_off),
        ),
    ],
    alternatives=[in_strides, leaves_early],
    hints=[
        "Three lines: who am I among all threads? Is there a cell for me? Compute that one cell.",
        "Before block `b` come `b` whole blocks of `cuda.blockDim.x` threads each. "
        "(`cuda.grid(1)` is the same number.)",
        "`k = cuda.grid(1)`, then `if k < out.size:`, and in it `out[k] = ...` with `x[k]` and "
        "`y[k]`.",
    ],
)
