"""Arithmetic, comparison and functions of one tensor, against PyTorch."""

import operator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tensor_oracle import any_shape, arrays, assert_close, check, pairs

from course_lib import tensor as T
from course_lib.tensor import functional as F

few = settings(max_examples=25)

BINARY = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
}
COMPARE = ["eq", "ne", "lt", "le", "gt", "ge"]
OPERATORS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]
UNARY = {  # name: lowest input it is tried on, None for any
    "exp": None, "log": 0.1, "sqrt": 0.1, "rsqrt": 0.1, "abs": None, "neg": None, "square": None,
    "reciprocal": 0.1, "sin": None, "cos": None, "sign": None, "tanh": None, "sigmoid": None,
    "relu": None,
}  # fmt: skip


@pytest.mark.parametrize("name", BINARY)
@few
@given(arrays_=pairs(low=0.5))
def test_arithmetic_broadcasts_as_pytorch_does(name: str, arrays_: list[np.ndarray]) -> None:
    check(BINARY[name], BINARY[name], *arrays_)
    check(getattr(T, name), getattr(torch, name), *arrays_)


@few
@given(pairs(low=0.5, high=2.0))
def test_power_of_tensors_agrees_with_pytorch(arrays_: list[np.ndarray]) -> None:
    check(operator.pow, operator.pow, *arrays_)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, -1, -2, 0.0, 0.5, 2.0, -0.5, 2.5])
@few
@given(x=arrays(low=0.5))
def test_power_with_a_fixed_exponent_agrees_with_pytorch(exponent: float, x: np.ndarray) -> None:
    check(lambda a: a**exponent, lambda a: a**exponent, x)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 0.5])
def test_power_at_zero_has_pytorchs_gradient(exponent: float) -> None:
    check(lambda a: a**exponent, lambda a: a**exponent, np.array([0.0, 1.0]))


def test_zero_to_a_tensor_has_pytorchs_gradients() -> None:
    check(operator.pow, operator.pow, np.array([0.0, 0.0, 2.0]), np.array([2.0, 0.0, 0.0]))


@pytest.mark.parametrize("number", [2, 2.5, -3, True])
@pytest.mark.parametrize("op", [*BINARY.values(), operator.pow])
@few
@given(x=arrays(low=0.5))
def test_numbers_on_either_side_keep_the_dtype(op: object, number: float, x: np.ndarray) -> None:
    if number is True and op in (operator.sub, operator.pow):
        return  # PyTorch refuses
    check(lambda a: op(a, number), lambda a: op(a, number), x)
    if not (op is operator.pow and number == -3):
        check(lambda a: op(number, a), lambda a: op(number, a), x)


DTYPES = ["bool", "uint8", "int32", "int64", "float32", "float64"]


@pytest.mark.parametrize("left", DTYPES)
@pytest.mark.parametrize("right", DTYPES)
def test_mixed_dtypes_promote_as_in_pytorch(left: str, right: str) -> None:
    for shapes in ([(2,), (2,)], [(), (2,)], [(2,), ()], [(), ()]):
        x, y = np.ones(shapes[0], left), np.ones(shapes[1], right)
        check(operator.mul, operator.mul, x, y)
        check(operator.truediv, operator.truediv, x, y)
        check(operator.lt, operator.lt, x, y)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("number", [True, 2, 2.5])
def test_a_python_number_promotes_as_in_pytorch(dtype: str, number: float) -> None:
    for shape in ((2,), ()):
        check(lambda a: a * number, lambda a: a * number, np.ones(shape, dtype))
        check(lambda a: number + a, lambda a: number + a, np.ones(shape, dtype))


@pytest.mark.parametrize("i", range(6))
@few
@given(arrays_=pairs())
def test_comparisons_agree_with_pytorch(i: int, arrays_: list[np.ndarray]) -> None:
    x, y = (np.round(a) for a in arrays_)
    check(OPERATORS[i], OPERATORS[i], x, y)
    check(getattr(T, COMPARE[i]), getattr(torch, COMPARE[i]), x, y)
    check(lambda a: OPERATORS[i](a, 1), lambda a: OPERATORS[i](a, 1), x)


@few
@given(pairs())
def test_logic_agrees_with_pytorch(arrays_: list[np.ndarray]) -> None:
    x, y = (np.round(a) for a in arrays_)
    for name in ("logical_and", "logical_or"):
        check(getattr(T, name), getattr(torch, name), x, y)
        check(getattr(T, name), getattr(torch, name), x > 0, y > 0)
    check(T.logical_not, torch.logical_not, x)
    for op in (operator.and_, operator.or_):
        check(op, op, x > 0, y > 0)
        check(op, op, x.astype(np.int64), y.astype(np.int64))
    check(operator.invert, operator.invert, x > 0)


@pytest.mark.parametrize("name", ["maximum", "minimum"])
@few
@given(arrays_=pairs())
def test_maximum_and_minimum_split_ties_as_pytorch_does(
    name: str, arrays_: list[np.ndarray]
) -> None:
    x, y = (np.round(a) for a in arrays_)  # rounded, so that there are ties
    check(getattr(T, name), getattr(torch, name), x, y)


@pytest.mark.parametrize("name", UNARY)
@few
@given(data=st.data())
def test_a_function_agrees_with_pytorch(name: str, data: st.DataObject) -> None:
    x = data.draw(arrays(low=UNARY[name]))
    check(getattr(T, name), getattr(torch, name), x, slack=4)  # derivatives near 0.1 reach 16
    check(lambda a: getattr(a, name)(), lambda a: getattr(a, name)(), x, slack=4)


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "sin", "tanh", "sigmoid"])
def test_integers_become_float32_where_a_float_is_needed(name: str) -> None:
    check(getattr(T, name), getattr(torch, name), np.array([1, 2, 3]))


@pytest.mark.parametrize("name", ["abs", "relu", "sign", "tanh", "sigmoid"])
def test_corners_and_extremes_have_pytorchs_values_and_gradients(name: str) -> None:
    x = np.array([0.0, -0.0, 1e3, -1e3, np.inf, -np.inf, 88.8, -88.8])
    for dtype in (np.float32, np.float64):
        check(getattr(T, name), getattr(torch, name), x.astype(dtype))


def test_nan_goes_through_functions() -> None:
    x = np.array([np.nan, 1.0])
    for name in ("exp", "sigmoid", "tanh", "sin"):
        check(getattr(T, name), getattr(torch, name), x)


@few
@given(arrays(), st.sampled_from([(None, 0.5), (-0.5, None), (-0.5, 0.5), (0, 0), (0.5, -0.5)]))
def test_clamp_agrees_with_pytorch(x: np.ndarray, limits: tuple[float, float]) -> None:
    check(lambda a: a.clamp(*limits), lambda a: a.clamp(*limits), np.round(x * 2) / 4)
    check(lambda a: T.clip(a, *limits), lambda a: torch.clip(a, *limits), x)


@few
@given(arrays(), st.floats(-1, 2))
def test_leaky_relu_and_silu_agree_with_pytorch(x: np.ndarray, slope: float) -> None:
    check(lambda a: F.leaky_relu(a, slope), lambda a: torch.nn.functional.leaky_relu(a, slope), x)
    check(F.silu, torch.nn.functional.silu, x)


@pytest.mark.parametrize("approximate", ["none", "tanh"])
@few
@given(x=arrays())
def test_gelu_agrees_with_pytorch_in_both_forms(approximate: str, x: np.ndarray) -> None:
    check(
        lambda a: F.gelu(a, approximate=approximate),
        lambda a: torch.nn.functional.gelu(a, approximate=approximate),
        x * 3,
    )


@pytest.mark.parametrize("approximate", ["none", "tanh"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gelu_is_right_over_its_whole_range(approximate: str, dtype: type) -> None:
    x = np.linspace(-12, 12, 4001, dtype=dtype)
    # The formula for float32 is good to 7.5e-8, times |x| (12 here): within 64 units of 1.2e-7.
    check(
        lambda a: F.gelu(a, approximate=approximate),
        lambda a: torch.nn.functional.gelu(a, approximate=approximate),
        x,
    )


@pytest.mark.parametrize("target", ["bool", "int64", "float32", "float64"])
@few
@given(x=arrays(any_shape))
def test_conversion_keeps_the_gradient_between_floats(target: str, x: np.ndarray) -> None:
    check(lambda a: a.to(getattr(np, target)), lambda a: a.to(getattr(torch, target)), x)
    name = {"bool": "bool", "int64": "long", "float32": "float", "float64": "double"}[target]
    check(lambda a: getattr(a, name)(), lambda a: getattr(a, name)(), x)


def test_arrays_and_numpy_numbers_are_constants_on_either_side() -> None:
    x = T.tensor([[1.0, 2.0]], requires_grad=True)
    constant = np.array([[3.0], [4.0]], dtype=np.float32)
    assert_close((constant * x).data, constant * x.data)
    assert_close((x - constant).data, x.data - constant)
    assert_close((np.float32(2) * x).data, 2 * x.data)
    assert_close((np.float64(2) / x).data, 2 / x.data)
    (constant @ x).sum().backward()
    assert_close(x.grad, np.array([[7.0, 7.0]], dtype=np.float32))
