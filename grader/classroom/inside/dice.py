"""Random states: where a test sets a seed, an answer draws from there, as it would beside the test.

They go one way only, from the test to the answer: one that could set the test's generator would
know the inputs to come.
"""

from __future__ import annotations

import functools
import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from grader.plain import Plain


class Dice:
    """Watches whether a test sets a seed.

    Attributes:
        seeded: it has, since this was last set to False.
    """

    def __init__(self) -> None:
        self.seeded = False
        self._watched: set[str] = set()

    def watch(self) -> None:
        """Look out for seeds of each library that is loaded by now."""
        for name, function in (("random", "seed"), ("numpy.random", "seed"),
                               ("torch", "manual_seed")):  # fmt: skip
            if name in sys.modules and name not in self._watched:
                self._watched.add(name)
                module = sys.modules[name]
                setattr(module, function, self._noting(getattr(module, function)))

    def _noting(self, seed: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(seed)
        def noting(*args: Any, **kwargs: Any) -> Any:
            self.seeded = True
            return seed(*args, **kwargs)

        return noting


def states() -> Plain:
    """The state of each global generator of this process."""
    version, numbers, gauss = random.getstate()
    found: dict[str, Any] = {"random": [version, np.array(numbers, np.uint64), gauss]}
    kind, keys, place, has_gauss, cached = np.random.get_state()  # noqa: NPY002  # tests use it
    found["numpy"] = [str(kind), np.array(keys), int(place), int(has_gauss), float(cached)]
    if (torch := sys.modules.get("torch")) is not None:
        found["torch"] = [torch.get_rng_state().numpy().copy()]
    return found


def set_states(found: dict[str, Plain]) -> None:
    """Go on from these states here."""
    version, numbers, gauss = found["random"]
    random.setstate((version, tuple(map(int, numbers)), gauss))
    np.random.set_state(tuple(found["numpy"]))  # noqa: NPY002
    if "torch" in found:
        import torch

        torch.set_rng_state(torch.from_numpy(found["torch"][0]))
