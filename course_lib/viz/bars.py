"""Figures of lengths: things compared by one number, and what happens when."""

from collections.abc import Mapping, Sequence

import numpy as np

from course_lib.viz.figure import COLOURS, INK, CourseFigure, course_style, in_words, say

Span = tuple[float, float]


def bar_comparison(
    values: Mapping[str, float],
    *,
    title: str,
    xlabel: str,
    reference: float | None = None,
    reference_name: str = "reference",
    spreads: Mapping[str, Span] | None = None,
    emphasis: str | None = None,
    log: bool = False,
    alt: str = "",
) -> CourseFigure:
    """One bar a thing, from the top in the order given, its value at its end.

    reference draws a line to compare with, such as 1 for ratios; on a log axis bars start there.
    spreads gives (low, high) of the measurements by name. emphasis names the bar that the figure is
    about.

    Raises:
        ValueError: there is no bar, log is asked for and a value is not above 0, or a name is not
            among the bars.
    """
    spreads = spreads or {}
    if not values or (log and min(values.values()) <= 0):
        raise ValueError(f"values must be 1 or more, and > 0 on a log axis; got {dict(values)}")
    strangers = [
        name for name in (*spreads, *([emphasis] if emphasis else [])) if name not in values
    ]
    if strangers:
        raise ValueError(f"names must be among {in_words(values)}; got {in_words(strangers)}")
    words = f"Bar chart of {xlabel} for {in_words(values)}"
    words += f", with a line at the {reference_name}." if reference is not None else "."
    with course_style():
        figure = CourseFigure(title=title, alt=alt or words, size=(6.4, 0.44 * len(values) + 1.3))
        ax = figure.subplots()
        start = (reference or 1.0) if log else 0.0  # a log axis has no 0 to start from
        farthest = max(spreads.get(name, (0, value))[1] for name, value in values.items())
        for k, (name, value) in enumerate(values.items()):
            colour = COLOURS[1] if emphasis in (None, name) else "#9fb4c4"
            (bar,) = ax.barh(k, value - start, left=start, height=0.62, color=colour)
            say(bar, name)
            end = value
            if name in spreads:
                low, end = spreads[name]
                (whisker,) = ax.plot([low, end], [k, k], color=INK, lw=1.4, marker="|", ms=7)
                say(whisker, f"spread of {name}")
            ax.annotate(
                f"{value:.3g}", (max(end, value, start), k), xytext=(6, 0),
                textcoords="offset points", va="center", fontsize=9,
            )  # fmt: skip
        if reference is not None:
            line = ax.axvline(reference, color=INK, ls="--", lw=1.4)
            say(line, reference_name)
            ax.annotate(
                reference_name, (reference, 1.0), xycoords=("data", "axes fraction"),
                xytext=(0, 3), textcoords="offset points", ha="center", fontsize=9,
            )  # fmt: skip
        ax.set_yticks(range(len(values)), list(values), parse_math=False)
        ax.set(xlabel=xlabel, xscale="log" if log else "linear")
        ax.set_xlim(right=max(farthest, start, reference or 0.0) * (2.5 if log else 1.12))
        if log:
            ax.set_xlim(left=min(start, *values.values()) / 1.5)
        ax.invert_yaxis()
        ax.tick_params(axis="y", length=0)
    return figure


def timeline(
    rows: Mapping[str, Sequence[Span]],
    *,
    title: str,
    xlabel: str = "time (ms)",
    alt: str = "",
) -> CourseFigure:
    """What happens when: a row a place, a block for each (start, end) in it.

    Raises:
        ValueError: a block ends before it starts.
    """
    for name, spans in rows.items():
        for start, end in spans:
            if end < start:
                raise ValueError(f"a block must end after its start, got {start, end} in {name!r}")
    words = f"Timeline with a row each for {in_words(rows)}, blocks along {xlabel}."
    with course_style():
        figure = CourseFigure(title=title, alt=alt or words, size=(6.8, 0.5 * len(rows) + 1.1))
        ax = figure.subplots()
        for k, (name, spans) in enumerate(rows.items()):
            lengths = [(start, end - start) for start, end in spans]
            blocks = ax.broken_barh(
                lengths, (k - 0.32, 0.64), fc=COLOURS[k % 8], ec="white", lw=0.8
            )
            say(blocks, name)
        ax.set_yticks(range(len(rows)), list(rows), parse_math=False)
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ends = np.array([end for spans in rows.values() for _, end in spans] or [1.0])
        starts = np.array([start for spans in rows.values() for start, _ in spans] or [0.0])
        ax.set(xlabel=xlabel, xlim=(min(0.0, float(starts.min())), float(ends.max()) * 1.02))
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="x", color="#dddddd", lw=0.8)
        ax.set_axisbelow(True)
    return figure
