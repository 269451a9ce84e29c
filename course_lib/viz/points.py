"""Figures of points in the plane: classes, boundaries at rest and in motion, decision regions."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from course_lib.viz.drawing import (
    Boundary,
    add_legend,
    check_story,
    draw_boundary,
    draw_margin,
    draw_points,
    draw_sides,
    draw_state,
    fit_view,
    what,
)
from course_lib.viz.figure import (
    COLOURS,
    LINE_STYLES,
    CourseFigure,
    class_indices,
    course_style,
    in_words,
    say,
)

AXES = ("x1", "x2")
SIGNS = ("-1", "+1")


def scatter(
    X: Float[np.ndarray, "batch 2"],
    y: Int[np.ndarray, " batch"],
    *,
    title: str,
    feature_names: Sequence[str] = AXES,
    class_names: Sequence[str] = SIGNS,
    lines: Mapping[str, Boundary] | None = None,
    alt: str = "",
) -> CourseFigure:
    """Points of each class; `lines` adds boundaries (w, b) to compare, by name."""
    lines = lines or {}
    words = f"Scatter plot of {what(feature_names, class_names)}"
    words += f", with {len(lines)} straight line(s): {in_words(lines)}." if lines else "."
    with course_style():
        figure, ax = _one_panel(title, alt or words, X, feature_names)
        draw_points(ax, X, y, class_names)
        for k, (name, (w, b)) in enumerate(lines.items()):
            draw_boundary(ax, w, b, name, LINE_STYLES[k % len(LINE_STYLES)])
        add_legend(figure, ax)
    return figure


def decision_boundary(
    X: Float[np.ndarray, "batch 2"],
    y: Int[np.ndarray, " batch"],
    w: Float[np.ndarray, " 2"],
    b: float,
    *,
    title: str,
    margin: bool = False,
    feature_names: Sequence[str] = AXES,
    class_names: Sequence[str] = SIGNS,
    alt: str = "",
) -> CourseFigure:
    """Points, the line where w . x + b = 0, and each side shaded in the colour of its class.

    margin also draws the empty strip along the line, up to the nearest points.

    Raises:
        ValueError: a margin is asked for, but (w, b) leaves a point on the wrong side.
    """
    words = f"{what(feature_names, class_names)}, parted by a straight line; each side is shaded"
    words = f"Scatter plot of {words}{', and the margin strip is drawn' if margin else ''}."
    with course_style():
        figure, ax = _one_panel(title, alt or words, X, feature_names)
        draw_sides(ax, w, b)
        if margin:
            draw_margin(ax, X, y, w, b, class_names)
        draw_boundary(ax, w, b, "boundary")
        draw_points(ax, X, y, class_names)
        add_legend(figure, ax)
    return figure


def boundary_snapshots(
    X: Float[np.ndarray, "batch 2"],
    y: Int[np.ndarray, " batch"],
    states: Sequence[Boundary],
    *,
    title: str,
    culprits: Sequence[int | None] | None = None,
    captions: Sequence[str] | None = None,
    columns: int = 3,
    feature_names: Sequence[str] = AXES,
    class_names: Sequence[str] = SIGNS,
    alt: str = "",
) -> CourseFigure:
    """How a boundary moves: one small panel per state (w, b).

    culprits[k] is the row of X whose mistake led to states[k] (None: no mistake did); it is ringed.

    Raises:
        ValueError: culprits or captions is not as long as states.
    """
    captions, culprits = check_story(states, captions, culprits)
    words = f"{len(states)} panels of {what(feature_names, class_names)}; the line moves"
    columns = min(columns, len(states))
    rows = -(-len(states) // columns)
    with course_style():
        size = (2.6 * columns + 0.4, 2.4 * rows + 0.9)
        figure = CourseFigure(title=title, alt=alt or f"{words} from panel to panel.", size=size)
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
        for k, (ax, state) in enumerate(zip(grid, states, strict=False)):
            fit_view(ax, X)
            draw_points(ax, X, y, class_names, size=20)
            draw_state(ax, X, state, culprits[k])
            ax.set_title(captions[k], loc="left")
            if k % columns == 0:
                ax.set_ylabel(feature_names[1])
            if k + columns >= len(states):  # nothing below it
                ax.set_xlabel(feature_names[0])
                ax.tick_params(labelbottom=True)
        for ax in grid[len(states) :]:
            ax.remove()
        add_legend(figure, *grid[: len(states)])
    return figure


def decision_regions(
    predict: Callable[[np.ndarray], np.ndarray],
    X: Float[np.ndarray, "batch 2"],
    y: Int[np.ndarray, " batch"],
    *,
    title: str,
    feature_names: Sequence[str] = AXES,
    class_names: Sequence[str] = SIGNS,
    resolution: int = 201,
    pad: float = 0.1,
    size: tuple[float, float] = (6.0, 4.2),
    alt: str = "",
) -> CourseFigure:
    """Which class `predict` gives to every point of the plane, with the true points on top.

    predict takes points, shape (batch, 2), and returns one label each: -1/+1, or class numbers.
    """
    words = f"The plane shaded by predicted class, with {what(feature_names, class_names)}."
    with course_style():
        figure, ax = _one_panel(title, alt or words, X, feature_names, size, pad)
        (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
        across, up = np.linspace(left, right, resolution), np.linspace(low, high, resolution)
        grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
        classes = class_indices(predict(grid), class_names).reshape(resolution, resolution)
        tints = ListedColormap(COLOURS[: len(class_names)])
        shades = ax.imshow(
            classes, cmap=tints, vmin=-0.5, vmax=len(class_names) - 0.5, alpha=0.22, origin="lower",
            extent=(left, right, low, high), aspect="auto", interpolation="nearest",
        )  # fmt: skip
        named = in_words([class_names[k] for k in np.unique(classes)])
        say(shades, f"regions predicted as {named}")
        draw_points(ax, X, y, class_names, size=46)
        add_legend(figure, ax)
    return figure


def xor_regions(
    predict: Callable[[np.ndarray], np.ndarray],
    *,
    title: str,
    class_names: Sequence[str] = ("same (-1)", "different (+1)"),
    alt: str = "",
) -> CourseFigure:
    """What `predict` says about every pair of inputs, with the four corners of XOR on top."""
    corners = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    words = "The plane of two inputs, shaded by predicted class, with the four corners of XOR."
    figure = decision_regions(
        predict, corners, np.array([-1, 1, 1, -1]), title=title, class_names=class_names,
        feature_names=("first input", "second input"), pad=0.3, size=(4.6, 4.9), alt=alt or words,
    )  # fmt: skip
    ax = figure.axes[0]
    ax.set(xticks=[-1, 1], xticklabels=["-1", "+1"], yticks=[-1, 1], yticklabels=["-1", "+1"])
    return figure


def _one_panel(
    title: str,
    alt: str,
    X: np.ndarray,
    feature_names: Sequence[str],
    size: tuple[float, float] = (6.0, 4.2),
    pad: float = 0.1,
) -> tuple[CourseFigure, Axes]:
    """Start a figure with one pair of axes that fits the points."""
    figure = CourseFigure(title=title, alt=alt, size=size)
    ax = figure.subplots()
    ax.set(xlabel=feature_names[0], ylabel=feature_names[1])
    fit_view(ax, X, pad)
    return figure, ax
