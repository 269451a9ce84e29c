"""A block of rows at a time, on several threads: for work that goes over its data many times.

NumPy uses one thread for all but matrix products. Its loops let other threads run meanwhile, so
blocks of rows can be computed side by side; and a block that fits into the cache of a processor is
read from main memory once, however many steps the formula has. The result is the same to the last
bit, whatever the number of threads. Knows no tensor. Taught in lesson 05.
"""

import contextvars
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

_BLOCK = 65_536  # elements: 256 KiB in float32, a few of which fit into a second-level cache
_pool: ThreadPoolExecutor | None = None


def get_num_threads() -> int:
    """How many threads work on one operation: at first OMP_NUM_THREADS, or all processors."""
    return _threads


def set_num_threads(num: int) -> None:
    """Use so many threads in one operation; matrix products are up to NumPy's BLAS.

    Raises:
        ValueError: num is not a whole number from 1 on.
    """
    global _threads
    if type(num) is not int or num < 1:
        raise ValueError(f"set_num_threads: a whole number from 1 on was required, got {num!r}")
    _threads = num
    _forget_pool()


def for_blocks(work: Callable[[slice], None], rows: int, elements: int) -> None:
    """Call work(part) for slices that make up range(rows), some of them at the same time.

    work reads and writes only its part of each array. elements is the size of the largest array
    that it goes over: where that fits into the cache as a whole, there is one slice.
    """
    step = max(1, rows * _BLOCK // max(elements, 1))
    starts = iter(range(0, rows, step))  # shared: whoever is free takes the next one
    helpers = min(_threads, -(-rows // step)) - 1

    def take_turns() -> None:
        for start in starts:
            work(slice(start, start + step))

    if helpers < 1:
        take_turns()
        return
    # A context of its own each, so that np.errstate around an operation holds in its threads too.
    waiting = [
        _helpers().submit(contextvars.copy_context().run, take_turns) for _ in range(helpers)
    ]
    try:
        take_turns()
    finally:
        for helper in waiting:
            helper.result()


def _helpers() -> ThreadPoolExecutor:
    """Threads besides the calling one, started when they are first needed."""
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(max(1, _threads - 1), thread_name_prefix="course-tensor")
    return _pool


def _forget_pool() -> None:
    """Start threads anew when they are next needed: a fork has its parent's pool without them."""
    global _pool
    _pool = None


def _usable() -> Iterator[int]:
    """Numbers of threads that might do, the best first."""
    wish = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    if wish.isdigit() and int(wish):
        yield int(wish)
    if hasattr(os, "sched_getaffinity"):  # on Linux a process may have only some processors
        yield len(os.sched_getaffinity(0))
    yield os.cpu_count() or 1


_threads = next(_usable())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)
