"""PyTorch as the oracle: the same operation there and here, on generated arrays."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import torch
from hypothesis import strategies as st

from course_lib import tensor as T

FLOATS = (np.float32, np.float64)
any_shape = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
full_shape = hnp.array_shapes(min_dims=0, max_dims=4, min_side=1, max_side=5)  # no empty axis


def laid_out(array: np.ndarray, layout: str) -> np.ndarray:
    """The same numbers, as a view that is not contiguous (where there are enough of them)."""
    if layout == "transposed" and array.ndim:
        return np.ascontiguousarray(array.T).T
    if layout == "reversed" and array.ndim:
        return np.ascontiguousarray(array[::-1])[::-1]
    if layout == "strided" and array.ndim:
        wide = np.repeat(array, 2, axis=-1)
        return wide[..., ::2]
    return array


@st.composite
def arrays(
    draw: Any,
    shape: Any = any_shape,
    low: float | None = None,
    high: float = 3.0,
    dtypes: Sequence[Any] = FLOATS,
) -> np.ndarray:
    """Floats of either dtype in any layout: normal, or uniform in [low, high)."""
    size = draw(shape) if isinstance(shape, st.SearchStrategy) else shape
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    numbers = rng.standard_normal(size) if low is None else rng.uniform(low, high, size)
    array = np.asarray(numbers, dtype=draw(st.sampled_from(dtypes)))
    return laid_out(array, draw(st.sampled_from(["plain", "transposed", "reversed", "strided"])))


@st.composite
def pairs(draw: Any, low: float | None = None, high: float = 3.0) -> list[np.ndarray]:
    """Two arrays of one dtype whose shapes broadcast, empty axes included."""
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=4))
    dtype = draw(st.sampled_from(FLOATS))
    return [draw(arrays(s, low, high, (dtype,))) for s in shapes.input_shapes]


def axis_of(array: np.ndarray) -> st.SearchStrategy[int]:
    """An axis of the array, counted from either end."""
    return st.integers(-array.ndim, array.ndim - 1) if array.ndim else st.sampled_from([-1, 0])


def dims_of(array: np.ndarray) -> st.SearchStrategy[Any]:
    """None, an axis, or a tuple of distinct axes, each counted from either end."""
    if array.ndim == 0:
        return st.sampled_from([None, -1, 0])
    axes = st.lists(st.integers(0, array.ndim - 1), unique=True, min_size=1)
    signed = axes.flatmap(lambda a: st.tuples(*(st.sampled_from([i, i - array.ndim]) for i in a)))
    return st.none() | axis_of(array) | signed


def torch_twin(array: np.ndarray) -> torch.Tensor:
    twin = torch.from_numpy(np.array(array, order="C", copy=True))
    return twin.requires_grad_() if array.dtype.kind == "f" else twin


def assert_close(got: np.ndarray, expected: np.ndarray, slack: float = 1.0) -> None:
    """Equal shape and dtype, and values but for rounding.

    Inputs are of order 1 and sums have at most a few hundred terms, so results computed in another
    order differ by some tens of the unit in the last place of the largest.
    """
    assert isinstance(got, np.ndarray)
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype
    if got.size == 0:
        return
    if got.dtype.kind != "f":
        np.testing.assert_array_equal(got, expected)
        return
    finite = np.abs(expected[np.isfinite(expected)])
    scale = max(1.0, float(finite.max())) if finite.size else 1.0
    tolerance = 64 * np.finfo(got.dtype).eps * scale * slack
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance, equal_nan=True)


def as_tuple(out: Any) -> tuple[Any, ...]:
    return tuple(out) if isinstance(out, (tuple, list)) else (out,)


def check(
    ours: Callable[..., Any],
    theirs: Callable[..., Any],
    *inputs: np.ndarray,
    slack: float = 1.0,
) -> None:
    """Values, shapes, dtypes and gradients of all outputs agree with PyTorch's."""
    mine = [T.Tensor(a, requires_grad=a.dtype.kind == "f") for a in inputs]
    twins = [torch_twin(a) for a in inputs]
    before = [a.copy() for a in inputs]
    with np.errstate(all="ignore"):  # where NumPy warns, PyTorch is silent
        outs, refs = as_tuple(ours(*mine)), as_tuple(theirs(*twins))
        assert len(outs) == len(refs)
        rng = np.random.default_rng(0)
        for out, ref in zip(outs, refs, strict=True):
            assert_close(out.data, ref.detach().numpy(), slack)
            assert out.requires_grad == ref.requires_grad
            if ref.requires_grad:
                seed = np.asarray(rng.standard_normal(out.shape), dtype=out.dtype)
                out.backward(seed, retain_graph=True)
                with warnings.catch_warnings():  # PyTorch on the strides of empty gradients
                    warnings.filterwarnings("ignore", message="grad and param do not obey")
                    ref.backward(torch.from_numpy(seed.copy()), retain_graph=True)
    for tensor, twin, array in zip(mine, twins, before, strict=True):
        np.testing.assert_array_equal(tensor.data, array)  # no operation edits its input
        if twin.grad is not None:
            got = np.zeros_like(array) if tensor.grad is None else tensor.grad
            assert_close(got, twin.grad.numpy(), slack)
        else:
            assert tensor.grad is None or not tensor.grad.any()
