"""Choosing elements, with gradients that add up where one is chosen twice, against PyTorch."""

from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tensor_oracle import FLOATS, any_shape, arrays, axis_of, check, full_shape, pairs

from course_lib import tensor as T
from course_lib.tensor import functional as F

few = settings(max_examples=60)
BOX = np.arange(60.0).reshape(3, 4, 5)


def for_torch(index: Any) -> Any:
    """The same index with PyTorch tensors for arrays."""
    if isinstance(index, tuple):
        return tuple(for_torch(part) for part in index)
    return torch.from_numpy(index.copy()) if isinstance(index, np.ndarray) else index


def check_index(x: np.ndarray, index: Any) -> None:
    check(lambda a: a[index], lambda a: a[for_torch(index)], x)
    as_tensors = tuple(
        T.Tensor(i) if isinstance(i, np.ndarray) else i
        for i in (index if isinstance(index, tuple) else (index,))
    )
    check(lambda a: a[as_tensors], lambda a: a[for_torch(index)], x)


@few
@given(st.data())
def test_basic_indexing_agrees_with_pytorch(data: st.DataObject) -> None:
    x = data.draw(arrays(full_shape))
    index = data.draw(
        hnp.basic_indices(x.shape, allow_newaxis=True).filter(
            lambda i: all(
                not isinstance(s, slice) or s.step is None or s.step > 0
                for s in (i if isinstance(i, tuple) else (i,))
            )
        )
    )
    check(lambda a: a[index], lambda a: a[index], x)


@few
@given(st.data())
def test_indexing_with_repeated_integers_agrees_with_pytorch(data: st.DataObject) -> None:
    x = data.draw(arrays(full_shape.filter(len)))
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=6))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    index = np.asarray(rng.integers(-len(x), len(x), shape))
    check_index(x, index)


@pytest.mark.parametrize(
    "index",
    [
        (np.array([0, 2, 2]), np.array([1, 1, 3])),
        (np.array([[0], [2]]), np.array([1, 1, 3])),
        (np.array([0, 2, 2]), slice(None), np.array([1, 1, 0])),
        (slice(None), np.array([1, 1, 3])),
        (slice(1, None), np.array([1, 1, 3]), slice(None, None, 2)),
        (..., np.array([4, 4])),
        (0, slice(None), np.array([1, 1])),
        (np.array([1, 1]), slice(None), 2),
        (np.array([1, 1]), 2),
        (1, np.array([1, 1])),
        (None, np.array([1, 1])),
        (np.array([1, 1]), None, 0),
        (0, None, np.array([1, 1, 2])),
        (0, ..., np.array([1, 1])),
        BOX > 17,
        np.array([True, False, True]),
        (np.array([True, False, True]), slice(1, 3)),
        (slice(None), np.array([True, False, True, False])),
        (np.array([True, False, True]), np.array([1, 3])),
        (BOX[:, :, 0] > 17, slice(None)),
        (1, np.array([True, False, True, False])),
        ([0, 0, 1],),
        ([True, False, True],),
        np.array(1),
        -1,
        (np.zeros(0, np.int64),),
        [],
    ],
    ids=str,
)  # fmt: skip
def test_every_form_of_advanced_index_agrees_with_pytorch(index: Any) -> None:
    for dtype in FLOATS:
        check_index(BOX.astype(dtype), index)


@few
@given(st.data())
def test_a_mask_of_any_shape_agrees_with_pytorch(data: st.DataObject) -> None:
    x = data.draw(arrays())
    check_index(x, np.asarray(x > 0))


@few
@given(st.data())
def test_gather_agrees_with_pytorch(data: st.DataObject) -> None:
    x = data.draw(arrays(full_shape))
    dim = data.draw(axis_of(x))
    shape = [data.draw(st.integers(0, n)) for n in x.shape]
    if x.ndim:
        shape[dim] = data.draw(st.integers(0, 6))
    high = x.shape[dim] if x.ndim else 1
    index = np.asarray(np.random.default_rng(0).integers(0, high, shape))
    check(lambda a, i: a.gather(dim, i), lambda a, i: a.gather(dim, i), x, index)
    check(lambda a, i: T.gather(a, dim, i), lambda a, i: torch.gather(a, dim, i), x, index)


def test_index_select_agrees_with_pytorch() -> None:
    index = np.array([2, 0, 2])
    for dim in (0, 1, -1):
        check(
            lambda a, i, d=dim: a.index_select(d, i),
            lambda a, i, d=dim: a.index_select(d, i),
            BOX,
            index,
        )


@few
@given(st.data(), st.sampled_from([None, 0, 2, -1]))
def test_embedding_agrees_with_pytorch(data: st.DataObject, padding: int | None) -> None:
    weight = data.draw(arrays((5, 3)))
    shape = data.draw(any_shape)
    index = np.asarray(np.random.default_rng(0).integers(0, 5, shape))
    check(
        lambda i, w: F.embedding(i, w, padding_idx=padding),
        lambda i, w: torch.nn.functional.embedding(i, w, padding_idx=padding),
        index,
        weight,
    )


def test_embedding_of_many_repeats_adds_them_all_up() -> None:
    weight = T.zeros(3, 2, dtype=np.float64, requires_grad=True)
    F.embedding(T.tensor([[1, 1, 1], [1, 2, 1]]), weight).sum().backward()
    np.testing.assert_array_equal(weight.grad, [[0, 0], [5, 5], [1, 1]])


@few
@given(pairs())
def test_where_and_masked_fill_agree_with_pytorch(arrays_: list[np.ndarray]) -> None:
    x, y = arrays_
    mask = np.asarray(np.broadcast_arrays(x, y)[0] > 0)
    check(lambda a, b, m: T.where(m, a, b), lambda a, b, m: torch.where(m, a, b), x, y, mask)
    check(lambda a, b, m: a.where(m, b), lambda a, b, m: a.where(m, b), x, y, mask)
    check(lambda a, m: T.where(m, a, 2.0), lambda a, m: torch.where(m, a, 2.0), x, mask)
    small = np.asarray(x > 0)
    fill = float("-inf")
    check(lambda a, m: a.masked_fill(m, fill), lambda a, m: a.masked_fill(m, fill), x, small)
    check(lambda a, m: T.masked_fill(a, m, 2), lambda a, m: torch.masked_fill(a, m, 2), x, mask)


def test_masked_fill_takes_a_tensor_of_one_number_as_pytorch_does() -> None:
    x, value = np.arange(3.0), np.array(7.0)
    mask = np.array([True, False, True])
    check(lambda a, m, v: a.masked_fill(m, v), lambda a, m, v: a.masked_fill(m, v), x, mask, value)


def test_one_hot_agrees_with_pytorch() -> None:
    labels = np.array([[0, 2], [1, 2]])
    check(F.one_hot, torch.nn.functional.one_hot, labels)
    check(lambda a: F.one_hot(a, 5), lambda a: torch.nn.functional.one_hot(a, 5), labels)


def test_many_small_slices_of_a_large_tensor_give_one_gradient() -> None:
    x = np.random.default_rng(0).standard_normal((50, 4))

    def weighted(a: Any) -> Any:
        return sum((a[i] * (i + 1)).sum() for i in range(50)) + (a * a).sum()

    check(weighted, weighted, x)
    check(lambda a: weighted(a) + a[3:7].sum(), lambda a: weighted(a) + a[3:7].sum(), x)


def test_assignment_edits_in_place_where_no_graph_is_recorded() -> None:
    x = T.zeros(2, 3)
    x[0] = 1
    x[:, 2] = T.tensor([5.0, 6.0])
    x[x > 5] = -1.0
    assert x.tolist() == [[1, 1, 5], [0, 0, -1]]
