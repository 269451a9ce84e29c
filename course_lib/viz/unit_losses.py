"""Figures of a unit with two parameters, beside the surface of its loss."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from course_lib.viz.drawing import add_legend
from course_lib.viz.figure import COLOURS, INK, MARKERS, CourseFigure, course_style, in_words, say
from course_lib.viz.surfaces import draw_levels

SAMPLES = 401
SURFACE = 61  # points a side: the loss is a learner's own Python, called once for each


def unit_on_surface(
    x: Float[np.ndarray, " batch"],
    targets: Float[np.ndarray, " targets"],
    loss: Callable[[np.ndarray], np.ndarray],
    at: tuple[float, float],
    *,
    title: str,
    across: tuple[float, float],
    up: tuple[float, float],
    feature_name: str,
    class_names: Sequence[str],
    minimum: tuple[float, float] | None = None,
    log: bool = True,
    alt: str = "",
) -> CourseFigure:
    """A sigmoid unit of one feature and its examples; beside it, where it stands on its loss.

    at is the unit's weight and bias. targets are 0 for the first class and 1 for the second; the
    curve is the probability that the unit gives to the second. loss takes (weight, bias) points,
    shape (batch, 2), and returns one value each. A star marks the minimum, if it is given.

    Raises:
        ValueError: x and targets differ in length; a target is neither 0 nor 1.
    """
    if x.ndim != 1 or x.shape != targets.shape:
        raise ValueError(f"x and targets must be rows of one length, got {x.shape, targets.shape}")
    if not np.isin(targets, (0, 1)).all():
        raise ValueError(f"targets must be 0 or 1, got {np.unique(targets).tolist()}")
    w, b = at
    words = (
        f"Two panels. Left: a sigmoid curve through examples of {in_words(class_names)}. "
        "Right: contour lines of the loss over weight and bias, with the place of this unit."
    )
    with course_style():
        figure = CourseFigure(title=title, alt=alt or words, size=(8.6, 3.9))
        left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.15))
        for k, name in enumerate(class_names):
            own = targets == k
            dots = left.scatter(
                x[own], targets[own], s=26, c=COLOURS[k], marker=MARKERS[k], edgecolors="white",
                linewidths=0.6, label=name, zorder=3,
            )  # fmt: skip
            say(dots, name)
        z = np.linspace(x.min() - 0.3, x.max() + 0.3, SAMPLES)
        (curve,) = left.plot(z, 0.5 + 0.5 * np.tanh((w * z + b) / 2), color=INK, lw=1.8, zorder=2)
        say(curve, f"probability of {class_names[1]}")
        left.axhline(0.5, color="#aaaaaa", lw=0.9, ls=":", zorder=1)
        left.set(xlabel=feature_name, ylabel=f"probability of {class_names[1]}", ylim=(-0.07, 1.07))
        draw_levels(figure, right, loss, across, up, log=log, resolution=SURFACE)
        if minimum is not None:
            star = right.scatter(
                *minimum, s=110, marker="*", c=INK, ec="white", lw=0.6, label="minimum", zorder=5
            )
            say(star, "minimum")
        place = right.scatter(w, b, s=70, marker="o", c=COLOURS[2], ec="white", zorder=6)
        place.set_label("this unit")
        say(place, "this unit")
        right.set(xlabel="weight w", ylabel="bias b")
        add_legend(figure, left, right)
    return figure
