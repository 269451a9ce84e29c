"""The exercises of lesson 05, tensors: one module each, listed in the lesson's order."""

from grader.checks.l05_tensors.cross_entropy import CROSS_ENTROPY
from grader.checks.l05_tensors.matmul import MATMUL
from grader.checks.l05_tensors.rearrange import REARRANGE
from grader.checks.l05_tensors.reduce import REDUCE
from grader.checks.l05_tensors.rows import ROWS
from grader.checks.l05_tensors.speed import REFLECTION, TINY_NET_PREDICTION
from grader.checks.l05_tensors.unbroadcast import UNBROADCAST
from grader.checks.l05_tensors.worst_place import WORST_PLACE

EXERCISES = [
    WORST_PLACE,
    UNBROADCAST,
    MATMUL,
    REDUCE,
    REARRANGE,
    ROWS,
    CROSS_ENTROPY,
    TINY_NET_PREDICTION,
    REFLECTION,
]
