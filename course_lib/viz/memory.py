"""Figures of memory: which thread reads and writes which cell, and when."""

import re
from collections.abc import Sequence
from typing import TypeAlias

from matplotlib.axes import Axes

from course_lib.viz.drawing import add_legend
from course_lib.viz.figure import COLOURS, INK, CourseFigure, course_style, say

# phase, thread, cell, "read" or "write" or "atomic", whether it clashes, line of the source
Access: TypeAlias = tuple[int, str, str, str, bool, int]

MOST = 64  # threads, or cells, that a figure has room for
MOST_PHASES = 8
# Shapes tell the kinds apart, and colours again. A read is a ring: one around a write shows too.
_MARKS = {
    "read": ("o", "none", COLOURS[1], 11.0, "r"),
    "write": ("s", COLOURS[4], INK, 6.0, "W"),
    "atomic": ("D", COLOURS[2], INK, 6.0, "A"),
}


def thread_accesses(
    accesses: Sequence[Access],
    *,
    title: str,
    array: str = "memory",
    names: Sequence[str] = (),
    alt: str = "",
) -> CourseFigure:
    """Threads against the cells they touch, a panel for each phase between barriers.

    accesses are (phase, thread, cell, kind, clash, line), as `Run.events` of `course_lib.kernels`
    gives them. A ring is a read, a square a write, a diamond an atomic update; the column of a
    cell over which threads clash is hatched and marked "clash". names say what happens in each
    phase, such as "load" and "add".

    Raises:
        ValueError: there is no access, a kind is unknown, or there are more than 64 threads or
            cells, or 8 phases, to draw.
    """
    threads, cells, phases = ordered(accesses)
    size = (min(11.0, 1.6 + len(phases) * (0.5 + 0.27 * len(cells))), 1.7 + 0.27 * len(threads))
    words = f"Which of {len(threads)} threads read and write which cells of {array}, "
    words += f"in {len(phases)} phase{'s' * (len(phases) != 1)}; {_clash_words(accesses)}."
    with course_style():
        figure = CourseFigure(title=title, alt=alt or words, size=(max(4.6, size[0]), size[1]))
        panels = figure.subplots(1, len(phases), sharey=True, squeeze=False)[0]
        for k, (ax, phase) in enumerate(zip(panels, phases, strict=True)):
            heading = f"phase {phase}" + (f": {names[k]}" if k < len(names) else "")
            ax.set_title(heading, loc="left", pad=34 if any(a[4] for a in accesses) else 6)
            _draw_phase(ax, [a for a in accesses if a[0] == phase], threads, cells)
            ax.set_xlabel(f"cell of {array}")
        panels[0].set_ylabel("thread")
        panels[0].invert_yaxis()
        add_legend(figure, *panels)
    return figure


def thread_accesses_text(accesses: Sequence[Access], *, array: str = "memory") -> str:
    """The same as text: r reads, W writes, A updates atomically, ! clashes.

    Raises:
        ValueError: as `thread_accesses`.
    """
    threads, cells, phases = ordered(accesses)
    wide = max(4, *(len(cell) + 1 for cell in cells))
    label = max(len("thread"), *map(len, threads))
    lines = [f"{array}: r read, W write, A atomic, ! clash"]
    for phase in phases:
        lines.append(f"phase {phase}")
        lines.append("thread".rjust(label) + "".join(cell.rjust(wide) for cell in cells))
        for thread in threads:
            row = ""
            for cell in cells:
                here = [a for a in accesses if a[:3] == (phase, thread, cell)]
                marks = "".join(dict.fromkeys(_MARKS[a[3]][4] for a in here))
                row += (marks + "!" * any(a[4] for a in here) or ".").rjust(wide)
            lines.append(thread.rjust(label) + row)
    return "\n".join(lines)


def ordered(accesses: Sequence[Access], most: int = MOST) -> tuple[list[str], list[str], list[int]]:
    """The threads, cells and phases that occur, in order; at most so many threads, and cells.

    Raises:
        ValueError: as `thread_accesses`.
    """
    threads = sorted({access[1] for access in accesses}, key=_thread_order)
    cells = sorted({access[2] for access in accesses}, key=_numbers)
    phases = sorted({access[0] for access in accesses})
    if not (1 <= len(threads) <= most and 1 <= len(cells) <= most and len(phases) <= MOST_PHASES):
        raise ValueError(
            f"there must be 1 to {most} threads and cells and at most {MOST_PHASES} phases to "
            f"draw, got {len(threads)} threads, {len(cells)} cells and {len(phases)} phases"
        )
    strangers = {access[3] for access in accesses} - set(_MARKS)
    if strangers:
        raise ValueError(f"kinds are {', '.join(_MARKS)}; got {', '.join(sorted(strangers))}")
    return threads, cells, phases


def _numbers(label: str) -> list[int]:
    """The numbers in a label, by which cells are sorted."""
    return [int(n) for n in re.findall(r"\d+", label)]


def _thread_order(label: str) -> list[list[int]]:
    """By block, then by thread; of (x, y), x counts fastest."""
    return [_numbers(part)[::-1] for part in label.split(".")]


def _clash_words(accesses: Sequence[Access]) -> str:
    """Say where threads clash."""
    clashing = sorted({(access[0], access[2]) for access in accesses if access[4]})
    if not clashing:
        return "no threads clash"
    phase, cell = clashing[0]
    more = f", and over {len(clashing) - 1} more" if len(clashing) > 1 else ""
    return f"threads clash over cell {cell} in phase {phase}{more}"


def _draw_phase(
    ax: Axes, accesses: Sequence[Access], threads: Sequence[str], cells: Sequence[str]
) -> None:
    """Draw the accesses of one phase."""
    clashing = sorted({access[2] for access in accesses if access[4]}, key=cells.index)
    for cell in clashing:
        k = cells.index(cell)
        span = ax.axvspan(
            k - 0.5, k + 0.5, facecolor="#fbe3d6", edgecolor="#efb99b", hatch="///", lw=0, zorder=0
        )
        who = {access[1] for access in accesses if access[4] and access[2] == cell}
        say(span, f"clash over cell {cell} of threads {', '.join(sorted(who, key=threads.index))}")
        ax.annotate(
            "clash", (k, -0.65), ha="center", va="bottom", fontsize=8, fontweight="bold",
            color=COLOURS[0], rotation=90 if len(clashing) > 1 else 0, annotation_clip=False,
        )  # fmt: skip
    for kind, (marker, face, edge, large, _) in _MARKS.items():
        places = [(cells.index(a[2]), threads.index(a[1])) for a in accesses if a[3] == kind]
        if places:
            across, down = zip(*places, strict=True)
            dots = ax.scatter(
                across, down, s=large**2, marker=marker, facecolors=face, edgecolors=edge,
                linewidths=1.5, label=kind, zorder=3 if kind == "read" else 2,
            )  # fmt: skip
            say(dots, kind)
    ax.set_xticks(range(len(cells)), cells)
    ax.set_yticks(range(len(threads)), threads)
    ax.tick_params(length=0, labelsize=8)
    if max(map(len, cells)) > 3:
        ax.tick_params(axis="x", rotation=90)
    ax.set_xlim(-0.6, len(cells) - 0.4)
    ax.set_ylim(-0.6, len(threads) - 0.4)
    ax.grid(color="#e6e6e6", lw=0.6)
    ax.set_axisbelow(True)
