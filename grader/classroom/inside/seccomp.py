"""A filter of system calls: a second wall, for what a notebook has no use for.

Written as the few instructions of Linux's packet filter that it takes: load, compare, return.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from grader.classroom.inside import linux

_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF_0000, 0x0005_0000, 0x8000_0000
_NUMBER, _ARCHITECTURE, _ARGUMENT = 0, 4, 16  # offsets in what the kernel shows to a filter
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_X32 = 0x4000_0000  # a second numbering of the same calls on x86-64
_NEW_NAMESPACES = 0x7E02_0080  # any CLONE_NEW... flag
_ADDRESS_FAMILIES = (1, 2, 10, 16)  # Unix, IPv4, IPv6, netlink; all of them end in this sandbox

# (architecture, clone, clone3, socket, what is refused)
_CALLS: dict[str, tuple[int, int, int, int, dict[str, int]]] = {
    "x86_64": (0xC000_003E, 56, 435, 41, {
        "ptrace": 101, "shmget": 29, "msgget": 68, "personality": 135, "pivot_root": 155,
        "chroot": 161, "mount": 165, "umount2": 166, "swapon": 167, "reboot": 169,
        "init_module": 175, "delete_module": 176, "quotactl": 179, "add_key": 248,
        "request_key": 249, "keyctl": 250, "unshare": 272, "perf_event_open": 298,
        "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310,
        "process_vm_writev": 311, "finit_module": 313, "memfd_create": 319,
        "kexec_load": 246, "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323,
        "io_uring_setup": 425, "open_tree": 428, "move_mount": 429, "fsopen": 430,
        "fsconfig": 431, "fsmount": 432, "fspick": 433, "mount_setattr": 442,
        "memfd_secret": 447,
    }),
    "aarch64": (0xC000_00B7, 220, 435, 198, {
        "ptrace": 117, "shmget": 194, "msgget": 186, "personality": 92, "pivot_root": 41,
        "chroot": 51, "mount": 40, "umount2": 39, "swapon": 224, "reboot": 142,
        "init_module": 105, "delete_module": 106, "quotactl": 60, "add_key": 217,
        "request_key": 218, "keyctl": 219, "unshare": 97, "perf_event_open": 241,
        "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270,
        "process_vm_writev": 271, "finit_module": 273, "memfd_create": 279,
        "kexec_load": 104, "kexec_file_load": 294, "bpf": 280, "userfaultfd": 282,
        "io_uring_setup": 425, "open_tree": 428, "move_mount": 429, "fsopen": 430,
        "fsconfig": 431, "fsmount": 432, "fspick": 433, "mount_setattr": 442,
        "memfd_secret": 447,
    }),
}  # fmt: skip


def install() -> bool:
    """Put the filter on this process and all that it starts; whether the kernel could."""
    machine = os.uname().machine
    if machine not in _CALLS:
        return False
    code = b"".join(_program(machine))
    buffer = ctypes.create_string_buffer(code)
    header = struct.pack("HP", len(code) // 8, ctypes.addressof(buffer))
    pointer = ctypes.create_string_buffer(header)
    libc = ctypes.CDLL(None, use_errno=True)
    linux.forgo_privileges()  # the kernel requires it
    done = libc.prctl(
        _PR_SET_SECCOMP, ctypes.c_ulong(_MODE_FILTER), ctypes.c_ulong(ctypes.addressof(pointer))
    )
    return int(done) == 0


def _program(machine: str) -> list[bytes]:
    architecture, clone, clone3, socket, refused = _CALLS[machine]
    program = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, architecture, 1, 0),
        _step(_RETURN, _KILL),  # another numbering would pass the filter by
        _step(_LOAD, _NUMBER),
        _step(_ANY_BIT, _X32, 0, 1),
        _step(_RETURN, _KILL),
        # Its flags lie in memory, which a filter cannot see; libraries then fall back on `clone`.
        *_refuse(clone3, errno.ENOSYS),
    ]
    for number in refused.values():
        program += _refuse(number, errno.EPERM)
    program += [
        _step(_EQUAL, clone, 0, 4),
        _step(_LOAD, _ARGUMENT),
        _step(_ANY_BIT, _NEW_NAMESPACES, 0, 1),
        _step(_RETURN, _REFUSE | errno.EPERM),
        _step(_RETURN, _ALLOW),
        _step(_EQUAL, socket, 0, len(_ADDRESS_FAMILIES) + 2),
        _step(_LOAD, _ARGUMENT),
    ]
    left = len(_ADDRESS_FAMILIES)
    program += [_step(_EQUAL, f, left - i, 0) for i, f in enumerate(_ADDRESS_FAMILIES)]
    program += [_step(_RETURN, _REFUSE | errno.EAFNOSUPPORT), _step(_RETURN, _ALLOW)]
    return program


def _refuse(number: int, error: int) -> list[bytes]:
    return [_step(_EQUAL, number, 0, 1), _step(_RETURN, _REFUSE | error)]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
