"""Figures of a loss over two parameters, and of the ways down."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize
from matplotlib.ticker import MaxNLocator

from course_lib.viz.drawing import add_legend
from course_lib.viz.figure import (
    COLOURS,
    INK,
    LINE_STYLES,
    MARKERS,
    CourseFigure,
    course_style,
    in_words,
    say,
)

Path = Float[np.ndarray, "steps 2"]

GREYS = LinearSegmentedColormap.from_list("heights", ["#ffffff", "#8d99a6"])
MOST_MARKS = 25


def loss_surface(
    loss: Callable[[np.ndarray], np.ndarray],
    *,
    title: str,
    across: tuple[float, float],
    up: tuple[float, float],
    paths: Mapping[str, Path] | None = None,
    minimum: Sequence[float] | None = None,
    parameter_names: Sequence[str] = ("w1", "w2"),
    levels: int = 10,
    log: bool = False,
    resolution: int = 121,
    alt: str = "",
) -> CourseFigure:
    """Contour lines of a loss over two parameters, darker where it is higher, and paths over it.

    loss takes points, shape (batch, 2), and returns one value each, shape (batch,). A path is the
    parameters step by step, its start ringed. log spaces the levels by factors. The view is fixed
    by across and up; the panel names a path that leaves it.

    Raises:
        ValueError: loss gives another shape; log is asked for and a loss is not above 0.
    """
    paths = paths or {}
    words = f"Contour lines of the loss over {in_words(parameter_names)}"
    words += f", with the path of {in_words(paths)}." if paths else "."
    with course_style():
        figure = CourseFigure(title=title, alt=alt or words, size=(6.4, 4.8))
        ax = figure.subplots()
        draw_levels(figure, ax, loss, across, up, levels=levels, log=log, resolution=resolution)
        left = [name for k, name in enumerate(paths) if _draw_path(ax, k, name, paths[name])]
        if minimum is not None:
            star = ax.scatter(
                minimum[0], minimum[1], s=130, marker="*", c=INK, label="minimum", zorder=5
            )
            say(star, "minimum")
        ax.set(xlabel=parameter_names[0], ylabel=parameter_names[1])
        if left:
            ax.set_title(f"leaves the view: {in_words(left)}", loc="left")
        if paths or minimum is not None:
            add_legend(figure, ax)
    return figure


def draw_levels(
    figure: CourseFigure,
    ax: Axes,
    loss: Callable[[np.ndarray], np.ndarray],
    across: tuple[float, float],
    up: tuple[float, float],
    *,
    levels: int = 10,
    log: bool = False,
    resolution: int = 121,
) -> None:
    """Shade a panel by the height of a loss, with lines of equal loss and a colour bar."""
    x, y = np.linspace(*across, resolution), np.linspace(*up, resolution)
    heights = _heights(loss, x, y)
    low, high = float(heights.min()), float(heights.max())
    if log and low <= 0:
        raise ValueError(f"logarithmic levels need a loss > 0, got {low:g}")
    spaced = np.geomspace(low, high, levels + 2) if log else None
    steps = MaxNLocator(levels + 1).tick_values(low, high) if spaced is None else spaced
    norm = LogNorm(steps[0], steps[-1]) if log else Normalize(steps[0], steps[-1])
    shades = ax.contourf(
        x, y, heights, levels=steps, cmap=GREYS, norm=norm, antialiased=False, zorder=0
    )
    lines = ax.contour(x, y, heights, levels=steps[1:-1], colors="#8d99a6", linewidths=0.7)
    say(lines, "equal loss")
    bar = figure.colorbar(shades, ax=ax, shrink=0.85, label="loss", format="%.2g" if log else "%g")
    bar.set_ticks(list(steps[:: max(1, len(steps) // 6)]))
    ax.set(xlim=across, ylim=up)


def _heights(
    loss: Callable[[np.ndarray], np.ndarray], x: np.ndarray, y: np.ndarray
) -> Float[np.ndarray, "up across"]:
    """Evaluate the loss on the grid."""
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    values = np.asarray(loss(points), dtype=float)
    if values.shape != (len(points),):
        raise ValueError(f"loss must give one value a point, ({len(points)},), got {values.shape}")
    return values.reshape(len(y), len(x))


def _draw_path(ax: Axes, k: int, name: str, path: Path) -> bool:
    """Draw one way down in the view that is set; tell whether it leaves it."""
    path = np.asarray(path, dtype=float)
    if path.ndim != 2 or path.shape[1] != 2 or not len(path):
        raise ValueError(f"path {name!r} must have shape (steps, 2), got {path.shape}")
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    inside = (path >= [left, low]).all(axis=1) & (path <= [right, high]).all(axis=1)
    (line,) = ax.plot(
        path[:, 0], path[:, 1], color=COLOURS[k % 8], ls=LINE_STYLES[k % len(LINE_STYLES)], lw=1.6,
        marker=MARKERS[k % 8], ms=4.5, markevery=-(-len(path) // MOST_MARKS), mec="white", mew=0.4,
        label=name, zorder=3,
    )  # fmt: skip
    say(line, name)
    start = ax.scatter(
        path[0, 0], path[0, 1], s=120, marker="o", fc="none", ec=COLOURS[k % 8], lw=1.6, zorder=4
    )
    say(start, f"start of {name}")
    return not inside.all()
