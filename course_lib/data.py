"""Data sets of the course: small, offline, described.

`iris`, `digits`, `wine` and `breast_cancer` come with scikit-learn; `blobs`, `moons`, `spirals` and
`xor` are drawn from a generator that the caller passes. Leaves out: downloads. Used from lesson 01.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

__all__ = [
    "Dataset",
    "blobs",
    "breast_cancer",
    "digits",
    "iris",
    "moons",
    "spirals",
    "split",
    "wine",
    "xor",
]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Examples with their classes, and the words to label a figure with.

    X has one row per example, shape (batch, features); y holds for each example the index of its
    class in class_names, shape (batch,); feature_names has one name per column of X.

    Raises:
        ValueError: the parts do not fit together.
    """

    X: Float[np.ndarray, "batch features"]
    y: Int[np.ndarray, " batch"]
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    source: str

    def __post_init__(self) -> None:
        """Refuse parts that do not fit together."""
        if self.X.ndim != 2 or self.X.shape[1] != len(self.feature_names):
            raise ValueError(
                f"X must have shape (batch, {len(self.feature_names)}), got {self.X.shape}"
            )
        if self.y.shape != (len(self.X),):
            raise ValueError(f"y must have shape ({len(self.X)},), got {self.y.shape}")
        if len(self.y) and not 0 <= self.y.min() <= self.y.max() < len(self.class_names):
            raise ValueError(
                f"y must lie in [0, {len(self.class_names)}), got {np.unique(self.y).tolist()}"
            )

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.y)

    def __repr__(self) -> str:
        """Describe the set in one line, without its numbers."""
        classes = ", ".join(self.class_names)
        return (
            f"Dataset({len(self)} examples, {len(self.feature_names)} features, "
            f"{len(self.class_names)} classes: {classes})"
        )

    def only(self, *class_names: str) -> "Dataset":
        """Keep the examples of the named classes, in their order; classes are renumbered as named.

        Raises:
            ValueError: a name is not among the classes.
        """
        old = _positions(class_names, self.class_names, "class")
        rows = np.isin(self.y, old)
        renumbered = np.full(len(self.class_names), -1)
        renumbered[old] = np.arange(len(old))
        return replace(
            self, X=self.X[rows], y=renumbered[self.y[rows]], class_names=tuple(class_names)
        )

    def features(self, *feature_names: str) -> "Dataset":
        """Keep the named columns of X, in the order named.

        Raises:
            ValueError: a name is not among the features.
        """
        columns = _positions(feature_names, self.feature_names, "feature")
        return replace(self, X=self.X[:, columns], feature_names=tuple(feature_names))

    def rows(self, rows: Int[np.ndarray, " chosen"] | slice) -> "Dataset":
        """Keep the given examples, in the order given (row numbers or a slice)."""
        return replace(self, X=self.X[rows], y=self.y[rows])

    def shuffled(self, rng: np.random.Generator) -> "Dataset":
        """Return the same examples in random order."""
        return self.rows(rng.permutation(len(self)))

    def signed_labels(self) -> Int[np.ndarray, " batch"]:
        """Give labels for two-class learning: -1 for the first class, +1 for the second.

        Raises:
            ValueError: there are not exactly two classes.
        """
        if len(self.class_names) != 2:
            raise ValueError(
                f"signed labels need exactly 2 classes, got {len(self.class_names)}: "
                "pick two with .only(first, second)"
            )
        return 2 * self.y - 1


def _positions(wanted: Sequence[str], known: Sequence[str], kind: str) -> list[int]:
    """Find the place of every wanted name among the known ones."""
    for name in wanted:
        if name not in known:
            raise ValueError(f"{kind} must be one of {', '.join(known)}; got {name!r}")
    if not wanted or len(set(wanted)) < len(wanted):
        raise ValueError(f"name at least one {kind}, each once; got {list(wanted)}")
    return [known.index(name) for name in wanted]


def _bundled(name: str, source: str) -> Dataset:
    """Read one of the sets that come with scikit-learn."""
    from sklearn import datasets  # loaded on use, to keep `import course_lib` light

    bunch = getattr(datasets, f"load_{name}")()
    return Dataset(
        X=np.asarray(bunch.data, dtype=np.float64),
        y=np.asarray(bunch.target, dtype=np.int64),
        feature_names=tuple(map(str, bunch.feature_names)),
        class_names=tuple(map(str, bunch.target_names)),
        source=source,
    )


def iris() -> Dataset:
    """150 iris flowers of three species, four lengths and widths in cm, 50 of each in turn."""
    return _bundled("iris", "Fisher 1936, measured by Anderson; through scikit-learn")


def digits() -> Dataset:
    """1797 handwritten digits, 8 by 8 pixels of ink from 0 to 16, flattened to 64 features.

    `dataset.X.reshape(-1, 8, 8)` gives the images back.
    """
    return _bundled("digits", "Alpaydin and Kaynak 1998, UCI; through scikit-learn")


def wine() -> Dataset:
    """178 Italian wines from three growers, 13 chemical measurements on very different scales."""
    return _bundled("wine", "Forina and others 1991, UCI; through scikit-learn")


def breast_cancer() -> Dataset:
    """569 tumours, malignant or benign, 30 measurements of cell nuclei."""
    return _bundled("breast_cancer", "Wolberg and others 1995, UCI; through scikit-learn")


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


def split(dataset: Dataset, fraction: float, rng: np.random.Generator) -> tuple[Dataset, Dataset]:
    """Shuffle, then part a set in two: (train, held_out), with `fraction` of it held out.

    Example: a fraction of 0.25 of 150 flowers holds out 38 (rounded) and trains on 112.

    Raises:
        ValueError: fraction leaves either part empty.
    """
    held_out = round(fraction * len(dataset))
    if not 0 < held_out < len(dataset):
        raise ValueError(
            f"fraction must leave examples on both sides, got {fraction} of {len(dataset)}"
        )
    shuffled = dataset.shuffled(rng)
    return shuffled.rows(slice(held_out, None)), shuffled.rows(slice(held_out))


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
