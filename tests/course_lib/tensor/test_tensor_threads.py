"""Blocks of rows on several threads: the same numbers, errors and error states as on one."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib import tensor as T
from course_lib.tensor import functional as F
from course_lib.tensor.memory import keep_freed
from course_lib.tensor.threads import for_blocks

LARGE = 4 * 65_536  # elements: more than one block


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = T.get_num_threads()
    T.set_num_threads(2)
    yield
    T.set_num_threads(before)


@given(
    rows=st.integers(0, 200), elements=st.integers(0, 10 * LARGE), threads=st.sampled_from([1, 3])
)
def test_every_row_is_visited_once(rows: int, elements: int, threads: int) -> None:
    T.set_num_threads(threads)
    visits = np.zeros(rows, int)

    def work(part: slice) -> None:
        visits[part] += 1

    for_blocks(work, rows, elements)
    assert (visits == 1).all()


def test_what_fits_into_the_cache_is_one_block_on_the_calling_thread() -> None:
    seen: list[tuple[slice, str]] = []
    for_blocks(lambda part: seen.append((part, threading.current_thread().name)), 10, 65_536)
    assert seen == [(slice(0, 10), threading.current_thread().name)]


def test_two_threads_work_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=20)  # breaks, and the test fails, if one waits alone
    for_blocks(lambda part: both.wait() and None, 2, 2 * LARGE)


def attention(x: np.ndarray) -> tuple[T.Tensor, ...]:
    q, k, v = (T.tensor(x[i].reshape(16, 4, 64, 32), requires_grad=True) for i in range(3))
    F.scaled_dot_product_attention(q, k, v, is_causal=True).square().sum().backward()
    return q, k, v


def dropped_attention(x: np.ndarray) -> tuple[T.Tensor, ...]:
    q, k, v = (T.tensor(x[i].reshape(16, 4, 64, 32), requires_grad=True) for i in range(3))
    rng, mask = np.random.default_rng(3), T.tensor(np.tri(64, 64, 5) > 0)
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=0.2, rng=rng)
    out.square().sum().backward()
    return q, k, v


def normed(x: np.ndarray) -> tuple[T.Tensor, ...]:
    rows, w, b = (
        T.tensor(a, requires_grad=True) for a in (x[0].reshape(-1, 64), x[1, :64], x[2, :64])
    )
    F.layer_norm(rows, 64, w, b).square().sum().backward()
    return rows, w, b


def gelu(x: np.ndarray) -> tuple[T.Tensor, ...]:
    a, b = T.tensor(x, requires_grad=True), T.tensor(x, requires_grad=True)
    (F.gelu(a).square() + F.gelu(b, approximate="tanh")).sum().backward()
    return a, b


@pytest.mark.parametrize("work", [attention, dropped_attention, normed, gelu])
def test_results_do_not_depend_on_the_number_of_threads(
    work: Callable[[np.ndarray], tuple[T.Tensor, ...]],
) -> None:
    x = np.random.default_rng(0).standard_normal((3, 16 * 4 * 64 * 32), dtype=np.float32)
    found = []
    for threads in (1, 2, 5):
        T.set_num_threads(threads)
        found.append([a.grad for a in work(x)])
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, two)


def test_an_error_state_holds_in_all_threads() -> None:
    x = T.tensor(np.full(LARGE, np.inf, np.float32))
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        F.gelu(x)  # infinity times 0
    with np.errstate(all="ignore"):
        F.gelu(x)


def test_an_error_in_a_helping_thread_is_raised() -> None:
    def work(part: slice) -> None:
        if part.start:
            raise KeyError(part.start)

    with pytest.raises(KeyError):
        for_blocks(work, 4, 4 * LARGE)


@pytest.mark.parametrize("wrong", [0, -1, True])
def test_a_number_of_threads_is_whole_and_positive(wrong: int) -> None:
    with pytest.raises(ValueError, match=f"a whole number from 1 on was required, got {wrong}"):
        T.set_num_threads(wrong)
    assert T.get_num_threads() == 2


def fresh(code: str, **variables: str) -> str:
    """What a new interpreter prints."""
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=120,
        env={**os.environ, **variables}, check=True,
    )  # fmt: skip
    return run.stdout.strip()


def test_at_first_there_are_as_many_as_openmp_is_told() -> None:
    say = "from course_lib import tensor; print(tensor.get_num_threads())"
    assert fresh(say, OMP_NUM_THREADS="3") == "3"
    assert int(fresh(say, OMP_NUM_THREADS="")) >= 1
    start = "import threading; from course_lib import tensor; print(threading.active_count())"
    assert fresh(start) == "1"  # and none is started before it is needed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system with fork, as Linux and macOS")
def test_a_fork_starts_threads_of_its_own() -> None:
    code = (
        "import os, numpy as np\n"
        "from course_lib import tensor as T\n"
        "T.set_num_threads(2)\n"
        f"x = T.tensor(np.ones({LARGE}, np.float32))\n"
        "before = T.functional.gelu(x).data\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    os._exit(7 if (T.functional.gelu(x).data == before).all() else 1)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))"
    )
    assert fresh(code, OMP_NUM_THREADS="2") == "7"


# --- memory -------------------------------------------------------------------------------------

TOUCHED = (
    "import resource, numpy as np\n"
    "from course_lib import tensor as T\n"
    "def step():\n"
    "    arrays = [np.ones(2**20, np.float32) for _ in range(8)]\n"
    "for _ in range(5): step()\n"
    "before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
    "for _ in range(10): step()\n"
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)"
)


@pytest.mark.skipif(not keep_freed(), reason="needs glibc, and no settings of its own for it")
def test_memory_that_was_freed_is_not_cleared_by_the_system_again() -> None:
    assert int(fresh(TOUCHED)) < 2_000  # of 10 x 8192 pages, if each were taken anew


def test_what_a_user_has_told_glibc_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "131072")
    assert not keep_freed()
