"""Every mistake is found every time, with its threads, array and line."""

import inspect

import numpy as np
import pytest
from mistaken import MISTAKES, Mistake, move

from course_lib.kernels import KernelError, cuda, use, watch

every_mistake = pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.kernel.__name__)
LIMIT = 5_000
DEVICE = {"race_in_a_device_function": (move.function,)}
OF_TWO = ("race", "non_atomic_update", "divergent_barrier")  # two threads are named in the message


def bug_lines(mistake: Mistake) -> set[int]:
    """The marked lines of the kernel, or of a device function that it calls."""
    functions = [mistake.kernel.function, *DEVICE.get(mistake.kernel.__name__, ())]
    found = set()
    for function in functions:
        lines, first = inspect.getsourcelines(function)
        found |= {first + k for k, line in enumerate(lines) if "# BUG" in line}
    return found


def test_every_kind_of_mistake_is_among_the_mistaken_kernels() -> None:
    assert len(MISTAKES) >= 30
    assert {m.kind for m in MISTAKES} == {
        "race", "non_atomic_update", "divergent_barrier", "barrier_in_branch", "unwritten",
        "out_of_range", "error", "step_limit",
    }  # fmt: skip
    assert sum(bool(m.array) for m in MISTAKES) >= 20


@every_mistake
def test_a_mistake_is_found_100_times_in_100_with_threads_array_and_line(mistake: Mistake) -> None:
    lines = bug_lines(mistake)
    assert lines
    for seed in range(100):
        arguments = mistake.arguments(np.random.default_rng(seed))
        named = mistake.threads_named
        threads = named(*arguments) if callable(named) else named
        run = watch(mistake.kernel, mistake.blocks, mistake.threads, *arguments, limit=LIMIT)
        assert not run.ok
        (found,) = [f for f in run.findings if f.kind == mistake.kind and f.array == mistake.array]
        assert found.threads == tuple(run.shape.place(int(thread)) for thread in threads)
        assert {found.line, found.other_line} & lines
        assert f"line {found.line}" in found.message
        in_words = threads if found.kind in OF_TWO else threads[:1]
        for thread in in_words:
            assert run.shape.name(int(thread)) in found.message
        if mistake.array:
            assert f" {mistake.array}[{', '.join(map(str, found.index))}]" in found.message


@every_mistake
def test_the_same_launch_gives_the_same_report(mistake: Mistake) -> None:
    def report() -> str:
        arguments = mistake.arguments(np.random.default_rng(1))
        run = watch(mistake.kernel, mistake.blocks, mistake.threads, *arguments, limit=LIMIT)
        return str(run)

    assert report() == report()


@every_mistake
def test_a_launch_refuses_what_watching_finds(mistake: Mistake) -> None:
    if mistake.kind == "step_limit":
        return
    use("instrumented")
    try:
        with pytest.raises(KernelError) as caught:
            mistake.kernel[mistake.blocks, mistake.threads](
                *mistake.arguments(np.random.default_rng(2))
            )
        assert mistake.kind in {finding.kind for finding in caught.value.run.findings}
    finally:
        use(None)


def test_a_cell_that_races_in_two_blocks_is_one_cell() -> None:
    mistake = next(m for m in MISTAKES if m.kernel.__name__ == "all_write_one_cell")
    run = watch(mistake.kernel, 2, 8, *mistake.arguments(np.random.default_rng(0)))
    (found,) = run.findings
    assert found.count == 1
    assert "more cell" not in found.message
    mistake = next(m for m in MISTAKES if m.kernel.__name__ == "histogram_without_atomics")
    values, counts = np.arange(16, dtype=np.int32) % 3, np.zeros(3, np.int32)
    (found,) = watch(mistake.kernel, 2, 8, values, counts).findings
    assert found.count == 3
    assert found.message.endswith("the same happens to 2 more cells of counts.")


def test_a_race_of_equal_values_is_said_to_be_a_race() -> None:
    mistake = next(m for m in MISTAKES if m.kernel.__name__ == "all_write_the_same_value")
    run = watch(mistake.kernel, 1, 8, *mistake.arguments(np.random.default_rng(0)))
    assert "a race even if both write the same value" in run.findings[0].message


def test_a_divergent_barrier_says_who_waits_where_and_who_has_ended() -> None:
    mistake = next(m for m in MISTAKES if m.kernel.__name__ == "barrier_for_some")
    run = watch(mistake.kernel, 1, 8, *mistake.arguments(np.random.default_rng(0)))
    (line,) = bug_lines(mistake)
    assert run.findings[0].message == (
        f"Divergent barrier: thread 0 of block 0 and 2 more are at the barrier of line {line}, "
        "thread 3 of block 0 and 4 more are at the end of the kernel. Every thread of a block must "
        "reach the same cuda.syncthreads()."
    )
    assert not run.finished


def test_a_negative_index_is_out_of_range_though_numpy_would_wrap_it() -> None:
    mistake = next(m for m in MISTAKES if m.kernel.__name__ == "left_neighbour_of_the_first")
    run = watch(mistake.kernel, 1, 8, *mistake.arguments(np.random.default_rng(0)))
    (found,) = run.findings
    assert (found.index, found.shape, found.count) == ((-1,), (8,), 1)
    assert "an index must not be negative" in found.message


def test_out_of_range_names_index_shape_and_the_other_threads() -> None:
    mistake = next(m for m in MISTAKES if m.kernel.__name__ == "no_guard")
    run = watch(mistake.kernel, 2, 8, *mistake.arguments(np.random.default_rng(0)))
    (found,) = run.findings
    assert found.message.startswith("Out of range: thread 3 of block 1 reads x[11] at line ")
    assert "but x has shape (11,)" in found.message
    assert found.message.endswith("so do 4 other threads.")


def test_what_is_read_out_of_range_is_garbage_and_what_is_written_there_is_lost() -> None:
    @cuda.jit
    def shift(x, out):  # type: ignore[no-untyped-def]
        i = cuda.grid(1)
        out[i + 1] = x[i + 1]

    x, out = np.ones(4, np.float32), np.zeros(4, np.float32)
    run = watch(shift, 1, 4, x, out)
    assert {f.kind for f in run.findings} == {"out_of_range"}
    assert out.tolist() == [0, 1, 1, 1]
