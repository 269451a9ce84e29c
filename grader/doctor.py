"""What this machine can do for the course, and what to do about what is missing.

Everything here looks and changes nothing. Required is only what a learner needs for the lessons;
a GPU, a sandbox and a browser each open one more use, and a finding says which.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Literal

from grader.workspace import ROOT, STATE_FOLDER, default_workspace

Status = Literal["ok", "absent", "problem"]
MAIN_PACKAGES = ("jupyterlab", "nbgrader", "numpy", "torch", "matplotlib", "nbval")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_LEAST_PYTHON = (3, 11)
_LEAST_MEMORY_GIB = 3.0
_SECONDS = 20  # for a helper program; a driver that hangs must not hang us


@dataclass(frozen=True)
class Finding:
    """One fact about the machine.

    status: "ok"; "absent" (optional, and not there); "problem" (every learner needs it).
    remedy: what to do, a command where there is one; empty when nothing needs doing.
    """

    area: str
    name: str
    status: Status
    detail: str
    remedy: str = ""


def diagnose() -> list[Finding]:
    """Look at everything; a look that fails is a finding, not an exception."""
    looks: tuple[Callable[[], Iterable[Finding]], ...] = (
        _python, _packages, _cpu, _memory, _gpu, _kernels, _sandbox, _browser, _workspace
    )  # fmt: skip
    findings: list[Finding] = []
    for look in looks:
        try:
            findings.extend(look())
        except Exception as error:  # whatever is broken here, the other findings help to mend it
            area = look.__name__.strip("_")
            detail = f"could not be examined: {type(error).__name__}: {error}"
            findings.append(Finding(area, area, "problem", detail, "make setup"))
    return findings


def healthy(findings: Sequence[Finding]) -> bool:
    """Whether everything that a learner needs is there."""
    return not any(finding.status == "problem" for finding in findings)


def to_json(findings: Sequence[Finding]) -> str:
    """The findings for a program to read."""
    listed = [asdict(finding) for finding in findings]
    return json.dumps({"healthy": healthy(findings), "findings": listed}, indent=2)


def render(findings: Sequence[Finding]) -> None:
    """The findings for a person to read: a line each, and under it what to do."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    signs = {"ok": ("ok", "green"), "absent": ("--", "yellow"), "problem": ("!!", "bold red")}
    area = ""
    for finding in findings:
        if finding.area != area:
            area = finding.area
            console.print(Text(area, style="bold"))
        sign, style = signs[finding.status]
        line = Text.assemble((f"  {sign}  ", style), f"{finding.name:<12} {finding.detail}")
        console.print(line)
        if finding.remedy:
            console.print(Text(f"      {'':<12} to do: {finding.remedy}", style=style))
    verdict = "Everything a learner needs is here." if healthy(findings) else "Not ready: see !!."
    console.print(Text(verdict, style="bold"))


# --- versions -----------------------------------------------------------------------------------


def _python() -> Iterable[Finding]:
    detail = f"{platform.python_version()} on {platform.platform()}"
    if sys.version_info >= _LEAST_PYTHON:
        yield Finding("versions", "python", "ok", detail)
    else:
        detail = f"3.11 or newer is required, this is {detail}"
        yield Finding("versions", "python", "problem", detail, "make setup PYTHON=python3.12")


def _packages() -> Iterable[Finding]:
    pins = _pins(ROOT / "constraints.txt")
    for name in MAIN_PACKAGES:
        pinned = pins.get(name)
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            detail = f"not installed; the course is tested with {pinned}"
            yield Finding("versions", name, "problem", detail, _install())
            continue
        if pinned in (None, found.partition("+")[0]):
            yield Finding("versions", name, "ok", found)
        else:
            detail = f"{found}; the course is tested with {pinned}"
            yield Finding("versions", name, "absent", detail, _install())


def _pins(path: Path) -> dict[str, str]:
    """What constraints.txt pins; empty when the course was installed without its repository."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return dict(line.split("==", 1) for line in lines if "==" in line and line[0] != "#")


def _install() -> str:
    return f'"{sys.executable}" -m pip install -c constraints.txt -e ".[dev]"'


# --- processor, memory, GPU ---------------------------------------------------------------------


def _cpu() -> Iterable[Finding]:
    logical = os.cpu_count() or 1
    usable = usable_cpus()
    detail = f"{logical} logical, {usable:g} usable by this process"
    limits = [f"{name}={value}" for name, value in os.environ.items() if "NUM_THREADS" in name]
    if limits:
        detail += f" ({', '.join(sorted(limits))})"
    yield Finding("machine", "cpu threads", "ok", detail)


def usable_cpus() -> float:
    """CPUs that the affinity mask and the control group leave to this process."""
    usable = float(os.cpu_count() or 1)
    if hasattr(os, "sched_getaffinity"):
        usable = min(usable, len(os.sched_getaffinity(0)))
    words = _read("/sys/fs/cgroup/cpu.max").split()  # "max 100000" or "150000 100000"
    if len(words) == 2 and words[0].isdigit():
        usable = min(usable, int(words[0]) / int(words[1]))
    return usable


def _memory() -> Iterable[Finding]:
    total = _total_memory()
    if total is None:
        yield Finding("machine", "memory", "ok", "unknown on this system")
        return
    gib = total / 2**30
    if gib >= _LEAST_MEMORY_GIB:
        yield Finding("machine", "memory", "ok", f"{gib:.1f} GiB")
    else:
        detail = f"{gib:.1f} GiB; lessons with PyTorch want {_LEAST_MEMORY_GIB:g} GiB"
        yield Finding("machine", "memory", "absent", detail, "run one notebook at a time")


def _total_memory() -> int | None:
    amounts = []
    with contextlib.suppress(ValueError, OSError, AttributeError):
        amounts.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    limit = _read("/sys/fs/cgroup/memory.max")
    if limit.isdigit():
        amounts.append(int(limit))
    return min(amounts, default=None)


def _gpu() -> Iterable[Finding]:
    import torch

    yield Finding("machine", "torch cpu", "ok", f"{torch.get_num_threads()} threads")
    driver = _nvidia_driver()
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        detail = (
            f"{torch.cuda.get_device_name()}, {free / 2**30:.0f} of {total / 2**30:.0f} GiB free, "
            f"driver {driver or 'unknown'}, CUDA {torch.version.cuda}"
        )
        yield Finding("machine", "gpu", "ok", detail)
    elif driver:
        detail = f"a driver ({driver}) is here, but this PyTorch ({torch.__version__}) sees no GPU"
        remedy = "install a CUDA build of torch 2.13.0: https://pytorch.org/get-started/locally/"
        yield Finding("machine", "gpu", "absent", detail, remedy)
    else:
        detail = "none; every lesson works without, the GPU ones on CPU simulators"
        yield Finding("machine", "gpu", "absent", detail)
    for name in ("triton", "numba"):
        try:
            yield Finding("machine", name, "ok", metadata.version(name))
        except metadata.PackageNotFoundError:
            detail = "not installed; only the GPU lessons use it"
            remedy = f'"{sys.executable}" -m pip install {name}'
            yield Finding("machine", name, "absent", detail, remedy)


def _nvidia_driver() -> str:
    done = _run("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
    return done.stdout.strip().split("\n")[0] if done and done.returncode == 0 else ""


# --- kernels, sandbox, browser, workspace -------------------------------------------------------


def _kernels() -> Iterable[Finding]:
    from jupyter_client.kernelspec import KernelSpecManager

    # The command that JupyterLab would run; a bare "python" there means its own interpreter.
    program = KernelSpecManager().get_kernel_spec("python3").argv[0]
    here = program in {"python", "python3"} or os.path.realpath(program) == os.path.realpath(
        sys.executable
    )
    if here:
        yield Finding("kernels", "python3", "ok", "starts this interpreter")
    else:
        detail = f"starts {program}, not this interpreter ({sys.executable})"
        remedy = "start with `course lab`, which prefers this environment's kernel"
        yield Finding("kernels", "python3", "absent", detail, remedy)
    if hasattr(os, "fork") and sys.platform != "darwin":
        yield Finding("kernels", "fork", "ok", "class grading can fork warm kernels")
    else:
        detail = f"not usable on {sys.platform}; class grading starts each kernel cold"
        yield Finding("kernels", "fork", "absent", detail)


def _sandbox() -> Iterable[Finding]:
    if sys.platform != "linux":
        detail = f"class grading isolates submissions on Linux only, this is {sys.platform}"
        yield Finding("sandbox", "bubblewrap", "absent", detail, "grade a class on Linux")
        return
    bubblewrap = _bubblewrap()
    yield bubblewrap
    if bubblewrap.status == "ok":
        yield _nesting()
    abi = landlock_abi()
    detail = f"ABI {abi}" if abi else "not offered by this kernel; bubblewrap alone has to do"
    yield Finding("sandbox", "landlock", "ok" if abi else "absent", detail)
    actions = _read("/proc/sys/kernel/seccomp/actions_avail")
    detail = "filters available" if "kill_process" in actions else "not offered by this kernel"
    yield Finding("sandbox", "seccomp", "ok" if actions else "absent", detail)
    controllers = _read("/sys/fs/cgroup/cgroup.controllers").split()
    mine = f"version 2: {' '.join(controllers)}" if controllers else "version 2 not mounted"
    mine += "; not needed, grading counts memory and processes itself"
    yield Finding("sandbox", "cgroups", "ok" if controllers else "absent", mine)


def _bubblewrap() -> Finding:
    if not shutil.which("bwrap"):
        detail = "not installed; grading a class needs it, learning does not"
        return Finding("sandbox", "bubblewrap", "absent", detail, "sudo apt-get install bubblewrap")
    done = _run(
        "bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/",
        "--proc", "/proc", "--dev", "/dev", "true",
    )  # fmt: skip
    if done and done.returncode == 0:
        version = _run("bwrap", "--version")
        name = version.stdout.strip() if version else "bubblewrap"
        return Finding("sandbox", "bubblewrap", "ok", f"{name}, and a sandbox starts")
    reason = (done.stderr.strip() if done else "") or "it did not answer"
    remedy = "allow user namespaces: sudo sysctl kernel.unprivileged_userns_clone=1"
    if _read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1":
        remedy = "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
    detail = f"installed, but no sandbox starts: {reason}"
    return Finding("sandbox", "bubblewrap", "absent", detail, remedy)


def _nesting() -> Finding:
    """Whether submissions can have walls of their own inside one warm sandbox."""
    done = _run(
        "bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc",
        "--dev", "/dev", "--cap-drop", "ALL", "unshare", "--user", "--pid", "--mount", "--fork",
        "true",
    )  # fmt: skip
    if done and done.returncode == 0:
        detail = "warm sandboxes serve one submission after another"
        return Finding("sandbox", "namespaces", "ok", detail)
    detail = "they do not nest here: each submission starts a sandbox of its own, cold"
    return Finding("sandbox", "namespaces", "absent", detail)


def landlock_abi() -> int:
    """The version of Linux's Landlock interface, 0 where there is none."""
    create_ruleset, ask_version = 444, 1
    try:
        abi = ctypes.CDLL(None).syscall(create_ruleset, None, ctypes.c_size_t(0), ask_version)
    except (OSError, AttributeError, TypeError):
        return 0
    return max(int(abi), 0)


def _browser() -> Iterable[Finding]:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found:
        yield Finding("browser", "chromium", "ok", found)
    else:
        detail = "not installed; only the browser tests use it"
        remedy = "sudo apt-get install chromium"
        yield Finding("browser", "chromium", "absent", detail, remedy)
    if util.find_spec("playwright"):
        yield Finding("browser", "playwright", "ok", metadata.version("playwright"))
    else:
        detail = "not installed; only the browser tests use it"
        yield Finding("browser", "playwright", "absent", detail, _install())


def _workspace() -> Iterable[Finding]:
    folder = default_workspace()
    if not folder.exists():
        yield Finding("workspace", "lessons", "ok", f"{folder} is made by the first `course lab`")
    elif not os.access(folder, os.W_OK):
        remedy = "course lab --workspace FOLDER, with a folder that you may write to"
        yield Finding("workspace", "lessons", "problem", f"{folder} is not writable", remedy)
    elif not (folder / STATE_FOLDER).is_dir():
        detail = f"{folder} exists, and no course has been delivered there yet"
        yield Finding("workspace", "lessons", "absent", detail, "course lab")
    else:
        count = len(list(folder.glob("[0-9]*/*.ipynb")))
        yield Finding("workspace", "lessons", "ok", f"{folder}: {count} notebooks")
    free = shutil.disk_usage(next(p for p in (folder, *folder.parents) if p.exists())).free / 2**30
    status: Status = "ok" if free >= 1 else "absent"
    yield Finding("workspace", "disk", status, f"{free:.1f} GiB free")


# --- helpers ------------------------------------------------------------------------------------


def _read(path: str) -> str:
    """A small system file's text, or "" where there is none."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _run(*command: str) -> subprocess.CompletedProcess[str] | None:
    """A helper program's result, or None if it is missing or does not answer in time."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return None
