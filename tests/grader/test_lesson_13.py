"""Lesson 13's exercises: mistakes named by what they did, others left without a name."""

import importlib.util
import linecache
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from course_lib.kernels import cuda, float32
from grader.build import Course
from grader.checks.l13_gpu_threads import (
    add_bias,
    block_sum,
    scale_add,
    tiled_matmul,
    transpose,
    window_sum,
)
from grader.judge import judge
from grader.prober import LocalProber
from grader.registry import exercises_of
from grader.verify_command import released_stub

EXERCISES = exercises_of("13_gpu_threads")
JUDGED = [e for e in EXERCISES.values() if e.kind != "reflection"]
KERNELS = [e for e in JUDGED if e.kind == "function"]
MISTAKES = [(e.id, m.id) for e in JUDGED for m in e.misconceptions]
THREADS, WINDOW, SUM_THREADS, TILE, SIDE = 8, 10, 16, 4, 8
NAMES = {
    "cuda": cuda, "float32": float32, "THREADS": THREADS, "WINDOW": WINDOW,
    "SUM_THREADS": SUM_THREADS, "TILE": TILE, "SIDE": SIDE,
}  # fmt: skip


def report_on(name: str, answer: Any, seed: int = 0):
    return judge(EXERCISES[f"gpu_threads.{name}"], LocalProber(answer), seed)


def typed(source: str, name: str) -> Any:
    """A kernel as a notebook's cell defines it."""
    file = f"<cell {hash(source)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    scope = {**NAMES, "np": np, "__name__": "__main__"}
    exec(compile(source, file, "exec"), scope)
    return scope[name]


def scale(body: str) -> Any:
    return typed(f"@cuda.jit\ndef scale_add(x, y, factor, out):\n{body}", "scale_add")


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES)
def test_every_mistake_is_named_on_another_seed(exercise, mistake):
    task = EXERCISES[exercise]
    wrong = next(m.wrong for m in task.misconceptions if m.id == mistake)
    reports = [judge(task, LocalProber(wrong), seed) for seed in (11,)]
    assert {report.misconception for report in reports} == {mistake}
    assert max(report.score for report in reports) < 1


@pytest.mark.parametrize("exercise", JUDGED, ids=lambda e: e.id)
def test_every_right_answer_passes_on_another_seed(exercise):
    for answer in (exercise.reference, *exercise.alternatives):
        assert all(judge(exercise, LocalProber(answer), seed).passed for seed in (11,))


def outputs_of_references():
    """Each exercise's reference against NumPy, on the exercise's own inputs."""
    oracles = {
        "scale_add": lambda x, y, factor: factor * x + y,
        "add_bias": lambda x, bias: x + bias,
        "window_sum": lambda x: (
            np.convolve(x, [1, 1, 1], mode="same") if x.size > 2 else np.full(x.size, x.sum())
        ),
        "block_sum": lambda x: np.array(
            [x[k : k + SUM_THREADS].sum() for k in range(0, x.size, SUM_THREADS)]
        ),
        "tiled_matmul": lambda a, b: a @ b,
        "transpose": lambda x: x.T,
    }
    for exercise in KERNELS:
        for inputs in exercise.cases(np.random.default_rng(5)):
            arguments = inputs[0]
            came = exercise.probe(exercise.reference, *inputs)["out"]
            yield came, oracles[exercise.id.split(".")[1]](*arguments.values())


def test_the_references_compute_what_numpy_computes():
    pairs = list(outputs_of_references())
    assert len(pairs) >= 18
    for came, required in pairs:
        np.testing.assert_allclose(came, required, rtol=1e-5)


@pytest.mark.parametrize("exercise", KERNELS, ids=lambda e: e.id)
def test_inputs_tell_mistakes_apart(exercise):
    for seed in range(5):
        for arguments, shape, blocks, threads in exercise.cases(np.random.default_rng(seed)):
            for array in (a for a in arguments.values() if isinstance(a, np.ndarray)):
                assert len(np.unique(array)) == array.size
            assert len(shape) == 1 or shape[0] != shape[1]
            assert np.prod(blocks) * np.prod(threads) >= np.prod(shape)


def test_a_race_is_told_with_its_threads_and_drawn_in_the_example():
    report = report_on("window_sum", window_sum.no_barrier)
    assert report.misconception == "barrier_missing"
    assert "Shared memory, race: thread" in report.example.came
    rows = report.example.came.splitlines()
    assert any("s[...], phase 0" in row for row in rows)
    assert any("thread 0" in row and "W" in row for row in rows)


def test_a_right_kernel_over_its_budget_keeps_most_of_the_points():
    shares = {
        "window_sum": (window_sum.from_global_memory, 0.75),
        "block_sum": (block_sum.one_thread_adds_global, 0.75),
        "tiled_matmul": (tiled_matmul.without_tiles, 0.6),
        "transpose": (transpose.writes_along_columns, 0.5),
    }
    for name, (kernel, share) in shares.items():
        report = report_on(name, kernel)
        assert report.score == pytest.approx(share), name
        assert report.misconception in (kernel.__name__, "one_thread_adds"), name


def test_a_missing_guard_keeps_the_points_for_the_numbers():
    report = report_on("scale_add", scale_add.without_guard)
    assert (report.misconception, report.score) == ("guard_missing", 0.5)
    assert "Out of range: thread 2 of block 0" in report.example.came


def test_what_is_not_started_is_told_to_start():
    body = "    raise NotImplementedError  # yours\n    cuda.syncthreads()\n"
    report = report_on("scale_add", scale(body))
    assert report.status == "not started"


@pytest.mark.parametrize("exercise", KERNELS, ids=lambda e: e.id)
def test_the_stub_of_the_release_is_a_kernel_that_is_not_started(exercise):
    stub = released_stub(exercise, Course(Path(__file__).parents[2]))
    assert judge(exercise, LocalProber(stub()), 0).status == "not started"


def test_a_function_without_the_decorator_is_told_what_is_missing():
    report = report_on("scale_add", lambda x, y, factor, out: None)
    assert report.score == 0
    assert "@cuda.jit" in report.message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("    out[:] = factor * x[:] + y[:]", "a slice"),
        ("    np.copyto(out, factor)", "np.copyto"),
        ("    print(out[0])", "print"),
        ("    for k in out:\n        pass", "for name in range"),
        ("    i = 0\n    while True:\n        i += 0 * x[0]", "Too long"),
        ("    out[0] = x[0.5]", "whole numbers"),
        ("    out[0, 0] = x[0]", "1 index"),
        ("    x[cuda.grid(1) % x.size] = 7\n    out[0] = 0", "writes to x"),
        ("    out[cuda.grid(1)] = undefined", "undefined"),
    ],
)
def test_a_mistake_on_no_list_is_described_and_not_named(body, words):
    for seed in range(3):
        report = report_on("scale_add", scale(body), seed)
        assert report.misconception is None
        assert report.score == 0
        assert words in report.message


def test_wrong_numbers_on_no_list_are_shown_and_not_named():
    for body in ("factor * x[k] - y[k]", "x[k] + y[k]", "factor * y[k] + x[k]"):
        kernel = scale(f"    k = cuda.grid(1)\n    if k < out.size:\n        out[k] = {body}")
        report = report_on("scale_add", kernel)
        assert report.misconception is None
        assert "was required" in report.message


UNLISTED = {
    "add_bias": [
        "    j, i = cuda.grid(2)\n    if i < out.shape[0] and j < out.shape[1]:\n"
        "        out[i, j] = x[i, j] * bias[j]",
        "    j, i = cuda.grid(2)\n    if 0 < i < out.shape[0] and j < out.shape[1]:\n"
        "        out[i, j] = x[i, j] + bias[j]",
    ],
    "window_sum": [
        "    i = cuda.grid(1)\n    if i < out.size:\n        out[i] = 3 * x[i]",
        "    i = cuda.grid(1)\n    if i > 0 and i < out.size - 1:\n"
        "        out[i] = x[i - 1] + x[i] + x[i + 1]",
    ],
    "block_sum": [
        "    if cuda.threadIdx.x == 0:\n        out[cuda.blockIdx.x] = x[0]",
        "    cuda.atomic.add(out, cuda.blockIdx.x, float32(1))",
    ],
    "tiled_matmul": [
        "    c, r = cuda.grid(2)\n    if r < out.shape[0] and c < out.shape[1]:\n"
        "        out[r, c] = a[r, 0] * b[0, c]",
        "    c, r = cuda.grid(2)\n    if r < out.shape[0] and c < out.shape[1]:\n"
        "        out[r, c] = 0.0",
    ],
    "transpose": [
        "    c, r = cuda.grid(2)\n    if r < x.shape[0] and c < x.shape[1]:\n"
        "        out[c, r] = -x[r, c]",
        "    c, r = cuda.grid(2)\n    if r < out.shape[0] and c < out.shape[1]:\n"
        "        out[r, c] = 1.0",
    ],
}


@pytest.mark.parametrize(
    ("name", "body"), [(name, body) for name, bodies in UNLISTED.items() for body in bodies]
)
def test_other_wrong_kernels_get_no_name_that_is_not_theirs(name, body):
    parameters = ", ".join(EXERCISES[f"gpu_threads.{name}"].reference.parameters)
    kernel = typed(f"@cuda.jit\ndef {name}({parameters}):\n{body}", name)
    for seed in range(3):
        report = report_on(name, kernel, seed)
        assert report.misconception is None
        assert report.score < 1
        assert report.message


def head(name: str) -> str:
    """What the release gives before a learner's own lines."""
    parameters = ", ".join(EXERCISES[f"gpu_threads.{name}"].reference.parameters)
    given = {
        "window_sum": "    s = cuda.shared.array(WINDOW, float32)\n"
        "    t = cuda.threadIdx.x\n    i = cuda.grid(1)\n",
        "block_sum": "    s = cuda.shared.array(SUM_THREADS, float32)\n"
        "    t = cuda.threadIdx.x\n    i = cuda.grid(1)\n",
    }
    return f"@cuda.jit\ndef {name}({parameters}):\n{given.get(name, '')}"


# What learners could as well write: (exercise, body, misconception that is named, words).
TYPED = [
    ("scale_add", "    k = cuda.grid(1)\n    if k < out.size:\n"
     "        out[k] += factor * x[k] + y[k]",
     None, "uses what out[0] holds before anything is written there"),
    ("scale_add", "    k = 2 * cuda.grid(1)\n    if k < out.size:\n"
     "        out[k] = factor * x[k] + y[k]",
     None, "no thread writes to out[1]"),
    ("scale_add", "    k = cuda.grid(1)\n    if k < out.size:\n        return factor * x[k] + y[k]",
     None, "a kernel writes its result to an array"),
    ("add_bias", "    c, r = cuda.grid(2)\n    if r <= out.shape[0] and c <= out.shape[1]:\n"
     "        out[r, c] = x[r, c] + bias[c]", "guard_one_too_far", "ask for `<`, not `<=`"),
    ("add_bias", "    c, r = cuda.grid(2)\n    if r < out.shape[0]:\n"
     "        for k in range(out.shape[1]):\n            out[r, k] = x[r, k] + bias[k]",
     "one_axis_of_threads", "share a column (or a row)"),
    ("add_bias", "    c, r = cuda.grid(2)\n    out[r][c] = x[r][c] + bias[c]",
     None, "an index on out[r]: a cell is a[i] or a[i, j]"),
    # two threads write one cell: a barrier before the reads, which is there, is no help
    ("window_sum", "    s[t + 1] = x[i] if i < x.size else float32(0)\n"
     "    if i == 0:\n        s[0] = float32(0)\n"
     "    if i == x.size - 1:\n        s[t + 2] = float32(0)\n    cuda.syncthreads()\n"
     "    if i < out.size:\n        out[i] = s[t] + s[t + 1] + s[t + 2]",
     None, "even if both write the same value"),
    # right, but not free of mistakes
    ("window_sum", "    if i < x.size:\n        s[t + 1] = x[i]\n    cuda.syncthreads()\n"
     "    unused = s[t]\n    if i < out.size:\n        out[i] = x[i]\n        if i > 0:\n"
     "            out[i] += x[i - 1]\n        if i + 1 < x.size:\n            out[i] += x[i + 1]",
     None, "that nobody has written"),
    ("block_sum", "    if i < x.size:\n        cuda.atomic.add(s, 0, x[i])\n"
     "    cuda.syncthreads()\n    if t == 0:\n        out[cuda.blockIdx.x] = s[0]",
     "zeros_forgotten", "in which a sum is to grow"),
    ("block_sum", "    if i < x.size:\n        cuda.atomic.add(out, cuda.blockIdx.x, x[i])",
     None, "uses what out[0] holds before anything is written there"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "body", "mistake", "words"), TYPED)
def test_what_is_said_of_answers_on_no_list_is_true_of_them(name, body, mistake, words):
    report = report_on(name, typed(head(name) + body, name))
    assert (report.misconception, report.score < 1) == (mistake, True)
    assert words.lower() in report.message.lower()


def test_mistakes_made_in_other_words_have_their_names():
    guard = "    k = cuda.grid(1)\n    if k >= out.size + 1:\n        return\n"
    kernel = scale(guard + "    out[k] = y[k] + factor * x[k]")
    assert report_on("scale_add", kernel).misconception == "guard_one_too_far"
    stride = "    for k in range(cuda.threadIdx.x, out.size, cuda.gridsize(1)):\n"
    kernel = scale(stride + "        out[k] = y[k] + factor * x[k]")
    assert report_on("scale_add", kernel).misconception is not None


def compile_references() -> None:
    """Compile every right answer for two GPUs, as a process of its own: Numba is not undone."""
    from course_lib.kernels import to_ptx

    for exercise in KERNELS:
        arguments, shape, _, _ = exercise.cases(np.random.default_rng(0))[0]
        for kernel in (exercise.reference, *exercise.alternatives):
            for compute in ((8, 0), (9, 0)):
                out = np.zeros(shape, np.float32)
                text = to_ptx(kernel, *arguments.values(), out, compute=compute)
                assert f".target sm_{compute[0]}{compute[1]}" in text
    print("compiled")


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("numba_cuda") is None,
    reason='needs NVIDIA\'s compiler: pip install "numba-cuda[cu13]"',
)
def test_every_right_answer_compiles_for_a_gpu():
    code = "import test_lesson_13; test_lesson_13.compile_references()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, text=True
    )
    assert done.stdout == "compiled\n", done.stderr


def test_a_kernel_whose_source_is_lost_is_judged_all_the_same():
    assert report_on("add_bias", cuda.jit(add_bias.by_formula.function)).passed
