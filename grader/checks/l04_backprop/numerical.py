"""Exercise: the gradient by nudging, which needs no derivation and two calls for each number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grader.checks.l04_backprop import reference
from grader.exercise import Exercise, Holds, Misconception, Trial, Values
from grader.probe import Inputs

Function = Callable[[list[float]], float]


def nudge(answer: Any, f: Any, x: Any, h: Any) -> Any:
    """Ask for a gradient and count what it takes. Travels as source: uses its arguments only."""
    functions: dict[str, Any] = {
        "x[0]**3": lambda x: x[0] ** 3,
        "x[0]**2 * x[1]": lambda x: x[0] ** 2 * x[1],
        "x[0]**3 + x[0] * x[1] * x[2]": lambda x: x[0] ** 3 + x[0] * x[1] * x[2],
        "x[1]**3 - x[0]**2 * x[3] + 2 * x[2]": (lambda x: x[1] ** 3 - x[0] ** 2 * x[3] + 2 * x[2]),
    }
    calls = []

    def counted(x: Any) -> Any:
        calls.append(1)
        return functions[f](x)

    given = list(x)
    gradient = answer(counted, given, h)
    kept = len(given) == len(x) and all(abs(a - b) < 1e-9 for a, b in zip(given, x, strict=True))
    return {
        "gradient": gradient.tolist() if isinstance(gradient, np.ndarray) else gradient,
        "calls of f": len(calls),
        "x is as before": kept,
    }


def numerical_cases(rng: np.random.Generator) -> list[Inputs]:
    """Curved functions, and nudges so large that the two ways of dividing differ plainly."""
    formulas = {
        "x[0]**3": 1,
        "x[0]**2 * x[1]": 2,
        "x[0]**3 + x[0] * x[1] * x[2]": 3,
        "x[1]**3 - x[0]**2 * x[3] + 2 * x[2]": 4,
    }
    return [
        (formula, (rng.choice([-1, 1], size=n) * np.round(rng.uniform(1, 2, n), 1)).tolist(), h)
        for formula, n in formulas.items()
        for h in (0.5, 0.125, 0.001)
    ]


def _is_thrifty(result: Any, f: str, x: list[float], h: float) -> str | None:
    came, enough = result["calls of f"], 2 * len(x)
    if came <= enough:
        return None
    return f"`f` was called {came} times for {len(x)} numbers; {enough} calls are enough"


def gradient_in_place(f: Function, x: list[float], h: float = 1e-5) -> np.ndarray:
    """Change one entry, and put the old one back."""
    slopes = np.zeros(len(x))
    for i, old in enumerate(x):
        x[i] = old + h
        above = f(x)
        x[i] = old - h
        slopes[i] = (above - f(x)) / (2 * h)
        x[i] = old
    return slopes


def gradient_with_directions(f: Function, x: list[float], h: float = 1e-5) -> list[float]:
    """Add and subtract the rows of h times the identity."""
    centre = np.array(x)
    return [(f(centre + step) - f(centre - step)) / h / 2 for step in h * np.eye(len(x))]


def _one_sided(sign: int) -> Callable[..., list[float]]:
    def wrong(f: Function, x: list[float], h: float = 1e-5) -> list[float]:
        here = f(x)
        return [
            (f([*x[:i], x[i] + sign * h, *x[i + 1 :]]) - here) / (sign * h) for i in range(len(x))
        ]

    return wrong


def _divided_by(divisor: Callable[[float], float]) -> Callable[..., list[float]]:
    def wrong(f: Function, x: list[float], h: float = 1e-5) -> list[float]:
        return [s * 2 * h / divisor(h) for s in reference.numerical_gradient(f, x, h)]

    return wrong


def all_at_once(f: Function, x: list[float], h: float = 1e-5) -> list[float]:
    """Nudge every number together, which asks for one slope in one direction."""
    slope = (f([xi + h for xi in x]) - f([xi - h for xi in x])) / (2 * h)
    return [slope] * len(x)


def nudges_kept(f: Function, x: list[float], h: float = 1e-5) -> list[float]:
    """Nudge a copy, and never put it back."""
    x, slopes = list(x), []
    for i in range(len(x)):
        x[i] += h
        above = f(x)
        x[i] -= 2 * h
        slopes.append((above - f(x)) / (2 * h))
    return slopes


def no_copies(f: Function, x: list[float], h: float = 1e-5) -> list[float]:
    """Two names for one list, which is nudged up and then down."""
    up, down, slopes = x, x, []
    for i in range(len(x)):
        up[i] += h
        down[i] -= h
        slopes.append((f(up) - f(down)) / (2 * h))
    return slopes


def changes_x(f: Function, x: list[float], h: float = 1e-5) -> list[float]:
    """Put a copy back too late: the caller's list has been nudged."""
    slopes = reference.numerical_gradient(f, x, h)
    x[-1] -= h
    return slopes


def own_step(f: Function, x: list[float], h: float = 1e-5) -> list[float]:
    """Ignore the h that was asked for."""
    return reference.numerical_gradient(f, x, 1e-5)


def one_slope_only(f: Function, x: list[float], h: float = 1e-5) -> list[float]:
    """Leave the loop after the first number."""
    return reference.numerical_gradient(f, x, h)[:1]


def _wasteful(f: Function, x: list[float], h: float = 1e-5) -> list[float]:
    slopes = []
    for i in range(len(x)):
        f(x)
        slopes.append(reference.numerical_gradient(f, x, h)[i])
    return slopes


def _calls_too_often(trials: Sequence[Trial]) -> bool:
    """Every gradient is right, and came at the price of more calls than two for each number."""
    return all(
        np.allclose(t.observed.result["gradient"], t.expected.result["gradient"]) for t in trials
    ) and all(t.observed.result["calls of f"] > 2 * len(t.inputs[1]) for t in trials)


def _the_slope_at_another_h(trials: Sequence[Trial]) -> bool:
    """Every gradient is the one of a nudge that is far smaller than the one asked for."""
    return all(
        np.allclose(t.observed.result["gradient"], _true_gradient(*t.inputs[:2]), rtol=1e-4)
        for t in trials
    )


def _true_gradient(formula: str, x: list[float]) -> list[float]:
    padded = [*x, 0.0, 0.0, 0.0][:4]
    a, b, c, d = padded
    return {
        "x[0]**3": [3 * a**2],
        "x[0]**2 * x[1]": [2 * a * b, a**2],
        "x[0]**3 + x[0] * x[1] * x[2]": [3 * a**2 + b * c, a * c, a * b],
        "x[1]**3 - x[0]**2 * x[3] + 2 * x[2]": [-2 * a * d, 3 * b**2, 2.0, -(a**2)],
    }[formula]


NUMERICAL_GRADIENT = Exercise(
    id="backprop.numerical_gradient",
    lesson="04_backprop",
    title="Numerical gradient",
    points=2,
    reference=reference.numerical_gradient,
    cases=numerical_cases,
    probe=nudge,
    criteria=[
        Values(
            "nudges one number at a time, up and down",
            weight=2,
            part="gradient",
            numbers="any",
            atol=1e-8,
            essential=True,
        ),
        Values("leaves `x` as it was", part="x is as before"),
        Holds("calls `f` twice for each number, no more", test=_is_thrifty),
    ],
    misconceptions=[
        Misconception(
            "forward_difference",
            _one_sided(1),
            "This is the forward difference: it looks ahead only, so the bend of the curve stays "
            "in as an error that shrinks like h. Take f at x + h and at x - h: there the bend "
            "cancels, and the error shrinks like h squared.",
        ),
        Misconception(
            "backward_difference",
            _one_sided(-1),
            "This is the backward difference: it looks back only, so the bend of the curve stays "
            "in as an error. Take f at x + h and at x - h: there the bend cancels.",
        ),
        Misconception(
            "divided_by_h",
            _divided_by(lambda h: h),
            "Every slope is twice too large. From x - h to x + h is a way of 2h: divide by that.",
        ),
        Misconception(
            "not_divided",
            _divided_by(lambda h: 1.0),
            "This is the rise of `f`, not its slope: divide by the length of the way, 2h.",
        ),
        Misconception(
            "precedence",
            _divided_by(lambda h: 2 / h),
            "`/ 2 * h` divides by 2 and then *multiplies* by h. Write `/ (2 * h)`.",
        ),
        Misconception(
            "wrong_sign",
            _divided_by(lambda h: -2 * h),
            "Every slope has the wrong sign: take f(x + h) - f(x - h), in this order.",
        ),
        Misconception(
            "all_at_once",
            all_at_once,
            "All numbers are nudged together, so every entry is the same: how `f` changes when "
            "everything grows. Nudge one number at a time and leave the others.",
        ),
        Misconception(
            "no_copies",
            no_copies,
            "Every slope is 0: `up = x` and `down = x` are two names for one list, so what is "
            "added is taken away again. Make copies: `list(x)`.",
        ),
        Misconception(
            "nudges_kept",
            nudges_kept,
            "After a number's turn its nudge stays in, so the next slopes are taken somewhere "
            "else. Put the old number back, or start each time from a fresh copy of `x`.",
        ),
        Misconception(
            "changes_x",
            changes_x,
            "The gradient is right, but `x` is not what it was: the caller's list has been "
            "nudged. Work on a copy, `list(x)`, or put the old number back.",
        ),
        Misconception(
            "own_step",
            own_step,
            "The `h` that was asked for is not used. Here it is large on purpose; nudge by `h`.",
            when=_the_slope_at_another_h,
        ),
        Misconception(
            "one_slope_only",
            one_slope_only,
            "Only the first slope came back. Is the `return` inside the loop?",
        ),
        Misconception(
            "calls_too_often",
            _wasteful,
            "The gradient is right, but `f` is called more than twice for each number. With a "
            "large network each call is a whole forward pass.",
            when=_calls_too_often,
        ),
    ],
    alternatives=[gradient_in_place, gradient_with_directions],
    hints=[
        "Take one number of the list. How does `f` change when only that one grows a little?",
        "Loop over the positions `i`. In each turn make two copies of `x`; in one, entry `i` is "
        "larger by `h`, in the other smaller by `h`.",
        "With `up` and `down` as those copies, the slope is `(f(up) - f(down)) / (2 * h)`.",
    ],
)
