"""Exercise: train on the training set, judge on the validation set, and on nothing else.

The model that comes in keeps a record of what it was shown, so that the judge sees the experiment
and not only its result.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from grader.exercise import Exercise, Holds, Misconception, Values
from grader.probe import Inputs

Array = np.ndarray


def honest_score(model: Any, X_train: Array, y_train: Array, X_val: Array, y_val: Array) -> float:
    """Train the model, and return the share of examples new to it that it gets right."""
    model.fit(X_train, y_train)
    return np.mean(model.predict(X_val) == y_val)


def experiment(honest_score: Any, X_train: Any, y_train: Any, X_val: Any, y_val: Any) -> Any:
    """Hand over a model that writes down what it is shown. Travels as source."""

    class Model:
        """Gives an example the class whose mean is nearest."""

        def __init__(self) -> None:
            self.shown: Any = []

        def fit(self, X: Any, y: Any) -> Any:
            self.shown.append((np.array(X, dtype=float), np.array(y)))
            self.labels = np.unique(y)
            self.means = np.stack([np.mean(X[y == k], axis=0) for k in self.labels])
            return self

        def predict(self, X: Any) -> Any:
            if not self.shown:
                raise RuntimeError("this model has not been trained: call its `fit` first")
            gaps = ((np.asarray(X)[:, None] - self.means) ** 2).sum(axis=2)
            return self.labels[gaps.argmin(axis=1)]

        def score(self, X: Any, y: Any) -> Any:
            return np.mean(self.predict(X) == y)

    model = Model()
    score = honest_score(model, X_train, y_train, X_val, y_val)
    shown, labels = model.shown[-1] if model.shown else (np.zeros((0, 0)), np.zeros(0))
    width = X_train.shape[1]
    rows = [(*row[:width], k) for row, k in zip(shown.tolist(), labels.tolist(), strict=True)]
    train = [(*row, k) for row, k in zip(X_train.tolist(), y_train.tolist(), strict=True)]
    val = [(*row, k) for row, k in zip(X_val.tolist(), y_val.tolist(), strict=True)]
    return {
        "times trained": len(model.shown),
        "rows it learned from": {
            "training": sum(row in train for row in rows),
            "validation": sum(row in val for row in rows),
            "neither": sum(row not in train and row not in val for row in rows),
        },
        "columns it learned from": shown.shape[1],
        "score": "the model itself" if isinstance(score, Model) else score,
    }


def experiment_cases(rng: np.random.Generator) -> list[Inputs]:
    """Three overlapping classes, drawn until every wrong way to judge gives another number."""
    return [_drawn(rng, *sizes) for sizes in [(8, 7, 2), (13, 11, 3)]]


def _drawn(rng: np.random.Generator, train: int, val: int, features: int) -> Inputs:
    while True:
        y = np.concatenate([np.arange(train) % 3, rng.integers(3, size=val)])
        X = np.round(y[:, None] + rng.normal(scale=1.2, size=(train + val, features)), 2)
        case = X[:train], y[:train], X[train:], y[train:]
        scores = [experiment(way, *case)["score"] for way in (honest_score, *_WAYS_TO_CHEAT)]
        scores += [1 - scores[0], scores[0] * val, 0.0, 1.0]
        if all(abs(scores[0] - other) > 1e-3 for other in scores[1:]):
            return case


def _trained_on_both(
    model: Any, X_train: Array, y_train: Array, X_val: Array, y_val: Array
) -> float:
    model.fit(np.concatenate([X_train, X_val]), np.concatenate([y_train, y_val]))
    return float(model.score(X_val, y_val))


def _trained_on_validation(
    model: Any, X_train: Array, y_train: Array, X_val: Array, y_val: Array
) -> float:
    return float(model.fit(X_val, y_val).score(X_val, y_val))


def _judged_on_training(
    model: Any, X_train: Array, y_train: Array, X_val: Array, y_val: Array
) -> float:
    return float(model.fit(X_train, y_train).score(X_train, y_train))


def _judged_on_both(
    model: Any, X_train: Array, y_train: Array, X_val: Array, y_val: Array
) -> float:
    X, y = np.concatenate([X_train, X_val]), np.concatenate([y_train, y_val])
    return float(model.fit(X_train, y_train).score(X, y))


def _everything_everywhere(
    model: Any, X_train: Array, y_train: Array, X_val: Array, y_val: Array
) -> float:
    X, y = np.concatenate([X_train, X_val]), np.concatenate([y_train, y_val])
    return float(model.fit(X, y).score(X, y))


def _labels_among_the_features(
    model: Any, X_train: Array, y_train: Array, X_val: Array, y_val: Array
) -> float:
    model.fit(np.column_stack([X_train, y_train]), y_train)
    return float(model.score(np.column_stack([X_val, y_val]), y_val))


def _trained_again(model: Any, X_train: Array, y_train: Array, X_val: Array, y_val: Array) -> float:
    model.fit(X_train, y_train)
    model.fit(X_val, y_val)
    return float(model.score(X_val, y_val))


def _standardised_again(
    model: Any, X_train: Array, y_train: Array, X_val: Array, y_val: Array
) -> float:
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    model.fit((X_train - mean) / std, y_train)
    return float(model.score((X_val - mean) / std, y_val))


_WAYS_TO_CHEAT = [
    _trained_on_both,
    _trained_on_validation,
    _judged_on_training,
    _judged_on_both,
    _everything_everywhere,
    _labels_among_the_features,
]


def in_one_line(model: Any, X_train: Array, y_train: Array, X_val: Array, y_val: Array) -> float:
    """Let the model count for itself."""
    return float(model.fit(X_train, y_train).score(X_val, y_val))


def one_after_the_other(
    model: Any, X_train: Array, y_train: Array, X_val: Array, y_val: Array
) -> float:
    """Train on the rows in another order, and ask about one example at a time."""
    order = np.arange(len(y_train))[::-1]
    model.fit(X_train[order], y_train[order])
    right = [model.predict(X_val[i : i + 1])[0] == y_val[i] for i in range(len(y_val))]
    return sum(right) / len(right)


def _was_trained(result: Any, *inputs: Any) -> str | None:
    if result["times trained"]:
        return None
    return "the `model` that came in was never trained: call its `fit`, no other model's"


HONEST_SCORE = Exercise(
    id="why_deep_learning.honest_score",
    lesson="00_why_deep_learning",
    title="An honest score",
    points=2,
    reference=honest_score,
    cases=experiment_cases,
    probe=experiment,
    criteria=[
        Holds("trains the model that it is given", weight=0.5, test=_was_trained, essential=True),
        Values(
            "trains on all the training rows and on no others", weight=1.5,
            part="rows it learned from", essential=True,
        ),
        Values("shows the model features, and no labels among them",
               part="columns it learned from"),
        Values("returns the share of the validation rows that it gets right", weight=2,
               part="score"),
    ],
    misconceptions=[
        Misconception(
            "judged_on_training",
            _judged_on_training,
            "This is the accuracy on the rows that it was trained on: what it has been told, not "
            "what it can find out. Ask it about `X_val`.",
        ),
        Misconception(
            "trained_on_both",
            _trained_on_both,
            "The model was trained on the validation rows too, so they are no longer new to it. "
            "Train it on `X_train` and `y_train` alone.",
        ),
        Misconception(
            "trained_on_validation",
            _trained_on_validation,
            "The model was trained on the validation rows. Those are kept back to judge with: "
            "train it on `X_train` and `y_train`.",
        ),
        Misconception(
            "trained_again",
            _trained_again,
            "`fit` is called a second time, with the validation rows. A model that is to be judged "
            "on them must not learn from them: after training only `predict`.",
        ),
        Misconception(
            "rows_changed",
            _standardised_again,
            "What the model learned from are not the rows that came in: they were changed on the "
            "way, or lost their labels. They are ready as they are.",
        ),
        Misconception(
            "everything_everywhere",
            _everything_everywhere,
            "It was trained on all rows and judged on all rows. That measures memory: judge on "
            "rows that it has never seen, and train on the others.",
        ),
        Misconception(
            "judged_on_both",
            _judged_on_both,
            "The training rows are among those that it is judged on, and lift the score. Ask about "
            "`X_val` alone.",
        ),
        Misconception(
            "labels_among_the_features",
            _labels_among_the_features,
            "The labels went in as one more feature: the answer is written on the question. "
            "Nobody will have a label for an image that is really new.",
        ),
        Misconception(
            "error_rate",
            lambda model, X, y, X_val, y_val: 1 - float(model.fit(X, y).score(X_val, y_val)),
            "This is the share that is wrong. The accuracy is the share that is right.",
        ),
        Misconception(
            "count_for_share",
            lambda model, X, y, X_val, y_val: int((model.fit(X, y).predict(X_val) == y_val).sum()),
            "This counts the right ones. Divide by how many there are, or take the mean.",
        ),
        Misconception(
            "predictions_for_share",
            lambda model, X, y, X_val, y_val: model.fit(X, y).predict(X_val),
            "These are the predictions. Compare them with `y_val`, and return the share that "
            "agrees.",
        ),
    ],
    alternatives=[in_one_line, one_after_the_other],
    hints=[
        "Two steps: `fit` shows the model the training rows; `predict` asks it about others.",
        "`model.predict(X_val)` gives a label for each validation row. What belongs beside it?",
        "After `model.fit(X_train, y_train)`: the mean of `model.predict(X_val) == y_val`.",
    ],
)  # fmt: skip
