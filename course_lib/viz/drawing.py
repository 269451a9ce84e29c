"""The parts that figures are made of: points, lines, shaded sides, notes, legends."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from course_lib.viz.figure import COLOURS, INK, MARKERS, CourseFigure, class_indices, in_words, say

Boundary = tuple[np.ndarray, float]
FEW, LARGE = 12, 90  # so many points at most are drawn so large: XOR has four


def what(feature_names: Sequence[str], class_names: Sequence[str]) -> str:
    """Say what the points are."""
    return f"{feature_names[1]} against {feature_names[0]} for {in_words(class_names)}"


def check_story(
    states: Sequence[Boundary],
    captions: Sequence[str] | None,
    culprits: Sequence[int | None] | None,
) -> tuple[Sequence[str], Sequence[int | None]]:
    """Fill in captions and culprits where none are given; refuse a wrong number of them."""
    if not states:
        raise ValueError("states must hold at least one (w, b), got none")
    numbered = [f"{k} correction{'s' * (k != 1)}" for k in range(len(states))]
    captions, culprits = captions or numbered, culprits or [None] * len(states)
    for name, given in (("captions", captions), ("culprits", culprits)):
        if len(given) != len(states):
            raise ValueError(
                f"{name} must have one entry per state: {len(states)}, got {len(given)}"
            )
    return captions, culprits


def fit_view(ax: Axes, X: np.ndarray, pad: float = 0.1) -> None:
    """Fix the limits to the points and a little more; lines and shading cannot move them then."""
    if X.ndim != 2 or X.shape[1] != 2 or not len(X):
        raise ValueError(f"X must hold points in the plane, shape (batch, 2), got shape {X.shape}")
    low, high = X.min(axis=0), X.max(axis=0)
    more = np.where(high > low, pad * (high - low), 1.0)
    ax.set_xlim(low[0] - more[0], high[0] + more[0])
    ax.set_ylim(low[1] - more[1], high[1] + more[1])


def draw_points(
    ax: Axes, X: np.ndarray, y: np.ndarray, class_names: Sequence[str], size: int = 26
) -> None:
    """Draw each class in its own colour and shape; a handful of points is drawn larger."""
    classes = class_indices(y, class_names)
    size = max(size, LARGE) if len(X) <= FEW else size
    for k, name in enumerate(class_names):
        points = X[classes == k]
        dots = ax.scatter(
            points[:, 0], points[:, 1], s=size, c=COLOURS[k % 8], marker=MARKERS[k % 8],
            edgecolors="white", linewidths=0.6, label=name, zorder=3,
        )  # fmt: skip
        say(dots, name)


def draw_boundary(ax: Axes, w: np.ndarray, b: float, name: str, style: str = "-") -> None:
    """Draw the line where w . x + b = 0; zero weights have none."""
    if not np.any(w):
        return
    foot = -b * w / (w @ w)  # the point of the line nearest to the origin
    line = ax.axline(
        tuple(foot), tuple(foot + np.array([-w[1], w[0]])), color=INK, ls=style, lw=1.8, zorder=2
    )
    line.set_label(name)
    say(line, name)


def draw_sides(ax: Axes, w: np.ndarray, b: float) -> None:
    """Shade the side of each class, and say so when the boundary between them is not in view."""
    across, up = np.meshgrid(ax.get_xlim(), ax.get_ylim())
    scores = w[0] * across + w[1] * up + b
    reach = float(np.abs(scores).max()) + 1.0
    sides = ax.contourf(
        across, up, scores, levels=[-reach, 0.0, reach], colors=COLOURS[:2], alpha=0.14, zorder=0
    )
    say(sides, "the two sides, shaded")
    if scores.min() > 0 or scores.max() < 0:
        note(ax, "boundary out of view")


def note(ax: Axes, text: str) -> None:
    """Write a remark into the lower right corner."""
    words = ax.text(0.98, 0.03, text, transform=ax.transAxes, ha="right", fontsize=8.5, color=INK)
    say(words, text)


def draw_margin(
    ax: Axes, X: np.ndarray, y: np.ndarray, w: np.ndarray, b: float, class_names: Sequence[str]
) -> None:
    """Draw the strip along the boundary that holds no point."""
    scores = X @ w + b
    nearest = float((np.where(class_indices(y, class_names) == 1, 1, -1) * scores).min())
    if nearest <= 0:
        raise ValueError("a margin needs every point on its own side; (w, b) leaves one elsewhere")
    across, up = np.meshgrid(ax.get_xlim(), ax.get_ylim())
    grid = w[0] * across + w[1] * up + b
    strip = ax.contourf(
        across, up, grid, levels=[-nearest, nearest], colors=["#9a9a9a"], alpha=0.35, zorder=1
    )
    say(strip, "margin, up to the nearest points")


def draw_state(
    ax: Axes,
    X: np.ndarray,
    state: Boundary,
    culprit: int | None,
) -> None:
    """Draw one moment of training: sides, boundary, and the example just learned from."""
    if np.any(state[0]):
        draw_sides(ax, *state)
        draw_boundary(ax, *state, "boundary")
    else:
        note(ax, "no boundary yet")
    if culprit is not None:
        ring = ax.scatter(
            X[culprit, 0], X[culprit, 1], s=150, marker="o", facecolors="none", edgecolors=INK,
            linewidths=1.8, zorder=4, label="mistake just corrected",
        )  # fmt: skip
        say(ring, "mistake just corrected")


def add_legend(figure: CourseFigure, *panels: Axes) -> None:
    """Put one legend for all panels under them, where it hides no point."""
    found: dict[str, Artist] = {}
    for ax in panels:
        handles, labels = ax.get_legend_handles_labels()
        for handle, label in zip(handles, labels, strict=True):
            found.setdefault(label, handle)
    needed = sum(len(label) + 6 for label in found)  # in letters; about 11 go into an inch
    in_one_row = needed <= 11 * figure.get_size_inches()[0]
    figure.legend(
        found.values(), found.keys(), loc="outside lower center", handletextpad=0.5,
        ncols=len(found) if in_one_row else 2,
    )  # fmt: skip
