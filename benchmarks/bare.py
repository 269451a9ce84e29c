"""What a bare CUDA machine lacks: `prepare()` lets `course_lib.kernels` be imported there.

Needed: Python 3.11 or newer, NumPy, PyTorch with CUDA, numba-cuda, and pytest for the tests. Not
needed: Jupyter, Matplotlib, greenlet, jaxtyping. Annotations of shapes are checked elsewhere, so
where jaxtyping is missing something that accepts any annotation takes its place.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any


class _AnyShape:
    """Stands for Float, Int and their like: any annotation means any object."""

    def __class_getitem__(cls, item: Any) -> type:
        return object


class _StandIn(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _AnyShape


def prepare() -> None:
    """Put the stand-in where jaxtyping is missing; do nothing where it is installed."""
    if "jaxtyping" not in sys.modules and importlib.util.find_spec("jaxtyping") is None:
        sys.modules["jaxtyping"] = _StandIn("jaxtyping")


def devices() -> int:
    """How many CUDA devices there are."""
    from course_lib.kernels import backends

    return backends.devices()


def missing() -> str:
    """What keeps kernels from running on a GPU here; "" if nothing does."""
    if devices() == 0:
        return (
            "no CUDA device: the NVIDIA driver is missing or sees no GPU (`nvidia-smi` shows what "
            "it sees). Kernels are tested on the CPU in tests/course_lib/kernels"
        )
    for package in ("numba", "torch"):
        if importlib.util.find_spec(package) is None:
            return f'{package} is not installed: pip install "numba-cuda[cu13]" torch'
    import torch

    if not torch.cuda.is_available():
        return f"PyTorch {torch.__version__} sees none: its build for CUDA is required"
    return ""
