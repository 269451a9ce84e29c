"""Every rule against measured slopes, and a checker that names planted mistakes."""

import doctest
import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import course_lib.tensor
from course_lib import tensor as T
from course_lib.tensor import functional as F

rng = np.random.default_rng(0)


def leaf(*shape: int, low: float = 0.5, high: float = 2.0) -> T.Tensor:
    return T.Tensor(rng.uniform(low, high, shape), requires_grad=True)


def signed(*shape: int) -> T.Tensor:
    """Numbers of both signs, none near a corner at 0."""
    sign = rng.choice([-1.0, 1.0], shape)
    return T.Tensor(sign * rng.uniform(0.2, 2.0, shape), requires_grad=True)


where = np.array([[True, False, True], [False, True, True]])
labels = T.tensor([2, 0])
repeats = T.tensor([[0, 2, 2], [1, 1, 1]])

RULES: dict[str, tuple[Callable[..., Any], list[T.Tensor]]] = {
    "add": (T.add, [leaf(2, 3), leaf(3)]),
    "sub": (T.sub, [leaf(2, 1), leaf(3)]),
    "mul": (T.mul, [leaf(2, 3), leaf(2, 1)]),
    "div": (T.div, [signed(2, 3), leaf(1, 3)]),
    "neg": (T.neg, [signed(3)]),
    "pow": (T.pow, [leaf(2, 3), signed(3)]),
    "pow number": (lambda a: a**3 + a**-1.5 + a**2 + 2**a, [leaf(3)]),
    "maximum": (T.maximum, [leaf(2, 3), leaf(3)]),
    "minimum": (T.minimum, [leaf(2, 3), leaf(3)]),
    "exp": (T.exp, [signed(3)]),
    "log": (T.log, [leaf(3)]),
    "sqrt": (T.sqrt, [leaf(3)]),
    "rsqrt": (T.rsqrt, [leaf(3)]),
    "square": (T.square, [signed(3)]),
    "reciprocal": (T.reciprocal, [leaf(3)]),
    "sin": (T.sin, [signed(3)]),
    "cos": (T.cos, [signed(3)]),
    "abs": (T.abs, [signed(3)]),
    "sign": (T.sign, [signed(3)]),
    "clamp": (lambda a: T.clamp(a, -1.0, 1.1), [signed(6)]),
    "tanh": (T.tanh, [signed(3)]),
    "sigmoid": (T.sigmoid, [signed(3)]),
    "relu": (T.relu, [signed(6)]),
    "leaky_relu": (F.leaky_relu, [signed(6)]),
    "silu": (F.silu, [signed(3)]),
    "gelu": (F.gelu, [signed(6)]),
    "gelu tanh": (lambda a: F.gelu(a, "tanh"), [signed(6)]),
    "sum": (lambda a: T.sum(a, (0, -1)), [signed(2, 3, 2)]),
    "mean": (lambda a: T.mean(a, 1, True), [signed(2, 3)]),
    "var": (lambda a: T.var(a, (0, 2)), [signed(2, 3, 2)]),
    "std": (lambda a: T.std(a, 1, correction=0), [signed(2, 3)]),
    "amax": (lambda a: T.amax(a, (0, 1)), [signed(2, 3, 2)]),
    "amin": (lambda a: T.amin(a, 1), [signed(2, 3)]),
    "max": (lambda a: T.max(a, 1).values + T.max(a), [signed(2, 3)]),
    "min": (lambda a: T.min(a, 0).values + T.min(a), [signed(2, 3)]),
    "cumsum": (lambda a: T.cumsum(a, 1), [signed(2, 3)]),
    "softmax": (lambda a: T.softmax(a, 1), [signed(2, 3)]),
    "log_softmax": (lambda a: T.log_softmax(a, 0), [signed(2, 3)]),
    "logsumexp": (lambda a: T.logsumexp(a, (0, 1)), [signed(2, 3)]),
    "reshape": (lambda a: T.reshape(a, 3, 2), [signed(2, 3)]),
    "flatten": (T.flatten, [signed(2, 3)]),
    "squeeze": (T.squeeze, [signed(2, 1)]),
    "unsqueeze": (lambda a: T.unsqueeze(a, 1), [signed(2)]),
    "transpose": (lambda a: T.transpose(a, 0, 2), [signed(2, 3, 2)]),
    "permute": (lambda a: T.permute(a, 2, 0, 1), [signed(2, 3, 2)]),
    "broadcast_to": (lambda a: T.broadcast_to(a, (2, 3)), [signed(3)]),
    "expand": (lambda a: a.expand(4, -1, 3), [signed(2, 1)]),
    "cat": (lambda a, b: T.cat([a, b, a], 1), [signed(2, 3), signed(2, 1)]),
    "stack": (lambda a, b: T.stack([a, b, a], 1), [signed(2), signed(2)]),
    "split": (lambda a: T.split(a, 2, 1), [signed(2, 3)]),
    "chunk": (lambda a: T.chunk(a, 2), [signed(3)]),
    "unbind": (lambda a: T.unbind(a, 1), [signed(2, 3)]),
    "clone": (T.clone, [signed(3)]),
    "contiguous": (lambda a: a.T.contiguous(), [signed(2, 3)]),
    "index": (lambda a: a[1:, [0, 0, 2]], [signed(2, 3)]),
    "mask": (lambda a: a[where], [signed(2, 3)]),
    "gather": (lambda a: T.gather(a, 1, repeats), [signed(2, 3)]),
    "index_select": (lambda a: T.index_select(a, 1, T.tensor([2, 2])), [signed(2, 3)]),
    "embedding": (lambda w: F.embedding(repeats, w), [signed(3, 2)]),
    "where": (lambda a, b: T.where(where, a, b), [signed(2, 3), signed(3)]),
    "masked_fill": (lambda a: T.masked_fill(a, where, 7.0), [signed(2, 3)]),
    "tril": (lambda a: T.tril(a, 1), [signed(3, 3)]),
    "triu": (T.triu, [signed(3, 3)]),
    "matmul": (T.matmul, [signed(2, 2, 3), signed(3, 2)]),
    "matmul vectors": (T.matmul, [signed(3), signed(3)]),
    "linear": (F.linear, [signed(2, 2, 3), signed(4, 3), signed(4)]),
    "cross_entropy": (
        lambda a: F.cross_entropy(a, labels, label_smoothing=0.1),
        [signed(2, 3)],
    ),
    "mse_loss": (F.mse_loss, [signed(2, 3), signed(2, 3)]),
    "binary_cross_entropy_with_logits": (
        F.binary_cross_entropy_with_logits,
        [signed(3), leaf(3, high=0.9)],
    ),
    "layer_norm": (
        lambda a, w, b: F.layer_norm(a, (2, 3), w, b),
        [signed(2, 2, 3), signed(2, 3), signed(2, 3)],
    ),
    "dropout": (lambda a: F.dropout(a, 0.4, rng=np.random.default_rng(1)), [signed(9)]),
    "scaled_dot_product_attention": (
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        [signed(2, 3, 2), signed(2, 4, 2), signed(2, 4, 3)],
    ),
    "convert": (lambda a: a.double() * 2, [signed(3)]),
}
NO_RULE = {
    *("eq", "ge", "gt", "le", "lt", "ne", "logical_and", "logical_not", "logical_or"),
    *("all", "any", "argmax", "argmin", "one_hot", "clip"),
    *("arange", "as_tensor", "eye", "from_numpy", "full", "linspace", "ones", "ones_like"),
    *("rand", "randn", "tensor", "zeros", "zeros_like", "unbroadcast"),
    *("enable_grad", "is_grad_enabled", "no_grad", "set_grad_enabled"),
    *("explain", "gradcheck", "numerical_gradient", "diagnose"),
}


@pytest.mark.parametrize("name", RULES)
def test_the_rule_agrees_with_measured_slopes(name: str) -> None:
    func, inputs = RULES[name]
    # Differences over 2e-6 in float64 are good to about 1e-9 relative to values of order 1.
    assert T.gradcheck(func, inputs, atol=1e-7, rtol=1e-6)


def test_no_operation_is_left_unchecked() -> None:
    names = {n for m in (T, F) for n in m.__all__ if callable(getattr(m, n)) and n.islower()}
    assert names - NO_RULE <= RULES.keys()


def test_every_worked_number_in_a_docstring_is_true() -> None:
    attempted = 0
    for module in pkgutil.iter_modules(course_lib.tensor.__path__, "course_lib.tensor."):
        result = doctest.testmod(importlib.import_module(module.name))
        assert result.failed == 0
        attempted += result.attempted
    assert doctest.testmod(T).failed == 0
    assert attempted >= 5


def test_every_docstring_of_an_operation_states_its_rule() -> None:
    for name in {n.split()[0] for n in RULES} - {"index", "mask", "convert"}:
        function = getattr(T, name, None) or getattr(F, name, None) or getattr(T.Tensor, name)
        doc = function.__doc__ or ""
        assert "VJP" in doc or "rule" in doc, name


def planted(forward: Callable, rule: Callable) -> Callable[..., T.Tensor]:
    """An operation with a rule of our choice: rule(grad, *arrays) gives the gradients."""

    def op(*inputs: T.Tensor) -> T.Tensor:
        data = [t.data for t in inputs]
        return T.Tensor.from_op(forward(*data), inputs, lambda grad: rule(grad, *data))

    return op


def coarse(x: np.ndarray) -> np.ndarray:
    return np.sin(x.astype(np.float32)).astype(np.float64)


square_matrix = signed(4, 4)
BUGS: dict[str, tuple[str, Callable[..., T.Tensor], list[T.Tensor]]] = {
    "sign of a difference": (
        "sign",
        planted(np.subtract, lambda g, a, b: (g, g)),
        [signed(2, 3), signed(2, 3)],
    ),
    "square without its 2": (
        "factor 1/2",
        planted(np.square, lambda g, a: g * a),
        [signed(3, 4)],
    ),
    "square twice": ("factor 2", planted(np.square, lambda g, a: 4 * g * a), [signed(3, 4)]),
    "sum for mean": (
        "factor N",
        planted(np.mean, lambda g, a: g * np.ones_like(a)),
        [signed(3, 4)],
    ),
    "mean for sum": (
        "factor 1/N",
        planted(np.sum, lambda g, a: g * np.ones_like(a) / a.size),
        [signed(3, 4)],
    ),
    "mean over the batch for its sum": (
        "factor 1/N",
        planted(np.add, lambda g, a, b: (g, g.mean(0))),
        [signed(5, 3), signed(3)],
    ),
    "constant forgotten": (
        "factor",
        planted(lambda a: 0.7 * np.sin(a), lambda g, a: g * np.cos(a)),
        [signed(5)],
    ),
    "transposed square matrix": (
        "transposed",
        planted(lambda a: a**3, lambda g, a: (g * 3 * a**2).T),
        [square_matrix],
    ),
    "axes of a stack swapped": (
        "transposed",
        planted(lambda a: a**3, lambda g, a: (g * 3 * a**2).swapaxes(0, 2)),
        [signed(3, 2, 3)],
    ),
    "corner at 0": (
        "kink",
        planted(np.abs, lambda g, a: g * np.where(a >= 0, 1, -1)),
        [T.tensor([1.0, 0.0, -2.0], requires_grad=True)],
    ),
    "our own relu at 0": ("kink", T.relu, [T.tensor([0.0, 1.0], requires_grad=True)]),
    "float32 inside": ("precision", planted(coarse, lambda g, a: g * np.cos(a)), [signed(5)]),
    "float32 output": (
        "precision",
        lambda a: a.float().sin(),
        [signed(5)],
    ),
    "detached": ("no gradient", lambda a: a.detach() * a.detach() + 0 * a, [signed(3)]),
    "cut off by data": ("no gradient", lambda a: T.Tensor(a.data * 2), [signed(3)]),
    "not a number": (
        "not finite",
        planted(np.square, lambda g, a: g * np.where(a > 0, np.nan, 2 * a)),
        [leaf(3)],
    ),
    "random": (
        "not deterministic",
        lambda a: F.dropout(a, 0.5, rng=rng),
        [signed(20)],
    ),
    "repeated index overwritten": (
        "some places",
        planted(lambda a: a[[0, 1, 1, 2, 3]], lambda g, a: np.array([g[0], g[2], g[3], g[4]])),
        [signed(4)],
    ),
    "wrong derivative": (
        "unknown",
        planted(np.sin, lambda g, a: g * np.sin(a)),
        [signed(6)],
    ),
}


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_mistake_is_found_and_named(name: str) -> None:
    cause, func, inputs = BUGS[name]
    found = T.explain(func, inputs)
    assert found is not None
    assert found.cause == cause
    assert not T.gradcheck(func, inputs, raise_exception=False)


def test_the_report_gives_the_worst_place_and_both_values() -> None:
    x = T.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    cube = planted(lambda a: (a**3).sum(), lambda g, a: g * 3 * a)
    with pytest.raises(T.GradcheckError) as caught:
        T.gradcheck(cube, x)
    found = caught.value.mismatch
    assert found.index == (1, 1)
    assert (found.got, round(found.expected, 6)) == (12.0, 48.0)
    assert (found.wrong, found.total) == (3, 4)
    text = str(caught.value)
    for words in ("input 0", "3 of 4", "[1, 1]", "12", "48", "Likely cause"):
        assert words in text


def test_a_factor_says_what_it_counts() -> None:
    wrong_mean = planted(np.mean, lambda g, a: g * np.ones_like(a))
    text = str(T.explain(wrong_mean, leaf(3, 5)))
    assert "factor N" in text
    assert "N = 15" in text


def test_a_gradient_that_is_a_little_off_has_no_wrong_sign() -> None:
    assert T.diagnose(1.002 * np.arange(5.0), np.arange(5.0)) == ("factor", " 1.002")
    assert T.diagnose(-1.002 * np.arange(5.0), np.arange(5.0)) == ("sign", "")


def test_a_sign_on_top_of_a_factor_is_told_too() -> None:
    cause, detail = T.diagnose(-3 * np.arange(5.0), np.arange(5.0), {3: "batch"})
    assert (cause, detail) == ("factor N", " and sign (N = 3, batch)")


def test_plain_arrays_of_the_wrong_shape_are_diagnosed() -> None:
    grad = np.random.default_rng(0).standard_normal((4, 3))
    assert T.diagnose(grad, grad.sum(0))[0] == "missing sum"
    assert T.diagnose(grad, grad.sum(1, keepdims=True))[0] == "missing sum"
    assert T.diagnose(grad.T, grad)[0] == "transposed"
    assert T.diagnose(grad[:2], grad)[0] == "shape"
    assert T.diagnose(grad * 2, grad.sum(0))[0] == "shape"


def test_a_rule_of_the_wrong_shape_is_reported_with_both_shapes() -> None:
    op = planted(lambda a, b: a @ b, lambda g, a, b: (b @ g.T, a.T @ g))
    with pytest.raises(RuntimeError, match=r"\(3, 2\).*\(2, 3\).*transposed"):
        T.gradcheck(op, [signed(2, 3), signed(3, 4)])


def test_only_inputs_that_require_grad_are_checked() -> None:
    wrong_for_b = planted(np.multiply, lambda g, a, b: (g * b, g * b))
    a, b = signed(3), signed(3)
    assert not T.gradcheck(wrong_for_b, (a, b), raise_exception=False)
    assert T.gradcheck(wrong_for_b, (a, b.detach()))
    with pytest.raises(ValueError, match="no input requires grad"):
        T.gradcheck(T.exp, T.ones(3))


def test_checking_leaves_the_inputs_as_they_were() -> None:
    x = T.tensor([1.0, 2.0], requires_grad=True)
    T.gradcheck(T.exp, x)
    assert (x.grad, x.tolist(), x.dtype) == (None, [1.0, 2.0], np.float32)


def test_measured_slopes_are_those_of_the_closed_form() -> None:
    x = np.random.default_rng(0).standard_normal((3, 2))
    slopes = T.numerical_gradient(lambda a: float(np.sin(a).sum()), x)
    np.testing.assert_allclose(slopes, np.cos(x), atol=1e-9)
