"""Figures of one phase of a kernel at a time: lines between the threads and the cells they touch.

Adds to `memory`: the same accesses as frames for a `stepper`.
"""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyBboxPatch

from course_lib.viz.figure import COLOURS, INK, MUTED, CourseFigure, course_style, in_words, say
from course_lib.viz.memory import Access, ordered

TOP, BOTTOM = 2.6, 0.0  # the rows of threads and of cells
LEAST = 8  # things that a row is wide enough for: its caption needs the room
MOST = 24  # threads, or cells, that one row has room for
_KINDS = {"read": (COLOURS[1], "--"), "write": (COLOURS[4], "-"), "atomic": (COLOURS[2], ":")}
_BUSY, _IDLE, _CLASH = "#d5e8f4", "white", "#fbe3d6"


def phase_frames(
    accesses: Sequence[Access],
    *,
    title: str,
    array: str = "memory",
) -> list[CourseFigure]:
    """One figure a phase, all of one size: threads above, cells below, a line an access.

    accesses are (phase, thread, cell, kind, clash, line), as `Run.events` of `course_lib.kernels`
    gives them. A dashed line is a read, a full one a write, a dotted one an atomic update; a cell
    over which threads clash is marked. Threads that touch nothing in a phase are drawn empty.

    Raises:
        ValueError: there is no access, a kind is unknown, or there are more than 24 threads or
            cells, or 8 phases.
    """
    threads, cells, phases = ordered(accesses, most=MOST)
    figures = []
    for phase in phases:
        here = [access for access in accesses if access[0] == phase]
        caption = _caption(phase, here, len(threads))
        words = f"Threads above, cells of {array} below, a line for each access. {caption}."
        with course_style():
            size = (0.55 * max(len(threads), len(cells), LEAST) + 1.5, 3.4)
            figure = CourseFigure(title=title, alt=words, size=size)
            ax = figure.subplots()
            ax.set_title(caption, loc="left", fontsize=9.5)
            _draw(ax, here, threads, cells, array)
        figures.append(figure)
    return figures


def _caption(phase: int, accesses: Sequence[Access], threads: int) -> str:
    """How many threads do what in a phase."""
    parts = []
    for kind, verb in (("read", "read"), ("write", "write"), ("atomic", "update")):
        count = len({access[1] for access in accesses if access[3] == kind})
        if count:
            parts.append(f"{count} thread{'s' * (count != 1)} {verb}{'s' * (count == 1)}")
    idle = threads - len({access[1] for access in accesses})
    parts += [f"{idle} idle"] if idle else []
    clashing = {access[2] for access in accesses if access[4]}
    parts += [f"clash over {len(clashing)} cell{'s' * (len(clashing) != 1)}"] if clashing else []
    return f"Phase {phase}: {in_words(parts)}"


def _draw(
    ax: Axes,
    accesses: Sequence[Access],
    threads: Sequence[str],
    cells: Sequence[str],
    array: str,
) -> None:
    """Draw threads, cells and the lines between them."""
    busy = {access[1] for access in accesses}
    clashing = {access[2] for access in accesses if access[4]}
    width = max(len(threads), len(cells))
    across = {f"thread {name}": _place(k, len(threads), width) for k, name in enumerate(threads)}
    across |= {f"cell {name}": _place(k, len(cells), width) for k, name in enumerate(cells)}
    for thread, cell, kind in dict.fromkeys(access[1:4] for access in accesses):
        shift = {"read": -0.07, "write": 0.07, "atomic": 0.0}[kind]  # so that both can be seen
        colour, style = _KINDS[kind]
        ends = [across[f"thread {thread}"] + shift, across[f"cell {cell}"] + shift]
        (line,) = ax.plot(ends, [TOP, BOTTOM], color=colour, ls=style, lw=1.7, zorder=1)
        say(line, f"thread {thread} {kind}s cell {cell}".replace("atomics", "updates"))
    for name in threads:
        x, fill = across[f"thread {name}"], _BUSY if name in busy else _IDLE
        edge = INK if name in busy else MUTED
        ax.add_patch(Circle((x, TOP), 0.3, fc=fill, ec=edge, lw=1.2, zorder=2))
        ax.text(x, TOP, name, ha="center", va="center", fontsize=8, color=edge, zorder=3)
    for name in cells:
        x, clash = across[f"cell {name}"], name in clashing
        box = FancyBboxPatch(
            (x - 0.36, BOTTOM - 0.28), 0.72, 0.56, boxstyle="round,pad=0,rounding_size=0.06",
            fc=_CLASH if clash else "white", ec=COLOURS[0] if clash else INK,
            hatch="///" if clash else None, lw=1.2, zorder=2,
        )  # fmt: skip
        ax.add_patch(box)
        ax.text(x, BOTTOM, name, ha="center", va="center", fontsize=8, zorder=3)
    ax.text(-0.75, TOP, "thread", ha="right", va="center", fontsize=9)
    ax.text(-0.75, BOTTOM, f"{array}[...]", ha="right", va="center", fontsize=9)
    kinds = [kind for kind in _KINDS if any(access[3] == kind for access in accesses)]
    lines = [Line2D([], [], color=_KINDS[k][0], ls=_KINDS[k][1], lw=1.7) for k in kinds]
    ax.figure.legend(lines, kinds, loc="outside lower center", ncols=3)
    ax.set(xlim=(-2.2, max(width, LEAST) - 0.4), ylim=(BOTTOM - 0.45, TOP + 0.4), aspect="equal")
    ax.axis("off")


def _place(k: int, count: int, width: int) -> float:
    """Where the k-th of count things stands, centred in a row of width."""
    return k + (width - count) / 2
