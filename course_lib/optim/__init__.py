"""Optimizers, learning-rate schedules and gradient clipping, with PyTorch's names.

They know no engine: a parameter is anything with a NumPy array in `data` and another, or None, in
`grad`. Arrays are changed in place. (A scalar `Value` holds Python floats, which cannot be: lesson
04 updates those by hand.) Taught in lesson 06.
"""

from course_lib.optim.adam import Adam, AdamW
from course_lib.optim.gradients import clip_grad_norm, clip_grad_norm_, lr_range_test
from course_lib.optim.optimizer import Optimizer, Parameter
from course_lib.optim.rmsprop import RMSprop
from course_lib.optim.schedules import (
    CosineAnnealingLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    StepLR,
    warmup_cosine,
)
from course_lib.optim.sgd import SGD

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "CosineAnnealingLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "Optimizer",
    "Parameter",
    "RMSprop",
    "StepLR",
    "clip_grad_norm",
    "clip_grad_norm_",
    "lr_range_test",
    "warmup_cosine",
]
