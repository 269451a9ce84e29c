"""Changes of arrangement, joining and cutting, against PyTorch."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tensor_oracle import FLOATS, any_shape, arrays, axis_of, check, full_shape

from course_lib import tensor as T

few = settings(max_examples=40)


@few
@given(st.data())
def test_reshape_agrees_with_pytorch(data: st.DataObject) -> None:
    x = data.draw(arrays(full_shape))
    sizes = list(data.draw(st.permutations(x.shape)))
    if sizes and data.draw(st.booleans()):
        sizes[data.draw(st.integers(0, len(sizes) - 1))] = -1
    check(lambda a: a.reshape(*sizes), lambda a: a.reshape(sizes), x)
    check(lambda a: a.view(sizes), lambda a: a.reshape(sizes), x)
    check(lambda a: T.reshape(a, tuple(sizes)), lambda a: torch.reshape(a, sizes), x)
    check(lambda a: a.reshape(-1), lambda a: a.reshape(-1), x)


@few
@given(arrays())
def test_reshape_of_empty_tensors_agrees_with_pytorch(x: np.ndarray) -> None:
    check(lambda a: a.reshape(x.shape[::-1]), lambda a: a.reshape(x.shape[::-1]), x)


@few
@given(st.data())
def test_flatten_agrees_with_pytorch(data: st.DataObject) -> None:
    x = data.draw(arrays())
    start, end = sorted([data.draw(axis_of(x)) % max(x.ndim, 1) for _ in range(2)])
    check(lambda a: a.flatten(start, end), lambda a: a.flatten(start, end), x)
    check(lambda a: a.flatten(), lambda a: a.flatten(), x)
    check(lambda a: a.flatten(-1), lambda a: a.flatten(-1), x)


@few
@given(st.data())
def test_squeeze_and_unsqueeze_agree_with_pytorch(data: st.DataObject) -> None:
    x = data.draw(arrays(st.lists(st.sampled_from([0, 1, 1, 2]), max_size=4).map(tuple)))
    dim = data.draw(axis_of(x))
    place = data.draw(st.integers(-x.ndim - 1, x.ndim))
    check(lambda a: a.squeeze(), lambda a: a.squeeze(), x)
    check(lambda a: a.squeeze(dim), lambda a: a.squeeze(dim), x)
    check(lambda a: a.unsqueeze(place), lambda a: a.unsqueeze(place), x)
    if x.ndim > 1:
        check(lambda a: a.squeeze((0, -1)), lambda a: a.squeeze((0, -1)), x)


@few
@given(st.data())
def test_transpose_and_permute_agree_with_pytorch(data: st.DataObject) -> None:
    x = data.draw(arrays())
    i, j = data.draw(axis_of(x)), data.draw(axis_of(x))
    order = [d - data.draw(st.sampled_from([0, x.ndim])) for d in data.draw(
        st.permutations(range(x.ndim)))]  # fmt: skip
    check(lambda a: a.transpose(i, j), lambda a: a.transpose(i, j), x)
    check(lambda a: a.permute(order), lambda a: a.permute(order), x)
    if x.ndim:
        check(lambda a: a.permute(*order), lambda a: a.permute(*order), x)
    if x.ndim == 2:
        check(lambda a: a.T, lambda a: a.T, x)
    if x.ndim >= 2:
        check(lambda a: a.mT, lambda a: a.mT, x)


@few
@given(st.data())
def test_expand_agrees_with_pytorch(data: st.DataObject) -> None:
    x = data.draw(arrays(st.lists(st.sampled_from([1, 1, 2, 3]), max_size=3).map(tuple)))
    sizes = [data.draw(st.sampled_from([-1, 0, 4])) if n == 1 else data.draw(
        st.sampled_from([-1, n])) for n in x.shape]  # fmt: skip
    lead = data.draw(st.lists(st.integers(0, 2), max_size=2))
    goal = [*lead, *sizes]
    check(lambda a: a.expand(goal), lambda a: a.expand(goal), x)
    if goal:
        check(lambda a: a.expand(*goal), lambda a: a.expand(*goal), x)
    full = [k if n == -1 else n for n, k in zip(goal, [*lead, *x.shape], strict=True)]
    check(lambda a: T.broadcast_to(a, full), lambda a: torch.broadcast_to(a, full), x)


@few
@given(st.data())
def test_cat_agrees_with_pytorch(data: st.DataObject) -> None:
    shape = list(data.draw(any_shape.filter(len)))
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    dtype = data.draw(st.sampled_from(FLOATS))
    pieces = []
    for length in data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=4)):
        shape[dim] = length
        pieces.append(data.draw(arrays(tuple(shape), dtypes=(dtype,))))
    check(lambda *a: T.cat(a, dim), lambda *a: torch.cat(a, dim), *pieces)


@few
@given(st.data())
def test_stack_agrees_with_pytorch(data: st.DataObject) -> None:
    shape = data.draw(any_shape)
    dim = data.draw(st.integers(-len(shape) - 1, len(shape)))
    dtype = data.draw(st.sampled_from(FLOATS))
    count = data.draw(st.integers(1, 3))
    pieces = [data.draw(arrays(shape, dtypes=(dtype,))) for _ in range(count)]
    check(lambda *a: T.stack(a, dim), lambda *a: torch.stack(a, dim), *pieces)
    check(lambda *a: T.stack(list(a)), lambda *a: torch.stack(list(a)), *pieces)


def test_joining_mixed_dtypes_promotes_as_pytorch_does() -> None:
    x, y = np.ones(2, np.float32), np.ones(2, np.float64)
    for z in (y, np.ones(2, np.int64)):
        check(lambda a, b: T.cat([a, b]), lambda a, b: torch.cat([a, b]), x, z)
        check(lambda a, b: T.stack([a, b]), lambda a, b: torch.stack([a, b]), x, z)


@few
@given(st.data())
def test_split_chunk_and_unbind_agree_with_pytorch(data: st.DataObject) -> None:
    x = data.draw(arrays(any_shape.filter(len)))
    dim = data.draw(axis_of(x))
    size, count = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 5))
    check(lambda a: a.split(size, dim), lambda a: a.split(size, dim), x)
    check(lambda a: a.chunk(count, dim), lambda a: a.chunk(count, dim), x)
    check(lambda a: a.unbind(dim), lambda a: a.unbind(dim), x)
    cut = data.draw(st.integers(0, x.shape[dim]))
    parts = [cut, x.shape[dim] - cut]
    check(lambda a: T.split(a, parts, dim=dim), lambda a: torch.split(a, parts, dim=dim), x)


def test_iterating_gives_the_slices_along_the_first_axis() -> None:
    check(lambda a: tuple(a), lambda a: tuple(a), np.arange(6.0).reshape(3, 2))


@few
@given(arrays())
def test_clone_and_contiguous_change_nothing_but_the_memory(x: np.ndarray) -> None:
    check(T.clone, torch.clone, x)
    check(lambda a: a.contiguous(), lambda a: a.contiguous(), x)
    tensor = T.Tensor(x)
    assert not np.shares_memory(tensor.clone().data, x)
    assert tensor.contiguous().data.flags.c_contiguous


@pytest.mark.parametrize("diagonal", [-2, -1, 0, 1, 2])
@few
@given(x=arrays(any_shape.filter(lambda s: len(s) >= 2)))
def test_triangles_agree_with_pytorch(diagonal: int, x: np.ndarray) -> None:
    for name in ("tril", "triu"):
        check(
            lambda a, n=name: getattr(a, n)(diagonal),
            lambda a, n=name: getattr(a, n)(diagonal),
            x,
        )


def test_views_share_memory_and_copies_do_not() -> None:
    x = T.zeros(2, 3)
    for view in (x.T, x.reshape(6), x[0], x[:, 1:], x.unsqueeze(0), x.expand(4, 2, 3)):
        assert np.shares_memory(view.data, x.data)
    for copy in (x.clone(), x[[0, 1]], x + 0, T.tensor(x.data)):
        assert not np.shares_memory(copy.data, x.data)
