"""The engine: an array that remembers how it was made.

Adds to `scalar`: whole arrays. Knows no operation: each lives in its own file, beside its gradient
rule, and comes in through `Tensor.from_op`. Taught in lesson 05.
"""

from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from course_lib.tensor.grad_mode import is_grad_enabled

if TYPE_CHECKING:  # what editors and mypy see: every operator and method, see methods.py
    from course_lib.tensor.methods import Methods
else:
    Methods = object

Array: TypeAlias = np.ndarray
# A rule takes the gradient of a result, and returns one gradient per parent (None: no gradient).
Rule: TypeAlias = Callable[[Any], Any]

# Numbers every result and every in-place edit. A result is younger than all it was made from, so
# newest-first is an order in which backward may visit; and an edit made after a use shows.
_clock = count(1)


class Tensor(Methods):
    """An array that can tell how any number computed from it would change with it.

    `data` is a NumPy array, `grad` a NumPy array of the same shape and dtype, or None. An array
    that is passed in is wrapped, not copied; anything else is converted as `tensor` does.

    >>> w = Tensor(np.array([2.0, 3.0]), requires_grad=True)
    >>> (w * w).sum().backward()
    >>> w.grad
    array([4., 6.])

    Differs from PyTorch: `data` and `grad` are NumPy arrays, so gradients of gradients are not
    recorded. As in PyTorch, an edit of `data` goes unseen by the graph; the in-place operations
    (`x[0] = 1`, `x += 1`, `x.zero_()`) are watched, and spoil a graph that used x before with an
    error, not with wrong gradients. Methods and operators are listed in methods.py.
    """

    __slots__ = (
        "__weakref__",
        "_born",  # when an operation made this; 0 for a leaf
        "_edited",  # when an in-place operation last changed data
        "_keeps_grad",
        "_parents",
        "_rule",
        "data",
        "grad",
        "requires_grad",
    )
    __array_ufunc__ = None  # makes NumPy leave `array * tensor` to __rmul__

    data: Array
    grad: Array | None
    requires_grad: bool
    _parents: tuple["Tensor", ...]
    _rule: Rule | None

    def __init__(self, data: Any, requires_grad: bool = False) -> None:
        self.data = to_array(data)
        self.grad = None
        self.requires_grad = False
        self._parents = ()
        self._rule = None
        self._born = self._edited = 0
        self._keeps_grad = False
        if requires_grad:
            self.requires_grad_()

    @staticmethod
    def from_op(data: Any, parents: Sequence["Tensor"], vjp: Rule) -> "Tensor":
        """The public way to add an operation: its value, what it was made from, and its rule.

        `vjp` (vector-Jacobian product) takes the gradient of the result, an array of its shape,
        and returns a tuple with one gradient per parent; a single parent's may come bare, and None
        means no gradient. A gradient has the shape of its parent, or one that broadcasting made of
        it: the engine sums what was broadcast, casts to the parent's dtype, and accumulates. The
        rule may return what it was given or a view of it, but changes nothing in place, and keeps
        nothing that it returns.

        >>> def cube(x: Tensor) -> Tensor:
        ...     return Tensor.from_op(x.data**3, (x,), lambda grad: grad * 3 * x.data**2)
        >>> x = Tensor(np.array(2.0), requires_grad=True)
        >>> cube(x).backward()
        >>> x.grad
        array(12.)
        """
        out = Tensor.__new__(Tensor)
        out.data = data if type(data) is Array else np.asarray(data)
        out.grad = out._rule = None
        out.requires_grad = out._keeps_grad = False
        out._parents = ()
        out._born = out._edited = 0
        if is_grad_enabled():
            for parent in parents:
                if parent.requires_grad:
                    out.requires_grad = True
                    out._parents, out._rule, out._born = tuple(parents), vjp, next(_clock)
                    break
        return out

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return self.data.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.data.ndim

    @property
    def dtype(self) -> np.dtype:
        """Type of each element, NumPy's."""
        return self.data.dtype

    @property
    def is_leaf(self) -> bool:
        """Whether the user made this tensor, rather than a recorded operation."""
        return self._rule is None

    @property
    def grad_fn(self) -> str | None:
        """Name of the operation that made this tensor; in PyTorch, an object."""
        return None if self._rule is None else self._rule.__qualname__.split(".")[0].strip("_")

    def requires_grad_(self, requires_grad: bool = True) -> "Tensor":
        """Ask for gradients (or not) with respect to this leaf; return self."""
        if requires_grad and self.data.dtype.kind != "f":
            raise TypeError(f"only float tensors can require gradients, got {self.data.dtype}")
        if not requires_grad and self._rule is not None:
            raise RuntimeError("only a leaf can stop requiring gradients: use detach()")
        self.requires_grad = requires_grad
        return self

    def retain_grad(self) -> None:
        """Keep `grad` of this tensor too in the next backward, though it is no leaf."""
        self._keeps_grad = True

    def detach(self) -> "Tensor":
        """The same data, shared and not copied, outside the graph."""
        return Tensor(self.data)

    def numpy(self) -> Array:
        """The data as a NumPy array (shared). As in PyTorch, refused while self needs gradients."""
        if self.requires_grad:
            raise RuntimeError("numpy() on a tensor that requires grad: use detach().numpy()")
        return self.data

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __reduce__(self) -> tuple[Any, ...]:
        if self._rule is not None:
            raise RuntimeError("only a leaf can be copied deeply or pickled: use detach()")
        return _rebuild, (type(self), self.data, self.requires_grad, self.grad)

    def __repr__(self) -> str:
        numbers = np.array2string(self.data, separator=", ", prefix="tensor(")
        usual = self.data.dtype in (np.float32, np.int64, np.bool_)
        dtype = "" if usual else f", dtype={self.data.dtype}"
        if self._rule is not None:
            return f"tensor({numbers}{dtype}, grad_fn=<{self.grad_fn}>)"
        return f"tensor({numbers}{dtype}{', requires_grad=True' if self.requires_grad else ''})"

    __hash__ = object.__hash__  # a tensor is itself, whatever == says about its elements


def to_array(data: Any, dtype: Any = None) -> Array:
    """An array as PyTorch would type it: Python floats become float32, arrays keep their dtype."""
    if type(data) is Array and dtype is None and data.dtype.kind in "fiub":
        return data
    array = data.data if isinstance(data, Tensor) else np.asarray(data)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"a tensor holds floats, integers or booleans, got {array.dtype}")
    if dtype is None and not hasattr(data, "dtype") and array.dtype == float:
        dtype = np.float32
    return array if dtype is None else array.astype(dtype, copy=False)


def mark_edited(target: Tensor) -> None:
    """Note an in-place edit; graphs that used target before will refuse to run backward."""
    if target.requires_grad and is_grad_enabled():
        kind = "a leaf that requires grad" if target._rule is None else "part of a graph"
        raise RuntimeError(f"in-place edit of {kind}: use no_grad(), or an operation such as where")
    target._edited = next(_clock)


def freed(grad: Any) -> None:
    """Stand in for the rule of a graph that an earlier backward has freed."""
    raise RuntimeError("the graph was freed by an earlier backward: pass it retain_graph=True")


def _rebuild(kind: type[Tensor], data: Array, requires_grad: bool, grad: Array | None) -> Tensor:
    """Undo `Tensor.__reduce__`, for copy and pickle."""
    copy = kind(data, requires_grad)
    copy.grad = grad
    return copy
