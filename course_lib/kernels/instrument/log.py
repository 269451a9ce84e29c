"""The record of a run, unpacked: one row an access, one column a fact.

Adds to `recorder`: columns as arrays, and the names of what is numbered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from course_lib.kernels.instrument.recorder import (
    ARRAY_BITS,
    ARRAY_SHIFT,
    CELL_BITS,
    KIND_BITS,
    KIND_SHIFT,
    SITE_SHIFT,
    Recorder,
)

Dims3 = tuple[int, int, int]
Column = Int[np.ndarray, " accesses"]


@dataclass(frozen=True)
class Shape:
    """Blocks and threads of a launch, and how its threads are called."""

    grid: Dims3
    block: Dims3

    @property
    def threads_per_block(self) -> int:
        """Threads in a block."""
        return self.block[0] * self.block[1] * self.block[2]

    @property
    def threads(self) -> int:
        """Threads in all blocks."""
        return self.grid[0] * self.grid[1] * self.grid[2] * self.threads_per_block

    def place(self, thread: int) -> tuple[Dims3, Dims3]:
        """(block, thread) as (x, y, z) each, of a thread counted through all blocks."""
        block, within = divmod(thread, self.threads_per_block)
        return _unfold(block, self.grid), _unfold(within, self.block)

    def name(self, thread: int) -> str:
        """A thread in words."""
        block, within = self.place(thread)
        return f"thread {short(within, self.block)} of block {short(block, self.grid)}"


def _unfold(number: int, extent: Dims3) -> Dims3:
    rest, x = divmod(number, extent[0])
    z, y = divmod(rest, extent[1])
    return x, y, z


def short(place: Sequence[int], extent: Sequence[int]) -> str:
    """A position with no more axes than are in use: 3, or (3, 1)."""
    axes = max((k + 1 for k in range(3) if extent[k] > 1), default=1)
    return str(place[0]) if axes == 1 else f"({', '.join(map(str, place[:axes]))})"


class ArrayInfo(NamedTuple):
    """An array of the kernel: what it is called and how it lies in memory."""

    name: str
    space: str
    shape: tuple[int, ...]
    itemsize: int
    strides: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Log:
    """Every access to global and shared arrays, in the order in which it was made."""

    thread: Column  # counted through all blocks
    block: Column
    phase: Column  # barriers that the thread has passed
    array: Column
    cell: Column  # in row-major order
    kind: Column  # READ, WRITE or ATOMIC
    site: Column
    arrays: tuple[ArrayInfo, ...]

    @cached_property
    def spaces(self) -> Int[np.ndarray, " arrays"]:
        """For each array, 1 if it is shared by a block, else 0."""
        return np.array([array.space == "shared" for array in self.arrays], dtype=np.int64)

    def __len__(self) -> int:
        return len(self.cell)


def unpack(recorder: Recorder, shape: Shape) -> Log:
    """Read a recorder's packed entries."""
    entries = np.fromiter(recorder.entries, dtype=np.int64, count=len(recorder.entries))
    spans = np.array(recorder.spans, dtype=np.int64).reshape(-1, 3)
    lengths = np.diff(spans[:, 0], append=len(entries))
    thread = np.repeat(spans[:, 1], lengths)
    sites, which = np.unique(entries >> SITE_SHIFT, return_inverse=True)
    places = np.array([recorder.place(int(site)) for site in sites], dtype=np.int64)
    infos = tuple(
        ArrayInfo(a.name, a.space, tuple(a.shape), a.dtype.itemsize, tuple(a.strides))
        for a in recorder.arrays
    )
    return Log(
        thread=thread,
        block=thread // shape.threads_per_block,
        phase=np.repeat(spans[:, 2], lengths),
        array=(entries >> ARRAY_SHIFT) & ((1 << ARRAY_BITS) - 1),
        cell=entries & ((1 << CELL_BITS) - 1),
        kind=(entries >> KIND_SHIFT) & ((1 << KIND_BITS) - 1),
        site=places[which],
        arrays=infos,
    )
