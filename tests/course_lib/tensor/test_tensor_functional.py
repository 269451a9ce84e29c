"""Losses, normalisation, dropout and attention, against PyTorch and against their parts."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tensor_oracle import FLOATS, arrays, assert_close, check, full_shape

from course_lib import tensor as T
from course_lib.tensor import functional as F

few = settings(max_examples=50)
torch_F = torch.nn.functional
REDUCTIONS = ["mean", "sum", "none"]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@few
@given(
    data=st.data(),
    smoothing=st.sampled_from([0.0, 0.1, 1.0]),
    ignored=st.sampled_from([-100, 0]),
)
def test_cross_entropy_agrees_with_pytorch(
    reduction: str, data: st.DataObject, smoothing: float, ignored: int
) -> None:
    shape = data.draw(full_shape.filter(len))
    logits = np.asarray(data.draw(arrays(shape)) * 3)
    wanted = (*shape[:1], *shape[2:]) if len(shape) > 1 else ()
    classes = shape[1] if len(shape) > 1 else shape[0]
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    targets = np.asarray(rng.integers(0, classes, wanted))
    if targets.ndim and data.draw(st.booleans()):
        targets[..., :1] = ignored
    options = {
        "reduction": reduction,
        "label_smoothing": smoothing,
        "ignore_index": ignored,
    }
    check(
        lambda a, t: F.cross_entropy(a, t, **options),
        lambda a, t: torch_F.cross_entropy(a, t, **options),
        logits,
        targets,
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_cross_entropy_of_an_empty_batch_is_what_pytorch_says(reduction: str, dtype: type) -> None:
    check(
        lambda a, t: F.cross_entropy(a, t, reduction=reduction),
        lambda a, t: torch_F.cross_entropy(a, t, reduction=reduction),
        np.zeros((0, 3), dtype),
        np.zeros(0, np.int64),
    )


def test_cross_entropy_of_uniform_logits_is_log_classes() -> None:
    loss = F.cross_entropy(T.zeros(5, 7), T.tensor([0, 1, 2, 3, 4]))
    assert loss.item() == pytest.approx(math.log(7), rel=1e-6)


def test_cross_entropy_survives_logits_in_the_thousands() -> None:
    logits = T.tensor([[5000.0, -5000.0]], requires_grad=True)
    loss = F.cross_entropy(logits, T.tensor([1]))
    loss.backward()
    assert loss.item() == 10_000
    assert logits.grad is not None
    assert logits.grad.tolist() == [[1.0, -1.0]]


def test_cross_entropy_is_softmax_log_and_choice_in_one() -> None:
    rng = np.random.default_rng(0)
    logits = T.tensor(rng.standard_normal((4, 3)), requires_grad=True)
    targets = T.tensor([2, 0, 1, 1])
    F.cross_entropy(logits, targets).backward()
    fused, logits.grad = logits.grad, None
    (-logits.log_softmax(1)[np.arange(4), targets].mean()).backward()
    assert fused is not None
    assert logits.grad is not None
    assert_close(fused, logits.grad)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@few
@given(data=st.data())
def test_other_losses_agree_with_pytorch(reduction: str, data: st.DataObject) -> None:
    shape, dtype = data.draw(full_shape), data.draw(st.sampled_from(FLOATS))
    x, y = (data.draw(arrays(shape, dtypes=(dtype,))) for _ in range(2))
    chance = 1 / (1 + np.exp(-y))
    for name, target in (("mse_loss", y), ("binary_cross_entropy_with_logits", chance)):
        check(
            lambda a, b, n=name: getattr(F, n)(a, b, reduction=reduction),
            lambda a, b, n=name: getattr(torch_F, n)(a, b, reduction=reduction),
            x,
            np.asarray(target, dtype),
        )


@few
@given(st.data(), st.sampled_from(["both", "weight", "none"]), st.sampled_from([1e-5, 0.1]))
def test_layer_norm_agrees_with_pytorch(data: st.DataObject, given_: str, eps: float) -> None:
    shape = (*data.draw(full_shape), data.draw(st.integers(3, 6)))
    axes = data.draw(st.integers(1, len(shape)))
    size, dtype = shape[len(shape) - axes :], data.draw(st.sampled_from(FLOATS))
    parts = {"both": [size, size], "weight": [size], "none": []}[given_]
    inputs = [data.draw(arrays(s, dtypes=(dtype,))) for s in (shape, *parts)]
    # Rows of 3 may lie close together, and dividing by their spread magnifies rounding.
    check(
        lambda a, *w: F.layer_norm(a, size, *w, eps=eps),
        lambda a, *w: torch_F.layer_norm(a, size, *w, eps=eps),
        *inputs,
        slack=64,
    )


def test_layer_norm_takes_one_length_and_an_empty_batch() -> None:
    check(lambda a: F.layer_norm(a, 3), lambda a: torch_F.layer_norm(a, [3]), np.zeros((0, 3)))


@pytest.mark.parametrize("p", [0.0, 0.25, 0.9, 1.0])
def test_dropout_keeps_the_mean_and_scales_what_it_keeps(p: float) -> None:
    x = T.ones(100, 100, requires_grad=True)
    out = F.dropout(x, p, rng=np.random.default_rng(0))
    kept = out.data != 0
    # A share of 10,000 draws has a standard deviation of at most 0.005.
    assert kept.mean() == pytest.approx(1 - p, abs=0.025)
    np.testing.assert_allclose(out.data[kept], 1 / (1 - p) if p < 1 else 0, rtol=1e-6)
    out.sum().backward()
    np.testing.assert_array_equal(x.grad, out.data)
    assert out.dtype == np.float32


def test_dropout_does_nothing_when_not_training() -> None:
    x = T.ones(3)
    assert F.dropout(x, 0.5, training=False) is x


def test_dropout_repeats_with_the_same_seed() -> None:
    x = T.ones(50)
    one, two = (F.dropout(x, 0.5, rng=np.random.default_rng(7)) for _ in range(2))
    assert one.tolist() == two.tolist()


def draw_attention(data: st.DataObject) -> list[np.ndarray]:
    lead = data.draw(st.sampled_from([(), (2,), (2, 3)]))
    target, source, width, out = (data.draw(st.integers(1, 5)) for _ in range(4))
    dtype = data.draw(st.sampled_from(FLOATS))
    shapes = [(*lead, target, width), (*lead, source, width), (*lead, source, out)]
    return [data.draw(arrays(s, dtypes=(dtype,))) for s in shapes]


@few
@given(st.data(), st.booleans(), st.sampled_from([None, 0.3]))
def test_attention_agrees_with_pytorch(
    data: st.DataObject, causal: bool, scale: float | None
) -> None:
    check(
        lambda *a: F.scaled_dot_product_attention(*a, is_causal=causal, scale=scale),
        lambda *a: torch_F.scaled_dot_product_attention(*a, is_causal=causal, scale=scale),
        *draw_attention(data),
        slack=4,
    )


@few
@given(st.data(), st.booleans())
def test_masked_attention_agrees_with_pytorch(data: st.DataObject, boolean: bool) -> None:
    q, k, v = draw_attention(data)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    shape = (q.shape[-2], k.shape[-2])
    mask: Any = rng.random(shape) < 0.7
    mask[:, 0] = True
    if not boolean:
        mask = np.where(mask, rng.standard_normal(shape), -np.inf).astype(q.dtype)
    constant = torch.from_numpy(mask)
    check(
        lambda *a: F.scaled_dot_product_attention(*a, attn_mask=T.Tensor(mask)),
        lambda *a: torch_F.scaled_dot_product_attention(*a, attn_mask=constant),
        q,
        k,
        v,
        slack=4,
    )


def test_a_query_that_may_look_nowhere_gets_zero_and_no_gradient_as_in_pytorch() -> None:
    rng = np.random.default_rng(0)
    inputs = [rng.standard_normal((2, 3, 4)) for _ in range(3)]
    mask = np.array([[True, False, True], [False] * 3, [True] * 3])
    check(
        lambda *a: F.scaled_dot_product_attention(*a, attn_mask=T.Tensor(mask)),
        lambda *a: torch_F.scaled_dot_product_attention(*a, attn_mask=torch.from_numpy(mask)),
        *inputs,
    )


def test_attention_is_product_softmax_and_product_in_one() -> None:
    rng = np.random.default_rng(0)
    q, k, v = (T.tensor(rng.standard_normal((2, 5, 4)), requires_grad=True) for _ in range(3))
    F.scaled_dot_product_attention(q, k, v, is_causal=True).square().sum().backward()
    fused = [q.grad, k.grad, v.grad]
    q.grad = k.grad = v.grad = None
    allowed = T.ones(5, 5).tril().bool()
    scores = (q @ k.mT / 2).masked_fill(~allowed, float("-inf"))
    (scores.softmax(-1) @ v).square().sum().backward()
    for one, many in zip(fused, [q.grad, k.grad, v.grad], strict=True):
        assert_close(one, many)


def test_dropout_in_attention_has_the_gradient_of_what_it_kept() -> None:
    rng = np.random.default_rng(0)
    q, k, v = (T.tensor(rng.standard_normal((2, 3, 4)), requires_grad=True) for _ in range(3))

    def dropped(*inputs: Any) -> Any:
        draw = np.random.default_rng(1)
        return F.scaled_dot_product_attention(*inputs, dropout_p=0.4, rng=draw)

    assert T.gradcheck(dropped, (q, k, v))
    full = F.scaled_dot_product_attention(q, k, v)
    assert not np.allclose(dropped(q, k, v).data, full.data)
