"""Landlock: a third wall, which Linux offers to any process. It names what may be written.

Everything that is visible may be read; written are only /tmp, shared memory and the devices that
swallow or repeat. It also keeps signals, and sockets without a file, inside.
"""

from __future__ import annotations

import ctypes
import os
import struct

from grader.classroom.inside import linux

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on every machine
_ASK_VERSION, _RULE_PATH = 1, 1
_EXECUTE, _READ_FILE, _READ_FOLDER = 1 << 0, 1 << 2, 1 << 3
_READ = _EXECUTE | _READ_FILE | _READ_FOLDER
_WRITE_FILE, _TRUNCATE, _DEVICE_CALLS = 1 << 1, 1 << 14, 1 << 15
_MAKE_DEVICES = 1 << 6 | 1 << 11  # character and block devices: nowhere
_FIRST_RIGHTS = 13  # how many rights the first version knows; the others came with later ones
_RIGHTS_SINCE = {2: 1 << 13, 3: _TRUNCATE, 5: _DEVICE_CALLS}
_SCOPES = 1 << 0 | 1 << 1  # sockets without a file, and signals; since version 6
_WRITABLE = ("/tmp", "/dev/shm")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")

_libc = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """The version of the interface, 0 where there is none."""
    return max(int(_libc.syscall(_CREATE, None, ctypes.c_size_t(0), _ASK_VERSION)), 0)


def install() -> bool:
    """Restrict this process and all that it starts; whether the kernel could."""
    offered = version()
    if not offered:
        return False
    rights = (1 << _FIRST_RIGHTS) - 1
    rights |= sum(right for since, right in _RIGHTS_SINCE.items() if offered >= since)
    rules = _create(rights, offered)
    if rules < 0:
        return False
    try:
        _allow(rules, "/", _READ)
        for folder in _WRITABLE:
            _allow(rules, folder, rights & ~_MAKE_DEVICES)
        for device in _DEVICES:
            _allow(rules, device, rights & (_READ_FILE | _WRITE_FILE | _TRUNCATE))
        linux.forgo_privileges()  # the kernel requires it
        return int(_libc.syscall(_RESTRICT, rules, 0)) == 0
    except OSError:
        return False  # the other walls stand without it
    finally:
        os.close(rules)


def _create(rights: int, offered: int) -> int:
    """A set of rules, as a file descriptor; negative where the kernel refuses."""
    fields = [rights]
    if offered >= 6:
        fields += [0, _SCOPES]  # no rights about ports: the sandbox has no network to reach
    attributes = struct.pack(f"{len(fields)}Q", *fields)
    return int(_libc.syscall(_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0))


def _allow(rules: int, path: str, rights: int) -> None:
    """Allow `rights` below a path, if it is there."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        attributes = struct.pack("=Qi", rights, place)
        if _libc.syscall(_ADD, rules, _RULE_PATH, attributes, 0) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"Landlock refused {path}: {os.strerror(number)}")
    finally:
        os.close(place)
