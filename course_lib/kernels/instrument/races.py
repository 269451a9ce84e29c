"""Finds data races in the record of a run: every one of them, whatever the order of the threads.

Two accesses to one cell race when different threads make them, at least one changes the cell, not
both are atomic, and no barrier stands between them: in one block that means in the same phase, and
between blocks always, for a barrier orders the threads of one block only. Two threads that write
the same value race too: CUDA promises nothing about it, and it is seldom meant.

So within a group of accesses to one cell that nothing orders, there is a race exactly if two
threads are in it and one of them writes, or one updates atomically and one reads.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from course_lib.kernels.instrument.log import Log
from course_lib.kernels.instrument.recorder import ATOMIC, READ, WRITE


class Race(NamedTuple):
    """Two accesses to one cell that nothing orders, as rows of the log, the change first.

    update says that both threads read the cell and then write it; cells are those that race at the
    same places of the source, each once, in however many blocks and phases.
    """

    change: int
    other: int
    between_blocks: bool
    update: bool
    cells: frozenset[int]


def find_races(log: Log) -> list[Race]:
    """One race for each array and set of places in the source, those within a block first."""
    changed = np.unique(log.array[log.kind != READ])
    rows = np.flatnonzero(np.isin(log.array, changed))
    found = list(_in_groups(log, rows, within_block=True))
    seen = {_places(log, race) for race in found}
    everywhere = rows[log.spaces[log.array[rows]] == 0]  # blocks share global arrays only
    for race in _in_groups(log, everywhere, within_block=False):
        if _places(log, race) not in seen:
            found.append(race)
    return found


def _places(log: Log, race: Race) -> tuple[int, frozenset[int]]:
    """The array, and the places in the source that race."""
    sites = frozenset((int(log.site[race.change]), int(log.site[race.other])))
    return int(log.array[race.change]), sites


def racing_rows(log: Log) -> Bool[np.ndarray, " accesses"]:
    """Which accesses are to a cell that is raced for, while it is."""
    marked = np.zeros(len(log), dtype=bool)
    rows = np.arange(len(log))
    for within_block in (True, False):
        chosen = rows if within_block else rows[log.spaces[log.array] == 0]
        if len(chosen):
            order, starts, racing = _groups(log, chosen, within_block)
            marked[order[np.repeat(racing, np.diff(starts, append=len(order)))]] = True
    return marked


def _in_groups(log: Log, rows: Int[np.ndarray, " rows"], *, within_block: bool) -> Iterator[Race]:
    """Races among rows that nothing orders: of one block and phase, or of different blocks."""
    if not len(rows):
        return
    order, starts, racing = _groups(log, rows, within_block)
    ends = np.append(starts[1:], len(order))
    for group, cells in _kinds(log, order, starts, np.flatnonzero(racing)):
        members = order[starts[group] : ends[group]]
        yield _example(log, members, between_blocks=not within_block, cells=cells)


def _groups(
    log: Log, rows: Int[np.ndarray, " rows"], within_block: bool
) -> tuple[Int[np.ndarray, " rows"], Int[np.ndarray, " groups"], Bool[np.ndarray, " groups"]]:
    """Rows sorted into groups by cell, where each group starts, and whether it races."""
    columns = [log.cell, log.array] + ([log.phase, log.block] if within_block else [])
    # stable: within a group, in the order in which it happened
    order = rows[np.lexsort([column[rows] for column in columns])]
    new = np.zeros(len(order), dtype=bool)
    new[0] = True
    for column in columns:
        new[1:] |= np.diff(column[order]) != 0
    starts = np.flatnonzero(new)
    return order, starts, _racing(log, order, starts, log.thread if within_block else log.block)


def _kinds(
    log: Log, order: Int[np.ndarray, " rows"], starts: Int[np.ndarray, " groups"],
    racing: Int[np.ndarray, " racing"],
) -> Iterator[tuple[int, frozenset[int]]]:  # fmt: skip
    """One group for each kind of race, with the cells of all such: those at the same places."""
    site = log.site[order]
    changing = np.where(log.kind[order] == READ, -1, site)
    kind = np.stack([
        log.array[order][starts], np.minimum.reduceat(site, starts),
        np.maximum.reduceat(site, starts), np.maximum.reduceat(changing, starts),
    ])[:, racing]  # fmt: skip
    _, first, which = np.unique(kind, axis=1, return_index=True, return_inverse=True)
    cell = log.cell[order][starts][racing]
    for k in np.argsort(first):
        yield int(racing[first[k]]), frozenset(cell[which.ravel() == k].tolist())


def _racing(
    log: Log, order: Int[np.ndarray, " rows"], starts: Int[np.ndarray, " groups"],
    actor: Int[np.ndarray, " accesses"],
) -> Bool[np.ndarray, " groups"]:  # fmt: skip
    """For each group of accesses to one cell, whether two actors in it race."""
    who, kind = actor[order], log.kind[order]
    several = np.minimum.reduceat(who, starts) != np.maximum.reduceat(who, starts)
    reads, writes, atomics = (np.add.reduceat(kind == k, starts) for k in (READ, WRITE, ATOMIC))
    return several & ((writes > 0) | ((atomics > 0) & (reads > 0)))


def _example(
    log: Log, rows: Int[np.ndarray, " rows"], *, between_blocks: bool, cells: frozenset[int]
) -> Race:
    """Two racing accesses of a group; of two threads that update the cell, if there are."""
    actor = (log.block if between_blocks else log.thread)[rows]
    updates = _updates(log, rows)
    if len(np.unique(actor[updates])) > 1:
        first = int(updates[0])
        second = int(next(k for k in updates if actor[k] != actor[first]))
        return Race(int(rows[first]), int(rows[second]), between_blocks, True, cells)
    kind = log.kind[rows]
    strongest = WRITE if (kind == WRITE).any() else ATOMIC
    for change in np.flatnonzero(kind == strongest):
        others = actor != actor[change]
        if strongest == ATOMIC:
            others &= kind == READ
        if others.any():
            return Race(int(rows[change]), int(rows[others.argmax()]), between_blocks, False, cells)
    raise AssertionError("a group of racing accesses holds a race")


def _updates(log: Log, rows: Int[np.ndarray, " rows"]) -> Int[np.ndarray, " updates"]:
    """Writes that follow a read of the cell by the same thread."""
    kind, thread, phase = log.kind[rows], log.thread[rows], log.phase[rows]
    follows = (kind[1:] == WRITE) & (kind[:-1] == READ)
    follows &= (thread[1:] == thread[:-1]) & (phase[1:] == phase[:-1])
    return np.flatnonzero(follows) + 1
