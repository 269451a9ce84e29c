"""Exercise: sums of three neighbours from shared memory, with the cells beside the block."""

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
    case,
    correct,
    finds,
    floats,
    launch,
    like,
)
from grader.exercise import Exercise, Misconception
from grader.probe import Inputs

THREADS = 8
WINDOW = THREADS + 2


def window_cases(rng: np.random.Generator) -> list[Inputs]:
    """Less than a block, more than one, and a last block with one cell."""
    return [
        case({"x": floats(rng, size)}, (size,), blocks, THREADS)
        for size, blocks in [(5, 1), (8, 1), (17, 3), (22, 3)]
    ]


def too_many_loads(
    result: Any, arguments: Any, shape: Any, blocks: Any, threads: Any
) -> str | None:
    """A block needs a cell for each thread, and one more at either side."""
    loads, most = asked(result).loads["x"], shape[0] + 2 * blocks
    if loads <= most:
        return None
    return (
        f"{loads} loads from x in global memory for {shape[0]} cells and {blocks} "
        f"block{'s' * (blocks > 1)}; {most} are enough"
    )


@cuda.jit
def window_sum(x, out):
    """out[i] = x[i - 1] + x[i] + x[i + 1], where cells beyond the ends count 0."""
    s = cuda.shared.array(WINDOW, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t + 1] = x[i] if i < x.size else float32(0)
    if t == 0:
        s[0] = x[i - 1] if i > 0 else float32(0)
    if t == THREADS - 1:
        s[THREADS + 1] = x[i + 1] if i + 1 < x.size else float32(0)
    cuda.syncthreads()
    if i < out.size:
        out[i] = s[t] + s[t + 1] + s[t + 2]


@cuda.jit
def loads_in_turns(x, out):
    s = cuda.shared.array(WINDOW, float32)
    for k in range(cuda.threadIdx.x, WINDOW, THREADS):
        j = cuda.blockIdx.x * THREADS + k - 1
        if 0 <= j < x.size:
            s[k] = x[j]
        else:
            s[k] = 0
    cuda.syncthreads()
    i = cuda.grid(1)
    if i < out.size:
        total = float32(0)
        for k in range(3):
            total += s[cuda.threadIdx.x + k]
        out[i] = total


@cuda.jit
def two_threads_at_the_left(x, out):
    s = cuda.shared.array(WINDOW, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t + 1] = 0.0
    if i < x.size:
        s[t + 1] = x[i]
    if t < 2:
        j = i - 1 if t == 0 else i + THREADS - 1
        s[t * (THREADS + 1)] = x[j] if j >= 0 and j < x.size else float32(0)
    cuda.syncthreads()
    if i >= out.size:
        return
    out[i] = s[t + 2] + s[t + 1] + s[t]


@cuda.jit
def no_barrier(x, out):
    s = cuda.shared.array(WINDOW, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t + 1] = x[i] if i < x.size else float32(0)
    if t == 0:
        s[0] = x[i - 1] if i > 0 else float32(0)
    if t == THREADS - 1:
        s[THREADS + 1] = x[i + 1] if i + 1 < x.size else float32(0)
    if i < out.size:
        out[i] = s[t] + s[t + 1] + s[t + 2]


@cuda.jit
def barrier_too_early(x, out):
    s = cuda.shared.array(WINDOW, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t + 1] = x[i] if i < x.size else float32(0)
    cuda.syncthreads()
    if t == 0:
        s[0] = x[i - 1] if i > 0 else float32(0)
    if t == THREADS - 1:
        s[THREADS + 1] = x[i + 1] if i + 1 < x.size else float32(0)
    if i < out.size:
        out[i] = s[t] + s[t + 1] + s[t + 2]


@cuda.jit
def barrier_under_guard(x, out):
    s = cuda.shared.array(WINDOW, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    if i < x.size:
        s[t + 1] = x[i]
        if t == 0:
            s[0] = x[i - 1] if i > 0 else float32(0)
        if t == THREADS - 1 or i == x.size - 1:
            s[t + 2] = x[i + 1] if i + 1 < x.size else float32(0)
        cuda.syncthreads()
        out[i] = s[t] + s[t + 1] + s[t + 2]


@cuda.jit
def leaves_before_the_barrier(x, out):
    s = cuda.shared.array(WINDOW, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    if i >= x.size:
        return
    s[t + 1] = x[i]
    if t == 0:
        s[0] = x[i - 1] if i > 0 else float32(0)
    if t == THREADS - 1 or i == x.size - 1:
        s[t + 2] = x[i + 1] if i + 1 < x.size else float32(0)
    cuda.syncthreads()
    out[i] = s[t] + s[t + 1] + s[t + 2]


@cuda.jit
def from_global_memory(x, out):
    i = cuda.grid(1)
    if i < out.size:
        total = x[i]
        if i > 0:
            total += x[i - 1]
        if i + 1 < x.size:
            total += x[i + 1]
        out[i] = total


@cuda.jit
def sides_forgotten(x, out):
    s = cuda.shared.array(WINDOW, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t + 1] = x[i] if i < x.size else float32(0)
    cuda.syncthreads()
    if i < out.size:
        out[i] = s[t] + s[t + 1] + s[t + 2]


@cuda.jit
def sides_are_zero(x, out):
    s = cuda.shared.array(WINDOW, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t + 1] = x[i] if i < x.size else float32(0)
    if t == 0:
        s[0] = 0
        s[THREADS + 1] = 0
    cuda.syncthreads()
    if i < out.size:
        out[i] = s[t] + s[t + 1] + s[t + 2]


@cuda.jit
def one_place_off(x, out):
    s = cuda.shared.array(WINDOW, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t] = x[i] if i < x.size else float32(0)
    if t == THREADS - 1:
        s[THREADS] = x[i + 1] if i + 1 < x.size else float32(0)
    cuda.syncthreads()
    if i < out.size:
        out[i] = s[t - 1] + s[t] + s[t + 1]


@cuda.jit
def global_index_in_shared(x, out):
    s = cuda.shared.array(WINDOW, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[i + 1] = x[i] if i < x.size else float32(0)
    if t == 0:
        s[i] = x[i - 1] if i > 0 else float32(0)
    if t == THREADS - 1:
        s[i + 2] = x[i + 1] if i + 1 < x.size else float32(0)
    cuda.syncthreads()
    if i < out.size:
        out[i] = s[i] + s[i + 1] + s[i + 2]


@cuda.jit
def index_below_zero(x, out):
    s = cuda.shared.array(WINDOW, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t + 1] = x[i] if i < x.size else float32(0)
    if t == 0:
        s[0] = x[i - 1]
    if t == THREADS - 1:
        s[THREADS + 1] = x[i + 1] if i + 1 < x.size else float32(0)
    cuda.syncthreads()
    if i < out.size:
        out[i] = s[t] + s[t + 1] + s[t + 2]


@cuda.jit
def load_unguarded(x, out):
    s = cuda.shared.array(WINDOW, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t + 1] = x[i]
    if t == 0:
        s[0] = x[i - 1] if i > 0 else float32(0)
    if t == THREADS - 1:
        s[THREADS + 1] = x[i + 1]
    cuda.syncthreads()
    if i < out.size:
        out[i] = s[t] + s[t + 1] + s[t + 2]


@cuda.jit
def no_zeros_beyond_the_end(x, out):
    s = cuda.shared.array(WINDOW, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    if i < x.size:
        s[t + 1] = x[i]
    if t == 0:
        s[0] = x[i - 1] if i > 0 else float32(0)
    if t == THREADS - 1:
        s[THREADS + 1] = x[i + 1] if i + 1 < x.size else float32(0)
    cuda.syncthreads()
    if i < out.size:
        out[i] = s[t] + s[t + 1] + s[t + 2]


@cuda.jit
def each_loads_three(x, out):
    s = cuda.shared.array(WINDOW, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    for k in range(3):
        j = i + k - 1
        s[t + k] = x[j] if j >= 0 and j < x.size else float32(0)
    cuda.syncthreads()
    if i < out.size:
        out[i] = s[t] + s[t + 1] + s[t + 2]


@cuda.jit
def guard_missing_at_the_end(x, out):
    s = cuda.shared.array(WINDOW, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t + 1] = x[i] if i < x.size else float32(0)
    if t == 0:
        s[0] = x[i - 1] if i > 0 else float32(0)
    if t == THREADS - 1:
        s[THREADS + 1] = x[i + 1] if i + 1 < x.size else float32(0)
    cuda.syncthreads()
    out[i] = s[t] + s[t + 1] + s[t + 2]


def _negative(array: str) -> Any:
    return lambda trials: any(
        f"{array}[-" in text and "must not be negative" in text
        for trial in trials
        for text in trial.observed.result.get("found", ())
    )


WINDOW_SUM = Exercise(
    id="gpu_threads.window_sum",
    lesson="13_gpu_threads",
    title="Neighbours in shared memory",
    points=4,
    reference=window_sum,
    cases=window_cases,
    probe=launch,
    criteria=[
        Computes("computes every cell of out", weight=2, essential=True),
        Sound("has no clash, no barrier that some miss, no index out of range", essential=True),
        Thrifty(
            "loads each cell from global memory once for its block",
            budget=too_many_loads,
        ),
    ],
    misconceptions=[
        Misconception(
            "each_loads_three",
            each_loads_three,
            "Each thread loads its two neighbours' cells as well, and all three write the same "
            "number to the same place: a race nevertheless, and three times the loads. Let each "
            "thread load its own cell only, and two of them one cell at the side.",
            when=like(each_loads_three),
        ),
        Misconception(
            "barrier_in_branch",
            barrier_under_guard,
            "Not every thread of the block gets to `cuda.syncthreads()`: it stands in an `if`, or "
            "after a `return`, and those without a cell never come. On a GPU the others may wait "
            "for ever. Guard the load and the store, each on its own, with the barrier outside.",
            when=finds(*OF_A_BARRIER),
        ),
        Misconception(
            "global_index_in_shared",
            global_index_in_shared,
            "Shared memory is indexed with the place in the whole grid. Each block has an array "
            "`s` of its own: index it with `t`, the place in the block.",
            when=like(global_index_in_shared),
        ),
        Misconception(
            "shared_one_place_off",
            one_place_off,
            "Thread 0 reads `s[-1]`. In Python that would be the last cell; here it lies outside. "
            "Keep the place 0 for the left neighbour's cell: the thread's own goes to `s[t + 1]`.",
            when=_negative("s"),
        ),
        Misconception(
            "negative_index",
            index_below_zero,
            "Thread 0 of block 0 has no left neighbour, and reads `x[-1]`. In Python that would be "
            "the last cell; on a GPU it lies outside the array. Put a 0 there instead.",
            when=_negative("x"),
        ),
        Misconception(
            "load_unguarded",
            load_unguarded,
            "Threads beyond the end load from `x` all the same. The load needs a guard as well: "
            "`x[i] if i < x.size else float32(0)`, and likewise for `x[i + 1]`.",
            when=finds("out_of_range", array="x"),
        ),
        Misconception(
            "store_unguarded",
            guard_missing_at_the_end,
            "Threads beyond the end write to `out` all the same. Guard the store too.",
            when=finds("out_of_range", array="out"),
        ),
        Misconception(
            "barrier_missing",
            no_barrier,
            "A thread reads a shared cell that another writes, and nothing says which comes first. "
            "All threads must have written before any reads: `cuda.syncthreads()` in between.",
            when=finds("race", space="shared"),
        ),
        Misconception(
            "sides_forgotten",
            sides_forgotten,
            "The first and the last cell of `s` are read, but nobody has written them. They hold "
            "the neighbours in the blocks at either side: two threads have to load one more.",
            when=like(sides_forgotten),
        ),
        Misconception(
            "zeros_forgotten",
            no_zeros_beyond_the_end,
            "Beyond the end of `x` nobody writes to `s`, and the last thread with a cell reads it. "
            "Shared memory starts with garbage, not with zeros: write a 0 where there is no cell.",
            when=like(no_zeros_beyond_the_end),
        ),
        Misconception(
            "blocks_are_islands",
            sides_are_zero,
            "It goes wrong where two blocks touch: the cell beside the block counts as 0. It "
            "belongs to another block's threads, but it can be loaded from `x`.",
            when=like(sides_are_zero),
        ),
        Misconception(
            "from_global_memory",
            from_global_memory,
            "Right, and free of clashes. But every cell is loaded three times from global memory, "
            "which is the slow one: load it once into `s`, and read it there.",
            when=lambda trials: (
                correct(trials) and not any("found" in t.observed.result for t in trials)
            ),
        ),
    ],
    alternatives=[loads_in_turns, two_threads_at_the_left],
    hints=[
        "Three parts: everybody loads one cell into `s` (and two threads one more); a barrier; "
        "everybody adds three cells of `s`.",
        "`s[t + 1]` is the thread's own cell, `s[0]` the one left of the block, `s[THREADS + 1]` "
        "the one right of it. Where `x` has no such cell, write `float32(0)`.",
        "`s[t + 1] = x[i] if i < x.size else float32(0)`; thread 0 loads `x[i - 1]` and thread "
        "`THREADS - 1` loads `x[i + 1]`, each guarded; then the barrier, outside any `if`; then, "
        "guarded, the sum of `s[t]`, `s[t + 1]` and `s[t + 2]`.",
    ],
)
