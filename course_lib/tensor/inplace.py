"""Changing a tensor instead of making a new one.

Adds to `arithmetic`: what an optimizer does under `no_grad`. An edit of what a graph still needs
would make its gradients silently wrong, so each is noted, and backward refuses. Taught in
lesson 05.

Differs from PyTorch: no in-place operation is recorded in a graph. `y += x` on a result rebinds
the name y to a new tensor; on a leaf that requires grad it is an error, as in PyTorch.
"""

from typing import Any

from course_lib.tensor.arithmetic import add, div, mul, sub
from course_lib.tensor.creation import Number, Operand
from course_lib.tensor.engine import Tensor, mark_edited
from course_lib.tensor.grad_mode import is_grad_enabled


def iadd(a: Tensor, b: Operand) -> Tensor:
    """What `a += b` calls."""
    return _in_place(add, a, b)


def isub(a: Tensor, b: Operand) -> Tensor:
    """What `a -= b` calls, as in `with no_grad(): w -= lr * w.grad`."""
    return _in_place(sub, a, b)


def imul(a: Tensor, b: Operand) -> Tensor:
    """What `a *= b` calls."""
    return _in_place(mul, a, b)


def idiv(a: Tensor, b: Operand) -> Tensor:
    """What `a /= b` calls."""
    return _in_place(div, a, b)


def _in_place(op: Any, a: Tensor, b: Operand) -> Tensor:
    """Write op(a, b) into a; a tensor in a graph is left alone, and a new one is returned."""
    in_graph = (isinstance(b, Tensor) and b.requires_grad) or (a.requires_grad and not a.is_leaf)
    if in_graph and is_grad_enabled():
        return op(a, b)
    mark_edited(a)
    value = op(a, b).data
    if value.shape != a.data.shape or value.dtype.kind != a.data.dtype.kind:
        raise ValueError(
            f"in-place {op.__name__}: the result, {value.dtype} {value.shape}, does not fit into "
            f"{a.data.dtype} {a.data.shape}"
        )
    a.data[...] = value
    return a


def fill_(a: Tensor, value: Number) -> Tensor:
    """Set every element to value, in place; return a."""
    mark_edited(a)
    a.data[...] = value
    return a


def zero_(a: Tensor) -> Tensor:
    """Set every element to 0, in place; return a."""
    return fill_(a, 0)


def copy_(a: Tensor, source: Operand) -> Tensor:
    """Overwrite a with the numbers of source, which may broadcast; return a."""
    mark_edited(a)
    a.data[...] = source.data if isinstance(source, Tensor) else source
    return a
