"""Animated figures as animated PNG: every browser plays them, and paper gets the last frame."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from io import BytesIO

import numpy as np
from jaxtyping import Float, Int
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from course_lib.viz.drawing import (
    Boundary,
    add_legend,
    check_story,
    draw_points,
    draw_state,
    fit_view,
    what,
)
from course_lib.viz.figure import CourseFigure, course_style, display_bundle
from course_lib.viz.points import AXES, SIGNS

MOST_FRAMES = 40
COLOURS_KEPT = 96  # of some thousands, nearly all of them shades at the edges of letters


class CourseAnimation:
    """A short film of a figure, and the figure it ends on."""

    def __init__(self, film: Callable[[], bytes], frames: int, last: CourseFigure) -> None:
        """Keep what makes the film, an animated PNG, and its last frame as a figure."""
        self._film, self.frames, self.last = cache(film), frames, last

    def png(self) -> bytes:
        """Return the animated PNG, made on first use; a viewer that plays none shows its end."""
        return self._film()

    def describe(self) -> str:
        """Say in words how long the film is and what its last frame shows."""
        return f"Animation of {self.frames} frames, the last one:\n{self.last.describe()}"

    def __repr__(self) -> str:
        """Name the film by its title."""
        return f"CourseAnimation({self.last.title!r}, {self.frames} frames)"

    def __str__(self) -> str:
        """Print as the twin in words."""
        return self.describe()

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        """Give Jupyter the film, its twin in words, and the alt text."""
        return display_bundle(self.png, self.describe(), self.last.alt)


def boundary_animation(
    X: Float[np.ndarray, "batch 2"],
    y: Int[np.ndarray, " batch"],
    states: Sequence[Boundary],
    *,
    title: str,
    culprits: Sequence[int | None] | None = None,
    captions: Sequence[str] | None = None,
    seconds_per_frame: float = 0.5,
    plays: int = 3,
    feature_names: Sequence[str] = AXES,
    class_names: Sequence[str] = SIGNS,
    alt: str = "",
) -> CourseAnimation:
    """A film of a boundary in training: one frame per state (w, b), the last held for 2 seconds.

    Arguments are those of `boundary_snapshots`. More than 40 states are thinned out evenly; the
    first and the last stay. plays says how often the film runs before it stops (0: for ever).
    """
    captions, culprits = check_story(states, captions, culprits)
    words = f"Animation of {what(feature_names, class_names)}: a straight line moves from"
    figure = CourseFigure(
        title=title, alt=alt or f"{words} correction to correction.", size=(6.0, 4.4)
    )
    places = np.linspace(0, len(states) - 1, min(len(states), MOST_FRAMES))
    shown: list[int] = places.round().astype(int).tolist()
    # The frame with most in it settles layout and legend; then they are fixed, so nothing jumps.
    fullest = max(shown, key=lambda k: (culprits[k] is not None, np.any(states[k][0])))
    X, states = np.array(X), [(np.array(w), b) for w, b in states]  # the film is made later
    with course_style():
        ax = figure.subplots()
        ax.set(xlabel=feature_names[0], ylabel=feature_names[1])
        fit_view(ax, X)
        draw_points(ax, X, y, class_names, size=20)
    fixed = set(ax.get_children())

    def show(k: int) -> None:
        for moved in set(ax.get_children()) - fixed:
            moved.remove()
        draw_state(ax, X, states[k], culprits[k])
        ax.set_title(captions[k], loc="left")

    def film() -> bytes:
        frames = []
        with course_style():
            for k in (fullest, *shown):
                show(k)
                frames.append(_frame(figure))
                figure.set_layout_engine("none")
        return _film(frames[1:], seconds_per_frame, plays)

    with course_style():
        show(fullest)
        add_legend(figure, ax)
        show(shown[-1])
    return CourseAnimation(film, len(shown), figure)


def _frame(figure: CourseFigure) -> np.ndarray:
    """Render the figure as it stands: one number per pixel, 0xRRGGBB, shape (height, width)."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    rgba = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    red, green, blue = np.moveaxis(rgba[..., :3].astype(np.int64), -1, 0)
    packed: np.ndarray = (red << 16) + (green << 8) + blue
    return packed


def _film(frames: Sequence[np.ndarray], seconds_per_frame: float, plays: int) -> bytes:
    """Join frames to an animated PNG, with the last one as its still picture."""
    colours, covered = np.unique(frames[-1], return_counts=True)
    palette = colours[np.argsort(-covered, kind="stable")[:COLOURS_KEPT]]
    pictures = [_with_palette(frame, palette) for frame in frames]
    each = round(1000 * seconds_per_frame)
    film = BytesIO()
    pictures[-1].save(
        film, format="PNG", save_all=True, default_image=True, append_images=pictures,
        duration=[each] * (len(pictures) - 1) + [2000], loop=plays, optimize=True,
    )  # fmt: skip
    return film.getvalue()


def _with_palette(frame: np.ndarray, palette: np.ndarray) -> Image.Image:
    """Give every pixel the nearest palette colour; exact ones stay exact, unlike with Pillow's."""
    colours, place = np.unique(frame, return_inverse=True)
    gaps = ((_rgb(colours)[:, None] - _rgb(palette)) ** 2).sum(axis=-1)
    nearest = gaps.argmin(axis=1).astype(np.uint8)
    picture = Image.fromarray(nearest[place].reshape(frame.shape))
    picture.putpalette(_rgb(palette).astype(np.uint8).tobytes())
    return picture


def _rgb(colours: np.ndarray) -> np.ndarray:
    """Split 0xRRGGBB numbers into three columns."""
    return np.stack([colours >> 16, (colours >> 8) & 255, colours & 255], axis=-1)
