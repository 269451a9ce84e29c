"""The perceptron in plain NumPy: one unit, its learning rule, and the limit of what it can learn.

First rung of the ladder. Labels are -1 and +1 throughout, arrays are float64. Leaves out: gradients
and losses, which lessons 03 and 04 add. Taught in lesson 01.

Sources: Rosenblatt 1958 (the unit and its rule); Novikoff 1962 (the bound on mistakes); Minsky and
Papert 1969 (what one unit cannot compute).
"""

import numpy as np
from jaxtyping import Float, Int

__all__ = ["Perceptron", "mistake_bound", "step", "update", "weighted_sum", "xor_net"]


def weighted_sum(
    X: Float[np.ndarray, "batch features"], w: Float[np.ndarray, " features"], b: float
) -> Float[np.ndarray, " batch"]:
    """Score every example: its features times the weights, summed, plus the bias.

    X has one row per example, shape (batch, features); w has one weight per feature, shape
    (features,); b is one number. The result has one score per example, shape (batch,).

    Example: the row [1, 2] with weights [3, -1] and bias 0.5 scores 3 - 2 + 0.5 = 1.5.

    >>> weighted_sum(np.array([[1.0, 2.0]]), np.array([3.0, -1.0]), 0.5)
    array([1.5])

    Source: Rosenblatt 1958.
    """
    return X @ w + b


def step(z: Float[np.ndarray, "*shape"]) -> Int[np.ndarray, "*shape"]:
    """Decide: +1 where the score is 0 or more, -1 where it is negative.

    z is an array of scores of any shape; the result is an integer array of the same shape.

    Example: scores [-0.5, 0, 2] give [-1, 1, 1].

    >>> step(np.array([-0.5, 0.0, 2.0]))
    array([-1,  1,  1])

    Source: Rosenblatt 1958, with -1 for a silent unit where he has 0.
    """
    return np.where(z >= 0, 1, -1)


def update(
    w: Float[np.ndarray, " features"],
    b: float,
    x: Float[np.ndarray, " features"],
    y: int | np.integer,
) -> tuple[Float[np.ndarray, " features"], float]:
    """Learn from one example: the weights and bias after seeing x with its true label y.

    w holds one weight per feature, shape (features,); b is one number; x is one example, shape
    (features,); y is -1 or +1. The example counts as a mistake when y * (w . x + b) <= 0, so a
    point exactly on the boundary is one. A mistake adds y * x to the weights and y to the bias;
    otherwise both come back unchanged. The array w that was passed in is never modified.

    Example: from w = [0, 0], b = 0, the example [2, -1] with label -1 gives w = [-2, 1], b = -1.

    >>> update(np.array([0.0, 0.0]), 0.0, np.array([2.0, -1.0]), -1)
    (array([-2.,  1.]), -1.0)

    Source: Rosenblatt 1958, in the form of Novikoff 1962 (learning rate 1).
    """
    if y * (w @ x + b) <= 0:
        return w + y * x, b + y
    return w, b


class Perceptron:
    """One unit trained by correcting its mistakes, one example at a time.

    After `fit` it holds the weights `w`, shape (features,), the bias `b`, and `mistakes`, a list
    with the number of mistakes made in each pass over the data (each epoch).

    Example: the points 1 (label +1) and -1 (label -1). The first lies on the boundary of the zero
    unit, so w = 1, b = 1; that puts the second on the boundary, so w = 2, b = 0; then all is right.

    >>> unit = Perceptron().fit(np.array([[1.0], [-1.0]]), np.array([1, -1]))
    >>> unit.w.tolist(), float(unit.b), unit.mistakes
    ([2.0], 0.0, [2, 0])

    Raises:
        ValueError: max_epochs is below 1.

    Source: Rosenblatt 1958; that it stops on separable data, Novikoff 1962.
    """

    w: Float[np.ndarray, " features"]
    b: float
    mistakes: list[int]

    def __init__(self, max_epochs: int = 100) -> None:
        """Keep the largest number of passes over the data that `fit` may make."""
        if max_epochs < 1:
            raise ValueError(f"max_epochs must be at least 1, got {max_epochs}")
        self.max_epochs = max_epochs

    def fit(
        self, X: Float[np.ndarray, "batch features"], y: Int[np.ndarray, " batch"]
    ) -> "Perceptron":
        """Learn from the examples in the order given and return self.

        X has one row per example, shape (batch, features); y has one label per example, -1 or +1,
        shape (batch,). Training starts from zero weights and a zero bias, and ends after the first
        epoch without a mistake or after max_epochs epochs, whichever comes first.

        Raises:
            ValueError: X or y has the wrong shape, or a label is neither -1 nor +1.
        """
        self._check(X, y)
        self.w, self.b, self.mistakes = np.zeros(X.shape[1]), 0.0, []
        for _ in range(self.max_epochs):
            mistakes = 0
            for x, label in zip(X, y, strict=True):
                if label * (self.w @ x + self.b) <= 0:
                    self.w, self.b = self.w + label * x, self.b + label
                    mistakes += 1
            self.mistakes.append(mistakes)
            if mistakes == 0:
                break
        return self

    def predict(self, X: Float[np.ndarray, "batch features"]) -> Int[np.ndarray, " batch"]:
        """Label every example -1 or +1.

        X has one row per example, shape (batch, features); the result has shape (batch,).

        Raises:
            RuntimeError: `fit` has not been called.
            ValueError: X has the wrong shape.
        """
        if not hasattr(self, "w"):
            raise RuntimeError("fit must be called before predict, but it was not")
        self._check(X)
        return step(weighted_sum(X, self.w, self.b))

    def _check(self, X: np.ndarray, y: np.ndarray | None = None) -> None:
        """Refuse examples (and labels, when given) that the unit cannot use."""
        if X.ndim != 2:
            raise ValueError(f"X must have shape (batch, features), got shape {X.shape}")
        if y is None:
            if X.shape[1] != len(self.w):
                raise ValueError(f"X must have {len(self.w)} features, got {X.shape[1]}")
        elif y.shape != (len(X),):
            raise ValueError(f"y must have one label per example, ({len(X)},), got shape {y.shape}")
        elif not np.isin(y, (-1, 1)).all():
            raise ValueError(f"labels must be -1 or +1, got {np.unique(y).tolist()}")


def mistake_bound(
    X: Float[np.ndarray, "batch features"],
    y: Int[np.ndarray, " batch"],
    w: Float[np.ndarray, " features"],
    b: float,
) -> float:
    """Novikoff's limit on the mistakes a perceptron can make, ever: (R / gamma) ** 2.

    X has one row per example, shape (batch, features); y holds labels -1 or +1, shape (batch,); w,
    shape (features,), and b describe any boundary that puts every example on its own side.

    To count the bias as one more weight, every example gets a constant 1 as an extra feature. R is
    then the length of the longest example, and gamma the smallest y * (w . x + b) divided by the
    length of (w, b) taken together. Every separating (w, b) gives a valid limit; the one with the
    widest margin gives the lowest.

    Example: the points 1 (label +1) and -1 (label -1) with w = [1], b = 0 have R = sqrt(2) and
    gamma = 1, so at most 2 mistakes.

    >>> round(mistake_bound(np.array([[1.0], [-1.0]]), np.array([1, -1]), np.array([1.0]), 0.0), 9)
    2.0

    Raises:
        ValueError: (w, b) leaves an example on the wrong side, or on the boundary.

    Source: Novikoff 1962, for training that starts from zeros.
    """
    margins = y * (X @ w + b)
    if margins.min() <= 0:
        wrong = int((margins <= 0).sum())
        raise ValueError(
            f"(w, b) must separate the classes: y * (X @ w + b) > 0 for all {len(y)} examples, "
            f"got {wrong} at or below 0"
        )
    gamma = margins.min() / np.sqrt(w @ w + b * b)
    R = np.sqrt((X * X).sum(axis=1) + 1.0).max()  # the constant feature adds 1 to the square
    return float((R / gamma) ** 2)


def xor_net(X: Float[np.ndarray, "batch 2"]) -> Int[np.ndarray, " batch"]:
    """XOR of two inputs coded -1 and +1: +1 where they differ, -1 where they agree.

    X has one row per example and two columns, shape (batch, 2); the result has shape (batch,).
    No single unit can do this. Three can: two look at the inputs ("at least one is +1" and "not
    both are +1"), and a third looks at those two ("both say yes"). Nothing is trained here; the
    weights are set by hand.

    Example: (-1, +1) makes both hidden units say +1, so the answer is +1.

    >>> xor_net(np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]))
    array([-1,  1,  1, -1])

    Source: what one unit cannot do, Minsky and Papert 1969.
    """
    either = np.where(X @ np.array([1.0, 1.0]) + 1.0 >= 0, 1, -1)  # OR
    not_both = np.where(X @ np.array([-1.0, -1.0]) + 1.0 >= 0, 1, -1)  # NAND
    return np.where(either + not_both - 1.0 >= 0, 1, -1)  # AND
