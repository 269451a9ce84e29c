"""What the exercises of this lesson share: inputs, and an ear for overflows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.exercise import Holds, Trial, Values
from grader.plain import Plain
from grader.probe import Inputs

Array = np.ndarray
When = Callable[[Sequence[Trial]], bool]


def numbers(rng: np.random.Generator, *shape: int, reach: float = 4.0) -> Array:
    """Numbers on both sides of 0 and none of them close to it, with two decimals."""
    z = np.round(rng.uniform(0.2, reach, size=shape), 2) * rng.choice([-1, 1], size=shape)
    if z.size > 1:
        z.flat[:2] = [-abs(z.flat[0]), abs(z.flat[1])]
    return z


def moderate_cases(rng: np.random.Generator) -> list[Inputs]:
    """Rows of a few numbers, one of them with a 0, and arrays of other shapes."""
    rows = [numbers(rng, size) for size in (4, 5, 7)]
    rows[-1][rng.integers(2, 7)] = 0.0
    return [(z,) for z in [*rows, *(numbers(rng, *shape) for shape in [(1,), (2, 3), (2, 1, 4)])]]


def is_row(z: Array) -> bool:
    """Whether it is one of the rows that the main criterion looks at."""
    return z.ndim == 1 and z.size > 1


def is_of_another_shape(z: Array) -> bool:
    """Whether it is not."""
    return not is_row(z)


def far_cases(rng: np.random.Generator) -> list[Inputs]:
    """Numbers whose exponential float64 cannot hold, on either side; and some that it can."""
    return [
        (np.array([-1000.0, 1000.0]),),
        (np.append(numbers(rng, 2, reach=1.0) * 1000.0, [-30.0, 30.0, 0.5]),),
    ]


def single_cases(rng: np.random.Generator) -> list[Inputs]:
    """The same in float32, whose exponential overflows above 88 already."""
    big = np.round(rng.uniform(90, 200, size=2) * [-1, 1])
    return [(np.append(big, numbers(rng, 3)).astype(np.float32),)]


def overheard(answer: Any, z: Any) -> Any:
    """Call the answer and note what NumPy would warn of. Travels as source."""
    heard: list[str] = []

    def note(kind: str, flag: int) -> None:
        heard.append(kind)

    with np.errstate(over="call", invalid="call", divide="call", call=note):
        value = answer(z)
    return {"value": value, "warnings": sorted(set(heard))}


def _warnings_in(result: Plain, *inputs: Any) -> str | None:
    heard = result["warnings"]
    if not heard:
        return None
    return f"NumPy warns on the way: {' and '.join(heard)}"


@dataclass(frozen=True)
class Quiet(Holds):
    """NumPy warned of nothing; for the probe `overheard`."""

    test: Callable[..., str | None] = _warnings_in


@dataclass(frozen=True)
class RightAndQuiet(Values):
    """Both at once: the value, and that NumPy warned of nothing."""

    part: str = "value"

    def complaint(self, trial: Trial) -> str | None:
        """Compare the value first."""
        return super().complaint(trial) or _warnings_in(trial.observed.result)

    def view(self, result: Plain) -> Plain:
        """The value; without one, all of it."""
        return super().view(result)


def raises(type: str, pattern: str) -> When:
    """Whether something was raised, and only this exception with a message the pattern finds.

    An array with one entry may pass where a longer one does not, so not every trial need end in it.
    """

    def matches(trials: Sequence[Trial]) -> bool:
        faults = [t.observed.fault for t in trials if t.observed.fault is not None]
        return bool(faults) and all(
            fault.type == type and re.search(pattern, fault.message) for fault in faults
        )

    return matches
