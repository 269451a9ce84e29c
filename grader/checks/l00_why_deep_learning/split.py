"""Exercise: part the examples in two, some to learn from, some to judge with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grader.compare import describe
from grader.exercise import Exercise, Holds, Misconception, Trial, Values
from grader.plain import Plain
from grader.probe import Inputs

Array = np.ndarray
Parts = tuple[Array, Array, Array, Array]


def split(X: Array, y: Array, held_out: int, rng: np.random.Generator) -> Parts:
    """Keep back `held_out` examples, drawn at random, to judge with."""
    order = rng.permutation(len(y))
    val, train = order[:held_out], order[held_out:]
    return X[train], y[train], X[val], y[val]


def split_cases(rng: np.random.Generator) -> list[Inputs]:
    """Rows that all differ, each with a label of its own: whatever becomes of one can be seen."""
    cases: list[Inputs] = []
    for count, features, held_out in [(7, 2, 2), (40, 3, 9), (30, 1, 21)]:
        X = np.round(rng.normal(size=(count, features)), 1)
        X[:, 0] = rng.permutation(count) + 10.0
        y = rng.permutation(count) + 100
        cases.append((X, y, held_out, int(rng.integers(1000))))
    return cases


def portions(split: Any, X: Any, y: Any, held_out: Any, seed: Any) -> Any:
    """What became of the rows, in counts. Travels as source: uses its arguments and `np` only."""
    seen = []
    for number in (seed, seed, *range(seed + 1, seed + 7)):
        parts = split(X, y, held_out, np.random.default_rng(number))
        if type(parts) not in (tuple, list) or len(parts) != 4:
            return parts
        axes = tuple(np.ndim(part) for part in parts)
        if axes != (2, 1, 2, 1):
            return {"axes": axes}
        X_train, y_train, X_val, y_val = (np.asarray(part) for part in parts)
        if len(X_train) != len(y_train) or len(X_val) != len(y_val):
            return {"axes": axes, "rows": tuple(len(part) for part in parts)}
        known = {row.tobytes(): i for i, row in enumerate(X)}
        train = [known.get(row.astype(X.dtype).tobytes(), -1) for row in X_train]
        val = [known.get(row.astype(X.dtype).tobytes(), -1) for row in X_val]
        labels = all(y_train == y[train]) and all(y_val == y[val])
        seen.append((train, val, labels))
    train, val, labels = seen[0]
    strangers = train.count(-1) + val.count(-1)
    if strangers:
        return {"axes": axes, "rows that are not in X": strangers}
    return {
        "axes": axes,
        "rows in training": len(train),
        "rows in validation": len(val),
        "rows in both": len(set(train) & set(val)),
        "rows in neither": len(y) - len(set(train) | set(val)),
        "every label with its row": bool(labels),
        "the same rng, the same split": seen[0] == seen[1],
        "another rng, other rows": any(set(val) != set(other[1]) for other in seen[2:]),
    }


def _four_arrays(result: Plain, *inputs: Any) -> str | None:
    """The form that everything else needs."""
    wanted = "four arrays were required: X_train, y_train, X_val, y_val"
    if not isinstance(result, dict):
        return f"{wanted}; {describe(result)} came"
    if result["axes"] != (2, 1, 2, 1):
        came = ", ".join(map(str, result["axes"]))
        return f"{wanted}, with 2, 1, 2 and 1 axes; arrays with {came} axes came"
    if "rows" in result:
        a, b, c, d = result["rows"]
        return f"as many labels as rows were required; {a} rows with {b} and {c} with {d} came"
    if "rows that are not in X" in result:
        return f"{result['rows that are not in X']} of the rows that came are not rows of `X`"
    return None


def _sizes(result: Plain, X: Array, y: Array, held_out: int, seed: int) -> str | None:
    came = result["rows in training"], result["rows in validation"]
    if came == (len(y) - held_out, held_out):
        return None
    return (
        f"{len(y) - held_out} rows to train on and {held_out} to judge with were required, "
        f"{came[0]} and {came[1]} came"
    )


def _drawn(result: Plain, *inputs: Any) -> str | None:
    if not result["the same rng, the same split"]:
        return "the same `rng` gave two different splits: does the draw use `rng`, and only it?"
    if not result["another rng, other rows"]:
        return "the same rows are held out whatever `rng` says"
    return None


def split_by_choice(X: Array, y: Array, held_out: int, rng: np.random.Generator) -> Parts:
    """Draw the rows to keep back without replacement; the mask says which are left."""
    val = rng.choice(len(y), size=held_out, replace=False)
    left = np.ones(len(y), dtype=bool)
    left[val] = False
    return X[left], y[left], X[val], y[val]


def split_of_pairs(X: Array, y: Array, held_out: int, rng: np.random.Generator) -> Parts:
    """Shuffle a list of row numbers, and keep back the end of it."""
    rows = list(range(len(y)))
    rng.shuffle(rows)
    train, val = rows[: len(rows) - held_out], rows[len(rows) - held_out :]
    return X[train], y[train], X[val], y[val]


def _in_order(X: Array, y: Array, held_out: int, rng: np.random.Generator) -> Parts:
    return X[held_out:].copy(), y[held_out:].copy(), X[:held_out].copy(), y[:held_out].copy()


def _all_of_it_trained_on(X: Array, y: Array, held_out: int, rng: np.random.Generator) -> Parts:
    _, _, X_val, y_val = split(X, y, held_out, rng)
    return X.copy(), y.copy(), X_val, y_val


def _drawn_twice(X: Array, y: Array, held_out: int, rng: np.random.Generator) -> Parts:
    train = rng.permutation(len(y))[held_out:]
    val = rng.permutation(len(y))[:held_out]
    return X[train], y[train], X[val], y[val]


def _labels_shuffled_apart(X: Array, y: Array, held_out: int, rng: np.random.Generator) -> Parts:
    X_train, _, X_val, _ = split(X, y, held_out, rng)
    _, y_train, _, y_val = split(X, y, held_out, rng)
    return X_train, y_train, X_val, y_val


def _no_generator(X: Array, y: Array, held_out: int, rng: np.random.Generator) -> Parts:
    return split(X, y, held_out, np.random.default_rng())


def _as_in_scikit_learn(X: Array, y: Array, held_out: int, rng: np.random.Generator) -> Parts:
    X_train, y_train, X_val, y_val = split(X, y, held_out, rng)
    return X_train, X_val, y_train, y_val


def _validation_first(X: Array, y: Array, held_out: int, rng: np.random.Generator) -> Parts:
    X_train, y_train, X_val, y_val = split(X, y, held_out, rng)
    return X_val, y_val, X_train, y_train


def _when(test: Callable[[dict[str, Any]], bool]) -> Callable[[Sequence[Trial]], bool]:
    """Whether every split has its four arrays and its sizes, and the test holds of some of them."""

    def matches(trials: Sequence[Trial]) -> bool:
        found = [trial.observed.result for trial in trials]
        sizes = ["rows in training", "rows in validation"]
        fits = all(
            all(trial.observed.result[key] == trial.expected.result[key] for key in sizes)
            for trial in trials
        )
        return fits and any(test(counts) for counts in found)

    return matches


SPLIT = Exercise(
    id="why_deep_learning.split",
    lesson="00_why_deep_learning",
    title="Training and validation set",
    points=3,
    reference=split,
    cases=split_cases,
    probe=portions,
    criteria=[
        Holds("returns rows of `X` and labels, in four arrays", weight=0.5, test=_four_arrays,
              essential=True),
        Holds("keeps back as many rows as asked", weight=0.5, test=_sizes, essential=True),
        Values("has no row in both parts", weight=2, part="rows in both"),
        Values("loses no row", part="rows in neither"),
        Values("leaves every label with its row", weight=2, part="every label with its row"),
        Holds("draws the rows at random, with `rng`", weight=2, test=_drawn),
    ],
    misconceptions=[
        Misconception(
            "as_in_scikit_learn",
            _as_in_scikit_learn,
            "The order is that of scikit-learn: X_train, X_val, y_train, y_val. Here each set "
            "comes with its labels: X_train, y_train, X_val, y_val.",
        ),
        Misconception(
            "sizes_swapped",
            _validation_first,
            "The sizes are the wrong way round: `held_out` rows are kept back for the validation "
            "set, and the training set, which comes first, gets all the others.",
        ),
        Misconception(
            "trained_on_everything",
            _all_of_it_trained_on,
            "The validation rows are still in the training set. Then the judge asks what the "
            "learner has already been told: a leak.",
            when=lambda trials: all(
                t.observed.result["rows in both"] == t.inputs[2]
                and t.observed.result["rows in neither"] == 0
                for t in trials
            ),
        ),
        Misconception(
            "drawn_twice",
            _drawn_twice,
            "The two parts are drawn independently, so some rows are in both and some in neither. "
            "Draw one order, and cut that.",
            when=_when(lambda c: c["rows in both"] > 0 and c["rows in neither"] > 0
                       and c["every label with its row"]),
        ),
        Misconception(
            "labels_lost_their_rows",
            _labels_shuffled_apart,
            "The labels are no longer with their rows: the two were put into different orders. "
            "Draw one order, and use it for `X` and for `y`.",
            when=_when(lambda c: not c["every label with its row"] and c["rows in both"] == 0),
        ),
        Misconception(
            "not_at_random",
            _in_order,
            "Nothing is drawn: the same rows are held out whatever `rng` says. Files are often "
            "sorted, and then the two parts hold different things. Cut a random order: "
            "`rng.permutation`.",
            when=_when(lambda c: c["the same rng, the same split"]
                       and not c["another rng, other rows"]
                       and c["rows in both"] == c["rows in neither"] == 0
                       and c["every label with its row"]),
        ),
        Misconception(
            "not_repeatable",
            _no_generator,
            "Two calls with the same `rng` differ, so nobody can repeat your experiment. Draw from "
            "the `rng` that you are given, and from nothing else.",
            when=_when(lambda c: not c["the same rng, the same split"]
                       and c["rows in both"] == c["rows in neither"] == 0
                       and c["every label with its row"]),
        ),
    ],
    alternatives=[split_by_choice, split_of_pairs],
    hints=[
        "Number the rows, and shuffle the *numbers*: then `X` and `y` can be cut alike.",
        "`order = rng.permutation(len(y))` is every row number once, in random order.",
        "`val = order[:held_out]` and `train = order[held_out:]`; `X[train]` takes those rows.",
    ],
)  # fmt: skip
