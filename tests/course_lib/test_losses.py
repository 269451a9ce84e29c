"""Oracle: PyTorch, over shapes and numbers drawn by hypothesis; and closed forms."""

import doctest
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import hinge_loss as sklearn_hinge

from course_lib import losses

dtypes = st.sampled_from([np.float32, np.float64])
numbers = st.one_of(
    st.sampled_from([0.0, -0.0, 1000.0, -1000.0]),
    st.floats(-1000, 1000, width=32),
    st.floats(-6, 6, width=32),
)
shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=4)
reductions = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])


@st.composite
def logits_and_targets(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    shape = draw(st.tuples(st.integers(1, 5), st.integers(1, 6)))
    logits = draw(hnp.arrays(draw(dtypes), shape, elements=numbers))
    kind = draw(st.sampled_from([np.int64, np.int32, np.uint8]))
    return logits, draw(hnp.arrays(kind, shape[:1], elements=st.integers(0, shape[1] - 1)))


@st.composite
def pairs(draw: st.DrawFn, second: st.SearchStrategy = numbers) -> tuple[np.ndarray, np.ndarray]:
    dtype, shape = draw(dtypes), draw(shapes)
    first = draw(hnp.arrays(dtype, shape, elements=numbers))
    return first, draw(hnp.arrays(dtype, shape, elements=second))


def theirs(f, outputs: np.ndarray, *targets: np.ndarray, **kwargs) -> tuple[np.ndarray, np.ndarray]:
    """Loss and gradient by PyTorch; for the reduction "none", of each loss its own."""
    x = torch.tensor(outputs, requires_grad=True)
    loss = f(x, *map(torch.tensor, targets), **kwargs)
    loss.sum().backward()
    return loss.detach().numpy(), x.grad.numpy()


def assert_same(
    loss: float | np.ndarray, grad: np.ndarray, reference: tuple[np.ndarray, np.ndarray]
) -> None:
    """The numbers to a few roundings; the gradient's shape and dtype exactly.

    A gradient is a difference of numbers up to 1 (cross-entropies) or is as exact as the output
    (squares), so its absolute error is a few roundings of 1.
    """
    expected, expected_grad = reference
    eps = np.finfo(grad.dtype).eps
    np.testing.assert_allclose(loss, expected, rtol=16 * eps, atol=16 * eps)
    assert grad.dtype == expected_grad.dtype
    assert grad.shape == expected_grad.shape
    np.testing.assert_allclose(grad, expected_grad, rtol=16 * eps, atol=16 * eps)


def central_differences(f, z: np.ndarray, h: float = 1e-5) -> np.ndarray:
    steps = h * np.eye(z.size).reshape(-1, *z.shape)
    return np.array([(f(z + d) - f(z - d)) / (2 * h) for d in steps]).reshape(z.shape)


# ---------------------------------------------------------------- log-sum-exp


@given(
    hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=3), elements=numbers), st.data()
)
def test_logsumexp_is_pytorchs_along_any_axis(z: np.ndarray, data: st.DataObject) -> None:
    dim, keepdim = data.draw(st.integers(-z.ndim, z.ndim - 1)), data.draw(st.booleans())
    value, grad = theirs(torch.logsumexp, z, dim=dim, keepdim=keepdim)
    ours = losses.logsumexp(z, dim, keepdim)
    assert ours.shape == value.shape
    np.testing.assert_allclose(ours, value, rtol=1e-14, atol=1e-14)
    # PyTorch takes exp(z - result), which has one rounding of a number near 1000.
    np.testing.assert_allclose(losses.logsumexp_grad(z, dim), grad, atol=2.3e-13)


def test_logsumexp_of_infinite_scores_is_the_limit() -> None:
    z = np.array([[-np.inf, -np.inf], [-np.inf, 1.0], [np.inf, 1.0]], dtype=np.float32)
    result = losses.logsumexp(z)
    assert result.tolist() == [-np.inf, 1.0, np.inf]
    assert result.dtype == np.float32


@given(
    hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=3), elements=numbers), st.data()
)
def test_log_softmax_is_pytorchs_along_any_axis(z: np.ndarray, data: st.DataObject) -> None:
    dim = data.draw(st.integers(-z.ndim, z.ndim - 1))
    v = data.draw(hnp.arrays(np.float64, z.shape, elements=st.floats(-10, 10)))
    x = torch.tensor(z, requires_grad=True)
    y = torch.log_softmax(x, dim)
    y.backward(torch.tensor(v))
    np.testing.assert_allclose(
        losses.log_softmax(z, dim), y.detach().numpy(), rtol=1e-14, atol=1e-14
    )
    np.testing.assert_allclose(losses.log_softmax_vjp(z, v, dim), x.grad.numpy(), atol=1e-13)


def test_log_softmax_keeps_its_digits_at_a_thousand_in_float32() -> None:
    small = losses.log_softmax(np.array([0.25, 0.5], dtype=np.float32))
    large = losses.log_softmax(np.array([1000.25, 1000.5], dtype=np.float32))
    assert small.tolist() == large.tolist()


# ---------------------------------------------------------------- elementwise losses


@reductions
@given(case=pairs())
def test_mse_is_pytorchs(case: tuple[np.ndarray, np.ndarray], reduction: str) -> None:
    loss = losses.mse_loss(*case, reduction)
    grad = losses.mse_loss_grad(*case, reduction)
    assert_same(loss, grad, theirs(F.mse_loss, *case, reduction=reduction))


@reductions
@given(case=pairs(second=st.sampled_from([0.0, 1.0, 0.5])))
@example(case=(np.array([1000.0, -1000.0, 0.0]), np.array([0.0, 1.0, 1.0])))
def test_binary_cross_entropy_is_pytorchs(case, reduction: str) -> None:
    loss = losses.binary_cross_entropy_with_logits(*case, reduction)
    grad = losses.binary_cross_entropy_with_logits_grad(*case, reduction)
    reference = theirs(F.binary_cross_entropy_with_logits, *case, reduction=reduction)
    assert_same(loss, grad, reference)


@reductions
@given(case=pairs(second=st.sampled_from([-1.0, 1.0])), whole=st.booleans())
def test_hinge_is_relu_of_one_minus_the_margin(case, whole: bool, reduction: str) -> None:
    def reference(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        each = torch.relu(1 - labels * scores)
        return {"mean": each.mean(), "sum": each.sum(), "none": each}[reduction]

    scores, labels = case
    expected = theirs(reference, scores, labels)
    labels = labels.astype(np.int64) if whole else labels  # lesson 01 has integer labels
    loss = losses.hinge_loss(scores, labels, reduction)
    grad = losses.hinge_loss_grad(scores, labels, reduction)
    assert_same(loss, grad, expected)


def test_hinge_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=20), rng.choice([-1, 1], size=20)
    expected = sklearn_hinge(labels, scores)
    assert losses.hinge_loss(scores, labels) == pytest.approx(expected, rel=1e-15)


def test_hinge_has_no_gradient_at_the_kink() -> None:
    assert losses.hinge_loss_grad(np.array([1.0]), np.array([1])).tolist() == [0]


# ---------------------------------------------------------------- many classes


@reductions
@given(case=logits_and_targets())
@example(case=(np.array([[1000.0, -1000.0, 0.0]]), np.array([1])))
def test_cross_entropy_is_pytorchs(case, reduction: str) -> None:
    logits, targets = case
    loss = losses.cross_entropy(logits, targets, reduction)
    grad = losses.cross_entropy_grad(logits, targets, reduction)
    reference = theirs(F.cross_entropy, logits, targets.astype(np.int64), reduction=reduction)
    assert_same(loss, grad, reference)


@reductions
@given(case=logits_and_targets(), smoothing=st.floats(0, 1))
def test_soft_cross_entropy_is_pytorchs_on_probabilities(case, smoothing, reduction: str) -> None:
    logits, targets = case
    onehot = np.eye(logits.shape[1], dtype=logits.dtype)[targets]
    soft = ((1 - smoothing) * onehot + smoothing / logits.shape[1]).astype(logits.dtype)
    loss = losses.soft_cross_entropy(logits, soft, reduction)
    grad = losses.soft_cross_entropy_grad(logits, soft, reduction)
    assert_same(loss, grad, theirs(F.cross_entropy, logits, soft, reduction=reduction))


@given(case=logits_and_targets())
def test_one_hot_probabilities_cost_what_the_index_costs(case) -> None:
    logits, targets = case
    onehot = np.eye(logits.shape[1], dtype=logits.dtype)[targets]
    soft = losses.soft_cross_entropy(logits, onehot)
    assert soft == pytest.approx(losses.cross_entropy(logits, targets), rel=1e-6)


@pytest.mark.parametrize("classes", [1, 2, 10, 1000])
def test_cross_entropy_of_uniform_logits_is_log_classes(classes: int) -> None:
    logits, targets = np.full((4, classes), 7.0), np.arange(4) % classes
    assert losses.cross_entropy(logits, targets) == pytest.approx(math.log(classes), abs=1e-12)


def test_binary_cross_entropy_of_zero_logits_is_log_two() -> None:
    loss = losses.binary_cross_entropy_with_logits(np.zeros(5), np.array([0, 1, 1, 0, 1.0]))
    assert loss == pytest.approx(math.log(2), rel=1e-15)


def test_two_classes_cost_the_same_as_binary() -> None:
    z, t = np.array([-3.0, 0.5, 2.0]), np.array([1, 0, 1])
    two = np.stack([np.zeros(3), z], axis=1)
    binary = losses.binary_cross_entropy_with_logits(z, t.astype(float))
    assert losses.cross_entropy(two, t) == pytest.approx(binary, rel=1e-14)


# ---------------------------------------------------------------- gradients


@pytest.mark.parametrize(
    ("loss", "gradient", "targets"),
    [
        (losses.mse_loss, losses.mse_loss_grad, "numbers"),
        (
            losses.binary_cross_entropy_with_logits,
            losses.binary_cross_entropy_with_logits_grad,
            "yes or no",
        ),
        (losses.hinge_loss, losses.hinge_loss_grad, "signs"),
        (losses.cross_entropy, losses.cross_entropy_grad, "classes"),
        (losses.soft_cross_entropy, losses.soft_cross_entropy_grad, "numbers"),
    ],
)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_gradient_is_the_slope_of_the_loss(loss, gradient, targets: str, reduction: str) -> None:
    rng = np.random.default_rng(3)
    z = rng.normal(size=(4, 3)).round(1) + 0.05  # no margin within h of the hinge's kink
    t = {
        "numbers": rng.normal(size=(4, 3)),
        "yes or no": rng.integers(0, 2, (4, 3)).astype(float),
        "signs": rng.choice([-1, 1], (4, 3)),
        "classes": rng.integers(0, 3, 4),
    }[targets]
    slope = central_differences(lambda x: loss(x, t, reduction), z)
    np.testing.assert_allclose(gradient(z, t, reduction), slope, atol=1e-9)


@given(case=logits_and_targets())
def test_cross_entropy_gradient_sums_to_zero_in_each_row(case) -> None:
    grad = losses.cross_entropy_grad(*case, "sum")
    np.testing.assert_allclose(grad.sum(axis=1), 0, atol=1e-6)


# ---------------------------------------------------------------- NaN and mistakes


def test_nan_logit_makes_its_own_loss_nan_and_no_other() -> None:
    logits = np.array([[np.nan, 0.0], [0.0, 0.0]])
    assert np.isnan(losses.cross_entropy(logits, np.array([0, 1]), "none")).tolist() == [
        True,
        False,
    ]
    each = losses.binary_cross_entropy_with_logits(logits[:, 0], np.ones(2), "none")
    assert np.isnan(each).tolist() == [True, False]
    assert np.isnan(losses.mse_loss(logits, logits))


def test_inputs_are_not_changed() -> None:
    logits, targets = np.array([[1.0, 2.0]]), np.array([0])
    losses.cross_entropy(logits, targets), losses.cross_entropy_grad(logits, targets)
    assert logits.tolist() == [[1, 2]]
    assert targets.tolist() == [0]


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (np.array([0, 3]), r"targets must lie in \[0, 3\), got 3 at index 1"),
        (np.array([-1, 0]), r"targets must lie in \[0, 3\), got -1 at index 0"),
        (np.eye(3)[:2], r"class indices, integers of shape \(2,\), got float64 of shape \(2, 3\)"),
        (np.array([0.0, 1.0]), r"integers of shape \(2,\), got float64 of shape \(2,\)"),
        (np.array([0]), r"integers of shape \(2,\), got int64 of shape \(1,\)"),
    ],
)
@pytest.mark.parametrize("f", [losses.cross_entropy, losses.cross_entropy_grad])
def test_cross_entropy_names_targets_it_cannot_use(f, targets: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        f.__wrapped__(np.zeros((2, 3)), targets)  # behind the shape checks of the tests


def test_cross_entropy_names_logits_it_cannot_use() -> None:
    with pytest.raises(ValueError, match=r"shape \(batch, classes\), got \(3,\)"):
        losses.cross_entropy.__wrapped__(np.zeros(3), np.array([0]))


SAME_SHAPE = [
    losses.mse_loss,
    losses.mse_loss_grad,
    losses.binary_cross_entropy_with_logits,
    losses.binary_cross_entropy_with_logits_grad,
    losses.hinge_loss,
    losses.hinge_loss_grad,
    losses.soft_cross_entropy,
    losses.soft_cross_entropy_grad,
]


@pytest.mark.parametrize("f", SAME_SHAPE)
def test_two_shapes_are_never_broadcast(f) -> None:
    with pytest.raises(ValueError, match=r"must have the same shape, got \(4, 1\) and \(4,\)"):
        f.__wrapped__(np.zeros((4, 1)), np.ones(4))


@pytest.mark.parametrize("f", SAME_SHAPE)
def test_an_unknown_reduction_is_named(f) -> None:
    with pytest.raises(
        ValueError, match="reduction must be 'mean', 'sum' or 'none', got 'average'"
    ):
        f(np.zeros((2, 2)), np.ones((2, 2)), reduction="average")


def test_hinge_names_labels_of_another_coding() -> None:
    with pytest.raises(ValueError, match=r"labels must be -1 or \+1, got \[0, 1\]"):
        losses.hinge_loss(np.zeros(2), np.array([0, 1]))


def test_every_worked_number_in_a_docstring_is_true() -> None:
    result = doctest.testmod(losses)
    assert result.attempted >= 14
    assert result.failed == 0


def test_exactly_the_documented_names_are_exported() -> None:
    own = {n for n, f in vars(losses).items() if getattr(f, "__module__", "") == losses.__name__}
    assert {n for n in own if not n.startswith("_")} == set(losses.__all__)
