"""Kernels without a mistake pass every time, on random input, with the values NumPy gives."""

import numpy as np
import pytest
from sound import COURSE, OWN, Sound, run_and_compare

from course_lib.kernels import check_subset, choose

every_kernel = pytest.mark.parametrize("sound", [*OWN, *COURSE], ids=lambda sound: sound.name)


def test_there_are_more_than_twelve_sound_kernels() -> None:
    assert len(OWN) + len(COURSE) >= 24


@every_kernel
def test_a_sound_kernel_passes_100_times_in_100(sound: Sound) -> None:
    launch = choose("instrumented").launch
    for seed in range(100 if sound in OWN else 20):  # the course's have full-size blocks
        run_and_compare(sound, np.random.default_rng(seed), launch)


@every_kernel
def test_a_sound_kernel_is_within_the_subset(sound: Sound) -> None:
    source = sound.kernel.source
    assert check_subset(source, functions=("clipped",)) == []
