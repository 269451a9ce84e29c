"""From asking for a kernel to the end of its first cell, `import torch`: cold against warm.

The cold kernel is Jupyter's own, started as nbgrader starts it. All kinds take turns, so that what
else the machine does meets each of them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from jupyter_client.manager import KernelManager
from jupyter_client.provisioning import KernelProvisionerFactory

from grader.classroom import provisioner, warm
from grader.classroom.forked import forks
from grader.classroom.sandbox import program
from grader.classroom.session import Limits, Sandbox, open_session
from grader.errors import CourseError

CELL = "import torch"
ROUNDS = 9
LEAST, AIM = 4.0, 8.0
Start = Callable[[], float]


def measure() -> dict[str, Any]:
    """Time all kinds of start; the first of each, which warms up, is not counted."""
    kinds: dict[str, Start] = {"cold, Jupyter's own": _jupyter}
    if forks():
        kinds["warm, provisioner"] = _provisioned
        kinds["warm, no sandbox"] = lambda: _session("none")
    try:
        program()
        kinds["warm, sandbox"] = lambda: _session("bwrap")
    except CourseError:
        pass
    seconds: dict[str, list[float]] = {name: [] for name in kinds}
    for round_ in range(ROUNDS + 1):
        for name, start in kinds.items():
            taken = start()
            if round_:
                seconds[name].append(taken)
    warm.close_all()
    return _outcome(seconds)


def _outcome(seconds: dict[str, list[float]]) -> dict[str, Any]:
    cold = median(seconds["cold, Jupyter's own"])
    rows = [
        {
            "kernel": name,
            "median s": round(median(times), 3),
            "worst s": round(max(times), 3),
            "times faster": round(cold / median(times), 1),
        }
        for name, times in seconds.items()
    ]
    graded = rows[-1]
    ratio = float(str(graded["times faster"]))
    return {
        "title": f"Kernel start to the end of its first cell, `{CELL}`, {ROUNDS} rounds",
        "rows": rows,
        "verdict": f"{graded['kernel']}: {ratio:g}x (at least {LEAST:g}x, aim {AIM:g}x)",
        "reached": ratio >= LEAST,
    }


def _session(sandbox: Sandbox) -> float:
    started = time.perf_counter()
    with open_session({}, lesson=None, limits=Limits(), sandbox=sandbox) as session:
        session.run(CELL)
        return time.perf_counter() - started


def _provisioned() -> float:
    os.environ["JUPYTER_DEFAULT_PROVISIONER_NAME"] = provisioner.NAME
    KernelProvisionerFactory.clear_instance()  # it has read the variable before
    try:
        env = dict(os.environ)
        while not provisioner.nursery(env).suits(env):
            time.sleep(0.05)
        return _jupyter()
    finally:
        del os.environ["JUPYTER_DEFAULT_PROVISIONER_NAME"]
        KernelProvisionerFactory.clear_instance()


def _jupyter() -> float:
    started = time.perf_counter()
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(extra_arguments=["--log-level=ERROR"])
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    client.execute_interactive(CELL, timeout=60, store_history=False)
    taken = time.perf_counter() - started
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    return taken
