"""Exercise: a transpose that reads and writes along rows, by way of a tile in shared memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from course_lib.kernels import cuda, float32
from grader.checks.l13_gpu_threads.launching import (
    OF_A_BARRIER,
    Computes,
    Sound,
    Thrifty,
    asked,
    both,
    case,
    correct,
    finds,
    floats,
    launch,
    like,
)
from grader.exercise import Exercise, Misconception, Trial
from grader.probe import Inputs

SIDE = 8
USEFUL = 0.7  # of what is moved; 0.125 if each thread meets a sector of its own


def odd_cases(rng: np.random.Generator) -> list[Inputs]:
    """Shapes that are not square and that whole tiles do not fit."""
    return [_case(rng, *shape) for shape in [(1, 5), (6, 3), (9, 11)]]


def whole_cases(rng: np.random.Generator) -> list[Inputs]:
    """Whole tiles: rows begin where a sector does, so that what is lost is the kernel's doing."""
    return [_case(rng, 8, 16)]


def _case(rng: np.random.Generator, rows: int, columns: int) -> Inputs:
    blocks = (-(-columns // SIDE), -(-rows // SIDE))
    return case({"x": floats(rng, rows, columns)}, (columns, rows), blocks, (SIDE, SIDE))


def wasted(result: Any, *launched: Any) -> str | None:
    """What part of the bytes that are moved is of no use."""
    for array, verb in (("x", "reads from"), ("out", "writes to")):
        share = asked(result).useful[array]
        if share < USEFUL:
            return (
                f"of the bytes that are moved, {share:.0%} are useful when it {verb} {array}: "
                f"neighbouring threads touch cells that lie far apart"
            )
    return None


@cuda.jit
def transpose(x, out):
    """The transpose out = x.T; a block turns a tile."""
    tile = cuda.shared.array((SIDE, SIDE), float32)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    left, top = cuda.blockIdx.x * SIDE, cuda.blockIdx.y * SIDE
    if top + ty < x.shape[0] and left + tx < x.shape[1]:
        tile[ty, tx] = x[top + ty, left + tx]
    cuda.syncthreads()
    if left + ty < out.shape[0] and top + tx < out.shape[1]:
        out[left + ty, top + tx] = tile[tx, ty]


@cuda.jit
def turned_on_the_way_in(x, out):
    tile = cuda.shared.array((SIDE, SIDE), float32)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    if row < x.shape[0] and column < x.shape[1]:
        tile[tx, ty] = x[row, column]
    cuda.syncthreads()
    row = cuda.blockIdx.x * SIDE + ty
    column = cuda.blockIdx.y * SIDE + tx
    if column < out.shape[1] and row < out.shape[0]:
        out[row, column] = tile[ty, tx]


@cuda.jit
def with_zeros(x, out):
    tile = cuda.shared.array((SIDE, SIDE), float32)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    inside = row < x.shape[0] and column < x.shape[1]
    tile[ty, tx] = x[row, column] if inside else float32(0)
    cuda.syncthreads()
    i = column - tx + ty
    j = row - ty + tx
    if i >= out.shape[0] or j >= out.shape[1]:
        return
    out[i, j] = tile[tx, ty]


@cuda.jit
def writes_along_columns(x, out):
    column, row = cuda.grid(2)
    if row < x.shape[0] and column < x.shape[1]:
        out[column, row] = x[row, column]


@cuda.jit
def reads_along_columns(x, out):
    row = cuda.blockIdx.x * SIDE + cuda.threadIdx.y
    column = cuda.blockIdx.y * SIDE + cuda.threadIdx.x
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = x[column, row]


@cuda.jit
def tile_for_nothing(x, out):
    tile = cuda.shared.array((SIDE, SIDE), float32)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    left, top = cuda.blockIdx.x * SIDE, cuda.blockIdx.y * SIDE
    if top + ty < x.shape[0] and left + tx < x.shape[1]:
        tile[ty, tx] = x[top + ty, left + tx]
    cuda.syncthreads()
    if top + ty < x.shape[0] and left + tx < x.shape[1]:
        out[left + tx, top + ty] = tile[ty, tx]


@cuda.jit
def no_barrier(x, out):
    tile = cuda.shared.array((SIDE, SIDE), float32)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    left, top = cuda.blockIdx.x * SIDE, cuda.blockIdx.y * SIDE
    if top + ty < x.shape[0] and left + tx < x.shape[1]:
        tile[ty, tx] = x[top + ty, left + tx]
    if left + ty < out.shape[0] and top + tx < out.shape[1]:
        out[left + ty, top + tx] = tile[tx, ty]


@cuda.jit
def barrier_in_branch(x, out):
    tile = cuda.shared.array((SIDE, SIDE), float32)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    left, top = cuda.blockIdx.x * SIDE, cuda.blockIdx.y * SIDE
    if top + ty < x.shape[0] and left + tx < x.shape[1]:
        tile[ty, tx] = x[top + ty, left + tx]
        cuda.syncthreads()
    if left + ty < out.shape[0] and top + tx < out.shape[1]:
        out[left + ty, top + tx] = tile[tx, ty]


@cuda.jit
def blocks_stay(x, out):
    tile = cuda.shared.array((SIDE, SIDE), float32)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    left, top = cuda.blockIdx.x * SIDE, cuda.blockIdx.y * SIDE
    if top + ty < x.shape[0] and left + tx < x.shape[1]:
        tile[ty, tx] = x[top + ty, left + tx]
    cuda.syncthreads()
    if top + ty < out.shape[0] and left + tx < out.shape[1]:
        out[top + ty, left + tx] = tile[tx, ty]


@cuda.jit
def tile_stays(x, out):
    tile = cuda.shared.array((SIDE, SIDE), float32)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    left, top = cuda.blockIdx.x * SIDE, cuda.blockIdx.y * SIDE
    if top + ty < x.shape[0] and left + tx < x.shape[1]:
        tile[ty, tx] = x[top + ty, left + tx]
    cuda.syncthreads()
    if left + ty < out.shape[0] and top + tx < out.shape[1]:
        out[left + ty, top + tx] = tile[ty, tx]


@cuda.jit
def no_guard(x, out):
    tile = cuda.shared.array((SIDE, SIDE), float32)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    left, top = cuda.blockIdx.x * SIDE, cuda.blockIdx.y * SIDE
    tile[ty, tx] = x[top + ty, left + tx]
    cuda.syncthreads()
    out[left + ty, top + tx] = tile[tx, ty]


@cuda.jit
def store_guarded_by_load(x, out):
    tile = cuda.shared.array((SIDE, SIDE), float32)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    left, top = cuda.blockIdx.x * SIDE, cuda.blockIdx.y * SIDE
    inside = top + ty < x.shape[0] and left + tx < x.shape[1]
    if inside:
        tile[ty, tx] = x[top + ty, left + tx]
    cuda.syncthreads()
    if inside:
        out[left + ty, top + tx] = tile[tx, ty]


@cuda.jit
def global_index_in_tile(x, out):
    tile = cuda.shared.array((SIDE, SIDE), float32)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    left, top = cuda.blockIdx.x * SIDE, cuda.blockIdx.y * SIDE
    if top + ty < x.shape[0] and left + tx < x.shape[1]:
        tile[top + ty, left + tx] = x[top + ty, left + tx]
    cuda.syncthreads()
    if left + ty < out.shape[0] and top + tx < out.shape[1]:
        out[left + ty, top + tx] = tile[top + tx, left + ty]


def _wasteful(array: str) -> Any:
    """Whether every `out` is right, and most of what is moved from or to this array is not used."""

    def matches(trials: Sequence[Trial]) -> bool:
        whole = [t for t in trials if t.inputs[1][0] % SIDE == t.inputs[1][1] % SIDE == 0]
        shares = [asked(t.observed.result).useful[array] for t in whole]
        return bool(shares) and max(shares) < USEFUL

    return both(correct, matches)


TRANSPOSE = Exercise(
    id="gpu_threads.transpose",
    lesson="13_gpu_threads",
    title="A transpose that reads and writes along rows",
    points=4,
    reference=transpose,
    cases=odd_cases,
    probe=launch,
    criteria=[
        Computes("computes every cell of the transpose", weight=1, essential=True),
        Sound("has no clash, no barrier that some miss, no index out of range", essential=True),
        Thrifty(
            "reads and writes so that neighbouring threads touch neighbouring cells",
            weight=2,
            cases=whole_cases,
            budget=wasted,
        ),
    ],
    misconceptions=[
        Misconception(
            "barrier_in_branch",
            barrier_in_branch,
            "The barrier stands where threads without a cell do not come. Guard the load and the "
            "store, each on its own, with the barrier between them and outside.",
            when=finds(*OF_A_BARRIER),
        ),
        Misconception(
            "store_guarded_by_load",
            store_guarded_by_load,
            "The store has the guard of the load. But a thread now stores another cell than it "
            "loaded: ask anew, with the row and column of `out` that it writes to.",
            when=like(store_guarded_by_load),
        ),
        Misconception(
            "global_index_in_tile",
            global_index_in_tile,
            "The tile is indexed with places in the whole matrix. Each block has a tile of its "
            "own: its places are `[ty, tx]` or `[tx, ty]`.",
            when=finds("out_of_range", space="shared"),
        ),
        Misconception(
            "guard_missing",
            no_guard,
            "Tiles stick out beyond the matrix, and a thread reads or writes there. Guard the load "
            "by the shape of `x` and the store by the shape of `out`, rows and columns.",
            when=finds("out_of_range", space="global"),
        ),
        Misconception(
            "barrier_missing",
            no_barrier,
            "A thread reads a cell of the tile that another writes, and nothing says which comes "
            "first. The whole tile has to be loaded before anyone stores: a barrier in between.",
            when=finds("race", space="shared"),
        ),
        Misconception(
            "blocks_stay",
            blocks_stay,
            "Each tile is turned, but stays in its place. The tile at (`top`, `left`) of `x` "
            "belongs at (`left`, `top`) of `out`.",
            when=like(blocks_stay),
        ),
        Misconception(
            "tile_stays",
            tile_stays,
            "The tiles are in their new places, but none of them is turned. Written as "
            "`tile[ty, tx]`, a cell has to be read as `tile[tx, ty]`.",
            when=like(tile_stays),
        ),
        Misconception(
            "tile_for_nothing",
            tile_for_nothing,
            "Right, but the tile is no help: each thread stores the cell that it loaded itself, so "
            "neighbours still write to cells far apart, in a column of `out`. Let `tx` run along a "
            "row of `out`, and take the cell from the tile with `tx` and `ty` exchanged.",
            when=both(
                _wasteful("out"),
                lambda trials: any(asked(t.observed.result).busiest_shared for t in trials),
            ),
        ),
        Misconception(
            "writes_along_columns",
            writes_along_columns,
            "Right, and the reads run along rows. But neighbouring threads write down a column of "
            "`out`, where each cell lies in another piece of memory. Turn a tile in shared memory, "
            "which does not mind columns.",
            when=_wasteful("out"),
        ),
        Misconception(
            "reads_along_columns",
            reads_along_columns,
            "Right, and the writes run along rows. But neighbouring threads read down a column of "
            "`x`, where each cell lies in another piece of memory. Read a tile along its rows into "
            "shared memory, and turn it there.",
            when=_wasteful("x"),
        ),
    ],
    alternatives=[turned_on_the_way_in, with_zeros],
    hints=[
        "Load a tile along the rows of `x`; wait; store it along the rows of `out`. In both, `tx` "
        "should move along a row.",
        "The load is `tile[ty, tx] = x[top + ty, left + tx]`. The tile belongs at row `left`, "
        "column `top` of `out`: which cell of `out` has `tx` in its column?",
        "Store into `out[left + ty, top + tx]`. What belongs there was loaded by another thread: "
        "the tile with `tx` and `ty` exchanged. Guard both, and put the barrier between.",
    ],
)
