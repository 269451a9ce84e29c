"""Exercise: which of six machines is AI only, which learns, and which learns its features too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from grader.compare import describe
from grader.exercise import Holds, Misconception, Trial, result

# What each machine is, by the innermost circle it lies in.
RIGHT = {"nim": "AI", "route": "AI", "spam": "ML", "loan": "ML", "photo": "DL", "speech": "DL"}
_SPELLINGS = {
    "ai": "AI",
    "artificial intelligence": "AI",
    "ml": "ML",
    "machine learning": "ML",
    "dl": "DL",
    "deep learning": "DL",
}
_FIXED, _HAND_MADE, _LEARNED = ("nim", "route"), ("spam", "loan"), ("photo", "speech")


def _circles(kinds: Any) -> dict[str, str]:
    """The circles as AI, ML or DL; whatever else stands there becomes an empty text."""
    return {
        name: _SPELLINGS.get(kinds[name].strip().lower(), "")
        if isinstance(kinds[name], str)
        else ""
        for name in RIGHT
    }


def _form(kinds: Any) -> str | None:
    if not isinstance(kinds, dict) or set(kinds) != set(RIGHT):
        names = ", ".join(f'"{name}"' for name in RIGHT)
        return f"a dict with the keys {names} was required, {describe(kinds)} came"
    for name, circle in _circles(kinds).items():
        if not circle:
            return f'"{name}" needs "AI", "ML" or "DL"; {describe(kinds[name])} came'
    return None


def _learning_apart(kinds: Any) -> str | None:
    form = _form(kinds)
    if form:
        return form
    for name, circle in _circles(kinds).items():
        if (circle == "AI") != (name in _FIXED):
            asks = "does it change when it sees more examples? If so, it learns"
            return f'"{name}" is in the wrong circle. Ask of it: {asks}'
    return None


def _features_apart(kinds: Any) -> str | None:
    circles = _circles(kinds)
    for name in (*_HAND_MADE, *_LEARNED):
        if circles[name] != RIGHT[name]:
            asks = "did a person choose the numbers that it looks at"
            return f'"{name}" is in the wrong circle. Ask of it: {asks}?'
    return None


def _when(test: Callable[[dict[str, str]], bool]) -> Callable[[Sequence[Trial]], bool]:
    """Whether every machine has a circle, and the test holds of them."""

    def matches(trials: Sequence[Trial]) -> bool:
        given = [trial.observed.result for trial in trials]
        return not any(map(_form, given)) and all(test(_circles(kinds)) for kinds in given)

    return matches


def _all(names: Sequence[str], circle: str) -> Callable[[dict[str, str]], bool]:
    return lambda circles: all(circles[name] == circle for name in names)


def _with(**changes: str) -> dict[str, str]:
    return {**RIGHT, **changes}


KINDS = result(
    "why_deep_learning.kinds",
    lesson="00_why_deep_learning",
    title="Six machines, three circles",
    points=2,
    answer="kinds",
    reference=RIGHT,
    criteria=[
        Holds("tells what learns from what does not", test=_learning_apart, essential=True),
        Holds("tells chosen features from learned ones", test=_features_apart),
    ],
    misconceptions=[
        Misconception(
            "everything_is_ai",
            dict.fromkeys(RIGHT, "AI"),
            "True, all six are AI. But the innermost circle is asked for: four of them learn from "
            "examples.",
            when=_when(_all(tuple(RIGHT), "AI")),
        ),
        Misconception(
            "everything_is_deep",
            dict.fromkeys(RIGHT, "DL"),
            "Not everything clever is deep. Two of these never change, whatever they see; and two "
            "learn only how much to make of features that a person chose.",
            when=_when(_all(tuple(RIGHT), "DL")),
        ),
        Misconception(
            "search_is_learning",
            _with(nim="ML", route="ML"),
            "A search works something out afresh each time, and is no better the next time. "
            "Learning means that examples change it; `nim` and `route` see none.",
            when=_when(lambda c: c["nim"] != "AI" or c["route"] != "AI"),
        ),
        Misconception(
            "tree_is_a_rule",
            _with(loan="AI"),
            "A decision tree reads like rules that somebody wrote. But the questions in this one "
            "were picked by a program, from past loans: it learned them.",
            when=_when(lambda c: c["loan"] == "AI" and c["spam"] == "ML"),
        ),
        Misconception(
            "chosen_words_are_a_rule",
            _with(spam="AI"),
            "The words were chosen by people, but how much each counts was found from labelled "
            "mails. That part is learned.",
            when=_when(lambda c: c["spam"] == "AI" and c["loan"] == "ML"),
        ),
        Misconception(
            "chosen_and_learned_swapped",
            _with(spam="DL", loan="DL", photo="ML", speech="ML"),
            "The two are swapped. Where a person chose the features it is ML and no more; where "
            "raw pixels or sound go in, and the features are learned too, it is DL.",
            when=_when(lambda c: _all(_HAND_MADE, "DL")(c) and _all(_LEARNED, "ML")(c)),
        ),
        Misconception(
            "learned_weights_are_deep",
            _with(spam="DL", loan="DL"),
            "Learned weights alone do not make it deep. In `spam` and `loan` people chose what the "
            "machine looks at; deep learning finds that out as well.",
            when=_when(
                lambda c: (
                    _all(_LEARNED, "DL")(c)
                    and _all(_FIXED, "AI")(c)
                    and "DL" in (c["spam"], c["loan"])
                )
            ),
        ),
        Misconception(
            "deep_is_only_ml",
            _with(photo="ML", speech="ML"),
            "It is true that it learns, but there is a circle further in: raw pixels or raw "
            "sound go in, and nobody chose features.",
            when=_when(
                lambda c: (
                    _all(_HAND_MADE, "ML")(c)
                    and _all(_FIXED, "AI")(c)
                    and "ML" in (c["photo"], c["speech"])
                )
            ),
        ),
    ],
    alternatives=[
        {name: circle.lower() for name, circle in RIGHT.items()},
        {
            name: {"AI": "Artificial intelligence", "ML": "machine learning", "DL": " DL "}[circle]
            for name, circle in reversed(RIGHT.items())
        },
    ],
    hints=[
        "Two questions part them. Does it learn from examples? And if so, who chose its features?",
        "No examples: AI. Examples, and features that a person chose: ML. Raw input only: DL.",
        "There are two of each.",
    ],
)
