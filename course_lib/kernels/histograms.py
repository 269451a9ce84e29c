"""Histogram: atomics, in global memory and in shared.

Adds to `reductions`: cells chosen by the data, so that nobody knows beforehand who meets whom. The
global kernel's threads all queue for the same few cells. The shared one counts within each block
first, and adds the blocks' counts at the end. Taught in lesson 13.
"""

from typing import Any

import numpy as np
from jaxtyping import Int32, Int64

from course_lib.kernels.launching import Job, blocks_for, count_from, kernel_for
from course_lib.kernels.namespace import Kernel, cuda, int32

COUNT_THREADS = 256
MOST_BINS = 256  # what the shared kernel has room for
MOST_BLOCKS = 1024  # each thread takes several values rather than more blocks, which must be merged


@cuda.jit
def histogram_global_kernel(values, out):
    """Every thread adds 1 to the cell of each of its values."""
    for i in range(cuda.grid(1), values.size, cuda.gridsize(1)):
        value = values[i]
        if value >= 0 and value < out.size:
            cuda.atomic.add(out, value, 1)


@cuda.jit
def histogram_shared_kernel(values, out):
    """Each block counts its values in shared memory, then adds its counts to out."""
    counts = cuda.shared.array(MOST_BINS, int32)
    for k in range(cuda.threadIdx.x, out.size, cuda.blockDim.x):
        counts[k] = 0
    cuda.syncthreads()
    for i in range(cuda.grid(1), values.size, cuda.gridsize(1)):
        value = values[i]
        if value >= 0 and value < out.size:
            cuda.atomic.add(counts, value, 1)
    cuda.syncthreads()
    for k in range(cuda.threadIdx.x, out.size, cuda.blockDim.x):
        cuda.atomic.add(out, k, counts[k])


HISTOGRAM_KERNELS: dict[str, Kernel] = {
    "global": histogram_global_kernel,
    "shared": histogram_shared_kernel,
}


def histogram(values: Any, bins: int, method: str = "shared", *, backend: str | None = None) -> Any:
    """How often each of 0 to bins - 1 occurs in an int32 vector; other values are left out.

    Raises:
        TypeError: values is no array, or does not hold int32; or bins is no whole number.
        ValueError: there is no such method, bins is not 1 to 256, values is no vector or lies where
            the back end cannot reach it.
    """
    kernel = kernel_for(method, HISTOGRAM_KERNELS)
    bins = count_from("histogram", "bins", bins, MOST_BINS)
    job = Job("histogram", backend, values=values)
    cells = job.upload("values", "int32", 1)
    out = job.device.zeros((bins,), np.int32)
    blocks = min(blocks_for(cells.size, COUNT_THREADS), MOST_BLOCKS)
    job.launch(kernel, blocks, COUNT_THREADS, cells, out)
    return job.result(out)


def histogram_reference(
    values: Int32[np.ndarray, " size"], bins: int
) -> Int32[np.ndarray, " bins"] | Int64[np.ndarray, " bins"]:
    """The same in NumPy."""
    kept = values[(values >= 0) & (values < bins)]
    return np.bincount(kept, minlength=bins).astype(np.int32)
