"""Exercise: the gradients of sum, mean and max along an axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grader.checks.l05_tensors.drawing import numbers
from grader.compare import same
from grader.exercise import Exercise, Holds, Misconception, Trial
from grader.gradients import Gradient
from grader.probe import Inputs

Array = np.ndarray
Share = Callable[..., Any]


def reduce_vjp(grad: Array, x: Array, op: str, axis: int | None, keepdims: bool) -> Array:
    """The gradient for x, when grad is the gradient of x.sum(axis), x.mean(axis) or x.max(axis)."""
    if axis is not None and not keepdims:
        grad = np.expand_dims(grad, axis)
    if op == "sum":
        share = np.ones(x.shape)
    elif op == "mean":
        share = np.ones(x.shape) / (x.size if axis is None else x.shape[axis])
    else:
        winners = x == x.max(axis=axis, keepdims=True)
        share = winners / winners.sum(axis=axis, keepdims=True)
    return grad * share


def reduce_cases(rng: np.random.Generator) -> list[Inputs]:
    """Each operation along first, middle and last axes; lengths that are no axis numbers."""
    cases: list[Inputs] = []
    for op in ("sum", "mean", "max"):
        for shape, axis in [((2, 3), 1), ((4, 3), 0), ((5, 3, 4), 1), ((3, 4, 5), -1)]:
            for keepdims in (True, False):
                cases.append(_case(rng, _distinct(rng, *shape), op, axis, keepdims))
        cases.append(_case(rng, _distinct(rng, 3, 4), op, None, False))
    return cases


def tied_cases(rng: np.random.Generator) -> list[Inputs]:
    """The largest number stands in two or three places of most rows."""
    cases: list[Inputs] = []
    for shape, axis in [((2, 3), 1), ((5, 4), 0), ((4, 5), 1)]:
        x = np.moveaxis(_distinct(rng, *shape), axis, -1).copy()
        for k, row in enumerate(x):
            row[rng.choice(len(row), size=2 + k % 2, replace=False)] = 5.0 + 0.25 * k
        x = np.ascontiguousarray(np.moveaxis(x, -1, axis))
        cases.append(_case(rng, x, "max", axis, True))
    return cases


def _distinct(rng: np.random.Generator, *shape: int) -> Array:
    """Numbers of which no two are closer than a tenth."""
    size = int(np.prod(shape))
    return (rng.permutation(size).reshape(shape) - size // 3) / 8 + 0.05


def _case(rng: np.random.Generator, x: Array, op: str, axis: int | None, keepdims: bool) -> Inputs:
    value = np.asarray(getattr(x, op)(axis=axis, keepdims=keepdims))
    return numbers(rng, *value.shape), x, op, axis, keepdims


def _reduced(grad: Array, x: Array, op: str, axis: int | None, keepdims: bool) -> Array:
    return np.asarray(getattr(x, op)(axis=axis, keepdims=keepdims))


def _gradient(name: str, where: Callable[..., bool]) -> Gradient:
    return Gradient(name, forward=_reduced, wrt="x", upstream="grad", where=where)


def _ties_share(
    result: Any, grad: Array, x: Array, op: str, axis: int, keepdims: bool
) -> str | None:
    """Together, the places that tie get what one winner would get, and nobody else gets any."""
    if np.shape(result) != x.shape:
        return f"the gradient for `x` must have its shape, {x.shape}; {np.shape(result)} came"
    share = np.asarray(result, dtype=float) / grad
    winners = x == x.max(axis=axis, keepdims=True)
    if not np.allclose(share[~winners], 0, atol=1e-6):
        return "a number that is not the largest has no effect, but gets a gradient"
    together = share.sum(axis=axis)
    farthest = together.flat[np.argmax(np.abs(together - 1))]
    if abs(farthest - 1) > 1e-6:
        return (
            "places that tie for the largest must get `grad` once, shared between them; here their "
            f"shares add up to {farthest:.3g}, not to 1"
        )
    return None if (share > -1e-6).all() else "a share of a tie cannot be below 0"


def reduce_vjp_with_argmax(
    grad: Array, x: Array, op: str, axis: int | None, keepdims: bool
) -> Array:
    """The first of those that tie gets all; sums are spread by broadcasting."""
    if axis is None:
        flat = reduce_vjp_with_argmax(np.reshape(grad, 1), x.reshape(-1), op, 0, True)
        return flat.reshape(x.shape)
    spread = grad if keepdims else np.expand_dims(grad, axis)
    if op == "max":
        out = np.zeros(x.shape)
        np.put_along_axis(out, x.argmax(axis=axis, keepdims=True), spread, axis)
        return out
    return np.array(np.broadcast_to(spread / (x.shape[axis] if op == "mean" else 1), x.shape))


def reduce_vjp_by_repeating(
    grad: Array, x: Array, op: str, axis: int | None, keepdims: bool
) -> Array:
    """Give the kept shape by asking for it, then repeat."""
    kept = np.max(x, axis=axis, keepdims=True)
    grad = np.reshape(grad, kept.shape)
    if op == "max":
        return np.where(x == kept, grad, 0.0) / (x == kept).sum(axis=axis, keepdims=True)
    count = x.size // kept.size
    return np.multiply(grad, np.ones_like(x)) / {"sum": 1, "mean": count}[op]


def _varied(
    mean: Share | None = None, winners: Share | None = None, spread: Share | None = None
) -> Callable[..., Any]:
    """The rule with one of its parts exchanged."""

    def wrong(grad: Array, x: Array, op: str, axis: int | None, keepdims: bool) -> Any:
        if spread is not None:
            grad = spread(grad, x, axis, keepdims)
        elif axis is not None and not keepdims:
            grad = np.expand_dims(grad, axis)
        if op == "max" and winners is not None:
            return grad * winners(x, axis)
        if op == "mean" and mean is not None:
            return grad * np.ones(x.shape) * mean(x, axis)
        plain: Array = np.ones(np.shape(grad)) if spread else grad
        return reduce_vjp(plain, x, op, axis, True) * (grad if spread else 1)

    return wrong


def _count(x: Array, axis: int | None) -> int:
    return x.size if axis is None else x.shape[axis]


def _never_put_back(trials: Sequence[Trial]) -> bool:
    """Right with keepdims; without, NumPy refuses, or pairs the wrong axes."""
    dropped = [t for t in trials if not t.inputs[4] and t.inputs[3] not in (None, 0)]
    kept = [t for t in trials if t.inputs[2] == "sum" and t.inputs[4]]
    refused = [t.observed.fault for t in dropped]
    return (
        bool(dropped)
        and all(f and f.type == "ValueError" and "broadcast" in f.message for f in refused)
        and all(same(t.observed.result, t.expected.result) for t in kept)
    )


REDUCE = Exercise(
    id="tensors.reduce_vjp",
    lesson="05_tensors",
    title="Gradients of sum, mean and max",
    points=4,
    reference=reduce_vjp,
    cases=reduce_cases,
    may_return_input=True,
    criteria=[
        _gradient(
            "spreads the gradient of a sum", lambda g, x, op, axis, keep: op == "sum" and keep
        ),
        _gradient(
            "puts back the axis that the reduction dropped",
            lambda g, x, op, axis, keep: op == "sum" and not keep and axis is not None,
        ),
        _gradient(
            "divides by the right count for a mean",
            lambda g, x, op, axis, keep: op == "mean" and axis is not None,
        ),
        _gradient(
            "sends the gradient of a max to the largest",
            lambda g, x, op, axis, keep: op == "max" and axis is not None,
        ),
        Holds("gives places that tie one gradient together", cases=tied_cases, test=_ties_share),
        _gradient("takes `axis=None` too", lambda g, x, op, axis, keep: axis is None),
    ],
    misconceptions=[
        Misconception(
            "axis_not_put_back",
            _varied(spread=lambda grad, x, axis, keepdims: grad),
            "Without `keepdims` the result has lost an axis, so `grad` no longer lines up with "
            "`x`. Put the axis back with length 1: `np.expand_dims(grad, axis)`. (For a square "
            "`x` this would not even fail: it would be wrong without a word.)",
            when=_never_put_back,
        ),
        Misconception(
            "axis_put_at_the_end",
            _varied(
                spread=lambda grad, x, axis, keepdims: (
                    grad if keepdims or axis is None else grad[..., None]
                )
            ),
            "The lost axis is always put back at the end. It belongs where it was: "
            "`np.expand_dims(grad, axis)`.",
        ),
        Misconception(
            "axis_put_back_twice",
            _varied(
                spread=lambda grad, x, axis, keepdims: (
                    grad if axis is None else np.expand_dims(grad, axis)
                )
            ),
            "With `keepdims=True` the axis is still there, with length 1. Put it back only when "
            "`keepdims` is false.",
        ),
        Misconception(
            "not_spread",
            lambda grad, x, op, axis, keepdims: grad,
            "`grad` comes back as it is. It has one number per *result*; each number of `x` needs "
            "its own, so spread it over the axis: `x` and the gradient have the same shape.",
        ),
        Misconception(
            "mean_without_count",
            _varied(mean=lambda x, axis: 1.0),
            "For `mean` the count is missing: each number has only a share of 1 / n in the result, "
            "so it gets grad / n.",
        ),
        Misconception(
            "mean_over_all_numbers",
            _varied(mean=lambda x, axis: 1 / x.size),
            "For `mean` this divides by `x.size`. Along one axis, only `x.shape[axis]` numbers go "
            "into each result.",
        ),
        Misconception(
            "axis_for_length",
            _varied(mean=lambda x, axis: np.divide(1.0, x.size if axis is None else axis)),
            "For `mean` this divides by `axis`, the *position* of the axis. The count is its "
            "length: `x.shape[axis]`.",
        ),
        Misconception(
            "length_of_the_first_axis",
            _varied(mean=lambda x, axis: 1 / (x.size if axis is None else len(x))),
            "For `mean` this divides by `len(x)`, the length of the *first* axis. The count is the "
            "length of the axis that was summed: `x.shape[axis]`.",
        ),
        Misconception(
            "mean_multiplied",
            _varied(mean=_count),
            "For `mean` this multiplies by the count. A mean *divides* by it, and so does its "
            "gradient.",
        ),
        Misconception(
            "every_tie_gets_all",
            _varied(winners=lambda x, axis: x == x.max(axis=axis, keepdims=True)),
            "Where several numbers tie for the largest, each gets the whole gradient. Raise all of "
            "them and the max rises once: together they get `grad`. Divide by their number.",
        ),
        Misconception(
            "ties_counted_everywhere",
            _varied(
                winners=lambda x, axis: (
                    (x == x.max(axis=axis, keepdims=True))
                    / (x == x.max(axis=axis, keepdims=True)).sum()
                )
            ),
            "The gradient of `max` is divided by the number of winners in the *whole* array. Only "
            "those of one row share: count along `axis`, with `keepdims=True`.",
        ),
        Misconception(
            "largest_of_all",
            _varied(winners=lambda x, axis: 1.0 * (x == x.max())),
            "`x == x.max()` finds the largest number of the whole array. Each row has a largest of "
            "its own: `x.max(axis=axis, keepdims=True)`.",
        ),
        Misconception(
            "max_like_sum",
            _varied(winners=lambda x, axis: np.ones(x.shape)),
            "For `max` every number gets the gradient. Nudge one that is not the largest: the "
            "result stays as it is, so its gradient is 0.",
        ),
        Misconception(
            "max_like_mean",
            _varied(winners=lambda x, axis: np.ones(x.shape) / _count(x, axis)),
            "For `max` every number gets an equal share. Nudge one that is not the largest: the "
            "result stays as it is, so its gradient is 0.",
        ),
        Misconception(
            "value_for_winner",
            _varied(winners=lambda x, axis: x * (x == x.max(axis=axis, keepdims=True))),
            "The gradient of `max` is multiplied by the largest number itself. What counts is only "
            "*that* it is the largest: its share is 1.",
        ),
    ],
    alternatives=[reduce_vjp_with_argmax, reduce_vjp_by_repeating],
    hints=[
        "Nudge one number of a row up by a little: by how much does the row's sum rise? Its mean? "
        "Its max? That share, times `grad`, is the gradient.",
        "First give `grad` back its lost axis: `np.expand_dims(grad, axis)`, unless `keepdims` "
        "kept it or `axis` is None. Then `grad * share` broadcasts by itself.",
        "The shares: 1 for `sum`; 1 / `x.shape[axis]` for `mean` (`x.size` if axis is None); and "
        "for `max`, `winners / winners.sum(axis=axis, keepdims=True)` with "
        "`winners = x == x.max(axis=axis, keepdims=True)`.",
    ],
)
