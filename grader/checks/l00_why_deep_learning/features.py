"""Exercise: four features of an image, chosen and computed by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from grader.checks.l00_why_deep_learning.parts import Column
from grader.compare import describe
from grader.exercise import Exercise, Holds, Misconception
from grader.probe import Inputs

Array = np.ndarray


def hand_features(images: Array) -> Array:
    """Four numbers per image: ink, top share, left share, mirror difference."""
    height, width = images.shape[1:]
    ink = images.sum(axis=(1, 2))
    top = images[:, : height // 2].sum(axis=(1, 2)) / ink
    left = images[:, :, : width // 2].sum(axis=(1, 2)) / ink
    mirror = np.abs(images - images[:, :, ::-1]).mean(axis=(1, 2))
    return np.stack([ink, top, left, mirror], axis=1)


def image_cases(rng: np.random.Generator) -> list[Inputs]:
    """Batches of 1 to 5 images, wider than high and higher than wide, and some 8 by 8."""
    shapes = [(1, 2, 4), (2, 4, 2), (3, 6, 4), (5, 4, 6), (3, 8, 8)]
    return [(np.round(rng.uniform(0.1, 1.0, size=shape), 1),) for shape in shapes]


def one_image_at_a_time(images: Array) -> Array:
    """Visit the images, and their pixels, in a loop."""
    rows = []
    for image in images:
        height, width = image.shape
        ink = top = left = mirror = 0.0
        for r in range(height):
            for c in range(width):
                ink += image[r, c]
                top += image[r, c] if r < height / 2 else 0
                left += image[r, c] if c < width / 2 else 0
                mirror += abs(image[r, c] - image[r, width - 1 - c]) / (height * width)
        rows.append([ink, top / ink, left / ink, mirror])
    return np.array(rows)


def by_rows_and_columns(images: Array) -> Array:
    """Add up rows and columns first."""
    rows, columns = images.sum(axis=2), images.sum(axis=1)
    upper, _ = np.split(rows, 2, axis=1)
    before, _ = np.split(columns, 2, axis=1)
    ink = rows.sum(axis=1)
    mirror = np.mean(np.abs(np.flip(images, axis=2) - images), axis=(1, 2))
    return np.column_stack([ink, upper.sum(axis=1) / ink, before.sum(axis=1) / ink, mirror])


def _replaced(column: int, images: Array, values: Array) -> Array:
    found = hand_features(images)
    found[:, column] = values
    return found


def _ink(images: Array) -> Array:
    return np.asarray(images.sum(axis=(1, 2)))


def _top(images: Array) -> Array:
    return images[:, : images.shape[1] // 2]


def _left(images: Array) -> Array:
    return images[:, :, : images.shape[2] // 2]


def _amounts(images: Array) -> Array:
    found = hand_features(images)
    found[:, 1:3] *= found[:, :1]
    return found


def _means(images: Array) -> Array:
    found = hand_features(images)
    found[:, 1], found[:, 2] = _top(images).mean(axis=(1, 2)), _left(images).mean(axis=(1, 2))
    return found


def _fixed_half(images: Array) -> Array:
    found = hand_features(images)
    ink = _ink(images)
    found[:, 1] = images[:, :4].sum(axis=(1, 2)) / ink
    found[:, 2] = images[:, :, :4].sum(axis=(1, 2)) / ink
    return found


def _one_row_too_many(images: Array) -> Array:
    found = hand_features(images)
    _, height, width = images.shape
    ink = _ink(images)
    found[:, 1] = images[:, : height // 2 + 1].sum(axis=(1, 2)) / ink
    found[:, 2] = images[:, :, : width // 2 + 1].sum(axis=(1, 2)) / ink
    return found


def _whole_batch(images: Array) -> Array:
    return np.array(
        [
            images.sum(),
            _top(images).sum() / images.sum(),
            _left(images).sum() / images.sum(),
            np.abs(images - images[:, :, ::-1]).mean(),
        ]
    )


def _other_halves(images: Array) -> Array:
    found = hand_features(images)
    found[:, 1:3] = 1 - found[:, 1:3]
    return found


def _one_row_an_image(result: Any, images: Array) -> str | None:
    wanted = (len(images), 4)
    if isinstance(result, np.ndarray) and result.shape == wanted:
        return None
    how = "; `np.array(...)` makes an array of it" if isinstance(result, list | tuple) else ""
    return f"an array of shape {wanted} was required, {describe(result)} came{how}"


FEATURES = Exercise(
    id="why_deep_learning.features",
    lesson="00_why_deep_learning",
    title="Four features, made by hand",
    points=3,
    reference=hand_features,
    cases=image_cases,
    criteria=[
        Holds("gives each image a row of four numbers", weight=0.5, test=_one_row_an_image,
              essential=True),
        Column("ink: adds up the pixels", index=0, numbers="any"),
        Column("top: the share of the ink in the upper half", index=1, numbers="any"),
        Column("left: the share of the ink in the left half", index=2, numbers="any"),
        Column("mirror: how far the image is from its mirror image", index=3, numbers="any"),
    ],
    misconceptions=[
        Misconception(
            "one_row_for_the_batch",
            _whole_batch,
            "These are four numbers for all images together. Each image needs its own: sum over "
            "the pixel axes only, `axis=(1, 2)`.",
        ),
        Misconception(
            "one_column_an_image",
            lambda images: hand_features(images).T,
            "The features run down and the images across. An example is a row: stack the features "
            "with `axis=1`.",
        ),
        Misconception(
            "mean_for_sum",
            lambda images: _replaced(0, images, images.mean(axis=(1, 2))),
            "The ink is the *sum* of the pixels; this is their mean.",
        ),
        Misconception(
            "amount_for_share",
            _amounts,
            "Top and left are amounts of ink here. Divide by the image's ink: a bold digit and a "
            "faint one of the same shape should get the same share.",
        ),
        Misconception(
            "mean_for_share",
            _means,
            "This is the mean pixel of the half. The share is the half's ink divided by the ink of "
            "the whole image.",
        ),
        Misconception(
            "top_and_left_swapped",
            lambda images: hand_features(images)[:, [0, 2, 1, 3]],
            "Top and left have changed places. The axes of `images` are image, row, column: the "
            "top half is the first half of the *rows*, axis 1.",
        ),
        Misconception(
            "other_halves",
            _other_halves,
            "These are the shares of the bottom and of the right. Row 0 is the top row of a "
            "picture, and column 0 its left edge.",
        ),
        Misconception(
            "four_for_a_half",
            _fixed_half,
            "The half is written as 4. That fits images of 8 by 8 only; `images.shape` knows the "
            "height and the width.",
        ),
        Misconception(
            "one_line_too_many",
            _one_row_too_many,
            "One row or column too many: a slice `[:h]` already leaves out row `h`.",
        ),
        Misconception(
            "mirror_upside_down",
            lambda images: _replaced(
                3, images, np.abs(images - images[:, ::-1]).mean(axis=(1, 2))
            ),
            "This compares with the image upside down: it turns round the rows, axis 1. A mirror "
            "swaps left and right, axis 2: `images[:, :, ::-1]`.",
        ),
        Misconception(
            "mirror_without_abs",
            lambda images: _replaced(3, images, (images - images[:, :, ::-1]).mean(axis=(1, 2))),
            "Differences of either sign cancel, and the mean is always 0. Take absolute values "
            "first.",
        ),
        Misconception(
            "mirror_summed",
            lambda images: _replaced(
                3, images, np.abs(images - images[:, :, ::-1]).sum(axis=(1, 2))
            ),
            "The mirror difference is added up; the mean over the pixels was asked for.",
        ),
        Misconception(
            "mirror_squared",
            lambda images: _replaced(
                3, images, ((images - images[:, :, ::-1]) ** 2).mean(axis=(1, 2))
            ),
            "This squares the differences. Asked for are absolute values.",
        ),
        Misconception(
            "images_turned_round",
            lambda images: _replaced(3, images, np.abs(images - images[::-1]).mean(axis=(1, 2))),
            "`images[::-1]` turns round the *order of the images*, axis 0. Each image stays as it "
            "is; its columns are axis 2.",
        ),
    ],
    alternatives=[one_image_at_a_time, by_rows_and_columns],
    hints=[
        "`images` has three axes: image, row, column. Adding up over rows and columns leaves one "
        "number an image.",
        "`images[:, : height // 2]` is the upper half of every image; `images[:, :, ::-1]` is "
        "every image in the mirror.",
        "`ink = images.sum(axis=(1, 2))`; the shares divide a half's sum by `ink`; "
        "`np.stack([ink, top, left, mirror], axis=1)` puts the four side by side.",
    ],
)  # fmt: skip
