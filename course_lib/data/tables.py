"""Examples with their classes, and the four sets that come with scikit-learn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int


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
