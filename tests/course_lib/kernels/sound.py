"""Kernels without a mistake, beside the course's own, each with what NumPy makes of its input."""

import math
from typing import Any, NamedTuple

import numpy as np

from course_lib.kernels import cuda, float32, int32
from course_lib.kernels.histograms import HISTOGRAM_KERNELS
from course_lib.kernels.maps import scale_shift_kernel, vector_add_kernel
from course_lib.kernels.products import MATMUL_KERNELS
from course_lib.kernels.reductions import SUM_KERNELS
from course_lib.kernels.rows import row_softmax_reference, softmax_kernel
from course_lib.kernels.transposes import TRANSPOSE_KERNELS

N = 8
WITH_ENDS = N + 2


class Sound(NamedTuple):
    name: str
    kernel: Any
    blocks: Any
    threads: Any
    arguments: Any  # (rng) -> arguments, the result last
    expected: Any  # (arguments before the launch) -> the result


def floats(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(-8, 9, size=shape).astype(np.float32)  # sums are exact


def digits(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(0, 3, size=shape).astype(np.int32)


@cuda.jit
def strided_square(x, out):
    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
        out[i] = x[i] * x[i]


@cuda.jit
def double_in_place(out):
    i = cuda.grid(1)
    if i < out.size:
        out[i] *= 2


@cuda.jit
def reverse_in_block(out):
    t = cuda.threadIdx.x
    value = out[t]
    cuda.syncthreads()
    out[out.size - 1 - t] = value


@cuda.jit
def running_sum(x, out):
    """Two buffers in turn, a barrier between turns."""
    s = cuda.shared.array((2, N), float32)
    t = cuda.threadIdx.x
    s[0, t] = x[t]
    turn = 0
    step = 1
    while step < N:
        cuda.syncthreads()
        if t >= step:
            s[1 - turn, t] = s[turn, t] + s[turn, t - step]
        else:
            s[1 - turn, t] = s[turn, t]
        turn = 1 - turn
        step *= 2
    out[t] = s[turn, t]


@cuda.jit
def three_point_mean(x, out):
    """Neighbours in shared memory, with a cell more at each end."""
    s = cuda.shared.array(WITH_ENDS, float32)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    s[t + 1] = x[i]
    if t == 0:
        s[0] = x[i - 1] if i > 0 else float32(0)
    if t == N - 1:
        s[N + 1] = x[i + 1] if i + 1 < x.size else float32(0)
    cuda.syncthreads()
    out[i] = s[t] + s[t + 1] + s[t + 2]


@cuda.jit
def largest(x, out):
    cuda.atomic.max(out, 0, x[cuda.grid(1)])


@cuda.jit
def powers_in_a_local_array(x, out):
    powers = cuda.local.array(3, float32)
    t = cuda.threadIdx.x
    powers[0] = float32(1)
    for k in range(1, 3):
        powers[k] = powers[k - 1] * x[t]
    out[t] = powers[0] + powers[1] + powers[2]


@cuda.jit(device=True)
def clipped(value, low, high):
    return min(max(value, low), high)


@cuda.jit
def clip_by_a_device_function(x, low, high, out):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = clipped(x[i], low, high)


@cuda.jit
def fill_a_box(out):
    x, y, z = cuda.grid(3)
    out[z, y, x] = x + 10 * y + 100 * z


@cuda.jit
def one_thread_sums(x, out):
    if cuda.grid(1) == 0:
        out[0] = float32(0)
        for k in range(x.size):
            out[0] += x[k]


@cuda.jit
def barriers_in_a_uniform_loop(x, out):
    s = cuda.shared.array(1, int32)
    t = cuda.threadIdx.x
    out[t] = 0
    for k in range(x.size):
        if t == k % N:
            s[0] = x[k]
        cuda.syncthreads()
        if s[0] > 0:
            out[t] += s[0]
        cuda.syncthreads()


@cuda.jit
def guarded_root(x, out):
    i = cuda.grid(1)
    if i < x.size:
        out[i] = math.sqrt(x[i] * x[i])


def box(_: Any) -> np.ndarray:
    z, y, x = np.indices((2, 3, 4))
    return (x + 10 * y + 100 * z).astype(np.int32)


def wide(x: np.ndarray) -> np.ndarray:
    padded = np.pad(x, 1)
    return padded[:-2] + padded[1:-1] + padded[2:]


OWN = [
    Sound("strided", strided_square, 2, N, lambda r: (floats(r, 37), floats(r, 37)),
          lambda x, out: x * x),
    Sound("in place", double_in_place, 3, N, lambda r: (floats(r, 20),), lambda out: 2 * out),
    Sound("reverse", reverse_in_block, 1, N, lambda r: (floats(r, N),), lambda out: out[::-1]),
    Sound("running sum", running_sum, 1, N, lambda r: (floats(r, N), floats(r, N)),
          lambda x, out: np.cumsum(x)),
    Sound("halo", three_point_mean, 3, N, lambda r: (floats(r, 24), floats(r, 24)),
          lambda x, out: wide(x)),
    Sound("largest", largest, 2, N, lambda r: (floats(r, 16), np.full(1, -99, np.float32)),
          lambda x, out: x.max(keepdims=True)),
    Sound("local", powers_in_a_local_array, 1, N, lambda r: (floats(r, N), floats(r, N)),
          lambda x, out: 1 + x + x * x),
    Sound("device function", clip_by_a_device_function, 2, N,
          lambda r: (floats(r, 13), np.float32(-2), np.float32(3), floats(r, 13)),
          lambda x, low, high, out: np.clip(x, low, high)),
    Sound("box", fill_a_box, (2, 3, 1), (2, 1, 2), lambda r: (np.zeros((2, 3, 4), np.int32),), box),
    Sound("one thread", one_thread_sums, 1, N, lambda r: (floats(r, 9), floats(r, 1)),
          lambda x, out: x.sum(keepdims=True)),
    Sound("uniform", barriers_in_a_uniform_loop, 1, N,
          lambda r: (digits(r, 12), np.zeros(N, np.int32)),
          lambda x, out: np.full(N, x[x > 0].sum(), np.int32)),
    Sound("root", guarded_root, 2, N, lambda r: (floats(r, 11), floats(r, 11)),
          lambda x, out: np.abs(x)),
]  # fmt: skip


def course(sums: int = 256, row: int = 128, tile: int = 16, side: int = 32) -> list[Sound]:
    """The course's kernels, for blocks of these sizes: those that the kernels have, or smaller."""
    inner = tile + 2
    return [
        Sound("vector add", vector_add_kernel, 3, N,
              lambda r: (floats(r, 21), floats(r, 21), floats(r, 21)), lambda a, b, out: a + b),
        Sound("scale and shift", scale_shift_kernel, (2, 2), (4, 4),
              lambda r: (floats(r, 5, 7), np.float32(2), np.float32(1), floats(r, 5, 7)),
              lambda x, scale, shift, out: scale * x + shift),
        Sound("softmax", softmax_kernel, 2, row, lambda r: (floats(r, 2, 5), floats(r, 2, 5)),
              lambda x, out: row_softmax_reference(x)),
        *(Sound(f"sum {name}", kernel, 1, sums,
                lambda r: (floats(r, 3 * sums // 4), np.zeros(1, np.float32)),
                lambda x, out: x.sum(keepdims=True)) for name, kernel in SUM_KERNELS.items()),
        *(Sound(f"matmul {name}", kernel, 1, (tile, tile),
                lambda r: (floats(r, 3, inner), floats(r, inner, 3), floats(r, 3, 3)),
                lambda a, b, out: a @ b) for name, kernel in MATMUL_KERNELS.items()),
        *(Sound(f"transpose {name}", kernel, (1, 2), (side, side // 4),
                lambda r: (floats(r, side + 3, 6), floats(r, 6, side + 3)),
                lambda x, out: x.T) for name, kernel in TRANSPOSE_KERNELS.items()),
        *(Sound(f"histogram {name}", kernel, 2, N,
                lambda r: (digits(r, 37), np.zeros(3, np.int32)),
                lambda values, out: np.bincount(values, minlength=3))
          for name, kernel in HISTOGRAM_KERNELS.items()),
    ]  # fmt: skip


COURSE = course()


def run_and_compare(sound: Sound, rng: np.random.Generator, launch: Any) -> None:
    """Launch the kernel and compare its result with NumPy's; softmax to float32's last digits."""
    arguments = sound.arguments(rng)
    before = [np.copy(a) if isinstance(a, np.ndarray) else a for a in arguments]
    launch(sound.kernel, sound.blocks, sound.threads, *arguments)
    tolerance = 2e-6 if sound.name == "softmax" else 0.0
    np.testing.assert_allclose(arguments[-1], sound.expected(*before), rtol=tolerance, atol=0)
