"""Small kernels made at random, each with the same computation in NumPy.

A kernel computes an expression for each cell; some pass it through shared memory to a neighbour,
some add it up with atomics. All numbers are small and whole, so that float32 is exact and every
back end must agree to the last digit. Needs no package beside NumPy: the tests on a GPU use it too.
"""

import linecache
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from course_lib.kernels import Kernel, cuda, float32

THREADS = 8
Choose = Callable[[Sequence[Any]], Any]
_numbers = count()


class RandomKernel(NamedTuple):
    source: str
    kernel: Kernel
    size: int
    blocks: int
    expected: Callable[..., np.ndarray]  # (a, b) -> out
    result: str  # a cell for each thread, or the sum of all


def make_kernel(choose: Choose) -> RandomKernel:
    """A kernel of arrays a, b, out; `choose` picks one of what it is given."""
    size = choose([1, 5, 8, 13, 24])
    blocks = -(-size // THREADS) + choose([0, 1])
    value, in_numpy = expression(choose, depth=choose([0, 1, 2, 3]))
    result = choose(["plain", "neighbour", "atomic"])
    lines = ["i = cuda.grid(1)", "t = cuda.threadIdx.x", "n = a.size"]
    shift = choose([1, 3, 7])
    if result == "neighbour":
        lines += [
            f"s = cuda.shared.array({THREADS}, float32)", "s[t] = float32(0)", "if i < n:",
            f"    s[t] = {value}", "cuda.syncthreads()", "if i < n:",
            f"    out[i] = s[(t + {shift}) % {THREADS}]",
        ]  # fmt: skip
    else:
        store = f"out[i] = {value}" if result == "plain" else f"cuda.atomic.add(out, 0, {value})"
        lines += ["if i < n:", f"    {store}"]
    source = "def k(a, b, out):\n" + "".join(f"    {line}\n" for line in lines)

    def expected(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        values = evaluate(in_numpy, a, b)
        if result == "atomic":
            return values.sum(keepdims=True, dtype=np.float32)
        if result == "plain":
            return values
        padded = np.zeros(blocks * THREADS, np.float32)
        padded[:size] = values
        return np.roll(padded.reshape(blocks, THREADS), -shift, axis=1).ravel()[:size]

    return RandomKernel(source, compiled(source), size, blocks, expected, result)


def expression(choose: Choose, depth: int) -> tuple[str, str]:
    """The same expression for one thread, and for NumPy's arrays of all threads."""
    if depth == 0:
        leaf = choose(["a[{}]", "b[{}]", "number", "float32({})"])
        if leaf == "number":
            return (str(choose([-2, -1, 0, 1, 3])),) * 2
        place = choose(["i", "(n - 1 - i)", "((i * 3 + 1) % n)", "(i // 2)"])
        if leaf == "float32({})":
            place = choose(["i", "(i % 3)"])
            return leaf.format(place), f"{place}.astype(np.float32)"
        return (leaf.format(place),) * 2
    (x, in_x), (y, in_y) = expression(choose, depth - 1), expression(choose, 0)
    kind = choose(["+", "-", "*", "min", "max", "if", "neg"])
    if kind in ("min", "max"):
        return f"{kind}({x}, {y})", f"np.{kind}imum({in_x}, {in_y})"
    if kind == "if":
        return f"({x} if {x} > {y} else {y})", f"np.where({in_x} > {in_y}, {in_x}, {in_y})"
    if kind == "neg":
        return f"(-{x})", f"(-{in_x})"
    return f"({x} {kind} {y})", f"({in_x} {kind} {in_y})"


def evaluate(expression: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """NumPy's value of an expression, a float32 for each cell."""
    i = np.arange(a.size)
    value = eval(expression, {"np": np, "a": a, "b": b, "i": i, "n": a.size})
    return np.broadcast_to(np.asarray(value, dtype=np.float32), (a.size,)).copy()


def compiled(source: str) -> Kernel:
    """The kernel of a source, which Python's tools find as if it lay in a file."""
    name = f"<random kernel {next(_numbers)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    scope: dict[str, Any] = {"cuda": cuda, "float32": float32}
    exec(compile(source, name, "exec"), scope)
    return Kernel(scope["k"], source)


def agree(made: RandomKernel, launch: Any, seed: int) -> None:
    """Launch the kernel on random numbers, and hold its result against NumPy's."""
    rng = np.random.default_rng(seed)
    a, b = (rng.integers(-3, 4, made.size).astype(np.float32) for _ in range(2))
    out = np.zeros(1 if made.result == "atomic" else made.size, np.float32)
    launch(made.kernel, made.blocks, THREADS, a, b, out)
    np.testing.assert_array_equal(out, made.expected(a, b), err_msg=made.source)
