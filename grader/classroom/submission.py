"""What a student handed in: read as bytes, within limits, and nothing in it is followed or run."""

from __future__ import annotations

import fnmatch
import json
import os
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from grader.errors import CourseError
from grader.probe import readable

MAX_NOTEBOOK_BYTES = 64 * 2**20
MAX_FILES = 2_000
MAX_TOTAL_BYTES = 128 * 2**20
MAX_SOURCE = 2**20  # of one cell; a person types less
MAX_CELLS = 5_000


class Unreadable(CourseError):
    """A submitted notebook that is none; `str()` says why, in words for the instructor."""


@dataclass
class Handed:
    """A submission as it lies on disk.

    Attributes:
        notebooks: each notebook's bytes by its name without the ending.
        files: the other files, by relative path.
        remarks: what was left aside, and why.
    """

    notebooks: dict[str, bytes] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Cell:
    """All that is ever used of a submitted cell."""

    type: str
    source: str
    grade_id: str = ""
    id: str = ""


def collect(folder: Path, ignore: Sequence[str] = ()) -> Handed:
    """Read a submission's folder; links, pipes and what goes past the limits are left aside.

    Args:
        folder: the submission's folder.
        ignore: nbgrader's globs of names to leave aside.
    """
    handed, total = Handed(), 0
    for relative, path in _walk(folder, ignore, handed.remarks):
        is_notebook = path.suffix == ".ipynb"
        if is_notebook and path.parent != folder:
            continue
        limit = min(MAX_NOTEBOOK_BYTES, MAX_TOTAL_BYTES - total)
        try:
            content = _read(path, limit)
        except OSError as error:
            handed.remarks.append(f"{relative}: {error.strerror or error}")
            continue
        if content is None:
            handed.remarks.append(f"{relative}: too large or no plain file")
            if is_notebook:
                handed.notebooks[path.stem] = b""
            continue
        total += len(content)
        if is_notebook:
            handed.notebooks[path.stem] = content
        else:
            handed.files[relative] = content
    return handed


def _walk(folder: Path, ignore: Sequence[str], remarks: list[str]) -> Iterator[tuple[str, Path]]:
    """The plain files of a folder; no link is followed, so nothing outside of it is read."""
    count = 0
    for where, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(n for n in folders if not _ignored(n, ignore))
        for name in sorted(n for n in names if not _ignored(n, ignore)):
            path = Path(where, name)
            relative = path.relative_to(folder).as_posix()
            if not relative.isprintable() or relative != readable(relative):
                remarks.append(f"{relative!a}: a file name that cannot be used")
                continue
            if path.is_symlink():
                remarks.append(f"{relative}: a link, not followed")
                continue
            count += 1
            if count > MAX_FILES:
                remarks.append(f"more than {MAX_FILES} files: the rest was left aside")
                return
            yield relative, path


def _ignored(name: str, globs: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in globs)


def _read(path: Path, limit: int) -> bytes | None:
    """A plain file's bytes, or None if it is another kind of file or larger than the limit."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags)
    with open(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > limit:
            return None
        content = file.read(limit + 1)
    return content if len(content) <= limit else None


def without_shadows(files: Mapping[str, bytes], remarks: list[str]) -> dict[str, bytes]:
    """Leave out files that would be imported in place of an installed module."""
    kept: dict[str, bytes] = {}
    for name, content in files.items():
        top = name.split("/", 1)[0]
        module = top.split(".", 1)[0]
        code = "/" in name or top.endswith((".py", ".pyc", ".pyd", ".so"))
        if code and _is_installed(module):
            remarks.append(f"{name}: left out, it would stand in for the module `{module}`")
        else:
            kept[name] = content
    return kept


def _is_installed(module: str) -> bool:
    if module in sys.stdlib_module_names or module in sys.builtin_module_names:
        return True
    try:
        return module.isidentifier() and find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def cells_of(content: bytes) -> list[Cell]:
    """The cells of a submitted notebook of any version.

    Raises:
        Unreadable: it is no notebook.
    """
    if not content:
        raise Unreadable("the notebook is empty, too large, or no plain file")
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        why = str(error)[:200]
        raise Unreadable(f"the notebook is not JSON: {why}") from error
    found = _cells(data)
    if not isinstance(found, list):
        raise Unreadable("the notebook has no list of cells")
    if len(found) > MAX_CELLS:
        raise Unreadable(f"the notebook has {len(found)} cells, more than {MAX_CELLS}")
    return [cell for cell in map(_cell, found) if cell is not None]


def _cells(data: Any) -> Any:
    if not isinstance(data, dict):
        raise Unreadable("the notebook is no JSON object")
    version = data.get("nbformat")
    if version == 4:
        return data.get("cells")
    if version == 3:
        sheets = data.get("worksheets")
        sheets = sheets if isinstance(sheets, list) else []
        inner = [s.get("cells") for s in sheets if isinstance(s, dict)]
        return [cell for cells in inner if isinstance(cells, list) for cell in cells]
    raise Unreadable(f"the notebook's format is {str(version)[:20]!r}; 3 or 4 was required")


def _cell(data: Any) -> Cell | None:
    """A cell's text and ids; None for what is no cell. Tags, types and points are not looked at."""
    if not isinstance(data, dict):
        return None
    source = data.get("source", data.get("input", ""))  # "input" in version 3
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str):
        source = ""
    metadata = data.get("metadata")
    grading = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = grading.get("grade_id") if isinstance(grading, dict) else None
    return Cell(
        type=data["cell_type"] if data.get("cell_type") in ("code", "markdown", "raw") else "raw",
        source=readable(source[:MAX_SOURCE]),
        grade_id=grade_id if isinstance(grade_id, str) else "",
        id=data["id"] if isinstance(data.get("id"), str) else "",
    )
