"""Exercise: the examples that excite one unit most."""

from __future__ import annotations

import numpy as np

from grader.exercise import Exercise, Misconception, Values
from grader.probe import Inputs

Array = np.ndarray


def strongest(activations: Array, unit: int, count: int) -> Array:
    """Rows of the `count` examples with the highest activation of a unit, highest first."""
    return np.argsort(-activations[:, unit])[:count]


def activation_cases(rng: np.random.Generator) -> list[Inputs]:
    """Activations that all differ, also below 0; one, some and all of the examples asked for."""
    cases: list[Inputs] = []
    for examples, units, count in [(4, 3, 1), (5, 2, 3), (6, 3, 6), (40, 4, 12)]:
        values = rng.permutation(examples * units) - examples * units // 2 - 0.5
        activations = values.reshape(examples, units) / 2
        cases.append((activations, int(rng.integers(1, units)), count))
    return cases


def one_at_a_time(activations: Array, unit: int, count: int) -> Array:
    """Take the highest, cross it out, and take the next."""
    left = activations[:, unit].copy()
    rows = []
    for _ in range(count):
        rows.append(int(np.argmax(left)))
        left[rows[-1]] = -np.inf
    return np.array(rows)


def sorted_in_python(activations: Array, unit: int, count: int) -> Array:
    """Sort row numbers by their activation."""
    rows = sorted(range(len(activations)), key=lambda row: activations[row][unit], reverse=True)
    return np.array(rows[:count])


STRONGEST = Exercise(
    id="why_deep_learning.strongest",
    lesson="00_why_deep_learning",
    title="What excites a unit",
    points=1,
    reference=strongest,
    cases=activation_cases,
    criteria=[Values("gives the rows of the highest activations, highest first", numbers="any")],
    misconceptions=[
        Misconception(
            "weakest_first",
            lambda a, unit, count: np.argsort(a[:, unit])[:count],
            "`np.argsort` puts the lowest first, so these are the examples that excite the unit "
            "*least*. Sort the negative values.",
        ),
        Misconception(
            "rising",
            lambda a, unit, count: np.argsort(a[:, unit])[-count:],
            "These are the right examples, with the highest last. Turn the order round.",
        ),
        Misconception(
            "activations_for_rows",
            lambda a, unit, count: np.sort(a[:, unit])[::-1][:count],
            "These are the activations themselves. Which examples they belong to is asked: "
            "`np.argsort` gives row numbers.",
        ),
        Misconception(
            "row_for_column",
            lambda a, unit, count: np.argsort(-a[unit])[:count],
            "`activations[unit]` is a row: one example, all units. A unit is a column: "
            "`activations[:, unit]`.",
        ),
        Misconception(
            "by_size",
            lambda a, unit, count: np.argsort(-np.abs(a[:, unit]))[:count],
            "This sorts by size without the sign. A unit far below 0 is not excited.",
        ),
        Misconception(
            "all_of_them",
            lambda a, unit, count: np.argsort(-a[:, unit]),
            "These are all examples in the right order. Keep the first `count`.",
        ),
        Misconception(
            "all_units",
            lambda a, unit, count: np.argsort(-a, axis=0)[:count],
            "This sorts every unit's column. Only that of `unit` is asked.",
        ),
    ],
    alternatives=[one_at_a_time, sorted_in_python],
    hints=[
        "One unit is one column of `activations`.",
        "`np.argsort(values)` gives the positions that would sort the values, lowest first.",
        "Of the negative values the lowest is the highest activation: sort those, keep `count`.",
    ],
)
