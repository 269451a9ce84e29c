"""Reductions and softmax along any axes, against PyTorch."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tensor_oracle import arrays, axis_of, check, dims_of, full_shape

from course_lib import tensor as T

few = settings(max_examples=40)
torch_F = torch.nn.functional


@pytest.mark.parametrize("name", ["sum", "mean", "amax", "amin", "logsumexp"])
@few
@given(data=st.data(), keepdim=st.booleans())
def test_a_reduction_over_any_axes_agrees_with_pytorch(
    name: str, data: st.DataObject, keepdim: bool
) -> None:
    x = data.draw(arrays() if name in ("sum", "mean") else arrays(full_shape))
    dim = data.draw(dims_of(x))
    if dim is None and name in ("amax", "amin", "logsumexp"):
        dim = tuple(range(x.ndim))
    check(lambda a: getattr(a, name)(dim, keepdim), lambda a: getattr(a, name)(dim, keepdim), x)
    check(
        lambda a: getattr(T, name)(a, dim=dim, keepdim=keepdim),
        lambda a: getattr(torch, name)(a, dim=dim, keepdim=keepdim),
        x,
    )


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "argmax", "argmin", "all", "any"])
@few
@given(x=arrays(full_shape))
def test_a_reduction_of_everything_agrees_with_pytorch(name: str, x: np.ndarray) -> None:
    check(lambda a: getattr(a, name)(), lambda a: getattr(a, name)(), x)
    check(lambda a: getattr(a, name)(), lambda a: getattr(a, name)(), np.round(x))  # ties


@pytest.mark.parametrize("name", ["max", "min", "argmax", "argmin"])
@few
@given(data=st.data(), keepdim=st.booleans())
def test_extremes_along_an_axis_agree_with_pytorch_also_in_ties(
    name: str, data: st.DataObject, keepdim: bool
) -> None:
    x = np.round(data.draw(arrays(full_shape)))
    dim = data.draw(axis_of(x))
    check(
        lambda a: getattr(a, name)(dim, keepdim),
        lambda a: getattr(a, name)(dim, keepdim),
        x,
    )
    check(
        lambda a: getattr(T, name)(a, dim=dim, keepdim=keepdim),
        lambda a: getattr(torch, name)(a, dim=dim, keepdim=keepdim),
        x,
    )


def test_max_along_an_axis_names_its_results() -> None:
    found = T.tensor([[1.0, 3.0], [5.0, 2.0]]).max(dim=1)
    assert found.values.tolist() == [3.0, 5.0]
    assert found.indices.tolist() == [1, 0]


def test_max_of_two_tensors_is_maximum() -> None:
    x, y = np.array([1.0, 2.0, 3.0]), np.array([3.0, 2.0, 1.0])
    check(lambda a, b: a.max(b), lambda a, b: a.max(b), x, y)
    check(lambda a, b: T.min(a, b), lambda a, b: torch.min(a, b), x, y)


@pytest.mark.parametrize("name", ["var", "std"])
@few
@given(data=st.data(), keepdim=st.booleans(), correction=st.sampled_from([0, 1, 0.5]))
def test_variance_agrees_with_pytorch(
    name: str, data: st.DataObject, keepdim: bool, correction: float
) -> None:
    x = data.draw(arrays(full_shape))
    dim: Any = data.draw(dims_of(x))
    over = range(x.ndim) if dim is None else np.atleast_1d(dim)
    n = int(np.prod([x.shape[i] for i in over])) if x.ndim else 1
    assume(n > 1)
    check(
        lambda a: getattr(a, name)(dim, correction=correction, keepdim=keepdim),
        lambda a: getattr(a, name)(dim, correction=correction, keepdim=keepdim),
        x,
        slack=8,  # std divides by itself, which may be small
    )
    check(lambda a: a.var(dim, False), lambda a: a.var(dim, False), x)
    check(lambda a: a.var(), lambda a: a.var(), x)


def test_variance_of_too_few_is_what_pytorch_says() -> None:
    with pytest.warns(UserWarning, match="degrees of freedom"):
        check(lambda a: a.var(0), lambda a: a.var(0), np.ones((1, 3)))


@few
@given(st.data())
def test_running_sum_agrees_with_pytorch(data: st.DataObject) -> None:
    x = data.draw(arrays())
    dim = data.draw(axis_of(x))
    check(lambda a: a.cumsum(dim), lambda a: a.cumsum(dim), x)
    check(lambda a: a.cumsum(dim), lambda a: a.cumsum(dim), x > 0)


@few
@given(st.data(), st.sampled_from(["bool", "int32", "int64"]))
def test_integers_and_booleans_add_up_in_int64(data: st.DataObject, dtype: str) -> None:
    x = np.round(data.draw(arrays())).astype(dtype)
    dim = data.draw(dims_of(x))
    check(lambda a: a.sum(dim), lambda a: a.sum(dim), x)
    for name in ("all", "any"):
        check(lambda a, n=name: getattr(a, n)(dim), lambda a, n=name: getattr(a, n)(dim), x)


def test_sum_converts_first_when_given_a_dtype() -> None:
    x = np.array([1.5, 2.5], dtype=np.float32)
    check(lambda a: a.sum(dtype=np.float64), lambda a: a.sum(dtype=torch.float64), x)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@few
@given(data=st.data())
def test_softmax_agrees_with_pytorch(name: str, data: st.DataObject) -> None:
    x = data.draw(arrays()) * 5
    dim = data.draw(axis_of(x))
    x = np.asarray(x)
    check(lambda a: getattr(a, name)(dim), lambda a: getattr(a, name)(dim), x)
    check(lambda a: getattr(T, name)(a, dim=dim), lambda a: getattr(torch, name)(a, dim=dim), x)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_survives_what_overflows_exp(name: str, dtype: type) -> None:
    x = np.array([[1e4, 0.0, -1e4], [-1e4, -1e4, -1e4], [1.0, -np.inf, 2.0]], dtype=dtype)
    check(lambda a: getattr(a, name)(1), lambda a: getattr(a, name)(1), x)


def test_logsumexp_of_nothing_but_minus_infinity_is_minus_infinity() -> None:
    assert T.tensor([-np.inf, -np.inf]).logsumexp(0).item() == -np.inf


@pytest.mark.parametrize("name", ["sum", "mean", "softmax", "var"])
def test_float32_stays_float32(name: str) -> None:
    x = T.ones(3, 4, requires_grad=True)
    out = getattr(x, name)(1)
    assert out.dtype == np.float32
    out.sum().backward()
    assert x.grad is not None
    assert x.grad.dtype == np.float32
