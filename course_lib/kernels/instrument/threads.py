"""Runs the threads of a launch in turn, always in the same order.

Adds to `names`: the scheduler. Blocks run one after another. Within a block each thread is a
greenlet, which runs until it ends or waits at a barrier; when all have, the next phase begins. So
the order is the same every time, and what another order could change is found from the record, not
by luck.
"""

import contextvars
from collections.abc import Sequence
from types import FunctionType
from typing import Any, NamedTuple, no_type_check

import numpy as np

from course_lib.kernels.instrument.names import Dim3, Names
from course_lib.kernels.instrument.recorder import (
    SITE_SHIFT,
    KernelMistake,
    Recorder,
    StepLimit,
)

_ORDINARY = (
    ArithmeticError, AttributeError, LookupError, NameError, RuntimeError, TypeError, ValueError,
    AssertionError, KernelMistake,
)  # fmt: skip
_ENDED = -1


class Stop(NamedTuple):
    """Why a run ended early: an error in one thread, a barrier not all reach, or the step limit."""

    kind: str
    thread: int
    phase: int
    site: int = 0
    error: Exception | None = None
    line: int = 0
    places: tuple[tuple[int, int], ...] = ()  # (thread, site it waits at, or -1: it has ended)


@no_type_check
class Scheduler:
    """Runs a kernel's threads, block by block and phase by phase."""

    def __init__(self, recorder: Recorder, names: Names) -> None:
        self._recorder, self._names = recorder, names
        self.phases = 0  # of the block with the most
        x, y, z = names.blockDim
        self._positions = [Dim3(i, j, k) for k in range(z) for j in range(y) for i in range(x)]

    def run(self, function: FunctionType, args: Sequence[Any]) -> Stop | None:
        """Run every block; give the reason where a run cannot go on."""
        x, y, z = self._names.gridDim
        blocks = (Dim3(i, j, k) for k in range(z) for j in range(y) for i in range(x))
        with np.errstate(all="ignore"):  # 1 / 0 is infinite on a GPU, and no error
            for number, block in enumerate(blocks):
                self._names.blockIdx = block
                self._names.shared.clear()
                stop = self._block(number * len(self._positions), function, args)
                if stop:
                    return stop
        return None

    def _block(self, first: int, function: FunctionType, args: Sequence[Any]) -> Stop | None:
        """Run one block, whose threads are numbered from `first`."""
        from greenlet import getcurrent, greenlet  # here, so that a GPU's machine needs no greenlet

        hub = getcurrent()
        self._names.wait = hub.switch
        threads = [greenlet(function, hub) for _ in self._positions]
        for thread in threads:
            thread.gr_context = contextvars.copy_context()  # NumPy's errstate lives in it
        try:
            for phase in range(self._recorder.limit):
                self.phases = max(self.phases, phase + 1)
                places = []
                for k, thread in enumerate(threads):
                    place = self._resume(first + k, phase, thread, args if phase == 0 else ())
                    if isinstance(place, Stop):
                        return place
                    places.append((first + k, place))
                sites = {site for _, site in places}
                if sites == {_ENDED}:
                    return None
                if len(sites) > 1:
                    return Stop("divergent_barrier", first, phase, places=tuple(places))
            return Stop("step_limit", first, self._recorder.limit)
        finally:
            for thread in threads:
                if thread:  # still waits at a barrier: ends it
                    thread.throw()

    def _resume(self, number: int, phase: int, thread: Any, args: Sequence[Any]) -> int | Stop:
        """Let a thread run to its next barrier; give the barrier's site, or that it has ended."""
        self._recorder.begin(number, phase)
        self._names.threadIdx = self._positions[number % len(self._positions)]
        try:
            site = thread.switch(*args)
            return _ENDED if thread.dead else site
        except StepLimit:
            return Stop("step_limit", number, phase, self._latest_site())
        except _ORDINARY as error:
            return Stop("error", number, phase, error=error, line=self._line(error))

    def _latest_site(self) -> int:
        """Where the latest access was made."""
        entries = self._recorder.entries
        return self._recorder.place(entries[-1] >> SITE_SHIFT) if entries else 0

    def _line(self, error: Exception) -> int:
        """The line of the kernel that an error comes from."""
        line, trace = 0, error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code in self._recorder.codes:
                line = trace.tb_lineno
            trace = trace.tb_next
        return line
