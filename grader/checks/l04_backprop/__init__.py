"""The exercises of lesson 04, backpropagation: one module each, listed in the lesson's order."""

from grader.checks.l04_backprop.arithmetic import ARITHMETIC
from grader.checks.l04_backprop.backward import BACKWARD
from grader.checks.l04_backprop.functions import FUNCTIONS
from grader.checks.l04_backprop.network import MLP
from grader.checks.l04_backprop.numerical import NUMERICAL_GRADIENT
from grader.checks.l04_backprop.order import TOPOLOGICAL_ORDER
from grader.checks.l04_backprop.paths import PATHS, REFLECTION
from grader.checks.l04_backprop.training import TRAINING

EXERCISES = [
    NUMERICAL_GRADIENT,
    ARITHMETIC,
    FUNCTIONS,
    PATHS,
    TOPOLOGICAL_ORDER,
    BACKWARD,
    MLP,
    TRAINING,
    REFLECTION,
]
