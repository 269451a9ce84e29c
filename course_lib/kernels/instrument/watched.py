"""Arrays that note who reads and writes them.

Adds to `recorder`: `Watched`, which a kernel indexes as it would an array, `a[i]` or `a[i, j]`;
`a[i] += x` is a read and a write. Cells out of range are noted, read as garbage and never written.
"""

import operator
from sys import _getframe
from typing import Any, no_type_check

import numpy as np

from course_lib.kernels.instrument.recorder import (
    ARRAY_SHIFT,
    ATOMIC,
    CELL_BITS,
    KIND_SHIFT,
    READ,
    SITE_SHIFT,
    WRITE,
    KernelMistake,
    Recorder,
    StepLimit,
)
from course_lib.kernels.namespace import wrap

UNWRITTEN = object()  # in a cell of a shared or local array until someone writes it
_VERBS = {READ: "read", WRITE: "write", ATOMIC: "update"}


@no_type_check  # the hook that checks annotations in tests would come between kernel and array
class Watched:
    """An array of a kernel: global, shared by a block, or local to a thread.

    Floats are NumPy's scalars, so float32 rounds as on a GPU; integers are Python's, wrapped into
    range when they are stored.
    """

    def __init__(self, recorder: Recorder, name: str, space: str, array: Any, number: int) -> None:
        self.name, self.space, self.number = name, space, number
        self.shape, self.size, self.ndim = array.shape, array.size, array.ndim
        self.dtype, self.strides = array.dtype, array.strides
        if self.size >= 1 << CELL_BITS:
            raise ValueError(f"{name} has {self.size} cells; {1 << CELL_BITS} are too many to log")
        # for the two common cases, decided quickly; 0 where there is another number of axes
        self._length = array.size if array.ndim == 1 else 0
        self._rows = array.shape[0] if array.ndim == 2 else 0
        self._columns = array.shape[1] if array.ndim == 2 else 0
        self._recorder, self._entries = recorder, recorder.entries
        # a local array is nobody else's business: its accesses are checked, not logged
        self._log = recorder.entries.append if space != "local" else int
        self._read = (number << ARRAY_SHIFT) + (READ << KIND_SHIFT)
        self._write = (number << ARRAY_SHIFT) + (WRITE << KIND_SHIFT)
        self._scalar = array.dtype.type if array.dtype.kind == "f" else None
        flat = array.ravel()
        self._cells = list(flat) if self._scalar else flat.tolist()
        if space != "global":
            self._cells = [UNWRITTEN] * self.size

    def __getitem__(self, index: Any) -> Any:
        site = self._recorder.base + _getframe(1).f_lasti
        if type(index) is int and 0 <= index < self._length:
            flat = index
        elif (
            type(index) is tuple and len(index) == 2
            and type(index[0]) is int and 0 <= index[0] < self._rows
            and type(index[1]) is int and 0 <= index[1] < self._columns
        ):  # fmt: skip
            flat = index[0] * self._columns + index[1]
        else:
            flat = self._flat(index, READ, site)
            if flat < 0:
                return self._garbage()
        self._log(self._read + flat + (site << SITE_SHIFT))
        if len(self._entries) > self._recorder.limit:
            raise StepLimit
        value = self._cells[flat]
        return self._unwritten(flat, site) if value is UNWRITTEN else value

    def __setitem__(self, index: Any, value: Any) -> None:
        site = self._recorder.base + _getframe(1).f_lasti
        if type(index) is int and 0 <= index < self._length:
            flat = index
        elif (
            type(index) is tuple and len(index) == 2
            and type(index[0]) is int and 0 <= index[0] < self._rows
            and type(index[1]) is int and 0 <= index[1] < self._columns
        ):  # fmt: skip
            flat = index[0] * self._columns + index[1]
        else:
            flat = self._flat(index, WRITE, site)
            if flat < 0:
                return
        self._log(self._write + flat + (site << SITE_SHIFT))
        if len(self._entries) > self._recorder.limit:
            raise StepLimit
        self._cells[flat] = value if type(value) is self._scalar else self.convert(value)

    def __len__(self) -> int:
        return self.shape[0]

    __iter__ = None  # or Python would go through the cells with a[0], a[1] ... to the first error

    def __repr__(self) -> str:
        return f"<{self.space} array {self.name}, shape {self.shape}, {self.dtype}>"

    def convert(self, value: Any) -> Any:
        """A value as this array's cells hold it."""
        try:
            if self._scalar:
                return self._scalar(value)
            if self.dtype.kind == "b":
                return bool(value)
            return wrap(int(value), self.dtype)
        except (TypeError, ValueError, OverflowError):
            raise KernelMistake(f"{self.name} holds {self.dtype}, got {value!r}") from None

    def update(self, index: Any, change: Any, site: Any) -> Any:
        """Replace a cell by change(cell) in one step; return what it held (see `names.Atomic`)."""
        flat = self._flat(index, ATOMIC, site)
        if flat < 0:
            return self._garbage()
        self._log((self.number << ARRAY_SHIFT) + (ATOMIC << KIND_SHIFT) + flat
                  + (site << SITE_SHIFT))  # fmt: skip
        if len(self._entries) > self._recorder.limit:
            raise StepLimit
        old = self._cells[flat]
        if old is UNWRITTEN:
            old = self._unwritten(flat, site)
        self._cells[flat] = self.convert(change(old))
        return old

    def _flat(self, index: Any, access: Any, site: Any) -> int:
        """The row-major place of a cell, or -1, noted as a fault, where there is none."""
        given = self._whole(index, access)
        flat = 0
        for k, length in zip(given, self.shape, strict=True):
            if not 0 <= k < length:
                self._recorder.fault("out_of_range", self.number, given, access, site)
                return -1
            flat = flat * length + k
        return flat

    def _whole(self, index: Any, access: Any) -> tuple[int, ...]:
        """The index as a tuple of integers, one for each axis."""
        given = index if type(index) is tuple else (index,)
        if len(given) != self.ndim:
            raise KernelMistake(
                f"{self.name} has shape {self.shape}: {_VERBS[access]} a cell with "
                f"{self.ndim} index{'es' * (self.ndim > 1)}, got {len(given)}"
            )
        try:
            return tuple(map(operator.index, given))
        except TypeError:
            raise KernelMistake(
                f"an index of {self.name} must be whole numbers, got {given!r}"
            ) from None

    def _unwritten(self, flat: Any, site: Any) -> Any:
        """Note a read of a cell that nobody wrote; make something up for its value."""
        index = tuple(int(k) for k in np.unravel_index(flat, self.shape))
        self._recorder.fault("unwritten", self.number, index, READ, site)
        return self._garbage()

    def _garbage(self) -> Any:
        """What is read where nothing was written: nan, or a number that stands out."""
        return self._scalar(np.nan) if self._scalar else self.convert(0x5BADBAD5)

    def values(self) -> np.ndarray:
        """The cells as an array; garbage where nobody wrote."""
        cells = [self._garbage() if cell is UNWRITTEN else cell for cell in self._cells]
        return np.array(cells, dtype=self.dtype).reshape(self.shape)
