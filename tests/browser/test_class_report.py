"""The report of a class, as an instructor's browser shows it."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import pytest
from lesson_page import UPDATE_PICTURES
from PIL import Image
from playwright.sync_api import BrowserContext, expect

from grader import evaluate
from grader.classroom.insight import look
from grader.classroom.report import as_page
from grader.registry import exercises_of

ROOT = Path(__file__).resolve().parents[2]
ARTEFACTS = ROOT / "tests" / "artefacts"
PICTURE = ROOT / "docs" / "images" / "class_report.png"
LESSON = "01_perceptron"
STUDENTS = 24


def reports() -> dict[str, list[tuple[Any, float]]]:
    """What students may get for each exercise, the right answer first, and how often."""

    def unwritten(*arguments: object) -> None:
        raise NotImplementedError

    found: dict[str, list[tuple[Any, float]]] = {}
    for exercise in exercises_of(LESSON).values():
        answers = [(exercise.reference, 8.0), (unwritten, 1.0)]
        answers += [(m.wrong, 1.5) for m in exercise.misconceptions[:2]]
        judged = [(evaluate(exercise.id, answer, seed=1), weight) for answer, weight in answers]
        found[exercise.id] = [(report, weight) for report, weight in judged]
    return found


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    """The grade records of a class, drawn from a seed."""
    draw, options = random.Random(5), reports()
    exercises = exercises_of(LESSON)

    def cell(id: str) -> dict[str, Any]:
        choices, weights = zip(*options[id], strict=True)
        report, exercise = draw.choices(choices, weights)[0], exercises[id]
        by_hand = exercise.kind == "reflection"
        return {
            "id": f"{exercise.grade_id}-check", "exercise": id, "most": exercise.points,
            "score": None if by_hand else report.points, "note": "",
            "report": None if by_hand else report.as_dict(), "seconds": draw.uniform(0.1, 2.0),
        }  # fmt: skip

    def record(number: int) -> dict[str, Any]:
        faults = ["cell 12: CellTimeoutError: stopped after 30 s"] if number == 7 else []
        notebook = {"name": LESSON, "faults": faults, "cells": [cell(id) for id in exercises]}
        return {"student": f"student{number:02}", "notebooks": [notebook], "seconds": 3.0}

    return [record(number) for number in range(STUDENTS)]


@pytest.mark.browser
@pytest.mark.slow
def test_the_report_of_a_class_is_readable(browser_context: BrowserContext, records, tmp_path):
    path = tmp_path / "index.html"
    path.write_text(as_page(look(LESSON, records)), encoding="utf-8")
    page = browser_context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    expect(page.get_by_role("heading", name=LESSON)).to_be_visible()
    expect(page.get_by_text(f"{STUDENTS} submissions; mean")).to_be_visible()
    expect(page.get_by_text("is not known: their progress stays with them")).to_be_visible()
    expect(page.get_by_text("CellTimeoutError")).to_be_visible()
    for width in (1280, 800):  # nothing is cut off, and nothing has to be scrolled sideways
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.set_viewport_size({"width": 1000, "height": 900})
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    picture = ARTEFACTS / "30-class-report.png"
    page.screenshot(path=picture, animations="disabled", full_page=True)
    if UPDATE_PICTURES:
        top = page.screenshot(animations="disabled")
        Image.open(io.BytesIO(top)).quantize(64).save(PICTURE, optimize=True)
    page.emulate_media(color_scheme="dark")
    page.screenshot(path=ARTEFACTS / "31-class-report-dark.png", animations="disabled")
    assert complaints == []
    page.close()
