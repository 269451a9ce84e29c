"""The names a kernel is written with: `cuda`, `float32` and their like, for every back end.

A kernel is a plain Python function in Numba CUDA's subset. These names stand in its source where
Numba's would (`from course_lib.kernels import cuda, float32`), and import nothing: a back end puts
its own in their place when the kernel is launched, see `binding`. Taught in lesson 13.
"""

import inspect
import linecache
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeAlias

import numpy as np

Dims: TypeAlias = int | tuple[int, ...]


class DType:
    """A number's type: makes shared and local arrays, and converts, as in `float32(0)`.

    Integers convert to Python's, wrapped into range as in C; Numba also counts in 64 bits.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.numpy = np.dtype(name)

    def __call__(self, value: Any) -> Any:
        """Convert a number."""
        if self.numpy.kind == "f":
            return self.numpy.type(value)
        if self.numpy.kind == "b":
            return bool(value)
        return wrap(int(value), self.numpy)

    def __repr__(self) -> str:
        return self.name


def wrap(value: int, dtype: np.dtype) -> int:
    """The integer a cell of this type holds when `value` is stored: C's modulo 2**bits."""
    bits = 8 * dtype.itemsize
    value &= (1 << bits) - 1
    return value - (1 << bits) if dtype.kind == "i" and value >> (bits - 1) else value


float16, float32, float64 = DType("float16"), DType("float32"), DType("float64")
int8, int16, int32, int64 = DType("int8"), DType("int16"), DType("int32"), DType("int64")
uint8, uint16, uint32, uint64 = (DType(f"uint{bits}") for bits in (8, 16, 32, 64))
boolean = DType("bool")
DTYPES = (
    float16, float32, float64, int8, int16, int32, int64, uint8, uint16, uint32, uint64, boolean,
)  # fmt: skip


class Kernel:
    """A function that every thread of a launch runs: `kernel[blocks, threads](*arrays)`.

    blocks and threads (per block) are numbers or tuples (x, y, z). A launch runs on the back end
    that `backends.choose` names; arrays are changed in place, as in Numba.
    """

    def __init__(self, function: Callable[..., Any], source: str | None = None) -> None:
        unwrapped = inspect.unwrap(function)
        if not isinstance(unwrapped, FunctionType):
            raise TypeError(f"a kernel is a Python function, got {type(function).__name__}")
        self.function: FunctionType = unwrapped
        self.__name__, self.__doc__ = unwrapped.__name__, unwrapped.__doc__
        # Where it comes from: without these it would seem to come from here, as its class does.
        self.__module__, self.__qualname__ = unwrapped.__module__, unwrapped.__qualname__
        self.__wrapped__ = unwrapped
        self._source = source
        self.bound: dict[str, Any] = {}  # what each back end has made of it

    @property
    def source(self) -> str | None:
        """The text of the function, or None where it is not to be had (code from `exec`)."""
        return self._source or source_of(self.function)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the arguments, in order."""
        code = self.function.__code__
        return code.co_varnames[: code.co_argcount]

    def __getitem__(self, launch: Any) -> Callable[..., None]:
        """Say how many blocks, and how many threads in each; call the result with the arrays."""
        if not isinstance(launch, tuple) or len(launch) != 2:
            raise TypeError(f"{self.__name__}[blocks, threads](...): got [{launch!r}]")
        blocks, threads = launch

        def start(*args: Any) -> None:
            from course_lib.kernels.backends import choose

            choose().launch(self, blocks, threads, *args)

        return start

    def __call__(self, *args: Any) -> None:
        """Refuse: a kernel is not called but launched."""
        raise TypeError(
            f"{self.__name__} is a kernel: launch it with {self.__name__}[blocks, threads](...)"
        )

    def __repr__(self) -> str:
        return f"<kernel {self.__name__}({', '.join(self.parameters)})>"


class DeviceFunction(Kernel):
    """A function that kernels call, once a thread; it may return a value."""

    def __getitem__(self, launch: Any) -> Callable[..., None]:
        """Refuse: only kernels are launched."""
        raise TypeError(f"{self.__name__} is a device function: call it from a kernel")


class Cuda:
    """Stands for Numba's `cuda` in the source of kernels; the rest of it comes with a launch."""

    def jit(self, function: Callable[..., Any] | None = None, *, device: bool = False) -> Any:
        """Make a kernel of a function: `@cuda.jit`; or, with device=True, a device function."""
        kind = DeviceFunction if device else Kernel
        return kind if function is None else kind(function)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise RuntimeError(
            f"cuda.{name} has a meaning only within a kernel: decorate the function with @cuda.jit "
            "and launch it with name[blocks, threads](...)"
        )

    def __repr__(self) -> str:
        return "<cuda: a stand-in until a kernel is launched>"


cuda = Cuda()


def source_of(function: FunctionType) -> str | None:
    """The text of a function, or None; a notebook's cell is found, code from `exec` is not."""
    linecache.checkcache(function.__code__.co_filename)
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return None


def three(dims: Any, name: str) -> tuple[int, int, int]:
    """Blocks or threads as (x, y, z).

    Raises:
        ValueError: there are not one to three whole numbers of at least 1.
    """
    given = tuple(dims) if isinstance(dims, (tuple, list)) else (dims,)
    whole = all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in given)
    if not (1 <= len(given) <= 3 and whole and all(n >= 1 for n in given)):
        raise ValueError(f"{name} must be 1 to 3 whole numbers of at least 1, got {dims!r}")
    x, y, z = (*map(int, given), 1, 1)[:3]
    return x, y, z
