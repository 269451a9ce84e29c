"""Figures of ideas that lie one inside the other."""

import textwrap
from collections.abc import Sequence

from matplotlib.patches import FancyBboxPatch

from course_lib.viz.figure import COLOURS, INK, CourseFigure, course_style, say

WIDTH = 6.8  # inches
STRIP = 0.78  # inches of each idea that stay in view above the next one
MOST_IDEAS = 5


def nested_ideas(
    names: Sequence[str], notes: Sequence[str], *, title: str, alt: str = ""
) -> CourseFigure:
    """One box inside the other, the widest idea first, each with a note of two lines at most.

    Raises:
        ValueError: there are fewer than two ideas or too many, or not one note each.
    """
    if not 2 <= len(names) <= MOST_IDEAS:
        raise ValueError(f"2 to {MOST_IDEAS} names are required, got {len(names)}")
    if len(notes) != len(names):
        raise ValueError(f"one note a name is required: {len(names)}, got {len(notes)}")
    words = f"Boxes one inside the other, from the outermost: {', then '.join(names)}."
    height = STRIP * len(names) + 0.25
    with course_style():
        figure = CourseFigure(title=title, alt=alt or words, size=(WIDTH, height + 0.55))
        ax = figure.subplots()
        ax.set(xlim=(0, WIDTH), ylim=(0, height))
        ax.set_axis_off()
        for k, (name, note) in enumerate(zip(names, notes, strict=True)):
            left, low, top = 0.05 + 0.22 * k, 0.05 + 0.09 * k, height - 0.05 - STRIP * k
            box = FancyBboxPatch(
                (left, low), WIDTH - 2 * left, top - low, boxstyle="round,pad=0,rounding_size=0.12",
                fc=(COLOURS[1], 0.10), ec=COLOURS[1], lw=1.4,
            )  # fmt: skip
            ax.add_patch(box)
            at = left + 0.16
            head = ax.text(at, top - 0.12, name, va="top", color=INK, fontweight="bold")
            lines = textwrap.fill(note, width=int((WIDTH - 2 * at) * 15))
            ax.text(at, top - 0.33, lines, va="top", color=INK, fontsize=9, linespacing=1.15)
            say(head, f"{name}: {note}" if not k else f"inside it, {name}: {note}")
    return figure
