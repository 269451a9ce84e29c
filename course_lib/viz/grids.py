"""Figures of a table of numbers as colours: attention, confusion matrices, counts of pairs."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Num
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.image import AxesImage

from course_lib.viz.figure import DIVERGING, INK, SEQUENTIAL, CourseFigure, course_style, say

VISIBLE = {" ": "␣", "\n": "↵", "\t": "⇥", "": "∅"}


def heat_map(
    values: Num[np.ndarray, "rows columns"],
    *,
    title: str,
    row_names: Sequence[str],
    column_names: Sequence[str],
    ylabel: str,
    xlabel: str,
    value_label: str,
    numbers: bool = False,
    signed: bool = False,
    alt: str = "",
) -> CourseFigure:
    """A table as colours, darker for more: row k is named row_names[k]; NaN is hatched, as masked.

    numbers also writes each value into its cell, but for counts of 0. signed shows blue above 0 and
    red below. Names may be tokens: blanks and line ends are made visible.

    Raises:
        ValueError: there is not one name for each row and column.
    """
    if values.shape != (len(row_names), len(column_names)):
        raise ValueError(
            f"values must have a row and a column for each name, "
            f"({len(row_names)}, {len(column_names)}), got {values.shape}"
        )
    masked = np.isnan(values)
    words = f"Table of {value_label} as colours, {ylabel} down and {xlabel} across"
    words += f", {masked.sum()} cells masked." if masked.any() else "."
    rows, columns = values.shape
    cell = min(0.46 if numbers else 0.3, 7.5 / columns, 7.5 / rows)  # inches
    size = (max(4.6, cell * columns + 2.0), max(3.4, cell * rows + 1.4))
    with course_style():
        figure = CourseFigure(title=title, alt=alt or words, size=size)
        ax = figure.subplots()
        reach = float(np.nanmax(np.abs(values))) or 1.0
        ax.set_facecolor("#f4f4f4")
        ax.patch.set(hatch="////", edgecolor="#d0d0d0", lw=0)
        picture = ax.imshow(
            np.ma.masked_array(values, masked), cmap=DIVERGING if signed else SEQUENTIAL,
            vmin=-reach if signed else min(0.0, float(np.nanmin(values))), vmax=reach,
        )  # fmt: skip
        say(picture, value_label + (f", {masked.sum()} masked" if masked.any() else ""))
        ax.set(xlabel=xlabel, ylabel=ylabel)
        ax.spines[:].set_visible(False)
        _name_ticks(ax, row_names, column_names)
        if numbers:
            _write_numbers(ax, picture, values, cell)
        figure.colorbar(picture, ax=ax, shrink=0.8, label=value_label)
    return figure


def _name_ticks(ax: Axes, row_names: Sequence[str], column_names: Sequence[str]) -> None:
    """Write the names along the edges, those of columns upright when they are long."""
    columns = [visible(name) for name in column_names]
    ax.set_xticks(range(len(columns)), columns, parse_math=False)
    ax.set_yticks(range(len(row_names)), map(visible, row_names), parse_math=False)
    ax.tick_params(length=0, labelsize=8.5 if len(columns) <= 30 else 6.5)
    if max(map(len, columns)) > 3:
        ax.tick_params(axis="x", rotation=90)


def _write_numbers(ax: Axes, picture: AxesImage, values: np.ndarray, inches: float) -> None:
    """Write each value into its cell, white on dark; counts of 0 are left out."""
    whole = np.issubdtype(values.dtype, np.integer)
    for (row, column), value in np.ndenumerate(values):
        if not (np.isnan(value) or (whole and value == 0)):
            red, green, blue, _ = picture.to_rgba(value)
            dark = 0.3 * red + 0.6 * green + 0.1 * blue < 0.55
            written = f"{value}" if whole else f"{value:.2f}"
            size = min(9.0, 100 * inches / max(3, len(written)))
            ax.text(
                column, row, written, ha="center", va="center", fontsize=size,
                color="white" if dark else INK,
            )  # fmt: skip


def visible(token: str) -> str:
    """Write a token so that it can be seen: blanks as signs, what the font lacks as a code."""
    if token in VISIBLE:
        return VISIBLE[token]
    known = get_font(findfont(FontProperties())).get_charmap()
    shown = (VISIBLE.get(letter, letter) for letter in token)
    return "".join(
        letter if letter.isprintable() and ord(letter) in known else f"U+{ord(letter):04X}"
        for letter in shown
    )
