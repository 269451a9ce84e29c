"""What a learner calls in a notebook: `check`, `hint`, `progress`, `borrow`."""

from __future__ import annotations

import contextlib
import html
import secrets
import sys
from typing import Any

from grader import registry
from grader.exercise import Exercise, chosen, letters
from grader.judge import judge
from grader.markup import ACCENT, block, card, head, html_with_code, muted, table
from grader.plain import type_name
from grader.probe import readable
from grader.prober import LocalProber
from grader.progress_store import ProgressStore, ProgressUnavailable, Standing, default_path
from grader.registry import UnknownExercise, find, lesson_of
from grader.report import Report

_stores: dict[object, ProgressStore] = {}
_unsaved = ProgressStore(None)  # remembers hints while the file cannot be used
_here: set[str] = set()  # the lessons of which something was checked or asked in this process


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

    A bad id or answer of any kind gives a report that says so; neither ever raises. Only the stop
    button's KeyboardInterrupt comes through.
    """
    try:
        exercise = find(id)
    except UnknownExercise as error:
        return _unknown(id, answer, str(error))
    if seed is None:
        seed = secrets.randbits(32)
    return judge(exercise, LocalProber(answer), seed)


def _unknown(id: object, answer: object, message: str) -> Report:
    if type(id) is not str:
        given = type_name(id)
        message = 'The id comes first, in quotes, then the answer: check("topic.name", answer)'
        if type(answer) is str:
            message = f"The id and the answer have changed places. {message}"
    else:
        given = readable(id[:80])
    return Report(given, "unknown exercise", 0, 0.0, "unusable", readable(message))


def check(id: str, answer: Any = None) -> Points:
    """Judge an answer on fresh inputs, show the report, remember the attempt.

    Returns the points earned; `.report` of them is the whole report.
    """
    if _is_borrowed(id, answer):
        report = _borrowed_report(find(id))
    else:
        report = evaluate(id, answer)
        report = _record(report, answer)
    _here.update(filter(None, [lesson_of(report.exercise)]))
    _show(report)
    return Points(report)


def _record(report: Report, answer: Any) -> Report:
    """Write the attempt to the progress file before anything of it is shown."""
    if report.status in ("unusable", "not started", "manual"):
        return report
    note = ""
    try:
        store = _store()
        exercise = find(report.exercise)
        if exercise.kind == "choice":
            letter = chosen(answer)
            if type(letter) is not str or letter not in letters(exercise):
                return report  # no prediction yet, and nothing was revealed
            first = store.record_answer(exercise.id, letter)
            if first != letter:
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
    _here.add(exercise.lesson)
    unsaved = ""
    try:
        _store().reveal_hint(exercise)
    except ProgressUnavailable as error:
        _unsaved.reveal_hint(exercise)
        unsaved = f"({error})"
    revealed = _revealed(exercise)
    title = f"{exercise.id} · hint {revealed} of {len(exercise.hints)}"
    hints = list(exercise.hints[:revealed])
    after = ""
    if revealed == len(exercise.hints) and exercise.is_callable:
        after = (
            "Still stuck? Carry on with the course's own: "
            f'{exercise.answer_name} = borrow("{exercise.id}")'
        )
    after = "\n".join(filter(None, [after, unsaved]))
    text = "\n".join([title, *(f"  {i}. {h}" for i, h in enumerate(hints, 1)), after]).rstrip()
    return Shown(text, _hint_html(exercise, hints, after))


def _hint_html(exercise: Exercise, hints: list[str], after: str) -> str:
    items = "".join(f"<li>{html_with_code(h)}</li>" for h in hints)
    return card(
        ACCENT,
        head("Hint", exercise.title, f"hint {len(hints)} of {len(exercise.hints)}"),
        block(f'<ol style="margin:0;padding-left:24px">{items}</ol>'),
        block(muted(after)) if after else "",
    )


def _revealed(exercise: Exercise) -> int:
    """How many hints the learner has seen, also while the file can be read only, or not at all."""
    used = _unsaved.hints_used(exercise.id)
    with contextlib.suppress(ProgressUnavailable):
        used += _store().hints_used(exercise.id)
    return min(used, len(exercise.hints))


def borrow(id: str) -> Any:
    """The course's own answer to an exercise, so that nobody is stuck for good.

    It can be had once all hints are revealed (or where progress is not recorded: a grader that
    replays a notebook knows of no hints). It works in later cells, and earns no points.

    Raises:
        LookupError: there is no such exercise, hints are left, or it is nothing to call.
    """
    exercise = find(id)
    if not exercise.is_callable:
        raise LookupError(
            f"{exercise.id} is a {exercise.kind}: there is no function or class to borrow"
        )
    left = len(exercise.hints) - _revealed(exercise)
    if left > 0 and default_path() is not None:  # where nothing is recorded, graders replay work
        some = "1 hint is" if left == 1 else f"{left} hints are"
        raise LookupError(f'{some} left: try hint("{exercise.id}") first')
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
        status="borrowed",
        message=(
            f"This `{exercise.answer_name}` is the course's own: carry on with it. "
            "It earns no points; come back and write yours when you like."
        ),
    )


def progress() -> Shown:
    """Show the lessons that were begun: points, attempts, hints used.

    A lesson that is finished takes one line, unless it is this notebook's. `course progress` in a
    terminal shows all lessons.
    """
    try:
        begun = {lesson_of(id) for id in _store().touched()} | _here
        shown = [lesson for lesson in registry.lessons() if lesson in begun]
        described = {id: e for lesson in shown for id, e in registry.exercises_of(lesson).items()}
        standings = _store().standings(described)
    except ProgressUnavailable as error:
        return _plain_note(str(error))
    if not standings:
        return _plain_note("No exercise has been checked yet.")
    return Shown(progress_text(standings), _progress_html(standings))


def progress_text(standings: list[Standing]) -> str:
    """The learner's progress as a text table."""
    lines = []
    for lesson, rows in by_lesson(standings).items():
        earned, total = _sums(rows)
        lines.append(f"{lesson}: {earned:g} of {total:g} points")
        if not _folded(lesson, rows):
            lines += [f"  {_mark(s)} {s.title:<34} {_points(s):>9}  {_effort(s)}" for s in rows]
    return "\n".join(lines)


def _folded(lesson: str, rows: list[Standing]) -> bool:
    return lesson not in _here and all(s.done or s.by_hand for s in rows)


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
    header = ["", "Exercise", "Points", "Attempts", "Hints"]
    cards = []
    for lesson, rows in by_lesson(standings).items():
        earned, total = _sums(rows)
        share = earned / total if total else 0.0
        bar = f'<progress value="{share:.3f}" max="1" style="width:100%"></progress>'
        parts = [head("Progress", lesson, f"{earned:g} of {total:g} points")]
        if not _folded(lesson, rows):
            parts += [block(bar), table([_cells(s) for s in rows], header, numbers=2)]
        cards.append(card(ACCENT, *parts))
    return "".join(cards)


def _cells(standing: Standing) -> list[str]:
    title = html.escape(standing.title)
    if standing.by_hand:
        return [_mark(standing), title, muted(_points(standing)), "", ""]
    hints = f"{standing.hints_used} of {standing.hints}"
    return [_mark(standing), title, _points(standing), str(standing.attempts), hints]


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
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        print(str(report).encode(encoding, "replace").decode(encoding))  # it may lack ✓ and ✗
