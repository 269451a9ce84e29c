"""Everything that judges an answer.

In a notebook: `check(id, answer)`, `hint(id)`, `progress()`, `borrow(id)`. For tools:
`evaluate(id, answer, seed=None)` returns a `Report`; `exercises()` describes every task.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOME = {"exercises": "grader.registry", "Report": "grader.report"}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used.

    Beside a submission only the probe is loaded: neither the judge nor anything it knows.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME.get(name, "grader.learner")), name)


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted({*globals(), *__all__})
