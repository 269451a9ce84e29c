"""The table of attacks in `docs/grading.md`: what nbgrader was seen to do, and what we do."""

import json
import re
from pathlib import Path
from typing import Any

from attack_table import BREAK, FORGE, PLAIN_ASSERTS, STEAL, Attack
from on_nbgrader import FOUND, NOT_TRIED

PAGE = Path(__file__).parents[2] / "docs" / "grading.md"
BEGIN, END = "<!-- attacks: begin -->\n", "<!-- attacks: end -->\n"
GROUPS = {
    "Forge a score": FORGE,
    "Break the run": BREAK,
    "Steal or change": STEAL,
    "Lie to a plain assert": PLAIN_ASSERTS,
}


def found() -> dict[str, dict[str, Any]]:
    """What came of each attack on nbgrader; see `on_nbgrader.py`."""
    return json.loads(FOUND.read_text())


def table() -> str:
    """The whole table, in Markdown."""
    lines = ["| submission | `nbgrader autograde` | `course grade` |", "| --- | --- | --- |"]
    seen = found()
    for title, attacks in GROUPS.items():
        lines.append(f"| **{title}** | | |")
        for attack in attacks:
            said = theirs(attack, seen.get(attack.name))
            lines.append(f"| {attack.name} | {said} | {ours(attack)} |")
    return "\n".join(lines) + "\n"


def theirs(attack: Attack, fate: dict[str, Any] | None) -> str:
    """What nbgrader did, in a few words."""
    if attack.name in NOT_TRIED:
        return "not tried: it sets no limit"
    assert fate is not None, f"run on_nbgrader.py for {attack.name!r}"
    parts = []
    if fate["status"] is None:
        parts.append("**never ends**")
    elif not fate["finished"]:
        parts.append("**the run ends there**")
    elif None in fate["points"].values() or not fate["points"]:
        parts.append("no score, reported" if fate["status"] else "no score")
    else:
        parts.append(_points(attack, fate["points"]))
    if not fate["neighbour"]:
        parts.append("the next student is not graded")
    if fate["left"]:
        parts.append("its process lives on")
    return "; ".join(parts)


def _points(attack: Attack, points: dict[str, float]) -> str:
    forged = sum(points.values()) - sum(attack.earns.values())
    if forged > 0:
        return f"**{forged:g} of 7 points forged**"
    return _earned(sum(points.values()))


def _earned(points: float) -> str:
    return f"{points:g} for what is right" if points else "0 points"


def ours(attack: Attack) -> str:
    """What `course grade` does; `test_attacks.py` holds it to that."""
    said = _earned(sum(attack.earns.values()))
    return said if attack.outcome == "graded" else f"{said}, reported as {attack.outcome}"


def in_page() -> str:
    """The table as the page has it."""
    _, _, rest = PAGE.read_text().partition(BEGIN)
    return rest.partition(END)[0]


def update() -> None:
    """Write the table into the page."""
    text = re.sub(
        f"(?s)(?<={re.escape(BEGIN)}).*(?={re.escape(END)})",
        lambda match: table(),
        PAGE.read_text(),
    )
    PAGE.write_text(text)
