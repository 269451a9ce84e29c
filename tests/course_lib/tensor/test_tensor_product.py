"""Matrix products in every form, against PyTorch."""

import operator

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tensor_oracle import FLOATS, arrays, check

from course_lib import tensor as T
from course_lib.tensor import functional as F

few = settings(max_examples=60)


@few
@given(st.data())
def test_every_product_that_numpy_knows_agrees_with_pytorch(data: st.DataObject) -> None:
    shapes = data.draw(
        hnp.mutually_broadcastable_shapes(
            signature="(n?,k),(k,m?)->(n?,m?)", min_side=0, max_side=4, max_dims=2
        )
    )
    dtype = data.draw(st.sampled_from(FLOATS))
    x, y = (data.draw(arrays(s, dtypes=(dtype,))) for s in shapes.input_shapes)
    check(operator.matmul, operator.matmul, x, y)
    check(T.matmul, torch.matmul, x, y)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((3,), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3,)),
        ((2, 3), (3, 4)),
        ((5, 2, 3), (3, 4)),
        ((5, 2, 3), (3,)),
        ((3,), (5, 3, 2)),
        ((2, 3), (5, 3, 4)),
        ((5, 2, 3), (5, 3, 4)),
        ((6, 5, 2, 3), (3, 4)),
        ((6, 5, 2, 3), (5, 3, 4)),
        ((6, 1, 2, 3), (1, 5, 3, 4)),
        ((1, 5, 2, 3), (6, 5, 3, 4)),
        ((2, 0), (0, 3)),
        ((0, 2, 3), (3, 4)),
        ((0, 3), (3,)),
    ],
)
@pytest.mark.parametrize("dtype", FLOATS)
def test_products_of_these_shapes_agree_with_pytorch(
    left: tuple[int, ...], right: tuple[int, ...], dtype: type
) -> None:
    rng = np.random.default_rng(0)
    x, y = (np.asarray(rng.standard_normal(s), dtype=dtype) for s in (left, right))
    check(operator.matmul, operator.matmul, x, y)
    if x.ndim > 1:  # the same from views that are not contiguous
        check(lambda a, b: a.mT.contiguous().mT @ b, lambda a, b: a @ b, x, y)


def test_product_of_views_with_swapped_heads_agrees_with_pytorch() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 5, 3, 4)), rng.standard_normal((2, 6, 3, 4))
    check(
        lambda a, b: a.permute(0, 2, 1, 3) @ b.permute(0, 2, 3, 1),
        lambda a, b: a.permute(0, 2, 1, 3) @ b.permute(0, 2, 3, 1),
        x,
        y,
    )


def test_product_of_integers_agrees_with_pytorch() -> None:
    check(operator.matmul, operator.matmul, np.arange(6).reshape(2, 3), np.arange(3))


def test_a_tensor_times_itself_gets_both_gradients() -> None:
    x = np.random.default_rng(0).standard_normal((3, 3))
    check(lambda a: a @ a, lambda a: a @ a, x)
    check(lambda a: a @ a.T, lambda a: a @ a.T, x)


@few
@given(st.data(), st.booleans())
def test_linear_agrees_with_pytorch(data: st.DataObject, with_bias: bool) -> None:
    dtype = data.draw(st.sampled_from(FLOATS))
    lead = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    k, m = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 5))
    x, w, b = (data.draw(arrays(s, dtypes=(dtype,))) for s in ((*lead, k), (m, k), (m,)))
    check(F.linear, torch.nn.functional.linear, x, w, *([b] if with_bias else []))


def test_linear_skips_gradients_that_nobody_needs() -> None:
    x, w = T.ones(2, 3), T.ones(4, 3, requires_grad=True)
    F.linear(x, w).sum().backward()
    assert x.grad is None
    assert w.grad is not None
