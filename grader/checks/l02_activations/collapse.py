"""Exercise: the one linear layer that equals a stack of linear layers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.exercise import Exercise, Misconception, Values
from grader.plain import Plain
from grader.probe import Inputs

Array = np.ndarray
Layer = tuple[Array, Array]
Layers = Sequence[Layer]


def collapse(layers: Layers) -> Layer:
    """The oracle: affine maps as matrices with one more row, multiplied."""
    size = layers[0][0].shape[1]
    total = np.eye(size + 1)
    for W, b in layers:
        extended = np.zeros((len(b) + 1, W.shape[1] + 1))
        extended[:-1, :-1], extended[:-1, -1], extended[-1, -1] = W, b, 1.0
        total = extended @ total
    return total[:-1, :-1], total[:-1, -1]


def collapse_by_trying(layers: Layers) -> Layer:
    """Ask the stack what it does with 0 and with each unit vector."""

    def stack(X: Array) -> Array:
        for W, b in layers:
            X = X @ W.T + b
        return X

    size = layers[0][0].shape[1]
    b = stack(np.zeros((1, size)))[0]
    return (stack(np.eye(size)) - b).T, b


def collapse_with_a_loop(layers: Layers) -> Layer:
    """From the first layer to the last, the bias first: it needs no product of the weights."""
    W, b = layers[0][0].copy(), layers[0][1].copy()
    for W_next, b_next in layers[1:]:
        b = W_next.dot(b) + b_next
        W = W_next.dot(W)
    return W, b


def collapse_from_the_top(layers: Layers) -> Layer:
    """From the last layer to the first: what stands above is multiplied from the left."""
    W, b = layers[-1]
    for W_below, b_below in reversed(layers[:-1]):
        W, b = W @ W_below, W @ b_below + b
    return W, b


def _stack(rng: np.random.Generator, *widths: int) -> Inputs:
    """Layers that lead from the first width through the others, in whole numbers."""
    layers = []
    for fan_in, fan_out in itertools.pairwise(widths):
        while True:
            W = rng.integers(-3, 4, size=(fan_out, fan_in)).astype(float)
            if W.any(axis=1).all() and not np.array_equal(W, W.T):
                break
        b = rng.choice([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0], size=fan_out)
        layers.append((W, b))
    return (layers,)


def collapse_cases(rng: np.random.Generator) -> list[Inputs]:
    """Two layers of equal width, two of unlike ones; then one, three and four."""
    equal = [_stack(rng, *[width] * 3) for width in (2, 3, 3)]
    unlike = [_stack(rng, 3, 2, 4), _stack(rng, 2, 5, 1), _stack(rng, 1, 3, 2)]
    others = [_stack(rng, 3, 2), _stack(rng, 2, 3, 3, 2), _stack(rng, 2, 2, 2, 2, 2)]
    return [*equal, *unlike, *others]


def _two_equal(layers: Layers) -> bool:
    return len(layers) == 2 and len({side for W, _ in layers for side in W.shape}) == 1


def _two_unlike(layers: Layers) -> bool:
    return len(layers) == 2 and not _two_equal(layers)


@dataclass(frozen=True)
class _Half(Values):
    """One of the two that come back: 0 for the weights, 1 for the biases."""

    item: int = 0

    def view(self, result: Plain) -> Plain:
        """That item; of something else, all of it."""
        return result[self.item] if type(result) in (list, tuple) and len(result) == 2 else result


class _FormOfHalf(_Half):
    """Compare one half, once it is clear that two came."""

    def complaint(self, trial: Any) -> str | None:
        """Say that a pair was required if that is what is wrong."""
        came = trial.observed.result
        if type(came) not in (list, tuple) or len(came) != 2:
            return "a pair was required: the weights, then the biases (`return W, b`)"
        return super().complaint(trial)


def _folded(
    weights: Callable[..., Array] = lambda W, W2: W2 @ W,
    biases: Callable[..., Array] = lambda W, b, W2, b2: W2 @ b + b2,
) -> Callable[[Layers], Layer]:
    """Collapse layer by layer with exchangeable parts, for the mistakes."""

    def fold(layers: Layers) -> Layer:
        W, b = layers[0]
        for W2, b2 in layers[1:]:
            W, b = weights(W, W2), biases(W, b, W2, b2)
        return W, b

    return fold


def _weights_first(layers: Layers) -> Layer:
    W, b = layers[0]
    for W2, b2 in layers[1:]:
        W = W2 @ W
        b = W @ b + b2
    return W, b


def _two_only(layers: Layers) -> Layer:
    (W1, b1), (W2, b2) = layers[0], layers[1]
    return W2 @ W1, W2 @ b1 + b2


def _transposed(layers: Layers) -> Layer:
    W, b = collapse(layers)
    return W.T, b


COLLAPSE = Exercise(
    id="activations.collapse",
    lesson="02_activations",
    title="A stack of linear layers is one",
    points=3,
    reference=collapse,
    cases=collapse_cases,
    may_return_input=True,
    criteria=[
        _FormOfHalf("finds the weights of two layers", weight=2, where=_two_equal, essential=True),
        _FormOfHalf("finds their biases", weight=2, where=_two_equal, item=1),
        Values("takes layers of unlike widths", where=_two_unlike),
        Values("takes any number of layers", where=lambda layers: len(layers) != 2),
    ],
    misconceptions=[
        Misconception(
            "order_reversed",
            _folded(weights=lambda W, W2: W @ W2),
            "The weights are multiplied in the order in which they are applied. But `W` stands to "
            "the left of its input: the first layer gives W1 x, the second W2 (W1 x), so the "
            "later one goes to the left.",
        ),
        Misconception(
            "weights_transposed",
            _transposed,
            "The weights are transposed. Keep the shape of a layer: one row per output, one column "
            "per input.",
        ),
        Misconception(
            "biases_added_up",
            _folded(biases=lambda W, b, W2, b2: b + b2),
            "The biases are added up as they are. But the first one passes through the second "
            "layer too, and is multiplied by its weights there.",
        ),
        Misconception(
            "last_bias_only",
            _folded(biases=lambda W, b, W2, b2: b2),
            "Only the last bias is left. The earlier ones do not vanish: the next layer multiplies "
            "them by its weights and passes them on.",
        ),
        Misconception(
            "last_bias_forgotten",
            _folded(biases=lambda W, b, W2, b2: W2 @ b),
            "The first bias is carried through, but the second layer's own is missing: add it.",
        ),
        Misconception(
            "bias_through_its_own_weights",
            _folded(biases=lambda W, b, W2, b2: W @ b + b2),
            "The first bias is multiplied by the weights of its own layer. It is added after them: "
            "the *next* layer's weights act on it.",
        ),
        Misconception(
            "weights_updated_first",
            _weights_first,
            "`W` is replaced before the bias is computed, so the bias meets the product of all "
            "weights so far. It should meet the next layer's alone: do both in one line, or the "
            "bias first.",
        ),
        Misconception(
            "bias_from_the_other_side",
            _folded(biases=lambda W, b, W2, b2: b @ W2 + b2),
            "`b @ W` pairs the bias with the rows of the next weights, which are its outputs. "
            "It belongs to the inputs: `W @ b`.",
        ),
        Misconception(
            "elementwise_product",
            _folded(weights=lambda W, W2: W2 * W),
            "`*` multiplies entry by entry. Two layers one after the other are a matrix product: "
            "`@`.",
        ),
        Misconception(
            "weights_added",
            _folded(weights=lambda W, W2: W2 + W),
            "The weights are added. That would be two layers side by side; one after the other "
            "they are multiplied.",
        ),
        Misconception(
            "biases_first",
            lambda layers: collapse(layers)[::-1],
            "The biases came first. Return the weights, then the biases: `return W, b`.",
        ),
        Misconception(
            "two_layers_only",
            _two_only,
            "Two layers work. Now any number: start with the first, and take in one more at a time "
            "in a loop.",
        ),
        Misconception(
            "last_layer_only",
            lambda layers: layers[-1],
            "This is the last layer alone. Each layer's output is the next one's input: all of "
            "them count.",
        ),
        Misconception(
            "first_layer_only",
            lambda layers: layers[0],
            "This is the first layer alone. Is the `return` inside the loop?",
        ),
    ],
    alternatives=[collapse_by_trying, collapse_with_a_loop, collapse_from_the_top],
    hints=[
        "Write it for one example x: the first layer gives h = W1 x + b1. Put that into "
        "W2 h + b2 and multiply out.",
        "W2 (W1 x + b1) + b2 = (W2 W1) x + (W2 b1 + b2). The first bracket is the weight matrix, "
        "the second the bias.",
        "Start with `W, b = layers[0]`, loop over `layers[1:]`, and in each round apply the line "
        "above with the pair so far as W1, b1 and the pair of the round as W2, b2.",
    ],
)
