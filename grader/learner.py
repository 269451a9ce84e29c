"""What a learner calls in a notebook: `check`, `hint`, `progress`, `borrow`."""

from __future__ import annotations

import html
import secrets
import sys
from typing import Any

from grader.exercise import Exercise
from grader.judge import judge
from grader.prober import LocalProber
from grader.progress import ProgressStore, ProgressUnavailable, Standing, default_path
from grader.registry import UnknownExercise, exercises, find
from grader.report import Report

_stores: dict[object, ProgressStore] = {}


class Points(float):
    """The points a check earned: a number, as nbgrader's partial credit wants it.

    Attributes:
        report: the whole `Report` behind it.
    """

    report: Report

    def __new__(cls, report: Report) -> Points:
        """Make it from a report."""
        points = super().__new__(cls, report.points)
        points.report = report
        return points

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        shown = f'<span style="opacity:.7">{self:g} / {self.report.max_points:g} points</span>'
        return {"text/html": shown, "text/plain": repr(float(self))}


class Shown:
    """Something to look at: HTML in a notebook, text elsewhere."""

    def __init__(self, text: str, markup: str) -> None:
        self.text, self.markup = text, markup

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        return {"text/html": self.markup, "text/plain": self.text}


def evaluate(id: str, answer: Any, seed: int | None = None) -> Report:
    """Judge an answer and return the report, without showing or recording anything.

    Args:
        id: the exercise's id, such as "perceptron.update".
        answer: the function, class or value to judge.
        seed: draws the same inputs again; by default they are fresh.

    Bad input of any kind gives a report that says so; it never raises.
    """
    try:
        exercise = find(id)
    except UnknownExercise as error:
        message = str(error)
        if not isinstance(id, str):
            message = 'The id comes first, in quotes, then the answer: check("topic.name", answer)'
        return Report(str(id)[:80], "unknown exercise", 0, 0.0, "unusable", message)
    if seed is None:
        seed = secrets.randbits(32)
    return judge(exercise, LocalProber(answer), seed)


def check(id: str, answer: Any = None) -> Points:
    """Judge an answer on fresh inputs, show the report, remember the attempt.

    Returns the points earned; `.report` of them is the whole report.
    """
    if _is_borrowed(id, answer):
        report = _borrowed_report(find(id))
    else:
        report = evaluate(id, answer)
        report = _record(report, answer)
    _show(report)
    return Points(report)


def _record(report: Report, answer: Any) -> Report:
    """Write the attempt to the progress file before anything of it is shown."""
    if report.status in ("unusable", "not started", "manual"):
        return report
    note = ""
    try:
        store = _store()
        if find(report.exercise).kind == "choice":
            first = store.record_answer(report.exercise, str(answer))
            if first != str(answer):
                note = f"Your first answer was {first!r}."
        store.record_attempt(report)
    except ProgressUnavailable as error:
        note = f"({error})"
    if not note:
        return report
    return Report(**{**vars(report), "message": f"{report.message}\n{note}".strip()})


def hint(id: str) -> Shown:
    """Reveal one more hint of an exercise; those revealed before stay in view."""
    try:
        exercise = find(id)
    except UnknownExercise as error:
        return _plain_note(str(error))
    try:
        revealed = _store().reveal_hint(exercise)
    except ProgressUnavailable:
        revealed = len(exercise.hints)  # better all hints than none
    title = f"{exercise.id} · hint {revealed} of {len(exercise.hints)}"
    hints = list(exercise.hints[:revealed])
    after = ""
    if revealed == len(exercise.hints) and exercise.is_callable:
        after = (
            "Still stuck? Carry on with the course's own: "
            f'{exercise.answer_name} = borrow("{exercise.id}")'
        )
    text = "\n".join([title, *(f"  {i}. {h}" for i, h in enumerate(hints, 1)), after]).rstrip()
    items = "".join(f"<li>{_with_code(h)}</li>" for h in hints)
    markup = (
        '<div style="border-left:4px solid #4457a8;padding:6px 14px;max-width:54em">'
        f'<b>{html.escape(title)}</b><ol style="margin:4px 0">{items}</ol>'
        f'<div style="opacity:.8">{html.escape(after)}</div></div>'
    )
    return Shown(text, markup)


def borrow(id: str) -> Any:
    """The course's own answer to an exercise, so that nobody is stuck for good.

    It can be had once all hints are revealed. It works in later cells, and earns no points.

    Raises:
        LookupError: there is no such exercise, hints are left, or it is nothing to call.
    """
    exercise = find(id)
    try:
        left = len(exercise.hints) - _store().hints_used(id)
    except ProgressUnavailable:
        left = 0
    if left > 0:
        raise LookupError(f'{left} hints are left: try hint("{id}") first') from None
    if not exercise.is_callable:
        raise LookupError(f"{id} is a {exercise.kind}: there is no function or class to borrow")
    return exercise.reference


def _is_borrowed(id: object, answer: object) -> bool:
    try:
        exercise = find(id)
    except UnknownExercise:
        return False
    return exercise.is_callable and answer is exercise.reference


def _borrowed_report(exercise: Exercise) -> Report:
    return Report(
        exercise=exercise.id,
        title=exercise.title,
        max_points=exercise.points,
        score=0.0,
        status="unusable",
        message=(
            f"This `{exercise.answer_name}` is the course's own: carry on with it. "
            "It earns no points; come back and write yours when you like."
        ),
    )


def progress() -> Shown:
    """Show the exercises of each lesson: points, attempts, hints used."""
    try:
        standings = _store().standings(exercises())
    except ProgressUnavailable as error:
        return _plain_note(str(error))
    return Shown(progress_text(standings), _progress_html(standings))


def progress_text(standings: list[Standing]) -> str:
    """The learner's progress as a text table."""
    lines = []
    for lesson, rows in by_lesson(standings).items():
        earned, total = _sums(rows)
        lines.append(f"{lesson}: {earned:g} of {total:g} points")
        lines += [f"  {_mark(s)} {s.title:<34} {_points(s):>9}  {_effort(s)}" for s in rows]
    return "\n".join(lines)


def by_lesson(standings: list[Standing]) -> dict[str, list[Standing]]:
    """Group standings by lesson, in order."""
    grouped: dict[str, list[Standing]] = {}
    for standing in standings:
        grouped.setdefault(standing.lesson, []).append(standing)
    return grouped


def _sums(rows: list[Standing]) -> tuple[float, float]:
    judged = [s for s in rows if not s.by_hand]
    return sum(s.points for s in judged), sum(s.max_points for s in judged)


def _mark(standing: Standing) -> str:
    if standing.by_hand:
        return "✎"
    return "✓" if standing.done else ("◐" if standing.attempts else "·")


def _points(standing: Standing) -> str:
    if standing.by_hand:
        return "by hand"
    return f"{standing.points:g} / {standing.max_points:g}"


def _effort(standing: Standing) -> str:
    if standing.by_hand:
        return ""
    tries = f"{standing.attempts} attempt{'' if standing.attempts == 1 else 's'}"
    return f"{tries}, {standing.hints_used} of {standing.hints} hints"


def _progress_html(standings: list[Standing]) -> str:
    parts = []
    for lesson, rows in by_lesson(standings).items():
        earned, total = _sums(rows)
        share = earned / total if total else 0.0
        parts.append(
            f'<div style="margin-top:8px"><b>{html.escape(lesson)}</b> · {earned:g} of {total:g} '
            f'points <progress value="{share:.3f}" max="1"></progress></div>'
        )
        body = "".join(
            f"<tr><td>{_mark(s)}</td><td style='text-align:left'>{html.escape(s.title)}</td>"
            f"<td>{_points(s)}</td><td>{_effort(s)}</td></tr>"
            for s in rows
        )
        parts.append(f"<table>{body}</table>")
    return "".join(parts)


def _with_code(text: str) -> str:
    pieces = html.escape(text).split("`")
    return "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(pieces))


def _plain_note(text: str) -> Shown:
    return Shown(text, f"<div>{html.escape(text)}</div>")


def _store() -> ProgressStore:
    path = default_path()
    if path not in _stores:
        _stores[path] = ProgressStore(path)
    return _stores[path]


def _show(report: Report) -> None:
    """Display in a notebook, print elsewhere."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None and hasattr(shell, "kernel"):
        from IPython.display import display

        display(report)  # type: ignore[no-untyped-call]
    else:
        print(report)
