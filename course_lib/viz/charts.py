"""Figures of counts: histograms with a threshold, mistakes per epoch and against a bound."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int, Real
from matplotlib.ticker import MaxNLocator

from course_lib.viz.drawing import add_legend
from course_lib.viz.figure import (
    COLOURS,
    INK,
    MARKERS,
    MUTED,
    CourseFigure,
    class_indices,
    course_style,
    in_words,
    say,
)


def two_histograms(
    values: Float[np.ndarray, " batch"],
    y: Int[np.ndarray, " batch"],
    *,
    threshold: float,
    title: str,
    xlabel: str,
    ylabel: str = "examples",
    class_names: Sequence[str] = ("-1", "+1"),
    bins: int = 24,
    alt: str = "",
) -> CourseFigure:
    """How one feature is spread in each of two classes, and a threshold meant to part them."""
    words = f"Histograms of {xlabel} for {in_words(class_names)}, with a line at a threshold."
    classes = class_indices(y, class_names)
    edges = np.histogram_bin_edges(values, bins)
    with course_style():
        figure = CourseFigure(title=title, alt=alt or words)
        ax = figure.subplots()
        for k, name in enumerate(class_names):
            counts, _ = np.histogram(values[classes == k], edges)
            bars = ax.stairs(
                counts, edges, fill=True, fc=(COLOURS[k], 0.35), ec=COLOURS[k], lw=1.4,
                hatch=("", "///")[k % 2], label=name,
            )  # fmt: skip
            say(bars, name)
        line = ax.axvline(threshold, color=INK, ls="--", lw=1.8, label=f"threshold {threshold:g}")
        say(line, f"threshold {threshold:g}")
        ax.set(xlabel=xlabel, ylabel=ylabel)
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        add_legend(figure, ax)
    return figure


def mistakes_per_epoch(
    mistakes: Sequence[int] | Mapping[str, Sequence[int]],
    *,
    title: str,
    ylabel: str = "mistakes in the epoch",
    alt: str = "",
) -> CourseFigure:
    """How many mistakes each pass over the data brings; several runs can be compared by name."""
    runs = mistakes if isinstance(mistakes, Mapping) else {"mistakes": mistakes}
    words = f"Line chart of {ylabel} for each epoch: {in_words(runs)}."
    with course_style():
        figure = CourseFigure(title=title, alt=alt or words, size=(6.0, 3.6))
        ax = figure.subplots()
        for k, (name, counts) in enumerate(runs.items()):
            epochs = np.arange(1, len(counts) + 1)
            (curve,) = ax.plot(
                epochs, counts, color=COLOURS[(k + 1) % 8],
                marker=MARKERS[(k + 1) % 8] if len(counts) <= 60 else None,
                ms=5, ls=("-", "--", "-.", ":")[k % 4], label=name, clip_on=False, zorder=3,
            )  # fmt: skip
            say(curve, name)
        ax.set(xlabel="epoch", ylabel=ylabel)
        ax.set_xlim(0.6, max(map(len, runs.values())) + 0.4)
        ax.set_ylim(bottom=0)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        if len(runs) > 1:
            add_legend(figure, ax)
    return figure


def mistakes_against_bound(
    mistakes: Real[np.ndarray, " runs"] | Sequence[int] | Sequence[float],
    bounds: Real[np.ndarray, " runs"] | Sequence[float],
    *,
    title: str,
    alt: str = "",
) -> CourseFigure:
    """Mistakes made in each run against the most that Novikoff's bound allows, on log axes.

    Raises:
        ValueError: the two differ in length, or hold a number at or below 0.
    """
    made, allowed = np.asarray(mistakes, dtype=float), np.asarray(bounds, dtype=float)
    if made.shape != allowed.shape or not made.size or min(made.min(), allowed.min()) <= 0:
        raise ValueError(
            "mistakes and bounds must pair up and be > 0 (the axes are logarithmic), "
            f"got shapes {made.shape} and {allowed.shape}"
        )
    words = "Mistakes made against the bound on them, a point a run, with the line y = x."
    both = np.concatenate([made, allowed])
    ends = (both.min() / 1.6, both.max() * 1.6)
    with course_style():
        figure = CourseFigure(title=title, alt=alt or words, size=(5.4, 4.8))
        ax = figure.subplots()
        (line,) = ax.loglog(ends, ends, color=INK, ls="--", lw=1.4, label="y = x")
        say(line, "y = x")
        ax.fill_between(ends, ends, ends[1], color=MUTED, alpha=0.12, lw=0)
        ax.text(
            0.04, 0.95, "impossible, says Novikoff", transform=ax.transAxes, va="top", color=MUTED
        )
        dots = ax.scatter(
            allowed, made, s=30, c=COLOURS[1], marker="s", edgecolors="white", linewidths=0.6,
            label="one run of the perceptron", zorder=3,
        )  # fmt: skip
        say(dots, "runs")
        ax.set(xlim=ends, ylim=ends, xlabel="bound on the mistakes", ylabel="mistakes made")
        add_legend(figure, ax)
    return figure


def histograms_by_layer(
    layers: Mapping[str, Float[np.ndarray, "..."]],
    *,
    title: str,
    xlabel: str = "activation",
    span: tuple[float, float] | None = None,
    saturated: float | None = None,
    zeros: bool = False,
    bins: int = 50,
    alt: str = "",
) -> CourseFigure:
    """How the values of each layer are spread, from the first at the top to the last.

    saturated shades what lies that far from 0 or farther, and gives its share. zeros gives the
    share of exact zeros, what a ReLU has cut off, and leaves them out: they would dwarf the rest.
    Values outside span are counted at its ends.

    Raises:
        ValueError: a layer is empty or holds a value that is not finite.
    """
    values = {name: np.ravel(layer) for name, layer in layers.items()}
    for name, row in values.items():
        if not row.size or not np.isfinite(row).all():
            raise ValueError(f"{name!r} must hold finite values, got {row.size} values")
    if span is None:
        low, high = min(v.min() for v in values.values()), max(v.max() for v in values.values())
        span = (float(low), float(high)) if low < high else (float(low) - 0.5, float(high) + 0.5)
    words = f"Histograms of {xlabel}, one below the other: {in_words(values)}."
    with course_style():
        size = (6.0, 1.05 * len(values) + 0.9)
        figure = CourseFigure(title=title, alt=alt or words, size=size)
        grid = figure.subplots(len(values), 1, squeeze=False, sharex=True).ravel()
        for ax, (name, row) in zip(grid, values.items(), strict=True):
            drawn = np.clip(row[row != 0] if zeros else row, *span)
            counts, edges = np.histogram(drawn, np.linspace(*span, bins + 1))
            steps = ax.stairs(counts, edges, fill=True, fc=(COLOURS[1], 0.45), ec=COLOURS[1])
            say(steps, "values other than 0" if zeros else "values")
            shares = []
            if saturated is not None:
                for side in ((span[0], -saturated), (saturated, span[1])):
                    if side[0] < side[1]:
                        ax.axvspan(*side, color=COLOURS[0], alpha=0.14, lw=0)
                shares.append(f"{100 * (np.abs(row) >= saturated).mean():.0f} % saturated")
            if zeros:
                shares.append(f"{100 * (row == 0).mean():.0f} % zero (not drawn)")
            ax.set_title(name, loc="left")
            ax.set_title(", ".join([*shares, f"std {row.std():.2g}"]), loc="right", fontsize=9)
            ax.set(yticks=[], xlim=span)
            ax.spines["left"].set_visible(False)
        grid[-1].set_xlabel(xlabel)
    return figure
