"""Figures of curves: losses over training, and functions with their derivatives."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

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

Values = Sequence[float] | np.ndarray
Curve = Values | tuple[Values, Values]
Function = Callable[[np.ndarray], np.ndarray]

FEW_POINTS = 40  # so many at most are marked one by one
SAMPLES = 1001  # of each function
JUMP = 0.3  # a rise by so much of a function's range between two samples is a jump


def loss_curves(
    curves: Mapping[str, Curve],
    *,
    title: str,
    xlabel: str = "step",
    ylabel: str = "loss (nats)",
    smooth: int = 1,
    levels: Mapping[str, float] | None = None,
    top: float | None = None,
    log: bool = False,
    log_x: bool = False,
    alt: str = "",
) -> CourseFigure:
    """How a loss changes: a curve has one value a step from 1, or is (steps, values).

    smooth draws over each curve with one value a step the mean of the last `smooth` values, which
    the legend states. levels are lines to compare with. top cuts off what lies above. Where a loss
    is no longer finite its curve ends, and the panel says from which step.

    Raises:
        ValueError: steps and values differ in length, or an axis is logarithmic and a value is not
            above 0.
    """
    levels = levels or {}
    words = f"Line chart of {ylabel} for each {xlabel}: {in_words([*curves, *levels])}."
    with course_style():
        figure = CourseFigure(title=title, alt=alt or words, size=(6.4, 4.0))
        ax = figure.subplots()
        ax.set(xlabel=xlabel, ylabel=ylabel)
        ended = []
        for k, (name, curve) in enumerate(curves.items()):
            steps, values = _steps_and_values(name, curve)
            _check_log(name, log, values)
            _check_log(name, log_x, steps)
            _draw_loss(ax, k, name, steps, values, 1 if isinstance(curve, tuple) else smooth)
            lost = np.flatnonzero(~np.isfinite(values))
            if lost.size:
                ended.append(f"{name} from {xlabel} {steps[lost[0]]:g}")
        for k, (name, height) in enumerate(levels.items()):
            line = ax.axhline(height, color=INK, ls=(":", "--")[k % 2], lw=1.4, label=name)
            say(line, name)
        if ended:
            ax.set_title(f"not finite: {in_words(ended)}", loc="left")
        ax.set(xscale="log" if log_x else "linear", yscale="log" if log else "linear")
        if top is not None:
            ax.set_ylim(top=top)
        add_legend(figure, ax)
    return figure


def _steps_and_values(name: str, curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """Take a curve apart, or number its values from 1."""
    if isinstance(curve, tuple) and len(curve) == 2 and np.ndim(curve[0]) == 1:
        steps, values = (np.asarray(part, dtype=float) for part in curve)
    else:
        values = np.asarray(curve, dtype=float)
        steps = np.arange(1.0, values.size + 1)
    if values.ndim != 1 or not values.size or steps.shape != values.shape:
        raise ValueError(
            f"{name!r} must be a row of values, or (steps, values) of one length; "
            f"got shapes {steps.shape} and {values.shape}"
        )
    return steps, values


def _check_log(name: str, log: bool, values: np.ndarray) -> None:
    """Refuse values that a logarithmic axis has no place for."""
    if log and (values <= 0).any():
        raise ValueError(f"a logarithmic axis needs values > 0, got {values.min():g} in {name!r}")


def _draw_loss(
    ax: Axes, k: int, name: str, steps: np.ndarray, values: np.ndarray, smooth: int
) -> None:
    """Draw one curve; if it is to be smoothed, pale, and its running mean over it."""
    values = np.where(np.isfinite(values), values, np.nan)
    colour, marker = COLOURS[(k + 1) % 8], MARKERS[(k + 1) % 8]
    if smooth > 1:
        (pale,) = ax.plot(steps, values, color=colour, alpha=0.3, lw=0.8)
        say(pale, f"{name}, every step")
        seen = np.minimum(np.arange(1, len(values) + 1), smooth)  # less than `smooth` at the start
        values = np.convolve(values, np.ones(smooth))[: len(values)] / seen
        name = f"{name} (mean of last {smooth})"
    marked = marker if len(values) <= FEW_POINTS else None
    style = LINE_STYLES[k % len(LINE_STYLES)]
    (line,) = ax.plot(steps, values, color=colour, ls=style, marker=marked, ms=5, label=name)
    say(line, name)


def function_curves(
    functions: Mapping[str, Function],
    *,
    title: str,
    derivatives: Mapping[str, Function] | None = None,
    span: tuple[float, float] = (-4.0, 4.0),
    xlabel: str = "z",
    ylabel: str = "f(z)",
    alt: str = "",
) -> CourseFigure:
    """Functions of one variable; `derivatives`, under the same names, get a panel beside them.

    A function takes an array of points and returns an array. Where it jumps, its curve has a gap.

    Raises:
        ValueError: a derivative belongs to no function.
    """
    derivatives = derivatives or {}
    strangers = [name for name in derivatives if name not in functions]
    if strangers:
        raise ValueError(
            f"derivatives must be named as functions are: {in_words(functions)}; "
            f"got {in_words(strangers)}"
        )
    words = f"Line chart of {in_words(functions)} for {xlabel} from {span[0]:g} to {span[1]:g}"
    words += f", and beside it the derivative of {in_words(derivatives)}." if derivatives else "."
    colours = {name: k for k, name in enumerate(functions)}
    panels = [(ylabel, functions)] + [("derivative", derivatives)] * bool(derivatives)
    with course_style():
        figure = CourseFigure(
            title=title, alt=alt or words, size=(7.6, 3.9) if derivatives else (6.0, 4.2)
        )
        grid = figure.subplots(1, len(panels), squeeze=False, sharex=True).ravel()
        for ax, (name_up, drawn) in zip(grid, panels, strict=True):
            ax.axhline(0.0, color="#cccccc", lw=1.0, zorder=0)
            ax.axvline(0.0, color="#cccccc", lw=1.0, zorder=0)
            ax.set(xlabel=xlabel, ylabel=name_up)
            for name, function in drawn.items():
                _draw_function(ax, name, function, span, colours[name])
        add_legend(figure, *grid)
    return figure


def _draw_function(
    ax: Axes, name: str, function: Function, span: tuple[float, float], k: int
) -> None:
    """Draw one function, broken where it jumps."""
    z = np.linspace(*span, SAMPLES)
    values = np.array(function(z), dtype=float)
    if values.shape != z.shape:
        raise ValueError(f"{name!r} must give one value a point: {z.shape}, got {values.shape}")
    jumps = np.flatnonzero(np.abs(np.diff(values)) > JUMP * np.ptp(values))
    z, values = np.insert(z, jumps + 1, np.nan), np.insert(values, jumps + 1, np.nan)
    (line,) = ax.plot(
        z, values, color=COLOURS[(k + 1) % 8], ls=LINE_STYLES[k % len(LINE_STYLES)], lw=2.0,
        label=name,
    )  # fmt: skip
    say(line, name)
