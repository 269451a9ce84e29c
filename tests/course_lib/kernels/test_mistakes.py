"""Every mistake is found every time, with its threads, array and line."""

import inspect

import numpy as np
import pytest
from mistaken import MISTAKES, Mistake

from course_lib.kernels import KernelError, cuda, use, watch

every_mistake = pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.kernel.__name__)
LIMIT = 5_000


def bug_lines(mistake: Mistake) -> set[int]:
    lines, first = inspect.getsourcelines(mistake.kernel.function)
    return {first + k for k, line in enumerate(lines) if "# BUG" in line}


def test_there_are_more_than_twelve_kinds_of_mistaken_kernels() -> None:
    assert len(MISTAKES) >= 20
    assert len({m.kind for m in MISTAKES}) == 8


@every_mistake
def test_a_mistake_is_found_100_times_in_100_with_threads_array_and_line(mistake: Mistake) -> None:
    lines = bug_lines(mistake)
    assert lines
    for seed in range(100):
        arguments = mistake.arguments(np.random.default_rng(seed))
        run = watch(mistake.kernel, mistake.blocks, mistake.threads, *arguments, limit=LIMIT)
        assert not run.ok
        (found,) = [f for f in run.findings if f.kind == mistake.kind and f.array == mistake.array]
        assert {found.line, found.other_line} & lines
        assert found.kind == "barrier_in_branch" or found.threads
        if mistake.array:
            assert f"{mistake.array}[" in found.message
        assert "# BUG" in found.text or found.other_line in lines


@pytest.mark.parametrize(
    "mistake", [m for m in MISTAKES if m.between], ids=lambda m: m.kernel.__name__
)
def test_a_race_names_the_two_threads(mistake: Mistake) -> None:
    run = watch(
        mistake.kernel,
        mistake.blocks,
        mistake.threads,
        *mistake.arguments(np.random.default_rng(0)),
    )
    (found,) = [f for f in run.findings if f.kind == mistake.kind]
    assert mistake.between is not None
    assert found.threads == tuple(run.shape.place(thread) for thread in mistake.between)
    for thread in mistake.between:
        assert run.shape.name(thread) in found.message


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
