"""The names that notebooks and tools rely on: a change here breaks released lessons."""

import inspect
import subprocess
import sys

import pytest

import grader

SIGNATURES = {
    "borrow": "(id: 'str') -> 'Any'",
    "check": "(id: 'str', answer: 'Any' = None) -> 'Points'",
    "evaluate": "(id: 'str', answer: 'Any', seed: 'int | None' = None) -> 'Report'",
    "exercises": "() -> 'dict[str, Exercise]'",
    "hint": "(id: 'str') -> 'Shown'",
    "progress": "() -> 'Shown'",
}
REPORT = {
    *("exercise", "title", "max_points", "points", "score", "status", "passed", "message"),
    *("criteria", "misconception", "example", "printed", "seed", "headline"),
    *("as_dict", "to_html"),
}


def test_the_exported_names_are_these():
    assert grader.__all__ == sorted([*SIGNATURES, "Points", "Report"])
    assert all(hasattr(grader, name) for name in grader.__all__)


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_signature_stays(name):
    assert str(inspect.signature(getattr(grader, name))) == SIGNATURES[name]


@pytest.mark.parametrize("name", grader.__all__)
def test_every_exported_name_says_what_it_is_for(name):
    assert len(inspect.getdoc(getattr(grader, name)).splitlines()[0]) > 15


def test_a_report_has_these_public_parts():
    report = grader.evaluate("perceptron.step", None)
    assert {name for name in dir(report) if not name.startswith("_")} == REPORT


def test_points_are_a_float_with_a_report():
    points = grader.Points(grader.evaluate("perceptron.step", None))
    assert isinstance(points, float)
    assert isinstance(points.report, grader.Report)


def test_importing_the_grader_loads_no_heavy_library():
    heavy = "{'torch', 'sklearn', 'matplotlib', 'nbgrader'}"
    code = f"import sys, grader; print(*{heavy} & {{*sys.modules}})"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == []


def test_the_probe_alone_loads_no_judge_and_nothing_that_knows_an_answer():
    code = "import sys, grader.probe; print(*[m for m in sys.modules if m.startswith('grader')])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert loaded == {f"grader{m}" for m in ("", ".probe", ".plain", ".guard", ".sources")}
