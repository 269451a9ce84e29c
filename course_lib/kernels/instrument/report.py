"""What a run on the instrumented back end found, counted and logged, as plain data.

Adds to `log`, `races` and `traffic`: the answer to a learner's question, in `Run`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from course_lib.kernels.instrument.log import Dims3, Log, Shape, short
from course_lib.kernels.instrument.races import racing_rows
from course_lib.kernels.instrument.recorder import ATOMIC, READ, WRITE
from course_lib.kernels.instrument.traffic import Traffic, count_traffic

Space = Literal["global", "shared"]
Access = Literal["load", "store", "atomic"]
Index = tuple[int, ...]
KINDS: dict[str, int] = {"load": READ, "store": WRITE, "atomic": ATOMIC}
VERBS = ("reads", "writes", "updates")


@dataclass(frozen=True)
class Finding:
    """One mistake, at one place in the source.

    kind is race, non_atomic_update, divergent_barrier, barrier_in_branch, unwritten, out_of_range,
    error or step_limit. threads are examples, each (block, thread) as (x, y, z); count says how
    many cells (of a race) or threads (of the rest) it concerns. Lines are those of the file or
    notebook cell; 0 where there is none.
    """

    kind: str
    message: str
    line: int
    text: str = ""
    other_line: int = 0
    array: str = ""
    index: Index = ()
    shape: Index = ()
    threads: tuple[tuple[Dims3, Dims3], ...] = ()
    phase: int = 0
    count: int = 1

    def __str__(self) -> str:
        return f"{self.message}\n    line {self.line}: {self.text}" if self.text else self.message


class Event(NamedTuple):
    """One access, for a drawing: `viz.thread_accesses` takes these."""

    phase: int
    thread: str
    cell: str
    kind: str  # read, write or atomic
    clash: bool = False
    line: int = 0


@dataclass(frozen=True, eq=False)
class Run:
    """A launch that was watched: what is wrong with it, and what it asked of memory."""

    kernel: str
    grid: Dims3
    block: Dims3
    findings: tuple[Finding, ...]
    phases: int
    finished: bool
    log: Log
    lines: Mapping[int, int]

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def shape(self) -> Shape:
        """Blocks and threads of the launch."""
        return Shape(self.grid, self.block)

    @cached_property
    def traffic(self) -> Mapping[str, Traffic]:
        """Loads, stores and what they cost, by array."""
        return count_traffic(self.log, self.shape)

    def per_thread(self, space: Space, access: Access) -> Int[np.ndarray, " threads"]:
        """How many loads, stores or atomics each thread made in global or shared memory."""
        shared = self.log.spaces[self.log.array] == 1
        rows = (self.log.kind == KINDS[access]) & (shared == (space == "shared"))
        return np.bincount(self.log.thread[rows], minlength=self.shape.threads)

    def total(self, space: Space, access: Access) -> int:
        """How many loads, stores or atomics there were in global or shared memory."""
        return int(self.per_thread(space, access).sum())

    def most(self, space: Space, access: Access) -> int:
        """How many loads, stores or atomics the busiest thread made."""
        return int(self.per_thread(space, access).max(initial=0))

    def not_written(self, array: str) -> list[Index]:
        """The cells of a global array that no thread wrote or updated."""
        number = self._number(array)
        rows = (self.log.array == number) & (self.log.kind != READ)
        shape = self.log.arrays[number].shape
        left = np.ones(shape, dtype=bool)
        left[np.unravel_index(self.log.cell[rows], shape)] = False
        return [tuple(int(k) for k in place) for place in np.argwhere(left)]

    def events(self, array: str, block: int | None = 0) -> list[Event]:
        """Accesses to an array by one block, counted from 0, or by all (None), to be drawn."""
        number = self._number(array)
        rows = self.log.array == number
        if block is not None:
            rows &= self.log.block == block
        shape = self.log.arrays[number].shape
        found: dict[Event, None] = {}
        for row in np.flatnonzero(rows):
            index = tuple(int(k) for k in np.unravel_index(self.log.cell[row], shape))
            thread, phase = int(self.log.thread[row]), int(self.log.phase[row])
            kind = ("read", "write", "atomic")[self.log.kind[row]]
            event = Event(
                phase, self._short(thread, block), show_index(index), kind,
                bool(self._racing[row]), self.lines[int(self.log.site[row])],
            )  # fmt: skip
            found[event] = None
        return list(found)

    @cached_property
    def _racing(self) -> Bool[np.ndarray, " accesses"]:
        return racing_rows(self.log)

    def _short(self, thread: int, block: int | None) -> str:
        """A thread's label in a drawing."""
        place, within = self.shape.place(thread)
        label = short(within, self.block)
        return label if block is not None else f"{short(place, self.grid)}.{label}"

    def _number(self, array: str) -> int:
        names = [info.name for info in self.log.arrays]
        if array not in names:
            raise KeyError(f"no array {array!r} in {self.kernel}: there are {', '.join(names)}")
        return names.index(array)

    def as_plain(self) -> dict[str, Any]:
        """Findings and counts as numbers, text, lists and dicts only, for JSON."""
        pairs = [(s, a) for s in ("global", "shared") for a in KINDS]
        return {
            "kernel": self.kernel, "grid": list(self.grid), "block": list(self.block),
            "ok": self.ok, "finished": self.finished, "phases": self.phases,
            "findings": [_plain(asdict(finding)) for finding in self.findings],
            "traffic": {name: asdict(traffic) for name, traffic in self.traffic.items()},
            "most": {f"{s} {a}": self.most(s, a) for s, a in pairs},  # type: ignore[arg-type]
            "total": {f"{s} {a}": self.total(s, a) for s, a in pairs},  # type: ignore[arg-type]
        }  # fmt: skip

    def __str__(self) -> str:
        """What was found and counted, in words."""
        blocks = self.shape.threads // self.shape.threads_per_block
        head = f"{self.kernel}, {blocks} x {self.shape.threads_per_block} threads: " + (
            "no mistake found" if self.ok else "mistakes found"
        )
        lines = [head, *(f"- {finding}" for finding in self.findings)]
        for t in self.traffic.values():
            unit = (
                "(transactions of 32 bytes)" if t.space == "global" else "(passes over the banks)"
            )
            lines.append(
                f"  {t.array} ({t.space}): {t.loads} loads, {t.stores} stores, {t.atomics} "
                f"atomics; cost {t.cost} {unit}, at least {t.least}"
            )
        return "\n".join(lines)


class KernelError(RuntimeError):
    """A launch on the instrumented back end went wrong; `run` holds what was found."""

    def __init__(self, run: Run) -> None:
        super().__init__(str(run))
        self.run = run


def show_index(index: Index) -> str:
    """An index as it is written: 3, or 1, 2."""
    return ", ".join(map(str, index))


def _plain(value: Any) -> Any:
    """Tuples as lists, all the way down."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value
