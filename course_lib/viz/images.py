"""Figures of small images: a gallery of examples, and weights seen as a picture."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from course_lib.viz.figure import DIVERGING, CourseFigure, course_style, in_words, say


def image_gallery(
    images: Float[np.ndarray, "count height width"],
    captions: Sequence[str],
    *,
    title: str,
    columns: int = 8,
    signed: bool = False,
    alt: str = "",
) -> CourseFigure:
    """Small grey images in rows, dark where a pixel is high, each with a caption.

    All share one scale, from 0 to the highest pixel. signed is for weights: blue above 0, red
    below, white at 0, and each image on a scale of its own.

    Raises:
        ValueError: there is not one caption per image, or images is not (count, height, width).
    """
    if images.ndim != 3 or not len(images):
        raise ValueError(f"images must have shape (count, height, width), got {images.shape}")
    if len(captions) != len(images):
        raise ValueError(f"captions must match the {len(images)} images, got {len(captions)}")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    words = f"{len(images)} images of {images.shape[1]} by {images.shape[2]} pixels: "
    with course_style():
        size = (max(0.95 * columns, 4.0) + 0.1, 1.2 * rows + 0.45)
        figure = CourseFigure(title=title, alt=alt or words + in_words(captions) + ".", size=size)
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for ax, image, caption in zip(grid, images, captions, strict=False):
            reach = float(np.abs(image).max() if signed else images.max()) or 1.0
            colours, low = (DIVERGING, -reach) if signed else ("Greys", 0.0)
            picture = ax.imshow(image, cmap=colours, vmin=low, vmax=reach)
            say(picture, "weights" if signed else "pixels")
            ax.set_title(caption)
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(True)
            ax.spines[:].set_color("#cccccc")
        for ax in grid[len(images) :]:
            ax.remove()
    return figure


def weight_image(
    w: Float[np.ndarray, " features"],
    shape: tuple[int, int],
    *,
    title: str,
    class_names: Sequence[str] = ("-1", "+1"),
    alt: str = "",
) -> CourseFigure:
    """Weights laid out like the image they look at.

    Blue speaks for the second class, red for the first; white is 0, and the scale is the same on
    both sides of it.

    Raises:
        ValueError: shape does not hold as many pixels as there are weights.
    """
    if w.ndim != 1 or w.size != shape[0] * shape[1]:
        raise ValueError(f"w must have {shape[0]} * {shape[1]} weights, got shape {w.shape}")
    first, second = class_names
    words = f"{shape[0]} by {shape[1]} weights as an image: one colour speaks for {first},"
    words += f" another for {second}."
    reach = float(np.abs(w).max()) or 1.0
    with course_style():
        figure = CourseFigure(title=title, alt=alt or words, size=(5.0, 4.0))
        ax = figure.subplots()
        picture = ax.imshow(w.reshape(shape), cmap=DIVERGING, vmin=-reach, vmax=reach)
        say(picture, "weights")
        ax.set(xlabel="pixel column", ylabel="pixel row")
        bar = figure.colorbar(picture, ax=ax, shrink=0.8)
        bar.set_label("weight")
        bar.ax.set_title(f"for {second}", fontsize=9)
        bar.ax.set_xlabel(f"for {first}", fontsize=9, labelpad=6)
    return figure
