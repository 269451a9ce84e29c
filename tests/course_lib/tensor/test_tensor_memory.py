"""Memory that a step has freed serves the next one."""

import os
import subprocess
import sys

import pytest

from course_lib.tensor.memory import keep_freed

STEPS = """
import resource, numpy as np
{first}
def step():
    arrays = [np.ones(2**20, np.float32) for _ in range(8)]
for _ in range(5): step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10): step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
needs_glibc = pytest.mark.skipif(
    not keep_freed(), reason="needs glibc, and no MALLOC_ variable that sets its limits"
)


def pages_cleared(first: str) -> int:
    """Pages that the system had to clear in ten steps of 8192 each, in a new interpreter."""
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", STEPS.format(first=first)],
        capture_output=True, text=True, timeout=120, env=dict(os.environ), check=True,
    )  # fmt: skip
    return int(run.stdout)


@needs_glibc
def test_memory_that_was_freed_is_not_cleared_by_the_system_again() -> None:
    assert pages_cleared("") > 20_000
    assert pages_cleared("from course_lib import tensor") < 2_000


def test_what_a_user_has_told_glibc_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "131072")
    assert not keep_freed()


def test_elsewhere_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed()
