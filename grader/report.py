"""The report of one check: what held, what did not, which misconception fits; text, HTML, JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from grader.markup import (
    ACCENT,
    block,
    callout,
    card,
    head,
    html_with_code,
    line,
    muted,
    table,
    verbatim,
)

Status = Literal["passed", "partial", "failed", "not started", "unusable", "borrowed", "manual"]

_HEADLINES: dict[Status, str] = {
    "passed": "Right",
    "partial": "Partly right",
    "failed": "Not yet",
    "not started": "Not written yet",
    "unusable": "Cannot be checked",
    "borrowed": "The course's own",
    "manual": "Graded by a person",
}
_MARKS = {True: "✓", False: "✗", None: "·"}
# Colour is never the only signal: each state has its mark and its headline too. White text on each
# has a contrast of 4.5 or more, and each stands out from a white page and a black one by 3 or more.
_LOOKS: dict[Status, tuple[str, str]] = {
    "passed": ("✓", "#0b8457"),
    "partial": ("◐", "#a15f00"),
    "failed": ("✗", "#c2410c"),
    "not started": ("○", ACCENT),
    "unusable": ("✗", "#c2410c"),
    "borrowed": ("○", "#5b6b7b"),
    "manual": ("✎", ACCENT),
}


@dataclass(frozen=True)
class CriterionResult:
    """Whether one criterion is met: None when it was not judged because an essential one failed."""

    name: str
    weight: float
    met: bool | None
    trials: int
    complaint: str | None = None


@dataclass(frozen=True)
class Example:
    """The smallest failing input found, with what was required and what came, all as text."""

    inputs: tuple[tuple[str, str], ...]
    required: str
    came: str


@dataclass(frozen=True)
class Report:
    """The outcome of one check.

    Attributes:
        exercise: its id.
        title: its title.
        max_points: the most it earns.
        score: the share earned, in [0, 1].
        status: passed, partial, failed, not started, unusable, borrowed or manual.
        criteria: each criterion's outcome.
        misconception: the id of the misconception that fits, or None.
        message: what to tell the learner.
        example: the smallest failing input, or None.
        printed: what the answer printed.
        seed: `evaluate(id, answer, seed=report.seed)` draws the same inputs again.
    """

    exercise: str
    title: str
    max_points: float
    score: float
    status: Status
    message: str
    criteria: tuple[CriterionResult, ...] = ()
    misconception: str | None = None
    example: Example | None = None
    printed: str = ""
    seed: int | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.score) and 0 <= self.score <= 1):
            raise ValueError(f"a score must lie in [0, 1], got {self.score}")

    @property
    def passed(self) -> bool:
        """Whether everything held."""
        return self.status == "passed"

    @property
    def points(self) -> float:
        """The points earned, to two decimals."""
        return round(self.score * self.max_points, 2)

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return {**asdict(self), "points": self.points, "passed": self.passed}

    @property
    def headline(self) -> str:
        """One line: the state, and the points."""
        return _HEADLINES[self.status] + (f": {self._earned}" if self.max_points else "")

    @property
    def _earned(self) -> str:
        earned = "" if self.status == "manual" else f"{self.points:g} of "
        plural = "" if self.max_points == 1 else "s"
        return f"{earned}{self.max_points:g} point{plural}"

    def __str__(self) -> str:
        """The report as plain text."""
        lines = [f"{self.exercise} · {self.title}", self.headline]
        lines += [f"  {_MARKS[c.met]} {c.name}{_trials(c)}" for c in self.criteria]
        if self.message:
            lines += ["", self.message]
        if self.example:
            lines += ["", "For example, with"]
            lines += [_hang(f"  {name} = ", text) for name, text in self.example.inputs]
            lines += [_hang("required: ", self.example.required)]
            lines += [_hang("came:     ", self.example.came)]
        if self.printed and not self.passed:
            lines += ["", "It printed:", *("  " + t for t in self.printed.splitlines()[:8])]
        if self.status in ("partial", "failed"):
            lines += ["", f'For a hint: hint("{self.exercise}")']
        return "\n".join(lines)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        return {"text/html": self.to_html(), "text/plain": str(self)}

    def to_html(self) -> str:
        """The report as HTML that follows the notebook's theme; everything in it is escaped."""
        mark, accent = _LOOKS[self.status]
        earned = self._earned if self.max_points else ""
        criteria = "".join(line(_MARKS[c.met], c.name, _trials(c).strip()) for c in self.criteria)
        return card(
            accent,
            head(f"{mark} {_HEADLINES[self.status]}", self.title, earned, accent),
            block(criteria) if criteria else "",
            callout(accent, self.message) if self.message else "",
            _example_html(self.example) if self.example else "",
            self._printed_html(),
            self._offer_html(),
        )

    def _printed_html(self) -> str:
        if not self.printed or self.passed:
            return ""
        shown = verbatim("\n".join(self.printed.splitlines()[:8]))
        return block(muted("It printed:"), f"<div>{shown}</div>")

    def _offer_html(self) -> str:
        if self.status not in ("partial", "failed"):
            return ""
        return block(muted("For a hint:"), " ", html_with_code(f'`hint("{self.exercise}")`'))


def _trials(criterion: CriterionResult) -> str:
    if criterion.met is None:
        return " (not judged until the one above holds)"
    if criterion.met and criterion.trials > 1:
        return f" ({criterion.trials} inputs tried)"
    return ""


def _hang(label: str, text: str) -> str:
    """Put a label before a text, and its further lines below the first."""
    return label + text.replace("\n", "\n" + " " * len(label))


def _example_html(example: Example) -> str:
    outcome = [("required", example.required), ("came", example.came)]
    rows = [(muted(name), verbatim(text)) for name, text in (*example.inputs, *outcome)]
    return block(muted("For example, with"), table(rows))
