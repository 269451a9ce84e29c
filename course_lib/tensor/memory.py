"""Memory that one training step has freed is kept for the next. Knows no tensor.

A step frees nearly all that it took. The C library of most Linux systems (glibc) then hands what is
large back to the system, which clears each page of it when the next step asks: thousands of pages,
and a tenth of the time of a small GPT's step. Elsewhere there is nothing to be done.
"""

import ctypes
import os
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # glibc's numbers for them, from malloc.h
_WISHES = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


def keep_freed(most: int = 512 * 2**20, largest: int = 32 * 2**20) -> bool:
    """Keep up to `most` bytes of freed memory, from arrays of up to `largest` bytes.

    Returns whether that was possible; where the user has set glibc's variables, those hold.
    """
    if sys.platform != "linux" or any(name in os.environ for name in _WISHES):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries lack it
    if mallopt is None:
        return False
    # Both: to set one alone freezes the other at its start, which is lower than what it grows to.
    return bool(mallopt(_MMAP_THRESHOLD, largest) and mallopt(_TRIM_THRESHOLD, most))
