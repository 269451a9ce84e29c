"""What a graded class got right and what it misunderstood, counted from the grade records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import mean, median
from typing import Any

from grader import registry

Record = dict[str, Any]


@dataclass
class CellInsight:
    """How a class did in one graded cell.

    Attributes:
        name: the exercise's title, or the cell's grade id.
        id: the exercise's id, or the cell's grade id.
        most: the points there are.
        scores: what each student who has a score got.
        waiting: how many wait for a person.
        misconceptions: how many had each, by its id.
        statuses: how many reports had each status.
        seconds: how long each student's took to run and judge, where that is known.
    """

    name: str
    id: str
    most: float
    scores: list[float] = field(default_factory=list)
    waiting: int = 0
    misconceptions: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    @property
    def solved(self) -> int:
        """How many got all points."""
        return sum(score >= self.most for score in self.scores)

    @property
    def mean_share(self) -> float:
        """The mean share of the points, 0 where nobody has a score."""
        return mean(self.scores) / self.most if self.scores and self.most else 0.0

    def says(self, misconception: str) -> str:
        """What the learner with this misconception is told."""
        try:
            known = registry.find(self.id).misconceptions
        except registry.UnknownExercise:
            return ""
        return next((m.says for m in known if m.id == misconception), "")


@dataclass
class ClassInsight:
    """How a class did in an assignment.

    Attributes:
        assignment: its name.
        students: each student's points, faults and seconds.
        most: the points there are.
        cells: each graded cell, in the order of the notebooks.
    """

    assignment: str
    students: list[tuple[str, float, list[str], float]] = field(default_factory=list)
    most: float = 0.0
    cells: list[CellInsight] = field(default_factory=list)

    @property
    def scores(self) -> list[float]:
        """Each student's points."""
        return [score for _, score, _, _ in self.students]

    @property
    def summary(self) -> str:
        """The class in one sentence."""
        if not self.scores:
            return "Nobody has been graded yet."
        return (
            f"{len(self.scores)} submissions; mean {mean(self.scores):.1f}, median "
            f"{median(self.scores):.1f} of {self.most:g} points."
        )

    def distribution(self, bins: int = 10) -> list[tuple[str, int]]:
        """How many students have which share of the points, from least to most."""
        counts = [0] * bins
        for score in self.scores:
            share = score / self.most if self.most else 0.0
            counts[min(bins - 1, int(share * bins))] += 1
        width = 100 // bins
        return [(f"{i * width} to {(i + 1) * width} %", n) for i, n in enumerate(counts)]

    def misconceptions(self) -> list[tuple[CellInsight, str, int]]:
        """Each misconception with how many had it, the most frequent first."""
        found = [(c, name, n) for c in self.cells for name, n in c.misconceptions.items()]
        return sorted(found, key=lambda item: -item[2])


def look(assignment: str, records: Iterable[Record]) -> ClassInsight:
    """Count what the records of an assignment say."""
    insight = ClassInsight(assignment)
    cells: dict[tuple[str, str], CellInsight] = {}
    for record in records:
        score = most = 0.0
        faults = [record["fault"]] if record.get("fault") else []
        for notebook in record["notebooks"]:
            faults += [f"{notebook['name']}: {fault}" for fault in notebook["faults"]]
            for cell in notebook["cells"]:
                key = notebook["name"], cell["id"]
                _count(cells.setdefault(key, _fresh(cell)), cell)
                score += cell["score"] or 0.0
                most += cell["most"]
        insight.most = max(insight.most, most)
        insight.students.append((record["student"], score, faults, record["seconds"]))
    insight.cells = list(cells.values())
    return insight


def _fresh(cell: Record) -> CellInsight:
    try:
        title = registry.find(cell["exercise"]).title if cell["exercise"] else cell["id"]
    except registry.UnknownExercise:
        title = cell["id"]
    return CellInsight(title, cell["exercise"] or cell["id"], cell["most"])


def _count(insight: CellInsight, cell: Record) -> None:
    if cell["score"] is None:
        insight.waiting += 1
    else:
        insight.scores.append(cell["score"])
    if seconds := cell.get("seconds"):  # a record of before there were any has none
        insight.seconds.append(seconds)
    report = cell["report"]
    if report:
        insight.statuses[report["status"]] += 1
        if report["misconception"]:
            insight.misconceptions[report["misconception"]] += 1
