"""The report of a whole notebook: text, HTML, JSON."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from grader.report import Report

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:56em;margin:2em auto;padding:0 1em}"
    "pre,code{font-family:ui-monospace,monospace;font-size:.9em}"
    "progress{width:12em}section{margin:1em 0}"
)


@dataclass(frozen=True)
class NotebookReport:
    """The outcome of judging a notebook.

    Attributes:
        notebook: the file's name.
        lessons: the lessons whose exercises it holds.
        reports: one for each exercise of those lessons, also for those without a cell.
        notes: what else happened, such as cells that failed.
    """

    notebook: str
    lessons: tuple[str, ...]
    reports: tuple[Report, ...]
    notes: tuple[str, ...] = ()

    @property
    def judged(self) -> tuple[Report, ...]:
        """The exercises that earn their points here, and not from a person."""
        return tuple(r for r in self.reports if r.status != "manual")

    @property
    def points(self) -> float:
        """The points earned."""
        return round(sum(r.points for r in self.judged), 2)

    @property
    def max_points(self) -> float:
        """The most that could be earned here."""
        return sum(r.max_points for r in self.judged)

    @property
    def by_hand(self) -> float:
        """The points that a person gives."""
        return sum(r.max_points for r in self.reports if r.status == "manual")

    @property
    def complete(self) -> bool:
        """Whether every point that can be earned here is."""
        return all(r.passed for r in self.judged)

    @property
    def headline(self) -> str:
        """One line: the points."""
        by_hand = f", and {self.by_hand:g} given by a person" if self.by_hand else ""
        return f"{self.notebook}: {self.points:g} of {self.max_points:g} points{by_hand}"

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return {
            "notebook": self.notebook,
            "lessons": list(self.lessons),
            "points": self.points,
            "max_points": self.max_points,
            "by_hand": self.by_hand,
            "complete": self.complete,
            "notes": list(self.notes),
            "exercises": [r.as_dict() for r in self.reports],
        }

    def __str__(self) -> str:
        """The report as plain text."""
        parts = [self.headline, *map(str, self.reports)]
        if self.notes:
            parts.append("\n".join(["Also:", *(f"  {note}" for note in self.notes)]))
        return "\n\n".join(parts)

    def to_html(self) -> str:
        """A page that needs no other file; everything in it is escaped."""
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        share = self.points / self.max_points if self.max_points else 0.0
        return "".join(
            [
                '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
                '<meta name="viewport" content="width=device-width, initial-scale=1">',
                f"<title>{html.escape(self.headline)}</title><style>{_STYLE}</style></head><body>",
                f"<h1>{html.escape(self.notebook)}</h1><p>{html.escape(self.headline)} ",
                f'<progress value="{share:.3f}" max="1"></progress></p>',
                *(f"<section>{report.to_html()}</section>" for report in self.reports),
                f"<h2>Also</h2><ul>{notes}</ul>" if notes else "",
                "</body></html>\n",
            ]
        )
