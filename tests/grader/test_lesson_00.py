"""Lesson 00's exercises: each mistake is named on any inputs, and no other takes its name."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from grader.checks.l00_why_deep_learning.assess import assess
from grader.checks.l00_why_deep_learning.features import hand_features
from grader.checks.l00_why_deep_learning.honest_score import honest_score
from grader.checks.l00_why_deep_learning.kinds import RIGHT
from grader.checks.l00_why_deep_learning.split import split
from grader.checks.l00_why_deep_learning.standardise import standardise
from grader.judge import judge
from grader.prober import LocalProber
from grader.registry import exercises_of

EXERCISES = exercises_of("00_why_deep_learning")
JUDGED = [e for e in EXERCISES.values() if e.kind != "reflection"]
MISTAKES = [(e.id, m.id) for e in JUDGED for m in e.misconceptions]


def report_on(name: str, answer: Any, seed: int = 0):
    return judge(EXERCISES[f"why_deep_learning.{name}"], LocalProber(answer), seed)


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES)
def test_every_mistake_is_named_on_fifty_seeds(exercise, mistake):
    task = EXERCISES[exercise]
    wrong = next(m.wrong for m in task.misconceptions if m.id == mistake)
    reports = [judge(task, LocalProber(wrong), seed) for seed in range(50)]
    assert {report.misconception for report in reports} == {mistake}
    assert max(report.score for report in reports) < 1


@pytest.mark.parametrize("exercise", JUDGED, ids=lambda e: e.id)
def test_every_right_answer_passes_on_fifty_seeds(exercise):
    for answer in (exercise.reference, *exercise.alternatives):
        assert all(judge(exercise, LocalProber(answer), seed).passed for seed in range(50))


def loses_the_last_row(X, y, held_out, rng):
    X_train, y_train, X_val, y_val = split(X, y, held_out, rng)
    return X_train[:-1], y_train[:-1], X_val, y_val


def one_row_twice(X, y, held_out, rng):
    X_train, y_train, X_val, y_val = split(X, y, held_out, rng)
    X_train[0], y_train[0] = X_train[1], y_train[1]
    return X_train, y_train, X_val, y_val


def labels_as_a_column(X, y, held_out, rng):
    X_train, y_train, X_val, y_val = split(X, y, held_out, rng)
    return X_train, y_train[:, None], X_val, y_val[:, None]


def scaled_rows(X, y, held_out, rng):
    X_train, y_train, X_val, y_val = split(X, y, held_out, rng)
    return X_train / 2, y_train, X_val / 2, y_val


def brings_its_own_model(model, X_train, y_train, X_val, y_val):
    own = KNeighborsClassifier(1).fit(X_train, y_train)
    return own.score(X_val, y_val)


def trains_on_half(model, X_train, y_train, X_val, y_val):
    half = len(y_train) // 2
    model.fit(X_train[:half], y_train[:half])
    return np.mean(model.predict(X_val) == y_val)


def never_trains(model, X_train, y_train, X_val, y_val):
    return np.mean(model.predict(X_val) == y_val)


def in_percent(model, X_train, y_train, X_val, y_val):
    return 100 * honest_score(model, X_train, y_train, X_val, y_val)


# Mistakes on no list. A name for one of them would be a false diagnosis.
UNLISTED: dict[str, tuple[str, Callable[[], Any]]] = {
    "five of six": ("kinds", lambda: {k: v for k, v in RIGHT.items() if k != "nim"}),
    "a list": ("kinds", lambda: list(RIGHT.values())),
    "other words": ("kinds", lambda: dict.fromkeys(RIGHT, "yes")),
    "numbers": ("kinds", lambda: dict.fromkeys(RIGHT, 1)),
    "everything muddled": (
        "kinds",
        lambda: {**RIGHT, "spam": "AI", "loan": "AI", "photo": "AI"},
    ),
    "three features": ("features", lambda: lambda images: hand_features(images)[:, :3]),
    "rounded": ("features", lambda: lambda images: np.round(hand_features(images), 1)),
    "list": ("features", lambda: lambda images: hand_features(images).tolist()),
    "percent": ("features", lambda: lambda images: hand_features(images) * [1, 100, 100, 1]),
    "lost row": ("split", lambda: loses_the_last_row),
    "row twice": ("split", lambda: one_row_twice),
    "column": ("split", lambda: labels_as_a_column),
    "scaled": ("split", lambda: scaled_rows),
    "two sets": ("split", lambda: lambda X, y, held_out, rng: (X[held_out:], X[:held_out])),
    "training only": ("standardise", lambda: lambda a, b: standardise(a, b)[0]),
    "clipped": (
        "standardise",
        lambda: lambda a, b: tuple(np.clip(part, -1, 1) for part in standardise(a, b)),
    ),
    "infinity made finite": (
        "standardise",
        lambda: lambda a, b: tuple(np.nan_to_num((X - a.mean(0)) / a.std(0)) for X in (a, b)),
    ),
    "the model itself": ("honest_score", lambda: lambda model, X, y, *val: model.fit(X, y)),
    "mean added": (
        "standardise",
        lambda: lambda a, b: tuple((X + a.mean(axis=0)) / a.std(axis=0) for X in (a, b)),
    ),
    "accuracy only": ("assess", lambda: lambda t, p, classes: np.mean(t == p)),
    "rounded share": (
        "assess",
        lambda: lambda t, p, classes: (
            round(float(np.mean(t == p)), 1) + 0.01, assess(t, p, classes)[1]
        ),
    ),
    "column shares": (
        "assess",
        lambda: lambda t, p, classes: (np.mean(t == p), assess(t, p, classes)[1] / len(t)),
    ),
    "own model": ("honest_score", lambda: brings_its_own_model),
    "half": ("honest_score", lambda: trains_on_half),
    "untrained": ("honest_score", lambda: never_trains),
    "in percent": ("honest_score", lambda: in_percent),
    "one too few": (
        "strongest",
        lambda: lambda a, unit, count: np.argsort(-a[:, unit])[: count + 1],
    ),
    "a mask": (
        "strongest",
        lambda: lambda a, unit, count: a[:, unit] >= np.sort(a[:, unit])[-count],
    ),
    "the next unit": (
        "strongest",
        lambda: lambda a, unit, count: np.argsort(-a[:, unit - 1])[:count],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNLISTED)
def test_a_mistake_on_no_list_is_not_given_a_name(name):
    exercise, make = UNLISTED[name]
    answer = make()
    for seed in range(10):
        report = report_on(exercise, answer, seed)
        assert report.misconception is None
        assert report.score < 1
        assert report.message


def permutes_each(X, y, held_out, rng):
    X, y = rng.permutation(X), rng.permutation(y)
    return X[held_out:], y[held_out:], X[:held_out], y[:held_out]


def labels_left_in_order(X, y, held_out, rng):
    X_train, _, X_val, _ = split(X, y, held_out, rng)
    return X_train, y[held_out:].copy(), X_val, y[:held_out].copy()


def its_own_seed(X, y, held_out, rng):
    return split(X, y, held_out, np.random.default_rng(0))


def last_rows(X, y, held_out, rng):
    return X[:-held_out], y[:-held_out], X[-held_out:], y[-held_out:]


def drawn_with_replacement(X, y, held_out, rng):
    order = rng.integers(len(y), size=len(y))
    val, train = order[:held_out], order[held_out:]
    return X[train], y[train], X[val], y[val]


def global_numpy(X, y, held_out, rng):
    return split(X, y, held_out, np.random.default_rng(np.random.randint(10**9)))  # noqa: NPY002


def training_and_all(X, y, held_out, rng):
    _, _, X_val, y_val = split(X, y, held_out, rng)
    order = rng.permutation(len(y))
    return X[order], y[order], X_val, y_val


def rows_of_one_list(y_true, y_pred, classes):
    matrix = [[0] * classes] * classes
    for true, predicted in zip(y_true, y_pred, strict=True):
        matrix[true][predicted] += 1
    return np.mean(y_true == y_pred), np.array(matrix)


def scaled_by_the_maximum(model, X_train, y_train, X_val, y_val):
    most = np.abs(X_train).max(axis=0)
    return np.mean(model.fit(X_train / most, y_train).predict(X_val / most) == y_val)


def trained_and_judged_the_other_way_round(model, X_train, y_train, X_val, y_val):
    return np.mean(model.fit(X_val, y_val).predict(X_train) == y_train)


# Other ways to make a listed mistake.
LIKE_LISTED = [
    ("kinds", {**RIGHT, "spam": "dl"}, "learned_weights_are_deep"),
    ("kinds", {**RIGHT, "route": "dl"}, "search_is_learning"),
    ("kinds", {**RIGHT, "speech": "ml"}, "deep_is_only_ml"),
    ("split", permutes_each, "labels_lost_their_rows"),
    ("split", labels_left_in_order, "labels_lost_their_rows"),
    ("split", its_own_seed, "not_at_random"),
    ("split", last_rows, "not_at_random"),
    ("split", drawn_with_replacement, "drawn_twice"),
    ("split", global_numpy, "not_repeatable"),
    ("split", training_and_all, "trained_on_everything"),
    ("standardise", lambda a, b: ((a - a.mean(0)) / (a.std(0) + 1e-7),
                                  (b - a.mean(0)) / (a.std(0) + 1e-7)), "tiny_for_zero"),
    ("assess", lambda t, p, k: (np.mean(t != p), assess(p, t, k)[1]), "error_rate"),
    ("assess", rows_of_one_list, "one_list_for_all_rows"),
    ("honest_score", scaled_by_the_maximum, "rows_changed"),
    ("honest_score", trained_and_judged_the_other_way_round, "trained_on_validation"),
]  # fmt: skip


@pytest.mark.parametrize(("exercise", "answer", "mistake"), LIKE_LISTED)
def test_another_way_of_a_listed_mistake_has_its_name(exercise, answer, mistake):
    assert {report_on(exercise, answer, seed).misconception for seed in (0, 4, 8)} == {mistake}


def shuffles_pairs(X, y, held_out, rng):
    pairs = list(zip(X, y, strict=True))
    rng.shuffle(pairs)
    X, y = (np.array(part) for part in zip(*pairs, strict=True))
    return [X[:-held_out], y[:-held_out], X[-held_out:], y[-held_out:]]


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("kinds", {name: f" {circle.lower()} " for name, circle in RIGHT.items()}),
        ("features", lambda images: hand_features(images.astype("f8"))),
        ("split", shuffles_pairs),
        ("standardise", lambda a, b: list(standardise(a, b))),
        ("assess", lambda t, p, k: [float(np.mean(t == p)), assess(t, p, k)[1].astype(float)]),
        ("honest_score", lambda model, X, y, X_val, y_val: float(
            sum(model.fit(X, y).predict(X_val) == y_val) / len(y_val))),
        ("strongest", lambda a, unit, count: np.argsort(a[:, unit])[::-1][:count]),
        ("strongest", lambda a, unit, count: np.argsort(a[:, unit])[: -count - 1 : -1].copy()),
    ],
)  # fmt: skip
def test_a_right_answer_in_another_form_passes(exercise, answer):
    assert all(report_on(exercise, answer, seed).passed for seed in range(10))


def test_a_library_that_does_the_work_is_refused_where_the_work_is_the_exercise():
    def by_library(X_train, X_val):
        scaler = StandardScaler().fit(X_train)
        return scaler.transform(X_train), scaler.transform(X_val)

    report = report_on("standardise", by_library)
    assert report.status == "unusable"
    assert "sklearn" in report.message


def test_a_split_in_counts_tells_what_became_of_the_rows():
    report = report_on("split", loses_the_last_row)
    assert "5 rows to train on and 2 to judge with were required, 4 and 2 came" in report.message
    report = report_on("split", lambda X, y, held_out, rng: None)
    assert "return" in report.message


def test_a_model_that_was_not_trained_says_so():
    assert "has not been trained" in report_on("honest_score", never_trains).message


def test_a_machine_without_a_circle_is_the_one_that_is_pointed_at():
    report = report_on("kinds", {**RIGHT, "loan": None})
    assert '"loan" needs "AI", "ML" or "DL"' in report.message
