"""The instrumented back end: what kernels see, what it refuses, what it reports."""

import json
import math
import time

import numpy as np
import pytest
from mistaken import neighbour_without_barrier
from sound import floats, running_sum

from course_lib import viz
from course_lib.kernels import boolean, cuda, float32, int8, int32, uint8, watch
from course_lib.kernels.products import matmul_tiled_kernel
from grader.guard import TimeLimitExceeded, call_within

RNG = np.random.default_rng(0)


@cuda.jit
def where_am_i(thread, block, line, size, lane):
    x, y = cuda.grid(2)
    row = y * cuda.gridsize(2)[0] + x
    thread[row, 0], thread[row, 1] = cuda.threadIdx.x, cuda.threadIdx.y
    block[row, 0], block[row, 1] = cuda.blockIdx.x, cuda.blockIdx.y
    line[row] = cuda.blockDim.x * 1000 + cuda.blockDim.y * 100 + cuda.gridDim.x * 10
    size[row] = cuda.gridsize(1)
    lane[row] = cuda.laneid


def test_indexes_count_x_fastest_and_agree_with_grid() -> None:
    n = 4 * 6
    pairs = [np.zeros((n, 2), np.int32) for _ in range(2)]
    singles = [np.zeros(n, np.int32) for _ in range(3)]
    run = watch(where_am_i, (2, 3), (2, 2), *pairs, *singles)
    assert run.ok
    ys, xs = np.divmod(np.arange(n), 4)
    assert pairs[0].tolist() == [[x % 2, y % 2] for x, y in zip(xs, ys, strict=True)]
    assert pairs[1].tolist() == [[x // 2, y // 2] for x, y in zip(xs, ys, strict=True)]
    assert set(singles[0]) == {2220}
    assert set(singles[1]) == {4}
    assert singles[2].tolist() == [x % 2 + 2 * (y % 2) for x, y in zip(xs, ys, strict=True)]


def test_float32_rounds_and_integers_wrap_as_on_a_gpu() -> None:
    @cuda.jit
    def convert(f, small, unsigned, flags):
        f[0] = float32(0.1) + float32(0.2)
        small[0] = 130
        small[1] = int8(200)
        unsigned[0] = -1
        unsigned[1] = 2.9
        flags[0] = boolean(3)

    f, small = np.zeros(1, np.float32), np.zeros(2, np.int8)
    unsigned, flags = np.zeros(2, np.uint8), np.zeros(1, np.bool_)
    assert watch(convert, 1, 1, f, small, unsigned, flags).ok
    assert f[0] == np.float32(0.1) + np.float32(0.2)
    assert (small.tolist(), unsigned.tolist(), flags.tolist()) == ([-126, -56], [255, 2], [True])
    assert uint8(258) == 2


def test_what_overflows_is_infinite_and_no_error() -> None:
    @cuda.jit
    def extremes(x, out):
        out[0] = math.exp(x[0])
        out[1] = 1 / (x[0] - x[0])
        out[2] = math.log(x[0] - x[0])
        out[3] = math.sqrt(-x[0])
        out[4] = x[0] ** 30

    x, out = np.array([1000], np.float32), np.zeros(5, np.float32)
    assert watch(extremes, 1, 1, x, out).ok
    np.testing.assert_array_equal(out, [np.inf, np.inf, -np.inf, np.nan, np.inf])


def test_atomics_return_the_old_value_and_do_what_they_say() -> None:
    @cuda.jit
    def every_atomic(cells, old):
        old[0] = cuda.atomic.add(cells, 0, 5)
        old[1] = cuda.atomic.sub(cells, 1, 5)
        old[2] = cuda.atomic.max(cells, 2, 5)
        old[3] = cuda.atomic.min(cells, 3, 5)
        old[4] = cuda.atomic.exch(cells, 4, 5)
        old[5] = cuda.atomic.cas(cells, 5, 10, 5)
        old[6] = cuda.atomic.cas(cells, 6, 11, 5)

    cells, old = np.full(7, 10, np.int32), np.zeros(7, np.int32)
    run = watch(every_atomic, 1, 1, cells, old)
    assert run.ok
    assert old.tolist() == [10] * 7
    assert cells.tolist() == [15, 5, 10, 5, 5, 5, 10]
    assert run.total("global", "atomic") == 7


def test_one_array_under_two_names_is_watched_as_one() -> None:
    @cuda.jit
    def shift(a, b):
        t = cuda.threadIdx.x
        b[t] = a[(t + 1) % 4]

    x = np.arange(4, dtype=np.float32)
    assert watch(shift, 1, 4, x.copy(), x.copy()).ok
    (found,) = watch(shift, 1, 4, x, x).findings
    assert (found.kind, found.array) == ("race", "a")
    with pytest.raises(ValueError, match="a and b overlap in part"):
        watch(shift, 1, 2, x[:3], x[1:])


@pytest.mark.parametrize(
    ("blocks", "threads", "said"),
    [
        (0, 8, "blocks must be 1 to 3 whole numbers of at least 1, got 0"),
        (1, (4, -1), "threads must be"),
        (1.5, 8, "blocks must be"),
        (1, (2, 2, 2, 2), "threads must be"),
        (1, 1025, "a block has 1024 threads at most"),
    ],
)
def test_a_launch_of_no_sensible_size_is_refused(blocks, threads, said) -> None:
    with pytest.raises(ValueError, match=said):
        watch(running_sum, blocks, threads, floats(RNG, 8), floats(RNG, 8))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((floats(RNG, 8),), r"running_sum takes 2 arguments \(x, out\), got 1"),
        ((floats(RNG, 8), [0.0] * 8), "out must be a NumPy array or a number .*, got list"),
        ((floats(RNG, 8), np.array(["a"])), "out must hold numbers along 1 axis or more"),
    ],
)
def test_an_argument_that_is_no_array_is_refused(arguments, said) -> None:
    with pytest.raises(TypeError, match=said):
        watch(running_sum, 1, 8, *arguments)


def test_a_read_only_array_may_be_read_and_not_written() -> None:
    x, out = floats(RNG, 8), floats(RNG, 8)
    x.flags.writeable = False
    assert watch(running_sum, 1, 8, x, out).ok
    out.flags.writeable = False
    out_before = out.copy()
    with pytest.raises(ValueError, match="writes to out, which is read-only"):
        watch(running_sum, 1, 8, np.ones(8, np.float32), out)
    np.testing.assert_array_equal(out, out_before)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("x[0, 1] = 1", "x has shape (4,): write a cell with 1 index, got 2"),
        ("y = x[0:2]", "an index of x must be whole numbers"),
        ("x[0] = x", "x holds float32, got <global array x"),
        ("y = x[0].real.nothing", "AttributeError"),
        ("cuda.warp_vote()", "cuda.warp_vote is not known to the instrumented back end"),
        (
            "y = cuda.shared.array(cuda.threadIdx.x, float32)",
            "shape of whole numbers of at least 1",
        ),
        ("y = cuda.shared.array(4, 'f')", "needs a type such as float32"),
        ("y = cuda.shared.array(12289, float32)", "a block has 49152 bytes of shared memory"),
        ("for v in x: pass", "TypeError"),
        ("print(x[0])", "NameError: name 'print' is not defined"),
        ("open('/etc/passwd')", "NameError: name 'open' is not defined"),
        ("y = 1 // (cuda.threadIdx.x - 1)", "ZeroDivisionError"),
    ],
)
def test_an_error_names_thread_and_line(body, said) -> None:
    scope = {"cuda": cuda, "float32": float32}
    exec(f"def k(x):\n    t = 0\n    {body}\n", scope)
    (found,) = watch(scope["k"], 1, 2, np.zeros(4, np.float32)).findings
    assert (found.kind, found.line) == ("error", 3)
    assert "of block 0, line 3" in found.message
    assert said in found.message


def test_a_kernel_uses_nothing_from_outside_but_numbers() -> None:
    scope = {
        "cuda": cuda,
        "WEIGHTS": [1, 2],
        "helper": lambda: 1,
        "add": running_sum,
        "SIZES": (1, 2),
    }
    exec("def k(x):\n    x[0] = WEIGHTS[0]\n\ndef h(x):\n    x[0] = helper()\n", scope)
    exec("def fine(x):\n    cuda.atomic.add(x, 0, SIZES[1])\n", scope)
    x = np.zeros(1, np.float32)
    with pytest.raises(TypeError, match=r"can use numbers .* WEIGHTS is of type list"):
        watch(scope["k"], 1, 1, x)
    with pytest.raises(TypeError, match="helper is of type function: make it a device function"):
        watch(scope["h"], 1, 1, x)
    assert watch(scope["fine"], 1, 1, x).ok  # the kernel `add` has nothing to do with cuda.atomic
    assert x[0] == 2


def test_a_kernel_can_be_launched_but_not_called() -> None:
    with pytest.raises(TypeError, match=r"launch it with running_sum\[blocks, threads\]"):
        running_sum(1, 2)
    with pytest.raises(TypeError, match="blocks, threads"):
        running_sum[4]
    with pytest.raises(RuntimeError, match=r"cuda\.grid has a meaning only within a kernel"):
        cuda.grid(1)


def test_device_functions_are_watched_and_their_lines_named() -> None:
    @cuda.jit(device=True)
    def fetch(x, i):
        return x[i + 1]

    @cuda.jit
    def use_fetch(x, out):
        i = cuda.grid(1)
        out[i] = fetch(x, i)

    (found,) = watch(use_fetch, 1, 4, np.zeros(4, np.float32), np.zeros(4, np.float32)).findings
    assert (found.kind, found.index) == ("out_of_range", (4,))
    assert found.line == fetch.function.__code__.co_firstlineno + 2
    with pytest.raises(TypeError, match="a device function: call it from a kernel"):
        fetch[1, 4]


def test_an_endless_loop_over_cells_ends_at_the_limit() -> None:
    @cuda.jit
    def forever(x):
        while x[0] == 0:
            x[0] = 0

    started = time.perf_counter()
    run = watch(forever, 4, 8, np.zeros(1, np.float32), limit=20_000)
    assert time.perf_counter() - started < 2
    assert [finding.kind for finding in run.findings] == ["step_limit"]
    assert "stopped after 20000 accesses" in run.findings[0].message


def test_an_endless_loop_out_of_range_ends_too() -> None:
    @cuda.jit
    def forever(x):
        i = 0
        while i >= 0:
            x[4 + i] = 0
            i += 1

    run = watch(forever, 1, 1, np.zeros(1, np.float32), limit=1000)
    assert {finding.kind for finding in run.findings} == {"step_limit", "out_of_range"}


def test_a_time_limit_ends_a_loop_that_touches_no_array() -> None:
    @cuda.jit
    def forever(x):
        k = 0
        while k >= 0:
            k += 1

    with pytest.raises(TimeLimitExceeded):
        call_within(0.2, watch, forever, 1, 2, np.zeros(1, np.float32))
    assert watch(running_sum, 1, 8, floats(RNG, 8), floats(RNG, 8)).ok


def test_a_report_is_plain_data() -> None:
    run = watch(neighbour_without_barrier, 1, 8, floats(RNG, 8), floats(RNG, 8))
    plain = run.as_plain()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["findings"][0]["array"] == "s"
    assert plain["most"]["shared load"] == 1
    assert plain["traffic"]["x"]["loads"] == 8


def test_a_report_says_everything_in_words() -> None:
    run = watch(neighbour_without_barrier, 1, 8, floats(RNG, 8), floats(RNG, 8))
    first = neighbour_without_barrier.function.__code__.co_firstlineno
    assert str(run).splitlines() == [
        "neighbour_without_barrier, 1 x 8 threads: mistakes found",
        f"- Shared memory, race: thread 0 of block 0 writes s[0] at line {first + 4}, and thread 7 "
        f"of block 0 reads it at line {first + 5}: both in phase 0, with no cuda.syncthreads() "
        "between them; the same happens to 7 more cells of s.",
        f"    line {first + 4}: s[t] = x[t]  # BUG",
        "  x (global): 8 loads, 0 stores, 0 atomics; cost 1 (transactions of 32 bytes), at least 1",
        "  out (global): 0 loads, 8 stores, 0 atomics; cost 1 (transactions of 32 bytes), "
        "at least 1",
        "  s (shared): 8 loads, 8 stores, 0 atomics; cost 2 (passes over the banks), at least 2",
    ]


def test_events_can_be_drawn() -> None:
    run = watch(neighbour_without_barrier, 2, 8, floats(RNG, 8), floats(RNG, 8))
    events = run.events("s")
    assert len(events) == 16
    assert events[0][:5] == (0, "0", "0", "write", True)
    figure = viz.thread_accesses(events, title="Reads and writes clash", array="s")
    assert "clash over cell 0 of threads 0, 7" in str(figure)
    assert {event.thread for event in run.events("out", block=None)} > {"0.7", "1.0"}
    with pytest.raises(KeyError, match="there are x, out, s"):
        run.events("tile")


def test_cells_that_nobody_wrote_are_listed() -> None:
    @cuda.jit
    def every_other(out):
        i = 2 * cuda.grid(1)
        out[i // 4, i % 4] = 1

    run = watch(every_other, 1, 3, np.zeros((2, 4), np.float32))
    assert run.not_written("out") == [(0, 1), (0, 3), (1, 1), (1, 2), (1, 3)]


@pytest.mark.parametrize("threads", [64, 256, 1024])
def test_a_check_of_a_kernel_at_teaching_size_is_quick(threads) -> None:
    side = int(threads**0.5)
    blocks = (max(1, side // 16),) * 2
    a, b, out = (floats(RNG, side, side) for _ in range(3))
    started = time.perf_counter()
    assert watch(matmul_tiled_kernel, blocks, (16, 16), a, b, out).ok
    assert time.perf_counter() - started < 2.0  # 0.3 s on a quiet machine


def test_barriers_after_uniform_conditions_are_no_mistake() -> None:
    @cuda.jit
    def uniform(x, n, out):
        t = cuda.threadIdx.x
        total = x[t]
        if n > 2:
            cuda.syncthreads()
        for k in range(n):
            if k == 3:
                break
            cuda.syncthreads()
            if t == k:
                continue
            total += x[k]
        out[t] = total

    assert watch(uniform, 1, 4, np.ones(4, np.float32), 5, np.zeros(4, np.float32)).ok


def test_a_break_that_depends_on_the_thread_skips_the_barriers_before_it_too() -> None:
    @cuda.jit
    def leaves(x, out):
        t = cuda.threadIdx.x
        for k in range(4):
            cuda.syncthreads()
            if x[t] > 5:
                break
            out[t] = k

    x = np.zeros(4, np.float32)
    (found,) = watch(leaves, 1, 4, x, x.copy()).findings
    assert found.kind == "barrier_in_branch"
    x[2] = 9
    (found,) = watch(leaves, 1, 4, x, np.zeros(4, np.float32)).findings
    assert found.kind == "divergent_barrier"


def test_what_atomics_do_is_unordered_only_against_plain_access() -> None:
    @cuda.jit
    def count_then_read(counts, out):
        t = cuda.threadIdx.x
        cuda.atomic.add(counts, t % 2, 1)
        cuda.syncthreads()
        out[t] = counts[0] + counts[1]

    run = watch(count_then_read, 1, 8, np.zeros(2, np.int32), np.zeros(8, np.int32))
    assert run.ok
    (found,) = watch(count_then_read, 2, 4, np.zeros(2, np.int32), np.zeros(4, np.int32)).findings[
        :1
    ]
    assert (found.kind, found.array) == ("race", "counts")
    assert "no barrier orders the threads of different blocks" in found.message


def test_shared_arrays_of_two_blocks_have_nothing_to_do_with_each_other() -> None:
    @cuda.jit
    def keep(out):
        s = cuda.shared.array(1, int32)
        if cuda.threadIdx.x == 0:
            s[0] = cuda.blockIdx.x
        cuda.syncthreads()
        out[cuda.grid(1)] = s[0]

    out = np.zeros(6, np.int32)
    assert watch(keep, 3, 2, out).ok
    assert out.tolist() == [0, 0, 1, 1, 2, 2]
