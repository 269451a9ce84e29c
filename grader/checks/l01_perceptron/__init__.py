"""The exercises of lesson 01, the perceptron: one module each, listed in the lesson's order."""

from grader.checks.l01_perceptron.digits import DIGITS
from grader.checks.l01_perceptron.mistake_bound import BOUND
from grader.checks.l01_perceptron.step import STEP
from grader.checks.l01_perceptron.training import PERCEPTRON
from grader.checks.l01_perceptron.update import UPDATE
from grader.checks.l01_perceptron.weighted_sum import WEIGHTED_SUM
from grader.checks.l01_perceptron.xor import REFLECTION, XOR_NET, XOR_PREDICTION

EXERCISES = [
    WEIGHTED_SUM,
    STEP,
    UPDATE,
    PERCEPTRON,
    DIGITS,
    BOUND,
    XOR_PREDICTION,
    XOR_NET,
    REFLECTION,
]
