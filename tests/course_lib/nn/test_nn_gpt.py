import math
from functools import partial

import numpy as np
import pytest
import torch
from nn_twin import normal, rng, to_torch

from course_lib import nn, torch_models
from course_lib.tensor import Tensor, no_grad

CONFIG = nn.GPTConfig(vocab_size=17, context_length=12, d_model=16, num_heads=4, num_layers=2)


def twins(config: nn.GPTConfig = CONFIG) -> tuple[nn.GPT, torch_models.GPT]:
    """The same model here and in PyTorch, with weights far from their small start."""
    ours, theirs = nn.GPT(config, rng=rng()), torch_models.GPT(config)
    r = rng(3)
    for p in ours.parameters():
        p.data += r.normal(0, 0.2, p.shape).astype(np.float32)
    theirs.load_state_dict(to_torch(ours.state_dict()))
    return ours, theirs


def some_ids(batch: int = 2, seq: int = 12, seed: int = 0) -> np.ndarray:
    return rng(seed).integers(0, CONFIG.vocab_size, (batch, seq))


def test_logits_loss_and_gradients_are_pytorchs() -> None:
    ours, theirs = twins()
    ids, targets = some_ids(), some_ids(seed=1)
    logits, loss = ours(ids, targets)
    twin_logits, twin_loss = theirs(torch.from_numpy(ids), torch.from_numpy(targets))
    np.testing.assert_allclose(logits.data, twin_logits.detach(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(loss.data, twin_loss.detach(), rtol=1e-5)
    loss.backward()
    twin_loss.backward()
    named = dict(theirs.named_parameters())
    assert [name for name, _ in ours.named_parameters()] == list(named)
    for name, p in ours.named_parameters():
        np.testing.assert_allclose(p.grad, named[name].grad, rtol=1e-3, atol=1e-6, err_msg=name)


def test_a_block_is_pytorchs_own_transformer_layer_with_a_causal_mask() -> None:
    """An oracle that is not ours: nn.TransformerEncoderLayer, its weights under other names."""
    d, seq = 16, 7
    ours = nn.Block(d, 4, rng=rng())
    for p in ours.parameters():
        p.data += normal(*p.shape, seed=p.ndim) / 4
    gelu = partial(torch.nn.functional.gelu, approximate="tanh")  # GPT-2's
    layer = torch.nn.TransformerEncoderLayer(
        d, 4, 4 * d, dropout=0.0, activation=gelu, batch_first=True, norm_first=True
    )
    names = {
        "attention.qkv.": "self_attn.in_proj_",
        "attention.projection.": "self_attn.out_proj.",
        "mlp.up.": "linear1.",
        "mlp.down.": "linear2.",
    }

    def renamed(name: str) -> str:
        for a, b in names.items():
            name = name.replace(a, b)
        return name

    layer.load_state_dict({renamed(k): v for k, v in to_torch(ours.state_dict()).items()})
    x, mask = normal(3, seq, d), torch.nn.Transformer.generate_square_subsequent_mask(seq)
    a, b = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    y, twin = ours(a), layer(b, src_mask=mask, is_causal=True)
    np.testing.assert_allclose(y.data, twin.detach(), rtol=1e-4, atol=1e-5)
    (y * y).sum().backward()
    (twin * twin).sum().backward()
    np.testing.assert_allclose(a.grad, b.grad, rtol=1e-3, atol=1e-4)
    theirs = dict(layer.named_parameters())
    for name, p in ours.named_parameters():
        wanted = theirs[renamed(name)].grad
        np.testing.assert_allclose(p.grad, wanted, rtol=1e-3, atol=1e-3, err_msg=name)


def test_the_states_of_twins_have_the_same_names_and_shapes_and_load_both_ways() -> None:
    ours, theirs = nn.GPT(CONFIG, rng=rng()), torch_models.GPT(CONFIG)
    state = theirs.state_dict()
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict(state)
    for name, array in ours.state_dict().items():
        np.testing.assert_array_equal(array, state[name])
    assert ours.head.weight is ours.token_embedding.weight
    theirs.load_state_dict(to_torch(nn.GPT(CONFIG, rng=rng(1)).state_dict()))
    assert theirs.head.weight is theirs.token_embedding.weight


@pytest.mark.parametrize("use_cache", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_both_engines_generate_the_same_tokens(seed, use_cache) -> None:
    ours, theirs = twins()
    ids = some_ids(3, 4, seed)
    for temperature, top_k in ((0.0, None), (1.0, None), (0.7, 5), (2.0, 1)):
        found = ours.generate(ids, 20, temperature, top_k, rng(seed), use_cache)
        twin = theirs.generate(torch.from_numpy(ids), 20, temperature, top_k, rng(seed), use_cache)
        assert found.tolist() == twin.tolist()
        assert found.shape == (3, 24)
        np.testing.assert_array_equal(found.data[:, :4], ids)


@pytest.mark.parametrize("prompt", [1, 4, 11, 12, 15])
def test_a_cache_changes_no_token_within_the_context_and_beyond_it(prompt) -> None:
    ours, _ = twins()
    ids = some_ids(2, prompt)
    with_cache = ours.generate(ids, 16, 1.0, None, rng(1), use_cache=True)
    without = ours.generate(ids, 16, 1.0, None, rng(1), use_cache=False)
    assert with_cache.tolist() == without.tolist()


@pytest.mark.parametrize("cuts", [[12], [1] * 12, [5, 7], [3, 1, 8]])
def test_logits_in_pieces_through_a_cache_are_those_of_the_whole(cuts) -> None:
    ours, theirs = twins()
    ids = some_ids()
    with no_grad():
        whole, _ = ours(ids)
        caches, start, pieces = ours.new_caches(2), 0, []
        twin_caches, twin_pieces = theirs.new_caches(2), []
        for n in cuts:
            pieces.append(ours(ids[:, start : start + n], caches=caches)[0].data)
            with torch.no_grad():
                part = torch.from_numpy(ids[:, start : start + n])
                twin_pieces.append(theirs(part, caches=twin_caches)[0].numpy())
            start += n
            assert caches[0].length == caches[1].length == start
    np.testing.assert_allclose(np.concatenate(pieces, 1), whole.data, atol=2e-6)
    np.testing.assert_allclose(np.concatenate(twin_pieces, 1), whole.data, atol=1e-5)


def test_a_cached_step_looks_only_at_the_new_token() -> None:
    ours, _ = twins()
    seen: list[tuple[int, ...]] = []
    original = ours.blocks[0].attention.qkv.forward
    ours.blocks[0].attention.qkv.forward = lambda x: (seen.append(x.shape), original(x))[1]
    ours.generate(some_ids(2, 3), 4, temperature=0.0)
    assert [shape[1] for shape in seen] == [3, 1, 1, 1]


def test_no_position_looks_ahead() -> None:
    ours, _ = twins()
    ids = some_ids()
    changed = ids.copy()
    changed[:, 7:] = (ids[:, 7:] + 1) % CONFIG.vocab_size
    a, b = ours(ids)[0].data, ours(changed)[0].data
    np.testing.assert_allclose(a[:, :7], b[:, :7], atol=1e-6)
    assert (np.abs(a[:, 7:] - b[:, 7:]).max(axis=-1) > 1e-3).all()


def test_generating_drops_nothing_records_nothing_and_restores_the_mode() -> None:
    config = nn.GPTConfig(17, 12, 16, 4, 2, dropout=0.9)
    for model in (nn.GPT(config, rng=rng()), nn.GPT(config, rng=rng()).eval()):
        mode = model.training
        first = model.generate(some_ids(), 5, temperature=0.0)
        assert first.tolist() == model.generate(some_ids(), 5, temperature=0.0).tolist()
        assert model.training == mode
        assert not first.requires_grad
    with pytest.raises(ValueError, match="needs rng"):
        model.train().generate(some_ids(), 5)
    assert model.training


def test_dropout_acts_in_training_and_its_rng_repeats_it() -> None:
    config = nn.GPTConfig(17, 12, 16, 4, 2, dropout=0.5)
    a, b = nn.GPT(config, rng=rng(2)), nn.GPT(config, rng=rng(2))
    ids = some_ids()
    x, y, z = a(ids)[0].data, a(ids)[0].data, b(ids)[0].data
    assert np.abs(x - y).max() > 1e-3
    np.testing.assert_array_equal(x, z)
    a.eval()
    np.testing.assert_array_equal(a(ids)[0].data, a(ids)[0].data)


@pytest.mark.parametrize("layers", [1, 3])
def test_the_parameter_count_is_the_formula_and_pytorchs(layers) -> None:
    config = nn.GPTConfig(50, 20, 24, 3, layers)
    d = config.d_model
    block = (d + 1) * 3 * d + (d + 1) * d + (d + 1) * 4 * d + (4 * d + 1) * d + 4 * d
    blocks = layers * block + 2 * d
    ours = nn.GPT(config, rng=rng())
    assert ours.num_parameters() == 50 * d + 20 * d + blocks
    assert ours.num_parameters(embeddings=False) == blocks
    theirs = torch_models.GPT(config)
    assert theirs.num_parameters() == ours.num_parameters()
    assert theirs.num_parameters(embeddings=False) == blocks


@pytest.mark.parametrize("library", ["nn", "torch"])
def test_the_start_is_gpt2s(library) -> None:
    config = nn.GPTConfig(200, 64, 64, 4, 8)
    if library == "nn":
        state = nn.GPT(config, rng=rng()).state_dict()
    else:
        torch.manual_seed(0)
        state = {k: v.numpy() for k, v in torch_models.GPT(config).state_dict().items()}
    for name, array in state.items():
        if name.endswith("bias"):
            assert not array.any(), name
        elif array.ndim == 1:
            assert (array == 1).all(), name
        else:
            writes = "projection" in name or "down" in name
            wanted = 0.02 / math.sqrt(16) if writes else 0.02
            assert array.std() == pytest.approx(wanted, rel=0.05), name


def test_the_first_loss_is_about_that_of_guessing_evenly() -> None:
    _, loss = nn.GPT(CONFIG, rng=rng())(some_ids(), some_ids(seed=1))
    assert loss.item() == pytest.approx(math.log(17), abs=0.1)


def test_a_tiny_gpt_learns_a_small_batch_by_heart() -> None:
    model = nn.GPT(CONFIG, rng=rng())
    ids = some_ids(2, 9)
    losses = []
    for _ in range(150):
        model.zero_grad()
        _, loss = model(ids[:, :-1], ids[:, 1:])
        loss.backward()
        for p in model.parameters():
            p.data -= 0.5 * p.grad
        losses.append(loss.item())
    assert losses[0] > 2.5
    assert losses[-1] < 0.1
    assert model.generate(ids[:1, :3], 6, temperature=0.0).tolist() == ids[:1].tolist()


@pytest.mark.parametrize("library", ["nn", "torch"])
def test_sampling_follows_the_distribution(library) -> None:
    logits, n = np.log([0.1, 0.2, 0.7]), 20_000
    rows = np.tile(logits, (n, 1))

    def draw(**options):
        if library == "nn":
            return nn.sample(rows, rng=rng(), **options)
        return torch_models.gpt.sample(torch.from_numpy(rows), rng=rng(), **options).numpy()

    def shares(**options):
        return np.bincount(draw(**options), minlength=3) / n

    tolerance = 5 * math.sqrt(0.25 / n)  # five deviations of the share, at its largest
    np.testing.assert_allclose(shares(), [0.1, 0.2, 0.7], atol=tolerance)
    cool = np.array([0.1, 0.2, 0.7]) ** 2
    np.testing.assert_allclose(shares(temperature=0.5), cool / cool.sum(), atol=tolerance)
    np.testing.assert_allclose(shares(top_k=2), [0, 2 / 9, 7 / 9], atol=tolerance)
    assert shares(top_k=1).tolist() == [0, 0, 1]
    assert shares(temperature=0.0).tolist() == [0, 0, 1]
    for wrong in ({"temperature": -1.0}, {"top_k": 0}):
        with pytest.raises(ValueError, match="temperature >= 0 and top_k >= 1"):
            draw(**wrong)


def test_what_a_gpt_cannot_take_is_refused_and_named() -> None:
    ours, theirs = twins()
    for model, ids in ((ours, some_ids(2, 13)), (theirs, torch.from_numpy(some_ids(2, 13)))):
        with pytest.raises(ValueError, match=r"from 1 to 12, got \(2, 13\)"):
            model(ids)
    with pytest.raises(ValueError, match=r"from 1 to 12, got \(2, 0\)"):
        ours(some_ids(2, 0))
    with pytest.raises(ValueError, match=r"got \(3,\)"):
        ours(np.array([1, 2, 3]))
    with pytest.raises(IndexError, match="17"):
        ours(np.array([[17]]))
    with pytest.raises(ValueError, match=r"\(2, 12\), got \(2, 11\)"):
        ours(some_ids(), some_ids(2, 11))


def test_a_cache_refuses_gradients_and_overflow() -> None:
    ours, _ = twins()
    with pytest.raises(RuntimeError, match="no_grad"):
        ours(some_ids(), caches=ours.new_caches(2))
    cache = nn.KVCache(1, 2, 3, 4)
    part = Tensor(normal(1, 2, 2, 4))
    with no_grad():
        cache.append(part, part)
        with pytest.raises(ValueError, match=r"\(1, 2, 2, 4\) after 2 positions.*\(1, 2, 3, 4\)"):
            cache.append(part, part)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocab_size": 0}, "vocab_size must be at least 1, got 0"),
        ({"num_heads": 3}, "divide d_model 16, got 3"),
        ({"dropout": 1.5}, "got 1.5"),
    ],
)
def test_a_config_that_makes_no_sense_is_refused(change, message) -> None:
    sizes = {"vocab_size": 17, "context_length": 12, "d_model": 16, "num_heads": 4, "num_layers": 2}
    with pytest.raises(ValueError, match=message):
        nn.GPTConfig(**{**sizes, **change})
