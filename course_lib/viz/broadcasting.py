"""Broadcasting pictured: shapes lined up, stretched, added; and gradients summed on the way back.

Each array is a grid of cells. Taught in lesson 05.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Real
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from course_lib.viz.figure import COLOURS, INK, MUTED, CourseFigure, course_style, say

Array = Real[np.ndarray, "..."]

MOST_CELLS = 6  # along either axis: more could not be read
_BLUE, _ORANGE, _GREEN, _PINK = COLOURS[1], COLOURS[4], COLOURS[2], COLOURS[3]


def broadcasting(
    a: Array, b: Array, grad: Array, *, names: Sequence[str] = ("a", "b")
) -> dict[str, CourseFigure]:
    """What happens in a + b and in its backward pass, a figure a step, by the step's name.

    a and b have at most two axes. Copies that broadcasting makes are drawn pale. grad is the
    gradient of some loss with respect to a + b, and has its shape.

    Raises:
        ValueError: the shapes do not broadcast, grad has another shape than a + b, or an array is
            too large to be drawn.
    """
    shape = np.broadcast_shapes(a.shape, b.shape)
    if not 1 <= len(shape) <= 2 or max(shape) > MOST_CELLS:
        raise ValueError(f"1 or 2 axes of at most {MOST_CELLS} can be drawn, got shape {shape}")
    if grad.shape != shape:
        raise ValueError(f"grad must have the shape of the sum, {shape}, got {grad.shape}")
    one, two = names
    both = f"{one} + {two}"
    story = _Story(shape, (one, f"+ {two}", f"= {both}"), (_BLUE, _ORANGE, _GREEN))
    back = _Story(
        shape, (f"gradient for {one}", f"for {two}", f"for {both}"), (_PINK, _PINK, _PINK)
    )
    padded = [x.reshape((1,) * (len(shape) - x.ndim) + x.shape) for x in (a, b)]
    stretched = [np.broadcast_to(x, shape) for x in (a, b)]
    sums = [_summed(grad, x.shape) for x in (a, b)]
    frames = {
        "shapes": story.frame(
            f"Shapes {a.shape} and {b.shape} are lined up from the right", [a, b, None]
        )
    }
    if a.ndim != b.ndim:
        frames["axis in front"] = story.frame(
            "An axis that is missing is added in front, with length 1", [*padded, None]
        )
    originals = [tuple(x.shape) for x in padded]
    frames["stretch"] = story.frame(
        "Axes of length 1 are stretched: the pale cells are copies",
        [*stretched, None], originals,
    )  # fmt: skip
    frames["add"] = story.frame(
        "Now number meets number, and the sum has the larger shape",
        [*stretched, np.asarray(a + b)],
        originals,
    )
    frames["gradient arrives"] = back.frame(
        "Backward: a gradient arrives for every number of the result", [None, None, grad]
    )
    frames["to every copy"] = back.frame(
        "Adding passes it on: every copy gets a gradient of its own", [grad, grad, grad], originals
    )
    axes = [_repeated(grad.shape, x.shape) for x in (a, b)]
    back.headings = [f"{name}: {_sum_over(over)}" for name, over in zip(names, axes, strict=True)]
    back.headings += [f"for {both}"]
    frames["sum"] = back.frame("Copies were one number: their gradients are summed", [*sums, grad])
    return frames


def _summed(grad: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The sum of grad over all copies of each number."""
    over = _repeated(grad.shape, shape)
    return np.asarray(grad.sum(axis=over, keepdims=True).reshape(shape))


def _repeated(large: tuple[int, ...], small: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of the large shape along which an array of the small one was copied."""
    padded = (1,) * (len(large) - len(small)) + small
    return tuple(i for i, (n, m) in enumerate(zip(padded, large, strict=True)) if n == 1 != m)


def _sum_over(axes: tuple[int, ...]) -> str:
    if not axes:
        return "as it is"
    return f"sum over ax{'es' if len(axes) > 1 else 'is'} {', '.join(map(str, axes))}"


class _Story:
    """Frames of one layout: three panels, each with room for the broadcast shape."""

    def __init__(
        self, shape: tuple[int, ...], headings: Sequence[str], colours: Sequence[str]
    ) -> None:
        self.rows, self.columns = (1, *shape)[-2:]
        self.headings, self.colours = list(headings), colours

    def frame(
        self,
        title: str,
        arrays: Sequence[np.ndarray | None],
        originals: Sequence[tuple[int, ...]] = (),
    ) -> CourseFigure:
        """One figure; originals say which part of an array is no copy."""
        drawn = [
            f"{heading.lstrip('+= ')} {array.shape}"
            for heading, array in zip(self.headings, arrays, strict=True)
            if array is not None
        ]
        words = f"Grids of numbers side by side: {'; '.join(drawn)}."
        with course_style():
            height = 1.35 + 7.2 / (3 * self.columns + 1.5) * self.rows
            figure = CourseFigure(title=title, alt=words, size=(7.2, min(max(height, 2.2), 4.2)))
            panels = figure.subplots(1, 3, squeeze=False).ravel()
            for k, (ax, array) in enumerate(zip(panels, arrays, strict=True)):
                self._set_up(ax, self.headings[k], array)
                if array is None:
                    self._room(ax)
                else:
                    kept = originals[k] if k < len(originals) else array.shape
                    _cells(ax, array, kept, self.colours[k])
        return figure

    def _set_up(self, ax: Axes, heading: str, array: np.ndarray | None) -> None:
        shape = "" if array is None else f", shape {array.shape}"
        ax.set_title(heading + shape, loc="left", fontsize=9.5)
        ax.set(xlim=(-0.06, self.columns + 0.06), ylim=(self.rows + 0.06, -0.06), aspect="equal")
        ax.axis("off")

    def _room(self, ax: Axes) -> None:
        """Leave the place empty of a result that is not there yet."""
        outline = Rectangle(
            (0, 0), self.columns, self.rows, fill=False, ec=MUTED, ls=":", lw=1.0, alpha=0.6
        )
        ax.add_patch(outline)


def _cells(ax: Axes, array: np.ndarray, original: tuple[int, ...], colour: str) -> None:
    """Draw an array as cells; what lies outside of its original shape is a copy, drawn pale."""
    table = array.reshape((1,) * (2 - array.ndim) + array.shape)
    rows, columns = (1, 1, *original)[-2:]
    for (row, column), value in np.ndenumerate(table):
        is_copy = row >= rows or column >= columns
        cell = Rectangle(
            (column, row), 1, 1, fc=(colour, 0.06 if is_copy else 0.32),
            ec=MUTED if is_copy else INK, ls="--" if is_copy else "-", lw=0.7 if is_copy else 1.3,
            zorder=1 if is_copy else 2,
        )  # fmt: skip
        ax.add_patch(cell)
        ax.text(
            column + 0.5, row + 0.53, f"{value:g}", ha="center", va="center", zorder=3,
            color=MUTED if is_copy else INK, fontsize=10,
        )  # fmt: skip
    copies = table.size - int(np.prod([min(rows, len(table)), min(columns, table.shape[1])]))
    numbers = " | ".join(" ".join(f"{value:g}" for value in row) for row in table)
    # A dot too small to be seen carries the numbers into the twin.
    words = ax.text(0, 0, "", fontsize=1)
    say(words, numbers + (f" ({copies} of them copies)" if copies else ""))
