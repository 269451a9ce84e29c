"""One thread, one cell: the map, in one dimension and in two.

Adds to `namespace`: first kernels. A grid has more threads than there are cells, because blocks
come whole, so each thread asks first whether there is a cell for it: the guard. Taught in
lesson 13.
"""

from typing import Any

import numpy as np
from jaxtyping import Float32

from course_lib.kernels.launching import Job, blocks_for, float32_from, same_shape
from course_lib.kernels.namespace import cuda

MAP_THREADS = 256
MAP_BLOCK = (32, 8)  # threads along (columns, rows): a warp lies along a row, so it coalesces

Vector = Float32[np.ndarray, " size"]
Matrix = Float32[np.ndarray, "rows columns"]


@cuda.jit
def vector_add_kernel(a, b, out):
    """Each thread adds one pair."""
    i = cuda.grid(1)
    if i < out.size:
        out[i] = a[i] + b[i]


@cuda.jit
def scale_shift_kernel(x, scale, shift, out):
    """Each thread maps one cell of a matrix; x, the first coordinate, runs along a row."""
    column, row = cuda.grid(2)
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = scale * x[row, column] + shift


def vector_add(a: Any, b: Any, *, backend: str | None = None) -> Any:
    """Sum a + b of two float32 vectors.

    Raises:
        TypeError: an argument is no array, or does not hold float32.
        ValueError: shapes differ, or the arrays do not lie where the back end can reach them.
    """
    job = Job("vector_add", backend, a=a, b=b)
    x, y = job.upload("a", "float32", 1), job.upload("b", "float32", 1)
    same_shape("vector_add", a=x, b=y)
    out = job.device.zeros(x.shape, np.float32)
    job.launch(vector_add_kernel, blocks_for(out.size, MAP_THREADS), MAP_THREADS, x, y, out)
    return job.result(out)


def vector_add_reference(a: Vector, b: Vector) -> Vector:
    """The same in NumPy."""
    return a + b


def scale_shift(x: Any, scale: float, shift: float, *, backend: str | None = None) -> Any:
    """The map scale * x + shift for every cell of a float32 matrix.

    Raises:
        TypeError, ValueError: as `vector_add`; TypeError too if scale or shift is no number.
    """
    factor = float32_from("scale_shift", "scale", scale)
    offset = float32_from("scale_shift", "shift", shift)
    job = Job("scale_shift", backend, x=x)
    cells = job.upload("x", "float32", 2)
    out = job.device.zeros(cells.shape, np.float32)
    blocks = (blocks_for(out.shape[1], MAP_BLOCK[0]), blocks_for(out.shape[0], MAP_BLOCK[1]))
    job.launch(scale_shift_kernel, blocks, MAP_BLOCK, cells, factor, offset, out)
    return job.result(out)


def scale_shift_reference(x: Matrix, scale: float, shift: float) -> Matrix:
    """The same in NumPy."""
    return np.float32(scale) * x + np.float32(shift)
