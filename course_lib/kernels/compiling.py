"""Numba's side of things: its module `cuda`, our kernels as its functions, and PTX without a GPU.

Adds to `binding`: the only place that imports Numba, and only when it is asked to.
"""

import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from course_lib.kernels.binding import (
    bind,
    dtype_name,
    is_cuda,
    is_device_function,
    refuse_kernel,
)
from course_lib.kernels.namespace import Kernel


def numba_cuda(*, simulate: bool, driver: bool = True) -> Any:
    """Numba's module `cuda`, as simulator or compiler.

    Raises:
        RuntimeError: Numba is missing or already is the other of the two; or there is no driver,
            where one is needed.
    """
    if importlib.util.find_spec("numba") is None:
        raise RuntimeError("Numba is not installed: pip install numba numba-cuda")
    if "numba" not in sys.modules:  # it reads this once, when it is imported
        os.environ["NUMBA_ENABLE_CUDASIM"] = "1" if simulate else "0"
    config = importlib.import_module("numba").config
    cuda = importlib.import_module("numba.cuda")

    if bool(config.ENABLE_CUDASIM) != simulate:
        now, then = ("compiler", "simulator") if simulate else ("simulator", "compiler")
        raise RuntimeError(
            f"Numba was imported as {now}; for the {then}, start a new process with "
            f"NUMBA_ENABLE_CUDASIM={int(simulate)} in its environment"
        )
    if not simulate and driver and not cuda.is_available():
        raise RuntimeError(
            "no CUDA device: Numba finds no NVIDIA driver or GPU here. `nvidia-smi` shows what the "
            "driver sees; the back ends instrumented and simulator need neither"
        )
    config.CUDA_LOW_OCCUPANCY_WARNINGS = 0  # lessons launch few threads on purpose
    return cuda


def numba_function(kernel: Kernel, target: str = "device") -> Any:
    """The kernel's function with Numba's names in the place of ours.

    Device functions are compiled once for each target.
    """
    numba = importlib.import_module("numba")
    cuda = importlib.import_module("numba.cuda")

    def translate(name: str, value: Any) -> Any:
        refuse_kernel(name, value)
        if is_cuda(value):
            return cuda
        if is_device_function(value):
            if target not in value.bound:
                value.bound[target] = cuda.jit(device=True)(numba_function(value, target))
            return value.bound[target]
        dtype = dtype_name(value)
        return getattr(numba, "boolean" if dtype == "bool" else dtype) if dtype else value

    return bind(kernel.function, translate)


def to_ptx(kernel: Kernel, *args: Any, compute: tuple[int, int] = (8, 0)) -> str:
    """The kernel's PTX for arguments like these and a compute capability; needs no GPU.

    Numba compiles it with NVIDIA's libnvvm and nvrtc: `pip install "numba-cuda[cu13]"`.

    Raises:
        RuntimeError: Numba is missing or is the simulator in this process.
    """
    cuda = numba_cuda(simulate=False, driver=False)
    types = tuple(importlib.import_module("numba").typeof(arg) for arg in args)
    function = numba_function(kernel, f"ptx {compute}")
    with _pretended_device(compute):
        text, _ = cuda.compile_ptx(function, types, cc=compute)
    return str(text)


@contextlib.contextmanager
def _pretended_device(compute: tuple[int, int]) -> Iterator[None]:
    """Have Numba compile device functions for this capability: it would ask the driver for one."""
    dispatcher: Any = importlib.import_module("numba.cuda.dispatcher")
    asked, device = dispatcher.get_current_device, SimpleNamespace(compute_capability=compute)
    dispatcher.get_current_device = lambda: device
    try:
        yield
    finally:
        dispatcher.get_current_device = asked
