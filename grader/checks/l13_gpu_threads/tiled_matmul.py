"""Exercise: a matrix product from tiles in shared memory; all points for within the load budget."""

from __future__ import annotations

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
    passes_barriers,
)
from grader.exercise import Exercise, Misconception
from grader.probe import Inputs

TILE = 4


def product_cases(rng: np.random.Generator) -> list[Inputs]:
    """Shapes that differ along all three axes and that whole tiles do not fit, but for one."""
    cases = []
    for rows, inner, columns in [(1, 3, 2), (3, 6, 5), (5, 8, 2)]:
        arguments = {"a": floats(rng, rows, inner), "b": floats(rng, inner, columns)}
        blocks = (-(-columns // TILE), -(-rows // TILE))
        cases.append(case(arguments, (rows, columns), blocks, (TILE, TILE)))
    return cases


def too_many_loads(result: Any, arguments: Any, *launched: Any) -> str | None:
    """For each tile along the inner axis, a thread loads a cell of a and a cell of b."""
    inner = arguments["a"].shape[1]
    tiles = -(-inner // TILE)
    loads = asked(result).busiest_global
    if loads <= 2 * tiles:
        return None
    return (
        f"a thread loads {loads} cells from global memory; with {tiles} tile{'s' * (tiles > 1)} "
        f"along the inner axis of {inner}, {2 * tiles} are enough"
    )


@cuda.jit
def tiled_matmul(a, b, out):
    """The product out = a @ b; a block computes a tile of out."""
    tile_a = cuda.shared.array((TILE, TILE), float32)
    tile_b = cuda.shared.array((TILE, TILE), float32)
    column, row = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    total = float32(0)
    for start in range(0, a.shape[1], TILE):
        inside = row < a.shape[0] and start + tx < a.shape[1]
        tile_a[ty, tx] = a[row, start + tx] if inside else float32(0)
        inside = start + ty < b.shape[0] and column < b.shape[1]
        tile_b[ty, tx] = b[start + ty, column] if inside else float32(0)
        cuda.syncthreads()
        for k in range(TILE):
            total += tile_a[ty, k] * tile_b[k, tx]
        cuda.syncthreads()
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = total


@cuda.jit
def turned_tiles(a, b, out):
    tile_a = cuda.shared.array((TILE, TILE), float32)
    tile_b = cuda.shared.array((TILE, TILE), float32)
    column, row = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    total = float32(0)
    for m in range((a.shape[1] + TILE - 1) // TILE):
        tile_a[tx, ty] = 0.0
        tile_b[tx, ty] = 0.0
        if row < a.shape[0] and m * TILE + tx < a.shape[1]:
            tile_a[tx, ty] = a[row, m * TILE + tx]
        if column < b.shape[1] and m * TILE + ty < b.shape[0]:
            tile_b[tx, ty] = b[m * TILE + ty, column]
        cuda.syncthreads()
        for k in range(TILE):
            total += tile_b[tx, k] * tile_a[k, ty]
        cuda.syncthreads()
    if not (row >= out.shape[0] or column >= out.shape[1]):
        out[row, column] = total


@cuda.jit
def shorter_last_tile(a, b, out):
    tile_a = cuda.shared.array((TILE, TILE), float32)
    tile_b = cuda.shared.array((TILE, TILE), float32)
    column, row = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    total = float32(0)
    for start in range(0, a.shape[1], TILE):
        cuda.syncthreads()
        if row < out.shape[0] and start + tx < a.shape[1]:
            tile_a[ty, tx] = a[row, start + tx]
        if column < out.shape[1] and start + ty < a.shape[1]:
            tile_b[ty, tx] = b[start + ty, column]
        cuda.syncthreads()
        if row < out.shape[0] and column < out.shape[1]:
            for k in range(min(TILE, a.shape[1] - start)):
                total += tile_a[ty, k] * tile_b[k, tx]
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = total


@cuda.jit
def without_tiles(a, b, out):
    column, row = cuda.grid(2)
    if row < out.shape[0] and column < out.shape[1]:
        total = float32(0)
        for k in range(a.shape[1]):
            total += a[row, k] * b[k, column]
        out[row, column] = total


@cuda.jit
def no_first_barrier(a, b, out):
    tile_a = cuda.shared.array((TILE, TILE), float32)
    tile_b = cuda.shared.array((TILE, TILE), float32)
    column, row = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    total = float32(0)
    for start in range(0, a.shape[1], TILE):
        inside = row < a.shape[0] and start + tx < a.shape[1]
        tile_a[ty, tx] = a[row, start + tx] if inside else float32(0)
        inside = start + ty < b.shape[0] and column < b.shape[1]
        tile_b[ty, tx] = b[start + ty, column] if inside else float32(0)
        for k in range(TILE):
            total += tile_a[ty, k] * tile_b[k, tx]
        cuda.syncthreads()
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = total


@cuda.jit
def no_second_barrier(a, b, out):
    tile_a = cuda.shared.array((TILE, TILE), float32)
    tile_b = cuda.shared.array((TILE, TILE), float32)
    column, row = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    total = float32(0)
    for start in range(0, a.shape[1], TILE):
        inside = row < a.shape[0] and start + tx < a.shape[1]
        tile_a[ty, tx] = a[row, start + tx] if inside else float32(0)
        inside = start + ty < b.shape[0] and column < b.shape[1]
        tile_b[ty, tx] = b[start + ty, column] if inside else float32(0)
        cuda.syncthreads()
        for k in range(TILE):
            total += tile_a[ty, k] * tile_b[k, tx]
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = total


@cuda.jit
def no_barrier(a, b, out):
    tile_a = cuda.shared.array((TILE, TILE), float32)
    tile_b = cuda.shared.array((TILE, TILE), float32)
    column, row = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    total = float32(0)
    for start in range(0, a.shape[1], TILE):
        inside = row < a.shape[0] and start + tx < a.shape[1]
        tile_a[ty, tx] = a[row, start + tx] if inside else float32(0)
        inside = start + ty < b.shape[0] and column < b.shape[1]
        tile_b[ty, tx] = b[start + ty, column] if inside else float32(0)
        for k in range(TILE):
            total += tile_a[ty, k] * tile_b[k, tx]
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = total


@cuda.jit
def leaves_early(a, b, out):
    tile_a = cuda.shared.array((TILE, TILE), float32)
    tile_b = cuda.shared.array((TILE, TILE), float32)
    column, row = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    if row >= out.shape[0] or column >= out.shape[1]:
        return
    total = float32(0)
    for start in range(0, a.shape[1], TILE):
        tile_a[ty, tx] = a[row, start + tx] if start + tx < a.shape[1] else float32(0)
        tile_b[ty, tx] = b[start + ty, column] if start + ty < b.shape[0] else float32(0)
        cuda.syncthreads()
        for k in range(TILE):
            total += tile_a[ty, k] * tile_b[k, tx]
        cuda.syncthreads()
    out[row, column] = total


@cuda.jit
def one_tile_short(a, b, out):
    tile_a = cuda.shared.array((TILE, TILE), float32)
    tile_b = cuda.shared.array((TILE, TILE), float32)
    column, row = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    total = float32(0)
    for m in range(a.shape[1] // TILE):
        inside = row < a.shape[0]
        tile_a[ty, tx] = a[row, m * TILE + tx] if inside else float32(0)
        inside = column < b.shape[1]
        tile_b[ty, tx] = b[m * TILE + ty, column] if inside else float32(0)
        cuda.syncthreads()
        for k in range(TILE):
            total += tile_a[ty, k] * tile_b[k, tx]
        cuda.syncthreads()
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = total


@cuda.jit
def one_tile_too_many(a, b, out):
    tile_a = cuda.shared.array((TILE, TILE), float32)
    tile_b = cuda.shared.array((TILE, TILE), float32)
    column, row = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    total = float32(0)
    for m in range(a.shape[1] // TILE + 1):
        inside = row < a.shape[0]
        tile_a[ty, tx] = a[row, m * TILE + tx] if inside else float32(0)
        inside = column < b.shape[1]
        tile_b[ty, tx] = b[m * TILE + ty, column] if inside else float32(0)
        cuda.syncthreads()
        for k in range(TILE):
            total += tile_a[ty, k] * tile_b[k, tx]
        cuda.syncthreads()
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = total


@cuda.jit
def load_unguarded(a, b, out):
    tile_a = cuda.shared.array((TILE, TILE), float32)
    tile_b = cuda.shared.array((TILE, TILE), float32)
    column, row = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    total = float32(0)
    for start in range(0, a.shape[1], TILE):
        tile_a[ty, tx] = a[row, start + tx]
        tile_b[ty, tx] = b[start + ty, column]
        cuda.syncthreads()
        for k in range(TILE):
            total += tile_a[ty, k] * tile_b[k, tx]
        cuda.syncthreads()
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = total


@cuda.jit
def store_unguarded(a, b, out):
    tile_a = cuda.shared.array((TILE, TILE), float32)
    tile_b = cuda.shared.array((TILE, TILE), float32)
    column, row = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    total = float32(0)
    for start in range(0, a.shape[1], TILE):
        inside = row < a.shape[0] and start + tx < a.shape[1]
        tile_a[ty, tx] = a[row, start + tx] if inside else float32(0)
        inside = start + ty < b.shape[0] and column < b.shape[1]
        tile_b[ty, tx] = b[start + ty, column] if inside else float32(0)
        cuda.syncthreads()
        for k in range(TILE):
            total += tile_a[ty, k] * tile_b[k, tx]
        cuda.syncthreads()
    out[row, column] = total


@cuda.jit
def no_zeros(a, b, out):
    tile_a = cuda.shared.array((TILE, TILE), float32)
    tile_b = cuda.shared.array((TILE, TILE), float32)
    column, row = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    total = float32(0)
    for start in range(0, a.shape[1], TILE):
        if row < a.shape[0] and start + tx < a.shape[1]:
            tile_a[ty, tx] = a[row, start + tx]
        if start + ty < b.shape[0] and column < b.shape[1]:
            tile_b[ty, tx] = b[start + ty, column]
        cuda.syncthreads()
        for k in range(TILE):
            total += tile_a[ty, k] * tile_b[k, tx]
        cuda.syncthreads()
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = total


@cuda.jit
def tile_one_too_long(a, b, out):
    tile_a = cuda.shared.array((TILE, TILE), float32)
    tile_b = cuda.shared.array((TILE, TILE), float32)
    column, row = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    total = float32(0)
    for start in range(0, a.shape[1], TILE):
        inside = row < a.shape[0] and start + tx < a.shape[1]
        tile_a[ty, tx] = a[row, start + tx] if inside else float32(0)
        inside = start + ty < b.shape[0] and column < b.shape[1]
        tile_b[ty, tx] = b[start + ty, column] if inside else float32(0)
        cuda.syncthreads()
        for k in range(TILE + 1):
            total += tile_a[ty, k] * tile_b[k, tx]
        cuda.syncthreads()
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = total


@cuda.jit
def same_tile_again(a, b, out):
    tile_a = cuda.shared.array((TILE, TILE), float32)
    tile_b = cuda.shared.array((TILE, TILE), float32)
    column, row = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    total = float32(0)
    for _ in range(0, a.shape[1], TILE):
        inside = row < a.shape[0] and tx < a.shape[1]
        tile_a[ty, tx] = a[row, tx] if inside else float32(0)
        inside = ty < b.shape[0] and column < b.shape[1]
        tile_b[ty, tx] = b[ty, column] if inside else float32(0)
        cuda.syncthreads()
        for k in range(TILE):
            total += tile_a[ty, k] * tile_b[k, tx]
        cuda.syncthreads()
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = total


@cuda.jit
def total_starts_again(a, b, out):
    tile_a = cuda.shared.array((TILE, TILE), float32)
    tile_b = cuda.shared.array((TILE, TILE), float32)
    column, row = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    total = float32(0)
    for start in range(0, a.shape[1], TILE):
        inside = row < a.shape[0] and start + tx < a.shape[1]
        tile_a[ty, tx] = a[row, start + tx] if inside else float32(0)
        inside = start + ty < b.shape[0] and column < b.shape[1]
        tile_b[ty, tx] = b[start + ty, column] if inside else float32(0)
        cuda.syncthreads()
        total = float32(0)
        for k in range(TILE):
            total += tile_a[ty, k] * tile_b[k, tx]
        cuda.syncthreads()
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = total


@cuda.jit
def tile_turned(a, b, out):
    tile_a = cuda.shared.array((TILE, TILE), float32)
    tile_b = cuda.shared.array((TILE, TILE), float32)
    column, row = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    total = float32(0)
    for start in range(0, a.shape[1], TILE):
        inside = row < a.shape[0] and start + tx < a.shape[1]
        tile_a[ty, tx] = a[row, start + tx] if inside else float32(0)
        inside = start + ty < b.shape[0] and column < b.shape[1]
        tile_b[ty, tx] = b[start + ty, column] if inside else float32(0)
        cuda.syncthreads()
        for k in range(TILE):
            total += tile_a[ty, k] * tile_b[tx, k]
        cuda.syncthreads()
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = total


TILED_MATMUL = Exercise(
    id="gpu_threads.tiled_matmul",
    lesson="13_gpu_threads",
    title="A matrix product in tiles",
    points=5,
    reference=tiled_matmul,
    cases=product_cases,
    probe=launch,
    criteria=[
        Computes("computes every cell of the product", weight=2, essential=True),
        Sound("has no clash, no barrier that some miss, no index out of range", essential=True),
        Thrifty(
            "loads at most one cell of a and one of b for each tile",
            weight=2,
            budget=too_many_loads,
        ),
    ],
    misconceptions=[
        Misconception(
            "barrier_in_branch",
            leaves_early,
            "Threads without a cell of `out` leave, or pass by an `if`, before the barrier, where "
            "the others wait for them. They are needed, too: they load cells of the tiles. Guard "
            "the loads and the store, not the barrier.",
            when=finds(*OF_A_BARRIER),
        ),
        Misconception(
            "one_tile_too_many",
            one_tile_too_many,
            "The number of tiles is off, or the last one sticks out: cells beyond the inner axis "
            "are loaded. Go on while `start < a.shape[1]`, and load 0 where there is no cell.",
            when=like(one_tile_too_many, counts=True),
        ),
        Misconception(
            "load_unguarded",
            load_unguarded,
            "Tiles stick out beyond the matrices, and a thread loads from outside. A load has to "
            "ask for its row *and* its column: inside, take the cell; outside, `float32(0)`.",
            when=lambda trials: (
                finds("out_of_range", array="a")(trials) or finds("out_of_range", array="b")(trials)
            ),
        ),
        Misconception(
            "store_unguarded",
            store_unguarded,
            "Threads beyond the edge of `out` write all the same. They help to load, but only "
            "those with a cell may store.",
            when=finds("out_of_range", array="out"),
        ),
        Misconception(
            "tile_one_too_long",
            tile_one_too_long,
            "An index runs beyond a tile. Within a tile the places go from 0 to `TILE - 1`: use "
            "`tx`, `ty` and `range(TILE)`, not places in the whole matrix.",
            when=finds("out_of_range", space="shared"),
        ),
        Misconception(
            "first_barrier_missing",
            no_first_barrier,
            "Threads multiply while others still load the tiles. Both tiles have to be whole "
            "first: a barrier between the loads and the sum.",
            when=both(passes_barriers, like(no_first_barrier, counts=True)),
        ),
        Misconception(
            "second_barrier_missing",
            no_second_barrier,
            "A quick thread loads the next tiles while a slow one still reads these. All have to "
            "have read before anybody overwrites: a second barrier, after the sum, at the end of "
            "the loop's turn.",
            when=both(passes_barriers, like(no_second_barrier, counts=True)),
        ),
        Misconception(
            "barrier_missing",
            no_barrier,
            "Threads read cells of a tile that others write in the same phase. A turn of the loop "
            "needs two barriers: one after the loads, and one after the sum.",
            when=finds("race", "non_atomic_update", space="shared"),
        ),
        Misconception(
            "zeros_forgotten",
            no_zeros,
            "Where a tile sticks out, nobody writes its cells: they hold garbage, or what was "
            "there a turn before. Write `float32(0)`, which adds nothing to the sum.",
            when=like(no_zeros),
        ),
        Misconception(
            "one_tile_short",
            one_tile_short,
            "`a.shape[1] // TILE` forgets the last tile when it is not full. Round up, or use "
            "`range(0, a.shape[1], TILE)`.",
            when=like(one_tile_short),
        ),
        Misconception(
            "same_tile_again",
            same_tile_again,
            "Every turn loads the first tiles again. `a` moves on along its columns, `b` along its "
            "rows: add `start` to `tx` in one and to `ty` in the other.",
            when=like(same_tile_again),
        ),
        Misconception(
            "total_starts_again",
            total_starts_again,
            "Only the last tile counts: `total` is set to 0 in every turn. Set it once, before the "
            "loop over the tiles.",
            when=like(total_starts_again),
        ),
        Misconception(
            "tile_turned",
            tile_turned,
            "One of the tiles is read with rows and columns exchanged. The sum runs along a row of "
            "`tile_a` and down a column of `tile_b`: `tile_a[ty, k] * tile_b[k, tx]`.",
            when=like(tile_turned),
        ),
        Misconception(
            "without_tiles",
            without_tiles,
            "Right, and free of clashes. But each thread loads a whole row and a whole column from "
            "global memory. Its neighbours load the same ones: share them, tile by tile.",
            when=lambda trials: (
                correct(trials)
                and not any("found" in t.observed.result for t in trials)
                and any(too_many_loads(t.observed.result, *t.inputs) for t in trials)
            ),
        ),
    ],
    alternatives=[turned_tiles, shorter_last_tile],
    hints=[
        "Walk along the inner axis a tile at a time. In each turn: all load, all wait, all add up, "
        "all wait.",
        "In a turn that starts at `start`, a thread loads `a[row, start + tx]` and "
        "`b[start + ty, column]` into `[ty, tx]` of the tiles, or 0 where there is no such cell.",
        "The sum of a turn is over `k in range(TILE)`, of `tile_a[ty, k] * tile_b[k, tx]`. After "
        "the loop over the tiles, and guarded, store `total`.",
    ],
)
