"""The Jupyter kernel of one submission, on two sockets that the grader handed over.

No port, no file and no name leads to it. Interrupts come as signals and the end as a kill, so the
channels that Jupyter has for them, for a heartbeat and for a person's input stay inside.
"""

from __future__ import annotations

import os
import random
import sys
from typing import Any

import zmq
from ipykernel.kernelapp import IPKernelApp

# Loaded before the submission can put a file of the same name in the way.
import grader.classroom.inside.reply
import grader.probe  # noqa: F401

_ERRORS_ONLY = 40  # of Python's log levels


class _NoEndpoint:
    """Stands for the shell socket while nothing may connect back to it."""

    def getsockopt(self, option: int) -> bytes:
        """No address."""
        return b""


class SubmissionKernelApp(IPKernelApp):
    """IPython's kernel, bound to given sockets."""

    sockets: dict[str, int]  # an annotation only
    key: bytes

    def parse_command_line(self, argv: Any = None) -> None:
        """There is none, and to read it takes a fifth of the time of a start."""

    def init_connection_file(self) -> None:
        """There is none."""
        self.session.key = self.key

    def write_connection_file(self, **kwargs: Any) -> None:
        """Nobody would read it."""

    def log_connection_info(self) -> None:
        """Nor this."""

    def cleanup_connection_file(self) -> None:
        """Nothing to remove."""

    def init_heartbeat(self) -> None:
        """The grader sees by other means whether the process lives."""

    def init_control(self, context: Any) -> None:
        """A control channel that nobody talks on: some of the kernel expects it."""
        shell, self.shell_socket = self.shell_socket, _NoEndpoint()
        try:
            super().init_control(context)  # type: ignore[no-untyped-call]
        finally:
            self.shell_socket = shell

    def _try_bind_socket(self, socket: Any, port: int) -> int:
        name = {zmq.ROUTER: "shell", zmq.XPUB: "iopub"}.get(socket.type)
        handle = self.sockets.pop(name, None) if name else None
        if handle is None:
            socket.bind(f"inproc://{id(socket)}")
            return 0
        socket.setsockopt(zmq.USE_FD, handle)
        socket.bind("ipc:///tmp/grader")  # the name is not used, nor anything made there
        return 0


def serve(shell: int, iopub: int, key: bytes) -> None:
    """Be a kernel until something ends it.

    Args:
        shell: a listening Unix socket, for requests.
        iopub: another one, for outputs.
        key: signs the messages.
    """
    app = SubmissionKernelApp.instance(log_level=_ERRORS_ONLY)
    app.sockets, app.key = {"shell": shell, "iopub": iopub}, key
    app.config.HistoryManager.enabled = False  # no file, and no thread that writes to it
    # As Python itself shows an error: IPython's coloured form takes 20 times as long, and a wrong
    # submission has an error in every other cell.
    app.config.InteractiveShell.xmode = "Plain"
    app.config.InteractiveShell.colors = "nocolor"
    app.initialize()  # type: ignore[no-untyped-call]
    app.start()  # type: ignore[no-untyped-call]


def reseed(seed: int) -> None:
    """Give each random generator a start of its own: a fork would repeat its parent's numbers."""
    random.seed(seed)
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed(seed)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(seed)


def quiet_streams() -> None:
    """Nobody reads what is printed past the kernel, and nobody types."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
