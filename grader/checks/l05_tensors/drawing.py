"""What the exercises of this lesson draw their inputs with."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def numbers(rng: np.random.Generator, *shape: int) -> Array:
    """Numbers with two decimals, none of them near 0, so that no term hides."""
    return rng.choice([-1, 1], size=shape) * np.round(rng.uniform(0.2, 3, size=shape), 2)
