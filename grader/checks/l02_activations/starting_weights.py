"""Exercise: starting weights of a size that keeps signals alive through ReLU layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grader.compare import describe
from grader.exercise import Exercise, Holds, Misconception, Trial
from grader.plain import Plain
from grader.probe import Inputs

Array = np.ndarray
Rng = np.random.Generator

NEAR = 0.05  # a sample of 9,600 weights has a standard deviation within 1 % of the true one


def starting_weights(rng: Rng, fan_in: int, fan_out: int) -> Array:
    """The oracle: normal numbers with variance 2 / fan_in (He et al. 2015)."""
    return rng.normal(0.0, math.sqrt(2 / fan_in), size=(fan_out, fan_in))


def uniform_weights(rng: Rng, fan_in: int, fan_out: int) -> Array:
    """Another distribution of the same variance: b^2 / 3 for numbers from -b to b."""
    bound = math.sqrt(6 / fan_in)
    return rng.uniform(-bound, bound, size=(fan_out, fan_in))


def sign_weights(rng: Rng, fan_in: int, fan_out: int) -> Array:
    """Two values only; the variance is what counts."""
    return np.asarray(rng.choice([-1.0, 1.0], size=(fan_out, fan_in)) * (2 / fan_in) ** 0.5)


def scaled_weights(rng: Rng, fan_in: int, fan_out: int) -> Array:
    """Scaled afterwards."""
    return np.asarray(rng.standard_normal((fan_out, fan_in)) * np.sqrt(2.0) / np.sqrt(fan_in))


def drawn(answer: Any, seed: Any, fan_in: Any, fan_out: Any) -> Any:
    """Draw weights and describe them. Travels as source: uses its arguments and `np` only."""
    W = answer(np.random.default_rng(seed), fan_in, fan_out)
    if type(W) is not np.ndarray or W.ndim == 0 or W.dtype.kind not in "iuf":
        return W
    again = answer(np.random.default_rng(seed), fan_in, fan_out)
    other = answer(np.random.default_rng(seed + 1), fan_in, fan_out)
    return {
        "shape": list(W.shape),
        "mean": float(W.mean()),
        "standard deviation": float(W.std()),
        "rows differ": len(W) == 1 or bool(np.ptp(W, axis=0).any()),
        "repeats with the same rng": bool(np.array_equal(W, again)),
        "changes with another rng": not np.array_equal(W, other),
    }


def signal_through(answer: Any, seed: Any, widths: Any) -> Any:
    """Send signals through ReLU layers and measure how large they are at the start and the end.

    Travels as source: uses its arguments and `np` only.
    """
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=(20, widths[0]))
    sizes = [float(np.sqrt((signal**2).mean()))]
    for layer in range(1, len(widths)):
        W = answer(rng, widths[layer - 1], widths[layer])
        # Not `@`: its threads wait long for a core where there are few.
        signal = np.maximum(np.einsum("ij,kj->ik", signal, W), 0)
        sizes.append(float(np.sqrt((signal**2).mean())))
    return {"first": sizes[0], "last": sizes[-1]}


def weight_cases(rng: Rng) -> list[Inputs]:
    """A layer that narrows and one that widens, so that fan-in and fan-out tell apart."""
    seeds = rng.integers(1_000_000, size=2).tolist()
    return [(seeds[0], 120, 80), (seeds[1], 64, 150)]


def depth_cases(rng: Rng) -> list[Inputs]:
    """Twelve layers that narrow and widen in turn."""
    return [(int(rng.integers(1_000_000)), [100, 150] * 6 + [100])]


def _shape(W: Plain, seed: int, fan_in: int, fan_out: int) -> str | None:
    if not isinstance(W, dict):
        return f"an array of numbers was required, {describe(W)} came"
    came = W["shape"]
    if came == [fan_out, fan_in]:
        return None
    return f"an array of shape {(fan_out, fan_in)} was required, shape {tuple(came)} came"


def _random(W: Plain, *inputs: Any) -> str | None:
    if not W["changes with another rng"]:
        return "two different generators give the same weights: draw them from `rng`"
    if not W["repeats with the same rng"]:
        return (
            "the same generator, started anew, gives other weights: some of the randomness does "
            "not come from `rng`, so nobody could repeat your run"
        )
    return None if W["rows differ"] else "all rows are the same: units that start alike stay alike"


def _centred(W: Plain, seed: int, fan_in: int, fan_out: int) -> str | None:
    noise = 6 * W["standard deviation"] / math.sqrt(fan_in * fan_out)
    if abs(W["mean"]) <= noise:
        return None
    return f"the weights should average 0, and their mean is {W['mean']:.3g}"


def _spread(W: Plain, seed: int, fan_in: int, fan_out: int) -> str | None:
    ratio = W["standard deviation"] * math.sqrt(fan_in / 2)
    if abs(ratio - 1) <= NEAR:
        return None
    return (
        f"with {fan_in} inputs the weights have standard deviation {W['standard deviation']:.3g}. "
        f"Each ReLU layer then multiplies the signal by about {ratio:.2g}; it should be 1"
    )


def _alive(sizes: Plain, seed: int, widths: Sequence[int]) -> str | None:
    ratio = sizes["last"] / sizes["first"]
    if 0.2 <= ratio <= 5:
        return None
    way = "shrinks to" if ratio < 1 else "grows to"
    return f"through {len(widths) - 1} ReLU layers the signal {way} {ratio:.2g} times its size"


def _std_of(rule: Callable[[int, int], float]) -> Callable[[Sequence[Trial]], bool]:
    """Whether the spread follows another rule, wherever weights were described."""

    def matches(trials: Sequence[Trial]) -> bool:
        found = [t for t in trials if t.probe is drawn]
        return bool(found) and all(
            abs(t.observed.result["standard deviation"] / rule(*t.inputs[1:]) - 1) < 0.04
            and _centred(t.observed.result, *t.inputs) is None
            and _random(t.observed.result) is None
            and _shape(t.observed.result, *t.inputs) is None
            for t in found
        )

    return matches


def _normal(rule: Callable[[int, int], float]) -> Callable[[Rng, int, int], Array]:
    return lambda rng, fan_in, fan_out: rng.normal(0, rule(fan_in, fan_out), (fan_out, fan_in))


def _spread_named(id: str, rule: Callable[[int, int], float], says: str) -> Misconception:
    return Misconception(id, _normal(rule), says, when=_std_of(rule))


def _not_centred(trials: Sequence[Trial]) -> bool:
    found = [t for t in trials if t.probe is drawn]
    return bool(found) and all(
        t.observed.result["mean"] > t.observed.result["standard deviation"] for t in found
    )


def _fresh_generator(trials: Sequence[Trial]) -> bool:
    found = [t for t in trials if t.probe is drawn]
    return bool(found) and all(
        t.observed.result["standard deviation"] > 0
        and not t.observed.result["changes with another rng"]
        and t.observed.result["rows differ"]
        for t in found
    )


def _nobodys_randomness(trials: Sequence[Trial]) -> bool:
    found = [t for t in trials if t.probe is drawn]
    return bool(found) and all(
        not t.observed.result["repeats with the same rng"]
        and t.observed.result["changes with another rng"]
        for t in found
    )


def _all_alike(trials: Sequence[Trial]) -> bool:
    found = [t for t in trials if t.probe is drawn]
    return bool(found) and all(
        t.observed.result["standard deviation"] < 1e-9 * abs(t.observed.result["mean"] or 1.0)
        for t in found
    )


def _turned(trials: Sequence[Trial]) -> bool:
    found = [t for t in trials if t.probe is drawn]
    return bool(found) and all(
        t.observed.result["shape"] == [t.inputs[1], t.inputs[2]] for t in found
    )


STARTING_WEIGHTS = Exercise(
    id="activations.starting_weights",
    lesson="02_activations",
    title="Weights that keep the signal alive",
    points=3,
    reference=starting_weights,
    cases=weight_cases,
    probe=drawn,
    forbid=["torch", "course_lib.init"],
    criteria=[
        Holds("has a row per unit and a column per input", test=_shape, essential=True),
        Holds("draws from the generator it is given", test=_random, essential=True),
        Holds("is centred on 0", test=_centred),
        Holds("has the spread that ReLU asks for", weight=2, test=_spread),
        Holds(
            "keeps a signal alive through twelve layers",
            cases=depth_cases,
            probe=signal_through,
            test=_alive,
        ),
    ],
    misconceptions=[
        Misconception(
            "shape_turned",
            lambda rng, fan_in, fan_out: rng.normal(0, math.sqrt(2 / fan_in), (fan_in, fan_out)),
            "Rows and columns are swapped. As in lesson 1, `W` has one row per unit, of which "
            "there are `fan_out`, and one column per input.",
            when=_turned,
        ),
        Misconception(
            "all_alike",
            lambda rng, fan_in, fan_out: np.full((fan_out, fan_in), math.sqrt(2 / fan_in)),
            "All weights are the same number, so all units of the layer compute the same, and "
            "learning would change them all alike. Draw them at random.",
            when=_all_alike,
        ),
        Misconception(
            "own_generator",
            lambda rng, fan_in, fan_out: np.random.default_rng(0).normal(
                0, math.sqrt(2 / fan_in), (fan_out, fan_in)
            ),
            "The weights are the same whatever `rng` is: they come from a generator made inside. "
            "Two layers of one size would start alike. Draw from the `rng` that is handed over.",
            when=_fresh_generator,
        ),
        Misconception(
            "global_generator",
            lambda rng, fan_in, fan_out: np.random.default_rng().normal(
                0, math.sqrt(2 / fan_in), (fan_out, fan_in)
            ),
            "The weights do not come from `rng`, so the same run never comes twice (`np.random` "
            "has a hidden generator of its own). Draw from the `rng` that is handed over.",
            when=_nobodys_randomness,
        ),
        Misconception(
            "not_centred",
            lambda rng, fan_in, fan_out: rng.random((fan_out, fan_in)) * math.sqrt(2 / fan_in),
            "All weights are positive (`rng.random` draws from 0 to 1). The sums then grow with "
            "each layer instead of cancelling. Draw them around 0, as `rng.normal` does.",
            when=_not_centred,
        ),
        _spread_named(
            "half_forgotten",
            lambda fan_in, fan_out: math.sqrt(1 / fan_in),
            "1 / fan_in keeps the size of a *sum*, and is right for linear layers. But ReLU then "
            "cuts off half of the signal, in every layer: make up for the half.",
        ),
        _spread_named(
            "fan_out_for_fan_in",
            lambda fan_in, fan_out: math.sqrt(2 / fan_out),
            "This divides by `fan_out`, the number of units. Each unit adds up `fan_in` products, "
            "and it is their number that decides how large the sum becomes.",
        ),
        _spread_named(
            "variance_for_deviation",
            lambda fan_in, fan_out: 2 / fan_in,
            "2 / fan_in is the *variance*. `rng.normal` takes the standard deviation, which is its "
            "square root.",
        ),
        _spread_named(
            "xavier",
            lambda fan_in, fan_out: math.sqrt(2 / (fan_in + fan_out)),
            "2 / (fan_in + fan_out) is a good choice for tanh (Glorot and Bengio 2010). ReLU cuts "
            "off half of the signal, which asks for more: 2 / fan_in.",
        ),
        _spread_named(
            "bound_for_deviation",
            lambda fan_in, fan_out: math.sqrt(2 / fan_in / 3),
            "Numbers spread evenly from -b to b have a standard deviation of b / sqrt(3), not b. "
            "Choose b larger by that factor, or draw from `rng.normal`.",
        ),
        _spread_named(
            "variance_doubled_twice",
            lambda fan_in, fan_out: 2 / math.sqrt(fan_in),
            "The 2 stands outside the root. It belongs to the variance: sqrt(2 / fan_in).",
        ),
        _spread_named(
            "not_scaled",
            lambda fan_in, fan_out: 1.0,
            "These have standard deviation 1, however many inputs there are. A sum of `fan_in` "
            "products grows with their number, so the weights have to shrink with it.",
        ),
        _spread_named(
            "small_for_all",
            lambda fan_in, fan_out: 0.01,
            "These have standard deviation 0.01, however many inputs there are. Layer by layer "
            "the signal fades away. Let the spread depend on `fan_in`.",
        ),
        _spread_named(
            "inverse_of_root",
            lambda fan_in, fan_out: math.sqrt(fan_in / 2),
            "The spread grows with `fan_in` here. More inputs make larger sums, so the weights "
            "have to be *smaller*: turn the fraction round.",
        ),
    ],
    alternatives=[uniform_weights, sign_weights, scaled_weights],
    hints=[
        "Which variance kept a linear layer's signal at its size? What does ReLU do to the mean "
        "square of a signal that is as often positive as negative?",
        "ReLU halves the mean square. So the variance of the weights has to be twice as large: "
        "2 / fan_in. What does `rng.normal` want, the variance or its root?",
        "`rng.normal(0.0, s, size=(fan_out, fan_in))` with s the square root of 2 / fan_in.",
    ],
)
