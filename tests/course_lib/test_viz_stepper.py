"""The slider over figures: what it carries, what it says, what it refuses."""

import re
from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from course_lib import viz

STEEPNESS = [0.5, 1.0, 4.0]


def sigmoid(k: float) -> viz.CourseFigure:
    return viz.function_curves({"sigmoid": lambda z: k / (1 + np.exp(-k * z))}, title=f"k is {k}")


@pytest.fixture
def slider() -> viz.CourseStepper:
    labels = [f"{k:g} <" for k in STEEPNESS]
    return viz.stepper([sigmoid(k) for k in STEEPNESS], labels, control="steepness", start=1)


def test_it_carries_a_picture_a_position_and_shows_the_first(slider):
    pictures = re.findall(
        r'<img src="data:image/png;base64,([^"]+)"[^>]*display: (\w+)', slider.html()
    )
    assert [display for _, display in pictures] == ["none", "block", "none"]
    sizes = {Image.open(BytesIO(b64decode(data))).size for data, _ in pictures}
    assert sizes == {Image.open(BytesIO(slider.shown.png())).size}
    assert len({data for data, _ in pictures}) == 3
    assert 'max="2" value="1"' in slider.html()


def test_labels_are_escaped(slider):
    assert "4 &lt;" in slider.html()
    assert "4 <" not in slider.html()


def test_notebook_and_paper_get_a_picture_and_words_too(slider):
    data, metadata = slider._repr_mimebundle_()
    assert list(data) == ["text/html", "image/png", "text/plain"]
    assert b64decode(data["image/png"]) == slider.shown.png()
    assert data["text/plain"].startswith("Slider for steepness: 0.5 <, 1 <, 4 <\nFigure: k is 1.0")
    assert metadata["image/png"]["alt"] == slider.shown.alt
    assert str(slider) == data["text/plain"]
    assert repr(slider) == "CourseStepper('steepness', 3 figures)"


def test_all_figures_get_the_limits_of_the_widest(slider):
    limits = {figure.axes[0].get_ylim() for figure in slider.figures}
    ((low, high),) = limits
    assert low <= 0
    assert high > 0.99 * 4


def test_a_picture_of_few_colours_looks_like_the_figure(slider):
    data = re.findall(r"base64,([^\"]+)", slider.html())[1]
    few = np.asarray(Image.open(BytesIO(b64decode(data))).convert("RGB"), dtype=float)
    full = np.asarray(Image.open(BytesIO(slider.shown.png())).convert("RGB"), dtype=float)
    assert np.abs(few - full).mean() < 1.0  # of 255


@pytest.mark.parametrize(
    ("figures", "labels", "start", "message"),
    [
        (1, 1, 0, "2 to 60 figures are required, got 1"),
        (3, 2, 0, "one label a figure is required: 3, got 2"),
        (2, 2, 2, "start must be a position from 0 to 1, got 2"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_came(figures, labels, start, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        viz.stepper([sigmoid(1.0)] * figures, ["a"] * labels, control="k", start=start)


def test_figures_of_unlike_sizes_are_refused():
    other = viz.CourseFigure(title="t", alt="a", size=(1.0, 1.0))
    with pytest.raises(ValueError, match="one size"):
        viz.stepper([sigmoid(1.0), other], ["a", "b"], control="k")
