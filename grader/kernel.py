"""The kernels that builders and graders start, and how a judge reaches an answer inside one."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_client.blocking.client import BlockingKernelClient
    from jupyter_client.manager import KernelManager

# A kernel on the loopback warns that its messages are not encrypted; errors still show.
QUIET = ["--log-level=ERROR"]
REPLY = "application/vnd.course.reply+json"
START_SECONDS = 60.0
_THREADS = ("MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_POLL_SECONDS = 0.2
_GRACE_SECONDS = 5.0  # for a cell to end once it has been interrupted


def environment() -> dict[str, str]:
    """The variables of a kernel or of nbgrader: nothing in them changes what a notebook shows."""
    variables = {k: v for k, v in os.environ.items() if k != "MPLBACKEND"}  # the kernel sets it
    # nbgrader starts `alembic` by name, and a lesson may start `course`.
    variables["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), variables.get("PATH", os.defpath)]
    )
    # The kernel judges with the same course as we do, installed or not.
    ours = [str(Path(__file__).parents[1]), variables.get("PYTHONPATH", "")]
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, ours))
    variables.update(dict.fromkeys(_THREADS, "1"))  # sums differ in their last digits otherwise
    variables["PYTHONHASHSEED"] = "0"
    variables["SOURCE_DATE_EPOCH"] = "0"  # Matplotlib writes the date into vector figures
    variables["COURSE_PROGRESS"] = "off"  # only a learner's own attempts count
    return variables


class KernelDied(Exception):
    """The kernel is gone; `str()` says how it went."""


@dataclass
class Outcome:
    """What came of running some code."""

    error: str | None = None  # the exception's name and message, or that it was stopped
    replies: list[Any] = field(default_factory=list)  # see `show_reply`


class Kernel:
    """A running kernel. Its outputs are thrown away, so no flood of them fills our memory."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self._manager, self._client = manager, client

    def run(self, code: str, seconds: float) -> Outcome:
        """Run code; stop it after `seconds`.

        Raises:
            KernelDied: the code ended the kernel, or would not be stopped.
        """
        try:
            request = self._client.execute(
                code, store_history=False, allow_stdin=False, stop_on_error=False
            )
        except (OSError, RuntimeError) as error:
            raise KernelDied("the kernel died") from error
        outcome, stopped = Outcome(), False
        deadline = time.monotonic() + seconds
        while not self._is_over(request, outcome):
            if time.monotonic() < deadline:
                continue
            if stopped:
                self._manager.shutdown_kernel(now=True)
                raise KernelDied(f"the kernel ran past {seconds:g} s and did not let itself stop")
            stopped, deadline = True, time.monotonic() + _GRACE_SECONDS
            self._manager.interrupt_kernel()
        if stopped:
            outcome.error = f"stopped after {seconds:g} s"
        return outcome

    def _is_over(self, request: str, outcome: Outcome) -> bool:
        """Take in one message of the kernel's."""
        try:
            message = self._client.get_iopub_msg(timeout=_POLL_SECONDS)
        except Empty:
            if not self._manager.is_alive():
                raise KernelDied("the kernel died") from None
            return False
        if message["parent_header"].get("msg_id") != request:
            return False
        content = message["content"]
        if message["msg_type"] == "error":
            outcome.error = f"{content['ename']}: {content['evalue']}".rstrip(": ")[:300]
        elif message["msg_type"] == "display_data" and REPLY in content["data"]:
            outcome.replies.append(content["data"][REPLY])
        return message["msg_type"] == "status" and content["execution_state"] == "idle"


@contextmanager
def fresh_kernel(folder: Path) -> Iterator[Kernel]:
    """A kernel that starts in a folder, and is gone at the end whatever happened.

    Raises:
        KernelDied: it does not start.
    """
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(folder), env=environment(), extra_arguments=QUIET)
    client = manager.blocking_client()
    try:
        client.start_channels()
        try:
            client.wait_for_ready(timeout=START_SECONDS)
        except RuntimeError as error:
            raise KernelDied(f"the kernel did not start: {error}") from error
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def show_reply(name: str, line: str) -> None:
    """Probe the answer of this name with a request, inside the kernel, and show the reply."""
    from IPython import get_ipython
    from IPython.display import publish_display_data

    from grader.probe import reply

    names = get_ipython().user_ns
    shown: dict[str, Any] = {"defined": name in names}
    if name in names:
        answer = names[name]
        origin = (getattr(answer, "__module__", ""), getattr(answer, "__qualname__", ""))
        shown |= {"origin": ".".join(map(str, origin)), "reply": reply(answer, line)}
    publish_display_data({REPLY: shown})  # type: ignore[no-untyped-call]
