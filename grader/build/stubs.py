"""The one step of nbgrader's release that this course changes: what stands in for a solution."""

from __future__ import annotations

from typing import Any

from nbgrader.preprocessors import ClearSolutions


class ClearAnswers(ClearSolutions):  # type: ignore[misc]  # nbgrader ships no types
    """Clears solutions as nbgrader does, but a cell may bring its own stub.

    The cells after a value's answer need a value: `raise NotImplementedError` would stop them all.
    The stub stands in the cell's metadata, `course.stub`, where the builder put it.
    """

    code_stub: Any  # nbgrader's trait: what stands for a solution, by language

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:
        """Replace the solution by the cell's stub, or else by the configured one."""
        stub = cell.metadata.get("course", {}).pop("stub", None)
        if stub is None:
            return self._clear(cell, resources, cell_index)
        configured: dict[str, str] = self.code_stub
        self.code_stub = {**configured, resources["language"]: stub}
        try:
            return self._clear(cell, resources, cell_index)
        finally:
            self.code_stub = configured

    def _clear(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:
        cleared: tuple[Any, Any] = super().preprocess_cell(cell, resources, cell_index)
        return cleared
