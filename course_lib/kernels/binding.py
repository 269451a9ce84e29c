"""Puts a back end's names in the place of a kernel's: the same code, other globals.

Adds to `namespace`: `bind`. The function is not rewritten; its copy looks its names up elsewhere.
"""

import dis
import math
from collections.abc import Callable, Iterator
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

from course_lib.kernels.namespace import Cuda, DeviceFunction, DType, Kernel

Translate = Callable[[str, Any], Any]
_BY_NUMBA = {"float16", "float32", "float64", "boolean", "bool"}
_BY_NUMBA |= {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}


def bind(function: FunctionType, translate: Translate, builtins: Any = None) -> FunctionType:
    """A copy of the function whose global names and enclosed variables are translated.

    Only the names that the code uses are carried over. `builtins` replaces Python's.
    """
    names = set(_names(function.__code__))
    scope = {
        name: translate(name, value)
        for name, value in function.__globals__.items()
        if name in names
    }
    scope["__name__"] = function.__globals__.get("__name__", "__main__")
    if builtins is not None:
        scope["__builtins__"] = builtins
    cells = tuple(
        CellType(translate(name, cell.cell_contents))
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        )
    )
    copy = FunctionType(
        function.__code__, scope, function.__name__, function.__defaults__, cells or None
    )
    copy.__doc__, copy.__module__ = function.__doc__, function.__module__
    copy.__qualname__ = function.__qualname__
    return copy


def _names(code: CodeType) -> Iterator[str]:
    """Every global name that the code, or a function within it, looks up; no attributes."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def is_cuda(value: Any) -> bool:
    """Whether this is our `cuda`, or Numba's, which a kernel may as well have been written with."""
    numba = isinstance(value, ModuleType) and value.__name__ in ("numba.cuda", "numba_cuda.cuda")
    return isinstance(value, Cuda) or numba


def dtype_name(value: Any) -> str | None:
    """The name of a number type, ours or Numba's; None for anything else."""
    if isinstance(value, DType):
        return value.name
    from_numba = type(value).__module__.startswith(("numba.", "numba_cuda."))
    return str(value) if from_numba and str(value) in _BY_NUMBA else None


def is_device_function(value: Any) -> bool:
    """Whether kernels may call it: made with `@cuda.jit(device=True)`."""
    return isinstance(value, DeviceFunction)


def is_math(value: Any) -> bool:
    """Whether this is Python's module `math`."""
    return value is math


def refuse_kernel(name: str, value: Any) -> None:
    """Say why a kernel cannot be called from a kernel."""
    if isinstance(value, Kernel) and not isinstance(value, DeviceFunction):
        raise TypeError(f"{name} is a kernel; only @cuda.jit(device=True) functions can be called")
