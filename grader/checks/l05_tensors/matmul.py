"""Exercise: the two gradients of a matrix product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from grader.checks.l05_tensors.drawing import numbers
from grader.exercise import Exercise, Misconception, Trial
from grader.gradients import Gradient
from grader.probe import Inputs

Array = np.ndarray


def matmul_vjp(grad: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """The gradients for a and for b, when grad is the gradient of a @ b."""
    return grad @ b.T, a.T @ grad


def matmul_cases(rng: np.random.Generator) -> list[Inputs]:
    """Products of which no two lengths agree; batch 1 and float32 among them."""
    sizes = [(1, 2, 3), (2, 3, 1), (4, 2, 3), (3, 5, 2), (1, 3, 4)]
    cases: list[Inputs] = [
        (numbers(rng, n, m), numbers(rng, n, k), numbers(rng, k, m)) for n, k, m in sizes
    ]
    n, k, m = 2, 5, 3
    cases.append(tuple(numbers(rng, *s).astype("f4") for s in [(n, m), (n, k), (k, m)]))
    return cases


def _product(grad: Array, a: Array, b: Array) -> Array:
    return a @ b


def _gradient(of: str, item: int) -> Gradient:
    name = f"sends `{of}` its gradient"
    return Gradient(name, forward=_product, wrt=of, upstream="grad", item=item)


def matmul_vjp_by_index(grad: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Say which axes are summed, and leave the rest to einsum."""
    return np.einsum("nm,km->nk", grad, b), np.einsum("nk,nm->km", a, grad)


def matmul_vjp_with_loops(grad: Array, a: Array, b: Array) -> list[Array]:
    """Every product a[i, k] * b[k, j] sends grad[i, j] to its two factors."""
    grad_a, grad_b = np.zeros(a.shape), np.zeros(b.shape)
    for i, j in np.ndindex(*grad.shape):
        grad_a[i] += grad[i, j] * b[:, j]
        grad_b[:, j] += grad[i, j] * a[i]
    return [grad_a, grad_b]


def _ones(grad: Array) -> Array:
    return np.ones_like(grad)


def _elementwise(grad: Array, a: Array, b: Array) -> Any:
    return grad * b, grad * a


def _multiplies_number_by_number(trials: Sequence[Trial]) -> bool:
    """Nothing but `*` on these shapes fails like this."""
    faults = [trial.observed.fault for trial in trials]
    return all(
        f and f.type == "ValueError" and "could not be broadcast together" in f.message
        for f in faults
    )


MATMUL = Exercise(
    id="tensors.matmul_vjp",
    lesson="05_tensors",
    title="Gradients of a matrix product",
    points=3,
    reference=matmul_vjp,
    cases=matmul_cases,
    criteria=[
        _gradient("a", item=0),
        _gradient("b", item=1),
    ],
    misconceptions=[
        Misconception(
            "results_swapped",
            lambda grad, a, b: (a.T @ grad, grad @ b.T),
            "Both gradients are right, in the wrong order: the one for `a` comes first.",
        ),
        Misconception(
            "transposed",
            lambda grad, a, b: (b @ grad.T, grad.T @ a),
            "Both gradients are transposed: (A B) transposed is B transposed times A transposed. "
            "A gradient has the shape of its own array, so turn each product round.",
        ),
        Misconception(
            "second_transposed",
            lambda grad, a, b: (grad @ b.T, grad.T @ a),
            "The gradient for `b` is transposed. `b` has shape (k, m): which order of `a.T` "
            "(k, n) and `grad` (n, m) gives that?",
        ),
        Misconception(
            "first_transposed",
            lambda grad, a, b: (b @ grad.T, a.T @ grad),
            "The gradient for `a` is transposed. `a` has shape (n, k): which order of `grad` "
            "(n, m) and `b.T` (m, k) gives that?",
        ),
        Misconception(
            "nothing_transposed",
            lambda grad, a, b: (grad @ b, a @ grad),
            "Without `.T` the shapes do not line up: `grad` is (n, m) and `b` is (k, m). The axis "
            "that they share, m, has to meet in the middle.",
        ),
        Misconception(
            "factors_in_the_wrong_order",
            lambda grad, a, b: (b.T @ grad, grad @ a.T),
            "The right factors in the wrong order: a matrix product is not commutative. Put the "
            "shapes beside each other, `(n, m) @ (m, k)`, and let equal lengths meet.",
        ),
        Misconception(
            "as_for_elementwise_product",
            _elementwise,
            "That is the rule of `*`, number by number. In `a @ b` each number of `a` meets a "
            "whole row of `b`, so its gradient is a sum of products: a matrix product again.",
            when=_multiplies_number_by_number,
        ),
        Misconception(
            "grad_left_out",
            lambda grad, a, b: (_ones(grad) @ b.T, a.T @ _ones(grad)),
            "`grad` is not used: this is the gradient of the plain sum of a @ b. The chain rule "
            "weights each number of the result by its own gradient, so `grad` takes the place of "
            "the ones.",
        ),
        Misconception(
            "factors_not_exchanged",
            lambda grad, a, b: (grad @ grad.T @ a, b @ grad.T @ grad),
            "The gradient of a product with respect to one factor contains the *other* factor: `b` "
            "belongs into the gradient for `a`.",
        ),
        Misconception(
            "mean_over_the_batch",
            lambda grad, a, b: (grad @ b.T / len(a), a.T @ grad / len(a)),
            "Divided by the number of rows. If the loss is a mean, its own rule divides, once; "
            "here `grad` has that in it already.",
        ),
    ],
    alternatives=[matmul_vjp_by_index, matmul_vjp_with_loops],
    hints=[
        "A gradient has the shape of its own array. With a (n, k), b (k, m) and grad (n, m): which "
        "product gives (n, k)?",
        "For `a` only `grad` and `b` can matter. (n, m) times (m, k) gives (n, k), so `b` has to "
        "be turned round.",
        "`grad @ b.T` is the first one. The second has `a.T`, of shape (k, n): on which side of "
        "`grad`?",
    ],
)
