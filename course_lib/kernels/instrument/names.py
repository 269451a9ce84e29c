"""What `cuda` and `math` mean while a kernel runs on the instrumented back end.

Adds to `watched`: indexes of the running thread, shared and local arrays, atomics, the barrier.
"""

import dis
import math
from collections.abc import Callable
from sys import _getframe
from typing import Any, NamedTuple, no_type_check

import numpy as np

from course_lib.kernels.instrument.recorder import KernelMistake, Recorder
from course_lib.kernels.instrument.watched import Watched
from course_lib.kernels.namespace import DType

WARP = 32
SHARED_BYTES = 48 * 1024  # of a block, on every GPU without asking for more


class Dim3(NamedTuple):
    """A position or an extent: x varies fastest."""

    x: int
    y: int
    z: int


@no_type_check
class Names:
    """The `cuda` of a running kernel; the scheduler sets threadIdx and blockIdx as it goes."""

    def __init__(self, recorder: Recorder, grid: Dim3, block: Dim3) -> None:
        self._recorder = recorder
        self.gridDim, self.blockDim = grid, block
        self.threadIdx = self.blockIdx = Dim3(0, 0, 0)
        self.warpsize = WARP
        self.atomic = Atomic(recorder)
        self.shared, self.local = Shared(recorder), Local(recorder)
        self.wait: Any = (
            None  # set by the scheduler: goes back to it until every thread has arrived
        )

    @property
    def laneid(self) -> Any:
        """The place of the thread in its warp."""
        t, b = self.threadIdx, self.blockDim
        return (t.x + b.x * (t.y + b.y * t.z)) % WARP

    def grid(self, ndim: Any) -> Any:
        """The place of the thread among all threads: one number, or a tuple of ndim."""
        t, b, d = self.threadIdx, self.blockIdx, self.blockDim
        if ndim == 1:
            return b.x * d.x + t.x
        places = (b.x * d.x + t.x, b.y * d.y + t.y, b.z * d.z + t.z)
        return places[: _axes("grid", ndim)]

    def gridsize(self, ndim: Any) -> Any:
        """How many threads there are: one number, or a tuple of ndim."""
        sizes = tuple(n * m for n, m in zip(self.gridDim, self.blockDim, strict=True))
        return sizes[0] if ndim == 1 else sizes[: _axes("gridsize", ndim)]

    def syncthreads(self) -> None:
        """Wait until every thread of the block has come here."""
        base = self._recorder.base
        self.wait(self._recorder.place(base + _getframe(1).f_lasti))
        self._recorder.base = base

    def __getattr__(self, name: Any) -> Any:
        raise KernelMistake(f"cuda.{name} is not known to the instrumented back end")


def _axes(name: str, ndim: Any) -> int:
    if ndim not in (1, 2, 3):
        raise KernelMistake(f"cuda.{name} takes 1, 2 or 3, got {ndim!r}")
    return int(ndim)


@no_type_check
class Shared:
    """`cuda.shared.array`: one array for each block and place in the source."""

    space = "shared"

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._numbers: dict[int, int] = {}  # of arrays, by where they are made
        self._arrays: dict[int, Watched] = {}
        self._bytes = 0

    def array(self, shape: Any, dtype: Any) -> Any:
        """The array that the threads of the block share."""
        frame = _getframe(1)
        site = self._recorder.place(self._recorder.base + frame.f_lasti)
        if site not in self._arrays:
            self._arrays[site] = self._make(shape, dtype, site, frame.f_code)
        return self._arrays[site]

    def clear(self) -> None:
        """Forget the arrays: a new block, or for local ones a new thread, begins."""
        self._arrays, self._bytes = {}, 0

    def _make(self, shape: Any, dtype: Any, site: Any, code: Any) -> Watched:
        """A new array, named as the variable it is assigned to."""
        whole = shape if type(shape) is tuple else (shape,)
        if not whole or not all(type(n) is int and n >= 1 for n in whole):
            raise KernelMistake(
                f"cuda.{self.space}.array needs a shape of whole numbers of at least 1, fixed when "
                f"the kernel is compiled; got {shape!r}"
            )
        if not isinstance(dtype, DType):
            raise KernelMistake(f"cuda.{self.space}.array needs a type such as float32")
        recorder, name = self._recorder, _assigned(code, site & 0xFFFF)
        empty = np.broadcast_to(dtype.numpy.type(0), whole).copy()
        number = self._numbers.get(site)
        if number is None:
            number = self._numbers[site] = recorder.add_array(None)
        array = Watched(recorder, name, self.space, empty, number)
        recorder.arrays[number] = array
        self._bytes += empty.nbytes
        if self.space == "shared" and self._bytes > SHARED_BYTES:
            raise KernelMistake(
                f"a block has {SHARED_BYTES} bytes of shared memory, and with {name} needs "
                f"{self._bytes}"
            )
        return array


@no_type_check
class Local(Shared):
    """`cuda.local.array`: an array of a thread's own."""

    space = "local"

    def array(self, shape: Any, dtype: Any) -> Any:
        """A new array for this thread, at each call."""
        frame = _getframe(1)
        site = self._recorder.place(self._recorder.base + frame.f_lasti)
        return self._make(shape, dtype, site, frame.f_code)


def _assigned(code: Any, offset: int) -> str:
    """The variable that the call at this place of the bytecode is assigned to."""
    for instruction in dis.get_instructions(code):
        if instruction.offset > offset and instruction.opname.startswith("STORE_"):
            return str(instruction.argval)
    return "array"


@no_type_check
class Atomic:
    """`cuda.atomic`: reads, changes and writes a cell in one step; returns what it held."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def _update(self, array: Any, index: Any, change: Any) -> Any:
        """Find where the kernel is, two calls up, and let the array log the update."""
        if type(array) is not Watched:
            raise KernelMistake("an atomic takes an array of the kernel first")
        return array.update(index, change, self._recorder.base + _getframe(2).f_lasti)

    def add(self, array: Any, index: Any, value: Any) -> Any:
        """array[index] += value."""
        return self._update(array, index, lambda old: old + value)

    def sub(self, array: Any, index: Any, value: Any) -> Any:
        """array[index] -= value."""
        return self._update(array, index, lambda old: old - value)

    def max(self, array: Any, index: Any, value: Any) -> Any:
        """The larger of array[index] and value."""
        return self._update(array, index, lambda old: old if old >= value else value)

    def min(self, array: Any, index: Any, value: Any) -> Any:
        """The smaller of array[index] and value."""
        return self._update(array, index, lambda old: old if old <= value else value)

    def exch(self, array: Any, index: Any, value: Any) -> Any:
        """array[index] = value."""
        return self._update(array, index, lambda old: value)

    def cas(self, array: Any, index: Any, old: Any, value: Any) -> Any:
        """array[index] = value where it was old."""
        return self._update(array, index, lambda held: value if held == old else held)


@no_type_check
class DeviceMath:
    """`math` as on a GPU: float32 stays float32, and what overflows is infinite, not an error."""

    pi, e, inf, nan = math.pi, math.e, math.inf, math.nan
    _UFUNCS = (
        "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "fabs", "tanh", "sin",
        "cos", "tan", "sinh", "cosh", "floor", "ceil", "trunc", "isnan", "isinf", "isfinite",
        "hypot", "fmod", "copysign", "fmin", "fmax",
    )  # fmt: skip

    def __init__(self) -> None:
        for name in self._UFUNCS:
            setattr(self, name, _quiet(getattr(np, name)))
        self.pow, self.atan2 = _quiet(np.power), _quiet(np.arctan2)
        for name in ("floor", "ceil", "trunc"):  # these give integers, as in Python
            setattr(self, name, getattr(math, name))
        self.erf = lambda x: type(x)(math.erf(x)) if isinstance(x, np.floating) else math.erf(x)


def _quiet(ufunc: Any) -> Callable[..., Any]:
    """The ufunc on numbers; integers count as float64, as in Numba."""
    return lambda *values: ufunc(*(float(v) if type(v) is int else v for v in values))
