"""The explained gradient check: where a gradient is wrong, both values there, and the likely cause.

The slopes that a gradient is held against are measured: each input is nudged up and down in
float64, and an oracle that knows no gradient says how the loss changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from course_lib.tensor.gradcheck import CAUSES, diagnose, numerical_gradient
from grader.compare import difference
from grader.exercise import Criterion, Trial

Array = np.ndarray

# Central differences with steps of 1e-6 are good to about 1e-9 here; the rest is slack.
ATOL, RTOL = 1e-7, 1e-5

# What the engine's checker says of graphs means nothing to a learner who has written a formula.
_SAYS = CAUSES | {
    "shape": "a gradient has one number for each logit, so it has the shape of `logits`",
    "no gradient": "every entry is 0, as if the loss did not depend on the logits",
    "sign": "right size, opposite direction: this points downhill. A gradient points uphill",
    "factor N": "too large by a count: the loss is a mean, this is the gradient of a sum",
    "factor 1/N": "too small by a count: it is divided by more than the number of losses",
    "factor 2": "twice too large: is there a 2 left over from a square?",
    "some places": "the others are right: what sets these apart? Look at the targets",
    "unknown": "no pattern that is known here: go through the formula one step at a time",
}


@dataclass(frozen=True)
class Slopes(Criterion):
    """The result is the gradient of `loss` in the first input, as measured; else it is explained.

    Attributes:
        loss: the oracle: `loss(x, *the other inputs)` gives one number.
    """

    loss: Callable[..., float] = lambda x, *others: 0.0

    def complaint(self, trial: Trial) -> str | None:
        """Compare with measured slopes; of a wrong gradient, show the worst entry and say why."""
        came, (x, *others) = trial.observed.result, trial.inputs
        if not isinstance(came, np.ndarray) or came.dtype.kind not in "fi" or not came.ndim:
            return difference(came, trial.expected.result, atol=np.inf)
        measured = numerical_gradient(lambda z: self.loss(z, *others), x)
        if came.shape == measured.shape:
            wrong = ~(np.abs(came - measured) <= ATOL + RTOL * np.abs(measured))
            if not wrong.any():
                return None
            place = _worst(came, measured, wrong)
        else:
            place = f"shape {measured.shape} was required, shape {came.shape} came"
        sizes = dict.fromkeys(x.shape, "a length of `logits`") | {x.size: "the size of `logits`"}
        cause, detail = diagnose(came.astype(float), measured, sizes | {len(x): "the batch"})
        if cause in ("shape", "transposed") and came.shape != measured.shape:
            detail = ""  # the shapes have been told
        return f"{place}. Likely cause: {cause}{detail}: {_SAYS[cause]}"


def _worst(came: Array, measured: Array, wrong: Array) -> str:
    """The entry that is furthest off, with both values."""
    error = np.where(np.isfinite(came), np.abs(came - measured), np.inf)
    index = tuple(int(i) for i in np.unravel_index(int(np.argmax(error)), error.shape))
    entry = f"[{', '.join(map(str, index))}]"
    return (
        f"{int(wrong.sum())} of {wrong.size} slopes are wrong, the worst at {entry}: nudging that "
        f"logit changes the loss at a rate of {measured[index]:.6g}, your gradient says "
        f"{came[index]:.6g}"
    )
