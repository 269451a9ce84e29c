"""Kernels without a mistake pass every time, on random input, with the values NumPy gives."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from sound import COURSE, OWN, Sound, course, run_and_compare

from course_lib.kernels import check_subset, choose, products, reductions, rows, transposes

# The course's kernels have blocks of 128 and more threads, whose watching takes its time. What the
# source says does not depend on that, so most runs are of the same source with small blocks.
SMALL = course(sums=16, row=8, tile=4, side=8)
CONSTANTS = [
    (reductions, "SUM_THREADS", 256, 16),
    (rows, "ROW_THREADS", 128, 8),
    (products, "TILE", 16, 4),
    (transposes, "SIDE", 32, 8),
    (transposes, "PADDED", 33, 9),
    (transposes, "ROWS", 8, 2),
]
FULL_SIZE, RUNS = 10, 100


@contextmanager
def small_blocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module, name, full, small in CONSTANTS:
            assert getattr(module, name) == full
            patch.setattr(module, name, small)
        yield


def test_there_are_more_than_twelve_sound_kernels() -> None:
    assert len(OWN) == 12
    assert len(COURSE) == 13


@pytest.mark.parametrize("sound", OWN, ids=lambda sound: sound.name)
def test_a_sound_kernel_passes_100_times_in_100(sound: Sound) -> None:
    launch = choose("instrumented").launch
    for seed in range(RUNS):
        run_and_compare(sound, np.random.default_rng(seed), launch)


@pytest.mark.parametrize(
    ("full", "small"), list(zip(COURSE, SMALL, strict=True)), ids=lambda sound: sound.name
)
def test_a_kernel_of_the_course_passes_100_times_in_100(full: Sound, small: Sound) -> None:
    assert full.kernel is small.kernel
    launch = choose("instrumented").launch
    for seed in range(FULL_SIZE):
        run_and_compare(full, np.random.default_rng(seed), launch)
    with small_blocks():
        for seed in range(FULL_SIZE, RUNS):
            run_and_compare(small, np.random.default_rng(seed), launch)


@pytest.mark.parametrize("sound", [*OWN, *COURSE], ids=lambda sound: sound.name)
def test_a_sound_kernel_is_within_the_subset(sound: Sound) -> None:
    source = sound.kernel.source
    assert check_subset(source, functions=("clipped",)) == []
