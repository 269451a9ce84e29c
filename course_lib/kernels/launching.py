"""What every launcher does: check its arrays, bring them to the device, bring the result back.

Adds to `backends`: `Job`. A launcher takes NumPy arrays on any back end and returns NumPy's; on
`cuda` it also takes arrays that lie on the GPU (PyTorch's, CuPy's, Numba's), and leaves its result
there.
"""

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np

from course_lib.kernels.backends import choose
from course_lib.kernels.namespace import Kernel


class Job:
    """One launcher's call: the back end, and the arrays by name."""

    def __init__(self, name: str, backend: str | None, **arrays: Any) -> None:
        """Check where the arrays are, and choose the back end.

        Raises:
            TypeError: an argument is no array.
            ValueError: an array lies on a GPU and the back end on the CPU, or the arrays do not
                all lie in the same place.
        """
        self.name, self.arrays = name, arrays
        on_gpu = {key: hasattr(a, "__cuda_array_interface__") for key, a in arrays.items()}
        for key, array in arrays.items():
            if not on_gpu[key] and not isinstance(array, np.ndarray):
                raise TypeError(f"{name}: {key} must be a NumPy array, got {_kind(array)}")
        if len(set(on_gpu.values())) > 1:
            where = ", ".join(f"{k} on the {'GPU' if gpu else 'CPU'}" for k, gpu in on_gpu.items())
            raise ValueError(f"{name}: all arrays must lie in the same place, got {where}")
        self.stays = any(on_gpu.values())
        self.device = choose("cuda" if self.stays and backend is None else backend)
        if self.stays and self.device.name != "cuda":
            raise ValueError(
                f"{name}: {', '.join(arrays)} on the GPU, but the back end {self.device.name} runs "
                "on the CPU: pass NumPy arrays, or backend='cuda'"
            )

    def upload(self, key: str, dtype: str, ndim: int) -> Any:
        """One of the arrays, on the device.

        Raises:
            TypeError: it holds another type of number.
            ValueError: it has another number of axes.
        """
        array = self.arrays[key]
        if self.stays:
            array = self.device.upload(array)
        if array.dtype != np.dtype(dtype):
            raise TypeError(f"{self.name}: {key} must hold {dtype}, got {array.dtype}")
        if array.ndim != ndim:
            raise ValueError(
                f"{self.name}: {key} must have {ndim} ax{'i' if ndim == 1 else 'e'}s, got shape "
                f"{tuple(array.shape)}"
            )
        return self.device.upload(array)

    def launch(self, kernel: Kernel, blocks: Any, threads: Any, *args: Any) -> None:
        """Run the kernel; nothing happens where it would have no block."""
        if min(np.atleast_1d(blocks)) > 0:
            self.device.launch(kernel, blocks, threads, *args)

    def result(self, array: Any) -> Any:
        """An array of the device, where the arguments came from."""
        return array if self.stays else self.device.download(array)


def blocks_for(items: int, threads: int) -> int:
    """How many blocks of so many threads give each item a thread: items / threads, rounded up."""
    return -(-items // threads)


def same_shape(name: str, **arrays: Any) -> None:
    """Check that shapes agree.

    Raises:
        ValueError: they differ.
    """
    shapes = {key: tuple(array.shape) for key, array in arrays.items()}
    if len(set(shapes.values())) > 1:
        given = ", ".join(f"{key} {shape}" for key, shape in shapes.items())
        raise ValueError(f"{name}: shapes must agree, got {given}")


def kernel_for(method: Any, kernels: Mapping[str, Kernel]) -> Kernel:
    """The kernel of this method.

    Raises:
        ValueError: there is none.
    """
    if not isinstance(method, str) or method not in kernels:
        raise ValueError(f"method must be one of {', '.join(kernels)}; got {method!r}")
    return kernels[method]


def float32_from(name: str, key: str, value: Any) -> np.float32:
    """A number as kernels take it.

    Raises:
        TypeError: it is no real number.
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{name}: {key} must be a number, got {_kind(value)}")
    return np.float32(value)


def count_from(name: str, key: str, value: Any, most: int) -> int:
    """A number of things, at least one.

    Raises:
        TypeError: it is no whole number.
        ValueError: it is less than 1 or more than `most`.
    """
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
        raise TypeError(f"{name}: {key} must be a whole number, got {_kind(value)}")
    if not 1 <= value <= most:
        raise ValueError(f"{name}: {key} must be 1 to {most}, got {value}")
    return int(value)


def _kind(value: Any) -> str:
    """What a value is, and what to do about it."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if kind == "torch.Tensor":
        return f"{kind} on the {value.device}: use .detach().numpy()"
    return kind.removeprefix("builtins.")
