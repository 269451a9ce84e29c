"""What grading one submission gives: plain data that the writer, the log and the reports read."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

NotebookStatus = Literal["graded", "missing", "unreadable", "lost"]
CellKind = Literal["exercise", "test", "manual", "task"]


@dataclass
class CellResult:
    """What one graded cell earned.

    Attributes:
        id: its grade id.
        kind: an exercise judged outside, a test that ran beside the answer, or a person's work.
        score: its points; None where a person gives them.
        most: the most it earns.
        exercise: the exercise's id.
        report: the judge's `Report.as_dict()`.
        note: why it earned nothing, in words, where no report says it.
        seconds: wall time from the graded cell before it, if anything ran.
        judged: of a test that is no exercise, whether what counts is what it gave beside the answer
            ("inside") or what the referee saw ("outside"); "" for all else.
        beside: what it gave beside the answer, where the referee saw less.
    """

    id: str
    kind: CellKind
    score: float | None
    most: float
    exercise: str = ""
    report: dict[str, Any] | None = None
    note: str = ""
    seconds: float = 0.0
    judged: Literal["", "inside", "outside"] = ""
    beside: float | None = None


@dataclass
class NotebookResult:
    """What one notebook of a submission earned, and how it ran.

    Attributes:
        name: its name.
        status: graded; missing from the submission; unreadable; or lost (the kernel died on the
            way: what had been judged until then counts, the rest earns nothing).
        cells: each graded cell.
        comments: for each answer's cell, nbgrader's automatic comment or None.
        executed: the rebuilt notebook with its outputs, as JSON data; None if nothing ran.
        faults: what went wrong.
        remarks: what was put right.
        seed: what the exercises' inputs were drawn from.
        about: how the session ran; see `grader.classroom.session.Session`.
        seconds: wall time.
    """

    name: str
    status: NotebookStatus = "graded"
    cells: list[CellResult] = field(default_factory=list)
    comments: dict[str, str | None] = field(default_factory=dict)
    executed: dict[str, Any] | None = None
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    seed: int = 0
    about: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass
class Result:
    """What one submission earned.

    Attributes:
        student: who.
        assignment: of what.
        notebooks: each notebook of the assignment.
        remarks: what was left aside in the submission's folder.
        fault: why the submission could not be graded at all; "" if it could.
        versions: of what graded it.
        timestamp: when it was submitted, as its `timestamp.txt` says.
        started: seconds since the epoch.
        seconds: wall time.
    """

    student: str
    assignment: str
    notebooks: list[NotebookResult] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    fault: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    timestamp: str = ""
    started: float = field(default_factory=time.time)
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Result:
        """Read what `as_dict` wrote."""
        notebooks = [
            NotebookResult(**{**n, "cells": [CellResult(**c) for c in n["cells"]]})
            for n in data["notebooks"]
        ]
        return cls(**{**data, "notebooks": notebooks})

    def record(self) -> dict[str, Any]:
        """Everything but the executed notebooks, which lie in `autograded/`."""
        light = [replace(notebook, executed=None) for notebook in self.notebooks]
        return replace(self, notebooks=light).as_dict()

    @property
    def score(self) -> float:
        """All points so far, without those that a person gives."""
        return sum(c.score or 0.0 for n in self.notebooks for c in n.cells)

    @property
    def most(self) -> float:
        """The most that it can earn."""
        return sum(c.most for n in self.notebooks for c in n.cells)

    @property
    def faults(self) -> list[str]:
        """All that went wrong, each with its notebook."""
        own = [self.fault] if self.fault else []
        return own + [f"{n.name}: {fault}" for n in self.notebooks for fault in n.faults]

    @property
    def disputed(self) -> bool:
        """Whether a test gave points beside the answer that it does not give from outside."""
        return any(c.beside is not None for n in self.notebooks for c in n.cells)

    @property
    def was_graded(self) -> bool:
        """Whether every notebook that was handed in could be read and run."""
        return not self.fault and all(n.status in ("graded", "missing") for n in self.notebooks)
