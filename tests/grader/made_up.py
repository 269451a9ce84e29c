"""Made-up exercises and ways to call the core, shared by the tests of the grader."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from grader.exercise import Exercise, Misconception, Option, Values, choice, reflection, result
from grader.judge import judge
from grader.probe import Inputs
from grader.prober import LocalProber
from grader.report import Report

Array = np.ndarray


def double(x: Array) -> Array:
    """Twice x."""
    return 2 * x


def double_cases(rng: np.random.Generator) -> list[Inputs]:
    return [(np.round(rng.uniform(1, 9, size=size), 1),) for size in (3, 1, 2)]


DOUBLE = Exercise(
    id="made_up.double",
    lesson="99_made_up",
    title="Twice as much",
    points=4,
    reference=double,
    cases=double_cases,
    seconds=1.0,
    criteria=[
        Values("doubles", weight=3, essential=True),
        Values("doubles one number", where=lambda x: x.size == 1),
    ],
    misconceptions=[
        Misconception("square", lambda x: x**2, "This is the square."),
        Misconception("half", lambda x: x / 2, "This is the half."),
        Misconception("plus_two", lambda x: x + 2, "This adds two."),
        Misconception("triple", lambda x: 3 * x, "This is three times as much."),
    ],
    alternatives=[lambda x: x + x, lambda x: np.add(x, x)],
    hints=["Think.", "Think of `2`.", "`2 * x`"],
)


def altered(exercise: Exercise = DOUBLE, **changes: Any) -> Exercise:
    """The exercise with some attributes changed."""
    return dataclasses.replace(exercise, **changes)


def made_up_choice() -> Exercise:
    return choice(
        "made_up.choice",
        lesson="99_made_up",
        title="Which one",
        points=1,
        answer="prediction",
        right="b",
        wrong={letter: Option(f"chose_{letter}", f"Not {letter}.") for letter in "acde"},
        explanation="It was b.",
        hints=["Not a.", "Not c.", "b"],
    )


def made_up_result(**changes: Any) -> Exercise:
    return result(
        "made_up.result",
        lesson="99_made_up",
        title="Three numbers",
        points=2,
        answer="numbers",
        reference=np.array([1.0, 2.0, 3.0]),
        criteria=[Values("is right")],
        hints=["1", "2", "3"],
        **changes,
    )


def made_up_reflection() -> Exercise:
    return reflection(
        "made_up.reflection",
        lesson="99_made_up",
        title="In words",
        rubric=[(1, "says so"), (2, "says why")],
        hints=["1", "2", "3"],
    )


def judged(answer: object, exercise: Exercise = DOUBLE, seed: int = 0) -> Report:
    return judge(exercise, LocalProber(answer), seed)
