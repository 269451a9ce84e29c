"""Exercise: a block adds its numbers in shared memory, halving them step by step."""

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

SUM_THREADS = 16
STEPS = 4  # halvings of SUM_THREADS


def sum_cases(rng: np.random.Generator) -> list[Inputs]:
    """A whole block, less than one, and several with a last one that is not full."""
    return [
        case({"x": floats(rng, size)}, (blocks,), blocks, SUM_THREADS)
        for size, blocks in [(16, 1), (5, 1), (43, 3)]
    ]


def too_many_steps(result: Any, *launched: Any) -> str | None:
    """A thread loads one cell; in each halving it reads two; at the end, one reads the sum."""
    memory, most = asked(result), 1 + 2 * STEPS + 1
    reads = memory.busiest_global + memory.busiest_shared
    if reads <= most:
        return None
    return (
        f"one thread reads {reads} cells while others wait; if the numbers are halved in each "
        f"step, {most} are enough for {SUM_THREADS} threads"
    )


@cuda.jit
def block_sum(x, out):
    """out[b] is the sum of the cells of x that belong to block b."""
    s = cuda.shared.array(SUM_THREADS, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t] = x[i] if i < x.size else float32(0)
    cuda.syncthreads()
    step = SUM_THREADS // 2
    while step > 0:
        if t < step:
            s[t] += s[t + step]
        cuda.syncthreads()
        step //= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@cuda.jit
def neighbours_first(x, out):
    s = cuda.shared.array(SUM_THREADS, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t] = 0.0
    if i < x.size:
        s[t] = x[i]
    cuda.syncthreads()
    step = 1
    while step < SUM_THREADS:
        if t % (2 * step) == 0:
            s[t] = s[t] + s[t + step]
        cuda.syncthreads()
        step *= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@cuda.jit
def by_a_for_loop(x, out):
    s = cuda.shared.array(SUM_THREADS, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    mine = x[i] if i < x.size else float32(0)
    s[t] = mine
    for k in range(4):
        cuda.syncthreads()
        half = SUM_THREADS >> (k + 1)
        if t < half:
            mine += s[t + half]
            s[t] = mine
    if t == 0:
        out[cuda.blockIdx.x] = mine


@cuda.jit
def no_barrier_in_the_loop(x, out):
    s = cuda.shared.array(SUM_THREADS, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t] = x[i] if i < x.size else float32(0)
    cuda.syncthreads()
    step = SUM_THREADS // 2
    while step > 0:
        if t < step:
            s[t] += s[t + step]
        step //= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@cuda.jit
def no_barrier_before_the_loop(x, out):
    s = cuda.shared.array(SUM_THREADS, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t] = x[i] if i < x.size else float32(0)
    step = SUM_THREADS // 2
    while step > 0:
        if t < step:
            s[t] += s[t + step]
        cuda.syncthreads()
        step //= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@cuda.jit
def barrier_in_branch(x, out):
    s = cuda.shared.array(SUM_THREADS, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t] = x[i] if i < x.size else float32(0)
    cuda.syncthreads()
    step = SUM_THREADS // 2
    while step > 0:
        if t < step:
            s[t] += s[t + step]
            cuda.syncthreads()
        step //= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@cuda.jit
def one_thread_adds(x, out):
    s = cuda.shared.array(SUM_THREADS, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t] = x[i] if i < x.size else float32(0)
    cuda.syncthreads()
    if t == 0:
        total = float32(0)
        for k in range(SUM_THREADS):
            total += s[k]
        out[cuda.blockIdx.x] = total


@cuda.jit
def one_thread_adds_global(x, out):
    if cuda.threadIdx.x == 0:
        total = float32(0)
        first = cuda.blockIdx.x * SUM_THREADS
        for k in range(first, min(first + SUM_THREADS, x.size)):
            total += x[k]
        out[cuda.blockIdx.x] = total


@cuda.jit
def no_zeros(x, out):
    s = cuda.shared.array(SUM_THREADS, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    if i < x.size:
        s[t] = x[i]
    cuda.syncthreads()
    step = SUM_THREADS // 2
    while step > 0:
        if t < step:
            s[t] += s[t + step]
        cuda.syncthreads()
        step //= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@cuda.jit
def load_unguarded(x, out):
    s = cuda.shared.array(SUM_THREADS, float32)
    t = cuda.threadIdx.x
    s[t] = x[cuda.grid(1)]
    cuda.syncthreads()
    step = SUM_THREADS // 2
    while step > 0:
        if t < step:
            s[t] += s[t + step]
        cuda.syncthreads()
        step //= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@cuda.jit
def all_write(x, out):
    s = cuda.shared.array(SUM_THREADS, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t] = x[i] if i < x.size else float32(0)
    cuda.syncthreads()
    step = SUM_THREADS // 2
    while step > 0:
        if t < step:
            s[t] += s[t + step]
        cuda.syncthreads()
        step //= 2
    out[cuda.blockIdx.x] = s[0]


@cuda.jit
def last_step_left_out(x, out):
    s = cuda.shared.array(SUM_THREADS, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t] = x[i] if i < x.size else float32(0)
    cuda.syncthreads()
    step = SUM_THREADS // 2
    while step > 1:
        if t < step:
            s[t] += s[t + step]
        cuda.syncthreads()
        step //= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@cuda.jit
def first_step_too_wide(x, out):
    s = cuda.shared.array(SUM_THREADS, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t] = x[i] if i < x.size else float32(0)
    cuda.syncthreads()
    step = SUM_THREADS
    while step > 0:
        if t < step:
            s[t] += s[t + step]
        cuda.syncthreads()
        step //= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@cuda.jit
def everybody_adds(x, out):
    s = cuda.shared.array(SUM_THREADS, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t] = x[i] if i < x.size else float32(0)
    cuda.syncthreads()
    step = SUM_THREADS // 2
    while step > 0:
        if t + step < SUM_THREADS:
            s[t] += s[t + step]
        cuda.syncthreads()
        step //= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@cuda.jit
def all_add_to_one_cell(x, out):
    s = cuda.shared.array(SUM_THREADS, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t] = x[i] if i < x.size else float32(0)
    cuda.syncthreads()
    if t > 0:
        s[0] += s[t]
    cuda.syncthreads()
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@cuda.jit
def wrong_cell_of_out(x, out):
    s = cuda.shared.array(SUM_THREADS, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t] = x[i] if i < x.size else float32(0)
    cuda.syncthreads()
    step = SUM_THREADS // 2
    while step > 0:
        if t < step:
            s[t] += s[t + step]
        cuda.syncthreads()
        step //= 2
    if t == 0:
        out[i] = s[0]


@cuda.jit
def blocks_share_one_cell(x, out):
    s = cuda.shared.array(SUM_THREADS, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t] = x[i] if i < x.size else float32(0)
    cuda.syncthreads()
    step = SUM_THREADS // 2
    while step > 0:
        if t < step:
            s[t] += s[t + step]
        cuda.syncthreads()
        step //= 2
    if t == 0:
        out[0] = s[0]


@cuda.jit
def local_index(x, out):
    s = cuda.shared.array(SUM_THREADS, float32)
    t = cuda.threadIdx.x
    s[t] = x[t] if t < x.size else float32(0)
    cuda.syncthreads()
    step = SUM_THREADS // 2
    while step > 0:
        if t < step:
            s[t] += s[t + step]
        cuda.syncthreads()
        step //= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


BLOCK_SUM = Exercise(
    id="gpu_threads.block_sum",
    lesson="13_gpu_threads",
    title="A sum in halves",
    points=4,
    reference=block_sum,
    cases=sum_cases,
    probe=launch,
    criteria=[
        Computes("leaves each block's sum in its cell of out", weight=2, essential=True),
        Sound("has no clash, no barrier that some miss, no index out of range", essential=True),
        Thrifty("takes a step for each halving, not one for each number", budget=too_many_steps),
    ],
    misconceptions=[
        Misconception(
            "barrier_in_branch",
            barrier_in_branch,
            "The barrier stands where only some threads come: in an `if`, or in a loop that some "
            "leave early. In each step fewer threads *add*, but all of them must *wait*: keep "
            "`cuda.syncthreads()` outside the `if`.",
            when=finds(*OF_A_BARRIER),
        ),
        Misconception(
            "all_add_to_one_cell",
            all_add_to_one_cell,
            "Threads read one cell, add to it and write it back, all at once. Each writes what "
            "*it* has read plus its own, so all but one of the additions are lost. Let every "
            "thread add into a cell of its own, or use `cuda.atomic.add`, one at a time.",
            when=finds("non_atomic_update"),
        ),
        Misconception(
            "first_step_too_wide",
            first_step_too_wide,
            "The first step reads beyond `s`. Half of the threads add the other half: start with "
            "`SUM_THREADS // 2`.",
            when=finds("out_of_range", space="shared"),
        ),
        Misconception(
            "load_unguarded",
            load_unguarded,
            "The last block is not full, and its threads without a cell load from `x` all the "
            "same. Load 0 there: `x[i] if i < x.size else float32(0)`.",
            when=finds("out_of_range", array="x"),
        ),
        Misconception(
            "wrong_cell_of_out",
            wrong_cell_of_out,
            "`out` has a cell for each block, and the index is that of a thread. The block's own "
            "cell is `out[cuda.blockIdx.x]`.",
            when=finds("out_of_range", array="out"),
        ),
        Misconception(
            "all_write",
            all_write,
            "All threads of a block write the sum to the same cell of `out`. Even with the same "
            "value that is a race, and wasted work: let thread 0 do it.",
            when=like(all_write),
        ),
        Misconception(
            "blocks_share_one_cell",
            blocks_share_one_cell,
            "Several blocks write to one cell of `out`, and the last one wins. Each block has a "
            "cell of its own: `out[cuda.blockIdx.x]`.",
            when=finds("between_blocks", array="out"),
        ),
        Misconception(
            "everybody_adds",
            everybody_adds,
            "In one step a cell is added to by one thread and read by another. Only some of the "
            "threads may add (in halves, those below `step`); the cells of the others are only "
            "read.",
            when=like(everybody_adds),
        ),
        Misconception(
            "barrier_missing_before_the_loop",
            no_barrier_before_the_loop,
            "The first step reads numbers that other threads load, and nothing says that they have "
            "been loaded. Put a barrier between the load and the first step.",
            when=like(no_barrier_before_the_loop, counts=True),
        ),
        Misconception(
            "barrier_missing",
            no_barrier_in_the_loop,
            "A thread reads a cell of shared memory that another writes in the same phase. Each "
            "step needs the sums of the one before, from *all* threads: a barrier after every "
            "step, inside the loop.",
            when=finds("race", space="shared"),
        ),
        Misconception(
            "zeros_forgotten",
            no_zeros,
            "Cells of `s` are added that nobody has written: those that the last block has no "
            "number for, or one in which a sum is to grow. Shared memory starts with garbage, so "
            "write a 0 there first.",
            when=finds("unwritten"),
        ),
        Misconception(
            "last_step_left_out",
            last_step_left_out,
            "One step is missing at the end: the one in which thread 0 adds cell 1. Go on while "
            "`step > 0`.",
            when=like(last_step_left_out),
        ),
        Misconception(
            "local_index",
            local_index,
            "Every block adds the same first numbers of `x`: it is loaded with the place in the "
            "block. Load with `i`, the place in the whole grid.",
            when=like(local_index),
        ),
        Misconception(
            "one_thread_adds",
            one_thread_adds,
            "Right, but one thread does the adding while all others wait. Let half of the threads "
            "add at once, then a quarter, and so on.",
            when=lambda trials: (
                correct(trials)
                and not any("found" in t.observed.result for t in trials)
                and any(too_many_steps(t.observed.result) for t in trials)
            ),
        ),
    ],
    alternatives=[neighbours_first, by_a_for_loop],
    hints=[
        "Load into `s`, wait; then halve again and again: the lower half of the threads adds the "
        "upper half of the numbers. At the end `s[0]` holds the sum.",
        "Start with `step = SUM_THREADS // 2` and go on while `step > 0`. In each turn the threads "
        "with `t < step` add `s[t + step]` to `s[t]`. Where do all of them have to wait?",
        "After the load and after every step, outside the `if`. The turn is: `if t < step:` add; "
        "`cuda.syncthreads()`; `step //= 2`. Then thread 0 writes `out[cuda.blockIdx.x]`.",
    ],
)
