"""Walls around one submission, put up by its own process before any of its code runs.

The sandbox is shared by the submissions of a worker, one after another. So each gets its own user,
process, mount and IPC namespace in it: its files and shared memory lie in a file system that goes
with it, and when its first process dies, the kernel ends all others.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from pathlib import Path
from typing import Any

from grader.classroom.inside import landlock, linux, seccomp

WORK = "/tmp/work"  # the submission's working folder
HOME = "/tmp/home"
_STUDENT = 1000  # the user that a submission sees itself as
_INODES = 50_000
_LIBRARIES = 4 * 2**30  # of address space, for what is imported later


def leave_namespaces() -> None:
    """New namespaces for this process; its next child is the first process in them."""
    user, group = os.getuid(), os.getgid()
    linux.allow_inspection(True)  # else the files below are root's
    linux.unshare(linux.CLONE_NEWUSER | linux.CLONE_NEWNS | linux.CLONE_NEWIPC | linux.CLONE_NEWPID)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{_STUDENT} {user} 1"),
        ("gid_map", f"{_STUDENT} {group} 1"),
    ):
        Path("/proc/self", name).write_text(text)


def private_files(size: int) -> None:
    """One file system of a bounded size holds all that the submission can write."""
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
    options = f"size={size},nr_inodes={_INODES},mode=0755"
    hidden = {path: os.open(path, os.O_PATH) for path in _interpreters_in_tmp()}
    linux.mount("tmpfs", "/tmp", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, options)
    for path, handle in hidden.items():
        os.makedirs(path)
        linux.mount(f"/proc/self/fd/{handle}", path, None, linux.MS_BIND | linux.MS_REC)
        os.close(handle)
    os.mkdir("/tmp/shm")
    for folder in ("/tmp", "/tmp/shm"):
        os.chmod(folder, 0o1777)
    linux.mount("/tmp/shm", "/dev/shm", None, linux.MS_BIND)


def _interpreters_in_tmp() -> list[str]:
    """Where Python and its packages lie, if that is under /tmp: modules are imported later, too."""
    found = {os.path.realpath(path) for path in (sys.prefix, sys.base_prefix)}
    return sorted(path for path in found if path.startswith("/tmp/"))


def make_folders() -> None:
    """The working folder and a home."""
    for folder in (WORK, HOME):
        os.makedirs(folder, exist_ok=True)


def shut_the_door() -> list[str]:
    """No more namespaces, no capabilities, no system calls that a notebook has no use for.

    Returns the names of the layers that this kernel offers.
    """
    layers = []
    with contextlib.suppress(OSError):  # not writable in some containers; seccomp then has to do
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
        layers.append("no further user namespaces")
    linux.drop_capabilities()
    linux.forgo_privileges()
    layers.append("no capabilities")
    if landlock.install():
        layers.append("landlock")
    if seccomp.install():
        layers.append("seccomp")
    return layers


def _held() -> tuple[int, int]:
    """Bytes of address space that this process has mapped, and of memory of its own among them."""
    size, _, _, _, _, data, _ = map(int, Path("/proc/self/statm").read_text().split())
    return size * resource.getpagesize(), data * resource.getpagesize()


def set_limits(limits: dict[str, Any], *, processes: bool) -> None:
    """Resource limits of this process and of all that it starts.

    Args:
        limits: the fields of `grader.classroom.session.Limits`.
        processes: limit their number too. The limit counts a user's processes in the user
            namespace, so outside of one it would count strangers.
    """
    seconds = int(2 * limits["notebook_seconds"]) + 1  # of each process, on up to two processors
    mapped, data = _held()
    wanted = {
        resource.RLIMIT_DATA: data + limits["memory_bytes"],
        # Shared memory counts here alone. Libraries do as well: PyTorch's for CUDA map 3 GiB.
        resource.RLIMIT_AS: mapped + limits["memory_bytes"] + _LIBRARIES,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: limits["file_bytes"],
        resource.RLIMIT_NOFILE: limits["open_files"],
    }
    if processes:
        wanted[resource.RLIMIT_NPROC] = limits["processes"]
    for which, value in wanted.items():
        _, most = resource.getrlimit(which)
        if most != resource.RLIM_INFINITY:
            value = min(value, most)
        resource.setrlimit(which, (value, value))
