import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Perceptron as SklearnPerceptron

from course_lib import data
from course_lib.perceptron import (
    Perceptron,
    mistake_bound,
    step,
    update,
    weighted_sum,
    xor_net,
)

CORNERS = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
XOR = np.array([-1, 1, 1, -1])
seeds = st.integers(0, 2**32 - 1)


def setosa_or_versicolor() -> tuple[np.ndarray, np.ndarray]:
    petals = data.iris().only("setosa", "versicolor")
    petals = petals.features("petal length (cm)", "petal width (cm)")
    return petals.X, petals.signed_labels()


# -------------------------------------------------------------- one unit


def test_weighted_sum_of_a_case_worked_by_hand() -> None:
    X = np.array([[1.0, 2.0], [0.0, -1.0]])
    np.testing.assert_array_equal(weighted_sum(X, np.array([3.0, -1.0]), 0.5), [1.5, 1.5])


def test_weighted_sum_with_zero_weights_is_the_bias() -> None:
    np.testing.assert_array_equal(weighted_sum(np.ones((3, 2)), np.zeros(2), -2.0), [-2.0] * 3)


@given(seeds, st.integers(1, 6), st.integers(1, 6))
def test_weighted_sum_equals_the_sum_written_out(seed: int, batch: int, features: int) -> None:
    rng = np.random.default_rng(seed)
    X, w = rng.normal(size=(batch, features)), rng.normal(size=features)
    by_loop = [sum(X[i, j] * w[j] for j in range(features)) + 0.25 for i in range(batch)]
    # atol: at most 7 roundings of numbers of order 1, 2e-16 each
    np.testing.assert_allclose(weighted_sum(X, w, 0.25), by_loop, rtol=0, atol=1e-13)


def test_step_at_zero_is_plus_one_for_either_sign_of_zero() -> None:
    np.testing.assert_array_equal(step(np.array([0.0, -0.0])), [1, 1])


@given(seeds, st.lists(st.integers(1, 4), max_size=3))
def test_step_gives_integers_of_the_same_shape_and_the_right_sign(
    seed: int, shape: list[int]
) -> None:
    z = np.random.default_rng(seed).normal(size=shape) + 0.0
    decided = step(np.asarray(z))
    assert decided.shape == tuple(shape)
    assert decided.dtype.kind == "i"
    assert np.all(decided * z >= 0)
    assert np.all(np.abs(decided) == 1)


# ----------------------------------------------------------- update rule


def test_a_mistake_adds_the_signed_example_and_the_label() -> None:
    w, b = update(np.array([1.0, 0.0]), 0.5, np.array([2.0, 3.0]), -1)
    np.testing.assert_array_equal(w, [-1.0, -3.0])
    assert b == -0.5


def test_a_point_on_the_boundary_counts_as_a_mistake() -> None:
    w, b = update(np.array([1.0, 1.0]), -2.0, np.array([1.0, 1.0]), 1)
    np.testing.assert_array_equal(w, [2.0, 2.0])
    assert b == -1.0


def test_a_correct_point_changes_nothing() -> None:
    w, b = update(np.array([1.0, -1.0]), 0.5, np.array([2.0, 1.0]), 1)
    np.testing.assert_array_equal(w, [1.0, -1.0])
    assert b == 0.5


@given(seeds, st.sampled_from([-1, 1]))
def test_update_never_modifies_its_inputs(seed: int, y: int) -> None:
    rng = np.random.default_rng(seed)
    w, x = rng.normal(size=3), rng.normal(size=3)
    kept_w, kept_x = w.copy(), x.copy()
    update(w, 0.0, x, y)
    np.testing.assert_array_equal(w, kept_w)
    np.testing.assert_array_equal(x, kept_x)


@given(seeds, st.sampled_from([-1, 1]))
def test_one_correction_raises_the_signed_score_by_the_squared_length(seed: int, y: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=4)
    w, b = -y * x, 0.0  # wrong about x, by -|x|^2
    after_w, after_b = update(w, b, x, y)
    gain = y * (after_w @ x + after_b) - y * (w @ x + b)
    assert gain == pytest.approx(x @ x + 1, rel=1e-12)


# ----------------------------------------------------------- training


def test_training_on_a_case_worked_by_hand() -> None:
    unit = Perceptron().fit(np.array([[1.0], [-1.0]]), np.array([1, -1]))
    assert (unit.w.tolist(), unit.b, unit.mistakes) == ([2.0], 0.0, [2, 0])


def test_training_stops_after_the_first_clean_epoch_and_then_predicts_all_labels() -> None:
    X, y = setosa_or_versicolor()
    unit = Perceptron().fit(X, y)
    assert unit.mistakes == [2, 2, 0]
    np.testing.assert_array_equal(unit.predict(X), y)


def test_on_xor_every_epoch_has_mistakes_until_the_limit() -> None:
    unit = Perceptron(max_epochs=25).fit(CORNERS, XOR)
    assert len(unit.mistakes) == 25
    assert min(unit.mistakes) > 0
    assert (unit.predict(CORNERS) == XOR).sum() <= 3


@pytest.mark.parametrize("epochs", [1, 2, 3, 10])
def test_weights_equal_those_of_scikit_learn_after_any_number_of_epochs(epochs: int) -> None:
    moons = data.moons(np.random.default_rng(7), count=60, noise=0.2)  # not separable
    ours = Perceptron(max_epochs=epochs).fit(moons.X, moons.signed_labels())
    theirs = SklearnPerceptron(max_iter=epochs, tol=None, shuffle=False)
    theirs.fit(moons.X, moons.signed_labels())
    assert len(ours.mistakes) == epochs
    # the same sums in the same order, in float64: only roundings of numbers below 100 may differ
    np.testing.assert_allclose(ours.w, theirs.coef_[0], rtol=0, atol=1e-11)
    assert ours.b == pytest.approx(theirs.intercept_[0], abs=1e-11)


def test_fitting_twice_starts_afresh() -> None:
    X, y = setosa_or_versicolor()
    unit = Perceptron().fit(X, -y)
    again = unit.fit(X, y)
    assert again is unit
    np.testing.assert_array_equal(unit.w, Perceptron().fit(X, y).w)
    assert unit.mistakes == [2, 2, 0]


def test_fit_leaves_its_data_untouched() -> None:
    X, y = setosa_or_versicolor()
    kept_X, kept_y = X.copy(), y.copy()
    Perceptron().fit(X, y)
    np.testing.assert_array_equal(X, kept_X)
    np.testing.assert_array_equal(y, kept_y)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (CORNERS, np.array([0, 1, 1, 0]), r"labels must be -1 or \+1, got \[0, 1\]"),
        (CORNERS, np.array([1, -1]), r"one label per example, \(4,\), got shape \(2,\)"),
        (CORNERS[0], np.array([1, -1]), r"shape \(batch, features\), got shape \(2,\)"),
    ],
)
def test_fit_names_what_is_wrong_with_the_data(X: np.ndarray, y: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Perceptron.fit.__wrapped__(Perceptron(), X, y)  # type: ignore[attr-defined]


def test_predict_names_a_wrong_number_of_features() -> None:
    unit = Perceptron().fit(CORNERS, np.array([-1, 1, 1, 1]))
    with pytest.raises(ValueError, match="X must have 2 features, got 3"):
        unit.predict(np.zeros((1, 3)))


def test_predict_before_fit_says_so() -> None:
    with pytest.raises(RuntimeError, match="fit must be called before predict"):
        Perceptron().predict(CORNERS)


def test_a_perceptron_needs_at_least_one_epoch() -> None:
    with pytest.raises(ValueError, match="max_epochs must be at least 1, got 0"):
        Perceptron(max_epochs=0)


# ----------------------------------------------------------- the bound


def test_the_bound_of_a_case_worked_by_hand_is_reached() -> None:
    X, y = np.array([[1.0], [-1.0]]), np.array([1, -1])
    bound = mistake_bound(X, y, np.array([1.0]), 0.0)
    assert bound == pytest.approx(2.0, rel=1e-12)
    assert sum(Perceptron().fit(X, y).mistakes) == 2


@given(st.floats(1e-3, 1e3))
def test_the_bound_does_not_depend_on_the_length_of_the_weights(scale: float) -> None:
    X, y = setosa_or_versicolor()
    w, b = np.array([1.0, 1.0]), -3.0
    expected = mistake_bound(X, y, w, b)
    assert mistake_bound(X, y, scale * w, scale * b) == pytest.approx(expected, rel=1e-9)


@settings(deadline=None, max_examples=60)
@given(
    seed=seeds,
    margin=st.floats(0.2, 3.0),
    direction=st.sampled_from([(1.0, 0.0), (1.0, 1.0), (-2.0, 1.0), (1.0, 2.0, -3.0)]),
    shift=st.floats(-3.0, 3.0),
)
def test_the_perceptron_never_makes_more_mistakes_than_the_bound(
    seed: int, margin: float, direction: tuple[float, ...], shift: float
) -> None:
    rng = np.random.default_rng(seed)
    w, center = np.array(direction), np.full(len(direction), shift)
    blobs = data.blobs(rng, count=40, margin=margin, direction=direction, center=center.tolist())
    X, y = blobs.X, blobs.signed_labels()
    unit = Perceptron(max_epochs=100_000).fit(X, y)
    assert unit.mistakes[-1] == 0
    # Novikoff's theorem holds for every separating boundary: the one the data was made with, ...
    assert sum(unit.mistakes) <= mistake_bound(X, y, w, -float(w @ center))
    # ... and the one that was found
    assert sum(unit.mistakes) <= mistake_bound(X, y, unit.w, float(unit.b))


@pytest.mark.parametrize(("w", "wrong"), [([1.0, 0.0], 2), ([0.0, 0.0], 4)])
def test_the_bound_refuses_a_boundary_that_does_not_separate(w: list[float], wrong: int) -> None:
    with pytest.raises(ValueError, match=f"must separate the classes.*4 examples, got {wrong} at"):
        mistake_bound(CORNERS, XOR, np.array(w), 0.0)


# ----------------------------------------------------------- XOR


def test_two_layers_give_the_truth_table_of_xor() -> None:
    np.testing.assert_array_equal(xor_net(CORNERS), XOR)


@given(seeds)
def test_xor_net_withstands_noise_below_one_half(seed: int) -> None:
    noise = np.random.default_rng(seed).uniform(-0.49, 0.49, size=(4, 2))
    np.testing.assert_array_equal(xor_net(CORNERS + noise), XOR)
