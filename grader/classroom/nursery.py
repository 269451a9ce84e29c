"""The program that forks warm kernels for Jupyter's own tools; see `grader.classroom.provisioner`.

It imports the large libraries, never computes with them (its children would hang), and then forks
one ordinary IPython kernel for each order. Kernels end when it does, and it ends when whoever
started it is gone.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import random
import select
import signal
import socket
import sys
from typing import Any, NoReturn

from grader.classroom.inside.preload import KERNEL, LIBRARIES

MESSAGE_BYTES = 192 * 1024  # an order carries all environment variables


def main(control: socket.socket) -> None:
    """Warm up, say so, and serve until the other end is gone."""
    for name in (*LIBRARIES, *KERNEL):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is here now is never collected, so its pages stay shared with the children
    threads = len(os.listdir("/proc/self/task"))
    _tell(control, "ready", forkable=threads == 1)
    children: dict[int, int] = {}  # handle -> pid
    while True:
        ready, _, _ = select.select([control.fileno(), *children], [], [])
        for handle in children.keys() & ready:
            _bury(control, children.pop(handle), handle)
        if control.fileno() not in ready:
            continue
        order = control.recv(MESSAGE_BYTES)
        if not order:
            break
        pid = os.fork()
        if pid == 0:
            control.close()
            _become_kernel(**json.loads(order))
        children[os.pidfd_open(pid)] = pid
        _tell(control, "forked", pid=pid)
    for pid in children.values():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def _tell(control: socket.socket, event: str, **facts: Any) -> None:
    with contextlib.suppress(OSError):  # nobody is there; the loop will see it
        control.send(json.dumps({"event": event, **facts}).encode())


def _bury(control: socket.socket, pid: int, handle: int) -> None:
    _, status = os.waitpid(pid, 0)
    os.close(handle)
    _tell(control, "ended", pid=pid, status=os.waitstatus_to_exitcode(status))


def _become_kernel(argv: list[str], env: dict[str, str], cwd: str) -> NoReturn:
    """Be the kernel that this command line would have started. Never returns."""
    status = 1
    try:
        os.setsid()
        warm = dict(os.environ)
        os.environ.clear()
        os.environ.update(env)
        os.environ.pop("JPY_PARENT_PID", None)  # a kernel ends when that is not its parent
        os.chdir(cwd)
        _catch_up(env, warm)
        from ipykernel.kernelapp import IPKernelApp

        sys.argv = ["ipykernel_launcher", *argv]
        # It has a parent that ends it, which need not be watched: 1 says so.
        IPKernelApp.launch_instance(argv=[*argv, "--IPKernelApp.parent_handle=1"])
        status = 0
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        atexit._run_exitfuncs()
        os._exit(status)


def _catch_up(env: dict[str, str], warm: dict[str, str]) -> None:
    """What a fresh interpreter would have taken from its environment, and a fork did not."""
    ours = env.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [folder for folder in ours if folder and folder not in sys.path]
    random.seed()
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None:
        numpy.random.seed()
    if torch is not None:
        torch.seed()
        torch.set_num_threads(int(env.get("OMP_NUM_THREADS") or os.cpu_count() or 1))
    matplotlib, backend = sys.modules.get("matplotlib"), env.get("MPLBACKEND")
    if matplotlib is not None and backend and backend != warm.get("MPLBACKEND"):
        matplotlib.rcParams["backend"] = backend
    if env.get("OPENBLAS_NUM_THREADS") != "1":
        _free_blas(int(env.get("OPENBLAS_NUM_THREADS") or os.cpu_count() or 1))


def _free_blas(threads: int) -> None:
    """NumPy's BLAS was loaded with one thread, so that it could be forked."""
    with contextlib.suppress(ImportError):
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        threadpool_limits(threads, user_api="blas")


if __name__ == "__main__":
    sys.path.pop(0)  # the folder that we were started in; a kernel puts its own there
    main(socket.socket(fileno=int(sys.argv[1])))
