"""The files beside a submission's notebook, on their way into its working folder."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO

from grader.errors import CourseError


def pack(files: Mapping[str, bytes], stream: IO[bytes]) -> None:
    """Write files, by relative path, as an archive.

    Raises:
        CourseError: a path would leave the folder.
    """
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(_inside(name))
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    stream.flush()


def lay_out(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files, by relative path, into a folder.

    Raises:
        CourseError: a path would leave the folder.
    """
    for name, content in files.items():
        target = folder / _inside(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _inside(name: str) -> str:
    """The path of a submission's file, if it stays in its folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
        raise CourseError(f"a path inside the submission was required, got {name!r}")
    return str(path)
