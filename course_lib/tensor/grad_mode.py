"""Whether operations remember how they were made: `no_grad` and its opposite.

Lowest rung of this package; knows no tensor. Taught in lesson 05.
"""

from collections.abc import Iterator
from contextlib import _GeneratorContextManager, contextmanager

_enabled = True


@contextmanager
def set_grad_enabled(mode: bool) -> Iterator[None]:
    """Turn the recording of graphs on or off within a `with` block or a decorated function.

    Differs from PyTorch: a plain call changes nothing; and the switch is shared by all threads.
    """
    global _enabled
    before, _enabled = _enabled, mode
    try:
        yield
    finally:
        _enabled = before


def no_grad() -> _GeneratorContextManager[None]:
    """Record nothing, in a `with` block or in a function decorated with it."""
    return set_grad_enabled(False)


def enable_grad() -> _GeneratorContextManager[None]:
    """Record graphs again, inside a `no_grad` block."""
    return set_grad_enabled(True)


def is_grad_enabled() -> bool:
    """Whether results remember how they were made."""
    return _enabled
