"""Figures on two logarithmic axes: losses against size, and kernels under a roofline."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axis import Axis
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from course_lib.viz.drawing import add_legend
from course_lib.viz.figure import (
    COLOURS,
    INK,
    MARKERS,
    MUTED,
    CourseFigure,
    course_style,
    in_words,
    say,
)

Values = Sequence[float] | Sequence[int] | np.ndarray


def parameter_scaling(
    sizes: Values,
    losses: Values,
    *,
    title: str,
    fit: Callable[[np.ndarray], np.ndarray] | None = None,
    extrapolate_to: float | None = None,
    held_out: tuple[float, float] | None = None,
    floor: float | None = None,
    xlabel: str = "parameters",
    ylabel: str = "loss (nats per token)",
    alt: str = "",
) -> CourseFigure:
    """Losses against sizes on log axes, a point a run, and a line fitted to them.

    fit gives the loss for an array of sizes; without it, a straight line is fitted to the
    logarithms. The line is dashed where it extrapolates, up to extrapolate_to or to the held-out
    run (size, loss), which is drawn as a star. floor is a level that no size can get under.

    Raises:
        ValueError: the two differ in length, are fewer than two, or hold a number at or below 0.
    """
    x, y = np.asarray(sizes, dtype=float), np.asarray(losses, dtype=float)
    if x.shape != y.shape or x.size < 2 or min(x.min(), y.min()) <= 0:
        raise ValueError(
            "sizes and losses must pair up, be 2 or more, and be > 0 (the axes are logarithmic), "
            f"got shapes {x.shape} and {y.shape}"
        )
    name = "fit"
    if fit is None:
        slope, height = np.polyfit(np.log(x), np.log(y), 1)
        name, fit = f"power law, exponent {slope:.2f}", _power_law(slope, height)
    words = f"{ylabel} against {xlabel} on logarithmic axes, a point a run, with a fitted line"
    words += ", a held-out run and the line's way to it." if held_out else "."
    with course_style():
        figure = CourseFigure(title=title, alt=alt or words, size=(6.2, 4.5))
        ax = figure.subplots()
        inside = np.geomspace(x.min(), x.max(), 100)
        (line,) = ax.loglog(inside, fit(inside), color=COLOURS[1], lw=1.8, label=name)
        say(line, f"fitted to {x.size} runs")
        end = max(extrapolate_to or 0.0, held_out[0] if held_out else 0.0)
        if end > x.max():
            beyond = np.geomspace(x.max(), end, 100)
            (line,) = ax.loglog(
                beyond, fit(beyond), color=COLOURS[1], ls="--", lw=1.8, label="extrapolated"
            )
            say(line, "extrapolated")
        dots = ax.scatter(x, y, s=42, c=COLOURS[0], ec="white", lw=0.6, zorder=3, label="runs")
        say(dots, "runs")
        if held_out:
            star = ax.scatter(
                held_out[0], held_out[1], s=150, marker="*", c=COLOURS[2], ec=INK, lw=0.7, zorder=4,
                label="held-out run",
            )  # fmt: skip
            say(star, "held-out run")
        if floor is not None:
            level = ax.axhline(floor, color=INK, ls=":", lw=1.4, label="floor")
            say(level, "floor")
        ax.set(xlabel=xlabel, ylabel=ylabel)
        _plain_decimals(ax.yaxis)
        add_legend(figure, ax)
    return figure


def _power_law(slope: float, height: float) -> Callable[[np.ndarray], np.ndarray]:
    """Give the function that is a straight line on log axes."""
    return lambda sizes: np.exp(height) * sizes**slope


def _plain_decimals(axis: Axis) -> None:
    """Write 2.5 rather than 2.5 x 10^0 along an axis that spans less than two decades."""
    low, high = axis.get_view_interval()
    if high < 100 * low:
        axis.set_major_locator(LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 5.0, 7.0)))
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())


def roofline(
    kernels: Mapping[str, tuple[float, float]],
    *,
    peak: float,
    bandwidth: float,
    title: str,
    xlabel: str = "arithmetic intensity (FLOP per byte)",
    ylabel: str = "GFLOP/s",
    alt: str = "",
) -> CourseFigure:
    """What a machine can reach, and what kernels reach on it, on log axes.

    kernels gives for each name (FLOP per byte, GFLOP/s). The roof is peak (GFLOP/s) or bandwidth
    (GB/s) times intensity, whichever is lower; left of the ridge memory is the limit. A kernel
    above the roof is named over the panel: something was measured wrong.

    Raises:
        ValueError: a number is not above 0.
    """
    points = np.array(list(kernels.values()), dtype=float).reshape(-1, 2)
    if min(peak, bandwidth, *points.ravel()) <= 0:
        raise ValueError("peak, bandwidth and every kernel must be > 0: the axes are logarithmic")
    words = f"Roofline: {ylabel} against {xlabel}, a roof that rises and then is flat"
    words += f", and under it {in_words(kernels)}." if kernels else "."
    ridge = peak / bandwidth
    low, high = min(ridge, *points[:, 0]) / 4, max(ridge, *points[:, 0]) * 4
    with course_style():
        figure = CourseFigure(title=title, alt=alt or words, size=(6.4, 4.4))
        ax = figure.subplots()
        corners = np.array([low, ridge, high])
        (roof,) = ax.loglog(
            corners, np.minimum(peak, bandwidth * corners), color=INK, lw=2.0, label="roof"
        )
        say(roof, "roof: bandwidth times intensity, and the peak at most")
        say(ax.axvline(ridge, color=MUTED, ls=":", lw=1.2), "ridge, where the two limits meet")
        for k, (name, (intensity, reached)) in enumerate(kernels.items()):
            dot = ax.scatter(
                intensity, reached, s=64, c=COLOURS[k % 8], marker=MARKERS[k % 8], ec="white",
                lw=0.6, zorder=3, label=name,
            )  # fmt: skip
            say(dot, name)
        above = [n for n, (i, reached) in kernels.items() if reached > min(peak, bandwidth * i)]
        if above:
            ax.set_title(f"above the roof: {in_words(above)}", loc="left")
        ax.set(xlim=(low, high), xlabel=xlabel, ylabel=ylabel)
        ax.set_ylim(top=peak * 2.5)
        for x, side, text in ((ridge / 1.15, "right", "memory-bound"),
                              (ridge * 1.15, "left", "compute-bound")):  # fmt: skip
            ax.text(x, peak * 1.5, text, ha=side, color=MUTED, fontsize=9)
        add_legend(figure, ax)
    return figure
