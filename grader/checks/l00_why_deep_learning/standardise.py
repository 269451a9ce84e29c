"""Exercise: bring the features to one scale, by what the training set says."""

from __future__ import annotations

import numpy as np

from grader.checks.l00_why_deep_learning.parts import Item
from grader.exercise import Exercise, Misconception
from grader.probe import Inputs

Array = np.ndarray
Pair = tuple[Array, Array]


def standardise(X_train: Array, X_val: Array) -> Pair:
    """Shift and scale each feature so that in training its mean is 0 and its std 1."""
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    std = np.where(std == 0, 1.0, std)
    return (X_train - mean) / std, (X_val - mean) / std


def varied_cases(rng: np.random.Generator) -> list[Inputs]:
    """Features on very different scales, and validation rows that lie elsewhere."""
    return [_drawn(rng, *sizes) for sizes in [(3, 1, 2), (4, 3, 3), (7, 2, 1), (5, 6, 4)]]


def _drawn(rng: np.random.Generator, train: int, val: int, features: int) -> Inputs:
    centre = rng.choice([-1, 1], size=features) * rng.uniform(2, 9, size=features)
    spread = 10.0 ** rng.permutation(features) * rng.uniform(1.5, 4)
    X_train = np.round(centre + spread * rng.normal(size=(train, features)), 1)
    X_val = np.round(centre + spread * (1 + 2 * rng.normal(size=(val, features))), 1)
    return X_train, X_val


def constant_cases(rng: np.random.Generator) -> list[Inputs]:
    """The same, with one feature that never varies in training but does afterwards."""
    cases = []
    for train, val, features in [(3, 1, 2), (6, 4, 3)]:
        X_train, X_val = _drawn(rng, train, val, features)
        k = int(rng.integers(features))
        X_train[:, k] = rng.choice([0.0, 0.5, 2.0])  # sums of these are exact, so the std is 0
        X_val[:, k] = X_train[0, k] + rng.choice([-3.0, 1.0, 2.0], size=val)
        cases.append((X_train, X_val))
    return cases


def feature_by_feature(X_train: Array, X_val: Array) -> Pair:
    """One column after the other."""
    done_train, done_val = np.array(X_train, dtype=float), np.array(X_val, dtype=float)
    for k in range(X_train.shape[1]):
        mean = sum(X_train[:, k]) / len(X_train)
        std = (sum((X_train[:, k] - mean) ** 2) / len(X_train)) ** 0.5
        for done in (done_train, done_val):
            done[:, k] -= mean
            if std > 0:
                done[:, k] /= std
    return done_train, done_val


def both_at_once(X_train: Array, X_val: Array) -> Pair:
    """Stack the rows, but take the statistics of the first part only."""
    rows = np.vstack([X_train, X_val]) - np.mean(X_train, axis=0)
    spread = np.sqrt(np.mean(rows[: len(X_train)] ** 2, axis=0))
    spread[spread == 0] = 1
    rows = rows / spread
    return rows[: len(X_train)], rows[len(X_train) :]


def _safe(std: Array) -> Array:
    return np.where(std == 0, 1.0, std)


def _by(source: Array, X: Array) -> Array:
    return np.asarray((X - source.mean(axis=0)) / _safe(source.std(axis=0)))


def _whole_set(X_train: Array, X_val: Array) -> Pair:
    everything = np.concatenate([X_train, X_val])
    return _by(everything, X_train), _by(everything, X_val)


def _per_image(X: Array) -> Array:
    mean, std = X.mean(axis=1, keepdims=True), X.std(axis=1, keepdims=True)
    return np.asarray((X - mean) / _safe(std))


def _sample_std(X_train: Array, X_val: Array) -> Pair:
    mean, std = X_train.mean(axis=0), _safe(X_train.std(axis=0, ddof=1))
    return (X_train - mean) / std, (X_val - mean) / std


def _variance(X_train: Array, X_val: Array) -> Pair:
    mean, variance = X_train.mean(axis=0), _safe(X_train.var(axis=0))
    return (X_train - mean) / variance, (X_val - mean) / variance


def _one_for_all(X_train: Array, X_val: Array) -> Pair:
    mean, std = X_train.mean(), X_train.std()
    return (X_train - mean) / std, (X_val - mean) / std


def _min_max(X_train: Array, X_val: Array) -> Pair:
    low = X_train.min(axis=0)
    reach = _safe(X_train.max(axis=0) - low)
    return (X_train - low) / reach, (X_val - low) / reach


def _divides_by_zero(X_train: Array, X_val: Array) -> Pair:
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    return (X_train - mean) / std, (X_val - mean) / std


def _explodes(trials: object) -> bool:
    """Whether the answer is right but for constant features, which come out enormous."""
    for trial in trials:  # type: ignore[attr-defined]
        came, wanted = trial.observed.result[1], trial.expected.result[1]
        constant = np.ptp(trial.inputs[0], axis=0) == 0
        if not np.allclose(came[:, ~constant], wanted[:, ~constant], rtol=1e-2):
            return False
        if not (np.isfinite(came).all() and (np.abs(came[:, constant]) > 10).all()):
            return False
        if np.abs(came).max() > 1e15:  # an infinity that was made finite
            return False
    return True


STANDARDISE = Exercise(
    id="why_deep_learning.standardise",
    lesson="00_why_deep_learning",
    title="Standardise with training statistics",
    points=3,
    reference=standardise,
    cases=varied_cases,
    forbid=["sklearn"],
    criteria=[
        Item("gives training features a mean of 0 and a std of 1", index=0, essential=True),
        Item("treats validation rows by the training statistics", index=1, weight=2),
        Item("copes with a feature that never varies", index=1, cases=constant_cases),
    ],
    misconceptions=[
        Misconception(
            "whole_set",
            _whole_set,
            "Mean and std are taken over both sets together. Then the training features already "
            "know something of the validation rows: a leak. Use the training rows only.",
        ),
        Misconception(
            "own_statistics",
            lambda X_train, X_val: (_by(X_train, X_train), _by(X_val, X_val)),
            "The validation set is standardised by its own mean and std. Then the same image gets "
            "other numbers in other company (and a single one only zeros). Use the training "
            "set's.",
        ),
        Misconception(
            "by_the_validation_set",
            lambda X_train, X_val: (_by(X_val, X_train), _by(X_val, X_val)),
            "Mean and std come from the validation set. They are learned, so they come from what "
            "is there to learn from: the training set.",
        ),
        Misconception(
            "per_image",
            lambda X_train, X_val: (_per_image(X_train), _per_image(X_val)),
            "This standardises each *row*, an image, over its features; that mixes ink with "
            "shares. Each *feature* has its own scale: go down the columns, `axis=0`.",
        ),
        Misconception(
            "one_for_all",
            _one_for_all,
            "One mean and one std for all features together. A feature with large numbers still "
            "drowns the others: take them per column, `axis=0`.",
        ),
        Misconception(
            "not_shifted",
            lambda X_train, X_val: (
                X_train / _safe(X_train.std(axis=0)), X_val / _safe(X_train.std(axis=0))
            ),
            "The features are scaled, but not shifted: subtract the mean first.",
        ),
        Misconception(
            "not_scaled",
            lambda X_train, X_val: (X_train - X_train.mean(axis=0), X_val - X_train.mean(axis=0)),
            "The mean is gone, but the scales are as they were: divide by the std.",
        ),
        Misconception(
            "mean_after_division",
            lambda X_train, X_val: (
                X_train - X_train.mean(axis=0) / _safe(X_train.std(axis=0)),
                X_val - X_train.mean(axis=0) / _safe(X_train.std(axis=0)),
            ),
            "Brackets are missing: `X - mean / std` divides only the mean. Write "
            "`(X - mean) / std`.",
        ),
        Misconception(
            "variance_for_std",
            _variance,
            "This divides by the variance. The std is its root; only then is the spread 1 "
            "afterwards.",
        ),
        Misconception(
            "sample_std",
            _sample_std,
            "This std divides by n - 1 (`ddof=1`), as for estimates from small samples. Here we "
            "take NumPy's own, which divides by n.",
        ),
        Misconception(
            "min_max",
            _min_max,
            "This stretches each feature to the range from 0 to 1. That is another scaling, and "
            "one outlier sets it; use mean and std.",
        ),
        Misconception(
            "validation_untouched",
            lambda X_train, X_val: (_by(X_train, X_train), X_val.copy()),
            "The validation rows come back as they were. The model will be asked about them, so "
            "they need the same shift and scale as what it learned from.",
        ),
        Misconception(
            "divides_by_zero",
            _divides_by_zero,
            "A feature that never varies in training has a std of 0, and the division gives nan "
            "or inf. Where the std is 0, divide by 1.",
        ),
        Misconception(
            "tiny_for_zero",
            lambda X_train, X_val: tuple(
                (X - X_train.mean(axis=0)) / (X_train.std(axis=0) + 1e-8) for X in (X_train, X_val)
            ),
            "Adding something tiny to the std avoids the division by 0, but a feature that first "
            "varies in validation then becomes enormous. Where the std is 0, divide by 1.",
            when=_explodes,
        ),
        Misconception(
            "constant_set_to_zero",
            lambda X_train, X_val: tuple(
                (X - X_train.mean(axis=0))
                / np.where(X_train.std(axis=0) == 0, np.inf, X_train.std(axis=0))
                for X in (X_train, X_val)
            ),
            "A feature that never varies in training comes out as 0 in validation too, whatever "
            "it is there. Subtract its mean and divide by 1: then a change stays to be seen.",
        ),
        Misconception(
            "results_swapped",
            lambda X_train, X_val: standardise(X_train, X_val)[::-1],
            "The validation set came first. Return the training set, then the validation set.",
        ),
    ],
    alternatives=[feature_by_feature, both_at_once],
    hints=[
        "A feature is a column. Which axis do you go along to get one mean per column?",
        "`X_train.mean(axis=0)` and `X_train.std(axis=0)`: the same two serve both sets.",
        "`np.where(std == 0, 1.0, std)` makes a std that is safe to divide by; then "
        "`(X - mean) / std` for either set.",
    ],
)  # fmt: skip
