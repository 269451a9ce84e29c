"""What the tests of sessions share."""

import shutil
from contextlib import contextmanager

import pytest

from grader.classroom.session import MIB, CellRun, Limits, open_session

needs_bwrap = pytest.mark.skipif(
    shutil.which("bwrap") is None,
    reason="no bubblewrap: sudo apt-get install bubblewrap",
)
SMALL = Limits(
    cell_seconds=10,
    notebook_seconds=60,
    memory_bytes=2048 * MIB,
    processes=40,
    file_bytes=64 * MIB,
    output_bytes=MIB,
)


@contextmanager
def opened(files=None, *, lesson=None, limits=SMALL, sandbox="bwrap", warm=True):
    with open_session(
        files or {}, lesson=lesson, limits=limits, sandbox=sandbox, warm=warm
    ) as session:
        yield session


def text(run: CellRun) -> str:
    """All that a cell printed, showed and raised."""
    parts = []
    for output in run.outputs:
        if output.output_type == "stream":
            parts.append(output.text)
        elif output.output_type == "error":
            parts.append(f"{output.ename}: {output.evalue}")
        else:
            parts.append(str(output.data.get("text/plain", "")))
    return "\n".join(parts)
