"""What a graded cell earns, from what running it left.

As nbgrader's `determine_grade`, but for what a submission could turn into points:

- A result that is a number, but not one within [0, maximum], earns 0: `nan`, an infinity, a
  negative number, or more than there is. nbgrader gives full marks for `nan` and for negative
  numbers, and gives up on the submission when the number is above the maximum.
- An error earns 0 wherever it stands, and of several results the least counts. nbgrader takes the
  first result, and a submission can send one while the test is running.
- `np.float64(0.5)`, NumPy's way to write a number, is that number. nbgrader takes it for no number,
  which earns everything; so whoever returns NumPy's numbers has full partial credit there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from nbformat.notebooknode import NotebookNode

from grader.classroom.master import grading
from grader.classroom.rebuild import is_answer

_NUMPYS = re.compile(r"(?:np|numpy)\.(?:float|int|uint|longdouble|longlong)\w*\('?([^()']*)'?\)")


def score_of_outputs(outputs: Sequence[NotebookNode], most: float, ignore: str = "") -> float:
    """What a test cell earns that left these outputs.

    An error or anything on stderr earns 0; a result that reads as a number is the score; otherwise
    the cell ran through, which earns everything.

    Args:
        outputs: the cell's.
        most: what it can earn.
        ignore: a regular expression; text on stderr that has it does not count.
    """
    if any(output.output_type == "error" for output in outputs):
        return 0.0
    scores: list[float] = []
    for output in outputs:
        on_stderr = output.output_type == "stream" and output.name == "stderr"
        if on_stderr and not scores and not (ignore and re.search(ignore, output.text)):
            return 0.0
        if output.output_type == "execute_result":
            scores.append(_partial(output.get("data", {}).get("text/plain", ""), most))
    return min(scores, default=most)


def _partial(text: Any, most: float) -> float:
    if isinstance(text, list):  # lines of text, as some files hold them
        if len(text) != 1:
            return most
        text = text[0]
    written = _NUMPYS.fullmatch(text.strip()) if isinstance(text, str) else None
    try:
        number = float(written[1] if written else text)
    except (TypeError, ValueError):
        return most  # a result, but not a number: the tests before it held
    return abs(number) if math.isfinite(number) and 0 <= number <= most else 0.0


def is_untouched(cell: NotebookNode) -> bool:
    """Whether an answer's cell still holds what the release showed, by nbgrader's checksum."""
    from nbgrader.utils import compute_checksum

    checksum = grading(cell).get("checksum")
    return bool(checksum) and checksum == compute_checksum(cell)


def score_of_answer(cell: NotebookNode) -> float | None:
    """What a graded answer's cell earns by itself: 0 if untouched, None where a person reads it."""
    if not is_answer(cell):
        raise ValueError(f"an answer's cell was required, got {grading(cell)}")
    return 0.0 if is_untouched(cell) else None
