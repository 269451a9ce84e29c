"""A mistake gets an error that names the operation, and both shapes or dtypes."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from course_lib import tensor as T
from course_lib.tensor import functional as F

a23, a32, a4 = T.ones(2, 3), T.ones(3, 2), T.ones(4)
ints = T.tensor([[1, 2, 3], [4, 5, 6]])
double = T.ones(2, 3, dtype=np.float64)
rng = np.random.default_rng(0)

SHAPES = {
    "add": (lambda: a23 + a4, ["add", "(2, 3)", "(4,)"]),
    "mul": (lambda: a23 * a32, ["mul", "(2, 3)", "(3, 2)"]),
    "lt": (lambda: a23 < a4, ["lt", "(2, 3)", "(4,)"]),
    "pow": (lambda: a23**a4, ["pow", "(2, 3)", "(4,)"]),
    "maximum": (lambda: T.maximum(a23, a4), ["maximum", "(2, 3)", "(4,)"]),
    "iadd": (lambda: T.ones(3).__iadd__(a23), ["add", "(2, 3)", "(3,)"]),
    "matmul": (lambda: a23 @ a23, ["matmul", "(2, 3)", "(2, 3)"]),
    "matmul vector": (lambda: a23 @ a4, ["matmul", "(2, 3)", "(4,)"]),
    "matmul number": (lambda: a23 @ T.ones(()), ["matmul", "(2, 3)", "()"]),
    "matmul batch": (
        lambda: T.ones(2, 3, 4) @ T.ones(5, 4, 3),
        ["matmul", "(2, 3, 4)", "(5, 4, 3)"],
    ),
    "linear": (lambda: F.linear(a23, a32), ["linear", "(2, 3)", "(3, 2)"]),
    "linear bias": (lambda: F.linear(a23, a23, a4), ["linear", "(4,)", "(2, 3)"]),
    "reshape": (lambda: a23.reshape(4, 2), ["reshape", "(2, 3)", "(4, 2)"]),
    "expand": (lambda: a23.expand(2, 4), ["expand", "(2, 3)", "(2, 4)"]),
    "cat": (lambda: T.cat([a23, T.ones(2, 2)]), ["cat", "(2, 3)", "(2, 2)"]),
    "stack": (lambda: T.stack([a23, a32]), ["stack", "(2, 3)", "(3, 2)"]),
    "split": (lambda: a23.split([1, 1], 1), ["split", "[1, 1]", "(2, 3)"]),
    "where": (lambda: T.where(a4 > 0, a23, 0.0), ["where", "(4,)", "(2, 3)"]),
    "masked_fill": (lambda: a23.masked_fill(a4 > 0, 0.0), ["where", "(4,)", "(2, 3)"]),
    "gather": (lambda: a23.gather(1, T.tensor([0])), ["gather", "(1,)", "(2, 3)"]),
    "gather size": (
        lambda: a23.gather(1, T.tensor([[0]] * 3)),
        ["gather", "(3, 1)", "(2, 3)"],
    ),
    "cross_entropy": (
        lambda: F.cross_entropy(a23, T.tensor([0, 1, 2])),
        ["cross_entropy", "(2, 3)", "(2,)", "(3,)"],
    ),
    "mse": (lambda: F.mse_loss(a23, a4), ["mse_loss", "(2, 3)", "(4,)"]),
    "bce": (
        lambda: F.binary_cross_entropy_with_logits(a23, a4),
        ["binary_cross_entropy", "(2, 3)", "(4,)"],
    ),
    "layer_norm": (lambda: F.layer_norm(a23, 4), ["layer_norm", "(2, 3)", "(4,)"]),
    "layer_norm weight": (
        lambda: F.layer_norm(a23, 3, a4),
        ["layer_norm", "(2, 3)", "(4,)"],
    ),
    "attention": (
        lambda: F.scaled_dot_product_attention(a23, a32, a32),
        ["scaled_dot_product_attention", "(2, 3)", "(3, 2)"],
    ),
    "attention mask": (
        lambda: F.scaled_dot_product_attention(a23, a23, a23, T.ones(2, 4) > 0),
        ["scaled_dot_product_attention", "(2, 4)", "(2, 3)"],
    ),
    "backward": (
        lambda: T.ones(3, requires_grad=True).backward(np.ones(2)),
        ["(2,)", "(3,)"],
    ),
    "backward of many": (lambda: T.ones(3, requires_grad=True).backward(), ["(3,)"]),
    "item": (lambda: a23.item(), ["item", "(2, 3)"]),
    "bool": (lambda: bool(a23), ["(2, 3)"]),
    "permute": (lambda: a23.permute(0), ["permute", "(0,)", "(2, 3)"]),
    "tril": (lambda: a4.tril(), ["tril", "(4,)"]),
    "mT": (lambda: a4.mT, ["mT", "(4,)"]),
    "sum twice": (lambda: a23.sum((0, 0)), ["sum", "(0, 0)", "(2, 3)"]),
}
DTYPES = {
    "matmul": (lambda: a23 @ double.T, ["matmul", "float32", "float64"]),
    "linear": (lambda: F.linear(a23, double), ["linear", "float32", "float64"]),
    "attention": (
        lambda: F.scaled_dot_product_attention(a23, double, a23),
        ["scaled_dot_product_attention", "float32", "float64"],
    ),
    "mean": (lambda: ints.mean(), ["mean", "int64"]),
    "softmax": (lambda: ints.softmax(1), ["softmax", "int64"]),
    "gelu": (lambda: F.gelu(ints), ["gelu", "int64"]),
    "requires_grad": (lambda: T.tensor([1], requires_grad=True), ["int64"]),
    "targets": (lambda: F.cross_entropy(a23, T.ones(2)), ["cross_entropy", "float32"]),
    "gather": (lambda: a23.gather(1, a23), ["gather", "float32"]),
    "embedding": (lambda: F.embedding(a4, a23), ["embedding", "float32"]),
    "where": (lambda: T.where(a23, a23, 0.0), ["where", "float32"]),
    "pow": (lambda: ints**-1, ["pow", "int64", "-1"]),
    "strings": (lambda: T.tensor(["a"]), ["<U1"]),
    "complex": (lambda: T.tensor([1j]), ["complex128"]),
}
INDICES = {
    "sum": (lambda: a23.sum(2), ["sum", "2", "(2, 3)"]),
    "softmax": (lambda: a23.softmax(-3), ["softmax", "-3", "(2, 3)"]),
    "max": (lambda: T.zeros(0, 3).max(0), ["(0, 3)"]),
    "argmax": (lambda: T.zeros(0).argmax(), ["argmax", "(0,)"]),
    "index": (lambda: a23[2], ["(2, 3)", "2"]),
    "too many": (lambda: a23[0, 0, 0], ["(2, 3)"]),
    "mask": (lambda: a23[a4 > 0], ["(2, 3)", "4"]),
    "gather": (lambda: a23.gather(1, T.tensor([[3]])), ["gather", "3"]),
    "embedding": (lambda: F.embedding(T.tensor([-1]), a23), ["embedding", "-1", "[0, 2)"]),
    "target": (
        lambda: F.cross_entropy(a23, T.tensor([0, 3])),
        ["cross_entropy", "3", "[0, 3)"],
    ),
    "unsqueeze": (lambda: a23.unsqueeze(4), ["unsqueeze", "4", "(2, 3)"]),
    "stack": (lambda: T.stack([a23], 4), ["stack", "4", "(2, 3)"]),
}
RANGES = {
    "dropout": (lambda: F.dropout(a23, 1.5, rng=rng), ["dropout", "1.5"]),
    "dropout rng": (lambda: F.dropout(a23, 0.5), ["dropout", "rng"]),
    "reduction": (lambda: F.mse_loss(a23, a23, "avg"), ["mse_loss", "'avg'"]),
    "smoothing": (
        lambda: F.cross_entropy(a23, T.tensor([0, 1]), label_smoothing=2.0),
        ["label_smoothing", "2.0"],
    ),
    "gelu": (lambda: F.gelu(a23, "sigmoid"), ["gelu", "'sigmoid'"]),
    "clamp": (lambda: a23.clamp(), ["clamp", "min", "max"]),
    "cat": (lambda: T.cat([]), ["cat", "none"]),
    "chunk": (lambda: a23.chunk(0), ["chunk", "0"]),
    "both masks": (
        lambda: F.scaled_dot_product_attention(a23, a23, a23, T.ones(2, 2) > 0, is_causal=True),
        ["attn_mask", "is_causal"],
    ),
}


def raises(kind: type[Exception], mistake: Callable[[], object], words: list[str]) -> None:
    with pytest.raises(kind) as caught:
        mistake()
    for word in words:
        assert word in str(caught.value), f"{word!r} not in {caught.value}"


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_that_do_not_fit_are_named(name: str) -> None:
    raises(ValueError, *SHAPES[name])


@pytest.mark.parametrize("name", DTYPES)
def test_dtypes_that_do_not_fit_are_named(name: str) -> None:
    raises(TypeError, *DTYPES[name])


@pytest.mark.parametrize("name", INDICES)
def test_axes_and_indices_out_of_range_are_named(name: str) -> None:
    raises(IndexError, *INDICES[name])


@pytest.mark.parametrize("name", RANGES)
def test_arguments_out_of_range_are_named(name: str) -> None:
    raises(ValueError, *RANGES[name])


def test_graph_mistakes_say_what_to_do() -> None:
    x = T.ones(2, requires_grad=True)
    raises(RuntimeError, lambda: T.ones(()).backward(), ["does not require grad"])
    raises(RuntimeError, lambda: x.numpy(), ["detach().numpy()"])
    raises(RuntimeError, lambda: np.asarray(x), ["detach().numpy()"])
    raises(RuntimeError, lambda: (x * 2).requires_grad_(False), ["detach()"])


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(TypeError):
        a23 + "1"  # type: ignore[operator]
    with pytest.raises(TypeError):
        np.exp(a23)  # type: ignore[call-overload]


def test_a_rule_with_the_wrong_number_or_shape_of_gradients_is_named() -> None:
    def op(vjp: Callable) -> T.Tensor:
        x, y = T.ones(2, 3, requires_grad=True), T.ones(3, requires_grad=True)
        return T.Tensor.from_op(np.ones((2, 3)), (x, y), vjp).sum()

    def short(grad: np.ndarray) -> np.ndarray:
        return grad

    def turned(grad: np.ndarray) -> tuple[np.ndarray, None]:
        return grad.T, None

    def odd(grad: np.ndarray) -> tuple[None, np.ndarray]:
        return None, np.ones(5)

    raises(RuntimeError, lambda: op(short).backward(), ["2 parents", "1 gradients"])
    raises(RuntimeError, lambda: op(turned).backward(), ["(3, 2)", "(2, 3)", "transposed"])
    raises(RuntimeError, lambda: op(odd).backward(), ["(5,)", "(3,)"])


def test_pytorch_refuses_the_same_shapes() -> None:
    for op in (lambda x, y: x + y, lambda x, y: x @ y, lambda x, y: torch.cat([x, y])):
        with pytest.raises(RuntimeError):
            op(torch.ones(2, 3), torch.ones(4))
