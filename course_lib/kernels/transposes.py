"""Transpose: what the order of accesses costs.

Adds to `products`: nothing is computed here, so all the time is memory's. The naive kernel reads
along rows and writes along columns, a transaction a number. The tiled one turns a tile in shared
memory, so that it reads and writes along rows; but reading a column of a tile 32 wide meets one
bank 32 times. The padded one has tiles 33 wide, and a column lies in 32 banks. Taught in lesson 13.

Source: Ruetsch and Micikevicius 2009.
"""

from typing import Any

import numpy as np
from jaxtyping import Float32

from course_lib.kernels.launching import Job, blocks_for, kernel_for
from course_lib.kernels.namespace import Kernel, cuda, float32

SIDE = 32  # of a tile; as wide as a warp, and as many as there are banks
PADDED = SIDE + 1
ROWS = 8  # threads along a column: each moves SIDE / ROWS cells


@cuda.jit
def transpose_naive_kernel(x, out):
    """Reads along a row, writes along a column."""
    column = cuda.blockIdx.x * SIDE + cuda.threadIdx.x
    row = cuda.blockIdx.y * SIDE + cuda.threadIdx.y
    for k in range(0, SIDE, ROWS):
        if row + k < x.shape[0] and column < x.shape[1]:
            out[column, row + k] = x[row + k, column]


@cuda.jit
def transpose_tiled_kernel(x, out):
    """Turns a tile in shared memory; global reads and writes run along rows."""
    tile = cuda.shared.array((SIDE, SIDE), float32)
    tx = cuda.threadIdx.x
    ty = cuda.threadIdx.y
    left = cuda.blockIdx.x * SIDE
    top = cuda.blockIdx.y * SIDE
    for k in range(ty, SIDE, ROWS):
        if top + k < x.shape[0] and left + tx < x.shape[1]:
            tile[k, tx] = x[top + k, left + tx]
    cuda.syncthreads()
    for k in range(ty, SIDE, ROWS):
        if left + k < x.shape[1] and top + tx < x.shape[0]:
            out[left + k, top + tx] = tile[tx, k]


@cuda.jit
def transpose_padded_kernel(x, out):
    """As tiled, with rows of the tile one cell longer: a column's cells lie in different banks."""
    tile = cuda.shared.array((SIDE, PADDED), float32)
    tx = cuda.threadIdx.x
    ty = cuda.threadIdx.y
    left = cuda.blockIdx.x * SIDE
    top = cuda.blockIdx.y * SIDE
    for k in range(ty, SIDE, ROWS):
        if top + k < x.shape[0] and left + tx < x.shape[1]:
            tile[k, tx] = x[top + k, left + tx]
    cuda.syncthreads()
    for k in range(ty, SIDE, ROWS):
        if left + k < x.shape[1] and top + tx < x.shape[0]:
            out[left + k, top + tx] = tile[tx, k]


TRANSPOSE_KERNELS: dict[str, Kernel] = {
    "naive": transpose_naive_kernel,
    "tiled": transpose_tiled_kernel,
    "padded": transpose_padded_kernel,
}


def transpose(x: Any, method: str = "padded", *, backend: str | None = None) -> Any:
    """The float32 matrix with rows and columns exchanged, copied.

    Raises:
        TypeError: x is no array, or does not hold float32.
        ValueError: there is no such method, x is no matrix, or lies where the back end cannot
            reach it.
    """
    kernel = kernel_for(method, TRANSPOSE_KERNELS)
    job = Job("transpose", backend, x=x)
    cells = job.upload("x", "float32", 2)
    rows, columns = cells.shape
    out = job.device.zeros((columns, rows), np.float32)
    blocks = (blocks_for(columns, SIDE), blocks_for(rows, SIDE))
    job.launch(kernel, blocks, (SIDE, ROWS), cells, out)
    return job.result(out)


def transpose_reference(
    x: Float32[np.ndarray, "rows columns"],
) -> Float32[np.ndarray, "columns rows"]:
    """The same in NumPy."""
    return np.ascontiguousarray(x.T)
