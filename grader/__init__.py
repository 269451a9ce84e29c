"""Everything that judges an answer.

In a notebook: `check(id, answer)`, `hint(id)`, `progress()`, `borrow(id)`. For tools:
`evaluate(id, answer, seed=None)` returns a `Report`; `exercises()` describes every task.
"""

from grader.learner import Points, borrow, check, evaluate, hint, progress
from grader.registry import exercises
from grader.report import Report

__all__ = [
    "Points",
    "Report",
    "borrow",
    "check",
    "evaluate",
    "exercises",
    "hint",
    "progress",
]
