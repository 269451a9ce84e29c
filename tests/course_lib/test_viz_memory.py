"""The picture of threads against cells: what it marks, and what its twins say."""

import pytest
from test_viz import (
    assert_nothing_is_cut_off,
    assert_png_is_light_and_opaque,
    assert_words_for_what_one_sees,
)

from course_lib import viz

# Two threads write a cell each, and read the other's: with a barrier between, and without.
ORDERED = [
    (0, "0", "0", "write", False, 1), (0, "1", "1", "write", False, 1),
    (1, "0", "1", "read", False, 2), (1, "1", "0", "read", False, 2),
]  # fmt: skip
CLASHING = [(0, *access[1:4], True, access[5]) for access in ORDERED]
ATOMIC = [(0, f"({x}, {y})", "0", "atomic", False, 1) for x in range(3) for y in range(2)]


@pytest.mark.parametrize("accesses", [ORDERED, CLASHING, ATOMIC, CLASHING[:1] + ORDERED[2:]])
def test_the_picture_is_whole_and_has_words(accesses) -> None:
    figure = viz.thread_accesses(accesses, title="t", array="s")
    assert_nothing_is_cut_off(figure)
    assert_png_is_light_and_opaque(figure)
    assert_words_for_what_one_sees(figure)


def test_the_twin_tells_phases_kinds_and_clashes() -> None:
    ordered = viz.thread_accesses(ORDERED, title="A barrier", array="s", names=("write", "read"))
    assert str(ordered).splitlines() == [
        "Figure: A barrier",
        "Alt: Which of 2 threads read and write which cells of s, in 2 phases; no threads clash.",
        "Panel: phase 0: write; across: cell of s; up: thread; 2 points: write",
        "Panel: phase 1: read; across: cell of s; 2 points: read",
    ]
    clashing = viz.thread_accesses(CLASHING, title="No barrier", array="s")
    assert str(clashing).splitlines()[1:] == [
        "Alt: Which of 2 threads read and write which cells of s, in 1 phase; threads clash over "
        "cell 0 in phase 0, and over 1 more.",
        "Panel: phase 0; across: cell of s; up: thread",
        "  bar: clash over cell 0 of threads 0, 1",
        "  bar: clash over cell 1 of threads 0, 1",
        "  2 points: read",
        "  2 points: write",
    ]


def test_kinds_differ_in_shape_and_a_clash_is_a_word() -> None:
    figure = viz.thread_accesses([*CLASHING, *ATOMIC], title="t")
    ax = figure.axes[0]
    shapes = {
        dots.get_gid(): len(dots.get_paths()[0].vertices)
        for dots in ax.collections
        if dots.get_gid() in ("read", "write", "atomic")
    }
    rings = [dots for dots in ax.collections if dots.get_gid() == "read"]
    assert shapes["read"] != shapes["write"]
    assert len(rings[0].get_facecolors()) == 0
    assert [text.get_text() for text in ax.texts] == ["clash", "clash"]


def test_the_text_form_shows_the_same() -> None:
    assert viz.thread_accesses_text(CLASHING, array="s").splitlines() == [
        "s: r read, W write, A atomic, ! clash",
        "phase 0",
        "thread   0   1",
        "     0  W!  r!",
        "     1  r!  W!",
    ]


def test_threads_stand_in_the_order_of_their_numbers() -> None:
    lines = viz.thread_accesses_text(ATOMIC).splitlines()[3:]
    assert [line[:6] for line in lines] == [f"({x}, {y})" for y in range(2) for x in range(3)]
    blocks = [(0, f"{b}.{t}", "0", "read", False, 1) for b in (10, 2) for t in (1, 0)]
    lines = viz.thread_accesses_text(blocks).splitlines()[3:]
    assert [line.split()[0] for line in lines] == ["2.0", "2.1", "10.0", "10.1"]


@pytest.mark.parametrize(
    ("accesses", "said"),
    [
        ([], "got 0 threads, 0 cells and 0 phases"),
        ([(0, str(k), "0", "read", False, 1) for k in range(65)], "got 65 threads"),
        ([(k, "0", "0", "read", False, 1) for k in range(9)], "9 phases"),
        ([(0, "0", "0", "glance", False, 1)], "got glance"),
    ],
)
def test_what_cannot_be_drawn_is_refused(accesses, said) -> None:
    for draw in (lambda: viz.thread_accesses(accesses, title="t"),
                 lambda: viz.thread_accesses_text(accesses)):  # fmt: skip
        with pytest.raises(ValueError, match=said):
            draw()
