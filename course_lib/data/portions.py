"""Portions of data: training and held-out parts, windows of text, mini-batches."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
from jaxtyping import Int, Shaped

from course_lib.data.corpora import Corpus
from course_lib.data.tables import Dataset

Examples = TypeVar("Examples", Dataset, Corpus)
Ordered = TypeVar("Ordered", str, list[int], np.ndarray)


def split(
    dataset: Examples, fraction: float, rng: np.random.Generator
) -> tuple[Examples, Examples]:
    """Shuffle, then part a set in two: (train, held_out), with `fraction` of it held out.

    A corpus is parted by documents.

    Example: a fraction of 0.25 of 150 flowers holds out 38 (rounded) and trains on 112.

    Raises:
        ValueError: fraction leaves either part empty.
    """
    held_out = _part(len(dataset), fraction)
    shuffled = dataset.shuffled(rng)
    return shuffled.rows(slice(held_out, None)), shuffled.rows(slice(held_out))


def text_split(text: Ordered, fraction: float) -> tuple[Ordered, Ordered]:
    """Part a text, or its ids, in two without shuffling: (train, held_out), the end held out.

    Neighbouring windows of a text overlap. Shuffled, nearly every held-out one would have been seen
    in training.

    Raises:
        ValueError: fraction leaves either part empty.
    """
    start = len(text) - _part(len(text), fraction)
    return text[:start], text[start:]


def _part(count: int, fraction: float) -> int:
    """Count how many of the examples a fraction holds out."""
    held_out = round(fraction * count)
    if not 0 < held_out < count:
        raise ValueError(f"fraction must leave examples on both sides, got {fraction} of {count}")
    return held_out


def windows(
    ids: Int[np.ndarray, " length"] | Sequence[int], context_length: int, *, step: int = 1
) -> tuple[Int[np.ndarray, "count seq"], Int[np.ndarray, "count seq"]]:
    """All stretches of a text with what follows: (inputs, targets), each (count, context_length).

    targets[i, t] is the id that comes right after inputs[i, t]. Windows start `step` apart; with a
    step of context_length no target comes twice. Both are read-only views: no id is copied.

    Example: ids 5 6 7 8 with a context of 2 give inputs 5 6 and 6 7, targets 6 7 and 7 8.

    >>> inputs, targets = windows([5, 6, 7, 8], context_length=2)
    >>> inputs.tolist(), targets.tolist()
    ([[5, 6], [6, 7]], [[6, 7], [7, 8]])

    Raises:
        ValueError: context_length or step is below 1, or the text is too short for one window.
    """
    ids = np.asarray(ids)
    if context_length < 1 or step < 1:
        raise ValueError(f"context_length and step must be >= 1, got {context_length} and {step}")
    if ids.ndim != 1 or len(ids) <= context_length:
        raise ValueError(
            f"ids must be one row of at least {context_length + 1}, so that a context of "
            f"{context_length} has a target; got shape {ids.shape}"
        )
    pairs = np.lib.stride_tricks.sliding_window_view(ids, context_length + 1)[::step]
    return pairs[:, :-1], pairs[:, 1:]


def batches(
    *arrays: Shaped[np.ndarray, "..."],
    batch_size: int,
    rng: np.random.Generator,
    drop_last: bool = False,
) -> Iterator[tuple[Shaped[np.ndarray, "..."], ...]]:
    """Go once through the rows in random order, batch_size of them at a time.

    As in `for x, y in batches(X, Y, batch_size=32, rng=rng)`. The last batch holds what is left;
    drop_last leaves it out when it is not full.

    Raises:
        ValueError: the arrays differ in length, are none, or batch_size is below 1.
    """
    lengths = {len(array) for array in arrays}
    if len(lengths) != 1 or batch_size < 1:
        raise ValueError(
            f"batches needs arrays of one length and batch_size >= 1, got lengths "
            f"{[len(array) for array in arrays]} and batch_size {batch_size}"
        )
    order = rng.permutation(lengths.pop())
    end = len(order) - (len(order) % batch_size if drop_last else 0)
    starts = range(0, end, batch_size)
    return (tuple(array[order[k : k + batch_size]] for array in arrays) for k in starts)
