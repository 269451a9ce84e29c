"""Exercise: a map in two dimensions; x, the first coordinate, runs along a row."""

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


def matrix_cases(rng: np.random.Generator) -> list[Inputs]:
    """Matrices that are not square and that no number of whole blocks fits, wide and high."""
    cases = []
    for shape, blocks in [((1, 3), (1, 1)), ((3, 6), (2, 2)), ((5, 2), (1, 3)), ((3, 10), (3, 2))]:
        arguments = {"x": floats(rng, *shape), "bias": floats(rng, shape[1])}
        cases.append(case(arguments, shape, blocks, (4, 2)))
    return cases


@cuda.jit
def add_bias(x, bias, out):
    """The map out = x + bias, a thread a cell; bias has a number for each column."""
    column, row = cuda.grid(2)
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = x[row, column] + bias[column]


@cuda.jit
def by_formula(x, bias, out):
    i = cuda.blockIdx.y * cuda.blockDim.y + cuda.threadIdx.y
    j = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if j >= x.shape[1] or i >= x.shape[0]:
        return
    out[i, j] = bias[j] + x[i, j]


@cuda.jit
def in_strides(x, bias, out):
    first, top = cuda.grid(2)
    wide, high = cuda.gridsize(2)
    for row in range(top, out.shape[0], high):
        for column in range(first, out.shape[1], wide):
            out[row, column] = x[row, column] + bias[column]


@cuda.jit
def axes_swapped(x, bias, out):
    row, column = cuda.grid(2)
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = x[row, column] + bias[column]


@cuda.jit
def guard_swapped(x, bias, out):
    column, row = cuda.grid(2)
    if row < out.shape[1] and column < out.shape[0]:
        out[row, column] = x[row, column] + bias[column]


@cuda.jit
def index_swapped(x, bias, out):
    column, row = cuda.grid(2)
    if row < out.shape[0] and column < out.shape[1]:
        out[column, row] = x[column, row] + bias[row]


@cuda.jit
def without_guard(x, bias, out):
    column, row = cuda.grid(2)
    out[row, column] = x[row, column] + bias[column]


@cuda.jit
def guards_columns(x, bias, out):
    column, row = cuda.grid(2)
    if column < out.shape[1]:
        out[row, column] = x[row, column] + bias[column]


@cuda.jit
def guards_rows(x, bias, out):
    column, row = cuda.grid(2)
    if row < out.shape[0]:
        out[row, column] = x[row, column] + bias[column]


@cuda.jit
def guard_with_or(x, bias, out):
    column, row = cuda.grid(2)
    if row < out.shape[0] or column < out.shape[1]:
        out[row, column] = x[row, column] + bias[column]


@cuda.jit
def guard_by_size(x, bias, out):
    column, row = cuda.grid(2)
    if row < out.size and column < out.size:
        out[row, column] = x[row, column] + bias[column]


@cuda.jit
def one_too_far(x, bias, out):
    column, row = cuda.grid(2)
    if row <= out.shape[0] and column <= out.shape[1]:
        out[row, column] = x[row, column] + bias[column]


@cuda.jit
def local_index(x, bias, out):
    column, row = cuda.threadIdx.x, cuda.threadIdx.y
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = x[row, column] + bias[column]


@cuda.jit
def one_axis(x, bias, out):
    i = cuda.grid(1)
    if i < out.shape[0] and i < out.shape[1]:
        out[i, i] = x[i, i] + bias[i]


@cuda.jit
def first_axis_only(x, bias, out):
    column = cuda.grid(1)
    if column < out.shape[1]:
        for row in range(out.shape[0]):
            out[row, column] = x[row, column] + bias[column]


@cuda.jit
def second_axis_only(x, bias, out):
    row = cuda.grid(2)[1]
    if row < out.shape[0]:
        for column in range(out.shape[1]):
            out[row, column] = x[row, column] + bias[column]


@cuda.jit
def bias_by_row(x, bias, out):
    column, row = cuda.grid(2)
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = x[row, column] + bias[row]


@cuda.jit
def bias_as_matrix(x, bias, out):
    column, row = cuda.grid(2)
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = x[row, column] + bias[row, column]


ADD_BIAS = Exercise(
    id="gpu_threads.add_bias",
    lesson="13_gpu_threads",
    title="A grid in two dimensions",
    points=2,
    reference=add_bias,
    cases=matrix_cases,
    probe=launch,
    criteria=[
        Computes("computes every cell of out", essential=True),
        Sound("stays within its arrays, and no two threads meet"),
    ],
    misconceptions=[
        Misconception(
            "axes_swapped",
            axes_swapped,
            "Rows and columns are exchanged. `cuda.grid(2)` gives x first, and x runs along a row, "
            "so it is the column: `column, row = cuda.grid(2)`. An array is indexed the other way "
            "round, row first.",
            when=like(axes_swapped),
        ),
        Misconception(
            "guard_swapped",
            guard_swapped,
            "Guard and index do not go together: one of them has row and column exchanged. What is "
            "indexed with `[row, column]` needs `row < out.shape[0] and column < out.shape[1]`.",
            when=like(guard_swapped, index_swapped),
        ),
        Misconception(
            "guard_with_or",
            guard_with_or,
            "The guard lets a thread pass that has a row but no column (or a column but no row). "
            "It needs both: `and`.",
            when=like(guard_with_or, counts=True),
        ),
        Misconception(
            "guards_one_axis",
            guards_columns,
            "Only one of the two coordinates is guarded. Blocks stick out at the right *and* at "
            "the bottom: ask for the row and for the column.",
            when=like(guards_columns, guards_rows, counts=True),
        ),
        Misconception(
            "guard_one_too_far",
            one_too_far,
            "One row and one column of threads too many get past the guard: rows are counted from "
            "0 to `out.shape[0] - 1`, columns to `out.shape[1] - 1`. Ask for `<`, not `<=`.",
            when=like(one_too_far, counts=True),
        ),
        Misconception(
            "guard_missing",
            without_guard,
            "Threads without a cell reach beyond the matrix. Blocks stick out at the right and at "
            "the bottom: ask whether there is such a row and such a column (`out.shape` tells; "
            "`out.size` counts all cells).",
            when=both(correct, finds("out_of_range", only=True)),
        ),
        Misconception(
            "local_index",
            local_index,
            "Every block computes the first few rows and columns, as `cuda.threadIdx` starts at "
            "(0, 0) again in each. `cuda.grid(2)` counts through all blocks.",
            when=like(local_index),
        ),
        Misconception(
            "diagonal_only",
            one_axis,
            "One number is used for the row and for the column, so only the diagonal is computed. "
            "Ask for two: `cuda.grid(2)`.",
            when=like(one_axis),
        ),
        Misconception(
            "one_axis_of_threads",
            first_axis_only,
            "Threads that share a column (or a row) all do the whole of it, so that they write to "
            "the same cells. No loop is needed: x chooses the column and y the row, by "
            "`cuda.grid(2)`.",
            when=like(first_axis_only, second_axis_only),
        ),
        Misconception(
            "bias_by_row",
            bias_by_row,
            "`bias` is indexed with the row. It has a number for each column.",
            when=like(bias_by_row),
        ),
        Misconception(
            "bias_in_two_dimensions",
            bias_as_matrix,
            "`bias` is a vector: it is indexed with one number, the column.",
            when=lambda trials: any(
                "bias has shape" in text and "1 index" in text
                for trial in trials
                for text in trial.observed.result.get("found", ())
            ),
        ),
    ],
    alternatives=[by_formula, in_strides],
    hints=[
        "The same three steps as before, with two coordinates. Which of x and y runs along a row?",
        "`cuda.grid(2)` gives (x, y). x counts columns. Then guard both, with `and`.",
        "`column, row = cuda.grid(2)`, then `if row < out.shape[0] and ...:`, and in it "
        "`out[row, column] = ...`.",
    ],
)
