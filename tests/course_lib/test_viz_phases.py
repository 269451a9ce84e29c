"""Frames of a kernel's phases: what each draws, and what its twin says."""

import pytest
from test_viz import (
    assert_nothing_is_cut_off,
    assert_png_is_light_and_opaque,
    assert_words_for_what_one_sees,
)

from course_lib import viz

# Two threads write a cell each; then one adds the other's to its own.
ADDING = [
    (0, "0", "0", "write", False, 1), (0, "1", "1", "write", False, 1),
    (1, "0", "0", "read", False, 2), (1, "0", "1", "read", False, 2),
    (1, "0", "0", "write", False, 2),
]  # fmt: skip
CLASHING = [(0, *access[1:4], True, access[5]) for access in ADDING]


def frames() -> list[viz.CourseFigure]:
    return viz.phase_frames(ADDING, title="A sum", array="s")


@pytest.mark.parametrize(
    "figure",
    [*frames(), *viz.phase_frames(CLASHING, title="A clash", array="s")],
    ids=("load", "add", "clash"),
)
def test_each_frame_is_whole_and_has_words(figure) -> None:
    assert_nothing_is_cut_off(figure)
    assert_png_is_light_and_opaque(figure)
    assert_words_for_what_one_sees(figure)


def test_the_twin_says_who_does_what_and_who_is_idle() -> None:
    assert str(frames()[1]).splitlines() == [
        "Figure: A sum",
        "Alt: Threads above, cells of s below, a line for each access. Phase 1: 1 thread reads, "
        "1 thread writes and 1 idle.",
        "Panel: Phase 1: 1 thread reads, 1 thread writes and 1 idle",
        "  line: thread 0 reads cell 0",
        "  line: thread 0 reads cell 1",
        "  line: thread 0 writes cell 0",
    ]
    (clash,) = viz.phase_frames(CLASHING, title="A clash", array="s")
    assert "clash over 2 cells" in str(clash)


def test_frames_can_be_stepped_through() -> None:
    assert viz.stepper(frames(), ["load", "add"], control="phase").start == 0


def test_a_row_has_room_for_24() -> None:
    crowd = [(0, str(k), "0", "read", False, 1) for k in range(25)]
    with pytest.raises(ValueError, match="1 to 24 threads"):
        viz.phase_frames(crowd, title="t")
