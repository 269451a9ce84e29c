"""Oracle: PyTorch, over shapes and numbers drawn by hypothesis; and closed forms."""

import doctest
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib import data, losses, regularization
from course_lib.regularization import (
    EarlyStopping,
    augment,
    batch_norm,
    dropout,
    dropout_grad,
    l1_penalty,
    l1_penalty_grad,
    l2_penalty,
    l2_penalty_grad,
    label_smoothing,
    layer_norm,
    mixup,
    rotate,
    shift,
)

seeds = st.integers(0, 2**32 - 1)
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
shapes = hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4)
weights = hnp.arrays(np.float64, shapes, elements=st.floats(-1000, 1000))


def digits(count: int = 5) -> np.ndarray:
    return data.digits().X[:count].reshape(count, 8, 8)


# ---------------------------------------------------------------- penalties


@pytest.mark.parametrize(
    ("penalty", "gradient", "theirs"),
    [
        (l1_penalty, l1_penalty_grad, lambda x: x.abs().sum()),
        (l2_penalty, l2_penalty_grad, lambda x: x.square().sum()),
    ],
)
@given(w=weights, strength=st.sampled_from([0.0, 0.01, 2.0]))
def test_penalties_and_gradients_are_pytorchs(penalty, gradient, theirs, w, strength) -> None:
    x = torch.tensor(w, requires_grad=True)
    value = strength * theirs(x)
    value.backward()
    assert penalty(w, strength) == pytest.approx(value.item(), rel=1e-13)
    np.testing.assert_allclose(gradient(w, strength), x.grad.numpy(), rtol=1e-14)


def test_weight_decay_is_the_gradient_of_half_the_l2_penalty() -> None:
    w = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    w.grad = torch.zeros(2, dtype=torch.float64)
    torch.optim.SGD([w], lr=1.0, weight_decay=0.1).step()
    before = np.array([1.0, -2.0])
    np.testing.assert_allclose(before - l2_penalty_grad(before, 0.1 / 2), w.detach().numpy())


def test_penalty_gradients_keep_float32() -> None:
    w = np.ones(2, np.float32)
    assert l1_penalty_grad(w, 0.1).dtype == l2_penalty_grad(w, 0.1).dtype == np.float32


# ---------------------------------------------------------------- dropout


@both_dtypes
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_drops_that_share_and_keeps_the_mean(p: float, dtype: type) -> None:
    x = np.full(200_000, 3.0, dtype)
    y, mask = dropout(x, p, rng=np.random.default_rng(0))
    assert y.dtype == mask.dtype == dtype
    share = (y == 0).mean()
    assert share == pytest.approx(p, abs=5 * math.sqrt(p * (1 - p) / x.size))  # five sigma
    assert y.mean() == pytest.approx(3.0, rel=5 * math.sqrt(p / (1 - p) / x.size))
    np.testing.assert_allclose(np.unique(mask), [0, 1 / (1 - p)], rtol=1e-6)
    assert (x == 3).all()


def test_dropout_gradient_goes_where_the_input_went() -> None:
    x = np.arange(1.0, 13).reshape(3, 4)
    y, mask = dropout(x, 0.5, rng=np.random.default_rng(1))
    v = np.linspace(-1, 1, 12).reshape(3, 4)
    np.testing.assert_allclose(dropout_grad(v, mask), v * y / x, rtol=1e-15)


def test_dropout_is_repeatable_and_its_mask_is_fresh_each_time() -> None:
    rng = np.random.default_rng(1)
    one, two = (dropout(np.ones(50), 0.5, rng=rng)[0] for _ in range(2))
    again = dropout(np.ones(50), 0.5, rng=np.random.default_rng(1))[0]
    assert one.tolist() == again.tolist() != two.tolist()


@pytest.mark.parametrize(("p", "training"), [(0.5, False), (0.0, True)])
def test_dropout_turned_off_changes_nothing_and_draws_nothing(p: float, training: bool) -> None:
    rng = np.random.default_rng(0)
    state, x = rng.bit_generator.state, np.array([1.0, -2.0])
    y, mask = dropout(x, p, training, rng=rng)
    assert y.tolist() == x.tolist()
    assert y is not x
    assert mask.tolist() == [1, 1]
    assert rng.bit_generator.state == state


def test_dropout_of_everything_is_zero_as_in_pytorch() -> None:
    assert dropout(np.ones(3), 1.0, rng=np.random.default_rng(0))[0].tolist() == [0, 0, 0]
    assert F.dropout(torch.ones(3), 1.0).tolist() == [0, 0, 0]


# ---------------------------------------------------------------- early stopping


def stops_after(stop: EarlyStopping, curve: list[float]) -> int | None:
    return next((epoch for epoch, loss in enumerate(curve) if stop.step(loss)), None)


@pytest.mark.parametrize(("patience", "epoch"), [(1, 2), (2, 5), (3, 6), (4, None)])
def test_training_ends_after_so_many_bad_epochs_in_a_row(patience: int, epoch) -> None:
    curve = [1.0, 0.8, 0.9, 0.7, 0.75, 0.74, 0.73]
    assert stops_after(EarlyStopping(patience), curve) == epoch


def test_an_equal_loss_and_a_gain_below_min_delta_are_no_improvement() -> None:
    assert stops_after(EarlyStopping(2), [0.5, 0.5, 0.5]) == 2
    stop = EarlyStopping(2, min_delta=0.1)
    assert stops_after(stop, [1.0, 0.95, 0.92]) == 2
    assert (stop.best, stop.best_epoch) == (1.0, 0)


def test_small_gains_that_add_up_are_an_improvement() -> None:
    stop = EarlyStopping(3, min_delta=0.1)
    assert stops_after(stop, [1.0, 0.95, 0.89, 0.85, 0.8, 0.78]) is None
    assert (stop.best, stop.best_epoch) == (0.78, 5)


def test_improved_marks_the_epochs_whose_weights_are_kept() -> None:
    stop, marks = EarlyStopping(5), []
    for loss in (1.0, 0.8, 0.9, math.nan, 0.7):
        stop.step(loss)
        marks.append(stop.improved)
    assert marks == [True, True, False, False, True]


# ---------------------------------------------------------------- labels


@given(seeds, st.integers(1, 5), st.integers(2, 6), st.floats(0, 1))
def test_smoothed_labels_cost_what_pytorchs_option_does(seed, batch, classes, smoothing) -> None:
    rng = np.random.default_rng(seed)
    logits, targets = rng.normal(size=(batch, classes)), rng.integers(0, classes, batch)
    soft = label_smoothing(targets, classes, smoothing)
    np.testing.assert_allclose(soft.sum(axis=1), 1, rtol=1e-14)
    expected = F.cross_entropy(
        torch.tensor(logits), torch.tensor(targets), label_smoothing=smoothing
    )
    assert losses.soft_cross_entropy(logits, soft) == pytest.approx(expected.item(), rel=1e-12)


def test_no_smoothing_is_one_hot_and_full_smoothing_is_even() -> None:
    assert label_smoothing(np.array([2, 0]), 3, 0.0).tolist() == [[0, 0, 1], [1, 0, 0]]
    np.testing.assert_allclose(label_smoothing(np.array([2]), 4, 1.0), 0.25)


@given(seeds, st.integers(1, 6))
def test_mixup_mixes_examples_and_labels_by_the_same_shares(seed: int, batch: int) -> None:
    X = np.eye(batch)  # a mixed row shows what it was made of
    mixed, labels = mixup(X, X, alpha=1.0, rng=np.random.default_rng(seed))
    np.testing.assert_allclose(mixed, labels)
    np.testing.assert_allclose(labels.sum(axis=1), 1)
    np.testing.assert_allclose(labels.sum(axis=0), 1)  # each example is the other one once


# ---------------------------------------------------------------- images


@given(st.integers(-9, 9), st.integers(-9, 9))
def test_shift_is_pytorchs_pad_and_crop(down: int, right: int) -> None:
    images = digits(2)
    padded = F.pad(torch.tensor(images), (9, 9, 9, 9)).numpy()
    expected = padded[:, 9 - down : 17 - down, 9 - right : 17 - right]
    np.testing.assert_array_equal(shift(images, down, right), expected)


def torch_rotate(images: np.ndarray, degrees: float) -> np.ndarray:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    theta = torch.tensor([[[c, -s, 0.0], [s, c, 0.0]]], dtype=torch.float64)
    x = torch.tensor(images)[:, None]  # one channel
    grid = F.affine_grid(theta.expand(len(x), 2, 3), x.shape, align_corners=False)
    return F.grid_sample(x, grid, align_corners=False)[:, 0].numpy()


@given(st.floats(-180, 180))
def test_rotation_is_pytorchs_bilinear_sampling(degrees: float) -> None:
    images = digits()
    np.testing.assert_allclose(rotate(images, degrees), torch_rotate(images, degrees), atol=1e-11)


@pytest.mark.parametrize("quarter", [-1, 0, 1, 2, 3])
def test_quarter_turns_are_exact_and_counter_clockwise(quarter: int) -> None:
    images = digits()
    expected = np.rot90(images, quarter, axes=(1, 2))
    np.testing.assert_allclose(rotate(images, 90.0 * quarter), expected, atol=1e-12)


@both_dtypes
def test_augmented_digits_keep_dtype_and_range_and_differ_from_each_other(dtype: type) -> None:
    images = np.repeat(digits(1), 20, axis=0).astype(dtype)
    before = images.copy()
    changed = augment(images, rng=np.random.default_rng(0))
    assert changed.dtype == dtype
    assert changed.shape == images.shape
    assert changed.min() >= 0
    assert changed.max() <= images.max() * (1 + 1e-6)
    assert len(np.unique(changed.reshape(20, -1), axis=0)) == 20
    np.testing.assert_array_equal(images, before)


def test_augmenting_by_nothing_changes_nothing() -> None:
    images = digits()
    same = augment(images, max_shift=0, max_degrees=0.0, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(same, images)


def test_augmentation_shifts_by_every_amount_up_to_the_largest() -> None:
    image = np.zeros((400, 5, 5))
    image[:, 2, 2] = 1
    moved = augment(image, max_shift=2, max_degrees=0.0, rng=np.random.default_rng(0))
    assert (moved.sum(axis=0) > 0).all()


# ---------------------------------------------------------------- norms


@both_dtypes
@pytest.mark.parametrize("affine", [False, True])
@given(seed=seeds, batch=st.integers(2, 6), features=st.integers(1, 4), momentum=st.floats(0, 1))
def test_batch_norm_is_pytorchs_in_training_and_in_use(
    dtype: type, affine: bool, seed: int, batch: int, features: int, momentum: float
) -> None:
    rng = np.random.default_rng(seed)
    mean, var = np.zeros(features, dtype), np.ones(features, dtype)
    t_mean, t_var = torch.tensor(mean), torch.tensor(var)
    pair = [rng.normal(size=features).astype(dtype) if affine else None for _ in range(2)]
    t_pair = [None if a is None else torch.tensor(a) for a in pair]
    rtol, atol = (1e-4, 1e-4) if dtype == np.float32 else (1e-9, 1e-11)
    for training in (True, True, False):
        x = (rng.normal(size=(batch, features)) * 3 + 1).astype(dtype)
        ours = batch_norm(x, mean, var, *pair, training=training, momentum=momentum)
        theirs = F.batch_norm(
            torch.tensor(x), t_mean, t_var, *t_pair, training=training, momentum=momentum
        )
        assert ours.dtype == mean.dtype == var.dtype == dtype
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=rtol, atol=atol)
        np.testing.assert_allclose(mean, t_mean.numpy(), rtol=rtol, atol=atol)
        np.testing.assert_allclose(var, t_var.numpy(), rtol=rtol, atol=atol)


def test_batch_norm_in_use_leaves_the_running_statistics_and_treats_each_row_alone() -> None:
    mean, var = np.array([1.0]), np.array([4.0])
    both = batch_norm(np.array([[3.0], [100.0]]), mean, var)
    alone = batch_norm(np.array([[3.0]]), mean, var)
    assert both[0] == alone[0] == pytest.approx(1.0, abs=1e-5)
    assert (mean[0], var[0]) == (1, 4)


def test_normalised_batch_has_mean_zero_and_variance_one() -> None:
    x = np.random.default_rng(0).normal(5, 3, size=(1000, 4))
    y = batch_norm(x, np.zeros(4), np.ones(4), training=True)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=0), 1, rtol=1e-5)  # eps makes it a little less


@both_dtypes
@given(
    seed=seeds,
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple),
    axes=st.integers(1, 4),
    affine=st.booleans(),
)
def test_layer_norm_is_pytorchs(dtype: type, seed: int, shape, axes: int, affine: bool) -> None:
    rng, normalized = np.random.default_rng(seed), shape[-axes:]
    x = rng.normal(size=shape, scale=3).astype(dtype)
    pair = [rng.normal(size=normalized).astype(dtype) if affine else None for _ in range(2)]
    t_pair = [None if a is None else torch.tensor(a) for a in pair]
    ours = layer_norm(x, normalized, *pair)
    theirs = F.layer_norm(torch.tensor(x), normalized, *t_pair)
    assert ours.dtype == dtype
    # float32: PyTorch sums in another order, and a small variance magnifies what that costs
    rtol, atol = (1e-3, 1e-4) if dtype == np.float32 else (1e-9, 1e-11)
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=rtol, atol=atol)


# ---------------------------------------------------------------- mistakes


RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dropout(np.ones(2), 1.5, rng=RNG), r"p must lie in \[0, 1\], got 1.5"),
        (lambda: dropout(np.ones(2), math.nan, rng=RNG), r"p must lie in \[0, 1\], got nan"),
        (lambda: EarlyStopping(0), "patience must be at least 1, got 0"),
        (lambda: EarlyStopping(1, -0.1), "min_delta must be >= 0, got -0.1"),
        (
            lambda: label_smoothing(np.array([0]), 2, -0.1),
            r"smoothing must lie in \[0, 1\], got -0.1",
        ),
        (
            lambda: label_smoothing(np.array([0, 2]), 2, 0.1),
            r"targets must lie in \[0, 2\), got \[0, 2\]",
        ),
        (lambda: mixup(np.ones((1, 1)), np.ones((1, 1)), 0.0, rng=RNG), "alpha must be > 0"),
        (lambda: augment(digits(), -1, rng=RNG), "must be >= 0, got -1 and 10.0"),
        (
            lambda: batch_norm(np.ones((1, 2)), np.zeros(2), np.ones(2), training=True),
            "batch of at least 2 examples, got 1",
        ),
        (lambda: layer_norm(np.ones((2, 3)), (2,)), r"end in the axes \(2,\), got shape \(2, 3\)"),
        (lambda: layer_norm(np.ones((2, 3)), ()), r"end in the axes \(\), got shape \(2, 3\)"),
    ],
)
def test_a_mistake_is_named_with_its_value(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_every_worked_number_in_a_docstring_is_true() -> None:
    result = doctest.testmod(regularization)
    assert result.attempted >= 13
    assert result.failed == 0


def test_exactly_the_documented_names_are_exported() -> None:
    name = regularization.__name__
    own = {n for n, f in vars(regularization).items() if getattr(f, "__module__", "") == name}
    assert {n for n in own if not n.startswith("_")} == set(regularization.__all__)
