"""Matrix product: a thread a cell, with and without tiles in shared memory.

Adds to `reductions`: reuse. In the naive kernel each thread loads a whole row and column from
global memory. In the tiled one a block loads a tile of each into shared memory, once, and all its
threads read it there: TILE times fewer global loads. Taught in lesson 13.

Source: Kirk and Hwu 2016.
"""

from typing import Any

import numpy as np
from jaxtyping import Float32

from course_lib.kernels.launching import Job, blocks_for, kernel_for
from course_lib.kernels.namespace import Kernel, cuda, float32

TILE = 16


@cuda.jit
def matmul_naive_kernel(a, b, out):
    """Each thread computes one cell from global memory."""
    column, row = cuda.grid(2)
    if row < out.shape[0] and column < out.shape[1]:
        total = float32(0)
        for k in range(a.shape[1]):
            total += a[row, k] * b[k, column]
        out[row, column] = total


@cuda.jit
def matmul_tiled_kernel(a, b, out):
    """Each block computes one tile, from tiles in shared memory; blocks are TILE x TILE threads.

    Threads without a cell load and wait with the others: a return before a barrier would diverge.
    """
    tile_a = cuda.shared.array((TILE, TILE), float32)
    tile_b = cuda.shared.array((TILE, TILE), float32)
    column, row = cuda.grid(2)
    tx = cuda.threadIdx.x
    ty = cuda.threadIdx.y
    total = float32(0)
    for start in range(0, a.shape[1], TILE):
        inside = row < a.shape[0] and start + tx < a.shape[1]
        tile_a[ty, tx] = a[row, start + tx] if inside else float32(0)
        inside = start + ty < b.shape[0] and column < b.shape[1]
        tile_b[ty, tx] = b[start + ty, column] if inside else float32(0)
        cuda.syncthreads()  # the tiles are whole before anyone reads them
        for k in range(TILE):
            total += tile_a[ty, k] * tile_b[k, tx]
        cuda.syncthreads()  # all have read before anyone loads the next tiles
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = total


MATMUL_KERNELS: dict[str, Kernel] = {"naive": matmul_naive_kernel, "tiled": matmul_tiled_kernel}


def matmul(a: Any, b: Any, method: str = "tiled", *, backend: str | None = None) -> Any:
    """Product of two float32 matrices, (rows, inner) and (inner, columns), summed in float32.

    Raises:
        TypeError: an argument is no array, or does not hold float32.
        ValueError: there is no such method, an argument is no matrix, inner lengths differ, or an
            array lies where the back end cannot reach it.
    """
    kernel = kernel_for(method, MATMUL_KERNELS)
    job = Job("matmul", backend, a=a, b=b)
    x, y = job.upload("a", "float32", 2), job.upload("b", "float32", 2)
    if x.shape[1] != y.shape[0]:
        raise ValueError(f"matmul: inner lengths must agree, got a {x.shape}, b {y.shape}")
    out = job.device.zeros((x.shape[0], y.shape[1]), np.float32)
    blocks = (blocks_for(out.shape[1], TILE), blocks_for(out.shape[0], TILE))
    job.launch(kernel, blocks, (TILE, TILE), x, y, out)
    return job.result(out)


def matmul_reference(
    a: Float32[np.ndarray, "rows inner"], b: Float32[np.ndarray, "inner columns"]
) -> Float32[np.ndarray, "rows columns"]:
    """The same in NumPy, summed in float64."""
    return (a.astype(np.float64) @ b.astype(np.float64)).astype(np.float32)
