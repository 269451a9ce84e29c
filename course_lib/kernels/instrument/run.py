"""Launches a kernel on the instrumented back end: `watch`.

Adds to `threads`: arguments in, findings out. A kernel runs on copies of its arrays, which are
written back at the end, as arrays come back from a GPU.
"""

import builtins
import inspect
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from course_lib.kernels.binding import (
    bind,
    dtype_name,
    is_cuda,
    is_device_function,
    is_math,
    refuse_kernel,
)
from course_lib.kernels.instrument.log import Shape, unpack
from course_lib.kernels.instrument.names import DeviceMath, Dim3, Names
from course_lib.kernels.instrument.recorder import Recorder
from course_lib.kernels.instrument.report import Finding, Run
from course_lib.kernels.instrument.threads import Scheduler, Stop
from course_lib.kernels.instrument.watched import Watched
from course_lib.kernels.instrument.wording import Wording
from course_lib.kernels.namespace import DTYPES, Kernel, three

MOST_ACCESSES = 250_000  # about half a second
MOST_FOR_EACH_THREAD = 250  # where there are more than a thousand threads
MOST_THREADS = 1024  # in a block: CUDA's limit
_ALLOWED = ("abs", "bool", "divmod", "float", "int", "len", "max", "min", "pow", "range", "round")
_BUILTINS = {name: getattr(builtins, name) for name in _ALLOWED}  # all that a kernel can reach
_BY_NAME = {dtype.name: dtype for dtype in DTYPES} | {"boolean": DTYPES[-1]}


def watch(
    kernel: Kernel | Callable[..., Any],
    blocks: Any,
    threads: Any,
    *args: Any,
    limit: int | None = None,
) -> Run:
    """Run a kernel, thread by thread, and report every mistake and what it asked of memory.

    blocks and threads (per block) are numbers or tuples (x, y, z); args are NumPy arrays, changed
    in place, and numbers. After `limit` logged accesses (250,000, or 250 for each thread where that
    is more) the run is stopped and says so. A loop that touches no array is not stopped: whoever
    runs answers of others sets a time limit too.

    Raises:
        TypeError: an argument is neither array nor number, there are too many or too few, or the
            kernel uses something from outside it that is no number.
        ValueError: blocks or threads are not whole numbers of at least 1, a block has more than
            1024 threads, or two arrays overlap in part.
    """
    kernel = kernel if isinstance(kernel, Kernel) else Kernel(kernel)
    grid, block = Dim3(*three(blocks, "blocks")), Dim3(*three(threads, "threads"))
    if block.x * block.y * block.z > MOST_THREADS:
        raise ValueError(f"a block has {MOST_THREADS} threads at most, got {tuple(block)}")
    shape = Shape((grid.x, grid.y, grid.z), (block.x, block.y, block.z))
    recorder = Recorder(limit or max(MOST_ACCESSES, MOST_FOR_EACH_THREAD * shape.threads))
    names = Names(recorder, grid, block)
    given = _arguments(kernel, recorder, args)
    function = _bind(kernel.function, names, recorder)
    scheduler = Scheduler(recorder, names)
    stop = scheduler.run(function, given)
    for array, watched in zip(args, given, strict=True):
        if isinstance(watched, Watched):
            _write_back(array, watched)
    return _report(kernel, shape, recorder, scheduler.phases, stop)


def _arguments(kernel: Kernel, recorder: Recorder, args: Sequence[Any]) -> list[Any]:
    """The arguments as the kernel gets them: arrays watched, Python's floats as float64."""
    if len(args) != len(kernel.parameters):
        raise TypeError(
            f"{kernel.__name__} takes {len(kernel.parameters)} arguments "
            f"({', '.join(kernel.parameters)}), got {len(args)}"
        )
    given: list[Any] = []
    for name, value in zip(kernel.parameters, args, strict=True):
        if isinstance(value, np.ndarray):
            given.append(_watched(recorder, name, value, list(zip(args, given, strict=False))))
        elif isinstance(value, (bool, int, np.floating)):
            given.append(value)
        elif isinstance(value, (np.bool_, np.integer)):
            given.append(value.item())
        elif isinstance(value, float):
            given.append(np.float64(value))
        else:
            raise TypeError(
                f"{kernel.__name__}: {name} must be a NumPy array or a number on the instrumented "
                f"back end, got {type(value).__name__}"
            )
    return given


def _watched(recorder: Recorder, name: str, array: np.ndarray, before: Sequence[Any]) -> Watched:
    """The array, watched; one that came before, under another name, is the same one."""
    if array.dtype.kind not in "fiub" or array.ndim == 0:
        raise TypeError(f"{name} must hold numbers along 1 axis or more, got {array.dtype} "
                        f"with {array.ndim} axes")  # fmt: skip
    for other, watched in before:
        if isinstance(other, np.ndarray) and np.may_share_memory(other, array):
            same = other.ctypes.data == array.ctypes.data and other.strides == array.strides
            if same and other.shape == array.shape and other.dtype == array.dtype:
                return watched
            if np.shares_memory(other, array):
                raise ValueError(f"{watched.name} and {name} overlap in part: pass a copy of one")
    watched = Watched(recorder, name, "global", array, len(recorder.arrays))
    recorder.add_array(watched)
    return watched


def _write_back(array: np.ndarray, watched: Watched) -> None:
    """Put the cells where the array has them."""
    values = watched.values()
    if array.flags.writeable:
        array[...] = values
    elif not np.array_equal(array, values, equal_nan=array.dtype.kind == "f"):
        raise ValueError(f"the kernel writes to {watched.name}, which is read-only")


def _bind(function: FunctionType, names: Names, recorder: Recorder) -> FunctionType:
    """The kernel, and the device functions it calls, with the names of this run."""
    made: dict[FunctionType, Any] = {}

    def translate(name: str, value: Any) -> Any:
        refuse_kernel(name, value)
        if is_cuda(value):
            return names
        if is_math(value):
            return DeviceMath()
        if is_device_function(value):
            if value.function not in made:
                made[value.function] = _device(value.function, recorder, translate)
            return made[value.function]
        dtype = dtype_name(value)
        return _BY_NAME[dtype] if dtype else _number(name, value)

    recorder.add_code(function.__code__)
    return bind(function, translate, _BUILTINS)


def _number(name: str, value: Any) -> Any:
    """What else a kernel may use from outside: numbers, and tuples of numbers."""
    parts = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(part, (bool, int, float, np.number, np.bool_)) for part in parts):
        advice = ": make it a device function" if callable(value) else ""
        raise TypeError(
            f"a kernel can use numbers from outside it, but {name} is of type "
            f"{type(value).__name__}{advice}"
        )
    return value


def _device(function: FunctionType, recorder: Recorder, translate: Any) -> Callable[..., Any]:
    """A device function that tells the recorder when it runs, and when its caller does again."""
    base = recorder.add_code(function.__code__)
    inner = bind(function, translate, _BUILTINS)

    def call(*args):  # type: ignore[no-untyped-def]
        before, recorder.base = recorder.base, base
        value = inner(*args)
        recorder.base = before
        return value

    return call


def _report(
    kernel: Kernel, shape: Shape, recorder: Recorder, phases: int, stop: Stop | None
) -> Run:
    """Look through the record."""
    log = unpack(recorder, shape)
    source = kernel.source
    first = kernel.function.__code__.co_firstlineno
    wording = Wording(recorder, log, shape, (source or "").splitlines(), first)
    findings: list[Finding] = [wording.stop(stop)] if stop else []
    if not (stop and stop.kind == "step_limit"):  # a record cut short says nothing more
        findings += wording.races()
    findings += wording.faults()
    findings += wording.branches(source, _waiting(kernel.function), findings)
    return Run(
        kernel.__name__, shape.grid, shape.block, tuple(findings), phases,
        stop is None, log, {int(s): recorder.line(int(s)) for s in np.unique(log.site)},
    )  # fmt: skip


def _waiting(function: FunctionType) -> set[str]:
    """The names under which a function calls device functions that have a barrier."""
    closed = inspect.getclosurevars(function)
    called = {**closed.globals, **closed.nonlocals}
    return {
        name
        for name, value in called.items()
        if is_device_function(value)
        and ("syncthreads" in value.function.__code__.co_names or _waiting(value.function))
    }
