"""Oracle: PyTorch, over shapes and numbers drawn by hypothesis; and closed forms."""

import doctest
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib import activations

numbers = st.one_of(
    st.sampled_from([0.0, -0.0, 1000.0, -1000.0, 1e-30, -20.0, 20.0]),
    st.floats(-1000, 1000, width=32),
    st.floats(-6, 6, width=32),
)
shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
rows = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=5)


@st.composite
def arrays(draw: st.DrawFn, shapes: st.SearchStrategy = shapes) -> np.ndarray:
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    z = draw(hnp.arrays(dtype, shapes, elements=numbers))
    return z.T if draw(st.booleans()) else z  # half of them not contiguous


def gradient(f, z: np.ndarray, v: np.ndarray | None = None) -> np.ndarray:
    """Of f at z by PyTorch's autograd, with v from above."""
    x = torch.tensor(z, requires_grad=True)
    y = f(x)
    y.backward(torch.ones_like(y) if v is None else torch.tensor(v))
    return x.grad.numpy()


def assert_same(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Same shape and dtype; same numbers to a few roundings.

    1 + tanh and 1 + erf lose digits where they nearly cancel, so the error is one rounding of 1
    times |z| (6e-8 * 6 in float32), a few times over in a slope: hence an absolute part.
    """
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    rtol, atol = (2e-6, 4e-6) if ours.dtype == np.float32 else (1e-12, 5e-15)
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)


PAIRS = {
    "sigmoid": (activations.sigmoid, activations.sigmoid_grad, torch.sigmoid),
    "tanh": (activations.tanh, activations.tanh_grad, torch.tanh),
    "relu": (activations.relu, activations.relu_grad, torch.relu),
    "leaky_relu": (activations.leaky_relu, activations.leaky_relu_grad, F.leaky_relu),
    "leaky_relu with slope 0.2": (
        lambda z: activations.leaky_relu(z, 0.2),
        lambda z: activations.leaky_relu_grad(z, 0.2),
        lambda x: F.leaky_relu(x, 0.2),
    ),
    "gelu": (activations.gelu, activations.gelu_grad, F.gelu),
    "gelu by tanh": (
        lambda z: activations.gelu(z, "tanh"),
        lambda z: activations.gelu_grad(z, "tanh"),
        lambda x: F.gelu(x, approximate="tanh"),
    ),
}
each = pytest.mark.parametrize("name", PAIRS)


@each
@given(z=arrays())
@example(z=np.array([-1000.0, -0.0, 0.0, 1000.0], dtype=np.float32))
@example(z=np.array(-5.25, dtype=np.float32))  # where gelu's tail is lost in rounding
def test_values_and_derivatives_are_pytorchs(name: str, z: np.ndarray) -> None:
    f, derivative, theirs = PAIRS[name]
    assert_same(f(z), theirs(torch.tensor(z)).numpy())
    assert_same(derivative(z), gradient(theirs, z))


@each
def test_derivative_is_the_slope_of_the_function(name: str) -> None:
    f, derivative, _ = PAIRS[name]
    z = np.linspace(-4, 4, 33) + 0.01  # no point within h of the kink at 0
    h = 1e-5  # central differences: the error is about h**2 plus 1e-16 / h
    np.testing.assert_allclose(derivative(z), (f(z + h) - f(z - h)) / (2 * h), atol=1e-9)


@each
def test_nan_stays_nan(name: str) -> None:
    f, derivative, _ = PAIRS[name]
    z = np.array([np.nan, 1.0])
    assert np.isnan(f(z)).tolist() == [True, False]
    smooth = "relu" not in name
    assert np.isnan(derivative(z)).tolist() == [smooth, False]


@each
def test_input_is_not_changed(name: str) -> None:
    f, derivative, _ = PAIRS[name]
    z = np.array([-1.0, 0.0, 2.0])
    f(z), derivative(z)
    assert z.tolist() == [-1.0, 0.0, 2.0]


def test_infinite_scores_saturate() -> None:
    z = np.array([-np.inf, np.inf])
    assert activations.sigmoid(z).tolist() == [0, 1]
    assert activations.tanh(z).tolist() == [-1, 1]
    assert activations.relu(z).tolist() == [0, np.inf]


def test_sigmoid_keeps_its_digits_far_left() -> None:
    np.testing.assert_allclose(
        activations.sigmoid(np.array([-700.0])), [math.exp(-700.0)], rtol=1e-15
    )


@given(z=arrays())
def test_sigmoid_of_minus_z_is_one_minus_sigmoid_of_z(z: np.ndarray) -> None:
    total = activations.sigmoid(z) + activations.sigmoid(-z)
    np.testing.assert_allclose(total, 1, rtol=2 * np.finfo(z.dtype).eps)


def test_tanh_is_a_stretched_sigmoid() -> None:
    z = np.linspace(-5, 5, 11)
    np.testing.assert_allclose(
        activations.tanh(z), 2 * activations.sigmoid(2 * z) - 1, rtol=1e-13, atol=1e-15
    )


def test_both_forms_of_gelu_are_close_but_not_the_same() -> None:
    z = np.linspace(-6, 6, 1201)
    apart = np.abs(activations.gelu(z) - activations.gelu(z, "tanh")).max()
    assert 1e-4 < apart < 5e-4


@pytest.mark.parametrize("f", [activations.gelu, activations.gelu_grad])
def test_gelu_names_a_form_it_does_not_know(f) -> None:
    with pytest.raises(ValueError, match="approximate must be 'none' or 'tanh', got 'fast'"):
        f(np.zeros(2), approximate="fast")


# ---------------------------------------------------------------- softmax


@st.composite
def rows_and_vectors(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    z = draw(arrays(rows))
    v = draw(hnp.arrays(z.dtype, z.shape, elements=st.floats(-10, 10, width=32)))
    return z, v, draw(st.integers(-z.ndim, z.ndim - 1))


@given(rows_and_vectors())
def test_softmax_and_its_product_with_a_vector_are_pytorchs(case) -> None:
    z, v, dim = case
    assert_same(activations.softmax(z, dim), torch.softmax(torch.tensor(z), dim).numpy())
    theirs = gradient(lambda x: torch.softmax(x, dim), z, v)
    ours = activations.softmax_vjp(z, v, dim)
    assert ours.shape == z.shape
    assert ours.dtype == z.dtype
    eps = np.finfo(z.dtype).eps  # v - sum(v * p) is a difference of numbers up to 10
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=100 * eps)


@given(rows_and_vectors())
def test_softmax_sums_to_one_and_ignores_a_shift(case) -> None:
    z, _, dim = case
    p = activations.softmax(z, dim)
    np.testing.assert_allclose(p.sum(axis=dim), 1, rtol=1e-6)
    shifted = activations.softmax(z.astype(np.float64) + 5.0, dim)
    np.testing.assert_allclose(shifted, p, rtol=1e-4, atol=1e-6)


def test_softmax_of_logs_is_their_ratios() -> None:
    z = np.log(np.array([[1.0, 3.0], [2.0, 2.0]]))
    np.testing.assert_allclose(activations.softmax(z), [[0.25, 0.75], [0.5, 0.5]])
    np.testing.assert_allclose(activations.softmax(z, dim=0), [[1 / 3, 0.6], [2 / 3, 0.4]])


def test_softmax_survives_scores_in_the_thousands() -> None:
    z = np.array([1000.0, 0.0, -1000.0], dtype=np.float32)
    assert activations.softmax(z).tolist() == [1, 0, 0]


def test_softmax_gives_a_masked_score_nothing() -> None:
    z = np.array([0.0, -np.inf, 0.0])
    assert activations.softmax(z).tolist() == [0.5, 0, 0.5]


def test_softmax_of_nan_is_nan_in_that_row_only() -> None:
    p = activations.softmax(np.array([[np.nan, 0.0], [0.0, 0.0]]))
    assert np.isnan(p).tolist() == [[True, True], [False, False]]


def test_softmax_of_an_array_without_axes_is_one() -> None:
    assert activations.softmax(np.array(3.0)) == 1


@given(hnp.arrays(np.float64, st.integers(1, 6), elements=st.floats(-30, 30)))
def test_softmax_jacobian_is_pytorchs_and_moves_probability_only(z: np.ndarray) -> None:
    J = activations.softmax_jacobian(z)
    theirs = torch.autograd.functional.jacobian(lambda x: x.softmax(-1), torch.tensor(z))
    np.testing.assert_allclose(J, theirs.numpy(), atol=1e-15)
    np.testing.assert_allclose(J.sum(axis=0), 0, atol=1e-15)
    v = np.arange(len(z), dtype=np.float64)
    np.testing.assert_allclose(activations.softmax_vjp(z, v), v @ J, atol=1e-14)


# ---------------------------------------------------------------- the module


def test_every_worked_number_in_a_docstring_is_true() -> None:
    result = doctest.testmod(activations)
    assert result.attempted >= 13
    assert result.failed == 0


def test_scipy_is_loaded_by_the_first_exact_gelu_and_not_before() -> None:
    code = (
        "import sys, numpy as np; from course_lib import activations as a; "
        "a.gelu(np.ones(2), 'tanh'); before = 'scipy' in sys.modules; "
        "a.gelu(np.ones(2)); print(before, 'scipy' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "True"]


def test_exactly_the_documented_names_are_exported() -> None:
    defined = {
        n
        for n, f in vars(activations).items()
        if getattr(f, "__module__", "") == f"{activations.__name__}"
    }
    assert {n for n in defined if not n.startswith("_")} | {"Real"} == set(activations.__all__)
