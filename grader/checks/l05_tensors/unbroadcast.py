"""Exercise: the gradient of broadcasting, which sums over what was repeated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grader.checks.l05_tensors.drawing import numbers
from grader.exercise import Exercise, Misconception
from grader.gradients import Gradient
from grader.probe import Inputs

Array = np.ndarray
Shape = tuple[int, ...]


def unbroadcast(grad: Array, shape: Shape) -> Array:
    """Sum grad over the axes along which an array of this shape was repeated."""
    added = grad.ndim - len(shape)
    grad = grad.sum(axis=tuple(range(added)))
    for axis, length in enumerate(shape):
        if length == 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad


def unbroadcast_cases(rng: np.random.Generator) -> list[Inputs]:
    """Axes added in front, axes of length 1 stretched, both, and neither."""
    pairs: list[tuple[Shape, Shape]] = [
        ((2, 3), (3,)), ((5, 3, 2), (2,)), ((4, 3, 2), (3, 2)), ((4, 3), ()),  # added in front
        ((2, 3), (1, 3)), ((5, 3), (5, 1)), ((3, 4, 2), (3, 4, 1)), ((4, 3, 5), (1, 3, 1)),
        ((4, 2, 3), (2, 1)), ((2, 5, 3), (1, 3)), ((3, 2, 4, 5), (2, 1, 5)),  # both
        ((3, 2), (3, 2)), ((1, 3), (1, 3)),  # neither
    ]  # fmt: skip
    return [(numbers(rng, *stretched), shape) for stretched, shape in pairs]


def _only_added(grad: Array, shape: Shape) -> bool:
    return grad.ndim > len(shape) and 1 not in shape


def _only_stretched(grad: Array, shape: Shape) -> bool:
    return grad.ndim == len(shape) and grad.shape != shape


def _others(grad: Array, shape: Shape) -> bool:
    return not _only_added(grad, shape) and not _only_stretched(grad, shape)


def _broadcast(grad: Array, small: Array) -> Array:
    return np.broadcast_to(small, grad.shape)


def _gradient(name: str, where: Callable[..., bool]) -> Gradient:
    return Gradient(
        name,
        forward=_broadcast,
        wrt="small",
        upstream="grad",
        at=lambda grad, shape: np.zeros(shape),
        of="the small array",
        where=where,
    )


def unbroadcast_at_once(grad: Array, shape: Shape) -> Array:
    """Pad the shape with ones in front, find all axes to sum, and sum them in one call."""
    padded = (1,) * (grad.ndim - len(shape)) + shape
    axes = tuple(i for i, n in enumerate(padded) if n == 1)
    return grad.sum(axis=axes, keepdims=True).reshape(shape)


def unbroadcast_by_counting(grad: Array, shape: Shape) -> Array:
    """Add each number of the gradient to the place that it was copied from."""
    total = np.zeros(shape)
    for index in np.ndindex(*grad.shape):
        own = index[grad.ndim - len(shape) :]
        total[tuple(0 if n == 1 else i for i, n in zip(own, shape, strict=True))] += grad[index]
    return total


def _added_axes_only(grad: Array, shape: Shape) -> Array:
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    return grad


def _stretched_axes_only(grad: Array, shape: Shape) -> Array:
    for axis, length in enumerate(shape):
        if length == 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad


def _without_keepdims(grad: Array, shape: Shape) -> Array:
    padded = (1,) * (grad.ndim - len(shape)) + shape
    return np.asarray(grad.sum(axis=tuple(i for i, n in enumerate(padded) if n == 1)))


def _length_for_axis(grad: Array, shape: Shape) -> Array:
    grad = _added_axes_only(grad, shape)
    for length in shape:
        if length == 1:
            grad = grad.sum(axis=length, keepdims=True)
    return grad


def _mean(grad: Array, shape: Shape) -> Array:
    padded = (1,) * (grad.ndim - len(shape)) + shape
    axes = tuple(i for i, n in enumerate(padded) if n == 1)
    return grad.mean(axis=axes, keepdims=True).reshape(shape)


def _first_copy(grad: Array, shape: Shape) -> Array:
    while grad.ndim > len(shape):
        grad = grad[0]
    return np.array(grad[tuple(slice(n) for n in shape)])


def _from_the_left(grad: Array, shape: Shape) -> Array:
    while grad.ndim > len(shape):
        grad = grad.sum(axis=-1)
    for axis, length in enumerate(shape):
        if length == 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad


def _everything(grad: Array, shape: Shape) -> Any:
    return grad if grad.shape == shape else np.asarray(grad.sum())


UNBROADCAST = Exercise(
    id="tensors.unbroadcast",
    lesson="05_tensors",
    title="Undo a broadcast",
    points=3,
    reference=unbroadcast,
    cases=unbroadcast_cases,
    may_return_input=True,
    criteria=[
        _gradient("sums over axes that were added in front", _only_added),
        _gradient("sums over stretched axes, and keeps them with length 1", _only_stretched),
        _gradient("does both at once, and leaves an equal shape alone", _others),
    ],
    misconceptions=[
        Misconception(
            "added_axes_only",
            _added_axes_only,
            "Axes that were added in front are summed. Axes that `shape` has with length 1 were "
            "stretched too: sum over those as well, and keep them (`keepdims=True`).",
        ),
        Misconception(
            "stretched_axes_only",
            _stretched_axes_only,
            "Axes of length 1 are summed, but the axes that broadcasting *added* in front are not. "
            "`grad.ndim - len(shape)` says how many there are: sum over them first.",
        ),
        Misconception(
            "axes_lost",
            _without_keepdims,
            "The sums are right, but an axis of length 1 is gone: (5, 1) is not (5,). Sum over a "
            "stretched axis with `keepdims=True`.",
        ),
        Misconception(
            "length_for_axis",
            _length_for_axis,
            "`sum(axis=...)` wants the *position* of an axis, and got its length, 1. So it always "
            "sums axis 1. `enumerate(shape)` gives both: position and length.",
        ),
        Misconception(
            "mean_for_sum",
            _mean,
            "This averages the copies' gradients. Each copy changes the loss, so their effects add "
            "up: sum.",
        ),
        Misconception(
            "first_copy_only",
            _first_copy,
            "This keeps the gradient of the first copy and drops the others. The number was used "
            "once per copy, so its gradient is the sum over all copies.",
        ),
        Misconception(
            "aligned_from_the_left",
            _from_the_left,
            "Broadcasting lines shapes up from the *right* and adds missing axes in *front*. So "
            "the axes to sum away are the first ones, not the last.",
        ),
        Misconception(
            "everything_summed",
            _everything,
            "This sums over all axes. Only those that were repeated are to be summed; along the "
            "others each number keeps its own gradient.",
        ),
        Misconception(
            "reshaped",
            lambda grad, shape: grad.reshape(shape),
            "`reshape` only rearranges numbers: it cannot make 6 into 3. The copies' gradients "
            "have to be added up.",
        ),
        Misconception(
            "broadcast_again",
            lambda grad, shape: np.broadcast_to(grad, shape),
            "`broadcast_to` repeats numbers, and cannot go from a large shape to a small one. The "
            "way back is a sum.",
        ),
        Misconception(
            "returned_unchanged",
            lambda grad, shape: grad,
            "`grad` comes back as it was. It has the large shape; what is asked for has `shape`, "
            "with the gradients of the copies added up.",
        ),
    ],
    alternatives=[unbroadcast_at_once, unbroadcast_by_counting],
    hints=[
        "Write the two shapes above each other, lined up at the right. Which axes of `grad` have "
        "no partner, and which have a partner of length 1?",
        "First sum over the `grad.ndim - len(shape)` axes in front; `sum` takes a tuple of axes. "
        "Then go through the axes of `shape`.",
        "`for axis, length in enumerate(shape):` and where the length is 1: "
        "`grad = grad.sum(axis=axis, keepdims=True)`.",
    ],
)
