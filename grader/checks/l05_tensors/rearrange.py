"""Exercise: an operation as a class: reshape, then reorder the axes, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grader.checks.l05_tensors.drawing import numbers
from grader.exercise import CaseMaker, Exercise, Misconception, Values
from grader.gradients import Gradient
from grader.probe import Inputs

Array = np.ndarray
Ints = tuple[int, ...]


class Rearrange:
    """Reshape, then put the axes into another order; and the same for gradients, backwards."""

    def __init__(self, shape: Ints, axes: Ints) -> None:
        """Keep the new shape, and the order of its axes afterwards."""
        self.shape, self.axes = shape, axes

    def forward(self, x: Array) -> Array:
        """Return x in its new shape, axes reordered."""
        self.old_shape = x.shape
        return x.reshape(self.shape).transpose(self.axes)

    def backward(self, grad: Array) -> Array:
        """Return the gradient for x: each number back at its old place."""
        return grad.transpose(np.argsort(self.axes)).reshape(self.old_shape)


def forward(Rearrange: Any, grad: Any, x: Any, shape: Any, axes: Any) -> Any:
    """One way. Travels as source."""
    return Rearrange(shape, axes).forward(x)


def forward_then_backward(Rearrange: Any, grad: Any, x: Any, shape: Any, axes: Any) -> Any:
    """There, and back with a gradient. Travels as source."""
    operation = Rearrange(shape, axes)
    operation.forward(x)
    return operation.backward(grad)


def one_swap_cases(rng: np.random.Generator) -> list[Inputs]:
    """Two axes swapped, which is its own inverse; reshaped and not."""
    plans: list[tuple[Ints, Ints, Ints]] = [
        ((2, 3), (2, 3), (1, 0)),
        ((3, 5, 2), (3, 5, 2), (0, 2, 1)),
        ((2, 6), (2, 3, 2), (1, 0, 2)),
        ((12,), (4, 3), (1, 0)),
    ]
    return [_case(rng, *plan) for plan in plans]


def cycle_cases(rng: np.random.Generator) -> list[Inputs]:
    """Three axes that change places in a circle: the order back is another one."""
    plans: list[tuple[Ints, Ints, Ints]] = [
        ((2, 3, 4), (2, 3, 4), (1, 2, 0)),
        ((3, 10), (3, 2, 5), (2, 0, 1)),
        ((2, 30), (2, 3, 2, 5), (0, 3, 1, 2)),
        ((4, 6, 5), (4, 2, 3, 5), (3, 0, 2, 1)),
    ]
    return [_case(rng, *plan) for plan in plans]


def all_cases(rng: np.random.Generator) -> list[Inputs]:
    """Both kinds."""
    return [*one_swap_cases(rng), *cycle_cases(rng)]


def _case(rng: np.random.Generator, old: Ints, shape: Ints, axes: Ints) -> Inputs:
    grad = numbers(rng, *(shape[axis] for axis in axes))
    return grad, numbers(rng, *old), shape, axes


def _rearranged(grad: Array, x: Array, shape: Ints, axes: Ints) -> Array:
    return x.reshape(shape).transpose(axes)


def _gradient(name: str, cases: CaseMaker, weight: float = 1.0) -> Gradient:
    return Gradient(
        name,
        forward=_rearranged,
        wrt="x",
        upstream="grad",
        cases=cases,
        probe=forward_then_backward,
        weight=weight,
    )


class ByNames(Rearrange):
    """Another right way: number the places once, and look up where each went."""

    def forward(self, x: Array) -> Array:
        self.places = np.arange(x.size).reshape(self.shape).transpose(self.axes)
        self.like = x
        return x.reshape(-1)[self.places]

    def backward(self, grad: Array) -> Array:
        out = np.zeros(self.like.size)
        out[self.places] = grad
        return out.reshape(self.like.shape)


class StepByStep(Rearrange):
    """Another right way: write out the order back, one axis at a time."""

    def backward(self, grad: Array) -> Array:
        back = [0] * len(self.axes)
        for new, old in enumerate(self.axes):
            back[old] = new
        return np.transpose(grad, back).reshape(self.old_shape).copy()


def _back(name: str, backward: Callable[[Any, Array], Any]) -> type:
    return type("Rearrange", (Rearrange,), {"backward": backward, "__doc__": name})


class _ReordersFirst(Rearrange):
    def forward(self, x: Array) -> Array:
        self.old_shape = x.shape
        return x.transpose(self.axes[: x.ndim]).reshape([self.shape[a] for a in self.axes])


class _InverseForward(Rearrange):
    def forward(self, x: Array) -> Array:
        self.old_shape = x.shape
        return x.reshape(self.shape).transpose(np.argsort(self.axes))

    def backward(self, grad: Array) -> Array:
        return grad.transpose(self.axes).reshape(self.old_shape)


class _OnlyReshapes(Rearrange):
    def forward(self, x: Array) -> Array:
        self.old_shape = x.shape
        return x.reshape([self.shape[axis] for axis in self.axes])

    def backward(self, grad: Array) -> Array:
        return grad.reshape(self.old_shape)


REARRANGE = Exercise(
    id="tensors.rearrange",
    lesson="05_tensors",
    title="Reshape and reorder, there and back",
    points=3,
    kind="class",
    reference=Rearrange,
    cases=all_cases,
    probe=forward,
    may_return_input=True,
    criteria=[
        Values("rearranges what goes forward"),
        _gradient("brings gradients back when two axes were swapped", one_swap_cases),
        _gradient("brings gradients back from any order of axes", cycle_cases, weight=2),
    ],
    misconceptions=[
        Misconception(
            "same_order_back",
            _back(
                "same order",
                lambda self, grad: grad.transpose(self.axes).reshape(self.old_shape),
            ),
            "The way back uses the same order of axes as the way there. Two axes swapped twice are "
            "back in place, but three moved in a circle are not: it takes the *inverse* order, "
            "`np.argsort(axes)`.",
        ),
        Misconception(
            "only_reshaped_back",
            _back("reshape only", lambda self, grad: grad.reshape(self.old_shape)),
            "The gradient gets the right shape but its numbers stand in the wrong places: "
            "`reshape` keeps the reading order. Put the axes back first, then reshape.",
        ),
        Misconception(
            "undone_in_the_same_order",
            _back(
                "reshape, then transpose",
                lambda self, grad: grad.reshape(
                    [self.shape[a] for a in np.argsort(self.axes)]
                ).transpose(np.argsort(self.axes)),
            ),
            "The two steps are undone in the order in which they were done. What was done last is "
            "undone first: put the axes back, and only then reshape.",
        ),
        Misconception(
            "shape_not_restored",
            _back("no reshape", lambda self, grad: grad.transpose(np.argsort(self.axes))),
            "The axes are back in order, but the gradient still has the new shape. It needs the "
            "shape that `x` had: `forward` can keep that in `self`.",
        ),
        Misconception(
            "axes_reversed",
            _back("reversed", lambda self, grad: grad.T.reshape(self.old_shape)),
            "`.T` reverses *all* axes. To undo an order of axes takes its inverse, "
            "`np.argsort(axes)`.",
        ),
        Misconception(
            "order_read_backwards",
            _back(
                "axes[::-1]",
                lambda self, grad: grad.transpose(self.axes[::-1]).reshape(self.old_shape),
            ),
            "The order of axes is read backwards. That is not its inverse: where does axis 0 of "
            "the result come from, and where has it to go? `np.argsort(axes)` answers that for "
            "all.",
        ),
        Misconception(
            "reorders_first",
            _ReordersFirst,
            "`forward` reorders the axes of `x` and reshapes then. Asked for is the other way "
            "round: first `shape`, then the order of *its* axes.",
        ),
        Misconception(
            "inverse_order_forward",
            _InverseForward,
            "`forward` uses the inverse order of axes. `transpose(axes)` puts axis `axes[0]` in "
            "front: that is what is asked for. The inverse, `np.argsort(axes)`, is for the way "
            "back.",
        ),
        Misconception(
            "never_reorders",
            _OnlyReshapes,
            "`forward` only reshapes: the shape is right, but every number stays at its place in "
            "reading order. Moving axes moves numbers: use `transpose`.",
        ),
    ],
    alternatives=[ByNames, StepByStep],
    hints=[
        "`forward` is one line: `x.reshape(...)`, then `.transpose(...)`. What will `backward` "
        "need to know about `x`? Keep it in `self`.",
        "Backward undoes the last step first. If `transpose(axes)` put axis `axes[0]` in front, "
        "which order brings all of them home?",
        "`np.argsort(axes)` is the inverse order. After that `transpose`, only the old shape is "
        "missing.",
    ],
)
