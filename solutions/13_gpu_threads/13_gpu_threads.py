# %% [markdown]
# # Lesson 13 · GPU threads
#
# **How do a thousand workers share one job without getting in each other's way?**
#
# You will write the programs that a GPU runs: six small ones, each a step further, down to a
# matrix product that loads every number only as often as it must. You need Python and NumPy, and
# lesson 5. You do not need a GPU.
#
# About 90 minutes.

# %%
import numpy as np

from course_lib import viz
from course_lib.kernels import choose, cuda, float32, watch
from course_lib.tensor import Tensor
from grader import borrow, check, hint, progress

# %% [markdown]
# Stuck? `hint("gpu_threads.scale_add")` in a cell of your own gives one more hint each time;
# `borrow("gpu_threads.scale_add")` takes the course's answer, so that you can go on.

# %% [markdown]
# ## 1 · A long queue
#
# In lesson 5 a net became a few products of matrices. Here is one of them, not even a large one.
# How many of its cells need another cell of the result before they can be computed?

# %%
rng = np.random.default_rng(0)
product = Tensor(rng.normal(size=(512, 256))) @ Tensor(rng.normal(size=(256, 1024)))
cells = product.data.size
print(f"{cells:,} cells, each a sum of 256 products: {cells * 256:,} multiplications")

# %% [markdown]
# None. They could all be computed at once, but a CPU has a handful of cores, and the cells stand in
# a queue before them. An H100, a GPU of 2022, keeps up to 2,048 **threads** going on each of its 132
# processors, more than 270,000 in all (NVIDIA 2022). There a cell could have a thread of its own.
#
# So nobody has to wait. But everybody has to know which cell is theirs.

# %% [markdown]
# ## 2 · A thread a cell
#
# A **kernel** is a function that *every* thread runs. Threads come in **blocks** of one size, and all
# blocks together are the **grid**. A thread knows its place in its block, `cuda.threadIdx.x`, its
# block's place, `cuda.blockIdx.x`, and the size of a block, `cuda.blockDim.x`. All count from 0.


# %%
@cuda.jit
def who_am_i(block, thread, place):
    """Every thread writes down where it is."""
    i = cuda.grid(1)  # its place among all threads of the grid
    block[i] = cuda.blockIdx.x
    thread[i] = cuda.threadIdx.x
    place[i] = i


# %% [markdown]
# A kernel returns nothing: it writes into arrays. It is launched with the number of blocks and the
# number of threads in each, in square brackets. Here 3 blocks of 4 threads:

# %%
block, thread, place = (np.zeros(12, dtype=np.int32) for _ in range(3))
who_am_i[3, 4](block, thread, place)
print("block ", block)
print("thread", thread)
print("place ", place)

# %% [markdown]
# Before block 2 there are two whole blocks of 4 threads. So its thread 1 has place $2 \cdot 4 + 1 =
# 9$. `cuda.grid(1)` computes that, and so can you, from the three numbers above.
#
# Blocks come whole. For 10 cells, 3 blocks of 4 are needed, and then two threads are left without a
# cell. They run all the same. They must be told to do nothing, and that test is called the
# **guard**.

# %% [markdown]
# **Exercise 13.1.** Write a kernel for `out = factor * x + y`, one thread for each cell. `x`, `y` and
# `out` are vectors of one size; `factor` is a number.
#
# Worked case: with `factor` 2, `x = [1, 3]` and `y = [0.5, 0]` leave `out = [2.5, 6]`. The hard case:
# 10 cells and 12 threads.


# %% exercise="gpu_threads.scale_add"
@cuda.jit
def scale_add(x, y, factor, out):
    """out = factor * x + y, one thread a cell."""
    ### BEGIN SOLUTION
    k = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if k < out.size:
        out[k] = factor * x[k] + y[k]
    ### END SOLUTION


# %% [markdown]
# ### Where does it run?
#
# On a GPU, if this computer has one. Otherwise the course runs your threads on the CPU, one after
# another, and writes down every access to memory. That is slow, but it sees everything, so a launch
# with a mistake stops and says what is wrong. (A GPU would not.)

# %%
x, y = rng.normal(size=(2, 1000)).astype(np.float32)
out = np.zeros_like(x)
scale_add[4, 256](x, y, 2.0, out)  # 1024 threads for 1000 cells
print("as in NumPy:", np.allclose(out, 2 * x + y))

# %% [markdown]
# ## 3 · Two dimensions
#
# Grids and blocks may have two axes, x and y. That suits matrices, but mind the order: **x runs along
# a row**, so it is the column, while an array is indexed row first. The kernel below notes for each
# cell of a matrix which block computed it. The blocks are 4 wide and 2 high, and fit.


# %%
@cuda.jit
def which_block(numbers):
    """Each cell gets the number of the block that computes it."""
    x, y = cuda.grid(2)
    numbers[y, x] = cuda.blockIdx.y * cuda.gridDim.x + cuda.blockIdx.x


numbers = np.zeros((6, 12), dtype=np.int32)
which_block[(3, 3), (4, 2)](numbers)

# %%
viz.heat_map(
    numbers + 1,
    row_names=[str(k) for k in range(6)],
    column_names=[str(k) for k in range(12)],
    ylabel="row (y)",
    xlabel="column (x)",
    value_label="block, here counted from 1",
    numbers=True,
    title="Nine blocks, 4 wide and 2 high, cover the matrix",
)

# %% [markdown]
# **Exercise 13.2.** Add a bias to each column of a matrix, as the first layer of a net does: in
# NumPy, `out = x + bias`. `x` and `out` have one shape, and `bias` has a number for each column.
#
# Worked case: `x = [[1, 2, 3]]` and `bias = [10, 20, 30]` leave `[[11, 22, 33]]`. The hard case: the
# blocks stick out at the right and at the bottom.


# %% exercise="gpu_threads.add_bias"
@cuda.jit
def add_bias(x, bias, out):
    """out = x + bias, one thread a cell."""
    ### BEGIN SOLUTION
    j, i = cuda.grid(2)  # x is the column
    if i < out.shape[0] and j < out.shape[1]:
        out[i, j] = x[i, j] + bias[j]
    ### END SOLUTION


# %% [markdown]
# ## 4 · Shared memory, and who comes first
#
# So far no thread needed another. Now they shall work together. The arrays you pass lie in **global
# memory**: large, and far from the threads. Close to them, each block has a little **shared memory**,
# that only its own threads can see.

# %%
THREADS = 8  # of a block, here and in the checks


# %%
@cuda.jit
def rotate(x, out):
    """Each thread puts its number into s, and takes its right neighbour's."""
    s = cuda.shared.array(THREADS, float32)
    t = cuda.threadIdx.x
    s[t] = x[t]
    out[t] = s[(t + 1) % THREADS]


# %% [markdown]
# **Exercise 13.3, a prediction.** Before you run anything: what does `rotate` leave in `out`, on a
# real GPU?
#
# - **a** · The right numbers, always: threads of a block run in step.
# - **b** · An error: the GPU notices that a cell is read before it is written.
# - **c** · The right numbers: a thread that reads too early waits for the cell.
# - **d** · Right or wrong numbers, depending on which threads happen to run first.
# - **e** · Zeros, always: a cell of shared memory is 0 until it is written.
#
# Commit yourself first: your answer is written down before you see what happens.

# %% exercise="gpu_threads.race_prediction"
# stub: prediction = None  # "a", "b", "c", "d" or "e"
prediction = "d"

# %% [markdown]
# Running it would not tell: whatever comes out, it could be something else the next time. So we look
# not at what came out but at **who touched which cell, and when**. `watch` launches a kernel on the
# CPU, writes all of that down, and hands back what it found.

# %%
x, out = np.arange(8, dtype=np.float32), np.zeros(8, dtype=np.float32)
racy = watch(rotate, 1, THREADS, x, out)
print(racy.findings[0])

# %%
viz.thread_accesses(
    racy.events("s"), array="s", title="One thread writes a cell, another reads it: which is first?"
)

# %% [markdown]
# Each column is a cell of `s`. It is written (W, a square) by one thread and read (a ring) by
# another, and nothing orders the two. That is a **race**. What is needed is a line that nobody
# crosses until all have come to it, a **barrier**: `cuda.syncthreads()`.


# %%
@cuda.jit
def rotate_in_order(x, out):
    """All write, all wait, all read."""
    s = cuda.shared.array(THREADS, float32)
    t = cuda.threadIdx.x
    s[t] = x[t]
    cuda.syncthreads()
    out[t] = s[(t + 1) % THREADS]


ordered = watch(rotate_in_order, 1, THREADS, x, out)
print("mistakes found:", len(ordered.findings), " out:", out)

# %%
viz.thread_accesses(
    ordered.events("s"),
    array="s",
    names=("write", "read"),
    title="A barrier parts writing from reading, and no cell is fought over",
)

# %% [markdown]
# A barrier cuts the run of a block into **phases**. Within a phase anything may come first. So the
# rule is: *in one phase, a cell that one thread writes, no other thread may touch.*
#
# And a second rule: **every** thread of the block must come to the barrier. Those that wait would
# otherwise wait for somebody who never comes. So a barrier does not belong in an `if` that only some
# threads take, nor behind a `return`.

# %%
WINDOW = THREADS + 2  # cells of s

# %% [markdown]
# **Exercise 13.4.** Add three neighbours: `out[i] = x[i - 1] + x[i] + x[i + 1]`, where cells beyond
# the ends of `x` count 0. Read them from shared memory, so that a block loads each cell it needs from
# global memory *once*. `s` has two cells more than there are threads: what are they for?
#
# Worked case: `[1, 2, 4]` leaves `[3, 7, 6]`. The hard case is where two blocks touch. A right answer
# that loads cells more often still gets most of the points.


# %% exercise="gpu_threads.window_sum"
# stub: raise NotImplementedError  # your code takes the place of these two lines
# stub: cuda.syncthreads()  # a barrier: where does it belong?
@cuda.jit
def window_sum(x, out):
    """out[i] = x[i - 1] + x[i] + x[i + 1]; cells beyond the ends count 0."""
    s = cuda.shared.array(WINDOW, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    ### BEGIN SOLUTION
    s[t + 1] = x[i] if i < x.size else float32(0)
    if t == 0:
        s[0] = x[i - 1] if i > 0 else float32(0)
    if t == THREADS - 1:
        s[THREADS + 1] = x[i + 1] if i + 1 < x.size else float32(0)
    cuda.syncthreads()
    if i < out.size:
        out[i] = s[t] + s[t + 1] + s[t + 2]
    ### END SOLUTION


# %% [markdown]
# If threads clash, the check draws it as text: `r` is a read, `W` a write, `A` an atomic update. The
# next two cells draw *your* kernel, in its second block. Change the numbers of blocks and of cells as
# you like.

# %%
x, out = np.arange(1, 21, dtype=np.float32), np.zeros(20, dtype=np.float32)
windows = watch(window_sum, 3, THREADS, x, out)
print(f"{windows.traffic['x'].loads} loads of x; three for each cell would be {3 * x.size - 2}")
print("mistakes found:", len(windows.findings))

# %%
viz.thread_accesses(
    windows.events("s", block=1), array="s", title="Who writes and reads s in the second block"
)

# %% [markdown]
# ## 5 · Many numbers to one
#
# A loss is a sum over all examples. How do threads add up a vector? The first idea: every thread adds
# its number to one cell.


# %%
@cuda.jit
def all_into_one(x, total):
    """Every thread adds its number to the same cell."""
    total[0] += x[cuda.grid(1)]


@cuda.jit
def one_at_a_time(x, total):
    """The same, each addition in one piece."""
    cuda.atomic.add(total, 0, x[cuda.grid(1)])


# %%
x = np.arange(1, 17, dtype=np.float32)
for kernel in (all_into_one, one_at_a_time):
    run = watch(kernel, 1, 16, x, np.zeros(1, dtype=np.float32))
    print(f"{kernel.__name__}: {run.findings[0] if run.findings else 'no mistake found'}")

# %% [markdown]
# `+=` is three things: read, add, write. If two threads read before either has written, one of the
# additions is lost. An **atomic** update is done in one piece, so it is right. But it makes a queue:
# 16 threads, 16 turns, one after another. That is where we came from.

# %% [markdown]
# ### In halves
#
# Better: half of the threads each add one number of the other half to their own. Now half as many
# numbers are left. Again, and again: 16 numbers take 4 steps, and a million take 20. Such a sum is a
# **reduction**. In each step fewer threads add, and after each step all of them wait.

# %%
SUM_THREADS = 16  # of a block; a power of two, so that halving comes out even

# %% [markdown]
# **Exercise 13.5.** Each block adds up its own `SUM_THREADS` cells of `x`, in halves, and leaves the
# sum in `out[b]`, where `b` is the number of the block. The last block may have fewer cells.
#
# Worked case: `x = [1, 2, ..., 16, 100]` and two blocks leave `[136, 100]`. A right answer in which
# one thread adds all the numbers still gets most of the points.


# %% exercise="gpu_threads.block_sum"
# stub: raise NotImplementedError  # your code takes the place of these two lines
# stub: cuda.syncthreads()  # a barrier, needed more than once
@cuda.jit
def block_sum(x, out):
    """out[b] is the sum of the cells of x that belong to block b."""
    s = cuda.shared.array(SUM_THREADS, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    ### BEGIN SOLUTION
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
    ### END SOLUTION


# %% [markdown]
# Move the slider and watch your threads: who reads which cell, who writes, and who has nothing left
# to do.

# %%
x, out = np.arange(1, 17, dtype=np.float32), np.zeros(1, dtype=np.float32)
halving = watch(block_sum, 1, SUM_THREADS, x, out)
frames = viz.phase_frames(
    halving.events("s"), array="s", title="In each phase half as many threads add"
)
print("sum:", out[0], " mistakes found:", len(halving.findings))

# %%
viz.stepper(frames, [str(k) for k in range(len(frames))], control="phase", start=1)

# %% [markdown]
# ### Which half?
#
# Neighbours could be added first, instead: cells 0 and 1, 2 and 3, and so on. The number of additions
# is the same. But shared memory has 32 **banks**, and a bank gives one cell at a time. Cells that lie
# 32 apart share a bank. Both ways, as Harris (2007) compared them, with 256 threads:

# %%
from course_lib.kernels.reductions import SUM_KERNELS

x, out = np.ones(256, dtype=np.float32), np.zeros(1, dtype=np.float32)
for way, text in [("interleaved", "neighbours first"), ("sequential", "in halves")]:
    banks = watch(SUM_KERNELS[way], 1, 256, x, out).traffic["partial"]
    print(f"{text}: {banks.cost} passes over the banks, of which {banks.least} are needed")

# %% [markdown]
# In halves, neighbouring threads touch neighbouring cells, and each finds a bank of its own.

# %% [markdown]
# ## 6 · The product, in tiles
#
# Back to the queue of the beginning. Let each thread compute one cell of `a @ b` from global memory,
# and count what it loads.

# %%
from course_lib.kernels.products import MATMUL_KERNELS

a, b = rng.normal(size=(2, 8, 8)).astype(np.float32)
out = np.zeros((8, 8), dtype=np.float32)
naive = watch(MATMUL_KERNELS["naive"], (2, 2), (4, 4), a, b, out)
print("as in NumPy:", np.allclose(out, a @ b, atol=1e-5))
print(
    "loads of one thread:", naive.most("global", "load"), " of all:", naive.total("global", "load")
)

# %% [markdown]
# There are only 128 numbers in `a` and `b`, and each is loaded 8 times, as 8 cells need it. The four
# threads in a row of a block all want the same row of `a`; the four in a column want the same column
# of `b`. They can share.
#
# But a whole row may not fit into shared memory. So a block walks along the inner axis in **tiles** of
# 4 by 4: load a tile of each, wait, add up what they give, wait, go on.

# %%
TILE = 4

# %% [markdown]
# **Exercise 13.6.** Write it. In each turn a thread loads one cell of `a` and one of `b`. `row` and
# `column` say which cell of `out` is the thread's, `ty` and `tx` where it is in its block, and `total`
# collects the sum.
#
# Worked case: with an inner axis of 6 there are two tiles, the second only half full, and a thread
# loads at most 4 cells from global memory. Right is 3 of the 5 points, within that budget is all.
# Two questions to ask yourself: why two barriers? And what do threads do that have no cell of `out`?


# %% exercise="gpu_threads.tiled_matmul"
# stub: raise NotImplementedError  # your code takes the place of these two lines
# stub: cuda.syncthreads()  # a barrier
@cuda.jit
def tiled_matmul(a, b, out):
    """out = a @ b; a block computes a tile of out, from tiles of a and b."""
    tile_a = cuda.shared.array((TILE, TILE), float32)
    tile_b = cuda.shared.array((TILE, TILE), float32)
    column, row = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    total = float32(0)
    ### BEGIN SOLUTION
    for start in range(0, a.shape[1], TILE):
        inside = row < a.shape[0] and start + tx < a.shape[1]
        tile_a[ty, tx] = a[row, start + tx] if inside else float32(0)
        inside = start + ty < b.shape[0] and column < b.shape[1]
        tile_b[ty, tx] = b[start + ty, column] if inside else float32(0)
        cuda.syncthreads()  # both tiles are whole
        for k in range(TILE):
            total += tile_a[ty, k] * tile_b[k, tx]
        cuda.syncthreads()  # all have read: the tiles may be overwritten
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = total
    ### END SOLUTION


# %%
tiled = watch(tiled_matmul, (2, 2), (TILE, TILE), a, b, out)
print("as in NumPy:", np.allclose(out, a @ b, atol=1e-5))
loads = {
    "a cell at a time": naive.most("global", "load"),
    "in tiles of 4": tiled.most("global", "load"),
}

# %%
viz.bar_comparison(
    loads,
    title="Tiles of 4 by 4 load a quarter as much from global memory",
    xlabel="loads from global memory, each thread",
)

# %% [markdown]
# Tiles of 16 would load a sixteenth. The arithmetic is the same in all of them, to the last product:
# what differs is how far the numbers travel.

# %% [markdown]
# ## 7 · Neighbours should touch neighbours
#
# Global memory is never moved number by number. The 32 threads of a **warp** make their access
# together, and memory answers in pieces of 32 bytes: 8 numbers in a row. If the threads want
# neighbouring cells, four pieces serve all of them; the access is **coalesced**. If each wants a cell
# of another row, 32 pieces are moved, and of each only one number is used.

# %%
from course_lib.kernels.transposes import TRANSPOSE_KERNELS

matrix = rng.normal(size=(64, 32)).astype(np.float32)
out = np.zeros((32, 64), dtype=np.float32)
by_columns = watch(TRANSPOSE_KERNELS["naive"], (1, 2), (32, 8), matrix, out).traffic
for name in ("x", "out"):
    print(f"{name}: {by_columns[name].cost} pieces moved, {by_columns[name].least} are needed")

# %% [markdown]
# That was a transpose: it reads along the rows of `x`, and writes down the columns of `out`. Seven
# eighths of what is moved for `out` are of no use. Reading columns and writing rows only turns the
# trouble round.
#
# Shared memory minds columns much less. So read a tile along its rows, and *write the tile's columns
# as rows*.

# %%
SIDE = 8

# %% [markdown]
# **Exercise 13.7.** Write `out = x.T` with a tile of `SIDE` by `SIDE` cells. `left` and `top` are the
# column and row of `x` at which the block's tile begins.
#
# Worked case: for an 8 by 16 matrix there are two blocks. The tile of the second begins at `left` 8,
# `top` 0, and ends up in rows 8 to 15 of `out`. Right is half of the points; all are for reading and
# writing along rows.


# %% exercise="gpu_threads.transpose"
# stub: raise NotImplementedError  # your code takes the place of these two lines
# stub: cuda.syncthreads()  # a barrier
@cuda.jit
def transpose(x, out):
    """out = x.T; a block turns one tile."""
    tile = cuda.shared.array((SIDE, SIDE), float32)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    left, top = cuda.blockIdx.x * SIDE, cuda.blockIdx.y * SIDE
    ### BEGIN SOLUTION
    if top + ty < x.shape[0] and left + tx < x.shape[1]:
        tile[ty, tx] = x[top + ty, left + tx]
    cuda.syncthreads()
    if left + ty < out.shape[0] and top + tx < out.shape[1]:
        out[left + ty, top + tx] = tile[tx, ty]
    ### END SOLUTION


# %%
turned = watch(transpose, (4, 8), (SIDE, SIDE), matrix, out)
print("as in NumPy:", np.array_equal(out, matrix.T))
by_rows = turned.traffic["out"]
moved = {
    "down a column of out": by_columns["out"].cost / by_columns["out"].requests,
    "along its rows": by_rows.cost / by_rows.requests,
}

# %%
viz.bar_comparison(
    moved,
    title="By way of a tile, an eighth of the pieces is moved",
    xlabel="pieces of 32 bytes moved when a warp writes",
)

# %% [markdown]
# ## 8 · On a real GPU
#
# All of this was counted on a CPU. Where there is a GPU, the next cells run the same kernels on it,
# with millions of threads, and take the time by the GPU's own clock.


# %%
def milliseconds(kernel, blocks, threads, *arrays):
    """The shortest of ten launches, after one to warm up."""
    device, times = choose("cuda"), []
    for _ in range(11):
        start, end = device.cuda.event(timing=True), device.cuda.event(timing=True)
        start.record()
        device.launch(kernel, blocks, threads, *arrays)
        end.record()
        end.synchronize()
        times.append(device.cuda.event_elapsed_time(start, end))
    return min(times[1:])


# %%
def measure(side=4096):
    """Print bandwidths, and how much faster tiles are, on square matrices."""
    a, b, out = (choose("cuda").zeros((side, side), np.float32) for _ in range(3))
    x, y, z = (matrix.reshape(side * side) for matrix in (a, b, out))
    ms = milliseconds(scale_add, side * side // 256, 256, x, y, 2.0, z)
    print(f"scale_add: {12 * side * side / ms / 1e6:.0f} GB/s")
    for name, kernel in TRANSPOSE_KERNELS.items():
        ms = milliseconds(kernel, (side // 32, side // 32), (32, 8), a, out)
        print(f"transpose, {name}: {8 * side * side / ms / 1e6:.0f} GB/s")
    grid = (side // 16, side // 16)
    each = [milliseconds(MATMUL_KERNELS[k], grid, (16, 16), a, b, out) for k in ("naive", "tiled")]
    print(f"product in tiles of 16: {each[0] / each[1]:.1f} times as fast as without")


# %%
if choose().name == "cuda":
    measure()
else:
    print("No GPU here: the kernels ran on the CPU, watched, and there is nothing to time.")

# %% [markdown]
# ## 9 · In PyTorch
#
# PyTorch has such kernels for every operation. On a tensor that lies on a GPU, each line below
# launches one (or several); on a CPU it calls a loop in C++. The code is the same.

# %%
import torch

where = "cuda" if torch.cuda.is_available() else "cpu"
tx, tb = torch.tensor(matrix, device=where), torch.arange(32.0, device=where)
window = torch.ones(1, 1, 3, device=where)
sums = torch.nn.functional.conv1d(tx[:1, None], window, padding=1)  # three neighbours
expected = np.convolve(matrix[0], np.ones(3), mode="same")
print("map:      ", np.allclose((tx + tb).cpu(), matrix + np.arange(32), atol=1e-5))
print("window:   ", np.allclose(sums.cpu(), expected, atol=1e-5))
print("reduction:", np.allclose(tx.sum().cpu(), matrix.sum(), atol=1e-2))
print("product:  ", np.allclose((tx @ tx.T).cpu(), matrix @ matrix.T, atol=1e-4))

# %% [markdown]
# And the transpose? PyTorch moves nothing at all: it notes that the axes have changed places, in the
# **strides**, the number of cells from one to the next along each axis. The price comes later, when
# somebody reads along what is now a row. `contiguous()` pays it at once, with a kernel like yours.

# %%
print("strides of x:", tx.stride(), " of x.T:", tx.T.stride())
print("same memory:", tx.T.data_ptr() == tx.data_ptr())
print("after contiguous():", tx.T.contiguous().stride())

# %% [markdown]
# ## Reflect
#
# **Exercise 13.8.** A friend adds up a vector with `total[0] += x[i]` in every thread. "I ran it a
# thousand times on my machine. The sum was right every time, so there is no race." What do you
# answer, how would you make sure, and what would you do instead? Four to eight sentences.

# %% [markdown] exercise="gpu_threads.reflection"
# A thousand right sums show that the order of the threads was a good one, a thousand times. `+=`
# reads, adds and writes. If two threads read 5 before either has written, one writes 5 + a, the other
# 5 + b, and one of the numbers is lost. Another GPU can bring that about. Whether there is a race has
# nothing to do with luck: two threads touch one cell in one phase, at least one writes, and they are
# not both atomic. That can be read off the code, or recorded in a single run. Atomic additions are
# right, but they queue: so add in halves in shared memory first.

# %% [markdown]
# ## Go further
#
# - A **histogram** has a cell for each value: write one with `cuda.atomic.add`, then one that counts
#   in shared memory first. What does `watch` say about the number of atomics in global memory?
# - `watch` your transpose with 32 by 32 tiles and 32 by 8 threads: how many passes over the banks
#   does reading a column of the tile take? Make each of its rows one cell longer, and look again.
# - Add a second launch of `block_sum` that adds up the sums of the blocks. How many launches does a
#   million numbers take?

# %% [markdown]
# ## Recap
#
# - Every thread runs the same **kernel**. Its place in the **grid** says which cell is its own; the
#   **guard** stops those that have none.
# - In one **phase**, a cell that one thread writes no other may touch. **Barriers** part the phases,
#   and all threads of the block must come to them.
# - **Reductions** halve; **tiles** in shared memory save loads; neighbouring threads should touch
#   neighbouring cells.
# - A right result proves little. Who touched what, and when, proves it.

# %%
progress()

# %% [markdown]
# ## Sources
#
# - M. Harris (2007). *Optimizing parallel reduction in CUDA.* NVIDIA. The ways of adding up.
# - G. Ruetsch, P. Micikevicius (2009). *Optimizing matrix transpose in CUDA.* NVIDIA.
# - D. B. Kirk, W. W. Hwu (2016). *Programming Massively Parallel Processors*, 3rd edition. Morgan
#   Kaufmann. Grids, blocks, and the product in tiles.
# - NVIDIA (2025). *CUDA C++ Best Practices Guide*. Coalescing, banks, pieces of 32 bytes.
# - NVIDIA (2022). *NVIDIA H100 Tensor Core GPU architecture.* White paper. Its numbers of threads.
# - S. K. Lam, A. Pitrou, S. Seibert (2015). *Numba: a LLVM-based Python JIT compiler.* LLVM-HPC. The
#   way kernels are written here is that of its module `numba.cuda`.
