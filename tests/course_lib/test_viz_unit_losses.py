"""The figure of a unit beside its loss: what is drawn, what the twin says, what is refused."""

import re

import numpy as np
import pytest
from test_viz import (
    assert_nothing_is_cut_off,
    assert_png_is_light_and_opaque,
    assert_words_for_what_one_sees,
)

from course_lib import viz
from course_lib.losses import binary_cross_entropy_with_logits

X = np.array([-2.0, -1.0, 0.5, 1.5, 2.5])
TARGETS = np.array([0.0, 0.0, 1.0, 0.0, 1.0])


def risk(points: np.ndarray) -> np.ndarray:
    return np.array([binary_cross_entropy_with_logits(w * X + b, TARGETS) for w, b in points])


def unit(x: np.ndarray = X, targets: np.ndarray = TARGETS, **more) -> viz.CourseFigure:
    return viz.unit_on_surface(
        x,
        targets,
        risk,
        (2.0, -1.0),
        title="t",
        across=(-1.0, 4.0),
        up=(-3.0, 2.0),
        feature_name="length (cm)",
        class_names=("short", "long"),
        **more,
    )


@pytest.fixture(scope="module")
def figure() -> viz.CourseFigure:
    return unit(minimum=(1.0, -0.5))


def test_it_is_light_and_opaque_described_and_not_cut_off(figure):
    assert_png_is_light_and_opaque(figure)
    assert_words_for_what_one_sees(figure)
    assert_nothing_is_cut_off(figure)


def test_the_twin_names_both_panels_and_what_is_in_them(figure):
    words = figure.describe()
    for part in (
        "across: length (cm); up: probability of long",
        "3 points: short",
        "2 points: long",
        "line: probability of long",
        "across: weight w; up: bias b",
        "contour lines: equal loss",
        "1 point: minimum",
        "1 point: this unit",
    ):
        assert part in words


def test_the_curve_is_the_probability_that_the_unit_gives(figure):
    (curve,) = [line for line in figure.axes[0].lines if line.get_gid()]
    z, p = curve.get_data()
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-(2.0 * z - 1.0))))
    assert z.min() < X.min() < X.max() < z.max()


def test_the_unit_stands_at_its_weight_and_bias(figure):
    (place,) = [c for c in figure.axes[1].collections if c.get_gid() == "this unit"]
    np.testing.assert_array_equal(place.get_offsets(), [[2.0, -1.0]])
    assert figure.axes[1].get_xlim() == (-1.0, 4.0)
    assert figure.axes[1].get_ylim() == (-3.0, 2.0)


def test_a_class_without_examples_and_a_surface_without_a_star_can_be_drawn():
    alone = unit(targets=np.ones(5))
    assert "0 points: short" in alone.describe()
    assert "minimum" not in alone.describe()


@pytest.mark.parametrize(
    ("x", "targets", "message"),
    [
        (X[:3], TARGETS, "rows of one length, got ((3,), (5,))"),
        (X, 2 * TARGETS - 1, "targets must be 0 or 1, got [-1.0, 1.0]"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_came(x, targets, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        unit(x, targets)
