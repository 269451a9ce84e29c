"""A slider over figures, moved by keyboard in real JupyterLab."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab_server import LabServer
from lesson_page import LessonPage
from playwright.sync_api import BrowserContext, expect

ARTEFACTS = Path(__file__).resolve().parents[2] / "tests" / "artefacts"
CELL = """import numpy as np
from course_lib import viz
def bell(k): return {"bell": lambda z: np.exp(-k * z * z)}
figures = [viz.function_curves(bell(k), title=f"k is {k}") for k in (1, 2, 3)]
viz.stepper(figures, ["one", "two", "three"], control="k", start=1)"""


@pytest.mark.browser
@pytest.mark.slow
def test_a_slider_moved_by_keyboard_shows_the_next_figure_and_its_label(
    course: LabServer, browser_context: BrowserContext
):
    lesson = LessonPage(browser_context.new_page(), ARTEFACTS)
    lesson.open(f"{course.url}lab/tree/01_perceptron/01_perceptron.ipynb")
    id = lesson.new_cell_below("perceptron-step-check", CELL)
    lesson.run(id)
    slider = lesson.output(id).get_by_role("slider")
    pictures = lesson.output(id).locator(".course-stepper img")
    expect(slider).to_be_visible()
    assert [pictures.nth(i).is_visible() for i in range(3)] == [False, True, False]
    slider.focus()
    slider.press("ArrowRight")
    expect(lesson.output(id).locator("output")).to_have_text("three")
    assert [pictures.nth(i).is_visible() for i in range(3)] == [False, False, True]
    lesson.picture("20-slider", top=id)
    assert lesson.complaints == []
    lesson.page.close()
