"""Scalar autograd and a small network on it: a drop-in for micrograd.

Adds to `losses`: the chain rule, applied by the machine. Leaves out: arrays, which lesson 05 adds.
Code written for micrograd's `engine` or `nn` runs with only the import changed. Taught in lesson
04.

Source: Karpathy 2020, micrograd, for the public names; the code here is our own.
"""

from course_lib.scalar.drawing import to_mermaid
from course_lib.scalar.engine import Value
from course_lib.scalar.nn import MLP, Layer, Module, Neuron

__all__ = ["MLP", "Layer", "Module", "Neuron", "Value", "to_mermaid"]
