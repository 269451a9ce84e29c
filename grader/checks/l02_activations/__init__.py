"""The exercises of lesson 02, activations: one module each, listed in the lesson's order."""

from grader.checks.l02_activations.activation import ACTIVATION
from grader.checks.l02_activations.collapse import COLLAPSE
from grader.checks.l02_activations.depth import DEPTH_PREDICTION, REFLECTION
from grader.checks.l02_activations.gelu import GELU
from grader.checks.l02_activations.sigmoid import SIGMOID
from grader.checks.l02_activations.sigmoid_grad import SIGMOID_GRAD
from grader.checks.l02_activations.softmax import SOFTMAX
from grader.checks.l02_activations.starting_weights import STARTING_WEIGHTS

EXERCISES = [
    SIGMOID,
    SIGMOID_GRAD,
    COLLAPSE,
    ACTIVATION,
    GELU,
    SOFTMAX,
    DEPTH_PREDICTION,
    STARTING_WEIGHTS,
    REFLECTION,
]
