"""Warm kernels for Jupyter's own tools: JupyterLab, nbval, nbclient, an unmodified nbgrader.

A kernel provisioner is Jupyter's extension point for how a kernel comes about. This one forks it
from a process that has imported NumPy, PyTorch and Matplotlib. Select it with

    JUPYTER_DEFAULT_PROVISIONER_NAME=course-warm-provisioner

No sandbox: these are the user's own kernels. While the warm process is still importing, where
fork is not to be had, and for kernels of another interpreter, kernels start cold, as ever.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from grader.classroom.inside.preload import VARIABLES
from grader.classroom.nursery import MESSAGE_BYTES

NAME = "course-warm-provisioner"
# What an interpreter reads only as it starts: a kernel that wants it otherwise starts cold.
_AT_START = ("LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONHASHSEED", "PYTHONHOME", "PYTHONOPTIMIZE")
_FORK_SECONDS = 10.0


class Nursery:
    """The warm process of this process, and what has become of its kernels."""

    def __init__(self, env: dict[str, str]) -> None:
        self.owner = os.getpid()
        self.traits = [env.get(name) for name in _AT_START]
        self.forkable: bool | None = None  # not known yet
        self.alive = True
        self._statuses: dict[int, int] = {}
        self._lock = threading.Lock()
        self._control, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        variables = {k: v for k, v in env.items() if k != "JPY_PARENT_PID"}
        backend = {k: variables[k] for k in ("MPLBACKEND",) if k in variables}  # the user's own
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "grader.classroom.nursery", str(other.fileno())],
                env=variables | VARIABLES | backend,
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def suits(self, env: dict[str, str]) -> bool:
        """Whether it is warm, and its forks would be what a fresh interpreter is."""
        with self._lock:
            self._hear()
        ours = self.owner == os.getpid() and self.alive
        return ours and self.forkable is True and self.traits == [env.get(n) for n in _AT_START]

    def fork(self, argv: list[str], env: dict[str, str], cwd: str) -> int | None:
        """A new kernel's process id; None if there is none to be had."""
        order = json.dumps({"argv": argv, "env": env, "cwd": cwd}).encode()
        with self._lock, contextlib.suppress(OSError):
            self._control.send(order)
            event = self._hear("forked")
            return None if event is None else int(event["pid"])
        return None

    def status(self, pid: int) -> int | None:
        """A kernel's exit status; None while it lives."""
        with self._lock:
            self._hear()
        return self._statuses.get(pid, None if self.alive else -signal.SIGKILL)

    def close(self) -> None:
        """End it, and with it its kernels."""
        if self.owner != os.getpid():
            return
        self._control.close()
        self._process.wait()
        self.alive = False

    def _hear(self, awaited: str = "") -> dict[str, Any] | None:
        """Take in what it has said; with a name, wait for that event."""
        while self.alive:
            self._control.settimeout(_FORK_SECONDS if awaited else 0)
            try:
                data = self._control.recv(MESSAGE_BYTES)
            except (BlockingIOError, TimeoutError):
                return None
            except OSError:
                data = b""
            if not data:
                self.alive = False
                return None
            event: dict[str, Any] = json.loads(data)
            if event["event"] == "ready":
                self.forkable = event["forkable"]
            elif event["event"] == "ended":
                self._statuses[event["pid"]] = event["status"]
            if event["event"] == awaited:
                return event
        return None


class ForkedProcess:
    """A forked kernel, with the part of `subprocess.Popen` that Jupyter uses."""

    stdin = stdout = stderr = None

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery, self.pid = nursery, pid

    def poll(self) -> int | None:
        """Its exit status, or None while it lives."""
        return self._nursery.status(self.pid)

    def wait(self) -> int | None:
        """Its exit status; Jupyter asks only once it has ended."""
        return self.poll()

    def send_signal(self, signum: int) -> None:
        """Send a signal, if it lives."""
        if self.poll() is None:
            os.kill(self.pid, signum)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


_nursery: Nursery | None = None


def nursery(env: dict[str, str]) -> Nursery:
    """The warm process, started on first use and again if it is gone."""
    global _nursery
    if _nursery is None or not _nursery.alive or _nursery.owner != os.getpid():
        _nursery = Nursery(env)
        atexit.register(_nursery.close)
    return _nursery


class WarmProvisioner(LocalProvisioner):
    """Starts kernels by fork, where that gives the same kernel sooner."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork the kernel that a command line would start; else run the command line."""
        env = dict(kwargs.get("env") or os.environ)
        arguments = kernel_arguments(cmd)
        if sys.platform != "linux":
            self.log.warning("Kernels start cold: this system (%s) forks none.", sys.platform)
        elif arguments is not None:
            warm = nursery(env)
            cwd = str(kwargs.get("cwd") or os.getcwd())
            pid = warm.fork(arguments, env, cwd) if warm.suits(env) else None
            if pid is not None:
                self.process = ForkedProcess(warm, pid)  # type: ignore[assignment]
                self.pid = self.pgid = pid  # it leads a session, and so a group, of its own
                self.cwd = cwd
                return self.connection_info
            self.log.info("This kernel starts cold: no warm process like it is ready yet.")
        return await super().launch_kernel(cmd, **kwargs)


def kernel_arguments(cmd: list[str]) -> list[str] | None:
    """The arguments of an IPython kernel of this very interpreter; None for any other command."""
    if not cmd or cmd[0] != sys.executable or "ipykernel_launcher" not in cmd:
        return None
    at = cmd.index("ipykernel_launcher")
    return cmd[at + 1 :] if cmd[1:at] == ["-m"] else None
