"""The figure every plot of the course is drawn on: one style, a picture, and a twin in words.

In Jupyter a `CourseFigure` shows as a PNG with a text/plain twin that says what is drawn and is the
same on every machine: a notebook test can hold the twin to the letter and leave the pixels alone.
Pyplot is never involved: nothing is global, nothing has to be closed.
"""

import textwrap
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from io import BytesIO
from typing import Any

import numpy as np
from jaxtyping import Int
from matplotlib import rc_context, rcParamsDefault
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle, StepPatch
from matplotlib.text import Text

DPI = 110
INK = "#222222"
MUTED = "#6b6b6b"
# Okabe and Ito's colours, which people with any colour vision can tell apart, darkest first.
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
# Signed values: red below 0, blue above. Amounts: white for none, darker for more.
DIVERGING = LinearSegmentedColormap.from_list("course-signed", [COLOURS[0], "white", COLOURS[1]])
SEQUENTIAL = LinearSegmentedColormap.from_list(
    "course", ["white", "#56B4E9", COLOURS[1], "#00263D"]
)
LINE_STYLES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")

_KEPT = ("backend", "interactive", "toolbar", "timezone", "figure.max_open_warning")
_STYLE: dict[Any, Any] = {
    **{key: value for key, value in rcParamsDefault.items() if not key.startswith(_KEPT)},
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "font.size": 10,
    "legend.frameon": False,
    "text.color": INK,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
}


def course_style() -> AbstractContextManager[None]:
    """Draw what follows in the course's style, whatever style the notebook has set."""
    return rc_context(_STYLE)


class CourseFigure(Figure):
    """A Matplotlib figure with a title that states the finding and a twin in words.

    title is what the figure shows; alt says what one sees, for those who cannot see it.
    """

    def __init__(self, *, title: str, alt: str, size: tuple[float, float] = (6.0, 4.2)) -> None:
        """Make an empty figure, `size` inches wide and high, with an opaque white background."""
        layout = ConstrainedLayoutEngine(w_pad=0.09, h_pad=0.09)  # inches to the edge
        super().__init__(figsize=size, dpi=DPI, layout=layout, facecolor="white")
        FigureCanvasAgg(self)
        self.title, self.alt = title, alt
        lines = textwrap.fill(title, width=int(size[0] * 9.7))
        self.suptitle(lines, x=0.02, ha="left", fontsize=11.5, fontweight="bold")

    def png(self) -> bytes:
        """Render the figure; the same figure always gives the same bytes."""
        buffer = BytesIO()
        with course_style():
            self.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
        return buffer.getvalue()

    def describe(self) -> str:
        """Say in words what is drawn: title, alt text, and each panel's axes and contents."""
        lines = [f"Figure: {self.title}", f"Alt: {self.alt}"]
        for axes in self.axes:
            lines += _describe_panel(axes)
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Name the figure by its title."""
        return f"CourseFigure({self.title!r})"

    def __str__(self) -> str:
        """Print as the twin in words."""
        return self.describe()

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        """Give Jupyter the picture, its twin in words, and the alt text."""
        return display_bundle(self.png, self.describe(), self.alt)

    def _ipython_display_(self) -> None:
        """Show the bundle above, as IPython may otherwise put its own PNG in its place."""
        from IPython.display import display

        data, metadata = self._repr_mimebundle_()
        display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]


def display_bundle(
    png: Callable[[], bytes], words: str, alt: str
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Draw a picture and pack it with its twin for Jupyter.

    The alt text goes where nbconvert's classic template looks for it; JupyterLab 4.6 has no place
    for it, so the twin carries it too.
    """
    data = {"image/png": b64encode(png()).decode("ascii"), "text/plain": words}
    return data, {"image/png": {"alt": alt}}


def say(artist: Artist, name: str) -> None:
    """Have the figure's twin list this artist under a name."""
    artist.set_gid(name)


def _describe_panel(axes: Axes) -> list[str]:
    """Name a panel, its axes and every artist in it that was given a name."""
    words = [axes.get_title("left"), axes.get_title("center")]
    if axes.get_xlabel():
        words.append(f"across: {axes.get_xlabel()}")
    if axes.get_ylabel():
        words.append(f"up: {axes.get_ylabel()}")
    drawn = [f"  {_kind(a)}: {a.get_gid()}" for a in axes.get_children() if a.get_gid()]
    if len(drawn) == 1:
        words.append(drawn.pop().strip())
    return ["Panel: " + "; ".join(filter(None, words)), *drawn]


def _kind(artist: Artist) -> str:
    """Say what an artist is, with the count read from what it really draws."""
    if isinstance(artist, PathCollection):
        count = len(np.asarray(artist.get_offsets()))
        return f"{count} point{'s' * (count != 1)}"
    if isinstance(artist, StepPatch):
        values = np.asarray(artist.get_data()[0])
        return f"histogram of {values.sum():.0f} values in {len(values)} bins"
    if isinstance(artist, AxesImage):
        rows, columns = artist.get_size()[:2]
        return f"{rows} x {columns} image"
    if isinstance(artist, Line2D):
        count = len(np.atleast_1d(artist.get_xdata()))
        return "line" if artist.get_marker() == "None" else f"line through {count} points"
    if isinstance(artist, ContourSet) and not artist.filled:
        return f"{len(np.asarray(artist.levels))} contour lines"
    if type(artist) is PolyCollection:
        count = len(artist.get_paths())
        return f"{count} span{'s' * (count != 1)}"
    if isinstance(artist, Rectangle):
        return "bar"
    return "note" if isinstance(artist, Text) else "area"


def class_indices(
    y: Int[np.ndarray, " batch"], class_names: Sequence[str]
) -> Int[np.ndarray, " batch"]:
    """Turn labels (-1 and +1, or class numbers from 0) into positions in class_names.

    Raises:
        ValueError: a label has no class name.
    """
    labels = np.asarray(y)
    if len(class_names) == 2 and np.isin(labels, (-1, 1)).all() and (labels == -1).any():
        return (labels + 1) // 2
    if len(class_names) == 2 and labels.size and (labels == 1).all():
        return np.ones(len(labels), dtype=np.int64)  # either coding: the second class
    if labels.size and not 0 <= labels.min() <= labels.max() < len(class_names):
        raise ValueError(
            f"labels must be -1/+1 or 0 to {len(class_names) - 1}, got {np.unique(labels).tolist()}"
        )
    return labels


def in_words(items: Sequence[str] | Mapping[str, Any]) -> str:
    """Join names as in a sentence: a, b and c."""
    names = list(items)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
