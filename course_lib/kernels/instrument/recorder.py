"""The record of a run: one number for each access, and the faults that an access can commit.

An access happens a hundred thousand times in a check, so this rung and `watched` are written for
speed: an access is one integer in one list, packed as

    site (22 bits) | array (8) | kind (3) | cell (30)

where a site is a place in the bytecode (so two reads on one line stay apart) and a cell counts in
row-major order. `log` unpacks it.
"""

import dis
from types import CodeType
from typing import Any, NamedTuple, no_type_check

READ, WRITE, ATOMIC = 0, 1, 2
CELL_BITS, KIND_BITS, ARRAY_BITS, OFFSET_BITS = 30, 3, 8, 16
KIND_SHIFT = CELL_BITS
ARRAY_SHIFT = KIND_SHIFT + KIND_BITS
SITE_SHIFT = ARRAY_SHIFT + ARRAY_BITS


class Fault(NamedTuple):
    """An access that is wrong by itself: out of range, or of a cell that nobody wrote."""

    kind: str
    thread: int
    phase: int
    array: int
    cell: tuple[int, ...]
    access: int
    site: int


class StepLimit(Exception):
    """The run made more accesses than it may."""


class KernelMistake(Exception):
    """The kernel did what no kernel can do, in words for its author."""


@no_type_check
class Recorder:
    """What is logged while a kernel runs; `base` is the function that runs, times 2**16."""

    def __init__(self, limit: int) -> None:
        self.entries: list[int] = []
        self.spans: list[tuple[int, int, int]] = []  # (first entry, thread, phase)
        self.faults: list[Fault] = []
        self.arrays: list[Any] = []  # one Watched a name; shared arrays: of the latest block
        self.codes: list[CodeType] = []
        self._owners: list[list[int]] = []  # of each two bytes of a code, the instruction
        self.limit = limit
        self.base = 0
        self.thread = self.phase = 0

    def begin(self, thread: int, phase: int) -> None:
        """What follows is done by this thread, counted through all blocks, in this phase."""
        self.thread, self.phase, self.base = thread, phase, 0
        self.spans.append((len(self.entries), thread, phase))

    def add_code(self, code: CodeType) -> int:
        """Number a function of the kernel; the kernel itself comes first."""
        self.codes.append(code)
        starts = {instruction.offset for instruction in dis.get_instructions(code)}
        owner, owners = 0, []
        for offset in range(0, len(code.co_code), 2):
            owner = offset if offset in starts else owner
            owners.append(owner)
        self._owners.append(owners)
        return (len(self.codes) - 1) << OFFSET_BITS

    def place(self, site: int) -> int:
        """The site of the instruction: CPython, once warm, names another part of the same one."""
        code, offset = site >> OFFSET_BITS, site & ((1 << OFFSET_BITS) - 1)
        return (code << OFFSET_BITS) + self._owners[code][offset // 2]

    def add_array(self, array: Any) -> int:
        """Number an array."""
        if len(self.arrays) >= 1 << ARRAY_BITS:
            raise KernelMistake(f"a kernel may use {1 << ARRAY_BITS} arrays at most")
        self.arrays.append(array)
        return len(self.arrays) - 1

    def fault(self, kind: str, array: int, cell: tuple[int, ...], access: int, site: int) -> None:
        """Note an access that is wrong by itself."""
        if len(self.faults) >= self.limit:
            raise StepLimit
        self.faults.append(
            Fault(kind, self.thread, self.phase, array, cell, access, self.place(site))
        )

    def line(self, site: int) -> int:
        """The source line of a site."""
        return self.where(site)[0]

    def where(self, site: int) -> tuple[int, int]:
        """The source line and column of a site."""
        code = self.codes[site >> OFFSET_BITS]
        offset = (site & ((1 << OFFSET_BITS) - 1)) // 2
        for k, (line, _, column, _) in enumerate(code.co_positions()):
            if k == offset:
                return line or code.co_firstlineno, column or 0
        return code.co_firstlineno, 0
