"""Counts what memory has to do: loads and stores, transactions of warps, conflicts of banks.

Adds to `log`: the cost of each access. The 32 threads of a warp make an access together. Global
memory serves it in transactions of 32 bytes, each as long as one aligned sector; shared memory has
32 banks of 4 bytes, and a bank that must give two different words needs two passes (one word for
many threads needs one). A transaction or pass more than the least is time lost.

Atomics are counted apart and cost nothing here. Arrays are taken to start at a sector's first byte,
as allocated memory does. For 8-byte numbers shared memory serves half a warp at a time.

Source: NVIDIA 2025.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from course_lib.kernels.instrument.log import ArrayInfo, Log, Shape
from course_lib.kernels.instrument.names import WARP
from course_lib.kernels.instrument.recorder import ATOMIC

SECTOR = 32  # bytes of a transaction
BANKS, WORD = 32, 4  # banks of shared memory, and the bytes a bank gives at once

Rows = Int[np.ndarray, " rows"]


@dataclass(frozen=True)
class Traffic:
    """What the threads of a run asked of one array.

    requests are accesses of warps. Of a global array, cost counts transactions of 32 bytes; of a
    shared array, passes over the banks. least is what the best order of the same accesses costs.
    """

    array: str
    space: str
    loads: int
    stores: int
    atomics: int
    requests: int
    cost: int
    least: int

    @property
    def efficiency(self) -> float:
        """Least cost over cost: 1.0 where accesses coalesce, or no banks conflict."""
        return self.least / self.cost if self.cost else 1.0


def count_traffic(log: Log, shape: Shape) -> dict[str, Traffic]:
    """The traffic of each global and shared array, by name."""
    found: dict[str, Traffic] = {}
    for number, info in enumerate(log.arrays):
        if info.space == "local":
            continue
        rows = np.flatnonzero(log.array == number)
        loads, stores, atomics = np.bincount(log.kind[rows], minlength=3).tolist()
        requests, cost, least = _cost(log, shape, info, rows[log.kind[rows] != ATOMIC])
        name = info.name if info.name not in found else f"{info.name} ({number})"
        found[name] = Traffic(
            name, info.space, loads, stores, atomics, requests, cost, least
        )  # fmt: skip
    return found


def _cost(log: Log, shape: Shape, info: ArrayInfo, rows: Rows) -> tuple[int, int, int]:
    """(requests, cost, least cost) of accesses to one array."""
    if not len(rows):
        return 0, 0, 0
    request = _requests(log, shape, rows)
    address = _addresses(info, log.cell[rows])
    requests = int(request.max()) + 1
    if info.space == "global":
        return requests, *_transactions(request, address, info.itemsize)
    lanes = WARP * WORD // max(info.itemsize, WORD)  # threads that are served at once
    part = (log.thread[rows] % shape.threads_per_block) % WARP // lanes
    _, served = np.unique(request * WARP + part, return_inverse=True)
    return requests, _passes(served, address, info.itemsize), int(served.max()) + 1


def _requests(log: Log, shape: Shape, rows: Rows) -> Rows:
    """Number the accesses of warps: the n-th time that threads of a warp pass a place."""
    thread = log.thread[rows]
    warp = thread % shape.threads_per_block // WARP + log.block[rows] * shape.threads_per_block
    turn = _turns(np.lexsort((log.site[rows], thread)), log.site[rows], thread)
    keys = np.stack([warp, log.phase[rows], log.site[rows], log.kind[rows], turn])
    order = np.lexsort(keys)
    new = np.concatenate([[False], (np.diff(keys[:, order]) != 0).any(axis=0)])
    request = np.empty(len(rows), dtype=np.int64)
    request[order] = np.cumsum(new)
    return request


def _turns(order: Rows, site: Rows, thread: Rows) -> Rows:
    """How often, before each access, its thread had passed its place."""
    new = np.concatenate([[True], (np.diff(site[order]) != 0) | (np.diff(thread[order]) != 0)])
    starts = np.flatnonzero(new)
    turn = np.empty(len(order), dtype=np.int64)
    turn[order] = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
    return turn


def _addresses(info: ArrayInfo, cell: Rows) -> Rows:
    """Bytes from the start of the array to each cell."""
    places = np.unravel_index(cell, info.shape)
    steps = zip(places, info.strides, strict=True)
    return np.asarray(sum(place * abs(stride) for place, stride in steps))


def _transactions(request: Rows, address: Rows, itemsize: int) -> tuple[int, int]:
    """Sectors that the requests touch, and the fewest that could hold as many distinct bytes."""
    sector = address // SECTOR  # no number lies across two sectors: sizes divide 32
    touched = len(_distinct(request, sector))
    cells = np.bincount(_distinct(request, address)[:, 0])
    return touched, int(np.sum(-(-cells * itemsize // SECTOR)))


def _passes(served: Rows, address: Rows, itemsize: int) -> int:
    """Passes over the banks: for each group of threads, the most words asked of one bank."""
    word = address // WORD
    if itemsize > WORD:
        served, word = np.concatenate([served, served]), np.concatenate([word, word + 1])
    pairs = _distinct(served, word)
    in_bank = np.zeros((int(served.max()) + 1, BANKS), dtype=np.int64)
    np.add.at(in_bank, (pairs[:, 0], pairs[:, 1] % BANKS), 1)
    return int(in_bank.max(axis=1).sum())


def _distinct(a: Rows, b: Rows) -> Int[np.ndarray, "pairs 2"]:
    """Each (a, b) once."""
    width = int(b.max()) + 1
    keys = np.unique(a * width + b)
    return np.stack([keys // width, keys % width], axis=1)
