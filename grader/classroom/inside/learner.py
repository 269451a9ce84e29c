"""Stands for `grader.learner` beside a submission: the same names, and nothing behind them.

A notebook calls them, so they are here; answers are judged outside, where the truth is.
"""

from __future__ import annotations

from typing import Any, NoReturn


class Points(float):
    """What a check returns: here always nothing."""

    report: Any = None


class _Nothing:
    """Shows nothing."""

    def __repr__(self) -> str:
        return ""


class _NotHere:
    """Stands for the course's own answer; to use it in any way raises."""

    def _refuse(self) -> NoReturn:
        raise LookupError("the course's own answers are not to be had while work is graded")

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse()

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()


def check(id: str, answer: Any = None) -> Points:
    """Judges nothing here."""
    return Points(0.0)


def evaluate(id: str, answer: Any, seed: int | None = None) -> _Nothing:
    """Judges nothing here."""
    return _Nothing()


def hint(id: str) -> _Nothing:
    """No hints here."""
    return _Nothing()


def progress() -> _Nothing:
    """No progress here."""
    return _Nothing()


def borrow(id: str) -> Any:
    """Something that may be assigned, but not used."""
    return _NotHere()
