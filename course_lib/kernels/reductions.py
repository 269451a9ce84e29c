"""Many numbers to one: the sum, three ways.

Adds to `maps`: threads that work together. The naive way lets every thread add to one cell,
so they queue for it. The shared ways halve the numbers of a block in its shared memory, step by
step, with a barrier after each; they differ only in which cells a step adds. Interleaved, active
threads lie 2, 4, 8 ... cells apart and meet in the same banks; sequential, they lie side by side.
Taught in lesson 13.

Source: Harris 2007.
"""

from typing import Any

import numpy as np
from jaxtyping import Float32

from course_lib.kernels.launching import Job, blocks_for, kernel_for
from course_lib.kernels.namespace import Kernel, cuda, float32

SUM_THREADS = 256  # a power of two, so that halving comes out even


@cuda.jit
def sum_atomic_kernel(x, out):
    """Every thread adds its number to out[0], one at a time."""
    i = cuda.grid(1)
    if i < x.size:
        cuda.atomic.add(out, 0, x[i])


@cuda.jit
def sum_interleaved_kernel(x, out):
    """out[b] is the sum of block b's numbers; neighbours are added first."""
    partial = cuda.shared.array(SUM_THREADS, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    partial[t] = x[i] if i < x.size else float32(0)
    cuda.syncthreads()
    step = 1
    while step < SUM_THREADS:
        k = 2 * step * t
        if k < SUM_THREADS:
            partial[k] += partial[k + step]
        cuda.syncthreads()
        step *= 2
    if t == 0:
        out[cuda.blockIdx.x] = partial[0]


@cuda.jit
def sum_sequential_kernel(x, out):
    """out[b] is the sum of block b's numbers; the upper half is added to the lower."""
    partial = cuda.shared.array(SUM_THREADS, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    partial[t] = x[i] if i < x.size else float32(0)
    cuda.syncthreads()
    step = SUM_THREADS // 2
    while step > 0:
        if t < step:
            partial[t] += partial[t + step]
        cuda.syncthreads()
        step //= 2
    if t == 0:
        out[cuda.blockIdx.x] = partial[0]


SUM_KERNELS: dict[str, Kernel] = {
    "atomic": sum_atomic_kernel,
    "interleaved": sum_interleaved_kernel,
    "sequential": sum_sequential_kernel,
}


def reduce_sum(x: Any, method: str = "sequential", *, backend: str | None = None) -> float:
    """Sum of a float32 vector, added up in float32.

    The shared methods launch again on the sums of the blocks until one is left. Atomics add in
    whatever order threads come, so their last digits differ from run to run on a GPU.

    Raises:
        TypeError: x is no array, or does not hold float32.
        ValueError: there is no such method, x is no vector or lies where the back end cannot reach.
    """
    kernel = kernel_for(method, SUM_KERNELS)
    job = Job("reduce_sum", backend, x=x)
    cells = job.upload("x", "float32", 1)
    if cells.size == 0:
        return 0.0
    while True:
        blocks = blocks_for(cells.size, SUM_THREADS)
        out = job.device.zeros((1 if method == "atomic" else blocks,), np.float32)
        job.launch(kernel, blocks, SUM_THREADS, cells, out)
        if out.size == 1:
            return float(job.device.download(out)[0])
        cells = out


def reduce_sum_reference(x: Float32[np.ndarray, " size"]) -> float:
    """The same in NumPy, added up in float64."""
    return float(x.sum(dtype=np.float64))
