"""From logits to a token: greedy, or drawn from the distribution they stand for.

Adds to `losses`: the way back from probabilities to choices. Taught in lesson 08.
"""

import numpy as np
from jaxtyping import Float, Int

from course_lib.activations import softmax

__all__ = ["sample"]


def sample(
    logits: Float[np.ndarray, "batch classes"],
    temperature: float = 1.0,
    top_k: int | None = None,
    rng: np.random.Generator | None = None,
) -> Int[np.ndarray, " batch"]:
    """Draw one class for each row from softmax(logits / temperature).

    temperature 0 is greedy: the largest logit, and rng is not needed. Otherwise rng gives one
    uniform number for each row, and the class is the first whose cumulative probability exceeds it.
    top_k allows only the k largest logits, and those that tie with the last of them.

    >>> sample(np.array([[0.0, 2.0, 1.0]]), temperature=0.0)
    array([1])

    Raises:
        ValueError: temperature is negative, top_k is below 1, or rng is missing.
    """
    if temperature < 0 or (top_k is not None and top_k < 1):
        raise ValueError(f"need temperature >= 0 and top_k >= 1, got {temperature} and {top_k}")
    if temperature == 0:
        return logits.argmax(axis=-1)
    if rng is None:
        raise ValueError(f"temperature {temperature} needs rng to draw from; 0 is greedy")
    scores = logits.astype(np.float64)  # a sum of many float32 chances may miss 1 visibly
    if top_k is not None and top_k < scores.shape[-1]:
        last = np.partition(scores, -top_k, axis=-1)[:, [-top_k]]  # (batch, 1)
        scores = np.where(scores < last, -np.inf, scores)
    cumulative = softmax(scores / temperature).cumsum(axis=-1)  # (batch, classes)
    drawn = rng.random((len(scores), 1)) * cumulative[:, -1:]
    return (cumulative > drawn).argmax(axis=-1)
