"""The one place where it is decided on what a kernel runs.

- `instrumented`: ours, on the CPU. Watches every access, and raises KernelError for a mistake.
- `simulator`: Numba's, on the CPU. Runs the same source in Python's threads, and finds no races.
- `cuda`: Numba's compiler and an NVIDIA GPU.

`choose()` takes what `use` said, else the environment's COURSE_KERNELS, else `cuda` where a GPU and
Numba are there, else `instrumented`. Numba is imported when one of its two back ends is first
chosen; it is either simulator or compiler for the rest of the process.
"""

import ctypes
import importlib.util
import math
import os
import sys
from functools import cache
from typing import Any, Literal, get_args

import numpy as np

from course_lib.kernels.compiling import numba_cuda, numba_function
from course_lib.kernels.instrument import KernelError, watch
from course_lib.kernels.namespace import Kernel, three

Name = Literal["instrumented", "simulator", "cuda"]
NAMES: tuple[Name, ...] = get_args(Name)

_chosen: list[Name] = []


class Backend:
    """Somewhere to run kernels. Arrays are NumPy's, except on `cuda`."""

    name: Name

    def launch(self, kernel: Kernel, blocks: Any, threads: Any, *args: Any) -> None:
        """Run the kernel in `blocks` blocks of `threads` threads; arrays are changed in place."""
        raise NotImplementedError

    def upload(self, array: Any) -> Any:
        """The array where kernels of this back end can reach it."""
        return np.ascontiguousarray(array)

    def download(self, array: Any) -> np.ndarray:
        """The array as NumPy's; waits until it is ready."""
        return np.asarray(array)

    def zeros(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """A new array of zeros where kernels can reach it."""
        return np.zeros(shape, dtype)


class Instrumented(Backend):
    """Every access watched, on the CPU."""

    name: Name = "instrumented"

    def launch(self, kernel: Kernel, blocks: Any, threads: Any, *args: Any) -> None:
        """Run the kernel, and refuse what it does wrong.

        Raises:
            KernelError: a mistake was found; its `run` says all about it.
        """
        run = watch(kernel, blocks, threads, *args)
        if not run.ok:
            raise KernelError(run)


class Numba(Backend):
    """Numba's `cuda`, as simulator or compiler."""

    def __init__(self, simulate: bool) -> None:
        self.name = "simulator" if simulate else "cuda"
        self.cuda = numba_cuda(simulate=simulate)

    def launch(self, kernel: Kernel, blocks: Any, threads: Any, *args: Any) -> None:
        """Run the kernel; NumPy arrays go to the device and come back."""
        grid, block = three(blocks, "blocks"), three(threads, "threads")
        if self.name == "simulator":
            with np.errstate(all="ignore"):  # 1 / 0 is infinite on a GPU, and no error
                self.compiled(kernel)[grid, block](*args)
            return
        given = [self.upload(a) if isinstance(a, np.ndarray) else a for a in args]
        self.compiled(kernel)[grid, block](*given)
        for host, device in zip(args, given, strict=True):
            if isinstance(host, np.ndarray) and host.flags.writeable:
                host[...] = self.download(device)

    def compiled(self, kernel: Kernel) -> Any:
        """The kernel as Numba's object, made once."""
        if self.name not in kernel.bound:
            kernel.bound[self.name] = self.cuda.jit(numba_function(kernel))
        return kernel.bound[self.name]

    def upload(self, array: Any) -> Any:
        """The array on the device; one that lies there already is not copied."""
        if self.name == "simulator":
            return super().upload(array)
        if hasattr(array, "__cuda_array_interface__"):
            return self.cuda.as_cuda_array(array)
        return self._allocate(
            lambda: self.cuda.to_device(np.ascontiguousarray(array)), array.nbytes
        )

    def download(self, array: Any) -> np.ndarray:
        """The array as NumPy's; waits until the device is done."""
        return super().download(array) if self.name == "simulator" else array.copy_to_host()

    def zeros(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """A new array of zeros on the device."""
        if self.name == "simulator":
            return super().zeros(shape, dtype)
        size = math.prod(shape) * np.dtype(dtype).itemsize
        array = self._allocate(lambda: self.cuda.device_array(shape, dtype), size)
        if size:
            self.cuda.cudadrv.driver.device_memset(array, 0, size)
        return array

    def _allocate(self, make: Any, size: int) -> Any:
        """Call make, and put what CUDA says when memory runs out into words.

        Raises:
            MemoryError: the device has too little memory left.
        """
        try:
            return make()
        except Exception as error:
            if "OUT_OF_MEMORY" not in str(error).upper().replace(" ", "_"):
                raise
            free, total = self.cuda.current_context().get_memory_info()
            raise MemoryError(
                f"the GPU is out of memory: {size / 2**20:.0f} MiB asked for, "
                f"{free / 2**20:.0f} of {total / 2**20:.0f} MiB free"
            ) from error


def choose(name: str | None = None) -> Backend:
    """The back end of this name; without a name, the one that `use` or the machine suggests.

    Raises:
        ValueError: there is no back end of this name.
        RuntimeError: it cannot be had here; the message says what is missing.
    """
    if name is None:
        named = _chosen[-1] if _chosen else os.environ.get("COURSE_KERNELS")
        name = named or ("cuda" if gpu_is_there() else "instrumented")
    if name not in NAMES:
        raise ValueError(f"back ends are {', '.join(NAMES)}; got {name!r}")
    return _made(name)


def use(name: Name | None) -> None:
    """Run kernels on this back end from now on; None leaves it to the machine again."""
    _chosen.clear()
    if name is not None:
        choose(name)
        _chosen.append(name)


@cache
def _made(name: str) -> Backend:
    return Instrumented() if name == "instrumented" else Numba(simulate=name == "simulator")


@cache
def gpu_is_there() -> bool:
    """Whether an NVIDIA driver knows a device, and Numba is installed."""
    return devices() > 0 and importlib.util.find_spec("numba") is not None


@cache
def devices() -> int:
    """How many CUDA devices the NVIDIA driver knows; 0 where there is no driver."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    known = driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0
    return count.value if known else 0
