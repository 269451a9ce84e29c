"""Checkpoints: written whole or not at all, and read without running what is in them."""

import os
import tempfile
from pathlib import Path
from typing import Any

import torch

__all__ = ["load_checkpoint", "save_checkpoint"]


def save_checkpoint(path: str | Path, state: dict[str, Any]) -> None:
    """Write state (tensors, numbers, strings, and lists and dicts of them) to path.

    It is written beside path first and then renamed, so whoever reads path, even after the machine
    stopped halfway, finds the old checkpoint or the new one, never half of one.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def load_checkpoint(path: str | Path, device: str | torch.device = "cpu") -> dict[str, Any]:
    """Read what `save_checkpoint` wrote, its tensors on the device given.

    Raises:
        FileNotFoundError: there is no such file.
    """
    return torch.load(Path(path), map_location=device, weights_only=True)
