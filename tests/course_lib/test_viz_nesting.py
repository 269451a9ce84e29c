"""Boxes one inside the other: what is drawn, what is said, what is refused."""

import itertools

import pytest
from matplotlib.patches import FancyBboxPatch
from test_viz import (
    assert_nothing_is_cut_off,
    assert_png_is_light_and_opaque,
    assert_words_for_what_one_sees,
)

from course_lib import viz

NAMES = ["AI", "ML", "DL"]
NOTES = ["thinks", "learns from examples", "learns its features too, layer upon layer " * 3]


@pytest.fixture
def figure() -> viz.CourseFigure:
    return viz.nested_ideas(NAMES, NOTES, title="One inside the other")


def test_each_box_lies_within_the_one_before(figure):
    boxes = [patch for patch in figure.axes[0].patches if isinstance(patch, FancyBboxPatch)]
    assert len(boxes) == len(NAMES)
    for outer, inner in itertools.pairwise(boxes):
        assert outer.get_x() < inner.get_x()
        assert outer.get_y() < inner.get_y()
        assert outer.get_x() + outer.get_width() > inner.get_x() + inner.get_width()
        assert outer.get_y() + outer.get_height() > inner.get_y() + inner.get_height()


def test_every_text_stays_within_the_figure_and_its_own_strip(figure):
    figure.draw_without_rendering()
    ax = figure.axes[0]
    boxes = [patch.get_window_extent() for patch in ax.patches]
    texts = [text.get_window_extent() for text in ax.texts]
    for k, box in enumerate(boxes):
        for text in texts[2 * k : 2 * k + 2]:
            assert box.x0 < text.x0 < text.x1 < box.x1
            assert text.y1 < box.y1
            if k + 1 < len(boxes) and k < 2:
                assert text.y0 > boxes[k + 1].y1 - 1


def test_it_is_drawn_like_every_figure_of_the_course(figure):
    assert_nothing_is_cut_off(figure)
    assert_png_is_light_and_opaque(figure)
    assert_words_for_what_one_sees(figure)


def test_the_twin_says_what_lies_inside_what(figure):
    words = figure.describe()
    assert "from the outermost: AI, then ML, then DL" in words
    assert "inside it, ML: learns from examples" in words


@pytest.mark.parametrize(
    ("names", "notes", "complaint"),
    [(["one"], ["note"], "2 to 5"), (list("abcdef"), list("abcdef"), "2 to 5"),
     (["a", "b"], ["note"], "one note a name")],
)  # fmt: skip
def test_what_does_not_fit_is_refused(names, notes, complaint):
    with pytest.raises(ValueError, match=complaint):
        viz.nested_ideas(names, notes, title="t")
