"""The page of all measurements, made from the results that are kept: docs/benchmarks.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
_OPENING = """# Measurements

`make bench` measures everything anew, one name (`python -m benchmarks engines`) a part of it, and
writes this page from what it keeps in `benchmarks/results/`. The machines are shared and noisy, so
compare ratios, which are taken side by side in one run, rather than times.
"""


def page(results: Path) -> str:
    """All results as Markdown, in the order of their names."""
    parts = [_OPENING]
    for path in sorted(results.glob("*.json")):
        parts.append(_section(json.loads(path.read_text(encoding="utf-8")), path.stem))
    return "\n".join(parts)


def _section(outcome: dict[str, Any], name: str) -> str:
    lines = [f"## {outcome['title']}", ""]
    for rows in (outcome["rows"], outcome.get("products")):  # a benchmark may have a second table
        lines += [*_table(rows), ""] if rows else []
    verdict = outcome["verdict"].splitlines()[0]
    command = outcome.get("command", f"python -m benchmarks {name}")
    about = outcome["machine"] | outcome.get("versions", {})
    measured_on = ", ".join(f"{key} {value}" for key, value in about.items())
    lines += [f"{verdict}. `{command}`: {measured_on}.", ""]
    return "\n".join(lines)


def _table(rows: list[dict[str, Any]]) -> list[str]:
    headings = list(rows[0])
    cells = [_row([row.get(heading, "") for heading in headings]) for row in rows]
    return [_row(headings), _row(["---"] * len(headings)), *cells]


def _row(cells: list[Any]) -> str:
    return f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |"
