"""One training step of the same small model in each library: same weights, same batch, same rule.

Every maker returns a function that takes one step and gives the loss before it, so a test can hold
the libraries against each other before anybody compares their speed.
"""

from __future__ import annotations

import inspect
import random
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Step = Callable[[], float]
LEARNING_RATE = 0.01


class Missing(Exception):
    """A library, or something that it needs, is not installed; `str()` says which."""


@dataclass(frozen=True)
class Perceptrons:
    """A multi-layer perceptron on random data: sizes, batch, and weights drawn as PyTorch does."""

    sizes: tuple[int, ...] = (784, 256, 10)
    batch: int = 128

    def __str__(self) -> str:
        """Say the sizes as tables do."""
        return f"MLP {'-'.join(map(str, self.sizes))}, batch {self.batch}, SGD"

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """The batch: float32 inputs and class indices."""
        rng = np.random.default_rng(0)
        X = rng.normal(size=(self.batch, self.sizes[0])).astype(np.float32)
        return X, rng.integers(0, self.sizes[-1], size=self.batch)

    def weights(self) -> list[np.ndarray]:
        """Weight, bias, weight, bias ... in PyTorch's layout, (out, in)."""
        rng = np.random.default_rng(1)
        drawn = []
        for width, out in zip(self.sizes, self.sizes[1:], strict=False):
            bound = width**-0.5
            for shape in ((out, width), (out,)):
                drawn.append(rng.uniform(-bound, bound, size=shape).astype(np.float32))
        return drawn


def mlp_ours(problem: Perceptrons) -> Step:
    """The course's tensor engine."""
    from course_lib import nn, optim
    from course_lib.tensor import Tensor
    from course_lib.tensor.functional import cross_entropy

    net = nn.MLP(list(problem.sizes), rng=np.random.default_rng(0))
    net.load_state_dict(dict(zip(net.state_dict(), problem.weights(), strict=True)))
    sgd = optim.SGD(net.parameters(), lr=LEARNING_RATE)
    X, y = (Tensor(array) for array in problem.data())

    def step() -> float:
        loss = cross_entropy(net(X), y)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        return loss.item()

    return step


def mlp_torch(problem: Perceptrons) -> Step:
    """PyTorch eager."""
    import torch
    from torch.nn.functional import cross_entropy

    from course_lib import torch_models

    net = torch_models.MLP(list(problem.sizes))
    weights = map(torch.tensor, problem.weights())
    net.load_state_dict(dict(zip(net.state_dict(), weights, strict=True)))
    sgd = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)
    X, y = (torch.tensor(array) for array in problem.data())

    def step() -> float:
        loss = cross_entropy(net(X), y)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        return float(loss.item())

    return step


def mlp_autograd(problem: Perceptrons) -> Step:
    """HIPS autograd, written as its users write: a loss function and its gradient."""
    try:
        import autograd.numpy as anp
        from autograd import value_and_grad
    except ImportError as error:
        raise Missing("autograd is not installed") from error

    params = problem.weights()
    X, y = problem.data()
    rows = np.arange(len(y))

    def loss_of(params: list[Any]) -> Any:
        h = X
        for W, b in zip(params[:-2:2], params[1:-2:2], strict=True):
            h = anp.maximum(anp.dot(h, W.T) + b, 0)
        logits = anp.dot(h, params[-2].T) + params[-1]
        shifted = logits - anp.max(logits, axis=1, keepdims=True)
        log_sums = anp.log(anp.sum(anp.exp(shifted), axis=1))
        return anp.mean(log_sums - shifted[rows, y])

    gradient_of = value_and_grad(loss_of)

    def step() -> float:
        loss, grads = gradient_of(params)
        for p, grad in zip(params, grads, strict=True):
            p -= np.float32(LEARNING_RATE) * grad
        return float(loss)

    return step


def mlp_tinygrad(problem: Perceptrons) -> Step:
    """Tinygrad on its CPU device, compiled by its TinyJit, as its own examples train."""
    import os
    import shutil

    os.environ["DEV"] = "CPU"
    try:
        from tinygrad import Context, Tensor, TinyJit, dtypes, nn
    except ImportError as error:
        raise Missing("tinygrad is not installed") from error
    if not shutil.which("clang"):
        raise Missing("tinygrad needs clang for its CPU device: apt-get install clang")

    params = [Tensor(w).contiguous().realize() for w in problem.weights()]
    for p in params:
        p.requires_grad = True
    inputs, labels = problem.data()
    X, y = Tensor(inputs), Tensor(labels, dtype=dtypes.int32)
    sgd = nn.optim.SGD(params, lr=LEARNING_RATE)

    @TinyJit
    def jitted() -> Any:
        h = X
        for W, b in zip(params[:-2:2], params[1:-2:2], strict=True):
            h = h.linear(W.T, b).relu()
        loss = h.linear(params[-2].T, params[-1]).sparse_categorical_crossentropy(y)
        sgd.zero_grad()
        loss.backward()
        return loss.realize(*sgd.schedule_step())  # all at once: the loss before the step

    def step() -> float:
        with Context(TRAINING=1):
            return float(jitted().item())

    return step


@dataclass(frozen=True)
class Transformer:
    """A small GPT on random tokens."""

    d_model: int = 128
    batch: int = 16
    num_layers: int = 4
    context_length: int = 64

    def __str__(self) -> str:
        """Say the sizes as tables do."""
        layers = f"GPT {self.num_layers} x {self.d_model}"
        return f"{layers}, context {self.context_length}, batch {self.batch}, AdamW"

    def config(self) -> Any:
        """The model's description, which both engines take."""
        from course_lib import nn

        return nn.GPTConfig(
            vocab_size=128,
            context_length=self.context_length,
            d_model=self.d_model,
            num_heads=4,
            num_layers=self.num_layers,
            dropout=0.0,
        )

    def ids(self) -> np.ndarray:
        """The batch, one token longer than the context."""
        rng = np.random.default_rng(0)
        return rng.integers(0, 128, size=(self.batch, self.context_length + 1))


def gpt_ours(problem: Transformer) -> Step:
    """The course's tensor engine."""
    from course_lib import nn, optim

    net = nn.GPT(problem.config(), rng=np.random.default_rng(1))
    adam = optim.AdamW(net.parameters(), lr=1e-3)
    ids = problem.ids()

    def step() -> float:
        _, loss = net(ids[:, :-1], ids[:, 1:])
        adam.zero_grad()
        loss.backward()
        adam.step()
        return loss.item()

    return step


def gpt_torch(problem: Transformer) -> Step:
    """PyTorch eager, from the weights that ours starts with."""
    import torch

    from course_lib import nn, torch_models

    start = nn.GPT(problem.config(), rng=np.random.default_rng(1)).state_dict()
    net = torch_models.GPT(problem.config())
    net.load_state_dict({name: torch.tensor(w) for name, w in start.items()})
    adam = torch.optim.AdamW(net.parameters(), lr=1e-3)
    ids = torch.tensor(problem.ids())

    def step() -> float:
        _, loss = net(ids[:, :-1], ids[:, 1:])
        adam.zero_grad()
        loss.backward()
        adam.step()
        return float(loss.item())

    return step


@dataclass(frozen=True)
class Moons:
    """The demonstration that comes with micrograd: two moons, two hidden layers of 16, a margin."""

    count: int = 100
    hidden: tuple[int, ...] = (16, 16)

    def __str__(self) -> str:
        """Say the sizes as tables do."""
        return f"moons: MLP 2-{'-'.join(map(str, self.hidden))}-1, {self.count} points, SGD"


def moons_ours(problem: Moons) -> Step:
    """The course's scalar engine and its neurons."""
    from course_lib import scalar

    return _moons(problem, scalar)


def moons_ours_op_by_op(problem: Moons) -> Step:
    """The course's `Value` under micrograd's own neurons: the engine alone, no fused sum."""
    from course_lib import scalar

    try:
        from micrograd import nn
    except ImportError as error:
        raise Missing("micrograd is not installed") from error
    # The module's source run once more, with our Value: micrograd itself stays as it is.
    source = inspect.getsource(nn).replace("from micrograd.engine import Value", "")
    namespace: dict[str, Any] = {"Value": scalar.Value}
    exec(source, namespace)
    return _moons(problem, types.SimpleNamespace(**namespace))


def moons_micrograd(problem: Moons) -> Step:
    """Micrograd as it is on the package index."""
    try:
        from micrograd import nn
    except ImportError as error:
        raise Missing("micrograd is not installed") from error
    return _moons(problem, nn)


def _moons(problem: Moons, library: Any) -> Step:
    """The same code for every library: only what `MLP` is differs."""
    from course_lib import data

    moons = data.moons(np.random.default_rng(0), count=problem.count)
    rows, signs = moons.X.tolist(), [int(s) for s in moons.signed_labels()]
    model = library.MLP(2, [*problem.hidden, 1])
    rng = random.Random(1337)
    for p in model.parameters():
        p.data = rng.uniform(-1, 1)

    def step() -> float:
        scores = [model(row) for row in rows]
        losses = [(1 + -sign * score).relu() for sign, score in zip(signs, scores, strict=True)]
        margin = sum(losses) * (1.0 / len(losses))
        loss = margin + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= LEARNING_RATE * p.grad
        return float(loss.data)

    return step
