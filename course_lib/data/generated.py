"""Data sets drawn from a generator that the caller passes: the same seed, the same points."""

from collections.abc import Sequence

import numpy as np

from course_lib.data.tables import Dataset


def blobs(
    rng: np.random.Generator,
    *,
    count: int = 100,
    separation: float = 4.0,
    spread: float = 1.0,
    margin: float | None = None,
    direction: Sequence[float] = (1.0, 1.0),
    center: Sequence[float] = (0.0, 0.0),
) -> Dataset:
    """Two round clouds of points, `separation` apart along `direction`, around `center`.

    Without a margin the clouds may overlap. With one, every point lies at least `margin` from the
    plane through `center` at right angles to `direction`, on the side of its class, so w =
    direction and b = -direction . center separate the set. Points that fall short are mirrored.

    Raises:
        ValueError: a size is out of range, or direction and center do not fit.
    """
    _check_positive(count=count, spread=spread)
    axis, middle = np.asarray(direction, dtype=float), np.asarray(center, dtype=float)
    if axis.ndim != 1 or axis.shape != middle.shape or not axis.any():
        raise ValueError(
            f"direction must be a vector other than 0, as long as center; "
            f"got direction {list(direction)} and center {list(center)}"
        )
    if margin is not None and margin <= 0:
        raise ValueError(f"margin must be > 0 or None, got {margin}")
    axis = axis / np.linalg.norm(axis)
    y = rng.permutation(np.arange(count) % 2)
    sign = 2 * y - 1
    offsets = rng.normal(scale=spread, size=(count, len(axis)))
    offsets += np.outer(sign * separation / 2, axis)
    if margin is not None:
        reach = sign * (offsets @ axis)  # distance from the plane, positive on the right side
        mirrored = margin + np.abs(reach - margin)
        offsets += np.outer(sign * (mirrored - reach), axis)
    names = tuple(f"x{i + 1}" for i in range(len(axis)))
    return Dataset(middle + offsets, y, names, ("first", "second"), "generated: blobs")


def moons(rng: np.random.Generator, *, count: int = 200, noise: float = 0.1) -> Dataset:
    """Two half circles of radius 1, each reaching into the other: no straight line parts them.

    Raises:
        ValueError: count is below 1 or noise below 0.
    """
    _check_positive(count=count)
    _check_not_negative(noise=noise)
    y = rng.permutation(np.arange(count) % 2)
    angle = rng.uniform(0.0, np.pi, size=count)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    X = np.where(y[:, None] == 0, upper, [1.0, 0.5] - upper)  # turned half round and shifted
    X = X + rng.normal(scale=noise, size=X.shape)
    return Dataset(X, y, ("x1", "x2"), ("upper moon", "lower moon"), "generated: moons")


def spirals(
    rng: np.random.Generator,
    *,
    count: int = 300,
    classes: int = 2,
    turns: float = 1.0,
    noise: float = 0.02,
) -> Dataset:
    """Arms that wind out from the centre to radius 1, one arm a class.

    Raises:
        ValueError: count, classes or turns is not positive, or noise is below 0.
    """
    _check_positive(count=count, classes=classes, turns=turns)
    _check_not_negative(noise=noise)
    y = rng.permutation(np.arange(count) % classes)
    radius = rng.uniform(0.05, 1.0, size=count)
    angle = 2 * np.pi * (turns * radius + y / classes)
    X = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    X = X + rng.normal(scale=noise, size=X.shape)
    names = tuple(f"arm {k + 1}" for k in range(classes))
    return Dataset(X, y, ("x1", "x2"), names, "generated: spirals")


def xor(rng: np.random.Generator, *, copies: int = 1, jitter: float = 0.0) -> Dataset:
    """The four corners of a square, classed by whether the two inputs differ.

    The corners are (-1, -1), (-1, +1), (+1, -1), (+1, +1), each `copies` times; `jitter` is the
    standard deviation of the noise added to both inputs.

    Raises:
        ValueError: copies is below 1 or jitter below 0.
    """
    _check_positive(copies=copies)
    _check_not_negative(jitter=jitter)
    corners = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    X = np.tile(corners, (copies, 1))
    y = (X[:, 0] != X[:, 1]).astype(np.int64)
    X = X + rng.normal(scale=jitter, size=X.shape)
    return Dataset(X, y, ("x1", "x2"), ("same", "different"), "generated: XOR")


def _check_positive(**values: int | float) -> None:
    """Refuse a value at or below 0, by its name."""
    for name, value in values.items():
        if value <= 0:
            raise ValueError(f"{name} must be > 0, got {value}")


def _check_not_negative(**values: int | float) -> None:
    """Refuse a value below 0, by its name."""
    for name, value in values.items():
        if value < 0:
            raise ValueError(f"{name} must be >= 0, got {value}")
