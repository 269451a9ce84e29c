from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import datasets

from course_lib import data

GENERATED: list[Callable[[np.random.Generator], data.Dataset]] = [
    data.blobs,
    data.moons,
    data.spirals,
    data.xor,
]


@pytest.mark.parametrize(
    ("load", "shape", "classes"),
    [
        (data.iris, (150, 4), 3),
        (data.digits, (1797, 64), 10),
        (data.wine, (178, 13), 3),
        (data.breast_cancer, (569, 30), 2),
    ],
)
def test_bundled_sets_are_those_of_scikit_learn(
    load: Callable[[], data.Dataset], shape: tuple[int, int], classes: int
) -> None:
    ours = load()
    X, y = getattr(datasets, f"load_{load.__name__}")(return_X_y=True)
    assert (ours.X.shape, len(ours.class_names)) == (shape, classes)
    assert ours.X.dtype == np.float64
    np.testing.assert_array_equal(ours.X, X)
    np.testing.assert_array_equal(ours.y, y)


def test_only_renumbers_classes_in_the_order_named_and_keeps_the_rows_in_order() -> None:
    iris = data.iris()
    two = iris.only("virginica", "setosa")
    assert two.class_names == ("virginica", "setosa")
    np.testing.assert_array_equal(two.X, iris.X[iris.y != 1])
    np.testing.assert_array_equal(two.y, [1] * 50 + [0] * 50)
    np.testing.assert_array_equal(two.signed_labels(), [1] * 50 + [-1] * 50)


def test_features_picks_columns_by_name_in_the_order_named() -> None:
    iris = data.iris()
    petals = iris.features("petal width (cm)", "petal length (cm)")
    np.testing.assert_array_equal(petals.X, iris.X[:, [3, 2]])


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="class must be one of setosa, versicolor, virginica; got"):
        data.iris().only("rose")
    with pytest.raises(ValueError, match=r"feature must be one of sepal length .*; got 'colour'"):
        data.iris().features("colour")
    with pytest.raises(ValueError, match="name at least one class, each once"):
        data.iris().only("setosa", "setosa")


def test_signed_labels_need_two_classes() -> None:
    with pytest.raises(ValueError, match="exactly 2 classes, got 3: pick two with"):
        data.iris().signed_labels()


def test_a_dataset_prints_in_one_line_without_its_numbers() -> None:
    expected = "Dataset(150 examples, 4 features, 3 classes: setosa, versicolor, virginica)"
    assert repr(data.iris()) == expected


def test_a_dataset_refuses_parts_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"X must have shape \(batch, 1\), got \(2, 2\)"):
        data.Dataset(np.zeros((2, 2)), np.array([0, 1]), ("a",), ("p", "q"), "")
    with pytest.raises(ValueError, match=r"y must lie in \[0, 2\), got \[0, 2\]"):
        data.Dataset(np.zeros((2, 1)), np.array([0, 2]), ("a",), ("p", "q"), "")


@pytest.mark.parametrize("draw", GENERATED)
def test_generated_sets_depend_on_the_generator_alone(
    draw: Callable[[np.random.Generator], data.Dataset],
) -> None:
    one, two = draw(np.random.default_rng(3)), draw(np.random.default_rng(3))
    np.testing.assert_array_equal(one.X, two.X)
    np.testing.assert_array_equal(one.y, two.y)
    assert one.X.dtype == np.float64
    counts = np.bincount(one.y, minlength=len(one.class_names))
    assert counts.max() - counts.min() <= 1


@given(
    seed=st.integers(0, 2**32 - 1),
    margin=st.floats(0.01, 5.0),
    direction=st.sampled_from([(1.0, 0.0), (3.0, -4.0), (1.0, 1.0, 1.0)]),
    separation=st.floats(0.0, 5.0),
)
def test_blobs_with_a_margin_keep_it_from_their_plane(
    seed: int, margin: float, direction: tuple[float, ...], separation: float
) -> None:
    center = np.arange(1.0, len(direction) + 1)
    blobs = data.blobs(
        np.random.default_rng(seed), margin=margin, direction=direction, center=center.tolist(),
        separation=separation,
    )  # fmt: skip
    w = np.array(direction) / np.linalg.norm(direction)
    distance = blobs.signed_labels() * ((blobs.X - center) @ w)
    assert distance.min() >= margin - 1e-9  # roundings of coordinates of order 10


def test_blobs_without_a_margin_sit_at_the_distance_asked_for() -> None:
    rng = np.random.default_rng(0)
    blobs = data.blobs(rng, count=20_000, separation=6.0, direction=(3.0, 4.0))
    gap = blobs.X[blobs.y == 1].mean(axis=0) - blobs.X[blobs.y == 0].mean(axis=0)
    # each mean has standard error 0.01
    np.testing.assert_allclose(gap, [3.6, 4.8], atol=0.06)


def test_moons_without_noise_lie_on_two_half_circles() -> None:
    moons = data.moons(np.random.default_rng(0), noise=0.0)
    upper, lower = moons.X[moons.y == 0], moons.X[moons.y == 1]
    np.testing.assert_allclose(np.linalg.norm(upper, axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(lower - [1.0, 0.5], axis=1), 1.0, rtol=1e-12)
    assert upper[:, 1].min() >= 0
    assert lower[:, 1].max() <= 0.5


def test_an_arm_of_a_spiral_turns_by_as_much_as_its_radius_grows() -> None:
    arms = data.spirals(np.random.default_rng(0), classes=3, turns=0.5, noise=0.0)
    radius = np.linalg.norm(arms.X, axis=1)
    angle = np.arctan2(arms.X[:, 1], arms.X[:, 0])
    off = angle - 2 * np.pi * (0.5 * radius + arms.y / 3)
    np.testing.assert_allclose(np.cos(off), 1.0, atol=1e-12)


def test_xor_without_jitter_is_the_truth_table() -> None:
    table = data.xor(np.random.default_rng(0))
    rows = {(int(a), int(b)): int(label) for (a, b), label in zip(table.X, table.y, strict=True)}
    assert rows == {(-1, -1): 0, (-1, 1): 1, (1, -1): 1, (1, 1): 0}


def test_split_parts_a_set_without_losing_or_doubling_an_example() -> None:
    iris = data.iris()
    marked = data.Dataset(np.arange(150.0)[:, None], iris.y, ("row",), iris.class_names, "")
    train, held_out = data.split(marked, 0.25, np.random.default_rng(0))
    assert (len(train), len(held_out)) == (112, 38)
    both = np.concatenate([train.X, held_out.X]).ravel()
    assert not np.array_equal(both, np.sort(both))
    np.testing.assert_array_equal(np.sort(both), np.arange(150.0))


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.5, 2.0])
def test_split_refuses_to_leave_a_part_empty(fraction: float) -> None:
    with pytest.raises(ValueError, match=f"examples on both sides, got {fraction} of 150"):
        data.split(data.iris(), fraction, np.random.default_rng(0))


def test_generators_name_a_size_out_of_range() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="margin must be > 0 or None, got -1"):
        data.blobs(rng, margin=-1.0)
    with pytest.raises(ValueError, match="count must be > 0, got 0"):
        data.moons(rng, count=0)
    with pytest.raises(ValueError, match=r"jitter must be >= 0, got -0\.1"):
        data.xor(rng, jitter=-0.1)
    with pytest.raises(ValueError, match="direction must be a vector other than 0"):
        data.blobs(rng, direction=(0.0, 0.0))
