"""Exercise: the training loop, judged by what it learns and by the way it takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grader.checks.l04_backprop.reference import train
from grader.compare import same
from grader.exercise import Exercise, Holds, Misconception, Trial, Values
from grader.probe import Inputs

Losses = list[Any]


def train_a_unit(
    answer: Any, X: Any, y: Any, start: Any, steps: Any, lr: Any, X_new: Any, y_new: Any
) -> Any:
    """Let the answer train one unit with a known gradient. Travels as source.

    The unit's score is w . x + b, its loss the mean of log(1 + exp(-y * score)).
    """

    class Value:
        def __init__(self, data: Any) -> None:
            self.data, self.grad = data, 4.0  # left over from somebody else's backward pass

    class Loss:
        def __init__(self) -> None:
            calls.append("forward")
            w, b = np.array([p.data for p in parameters[:-1]]), parameters[-1].data
            margins = y * (X @ w + b)
            slopes = -y / (1 + np.exp(margins)) / len(y)
            self.data = float(np.log1p(np.exp(-margins)).mean())
            self.gradient = [*(slopes @ X).tolist(), float(slopes.sum())]

        def backward(self) -> None:
            calls.append("backward")
            for p, g in zip(parameters, self.gradient, strict=True):
                p.grad += g

    calls: list[str] = []
    parameters = [Value(number) for number in start]
    losses = answer(parameters, Loss, steps, lr)
    if isinstance(losses, list | tuple):  # numbers as they are, of objects only what they are
        known = (int, float, np.generic, np.ndarray)
        losses = [n if isinstance(n, known) else f"a {type(n).__name__}" for n in losses]
    return {
        "losses": losses.tolist() if isinstance(losses, np.ndarray) else losses,
        "parameters": [p.data for p in parameters],
        "calls": [calls.count("forward"), calls.count("backward")],
        "all gradients are 0 at the end": not any(p.grad for p in parameters),
    }


def training_cases(rng: np.random.Generator) -> list[Inputs]:
    """Two clouds, a unit that starts on the wrong foot, and held-out points."""
    return [_clouds(rng, batch, steps, lr) for batch, steps, lr in [(5, 12, 1.0), (9, 20, 0.5)]]


def _clouds(rng: np.random.Generator, batch: int, steps: int, lr: float) -> Inputs:
    count = batch + 40
    y = np.where(np.arange(count) % 2, 1.0, -1.0)
    X = np.round(rng.normal(scale=0.5, size=(count, 2)) + y[:, None] * [1.5, 1.2], 1)
    start = [*(-rng.uniform(0.2, 0.5, size=2)).round(2).tolist(), 0.3]
    return X[:batch], y[:batch], start, steps, lr, X[batch:], y[batch:]


def _loss(numbers: Any, X: Any, y: Any) -> float:
    w, b = np.array(numbers[:-1], dtype=float), float(numbers[-1])
    return float(np.log1p(np.exp(-y * (X @ w + b))).mean())


def _falls(result: Any, X: Any, y: Any, start: Any, steps: int, lr: float, *held_out: Any) -> Any:
    before, after = _loss(start, X, y), _loss(result["parameters"], X, y)
    if after < before - 1e-6:
        return None
    if abs(after - before) < 1e-6:
        return f"the loss was {before:.3f}, and is so still: the parameters have learned nothing"
    return f"the loss rose from {before:.3f} to {after:.3f}" if after == after else "it became nan"


def _generalises(result: Any, *inputs: Any) -> str | None:
    *_, X, y = inputs
    w, b = np.array(result["parameters"][:-1]), result["parameters"][-1]
    right = float(np.mean(np.where(X @ w + b >= 0, 1, -1) == y))
    if right >= 0.9:
        return None
    return f"at least 90 % right on held-out points was required, {right:.0%} came"


def _thrifty(result: Any, X: Any, y: Any, start: Any, steps: int, *more: Any) -> str | None:
    forward, backward = result["calls"]
    if max(forward, backward) <= steps:
        return None
    return f"{steps} steps took {forward} forward passes and {backward} backward passes"


def train_with_while(parameters: Any, compute_loss: Any, steps: int, lr: float) -> Losses:
    """Count by the losses; set the gradients to 0 before the forward pass."""
    losses: Losses = []
    while len(losses) < steps:
        for p in parameters:
            p.grad = 0
        loss = compute_loss()
        losses += [loss.data]
        loss.backward()
        for i in range(len(parameters)):
            parameters[i].data = parameters[i].data - parameters[i].grad * lr
    return losses


def train_with_differences(parameters: Any, compute_loss: Any, steps: int, lr: float) -> Any:
    """Never reset: what a backward pass adds is the difference it makes."""
    losses = np.zeros(steps)
    for step in range(steps):
        loss = compute_loss()
        losses[step] = loss.data
        before = [p.grad for p in parameters]
        loss.backward()
        for p, old in zip(parameters, before, strict=True):
            p.data += -lr * (p.grad - old)
    return losses


Update = Callable[[Any, float], None]


def _descend(p: Any, lr: float) -> None:
    p.data -= lr * p.grad


def _train(
    parameters: Any,
    compute_loss: Any,
    steps: int,
    lr: float,
    update: Update = _descend,
    zero: str = "before backward",
    record: Callable[[Any], Any] = lambda loss: loss.data,
    one_graph: bool = False,
) -> Losses:
    """The loop with its parts exchangeable, for the mistakes."""

    def reset(when: str) -> None:
        if zero == when:
            for p in parameters:
                p.grad = 0.0

    losses = []
    reset("once")
    loss = compute_loss()
    for step in range(steps):
        if step and not one_graph:
            loss = compute_loss()
        reset("before backward")
        loss.backward()
        reset("after backward")
        for p in parameters:
            update(p, lr)
        reset("at the end")
        losses.append(record(loss))
    return losses


def _wrong(**parts: Any) -> Callable[..., Losses]:
    return lambda parameters, compute_loss, steps, lr: _train(
        parameters, compute_loss, steps, lr, **parts
    )


def _climb(p: Any, lr: float) -> None:
    p.data += lr * p.grad


def _shrink(p: Any, lr: float) -> None:
    p.data -= lr * p.data


def _replace(p: Any, lr: float) -> None:
    p.data = -lr * p.grad


def _without_rate(p: Any, lr: float) -> None:
    p.data -= p.grad


def _nothing(p: Any, lr: float) -> None:
    p = p.data - lr * p.grad  # a name is bound anew; the parameter never hears of it


def _only_first(parameters: Any, compute_loss: Any, steps: int, lr: float) -> Losses:
    return train(parameters, compute_loss, 1, lr)


def _after_the_step(parameters: Any, compute_loss: Any, steps: int, lr: float) -> Losses:
    losses = []
    for _ in range(steps):
        train(parameters, compute_loss, 1, lr)
        losses.append(compute_loss().data)
    return losses


def _last_loss(parameters: Any, compute_loss: Any, steps: int, lr: float) -> Any:
    return train(parameters, compute_loss, steps, lr)[-1]


def _no_backward(parameters: Any, compute_loss: Any, steps: int, lr: float) -> Losses:
    losses = []
    for _ in range(steps):
        losses.append(compute_loss().data)
        for p in parameters:
            p.grad = 0.0
        for p in parameters:
            p.data -= lr * p.grad
    return losses


def _backward_for_each(parameters: Any, compute_loss: Any, steps: int, lr: float) -> Losses:
    losses = []
    for _ in range(steps):
        loss = compute_loss()
        losses.append(loss.data)
        for p in parameters:
            p.grad = 0.0
            loss.backward()
            p.data -= lr * p.grad
    return losses


def _step_before_backward(parameters: Any, compute_loss: Any, steps: int, lr: float) -> Losses:
    losses = []
    for _ in range(steps):
        loss = compute_loss()
        for p in parameters:
            p.data -= lr * p.grad
            p.grad = 0.0
        loss.backward()
        losses.append(loss.data)
    return losses


def _new_values(parameters: Any, compute_loss: Any, steps: int, lr: float) -> Losses:
    losses = []
    for _ in range(steps):
        for p in parameters:
            p.grad = 0.0
        loss = compute_loss()
        loss.backward()
        parameters = [p - lr * p.grad for p in parameters]
        losses.append(loss.data)
    return losses


def _other_number_of_steps(trials: Sequence[Trial]) -> bool:
    """The right way, walked farther or less far."""
    pairs = [(t.observed.result["losses"], t.expected.result["losses"]) for t in trials]
    return all(
        len(came) > 1
        and len(came) != len(wanted)
        and same(came[: len(wanted)], wanted[: len(came)])
        for came, wanted in pairs
    )


def _nodes_recorded(trials: Sequence[Trial]) -> bool:
    return all(set(t.observed.result["losses"]) <= {"a Loss", "a Value"} for t in trials)


TRAINING = Exercise(
    id="backprop.training",
    lesson="04_backprop",
    title="The training loop",
    points=3,
    reference=train,
    cases=training_cases,
    probe=train_a_unit,
    criteria=[
        Holds("makes the loss fall", test=_falls, essential=True),
        Holds("is right on held-out points", test=_generalises),
        Values(
            "takes the steps that the gradients say", weight=2, part="parameters", numbers="any"
        ),
        Values("returns the loss before each step", part="losses", numbers="any"),
        Holds("takes one forward and one backward pass for a step", test=_thrifty),
    ],
    misconceptions=[
        Misconception(
            "never_zeroed",
            _wrong(zero=""),
            "The gradients of all steps pile up, since `backward` adds. Set each `p.grad` to 0 in "
            "every step, before `backward`.",
        ),
        Misconception(
            "zeroed_once",
            _wrong(zero="once"),
            "The gradients are set to 0 once, before the loop; then those of all steps pile up. "
            "Do it in every step, before `backward`.",
        ),
        Misconception(
            "zeroed_at_the_end",
            _wrong(zero="at the end"),
            "The gradients are set to 0 at the end of a step, so the first one starts with "
            "whatever was left over. Set them to 0 before `backward`.",
        ),
        Misconception(
            "zeroed_too_soon",
            _wrong(zero="after backward"),
            "The gradients are set to 0 between `backward` and the step, so there is nothing left "
            "to step along. Set them to 0 before `backward`.",
        ),
        Misconception(
            "no_backward",
            _no_backward,
            "The gradients stay 0. Did you call `loss.backward()`, and after they were set to 0?",
        ),
        Misconception(
            "wrong_sign",
            _wrong(update=_climb),
            "The loss rises: the gradient points uphill. Subtract `lr * p.grad`.",
        ),
        Misconception(
            "data_for_grad",
            _wrong(update=_shrink),
            "`lr * p.data` is subtracted, which only shrinks every number towards 0. The step "
            "goes along `p.grad`.",
        ),
        Misconception(
            "number_replaced",
            _wrong(update=_replace),
            "The step takes the number's place. Subtract it from the old one: `p.data -= ...`.",
        ),
        Misconception(
            "lr_ignored",
            _wrong(update=_without_rate),
            "The learning rate is not used: the step is `lr * p.grad`.",
        ),
        Misconception(
            "name_rebound",
            _wrong(update=_nothing),
            "The parameters do not change. `p = ...` gives the name `p` to something new; the "
            "number inside the parameter is `p.data`, and that must change.",
        ),
        Misconception(
            "loss_computed_once",
            _wrong(one_graph=True),
            "The loss is computed once, before the loop. After a step the numbers are others, and "
            "so is the gradient: call `compute_loss()` in every step.",
        ),
        Misconception(
            "one_step_only",
            _only_first,
            "One step is taken, then the function returns. Is the `return` inside the loop?",
        ),
        Misconception(
            "other_number_of_steps",
            lambda parameters, compute_loss, steps, lr: train(
                parameters, compute_loss, steps + 1, lr
            ),
            "Each step is right, but their number is not: take exactly `steps` of them, "
            "`for _ in range(steps):`.",
            when=_other_number_of_steps,
        ),
        Misconception(
            "step_before_backward",
            _step_before_backward,
            "The numbers are changed before `backward` has run, so each step goes along the "
            "gradient of the step before it (and the first along something old).",
        ),
        Misconception(
            "new_values_for_parameters",
            _new_values,
            "New Values are made in place of the parameters, but the network holds the old ones. "
            "Change the number inside each: `p.data -= lr * p.grad`.",
            when=lambda trials: any(
                t.observed.fault and re.search(r"operand.*'Value'", t.observed.fault.message)
                for t in trials
            ),
        ),
        Misconception(
            "backward_for_each_parameter",
            _backward_for_each,
            "The result is right, but `backward` runs once for each parameter. One call fills in "
            "all gradients: call it once in a step, outside the loop over the parameters.",
        ),
        Misconception(
            "loss_after_the_step",
            _after_the_step,
            "These are the losses *after* each step, computed once more. Record the one that "
            "`backward` was called on: it is there already.",
        ),
        Misconception(
            "last_loss_only",
            _last_loss,
            "Only the last loss comes back. Return a list with one for each step.",
        ),
        Misconception(
            "nodes_recorded",
            _wrong(record=lambda loss: loss),
            "The list holds the losses with their whole graphs, not numbers. Append `loss.data`, "
            "so that each graph can be forgotten after its step.",
            when=_nodes_recorded,
        ),
    ],
    alternatives=[train_with_while, train_with_differences],
    hints=[
        "Each step does four things, in this order: compute the loss, set the gradients to 0, run "
        "backward, change the numbers.",
        "`loss = compute_loss()`, then `p.grad = 0.0` for each `p` in `parameters`, then "
        "`loss.backward()`. The list gets `loss.data`.",
        "The change is `p.data -= lr * p.grad`, for each `p` in `parameters`.",
    ],
)
