"""Criteria that look at one part of a result, so that each part earns its own share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grader.compare import describe
from grader.exercise import Trial, Values
from grader.plain import Plain


@dataclass(frozen=True)
class Item(Values):
    """One item of a tuple equals the reference's."""

    index: int = 0
    size: int = 2

    def _fits(self, result: Plain) -> bool:
        return isinstance(result, list | tuple) and len(result) == self.size

    def complaint(self, trial: Trial) -> str | None:
        """Ask for a tuple first: what came alone is no item, even if it equals one."""
        came = trial.observed.result
        if not self._fits(came):
            return f"{self.size} results were required, as in `return a, b`; {describe(came)} came"
        return super().complaint(trial)

    def view(self, result: Plain) -> Plain:
        """The item, if the result is a tuple of that size."""
        return result[self.index] if self._fits(result) else {"no item": result}


@dataclass(frozen=True)
class Column(Values):
    """One column of a matrix equals the reference's."""

    index: int = 0

    def view(self, result: Plain) -> Plain:
        """The column, if there is one; else all of the result."""
        fits = isinstance(result, np.ndarray) and result.ndim == 2 and result.shape[1] > self.index
        return result[:, self.index] if fits else result
