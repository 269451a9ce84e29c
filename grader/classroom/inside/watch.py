"""Counts what a submission's processes use together: limits of one process do not add up."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Use:
    """What some processes use together."""

    processes: int
    memory_bytes: int


def children(pid: int) -> list[int]:
    """The processes that this one started or adopted."""
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    except OSError:  # it has just gone
        pass
    return found


def descendants(pid: int) -> list[int]:
    """All processes below this one."""
    found: list[int] = []
    left = [pid]
    while left:
        below = children(left.pop())
        found += below
        left += below
    return found


def use(pids: list[int]) -> Use:
    """What these use; memory is that which is theirs, without files mapped into it."""
    memory = 0
    for pid in pids:
        try:
            _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
        except (OSError, ValueError):
            continue
        memory += (int(resident) - int(shared)) * _PAGE
    return Use(len(pids), memory)
