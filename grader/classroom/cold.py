"""A kernel that starts cold, outside any sandbox, for systems whose fork a kernel cannot use."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import zmq
from jupyter_client.manager import KernelManager

from grader.classroom.conversation import MAX_MESSAGE, Conversation, RunningSession
from grader.classroom.scratch import lay_out
from grader.classroom.session import Limits
from grader.kernel import QUIET, START_SECONDS, environment

if TYPE_CHECKING:
    from jupyter_client.session import Session as Signer


class _ManagedKernel:
    """A kernel behind Jupyter's own manager."""

    def __init__(self, manager: KernelManager) -> None:
        self._manager = manager
        self._client = client = manager.client()  # its sockets close with it
        self.signer: Signer = client.session
        self.shell: zmq.Socket[bytes] = client.connect_shell(identity=self.signer.bsession)
        self.iopub: zmq.Socket[bytes] = client.connect_iopub()
        for socket in (self.shell, self.iopub):
            socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE)

    def fate(self) -> str | None:
        return None if self._manager.is_alive() else "the kernel died"

    def interrupt(self) -> None:
        self._manager.interrupt_kernel()

    def kill(self) -> None:
        self._manager.shutdown_kernel(now=True)

    def close(self) -> None:
        self.kill()
        for socket in (self.shell, self.iopub):
            socket.close(linger=0)


@contextmanager
def cold_session(files: Mapping[str, bytes], limits: Limits) -> Iterator[RunningSession]:
    """A session in a kernel that Jupyter starts.

    Only the limits that the grader itself holds apply, and nothing of the course is withheld.
    """
    with tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True) as folder:
        lay_out(files, Path(folder))
        manager = KernelManager(kernel_name="python3")
        variables = environment() | {"NBGRADER_EXECUTION": "autograde"}  # as nbgrader's
        manager.start_kernel(cwd=folder, env=variables, extra_arguments=QUIET)
        kernel = _ManagedKernel(manager)
        try:
            conversation = Conversation(kernel, limits)
            conversation.wait_until_ready(START_SECONDS)
            about = {"sandbox": "none", "warm": False, "limits": asdict(limits), "layers": []}
            yield RunningSession(conversation, about)
        finally:
            kernel.close()
