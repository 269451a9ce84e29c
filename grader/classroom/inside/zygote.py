"""The warm process: imports the large libraries once, then forks a kernel for each submission.

It runs no code of any submission itself, and only *imports*: after one parallel region, such as a
matrix product, its children would hang. It obeys one socket, on which each message is a JSON object
with the file descriptors that it speaks of, and answers with events.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from typing import Any, cast

from grader.classroom.inside import linux, watch
from grader.classroom.inside.submission import Walls, become_submission

MESSAGE_BYTES = 64 * 1024
HANDLES = 3  # with an order to start: shell, iopub, an archive of files
_LOOK_SECONDS = 0.1  # between looks at what the submission uses


class Zygote:
    """Waits for orders, and watches over the submission that is running, if one is."""

    def __init__(self, control: socket.socket, walls: Walls) -> None:
        self.control, self.walls = control, walls
        self.child = self.child_handle = 0  # the submission's first process
        self.limits: dict[str, Any] = {}
        self.looked_at = 0.0
        self.verdict: str | None = None  # why we ended it

    def loop(self) -> None:
        """Obey until the grader goes away."""
        while True:
            handles = [self.control.fileno()]
            if self.child:
                handles.append(self.child_handle)
            ready, _, _ = select.select(handles, [], [], _LOOK_SECONDS if self.child else None)
            if self.child:
                self._look()
            if handles[0] in ready and not self._obey():
                self._end("the grader has gone")
                return

    def tell(self, event: str, **facts: Any) -> None:
        """Report something to the grader."""
        with contextlib.suppress(OSError):  # the grader has gone; the loop will see it
            self.control.send(json.dumps({"event": event, **facts}).encode())

    def _obey(self) -> bool:
        """Follow one order; whether there is still somebody to give them."""
        try:
            data, handles, _, _ = socket.recv_fds(self.control, MESSAGE_BYTES, HANDLES)
        except OSError:
            return False
        if not data:
            return False
        order = json.loads(data)
        if order["order"] == "start":
            self._start(order, handles)
        elif order["order"] == "interrupt" and self.child:
            os.kill(self.child, signal.SIGINT)  # not reaped yet, so the number is still its own
        elif order["order"] == "end":
            self._end("the grader ended it")
        for handle in handles:
            os.close(handle)
        return True

    # --- starting -------------------------------------------------------------------------------

    def _start(self, order: dict[str, Any], handles: list[int]) -> None:
        self.limits, self.verdict = order["limits"], None
        reading, writing = os.pipe()
        first = os.fork()
        if first == 0:
            os.close(reading)
            self.control.close()
            become_submission(order, handles, writing, self.walls)
        os.close(writing)
        facts: dict[str, Any] = {}
        with open(reading, encoding="utf-8") as told:
            for line in told:
                facts |= json.loads(line)
        if self.walls == "own":
            os.waitpid(first, 0)  # it only made the namespaces; its child is ours by adoption
        self.child = facts.pop("pid", 0) if self.walls == "own" else first
        if self.child:
            self.child_handle = os.pidfd_open(self.child)
        if facts.pop("ready", False):
            self.tell("started", **facts)
        else:
            why = f"the kernel could not be set up: {facts.get('failed', 'it died')}"
            if self.child:
                self._end(why)
            else:
                self.tell("gone", how=why)

    # --- watching and ending --------------------------------------------------------------------

    def _look(self) -> None:
        """See whether the submission has ended, and end it if it uses too much."""
        ended, status = os.waitpid(self.child, os.WNOHANG)
        if ended:
            self._gone(status)
        elif time.monotonic() > self.looked_at + _LOOK_SECONDS:
            self.looked_at = time.monotonic()
            used = watch.use([self.child, *watch.descendants(self.child)])
            if used.memory_bytes > self.limits["memory_bytes"]:
                self._end(f"it used more than {self.limits['memory_bytes'] / 2**20:.0f} MiB")
            elif used.processes > self.limits["processes"]:
                self._end(f"it started more than {self.limits['processes']} processes")

    def _end(self, verdict: str) -> None:
        """Kill the submission and wait until all of it is gone."""
        if self.child:
            self.verdict = verdict
            os.kill(self.child, signal.SIGKILL)
            _, status = os.waitpid(self.child, 0)
            self._gone(status)

    def _gone(self, status: int) -> None:
        os.close(self.child_handle)
        self.child = self.child_handle = 0
        _kill_orphans()
        code = os.waitstatus_to_exitcode(status)
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"
        self.tell("gone", how=self.verdict or f"the kernel {how}")


def _kill_orphans() -> None:
    """End what the submission left: outside of a process namespace it may have survived.

    We have adopted all of it, and go on until there is none: new ones may be born meanwhile.
    """
    while orphans := watch.children(os.getpid()):
        for orphan in orphans:
            with contextlib.suppress(ProcessLookupError):
                os.kill(orphan, signal.SIGKILL)
        for orphan in orphans:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(orphan, 0)


def main(control: int, walls: Walls, user: int, modules: list[str]) -> None:
    """Warm up, say so, and serve.

    Args:
        control: the file descriptor of the socket to obey.
        walls: see `grader.classroom.inside.submission`.
        user: become this one first, if we are root; 0 to stay who we are.
        modules: what to import, if it is installed.
    """
    if user and os.getuid() == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    linux.allow_inspection(False)
    linux.adopt_orphans()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    loaded = [name for name in modules if _import(name)]
    importlib.import_module("grader.classroom.inside.kernel")
    gc.collect()
    gc.freeze()  # what is here now is never collected, so its pages stay shared with the children
    zygote = Zygote(socket.socket(fileno=control), walls)
    zygote.tell("ready", loaded=loaded, threads=len(os.listdir("/proc/self/task")))
    zygote.loop()


def _import(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


if __name__ == "__main__":
    sys.path.pop(0)  # the folder that we were started in; a kernel puts its own there
    main(int(sys.argv[1]), cast(Walls, sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
