"""Broadcasting pictured: the numbers in the frames are NumPy's, and the twin holds them."""

import re

import numpy as np
import pytest
from test_viz import (
    assert_nothing_is_cut_off,
    assert_png_is_light_and_opaque,
    assert_words_for_what_one_sees,
)

from course_lib import viz

A, B = np.array([[10], [20], [30]]), np.array([1, 2, 3, 4])
GRAD = np.array([[1, 0, 2, 1], [3, 1, 0, 1], [2, 2, 1, 0]])
SHAPES = [
    ((3, 1), (4,)),
    ((2, 3), ()),
    ((1, 5), (2, 1)),
    ((3,), (3,)),
    ((6, 6), (6, 1)),
    ((1,), (4,)),
]


def made(one: tuple[int, ...], two: tuple[int, ...]) -> dict[str, viz.CourseFigure]:
    shape = np.broadcast_shapes(one, two)
    rng = np.random.default_rng(0)
    return viz.broadcasting(
        *(rng.integers(-9, 99, size=size) for size in (one, two, shape)), names=("W", "x")
    )


@pytest.mark.parametrize(("one", "two"), SHAPES)
def test_the_fullest_frames_are_figures_with_nothing_cut_off(one, two):
    frames = made(one, two)
    for figure in (frames["add"], frames["sum"]):
        assert_nothing_is_cut_off(figure)
        assert_png_is_light_and_opaque(figure)
        assert_words_for_what_one_sees(figure)


def test_all_frames_fit_one_slider():
    frames = made((3, 1), (4,))
    words = str(viz.stepper(list(frames.values()), list(frames), control="step"))
    assert words.startswith(f"Slider for step: {', '.join(frames)}")


def test_the_steps_are_those_of_the_rule():
    steps = ["shapes", "axis in front", "stretch", "add"]
    back = ["gradient arrives", "to every copy", "sum"]
    assert list(viz.broadcasting(A, B, GRAD)) == steps + back
    steps.remove("axis in front")  # none is missing
    assert list(viz.broadcasting(A, B[None], GRAD)) == steps + back


def test_the_twin_of_the_sum_holds_its_numbers_and_counts_copies():
    twin = str(viz.broadcasting(A, B, GRAD)["add"])
    assert "+ b, shape (3, 4); note: 1 2 3 4 | 1 2 3 4 | 1 2 3 4 (8 of them copies)" in twin
    assert "= a + b, shape (3, 4); note: 11 12 13 14 | 21 22 23 24 | 31 32 33 34" in twin


@pytest.mark.parametrize(("one", "two"), SHAPES)
def test_the_last_frame_sums_each_copy_exactly_once(one, two):
    """By counting: each number's gradient is grad at all places that show that number."""
    shape = np.broadcast_shapes(one, two)
    grad = np.arange(np.prod(shape)).reshape(shape) ** 2 - 3
    figure = viz.broadcasting(np.zeros(one), np.zeros(two), grad)["sum"]
    for size, line in zip((one, two), str(figure).splitlines()[2:], strict=False):
        places = np.broadcast_to(np.arange(int(np.prod(size))).reshape(size), shape)
        wanted = np.bincount(places.ravel(), weights=grad.ravel())
        shown = [float(n) for n in re.findall(r"-?\d+", line.split("note: ")[1])]
        assert shown == wanted.tolist()


def test_headings_of_the_last_frame_name_the_axes():
    twin = str(viz.broadcasting(A, B, GRAD)["sum"])
    assert "a: sum over axis 1, shape (3, 1)" in twin
    assert "b: sum over axis 0, shape (4,)" in twin
    twin = str(viz.broadcasting(np.ones((2, 3)), np.array(7), np.ones((2, 3)))["sum"])
    assert "a: as it is, shape (2, 3)" in twin
    assert "b: sum over axes 0, 1, shape ()" in twin


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="1 or 2 axes of at most 6"):
        viz.broadcasting(np.ones((2, 3, 1)), np.ones(4), np.ones((2, 3, 4)))
    with pytest.raises(ValueError, match=r"shape of the sum, \(3, 4\), got \(3, 1\)"):
        viz.broadcasting(A, B, np.ones((3, 1)))
    with pytest.raises(ValueError, match="broadcast"):
        viz.broadcasting(np.ones(3), B, GRAD)
