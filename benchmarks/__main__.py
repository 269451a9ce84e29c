"""Runs the benchmarks, prints their tables and keeps them in `benchmarks/results/`."""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.page import PAGE, page

NAMES = ("checks", "engines", "grading", "growth", "kernels", "language_model")
RESULTS = Path(__file__).parent / "results"


def main(names: list[str]) -> int:
    """Run the named benchmarks, all by default; exit status 1 if one misses its mark."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"benchmarks: no {unknown[0]!r}; there are: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    outcomes = []
    for name in names or NAMES:
        outcome = importlib.import_module(f"benchmarks.{name}").measure()
        outcome["machine"] = machine()
        show(outcome)
        RESULTS.mkdir(exist_ok=True)
        text = json.dumps(outcome, indent=1) + "\n"
        (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")
        outcomes.append(outcome)
        PAGE.write_text(page(RESULTS), encoding="utf-8")
    return 0 if all(outcome["reached"] for outcome in outcomes) else 1


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def show(outcome: dict[str, Any]) -> None:
    """Print a benchmark's table and verdict."""
    table = Table(title=outcome["title"], title_justify="left", box=box.SIMPLE)
    first, *others = outcome["rows"][0]
    table.add_column(first, no_wrap=True)
    for heading in others:
        table.add_column(heading, justify="right")
    for row in outcome["rows"]:
        table.add_row(*map(str, row.values()))
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)  # in a file a narrow table could not be read
    console.print(table)
    console.print(outcome["verdict"])
    about = outcome["machine"] | outcome.get("versions", {})
    console.print(", ".join(f"{key} {value}" for key, value in about.items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
