import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from course_lib import nn, torch_models
from course_lib.tensor import Tensor

CONFIG = nn.GPTConfig(
    vocab_size=11, context_length=8, d_model=16, num_heads=2, num_layers=2, dropout=0.1
)
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


def draw_batch(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Counting upwards, from anywhere: a language that a tiny model can learn."""
    starts = rng.integers(0, 11, (4, 1))
    ids = (starts + np.arange(9)) % 11
    return ids[:, :-1], ids[:, 1:]


def trainer(**changes) -> torch_models.Trainer:
    options = {"steps": 12, "lr": 1e-2, "warmup_steps": 2, "seed": 3, **changes}
    torch.manual_seed(0)
    return torch_models.Trainer(
        torch_models.GPT(CONFIG), draw_batch, torch_models.TrainConfig(**options)
    )


def need(device: str) -> None:
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device and a PyTorch built for it")


@pytest.mark.parametrize("sizes", [[3, 2], [4, 8, 8, 3]])
def test_mlp_is_the_twin_of_ours(sizes) -> None:
    rng = np.random.default_rng(0)
    ours, theirs = nn.MLP(sizes, rng=rng), torch_models.MLP(sizes)
    ours.load_state_dict(theirs.state_dict())
    x = rng.standard_normal((5, sizes[0]), dtype=np.float32)
    np.testing.assert_allclose(ours(Tensor(x)).data, theirs(torch.tensor(x)).detach(), atol=1e-6)
    with pytest.raises(ValueError, match="at least input and output"):
        torch_models.MLP([3])


@pytest.mark.parametrize("stop", [0, 1, 5, 12])
def test_a_resumed_run_follows_the_uninterrupted_one_bit_for_bit(tmp_path, stop) -> None:
    whole = trainer()
    whole.train()
    first = trainer()
    first.train(until=stop)
    first.save(tmp_path / "run" / "half.pt")
    torch.manual_seed(99)  # whatever happens in between
    second = trainer()
    for p in second.model.parameters():
        torch.nn.init.zeros_(p)
    second.load(tmp_path / "run" / "half.pt")
    assert second.step == stop
    assert second.train() == whole.losses
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[name]), name


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("bf16", [False, True])
def test_training_learns_to_count(device, bf16) -> None:
    need(device)
    run = trainer(steps=60, device=device, bf16=bf16)
    losses = run.train()
    assert losses[0] > 2
    assert losses[-1] < 0.6
    start = torch.tensor([[3, 4]], device=device)
    assert run.model.generate(start, 6, temperature=0.0).tolist() == [[3, 4, 5, 6, 7, 8, 9, 10]]
    assert {p.dtype for p in run.model.parameters()} == {torch.float32}


def test_bf16_changes_the_first_loss_by_its_rounding_only() -> None:
    a, b = (trainer(bf16=bf16).train(until=1)[0] for bf16 in (False, True))
    assert a != b
    assert a == pytest.approx(b, rel=2**-7)  # bf16 has 8 significant bits


def test_only_matrices_decay_and_the_rate_follows_warmup_and_cosine() -> None:
    run = trainer()
    rates = []
    for step in range(1, 13):
        run.train(until=step)
        rates.append(run.optimizer.param_groups[0]["lr"])
    assert np.argmax(rates) == 2
    assert rates[0] == pytest.approx(1e-2 / 3)
    assert rates[2] == pytest.approx(1e-2)
    assert rates[-1] < 2e-3
    decayed, spared = run.optimizer.param_groups
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.1, 0.0)
    assert {p.ndim for p in decayed["params"]} == {2}
    assert {p.ndim for p in spared["params"]} == {1}


def test_an_mlp_trains_with_the_same_loop() -> None:
    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x = rng.standard_normal((32, 2), dtype=np.float32)
        return x, (x[:, 0] * x[:, 1] > 0).astype(np.int64)  # XOR of the signs

    torch.manual_seed(0)
    config = torch_models.TrainConfig(steps=300, lr=1e-2, weight_decay=0.0)
    loss = torch_models.classification_loss
    run = torch_models.Trainer(torch_models.MLP([2, 16, 2]), draw, config, loss)
    losses = run.train()
    assert np.mean(losses[-20:]) < 0.25 < 0.6 < losses[0]


def test_a_write_that_fails_leaves_the_old_checkpoint_and_nothing_else(
    tmp_path, monkeypatch
) -> None:
    path = tmp_path / "a.pt"
    torch_models.save_checkpoint(path, {"step": 1})

    def fail(*args, **kwargs):
        raise OSError("disk full")

    for name in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, fail)
            with pytest.raises(OSError, match="disk full"):
                torch_models.save_checkpoint(path, {"step": 2})
        assert torch_models.load_checkpoint(path) == {"step": 1}
        assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]
    torch_models.save_checkpoint(path, {"step": 3})
    assert torch_models.load_checkpoint(path) == {"step": 3}


def test_reading_a_checkpoint_runs_no_code(tmp_path) -> None:
    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "ran"),))

    torch.save({"model": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(Exception, match="Weights only load failed"):
        torch_models.load_checkpoint(tmp_path / "evil.pt")
    assert not (tmp_path / "ran").exists()


def test_a_compiled_run_is_the_plain_one_and_its_checkpoint_has_plain_names(tmp_path) -> None:
    """Outside this process: checked annotations are nothing a compiler can see through.

    Dynamo traces the model; its default compiler, which needs minutes of C++, is left out.
    """
    code = f"""
import numpy as np, torch
compile = torch.compile
torch.compile = lambda model: compile(model, backend="eager")
from course_lib import nn, torch_models
config = nn.GPTConfig(11, 8, 16, 2, 2)
def draw(rng):
    ids = rng.integers(0, 11, (4, 9))
    return ids[:, :-1], ids[:, 1:]
def run(compiled):
    torch.manual_seed(0)
    options = torch_models.TrainConfig(steps=3, compile=compiled)
    trainer = torch_models.Trainer(torch_models.GPT(config), draw, options)
    trainer.train()
    return trainer
a, b = run(False), run(True)
np.testing.assert_allclose(a.losses, b.losses, rtol=1e-5)
b.save({str(tmp_path / "c.pt")!r})
a.load({str(tmp_path / "c.pt")!r})
assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"lr": -1.0}, "lr must be >= 0, got -1.0"),
    ],
)
def test_a_config_that_makes_no_sense_is_refused(change, message) -> None:
    with pytest.raises(ValueError, match=message):
        torch_models.TrainConfig(**{"steps": 5, **change})


def test_a_run_cannot_go_past_its_last_step() -> None:
    with pytest.raises(ValueError, match="at most steps = 12, got 13"):
        trainer().train(until=13)


def test_the_public_names_of_torch_models() -> None:
    names = (
        "GPT MLP TrainConfig Trainer classification_loss language_model_loss load_checkpoint "
        "save_checkpoint"
    )
    assert sorted(torch_models.__all__) == sorted(names.split())
