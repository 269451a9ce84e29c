"""Modules made of modules: a chain, and a list.

Adds to `module`: parts with numbers for names. Taught in lesson 07.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from course_lib.nn.module import Module

__all__ = ["ModuleList", "Sequential"]


class ModuleList(Module):
    """A list of modules that `parameters` sees into; a plain list would hide them."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        for module in modules:
            self.append(module)

    def append(self, module: Module) -> "ModuleList":
        """Add a module at the end; return self.

        Raises:
            TypeError: it is no module.
        """
        if not isinstance(module, Module):
            raise TypeError(f"expected a Module, got {type(module).__name__}")
        setattr(self, str(len(self)), module)
        return self

    def __getitem__(self, index: int) -> Module:
        return self._parts()[index][1]

    def __len__(self) -> int:
        return len(self._parts())

    def __iter__(self) -> Iterator[Module]:
        return (module for _, module in self._parts())


class Sequential(ModuleList):
    """A chain: each module takes what the one before it gives."""

    def __init__(self, *modules: Module) -> None:
        super().__init__(modules)

    def forward(self, x: Any) -> Any:
        """What the last module gives; of an empty chain, x itself."""
        for module in self:
            x = module(x)
        return x
