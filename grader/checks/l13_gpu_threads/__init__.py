"""The exercises of lesson 13, GPU threads: one module each, listed in the lesson's order."""

from grader.checks.l13_gpu_threads.add_bias import ADD_BIAS
from grader.checks.l13_gpu_threads.block_sum import BLOCK_SUM
from grader.checks.l13_gpu_threads.races import RACE_PREDICTION, REFLECTION
from grader.checks.l13_gpu_threads.scale_add import SCALE_ADD
from grader.checks.l13_gpu_threads.tiled_matmul import TILED_MATMUL
from grader.checks.l13_gpu_threads.transpose import TRANSPOSE
from grader.checks.l13_gpu_threads.window_sum import WINDOW_SUM

EXERCISES = [
    SCALE_ADD,
    ADD_BIAS,
    RACE_PREDICTION,
    WINDOW_SUM,
    BLOCK_SUM,
    TILED_MATMUL,
    TRANSPOSE,
    REFLECTION,
]
