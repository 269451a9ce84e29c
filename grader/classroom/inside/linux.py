"""The calls of Linux that Python has no words for: namespaces, mounts, capabilities."""

from __future__ import annotations

import ctypes
import os

CLONE_NEWNS, CLONE_NEWIPC = 0x0002_0000, 0x0800_0000
CLONE_NEWUSER, CLONE_NEWPID = 0x1000_0000, 0x2000_0000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 1 << 12, 1 << 14, 1 << 18
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP = 1, 4, 24
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 36, 38, 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION_3 = 0x2008_0522
_SYS_CAPSET = {"x86_64": 126, "aarch64": 91}

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def prctl(option: int, value: int = 0) -> None:
    """Change something about this process; OSError where the kernel refuses."""
    unsigned = [ctypes.c_ulong(number) for number in (value, 0, 0, 0)]
    _checked(_libc.prctl(option, *unsigned), f"prctl {option}")


def end_with_parent(parent: int = 0) -> None:
    """Have this process killed when its parent dies.

    The system does not tell of a death that came first; whoever knows the parent's number can.
    """
    prctl(_PR_SET_PDEATHSIG, 9)
    if parent and os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent has gone."""
    prctl(_PR_SET_CHILD_SUBREAPER, 1)


def allow_inspection(allowed: bool) -> None:
    """Whether other processes of this user may read this one's memory."""
    prctl(_PR_SET_DUMPABLE, int(allowed))


def forgo_privileges() -> None:
    """No program that this process starts gains any: setuid bits mean nothing."""
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def unshare(flags: int) -> None:
    """Leave the namespaces that `flags` names, for new ones."""
    _checked(_libc.unshare(flags), "unshare")


def mount(
    source: str | None, target: str, kind: str | None, flags: int, options: str | None = None
) -> None:
    """Put a file system at `target`; the arguments are those of the system call."""
    words = [None if word is None else word.encode() for word in (source, target, kind, options)]
    _checked(_libc.mount(*words[:3], ctypes.c_ulong(flags), words[3]), f"mount {target}")


def drop_capabilities() -> None:
    """Give up every capability, for this process and whatever it starts."""
    for number in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0) != 0:
            break  # the kernel knows no higher one
    prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    number = _SYS_CAPSET[os.uname().machine]
    _checked(_libc.syscall(number, header, nothing), "capset")
