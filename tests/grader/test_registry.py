"""Exercises are found by lesson and by id, and a wrong id is met with the nearest ones."""

import sys
import types

import pytest
from made_up import DOUBLE, altered

import grader.checks
from grader import registry
from grader.registry import UnknownExercise, exercises, exercises_of, find, lessons


@pytest.fixture
def filed(monkeypatch):
    """Files made-up exercises as those of lesson 99_made_up."""

    def file(*made_up):
        module = types.ModuleType("grader.checks.l99_made_up")
        module.EXERCISES = list(made_up)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(registry, "lessons", lambda: ["99_made_up"])
        exercises_of.cache_clear()

    yield file
    exercises_of.cache_clear()


def test_every_exercise_has_its_own_id_in_the_order_of_the_lessons():
    found = exercises()
    assert all(id == exercise.id for id, exercise in found.items())
    assert [e.lesson for e in found.values()] == sorted(e.lesson for e in found.values())
    assert next(iter(found)) == "why_deep_learning.kinds"
    assert all(find(id) is found[id] for id in found)


def test_lessons_are_the_numbered_modules(monkeypatch, tmp_path):
    for name in ("l01_first.py", "l10_tenth.py", "library.py", "l2_short.py", "__init__.py"):
        (tmp_path / name).write_text("")
    (tmp_path / "l02_second").mkdir()
    (tmp_path / "l02_second" / "__init__.py").write_text("")
    monkeypatch.setattr(grader.checks, "__path__", [str(tmp_path)])
    assert lessons() == ["01_first", "02_second", "10_tenth"]


def test_an_unknown_lesson_is_a_key_error():
    with pytest.raises(KeyError, match="99_nothing"):
        exercises_of("99_nothing")


@pytest.mark.parametrize(
    ("id", "offer"),
    [
        ("perceptron.updat", "Did you mean 'perceptron.update'?"),
        ("update", "Did you mean 'perceptron.update'?"),
        ("perceptron.bound", "Did you mean 'perceptron.mistake_bound'"),
        ("Perceptron.Step", "'perceptron.step'"),
        ("perceptron-step", "'perceptron.step'"),
    ],
)
def test_a_wrong_id_is_met_with_the_nearest(id, offer):
    with pytest.raises(UnknownExercise) as raised:
        find(id)
    assert offer in str(raised.value)


def test_an_id_like_no_other_is_met_with_none():
    with pytest.raises(UnknownExercise, match=r"^There is no exercise '~~~~~~'\.$"):
        find("~~~~~~")


@pytest.mark.parametrize("id", [None, 3, b"perceptron.step", ["perceptron.step"], object()])
def test_an_id_is_text(id):
    with pytest.raises(UnknownExercise, match=r"is a string, such as 'why_deep_learning\.kinds'"):
        find(id)


def test_two_exercises_of_one_id_are_refused(filed):
    filed(DOUBLE, altered(title="Another"))
    with pytest.raises(ValueError, match=r"two exercises have the id 'made_up\.double'"):
        exercises()


@pytest.mark.parametrize("change", [{"id": "other.double"}, {"lesson": "01_perceptron"}])
def test_an_exercise_filed_under_another_lesson_is_refused(filed, change):
    filed(altered(**change))
    with pytest.raises(ValueError, match=r"is filed in grader\.checks\.l99_made_up"):
        exercises()


def test_an_exercise_of_a_new_lesson_is_found(filed):
    filed(DOUBLE)
    assert find("made_up.double") is DOUBLE
    with pytest.raises(UnknownExercise, match=r"Did you mean 'made_up\.double'\?"):
        find("double")
