"""From a fork of the warm process to a submission's kernel: walls first, then the kernel."""

from __future__ import annotations

import contextlib
import json
import os
import tarfile
from typing import Any, Literal, NoReturn, TypeAlias

from grader.classroom.inside import isolation, linux

# "own": namespaces for each submission inside the sandbox; "shared": the sandbox was made for this
# one and ends with it; "none": no sandbox at all.
Walls: TypeAlias = Literal["own", "shared", "none"]


def become_submission(
    order: dict[str, Any], handles: list[int], report: int, walls: Walls
) -> NoReturn:
    """Turn this process, or its child in new namespaces, into the kernel. Never returns.

    Args:
        order: what the grader asked for.
        handles: listening sockets for requests and for outputs, and an archive of files.
        report: a pipe for lines of JSON: "pid" as the warm process sees it, "layers", then
            "ready"; or "failed".
        walls: which ones to put up.
    """
    status = 1
    try:
        if walls == "own":
            isolation.leave_namespaces()
            if kernel := os.fork():
                _say(report, pid=kernel)
                os._exit(0)
        _say(report, layers=_prepare(order, handles[2], walls))
        from grader.classroom.inside.kernel import quiet_streams, reseed, serve

        reseed(order["seed"])
        quiet_streams()
        _say(report, ready=True)
        os.close(report)
        serve(handles[0], handles[1], order["key"].encode())
        status = 0
    except BaseException as error:
        with contextlib.suppress(OSError):  # it is closed once the kernel runs
            _say(report, failed=f"{type(error).__name__}: {error}"[:500])
    finally:
        os._exit(status)


def _prepare(order: dict[str, Any], archive: int, walls: Walls) -> list[str]:
    """Lay out files, set limits, put up walls; the names of the layers that hold."""
    os.setsid()
    if walls != "own":  # there, the parent is gone already, and the sandbox ends all
        linux.end_with_parent()
    limits = order["limits"]
    if walls == "own":
        isolation.private_files(limits["file_bytes"])
    if walls != "none":
        isolation.make_folders()
    os.chdir(order["work"] if walls == "none" else isolation.WORK)
    with open(archive, "rb") as stream, tarfile.open(fileobj=stream) as files:
        # The grader made it, and checked its names: early releases of 3.11 have no filter.
        files.extraction_filter = getattr(tarfile, "data_filter", None)
        files.extractall()
    isolation.set_limits(limits, processes=walls != "none")
    layers = ["rlimits"]
    if walls == "own":
        layers += ["own namespaces", "own file system"]
    if walls != "none":
        layers += isolation.shut_the_door()
    return layers


def _say(pipe: int, **facts: Any) -> None:
    os.write(pipe, json.dumps(facts).encode() + b"\n")
