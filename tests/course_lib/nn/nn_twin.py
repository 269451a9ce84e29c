"""PyTorch as the oracle: the same module there and here, with the same weights."""

from typing import Any

import numpy as np
import torch

from course_lib import nn
from course_lib.tensor import Tensor

# float32 keeps about 7 digits; sums of a few hundred products lose one or two of them.
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def normal(*shape: int, seed: int = 1) -> np.ndarray:
    return rng(seed).standard_normal(shape, dtype=np.float32)


def to_torch(state: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in state.items()}


def assert_same_module(
    ours: nn.Module, theirs: torch.nn.Module, *inputs: np.ndarray, close: Any = CLOSE
) -> None:
    """Value, gradients of inputs and parameters, and state agree for a random loss."""
    theirs.load_state_dict(to_torch(ours.state_dict()))
    xs = [Tensor(x.copy(), requires_grad=x.dtype.kind == "f") for x in inputs]
    twins = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in inputs]
    y, twin = ours(*xs), theirs(*twins)
    np.testing.assert_allclose(y.data, twin.detach().numpy(), **close)
    if not y.requires_grad:
        assert not twin.requires_grad
        return
    weights = normal(*y.shape, seed=9)  # an even loss would hide mistakes that cancel
    (y * Tensor(weights)).sum().backward()
    (twin * torch.from_numpy(weights)).sum().backward()
    for x, t in zip(xs, twins, strict=True):
        if x.requires_grad:
            np.testing.assert_allclose(x.grad, t.grad, **close)
    theirs_named = dict(theirs.named_parameters())
    assert [name for name, _ in ours.named_parameters()] == list(theirs_named)
    for name, p in ours.named_parameters():
        np.testing.assert_allclose(p.grad, theirs_named[name].grad, err_msg=name, **close)
    assert_same_state(ours, theirs)


def assert_same_state(ours: nn.Module, theirs: torch.nn.Module) -> None:
    a, b = ours.state_dict(), theirs.state_dict()
    assert list(a) == list(b)
    for name, array in a.items():
        assert array.shape == tuple(b[name].shape), name
        assert str(array.dtype) == str(b[name].dtype).removeprefix("torch."), name
        np.testing.assert_allclose(array, b[name], err_msg=name, **CLOSE)
