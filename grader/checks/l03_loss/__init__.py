"""The exercises of lesson 03, losses: listed in the lesson's order."""

from grader.checks.l03_loss.bce import BCE
from grader.checks.l03_loss.bce_grad import BCE_GRAD
from grader.checks.l03_loss.cross_entropy import CROSS_ENTROPY
from grader.checks.l03_loss.cross_entropy_grad import CROSS_ENTROPY_GRAD
from grader.checks.l03_loss.hinge import HINGE
from grader.checks.l03_loss.logsumexp import LOGSUMEXP
from grader.checks.l03_loss.mse import MSE
from grader.checks.l03_loss.written import INITIAL_LOSS, REFLECTION

EXERCISES = [
    MSE,
    BCE,
    BCE_GRAD,
    HINGE,
    LOGSUMEXP,
    CROSS_ENTROPY,
    INITIAL_LOSS,
    CROSS_ENTROPY_GRAD,
    REFLECTION,
]
