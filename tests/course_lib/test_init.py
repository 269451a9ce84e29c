"""Oracles: PyTorch's formulas, through the spread of what it draws; and closed forms."""

import doctest
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib import init

# Two axes are a Linear's weight, more a convolution's.
shapes = st.lists(st.integers(1, 6), min_size=2, max_size=4).map(tuple)
GAINS = ["linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]
RULES = [
    ("xavier_uniform_", {}),
    ("xavier_uniform_", {"gain": 5 / 3}),
    ("xavier_normal_", {}),
    ("xavier_normal_", {"gain": 2.0}),
    ("kaiming_uniform_", {}),
    ("kaiming_uniform_", {"a": math.sqrt(5)}),
    ("kaiming_uniform_", {"mode": "fan_out", "nonlinearity": "relu"}),
    ("kaiming_normal_", {}),
    ("kaiming_normal_", {"mode": "fan_out", "nonlinearity": "tanh"}),
]
FILLS = ["uniform_", "normal_", *dict(RULES)]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@given(shapes)
def test_fans_are_pytorchs(shape: tuple[int, ...]) -> None:
    theirs = torch.nn.init._calculate_fan_in_and_fan_out(torch.zeros(shape))
    assert init.fan_in_and_fan_out(np.zeros(shape)) == theirs


@pytest.mark.parametrize("name", GAINS)
@pytest.mark.parametrize("param", [None, 0.0, 0.2])
def test_gains_are_pytorchs(name: str, param: float | None) -> None:
    assert init.calculate_gain(name, param) == torch.nn.init.calculate_gain(name, param)


@pytest.mark.parametrize("shape", [(200, 500), (20, 10, 20, 25)])
@pytest.mark.parametrize(("name", "options"), RULES)
def test_spread_is_pytorchs(name: str, options: dict, shape: tuple[int, ...]) -> None:
    ours = getattr(init, name)(np.empty(shape), **options, rng=rng())
    theirs = torch.empty(shape, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    getattr(torch.nn.init, name)(theirs, **options, generator=generator)
    # 100,000 numbers: the spread is known to 1 part in 450 (normal), so 1 % is over four sigma.
    assert ours.std() == pytest.approx(theirs.std().item(), rel=0.01)
    assert abs(ours.mean()) < 5 * ours.std() / math.sqrt(ours.size)
    if "uniform" in name:
        assert np.abs(ours).max() == pytest.approx(theirs.abs().max().item(), rel=1e-3)


@pytest.mark.parametrize(
    ("name", "options", "bound"),
    [
        ("xavier_uniform_", {}, math.sqrt(6 / (30 + 50))),
        ("kaiming_uniform_", {}, math.sqrt(6 / 50)),
        ("kaiming_uniform_", {"mode": "fan_out"}, math.sqrt(6 / 30)),
        ("kaiming_uniform_", {"a": math.sqrt(5)}, 1 / math.sqrt(50)),  # PyTorch's Linear
        ("uniform_", {"a": -0.25, "b": 0.25}, 0.25),
    ],
)
def test_bound_is_the_closed_form_and_nearly_reached(name: str, options, bound: float) -> None:
    w = getattr(init, name)(np.empty((30, 50)), **options, rng=rng())
    assert 0.99 * bound < np.abs(w).max() <= bound


def test_uniform_and_normal_have_the_moments_asked_for() -> None:
    u = init.uniform_(np.empty(100_000), 2.0, 5.0, rng=rng())
    assert (u.mean(), u.std()) == pytest.approx((3.5, 3 / math.sqrt(12)), rel=0.01)
    assert 2 <= u.min() < u.max() < 5
    n = init.normal_(np.empty(100_000), 1.0, 2.0, rng=rng())
    assert (n.mean(), n.std()) == pytest.approx((1.0, 2.0), rel=0.02)


@pytest.mark.parametrize("depth", [20])
def test_kaiming_keeps_the_signal_alive_through_relu_layers_and_unit_normals_do_not(depth) -> None:
    source = rng()
    kept = lost = source.normal(size=(64, 256))
    for _ in range(depth):
        kept = np.maximum(kept @ init.kaiming_normal_(np.empty((256, 256)), rng=source).T, 0)
        lost = np.maximum(lost @ init.normal_(np.empty((256, 256)), std=0.01, rng=source).T, 0)
    assert 0.2 < np.mean(kept**2) < 5
    assert np.mean(lost**2) < 1e-20


@pytest.mark.parametrize("name", FILLS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_array_is_filled_in_place_and_repeatably(name: str, dtype: type) -> None:
    w = np.full((4, 6), np.nan, dtype=dtype)
    view = w.T[1:, ::2]  # not contiguous
    out = getattr(init, name)(view, rng=rng())
    assert out is view
    assert out.dtype == dtype
    assert np.isfinite(view).all()
    assert np.isnan(w).sum() == w.size - view.size
    again = getattr(init, name)(np.empty(view.shape, dtype), rng=rng())
    np.testing.assert_array_equal(again, view)


@pytest.mark.parametrize("name", FILLS)
def test_the_generator_has_to_be_given(name: str) -> None:
    with pytest.raises(TypeError, match="rng"):
        getattr(init, name)(np.empty((2, 2)))


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match=r"at least 2 axes, got shape \(3,\)"):
        init.xavier_normal_(np.empty(3), rng=rng())
    with pytest.raises(ValueError, match="mode must be 'fan_in' or 'fan_out', got 'fan'"):
        init.kaiming_normal_(np.empty((2, 2)), mode="fan", rng=rng())
    with pytest.raises(ValueError, match=r"must be one of linear, sigmoid, .* got 'swish'"):
        init.calculate_gain("swish")


def test_every_worked_number_in_a_docstring_is_true() -> None:
    result = doctest.testmod(init)
    assert result.attempted >= 2
    assert result.failed == 0


def test_exactly_the_documented_names_are_exported() -> None:
    own = {n for n, f in vars(init).items() if getattr(f, "__module__", "") == init.__name__}
    assert {n for n in own if not n.startswith("_")} == set(init.__all__)
