"""Where submissions are graded: worker processes of this machine, or a Dask cluster.

Both take the same unit of work and give a `concurrent.futures.Future`.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from grader.classroom.notebook_run import Policy
from grader.classroom.result import Result
from grader.classroom.unit import Work, grade_submission
from grader.errors import CourseError

Grade = Callable[[Work, Policy], Result]


class WorkerLost(Exception):
    """The process that graded a submission is gone; `str()` says how."""


class Pool(Protocol):
    """Takes submissions; `capacity` of them at a time are worth handing in."""

    capacity: int

    def submit(self, work: Work, policy: Policy) -> Future[Result]:
        """Grade a submission, sooner or later."""
        ...

    def watch(self) -> None:
        """Put right what does not move by itself; called now and then."""
        ...

    def outcome(self, future: Future[Result]) -> Result:
        """A finished future's result.

        Raises:
            WorkerLost: whoever graded it is gone.
            CourseError: this machine cannot grade.
        """
        ...

    def close(self, *, now: bool) -> None:
        """End it; with `now`, whatever is still under way is given up."""
        ...


@dataclass
class _Lane:
    """One worker process, one submission at a time, so that a death is its submission's."""

    executor: ProcessPoolExecutor
    future: Future[Result] | None = None
    deadline: float = 0.0
    said: str = ""

    @property
    def free(self) -> bool:
        return self.future is None or self.future.done()


@dataclass
class LocalPool:
    """Worker processes of this machine.

    Attributes:
        workers: how many.
        grade: what a worker does; a test may give its own.
    """

    workers: int
    grade: Grade = grade_submission
    capacity: int = 0
    _lanes: list[_Lane] = field(default_factory=list)
    _fates: dict[Future[Result], _Lane] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.capacity = self.workers
        self._lanes = [_Lane(_executor()) for _ in range(self.workers)]
        for lane in self._lanes:  # they import what they need while we look for work
            lane.executor.submit(_nothing)

    def submit(self, work: Work, policy: Policy) -> Future[Result]:
        """Grade in the next free worker.

        Raises:
            RuntimeError: all are busy; hand in `capacity` at a time.
        """
        lane = next((lane for lane in self._lanes if lane.free), None)
        if lane is None:
            raise RuntimeError(f"all {self.workers} workers are busy")
        notebooks = max(1, len(work.masters))
        lane.deadline = time.monotonic() + allowed_seconds(policy, notebooks)
        lane.said = ""
        try:
            future = lane.executor.submit(self.grade, work, policy)
        except RuntimeError:  # its process died between two submissions
            lane.executor = _executor()
            future = lane.executor.submit(self.grade, work, policy)
        lane.future = future
        self._fates[future] = lane
        return future

    def watch(self) -> None:
        """End a worker that does not answer: its kernel has limits, but it may hang itself."""
        for lane in self._lanes:
            if not lane.free and time.monotonic() > lane.deadline:
                lane.said = "the worker gave no answer in time"
                _kill(lane.executor)

    def outcome(self, future: Future[Result]) -> Result:
        """See `Pool.outcome`; a worker that died is replaced."""
        from concurrent.futures.process import BrokenProcessPool

        lane = self._fates.pop(future)
        try:
            return future.result(timeout=0)
        except BrokenProcessPool as error:
            lane.executor.shutdown(wait=False, cancel_futures=True)
            lane.executor = _executor()
            raise WorkerLost(lane.said or "the worker died") from error
        finally:
            lane.future = None

    def close(self, *, now: bool) -> None:
        """End the workers; a sandbox ends with the worker that started it."""
        for lane in self._lanes:
            if now:
                _kill(lane.executor)
            lane.executor.shutdown(wait=False, cancel_futures=True)  # all of them at once
        for lane in self._lanes:
            lane.executor.shutdown(wait=not now)


def allowed_seconds(policy: Policy, notebooks: int) -> float:
    """After how long a silent worker must be stuck: more than limits allow.

    A notebook runs up to twice, and before the first one the instructor's up to three times.
    """
    return notebooks * (6 * policy.limits.notebook_seconds + 270.0) + 60.0


def _executor() -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")  # a clean process: no threads, locks or sockets
    return ProcessPoolExecutor(1, mp_context=context, initializer=_begin, initargs=(os.getpid(),))


def _nothing() -> None:
    """A first task, for which a worker has to be there."""


def _begin(runner: int) -> None:
    """Ctrl-C goes to the runner alone, which stops its workers; they never outlive it."""
    with suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":  # elsewhere, one whose runner was killed waits for ever
        from grader.classroom.inside.linux import end_with_parent

        end_with_parent(runner)


def _kill(executor: ProcessPoolExecutor) -> None:
    for process in list((getattr(executor, "_processes", None) or {}).values()):
        with suppress(OSError, ValueError):
            process.kill() if process.pid else None


class DaskPool:
    """The workers of a Dask cluster. They need this package, and share no folder with us."""

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise CourseError(
                "--scheduler needs Dask; install it with: pip install distributed"
            ) from error
        try:
            self._client: Any = Client(  # type: ignore[no-untyped-call]
                address, timeout="10s", set_as_default=False
            )
        except (OSError, ValueError) as error:
            raise CourseError(f"no Dask scheduler answers at {address}: {error}") from error
        self._waiting: dict[Future[Result], Any] = {}
        self.capacity = max(1, 2 * self._threads())

    def _threads(self) -> int:
        return sum(self._client.nthreads().values())

    def submit(self, work: Work, policy: Policy) -> Future[Result]:
        """Grade on whichever worker is free; Dask starts it again if that one is lost."""
        remote = self._client.submit(grade_submission, work, policy, pure=False, retries=1)
        future: Future[Result] = Future()
        self._waiting[future] = remote
        remote.add_done_callback(lambda done: _pass_on(done, future))
        return future

    def watch(self) -> None:
        """A cluster may grow and shrink."""
        self.capacity = max(1, 2 * self._threads())

    def outcome(self, future: Future[Result]) -> Result:
        """See `Pool.outcome`."""
        from distributed import KilledWorker

        self._waiting.pop(future, None)
        try:
            return future.result(timeout=0)
        except KilledWorker as error:
            raise WorkerLost("every worker that took it was lost") from error

    def close(self, *, now: bool) -> None:
        """Leave the cluster as it was."""
        for remote in self._waiting.values():
            remote.cancel()
        self._client.close()


def _pass_on(remote: Any, future: Future[Result]) -> None:
    if remote.cancelled():
        future.cancel()
        return
    error = remote.exception()
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(remote.result())


def default_workers() -> int:
    """As many as there are processors for this process."""
    from grader.doctor import usable_cpus

    return max(1, int(usable_cpus()) or os.cpu_count() or 1)
