import copy
import doctest
import importlib
import inspect
import pickle
import pkgutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from nn_twin import assert_same_state, normal, rng, to_torch

from course_lib import nn
from course_lib.tensor import Tensor


class Net(nn.Module):
    """Every way to hold a part: an attribute, a list, a chain, the same one twice, a buffer."""

    def __init__(self) -> None:
        r = rng()
        self.scale = nn.Parameter(np.ones(3, np.float32))
        self.layers = nn.ModuleList([nn.Linear(3, 3, rng=r) for _ in range(2)])
        self.chain = nn.Sequential(nn.Linear(3, 3, rng=r), nn.ReLU(), nn.BatchNorm1d(3))
        self.again = self.layers[0]
        self.head = nn.Linear(3, 3, bias=False, rng=r)
        self.head.weight = self.layers[1].weight
        self.register_buffer("seen", Tensor(np.zeros(2, np.float32)))
        self.constant = Tensor(np.ones(3))  # no parameter, no buffer: not part of the state
        self.none = None

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return self.head(self.chain(self.again(x)) * self.scale)


class TorchNet(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        t = torch.nn
        self.scale = t.Parameter(torch.ones(3))
        self.layers = t.ModuleList([t.Linear(3, 3) for _ in range(2)])
        self.chain = t.Sequential(t.Linear(3, 3), t.ReLU(), t.BatchNorm1d(3))
        self.again = self.layers[0]
        self.head = t.Linear(3, 3, bias=False)
        self.head.weight = self.layers[1].weight
        self.register_buffer("seen", torch.zeros(2))
        self.constant = torch.ones(3)
        self.none = None


def test_every_walk_gives_pytorchs_names_in_pytorchs_order() -> None:
    ours, theirs = Net(), TorchNet()
    for walk in ("named_parameters", "named_buffers", "named_modules", "named_children"):
        mine = [name for name, _ in getattr(ours, walk)()]
        assert mine == [name for name, _ in getattr(theirs, walk)()], walk
    assert len(list(ours.parameters())) == len(list(theirs.parameters()))
    assert len(list(ours.modules())) == len(list(theirs.modules()))
    assert len(list(ours.children())) == len(list(theirs.children()))
    assert len(list(ours.buffers())) == 4


def test_a_state_passes_to_pytorch_and_back() -> None:
    ours, theirs = Net(), TorchNet()
    ours(Tensor(normal(5, 3)))  # moves the running statistics
    theirs.load_state_dict(to_torch(ours.state_dict()))
    assert_same_state(ours, theirs)
    with torch.no_grad():
        for p in theirs.parameters():
            p.mul_(2)
    assert ours.load_state_dict(theirs.state_dict()) == ([], [])
    assert_same_state(ours, theirs)
    ours.load_state_dict({name: t.numpy() for name, t in theirs.state_dict().items()})
    assert_same_state(ours, theirs)


def test_a_shared_parameter_stays_shared_when_a_state_is_loaded() -> None:
    ours, other = Net(), Net()
    state = {k: v + 1 if v.dtype.kind == "f" else v for k, v in other.state_dict().items()}
    ours.load_state_dict(state)
    assert ours.head.weight is ours.layers[1].weight
    np.testing.assert_array_equal(ours.head.weight.data, state["head.weight"])


def test_a_saved_state_does_not_change_when_training_goes_on() -> None:
    ours = Net()
    state = ours.state_dict()
    ours.scale.data += 1
    np.testing.assert_array_equal(state["scale"], np.ones(3))


def test_a_state_that_does_not_fit_is_refused_with_every_mistake_and_nothing_is_loaded() -> None:
    ours = Net()
    before, state = ours.state_dict(), ours.state_dict()
    state["scale"] = np.zeros(4)
    state["extra"] = np.zeros(1)
    state["head.weight"] += 1
    del state["seen"]
    with pytest.raises(ValueError, match="cannot load into Net") as caught:
        ours.load_state_dict(state)
    for part in ("scale must have shape (3,), got (4,)", "missing: seen", "unexpected: extra"):
        assert part in str(caught.value)
    for name, array in ours.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_what_does_not_match_is_returned_when_loading_is_not_strict() -> None:
    ours = Net()
    state = {"scale": np.full(3, 7.0), "extra": np.zeros(1)}
    keys = ours.load_state_dict(state, strict=False)
    assert keys.unexpected_keys == ["extra"]
    assert "seen" in keys.missing_keys
    assert "scale" not in keys.missing_keys
    assert ours.scale.data.tolist() == [7, 7, 7]
    with pytest.raises(ValueError, match="scale must have shape"):  # as in PyTorch, never passed by
        ours.load_state_dict({"scale": np.zeros(2)}, strict=False)


def test_loading_keeps_the_dtype_and_the_array_that_an_optimizer_holds() -> None:
    layer = nn.Linear(2, 2, rng=rng())
    held = layer.weight.data
    state = {"weight": np.eye(2, dtype=np.float64), "bias": np.zeros(2)}
    layer.load_state_dict(state)
    assert layer.weight.data is held
    assert held.dtype == np.float32
    assert held.tolist() == [[1, 0], [0, 1]]


def test_a_part_assigned_later_replaces_the_one_before() -> None:
    net = Net()
    net.head = nn.Linear(3, 5, rng=rng())
    assert net.state_dict()["head.weight"].shape == (5, 3)
    del net.layers
    assert "layers.0.weight" not in net.state_dict()


def test_train_and_eval_reach_every_part() -> None:
    net = Net()
    assert net.training
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    assert all(m.training for m in net.train().modules())
    assert nn.Dropout(rng=rng()).training  # one module's mode is not another's


def test_zero_grad_forgets_or_fills_with_zeros() -> None:
    net = Net()
    net(Tensor(normal(4, 3))).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad(set_to_none=False)
    assert all(p.grad is not None and not p.grad.any() for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_double_converts_floats_and_leaves_counts() -> None:
    net = Net().double()
    kinds = {name: array.dtype for name, array in net.state_dict().items()}
    assert kinds.pop("chain.2.num_batches_tracked") == np.int64
    assert set(kinds.values()) == {np.dtype(np.float64)}
    assert net(Tensor(normal(4, 3).astype(np.float64))).dtype == np.float64
    assert net.head.weight is net.layers[1].weight


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_is_independent_and_keeps_what_is_shared(copied) -> None:
    net = Net()
    twin = copied(net)
    assert twin.head.weight is twin.layers[1].weight
    assert isinstance(twin.scale, nn.Parameter)
    twin.scale.data += 1
    assert net.scale.data.tolist() == [1, 1, 1]
    assert len(list(twin.parameters())) == len(list(net.parameters()))


def test_module_list_counts_and_chain_runs_in_order() -> None:
    parts = nn.ModuleList([nn.ReLU(), nn.Tanh()])
    assert (len(parts), parts[-1], list(parts)) == (2, parts[1], [parts[0], parts[1]])
    assert list(nn.ModuleList()) == []
    chain = nn.Sequential(nn.Tanh(), nn.ReLU())
    assert chain(Tensor(np.array([-1.0]))).tolist() == [0]
    assert nn.Sequential()(3) == 3
    with pytest.raises(TypeError, match="expected a Module, got str"):
        inspect.unwrap(nn.ModuleList.append)(parts, "relu")  # past the check of annotations


def test_a_module_used_twice_in_a_chain_runs_twice_and_trains_once() -> None:
    layer = nn.Linear(2, 2, bias=False, rng=rng())
    chain = nn.Sequential(layer, nn.ReLU(), layer)
    assert (len(chain), len(list(chain)), len(list(chain.children()))) == (3, 3, 2)
    assert list(chain.state_dict()) == ["0.weight", "2.weight"]
    assert len(list(chain.parameters())) == 1
    layer.load_state_dict({"weight": 2 * np.eye(2)})
    assert chain(Tensor(np.ones(2, np.float32))).tolist() == [4, 4]


def test_a_module_without_forward_says_so() -> None:
    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty must define forward"):
        Empty()(1)


def test_the_printed_form_shows_parts_and_sizes_as_pytorch_does() -> None:
    ours = nn.Sequential(
        nn.Linear(2, 3, rng=rng()), nn.Sequential(nn.ReLU(), nn.Dropout(rng=rng()))
    )
    t = torch.nn
    theirs = t.Sequential(t.Linear(2, 3), t.Sequential(t.ReLU(), t.Dropout()))
    assert repr(ours) == repr(theirs).replace(", inplace=False", "")
    assert repr(nn.Parameter([1.0])).startswith("Parameter containing:\ntensor([1.]")


def test_the_same_seed_gives_the_same_start() -> None:
    a, b = nn.MLP([3, 4, 2], rng=rng(5)), nn.MLP([3, 4, 2], rng=rng(5))
    for name, array in a.state_dict().items():
        np.testing.assert_array_equal(array, b.state_dict()[name])


def test_importing_nn_loads_no_pytorch_and_its_worked_numbers_are_true() -> None:
    code = "import sys, course_lib.nn; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
    attempted = 0
    for info in [None, *pkgutil.iter_modules(nn.__path__)]:
        name = nn.__name__ + (f".{info.name}" if info else "")
        result = doctest.testmod(importlib.import_module(name))
        assert result.failed == 0
        attempted += result.attempted
    assert attempted >= 6


def test_the_public_names_of_nn() -> None:
    names = (
        "GELU GPT MLP BCEWithLogitsLoss BatchNorm1d Block CrossEntropyLoss Dropout Embedding "
        "FeedForward Flatten GPTConfig IncompatibleKeys KVCache LayerNorm Linear MSELoss Module "
        "ModuleList MultiHeadAttention Parameter ReLU Sequential Sigmoid Tanh sample"
    )
    assert sorted(nn.__all__) == sorted(names.split())
