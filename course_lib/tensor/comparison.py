"""Comparison and logic, element by element, with broadcasting.

Adds to `creation`: tensors of booleans, which serve as masks. Nothing here has a gradient: a
comparison is flat wherever it has a slope. Taught in lesson 05.
"""

import numpy as np

from course_lib.tensor.creation import Operand, operands
from course_lib.tensor.engine import Tensor


def eq(a: Operand, b: Operand) -> Tensor:
    """Where a == b, element by element."""
    x, y = operands("eq", a, b)
    return Tensor(x.data == y.data)


def ne(a: Operand, b: Operand) -> Tensor:
    """Where a != b, element by element."""
    x, y = operands("ne", a, b)
    return Tensor(x.data != y.data)


def lt(a: Operand, b: Operand) -> Tensor:
    """Where a < b."""
    x, y = operands("lt", a, b)
    return Tensor(x.data < y.data)


def le(a: Operand, b: Operand) -> Tensor:
    """Where a <= b."""
    x, y = operands("le", a, b)
    return Tensor(x.data <= y.data)


def gt(a: Operand, b: Operand) -> Tensor:
    """Where a > b."""
    x, y = operands("gt", a, b)
    return Tensor(x.data > y.data)


def ge(a: Operand, b: Operand) -> Tensor:
    """Where a >= b."""
    x, y = operands("ge", a, b)
    return Tensor(x.data >= y.data)


def logical_and(a: Operand, b: Operand) -> Tensor:
    """Where both are true (not zero)."""
    x, y = operands("logical_and", a, b)
    return Tensor(np.logical_and(x.data, y.data))


def logical_or(a: Operand, b: Operand) -> Tensor:
    """Where at least one is true (not zero)."""
    x, y = operands("logical_or", a, b)
    return Tensor(np.logical_or(x.data, y.data))


def logical_not(a: Tensor) -> Tensor:
    """Where a is false (zero)."""
    return Tensor(np.logical_not(a.data))


def bitwise_and(a: Operand, b: Operand) -> Tensor:
    """What `a & b` calls: "and" of booleans, or of the bits of integers."""
    x, y = operands("bitwise_and", a, b)
    return Tensor(np.bitwise_and(x.data, y.data))


def bitwise_or(a: Operand, b: Operand) -> Tensor:
    """What `a | b` calls: "or" of booleans, or of the bits of integers."""
    x, y = operands("bitwise_or", a, b)
    return Tensor(np.bitwise_or(x.data, y.data))


def bitwise_not(a: Tensor) -> Tensor:
    """What `~a` calls: "not" of booleans, or of the bits of integers."""
    return Tensor(np.bitwise_not(a.data))
