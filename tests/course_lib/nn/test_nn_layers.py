from itertools import pairwise

import hypothesis
import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from nn_twin import assert_same_module, assert_same_state, normal, rng, to_torch

from course_lib import nn
from course_lib.tensor import Tensor, gradcheck

t = torch.nn
lead = st.lists(st.integers(1, 3), max_size=3)


@hypothesis.settings(max_examples=20)
@hypothesis.given(lead, st.integers(1, 5), st.integers(1, 5), st.booleans())
def test_linear_agrees_with_pytorch_in_every_shape(batch, inputs, outputs, bias) -> None:
    ours = nn.Linear(inputs, outputs, bias, rng=rng())
    assert_same_module(ours, t.Linear(inputs, outputs, bias), normal(*batch, inputs))


@hypothesis.settings(max_examples=20)
@hypothesis.given(lead, st.lists(st.integers(2, 4), min_size=1, max_size=2), st.sampled_from("abc"))
def test_layer_norm_agrees_with_pytorch_in_every_shape(batch, shape, form) -> None:
    affine, bias = form != "a", form == "c"
    ours = nn.LayerNorm(tuple(shape), 1e-3, affine, bias)
    theirs = t.LayerNorm(shape, 1e-3, affine, bias)
    for p in ours.parameters():
        p.data[...] = normal(*p.shape, seed=3)
    assert_same_module(ours, theirs, normal(*batch, *shape))


@pytest.mark.parametrize("padding_idx", [None, 2, -1])
@pytest.mark.parametrize("shape", [(), (4,), (2, 3)])
def test_embedding_agrees_with_pytorch(shape, padding_idx) -> None:
    ids = rng().integers(0, 5, shape)
    ours, theirs = nn.Embedding(5, 3, padding_idx, rng=rng()), t.Embedding(5, 3, padding_idx)
    assert_same_module(ours, theirs, np.asarray(ids))
    if padding_idx is not None:
        assert not ours.weight.data[padding_idx].any()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (nn.ReLU(), t.ReLU()),
        (nn.Tanh(), t.Tanh()),
        (nn.Sigmoid(), t.Sigmoid()),
        (nn.GELU(), t.GELU()),
        (nn.GELU("tanh"), t.GELU("tanh")),
        (nn.Flatten(), t.Flatten()),
        (nn.Flatten(0, 1), t.Flatten(0, 1)),
    ],
    ids=repr,
)
def test_layers_without_weights_agree_with_pytorch(ours, theirs) -> None:
    assert_same_module(ours, theirs, normal(2, 3, 4))


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 5), (1, 3, 2)])
@pytest.mark.parametrize("momentum", [0.1, 0.5, None])
@pytest.mark.parametrize("tracked", [True, False])
@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm_agrees_with_pytorch_in_training_and_after(
    shape, momentum, tracked, affine
) -> None:
    ours = nn.BatchNorm1d(3, 1e-4, momentum, affine, tracked)
    theirs = t.BatchNorm1d(3, 1e-4, momentum, affine, tracked)
    for p in ours.parameters():
        p.data[...] = normal(*p.shape, seed=3)
    for step in range(3):
        ours.zero_grad()
        theirs.zero_grad()
        assert_same_module(ours, theirs, 2 + 3 * normal(*shape, seed=step))
    ours.zero_grad()
    theirs.zero_grad()
    ours.eval()
    theirs.eval()
    assert_same_module(ours, theirs, normal(*shape, seed=7))


def test_batch_norm_in_eval_mode_does_not_mix_examples() -> None:
    norm = nn.BatchNorm1d(3)
    x = normal(6, 3)
    norm(Tensor(x))
    state = norm.state_dict()
    alone = norm.eval()(Tensor(x[:1])).data
    np.testing.assert_allclose(norm(Tensor(x)).data[:1], alone, rtol=1e-6)
    for name, array in norm.state_dict().items():
        np.testing.assert_array_equal(array, state[name])


def test_batch_norm_refuses_what_it_cannot_normalize() -> None:
    norm = nn.BatchNorm1d(3)
    with pytest.raises(ValueError, match=r"\(batch, 3\).*got \(2, 4\)"):
        norm(Tensor(normal(2, 4)))
    with pytest.raises(ValueError, match="more than one number per feature"):
        norm(Tensor(normal(1, 3)))
    assert norm.eval()(Tensor(normal(1, 3))).shape == (1, 3)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_drops_the_share_p_and_keeps_the_mean(p) -> None:
    n = 100_000
    x = Tensor(np.ones(n, np.float32), requires_grad=True)
    layer = nn.Dropout(p, rng=rng())
    y = layer(x)
    sigma = np.sqrt(p * (1 - p) / n)
    assert abs((y.data == 0).mean() - p) < 5 * sigma
    assert abs(y.data.mean() - 1) < 5 * sigma / (1 - p)
    np.testing.assert_allclose(np.unique(y.data), [0, 1 / (1 - p)], rtol=1e-6)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, y.data)  # what was dropped gets no gradient
    assert (layer(x).data != y.data).any()
    np.testing.assert_array_equal(layer.eval()(x).data, x.data)


def test_dropout_at_its_limits() -> None:
    x = Tensor(normal(10))
    np.testing.assert_array_equal(nn.Dropout(0.0, rng=rng())(x).data, x.data)
    assert not nn.Dropout(1.0, rng=rng())(x).data.any()


@pytest.mark.parametrize("sizes", [[3, 2], [3, 4, 2], [4, 8, 8, 3]])
def test_mlp_agrees_with_the_same_chain_in_pytorch(sizes) -> None:
    parts: list[torch.nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        parts += [t.Linear(inputs, outputs), t.ReLU()]
    assert_same_module(nn.MLP(sizes, rng=rng()), t.Sequential(*parts[:-1]), normal(5, sizes[0]))


def test_linear_starts_in_pytorchs_range() -> None:
    layer = nn.Linear(100, 200, rng=rng())
    for p in layer.parameters():  # uniform on (-0.1, 0.1): its deviation is 0.1 / sqrt(3)
        assert 0.09 < np.abs(p.data).max() <= 0.1
        assert p.data.std() == pytest.approx(0.1 / np.sqrt(3), rel=0.1)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses_agree_with_pytorch(reduction) -> None:
    x, y, labels = normal(4, 3), rng().random((4, 3), dtype=np.float32), np.array([0, 2, 1, 2])
    cases = [
        (nn.MSELoss(reduction=reduction), t.MSELoss(reduction=reduction), y),
        (nn.BCEWithLogitsLoss(reduction=reduction), t.BCEWithLogitsLoss(reduction=reduction), y),
        (
            nn.CrossEntropyLoss(ignore_index=1, reduction=reduction, label_smoothing=0.1),
            t.CrossEntropyLoss(ignore_index=1, reduction=reduction, label_smoothing=0.1),
            labels,
        ),
    ]
    for ours, theirs, target in cases:
        a, b = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        loss, twin = ours(a, Tensor(target)), theirs(b, torch.from_numpy(target))
        np.testing.assert_allclose(loss.data, twin.detach(), rtol=1e-5)
        loss.sum().backward()
        twin.sum().backward()
        np.testing.assert_allclose(a.grad, b.grad, rtol=1e-4, atol=1e-7)


def test_attention_has_the_gradient_of_its_finite_differences() -> None:
    layer = nn.MultiHeadAttention(4, 2, rng=rng()).double()
    x = Tensor(normal(2, 3, 4).astype(np.float64), requires_grad=True)
    assert gradcheck(lambda x, *_: layer(x), (x, *layer.parameters()))


def test_every_layer_starts_equal_to_its_twin_after_a_round_trip() -> None:
    ours, theirs = nn.Linear(3, 2, rng=rng()), t.Linear(3, 2)
    ours.load_state_dict(theirs.state_dict())
    assert_same_state(ours, theirs)
    theirs.load_state_dict(to_torch(nn.Linear(3, 2, rng=rng(4)).state_dict()))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Linear(0, 2, rng=rng()), "at least 1, got 0 and 2"),
        (lambda: nn.Embedding(0, 2, rng=rng()), "at least 1, got 0 and 2"),
        (lambda: nn.Embedding(3, 2, 3, rng=rng()), "one of 3 rows, got 3"),
        (lambda: nn.Dropout(1.5, rng=rng()), "in .0, 1., got 1.5"),
        (lambda: nn.GELU("erf"), "got 'erf'"),
        (lambda: nn.MLP([3], rng=rng()), r"got \[3\]"),
        (lambda: nn.MultiHeadAttention(6, 4, rng=rng()), "d_model = 6, got 4"),
        (lambda: nn.Linear(3, 2, rng=rng())(Tensor(normal(2, 4))), r"\(2, 4\).*\(2, 3\)"),
        (lambda: nn.LayerNorm(3)(Tensor(normal(2, 4))), r"\(2, 4\).*\(3,\)"),
    ],
)
def test_what_makes_no_sense_is_refused_and_named(make, message) -> None:
    with pytest.raises(ValueError, match=message):
        make()
