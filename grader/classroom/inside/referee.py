"""The process of the referee: in a sandbox of its own, with no code of any submission in it.

It imports NumPy once and forks a child for each notebook, so that nothing is carried over. Parent
and child talk on one socket in lines of JSON, never at the same time: while there is a child, the
parent only waits for it.
"""

from __future__ import annotations

import base64
import json
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from grader.classroom.inside import isolation, linux
from grader.classroom.inside.court import Court, NoAnswer
from grader.classroom.inside.names import stored_in

_CHUNK = 2**20


class Line:
    """One end of the socket."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel, self._left = channel, b""

    def hear(self) -> dict[str, Any] | None:
        """The next message; None once nobody is there."""
        while b"\n" not in self._left:
            try:
                more = self._channel.recv(_CHUNK)
            except OSError:
                more = b""
            if not more:
                return None
            self._left += more
        line, _, self._left = self._left.partition(b"\n")
        heard: dict[str, Any] = json.loads(line)
        return heard

    def tell(self, **facts: Any) -> None:
        """Send a message."""
        self._channel.sendall(json.dumps(facts).encode() + b"\n")


def main(handle: int, user: int) -> None:
    """Fork a court for each notebook until the grader goes away."""
    if user and os.getuid() == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    linux.allow_inspection(False)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    line = Line(socket.socket(fileno=handle))
    line.tell(event="ready")
    while (order := line.hear()) is not None:
        folder = tempfile.mkdtemp(prefix="court-")
        child = os.fork()
        if child == 0:
            _hold_court(line, order, folder)
        _, status = os.waitpid(child, 0)
        shutil.rmtree(folder, ignore_errors=True)
        line.tell(event="closed", status=os.waitstatus_to_exitcode(status))


def _hold_court(line: Line, order: dict[str, Any], folder: str) -> NoReturn:
    """Judge one notebook's tests. Never returns."""
    status = 1
    try:
        linux.end_with_parent()
        os.chdir(folder)
        sys.path.insert(0, folder)
        for name, content in order["files"].items():
            place = Path(folder, name)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(base64.b64decode(content))
        isolation.set_limits(order["limits"], processes=False)
        random.seed(order["seed"])
        np.random.seed(order["seed"])  # noqa: NPY002  # tests may use it
        line.tell(event="begun")
        _obey(line, order["limits"]["cell_seconds"])
        status = 0
    finally:
        os._exit(status)


def _obey(line: Line, cell_seconds: float) -> None:
    asked = 0

    def ask(name: str, request: str, seconds: float) -> str | None:
        nonlocal asked
        asked += 1
        line.tell(event="ask", number=asked, name=name, line=request, seconds=seconds)
        while (heard := line.hear()) is not None:
            if heard.get("number") == asked:  # else it answers what we no longer wait for
                if "failed" in heard:
                    raise NoAnswer(heard["failed"])
                reply: str | None = heard["reply"]
                return reply
        os._exit(1)

    court = Court(ask)
    while (order := line.hear()) is not None:
        if order.get("order") == "judge":
            verdict = court.judge(order["source"], order["seconds"], order["allowed"])
            line.tell(event="verdict", **verdict)
            continue
        match order.get("order"):
            case "run":
                court.names.run_instructors(order["source"], cell_seconds)
            case "pass":
                court.names.pass_answer(order["source"], cell_seconds)
            case "leave":
                court.names.leave_to_answers(stored_in(order["source"]))
            case _:
                return
        line.tell(event="done")


if __name__ == "__main__":
    sys.path.pop(0)  # the folder that we were started in
    main(int(sys.argv[1]), int(sys.argv[2]))
