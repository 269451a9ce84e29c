"""Finds the exercises: each module in `grader.checks` lists those of one lesson."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import re
from functools import cache

import grader.checks
from grader.exercise import Exercise


def exercises() -> dict[str, Exercise]:
    """All exercises of the course by id, in the order of lessons and of exercises in them."""
    found: dict[str, Exercise] = {}
    for lesson in lessons():
        found.update(exercises_of(lesson))
    return found


def lessons() -> list[str]:
    """The lessons that have exercises, in order: "01_perceptron" for `checks/l01_perceptron.py`."""
    modules = pkgutil.iter_modules(grader.checks.__path__)
    return sorted(m.name[1:] for m in modules if re.match(r"l\d\d_", m.name))


@cache
def exercises_of(lesson: str) -> dict[str, Exercise]:
    """The exercises of one lesson by id; imports that lesson's checks only.

    Raises:
        KeyError: there is no such lesson.
        ValueError: two exercises share an id, or one is filed under another lesson.
    """
    if lesson not in lessons():
        raise KeyError(lesson)
    module = importlib.import_module(f"grader.checks.l{lesson}")
    topic = lesson.split("_", 1)[1]
    found: dict[str, Exercise] = {}
    for exercise in module.EXERCISES:
        if exercise.id in found:
            raise ValueError(f"two exercises have the id {exercise.id!r}")
        if exercise.lesson != lesson or not exercise.id.startswith(topic + "."):
            raise ValueError(
                f"{exercise.id!r} of lesson {exercise.lesson!r} is filed in {module.__name__}"
            )
        found[exercise.id] = exercise
    return found


def lesson_of(id: str) -> str | None:
    """The lesson that an exercise's id belongs to, if there is one; imports no checks."""
    topic = id.split(".", 1)[0]
    return next((lesson for lesson in lessons() if lesson.split("_", 1)[1] == topic), None)


class UnknownExercise(LookupError):
    """No exercise has this id; `str()` of it offers the nearest ones."""


def find(id: object) -> Exercise:
    """The exercise with this id.

    Raises:
        UnknownExercise: there is none; the message offers the nearest ids.
    """
    if not isinstance(id, str):
        raise UnknownExercise(f"An exercise's id is a string, such as {next(iter(exercises()))!r}.")
    id = str.__str__(id)  # a subclass could compare as it likes
    lesson = lesson_of(id)
    if lesson and id in exercises_of(lesson):
        return exercises_of(lesson)[id]
    known = list(exercises())
    same_name = [k for k in known if k.split(".")[1] == id]
    offers = list(dict.fromkeys(same_name + _nearest(id[:200], known)))[:3]
    hint = f" Did you mean {' or '.join(map(repr, offers))}?" if offers else ""
    raise UnknownExercise(f"There is no exercise {id[:80]!r}.{hint}")


def _nearest(id: str, known: list[str]) -> list[str]:
    """The ids that are about as close as the closest: all of a lesson begin alike."""
    likeness = {k: difflib.SequenceMatcher(None, id, k).ratio() for k in known}
    least = max(0.4, max(likeness.values(), default=0.0) - 0.1)
    near = [k for k in known if likeness[k] >= least]
    return sorted(near, key=likeness.__getitem__, reverse=True)
