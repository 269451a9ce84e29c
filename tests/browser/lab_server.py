"""A real `course lab` on a free port, in a workspace of its own, that certainly stops again."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

START_SECONDS = 90  # a cold JupyterLab on a busy machine
STOP_SECONDS = 20


class LabServer:
    """`course lab` as a learner starts it, apart from this user's Jupyter and from other tests.

    One server is stopped and started again: the workspace, the settings and the trust in notebooks
    that JupyterLab signed stay where they are.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.workspace = home / "workspace"
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the command and wait until it answers."""
        command = [
            sys.executable, "-m", "grader.cli", "lab",
            "--no-browser", "--ip", "127.0.0.1", "--port", "0",
            "--IdentityProvider.token=",
            "--LabApp.expose_app_in_browser=True",  # so that a test can ask for a cell by its id
        ]  # fmt: skip
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.url = self._wait_for_answer()

    def stop(self) -> None:
        """End the server and every kernel it started, politely first."""
        if self._process is None:
            return
        try:
            family = psutil.Process(self._process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            family = []
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        for process in psutil.wait_procs(family, timeout=5)[1]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def _environment(self) -> dict[str, str]:
        environment = {**os.environ, "COURSE_WORKSPACE": str(self.workspace)}
        del environment["COURSE_PROGRESS"]  # tests switch it off; here it is what we look at
        for variable in ("CONFIG", "DATA", "RUNTIME"):
            environment[f"JUPYTER_{variable}_DIR"] = str(self.home / variable.lower())
        return environment

    def _wait_for_answer(self) -> str:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            for file in (self.home / "runtime").glob("jpserver-*.json"):
                try:
                    url = json.loads(file.read_text())["url"]
                    urllib.request.urlopen(f"{url}api/status", timeout=10).close()
                except (ValueError, urllib.error.URLError):
                    continue  # half written, not listening yet, or left by one that ended
                return str(url)
            time.sleep(0.1)
        log = (self.home / "log").read_text(errors="replace")
        self.stop()
        raise RuntimeError(f"`course lab` did not answer within {START_SECONDS} s:\n{log[-2000:]}")
