"""The report of one check: what held, what did not, which misconception fits; text, HTML, JSON."""

from __future__ import annotations

import html
import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["passed", "partial", "failed", "not started", "unusable", "manual"]

_HEADLINES: dict[Status, str] = {
    "passed": "Right",
    "partial": "Partly right",
    "failed": "Not yet",
    "not started": "Not written yet",
    "unusable": "Cannot be checked",
    "manual": "Graded by a person",
}
_MARKS = {True: "✓", False: "✗", None: "·"}
# Colour is never the only signal: each state has its mark and its headline too.
_COLOURS: dict[Status, str] = {
    "passed": "#0b8457",
    "partial": "#b26a00",
    "failed": "#c2410c",
    "not started": "#5b6b7b",
    "unusable": "#c2410c",
    "manual": "#4457a8",
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
        status: passed, partial, failed, not started, unusable or manual.
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
        earned = "" if self.status == "manual" else f"{self.points:g} of "
        plural = "" if self.max_points == 1 else "s"
        return f"{_HEADLINES[self.status]}: {earned}{self.max_points:g} point{plural}"

    def __str__(self) -> str:
        """The report as plain text."""
        lines = [f"{self.exercise} · {self.title}", self.headline]
        lines += [f"  {_MARKS[c.met]} {c.name}{_trials(c)}" for c in self.criteria]
        if self.message:
            lines += ["", self.message]
        if self.example:
            lines += ["", "For example, with"]
            lines += [f"  {name} = {_indent(text)}" for name, text in self.example.inputs]
            lines += [f"required: {_indent(self.example.required)}"]
            lines += [f"came:     {_indent(self.example.came)}"]
        if self.printed and not self.passed:
            lines += ["", "It printed:", *("  " + t for t in self.printed.splitlines()[:8])]
        if self.status in ("partial", "failed"):
            lines += ["", f'For a hint: hint("{self.exercise}")']
        return "\n".join(lines)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        return {"text/html": self.to_html(), "text/plain": str(self)}

    def to_html(self) -> str:
        """The report as HTML that follows the notebook's theme; everything in it is escaped."""
        colour = _COLOURS[self.status]
        parts = [
            f'<div style="border-left:4px solid {colour};padding:6px 14px;margin:4px 0;'
            'max-width:54em;line-height:1.5">',
            f'<div><b style="color:{colour}">{_MARKS[self._mark]} {html.escape(self.headline)}</b>'
            f' <span style="opacity:.7">· {html.escape(self.title)}</span></div>',
        ]
        if self.criteria:
            items = "".join(
                f"<div>{_MARKS[c.met]} {_code(c.name)}"
                f'<span style="opacity:.7">{html.escape(_trials(c))}</span></div>'
                for c in self.criteria
            )
            parts.append(f'<div style="margin:4px 0">{items}</div>')
        if self.message:
            body = "<br>".join(_code(line) for line in self.message.splitlines())
            parts.append(f'<div style="margin:6px 0">{body}</div>')
        if self.example:
            parts.append(_example_html(self.example))
        if self.printed and not self.passed:
            shown = html.escape("\n".join(self.printed.splitlines()[:8]))
            parts.append(f'<div style="opacity:.7">It printed:</div><pre>{shown}</pre>')
        if self.status in ("partial", "failed"):
            call = html.escape(f'hint("{self.exercise}")')
            parts.append(f'<div style="opacity:.8">For a hint: <code>{call}</code></div>')
        parts.append("</div>")
        return "".join(parts)

    @property
    def _mark(self) -> bool | None:
        return {"passed": True, "failed": False, "unusable": False}.get(self.status)


def _trials(criterion: CriterionResult) -> str:
    if criterion.met is None:
        return " (not judged until the one above holds)"
    if criterion.met and criterion.trials > 1:
        return f" ({criterion.trials} inputs tried)"
    return ""


def _indent(text: str) -> str:
    return text.replace("\n", "\n            ")


def _code(text: str) -> str:
    """Escape text and set what stands between backticks as code."""
    pieces = html.escape(text).split("`")
    if len(pieces) % 2 == 0:  # an unpaired backtick is only a character
        return html.escape(text)
    return "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(pieces))


def _example_html(example: Example) -> str:
    rows = [*example.inputs, ("required", example.required), ("came", example.came)]
    cells = "".join(
        '<tr style="background:none"><td style="text-align:right;vertical-align:top;'
        f'padding:1px 10px 1px 0;opacity:.7">{html.escape(name)}</td>'
        '<td style="text-align:left;padding:1px 0"><code style="white-space:pre-wrap">'
        f"{html.escape(text)}</code></td></tr>"
        for name, text in rows
    )
    return (
        '<div style="opacity:.7">For example</div>'
        f'<table style="margin:0;border:none">{cells}</table>'
    )
