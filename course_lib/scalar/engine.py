"""A number that remembers how it was made, and from that its derivatives."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import SupportsFloat

__all__ = ["Value"]


class Value:
    """A number, the numbers it was made from, and the derivative with respect to each of those.

    `data` is the number; `grad` is the derivative of what `backward` was called on with respect to
    it. A name for drawings may be put into `label`.

    An operation computes its result and, at once, the local derivative with respect to each of its
    parents. The backward pass needs nothing else, so it holds for the numbers of the forward pass
    even if `data` is changed in between.

    >>> a, b = Value(2.0), Value(-3.0)
    >>> c = a * b + a
    >>> c.backward()
    >>> a.grad, b.grad  # dc/da = b + 1, dc/db = a
    (-2.0, 2.0)

    Differs from micrograd: a second `backward` adds exactly one more gradient to every node;
    `data` is a Python number even when made from a NumPy one; `_prev` is derived and read-only.
    Differs from PyTorch: a result out of range raises Python's OverflowError, where PyTorch goes
    on with inf; and a power has a constant exponent.
    """

    __slots__ = ("__dict__", "_locals", "_op", "_parents", "data", "grad")

    label: str = ""
    _rule: Callable[[], None] | None = None  # a rule of the caller's own; see `_backward`

    def __init__(
        self,
        data: SupportsFloat,
        _children: Iterable["Value"] = (),
        _op: str = "",
        _locals: Sequence[float | int] = (),
    ) -> None:
        # NumPy's scalars would make every later operation several times slower.
        self.data: float = data if type(data) is float or type(data) is int else _number(data)
        self.grad: float = 0
        self._parents = tuple(_children)
        self._locals = _locals  # the derivative with respect to each parent
        self._op = _op

    def __add__(self, other: "Value | SupportsFloat") -> "Value":
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), "+", (1, 1))

    def __mul__(self, other: "Value | SupportsFloat") -> "Value":
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), "*", (other.data, self.data))

    def __pow__(self, other: float | int) -> "Value":
        if not isinstance(other, int | float):
            raise TypeError(f"the exponent must be an int or a float, got {other!r}")
        return Value(self.data**other, (self,), f"**{other}", (_power_slope(self.data, other),))

    def relu(self) -> "Value":
        """Return max(self, 0). Derivative: 1 above 0, else 0."""
        return Value(0 if self.data < 0 else self.data, (self,), "ReLU", (int(self.data > 0),))

    def exp(self) -> "Value":
        """Return e to the power of self. Derivative: the result itself."""
        y = math.exp(self.data)
        return Value(y, (self,), "exp", (y,))

    def log(self) -> "Value":
        """Return the natural logarithm. Derivative: 1 / self.

        Raises:
            ValueError: the number is 0 or less.
        """
        if self.data <= 0:
            raise ValueError(f"log needs a number > 0, got {self.data}")
        return Value(math.log(self.data), (self,), "log", (1 / self.data,))

    def tanh(self) -> "Value":
        """Return the hyperbolic tangent. Derivative: 1 - result ** 2."""
        y = math.tanh(self.data)
        return Value(y, (self,), "tanh", (1 - y * y,))

    def sigmoid(self) -> "Value":
        """Return 1 / (1 + exp(-self)). Derivative: result * (1 - result)."""
        e = math.exp(-abs(self.data))  # at most 1, so that it never overflows
        y = (1 if self.data >= 0 else e) / (1 + e)
        return Value(y, (self,), "sigmoid", (y * (1 - y),))

    def __neg__(self) -> "Value":
        return self * -1

    def __radd__(self, other: SupportsFloat) -> "Value":
        return self + other

    def __sub__(self, other: "Value | SupportsFloat") -> "Value":
        return self + (-other if isinstance(other, Value) else -_number(other))

    def __rsub__(self, other: SupportsFloat) -> "Value":
        return -self + other

    def __rmul__(self, other: SupportsFloat) -> "Value":
        return self * other

    def __truediv__(self, other: "Value | SupportsFloat") -> "Value":
        return self * (other if isinstance(other, Value) else _number(other)) ** -1

    def __rtruediv__(self, other: SupportsFloat) -> "Value":
        return self**-1 * other

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"

    def backward(self) -> None:
        """Add the derivative of this number, with respect to each node below it, to that `grad`.

        The nodes are visited in reverse topological order: when one's turn comes, everything that
        was made from it has already sent its share, so its own gradient is complete.

        What `grad` held before is put aside first. Otherwise a second call would take the first
        call's gradients for shares of its own and send them on again. So each call adds exactly one
        gradient to every node: parameters, results in between, and this one, whose own is 1.
        Training therefore sets the parameters' `grad` to 0 before each step; the results in between
        are new in each step.
        """
        order = self._topological_order()
        before = [node.grad for node in order]
        for node in order:
            node.grad = 0
        self.grad = 1
        for node in reversed(order):
            if node._rule is not None:
                node._rule()
                continue
            grad = node.grad
            for parent, local in zip(node._parents, node._locals):  # noqa: B905 (faster)
                parent.grad += local * grad  # the chain rule; += because paths add up
        for node, old in zip(order, before, strict=True):
            node.grad += old

    def _topological_order(self) -> list["Value"]:
        """List this node and the computed ones below it, each after all that it was made from.

        A depth-first walk with a list of what is still to do. The recursive form would end at
        Python's limit, about 1,000 operations deep. Nodes that nothing was computed for (inputs,
        parameters, constants) are left out: they have no parents to send a gradient to.
        """
        order: list[Value] = []
        seen: set[Value] = set()
        marker = Value(0)  # in front of a node whose parents have all been listed
        todo = [self]
        while todo:
            node = todo.pop()
            if node is marker:
                order.append(todo.pop())
            elif node not in seen:
                seen.add(node)
                todo += (node, marker)  # comes up again when the parents, put on top, are done
                for parent in node._parents:
                    if parent._parents and parent not in seen:
                        todo.append(parent)
        return order

    # What code written for micrograd reaches for.

    @property
    def _prev(self) -> set["Value"]:
        """The nodes that this one was made from."""
        return set(self._parents)

    @property
    def _backward(self) -> Callable[[], None]:
        """The rule that adds this node's share to its parents' `grad`.

        An operation of one's own, `out = Value(result, (a, b), "name")`, may be given its rule as
        `out._backward = rule`; or its local derivatives, as the constructor's last argument.
        """
        return self._rule or self._send_on

    @_backward.setter
    def _backward(self, rule: Callable[[], None]) -> None:
        self._rule = rule

    def _send_on(self) -> None:
        for parent, local in zip(self._parents, self._locals, strict=False):
            parent.grad += local * self.grad


def _number(data: SupportsFloat) -> float | int:
    """Make a Python number of anything that is one: NumPy's scalars, a 0-d tensor, a bool."""
    if isinstance(data, str) or not isinstance(data, SupportsFloat):
        raise TypeError(f"a Value holds a number, got {data!r}")
    return data if type(data) is int else float(data)


def _power_slope(x: float | int, n: float | int) -> float | int:
    """The derivative of x ** n, with its limit at x = 0, where Python would divide by 0."""
    if n == 0:
        return 0
    if x == 0 and n < 1:
        return math.inf
    return n * x ** (n - 1)
