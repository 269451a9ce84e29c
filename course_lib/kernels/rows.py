"""Softmax of each row: a block a row, two reductions in shared memory.

Adds to `reductions`: threads that stride over a row of any length, and shared memory that is used
twice, so that a barrier must also stand between the last read and the next write. Taught in
lesson 13.
"""

import math
from typing import Any

import numpy as np
from jaxtyping import Float32

from course_lib.kernels.launching import Job
from course_lib.kernels.namespace import cuda, float32

ROW_THREADS = 128  # a power of two


@cuda.jit
def softmax_kernel(x, out):
    """out[row] = exp(x[row] - max) / sum of these; block b has row b."""
    scratch = cuda.shared.array(ROW_THREADS, float32)
    row = cuda.blockIdx.x
    t = cuda.threadIdx.x

    largest = float32(-math.inf)
    for column in range(t, x.shape[1], ROW_THREADS):
        largest = max(largest, x[row, column])
    scratch[t] = largest
    cuda.syncthreads()
    step = ROW_THREADS // 2
    while step > 0:
        if t < step:
            scratch[t] = max(scratch[t], scratch[t + step])
        cuda.syncthreads()
        step //= 2
    largest = scratch[0]
    cuda.syncthreads()  # nobody overwrites scratch[0] before all have read it

    total = float32(0)
    for column in range(t, x.shape[1], ROW_THREADS):
        total += math.exp(x[row, column] - largest)
    scratch[t] = total
    cuda.syncthreads()
    step = ROW_THREADS // 2
    while step > 0:
        if t < step:
            scratch[t] += scratch[t + step]
        cuda.syncthreads()
        step //= 2
    total = scratch[0]

    for column in range(t, x.shape[1], ROW_THREADS):
        out[row, column] = math.exp(x[row, column] - largest) / total


def row_softmax(x: Any, *, backend: str | None = None) -> Any:
    """Softmax over the columns of a float32 matrix; finite for any finite scores.

    Raises:
        TypeError: x is no array, or does not hold float32.
        ValueError: x is no matrix, or lies where the back end cannot reach it.
    """
    job = Job("row_softmax", backend, x=x)
    cells = job.upload("x", "float32", 2)
    out = job.device.zeros(cells.shape, np.float32)
    if out.size:
        job.launch(softmax_kernel, out.shape[0], ROW_THREADS, cells, out)
    return job.result(out)


def row_softmax_reference(
    x: Float32[np.ndarray, "rows columns"],
) -> Float32[np.ndarray, "rows columns"]:
    """The same in NumPy, computed in float64."""
    if not x.size:
        return x.copy()
    shifted = np.exp(x.astype(np.float64) - x.max(axis=1, keepdims=True))
    return (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)
