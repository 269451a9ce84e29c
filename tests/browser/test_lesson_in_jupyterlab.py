"""A learner's first hour with lesson 01, in real JupyterLab, from the first start to the second."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from lab_server import LabServer
from lesson_page import STUB, UPDATE_PICTURES, LessonPage
from playwright.sync_api import BrowserContext, Locator, expect

ROOT = Path(__file__).resolve().parents[2]
ARTEFACTS = ROOT / "tests" / "artefacts"
BOUNDARY = "viz.decision_boundary("
STEP_RECORD = ["2 / 2", "2", "2 of 3"]  # points, attempts, hints
README_PICTURE = ROOT / "docs" / "images" / "feedback.png"


@pytest.mark.browser
@pytest.mark.slow
def test_a_learner_gets_named_feedback_hints_and_points_and_finds_them_again(
    course: LabServer, browser_context: BrowserContext
):
    lesson = LessonPage(browser_context.new_page(), ARTEFACTS)
    opens_by_itself(lesson, course)
    runs_untouched(lesson)
    types_a_wrong_answer_and_corrects_it(lesson)
    hint = takes_hints_and_needs_them(lesson)
    sees_the_boundary(lesson, hint)
    forgets_the_bias(lesson)
    predicts(lesson)
    sees_progress(lesson)
    looks_at_it_in_the_dark(lesson)
    assert no_check_shows_a_traceback(lesson)
    lesson.command("docmanager:save")
    assert lesson.complaints == []
    lesson.page.close()

    course.stop()
    course.start()
    lesson = LessonPage(browser_context.new_page(), ARTEFACTS)
    finds_it_again(lesson, course)
    assert lesson.complaints == []


def opens_by_itself(lesson: LessonPage, course: LabServer) -> None:
    lesson.open(course.url)
    first = min((ROOT / "lessons").glob("[0-9]*/*.ipynb")).relative_to(ROOT / "lessons")
    assert lesson.page.url.endswith(f"/lab/tree/{first.as_posix()}")
    assert lesson.dialogs() == []
    lesson.open(f"{course.url}lab/tree/01_perceptron/01_perceptron.ipynb")
    expect(lesson.page.get_by_role("heading", name="Lesson 1 · The perceptron")).to_be_visible()
    assert lesson.dialogs() == []
    lesson.picture("01-opening")


def runs_untouched(lesson: LessonPage) -> None:
    lesson.run_all()
    # The notebook stops where it first needs an answer: in a cell of the lesson, not in a check.
    assert list(lesson.tracebacks().values()) == ["NotImplementedError"]
    assert no_check_shows_a_traceback(lesson)
    for check in ("perceptron-weighted_sum-check", "perceptron-step-check"):
        output = lesson.output(check)
        expect(output).to_contain_text("Not written yet")
        expect(output).to_contain_text("0 of 2 points")
    assert lesson.dialogs() == []
    lesson.picture("02-not-written-yet", top="perceptron-weighted_sum")


def no_check_shows_a_traceback(lesson: LessonPage) -> bool:
    return not [id for id in lesson.tracebacks() if id.endswith("-check")]


def types_a_wrong_answer_and_corrects_it(lesson: LessonPage) -> None:
    answer, check = "perceptron-weighted_sum", "perceptron-weighted_sum-check"
    lesson.type_over(answer, STUB, "return X @ w")
    runs_both(lesson, answer, check)
    output = lesson.output(check)
    expect(output).to_contain_text("Partly right")
    expect(output).to_contain_text("The bias b is missing.")
    expect(output).to_contain_text("required")
    assert no_check_shows_a_traceback(lesson)
    lesson.picture("03-wrong-answer", top=check)
    lesson.type_over(answer, "return X @ w", "return X @ w + b")
    runs_both(lesson, answer, check)
    expect(output).to_contain_text("Right")
    expect(output).to_contain_text("2 of 2 points")
    expect(output).not_to_contain_text("missing")
    lesson.picture("04-right-answer", top=check)


def runs_both(lesson: LessonPage, answer: str, check: str) -> None:
    """Shift+Enter in the answer's cell goes on to the check below it, and once more runs that."""
    with lesson.runs(answer):
        lesson.page.keyboard.press("Shift+Enter")
    with lesson.runs(check):
        lesson.page.keyboard.press("Shift+Enter")


def takes_hints_and_needs_them(lesson: LessonPage) -> str:
    answer, check = "perceptron-step", "perceptron-step-check"
    output = answers(lesson, answer, "return np.where(z >= 0, 1, 0)")
    expect(output).to_contain_text("Not yet")
    expect(output).to_contain_text("These labels are 0 and 1.")
    lesson.picture("05-zeros-and-ones", top=check)
    keep_the_readme_picture(lesson, answer, check)

    hint = lesson.new_cell_below(check, 'hint("perceptron.step")')
    for number in (1, 2):
        with lesson.runs(hint):
            lesson.page.keyboard.press("Control+Enter")
        expect(lesson.output(hint)).to_contain_text(f"hint {number} of 3")
        expect(lesson.output(hint).locator("li")).to_have_count(number)
    lesson.picture("06-hints", top=check)

    assert no_check_shows_a_traceback(lesson)
    lesson.write(answer, lesson.source(answer).replace("1, 0)", "1, -1)"))
    expect(lesson.run(check)).to_contain_text("2 of 2 points")
    return hint


def answers(lesson: LessonPage, id: str, line: str) -> Locator:
    """Put this line in the place of a stub, and run its check; returns the check's output."""
    lesson.write(id, re.sub(rf"{STUB}.*", line, lesson.source(id)))
    return lesson.run(f"{id}-check")


def keep_the_readme_picture(lesson: LessonPage, answer: str, check: str) -> None:
    path = lesson.portrait("feedback", check, beside=answer, width=1040)
    if UPDATE_PICTURES:
        README_PICTURE.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, README_PICTURE)


def sees_the_boundary(lesson: LessonPage, hint: str) -> None:
    figure = lesson.id_of(BOUNDARY)
    expect(lesson.run_on(hint, figure).locator("img, svg").first).to_be_visible()
    lesson.picture("07-boundary", top=figure)


def forgets_the_bias(lesson: LessonPage) -> None:
    line = "return (w + y * x, b) if y * (w @ x + b) <= 0 else (w, b)"
    expect(answers(lesson, "perceptron-update", line)).to_contain_text("The bias never")


def predicts(lesson: LessonPage) -> None:
    answer, check = "perceptron-xor_prediction", "perceptron-xor_prediction-check"
    lesson.write(answer, 'prediction = "b"')
    expect(lesson.run(check)).to_contain_text("nothing to arrive at")
    assert no_check_shows_a_traceback(lesson)
    lesson.write(answer, 'prediction = "c"')
    expect(lesson.run(check)).to_contain_text("Your first answer was 'b'")
    expect(lesson.output(check)).to_contain_text("see the mistakes never end")
    lesson.picture("08-prediction", top=answer)


def sees_progress(lesson: LessonPage) -> None:
    progress = lesson.id_of("progress()")
    table = lesson.run(progress)
    expect(table.get_by_role("row", name="Weighted sum")).to_contain_text("2 / 2")
    expect(cells_of(table, "Step function")).to_have_text(["✓", "Step function", *STEP_RECORD])
    expect(cells_of(table, "Update rule").first).not_to_have_text("✓")
    lesson.picture("09-progress", top=progress)


def cells_of(table: Locator, row: str) -> Locator:
    return table.get_by_role("row", name=row).get_by_role("cell")


def looks_at_it_in_the_dark(lesson: LessonPage) -> None:
    theme = lesson.page.locator("body")
    lesson.command("apputils:change-theme", theme="JupyterLab Dark")
    expect(theme).to_have_attribute("data-jp-theme-name", "JupyterLab Dark")
    lesson.picture("10-dark-report-and-hints", top="perceptron-step-check")
    lesson.picture("11-dark-boundary", top=lesson.id_of(BOUNDARY))
    lesson.picture("12-dark-wrong-answer", top="perceptron-update-check")
    lesson.picture("13-dark-progress", top=lesson.id_of("progress()"))
    lesson.command("apputils:change-theme", theme="JupyterLab Light")
    expect(theme).to_have_attribute("data-jp-theme-name", "JupyterLab Light")


def finds_it_again(lesson: LessonPage, course: LabServer) -> None:
    lesson.open(course.url)  # the layout that was left
    assert lesson.dialogs() == []
    assert lesson.source("perceptron-weighted_sum").endswith("return X @ w + b")
    expect(lesson.output("perceptron-step-check")).to_contain_text("2 of 2 points")
    lesson.run(lesson.id_of("import numpy"))
    table = lesson.run(lesson.id_of("progress()"))
    expect(cells_of(table, "Step function")).to_have_text(["✓", "Step function", *STEP_RECORD])
    lesson.picture("14-second-start")
