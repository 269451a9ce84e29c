"""The proof of the graders: `course verify` shows that each exercise judges as it should.

For every exercise: the reference and all alternatives earn every point; every misconception loses
some and is named; the untouched stub, and answers that do nothing, earn 0; the description is
complete. Each is tried on several seeds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from grader.exercise import Exercise
from grader.judge import judge
from grader.prober import LocalProber
from grader.report import Report

SEEDS = (0, 1, 2, 3, 4)
MIN_MISCONCEPTIONS = 4
MIN_ALTERNATIVES = 2
MIN_HINTS = 3
MAX_SECONDS = 0.5  # a check must feel instant

# Answers that took no thought. A criterion that they meet is worth nothing.
LAZY_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "returns None": lambda *inputs: None,
    "returns 0": lambda *inputs: 0,
    "returns 1.0": lambda *inputs: 1.0,
    "returns its first input": lambda *inputs: inputs[0],
    "returns a copy of its first input": lambda *inputs: np.copy(inputs[0]),
    "returns zeros like its first input": lambda *inputs: np.zeros_like(inputs[0]),
    "returns all its inputs": lambda *inputs: inputs,
    "raises": lambda *inputs: 1 / 0,
}
LAZY_VALUES: dict[str, Any] = {"is None": None, "is 0": 0, "is empty": (), "is text": "?"}


@dataclass
class Proof:
    """What was shown of one exercise, and what was not.

    Attributes:
        exercise: its id.
        points: the most it earns.
        right_answers: how many right answers passed: the reference and the alternatives.
        misconceptions: how many mistakes failed and were named.
        seconds: the slowest check of all, in seconds.
        gaps: what does not hold, in words. Empty: the grader is proven.
    """

    exercise: str
    kind: str
    points: int
    right_answers: int = 0
    misconceptions: int = 0
    stub: str = "-"
    seconds: float = 0.0
    gaps: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return asdict(self)


def verify(
    exercise: Exercise, stub: Callable[[], Any] | None, seeds: Iterable[int] = SEEDS
) -> Proof:
    """Prove one exercise.

    Args:
        exercise: the exercise.
        stub: makes the answer as the student release leaves it; None if there is no release.
        seeds: the inputs to try.
    """
    proof = Proof(exercise.id, exercise.kind, exercise.points)
    proof.gaps += _gaps_in_description(exercise)
    if exercise.kind == "reflection":
        return proof
    seeds = list(seeds)
    try:
        judge(exercise, LocalProber(exercise.reference), seeds[0])  # loads data, as a lesson does
        _prove_right_answers(exercise, proof, seeds)
        _prove_misconceptions(exercise, proof, seeds)
        _prove_nothing_earns_nothing(exercise, proof, stub, seeds[0])
    except Exception as error:  # of its cases, say: a gap like any other
        proof.gaps.append(f"it cannot be judged: {type(error).__name__}: {error}")
    if proof.seconds > MAX_SECONDS:
        proof.gaps.append(f"a check took {proof.seconds:.2f} s; at most {MAX_SECONDS} s")
    return proof


def _gaps_in_description(exercise: Exercise) -> list[str]:
    gaps = []
    if exercise.points <= 0:
        gaps.append(f"points must be > 0, got {exercise.points}")
    if len(exercise.hints) < MIN_HINTS:
        gaps.append(f"at least {MIN_HINTS} hints, got {len(exercise.hints)}")
    if exercise.kind == "reflection":
        return gaps if exercise.rubric else [*gaps, "a reflection needs a rubric"]
    if not exercise.answer_name:
        gaps.append("the notebook's name for the answer is unknown: set `answer`")
    if any(c.weight <= 0 for c in exercise.criteria) or not exercise.criteria:
        gaps.append("criteria with weights > 0 are needed")
    if len(exercise.misconceptions) < MIN_MISCONCEPTIONS:
        gaps.append(f"at least {MIN_MISCONCEPTIONS} misconceptions")
    if len(exercise.alternatives) < MIN_ALTERNATIVES:
        gaps.append(f"at least {MIN_ALTERNATIVES} alternatives")
    for what, names in (
        ("misconceptions", [m.id for m in exercise.misconceptions]),
        ("criteria", [c.name for c in exercise.criteria]),
    ):
        gaps += [f"two {what} are called {n!r}" for n in sorted(set(names)) if names.count(n) > 1]
    return gaps


def _prove_right_answers(exercise: Exercise, proof: Proof, seeds: Sequence[int]) -> None:
    answers = [("reference", exercise.reference)]
    answers += [(f"alternative {i}", a) for i, a in enumerate(exercise.alternatives, 1)]
    for name, answer in answers:
        reports = [_timed(exercise, answer, seed, proof) for seed in seeds]
        failed = next((r for r in reports if not r.passed), None)
        if failed:
            proof.gaps.append(f"the {name} fails (seed {failed.seed}): {failed.message}")
        else:
            proof.right_answers += 1
        idle = {c.name for r in reports for c in r.criteria if c.trials == 0}
        proof.gaps += [f"criterion {c!r} was tried on no input" for c in sorted(idle)]


def _prove_misconceptions(exercise: Exercise, proof: Proof, seeds: Sequence[int]) -> None:
    for misconception in exercise.misconceptions:
        reports = [_timed(exercise, misconception.wrong, seed, proof) for seed in seeds]
        bad = next((r for r in reports if r.passed or r.misconception != misconception.id), None)
        if bad is None:
            proof.misconceptions += 1
        else:
            named = f"is named {bad.misconception}" if bad.misconception else "is not named"
            got = "passes" if bad.passed else named
            proof.gaps.append(f"misconception {misconception.id} {got} (seed {bad.seed})")


def _prove_nothing_earns_nothing(
    exercise: Exercise, proof: Proof, stub: Callable[[], Any] | None, seed: int
) -> None:
    if stub is None:
        proof.gaps.append("there is no student release of it: run `course build`")
    else:
        _prove_stub(exercise, proof, stub, seed)
    lazy = LAZY_FUNCTIONS if exercise.is_callable else LAZY_VALUES
    for name, answer in lazy.items():
        report = _timed(exercise, answer, seed, proof)
        if report.score > 0:
            proof.gaps.append(f"an answer that {name} earns {report.points:g} points")


def _prove_stub(exercise: Exercise, proof: Proof, stub: Callable[[], Any], seed: int) -> None:
    try:
        answer = stub()
    except Exception as error:
        proof.gaps.append(f"the untouched stub cannot be run: {type(error).__name__}: {error}")
        return
    report = _timed(exercise, answer, seed, proof)
    proof.stub = f"{report.points:g}"
    if report.score > 0:
        proof.gaps.append(f"the untouched stub earns {report.points:g} points")


def _timed(exercise: Exercise, answer: Any, seed: int, proof: Proof) -> Report:
    started = time.process_time()  # of the processor: a busy machine is no gap
    report = judge(exercise, LocalProber(answer), seed)
    proof.seconds = max(proof.seconds, time.process_time() - started)
    return report


def percentile_of_checks(
    exercises: Iterable[Exercise], percent: float = 95, repeats: int = 20
) -> float:
    """The given percentile of the time that one check of the reference takes, in seconds.

    The first check of an exercise, which may load data, is not counted: a lesson has loaded it.
    """
    times = []
    for exercise in exercises:
        if exercise.kind == "reflection":
            continue
        for seed in range(repeats + 1):
            started = time.perf_counter()
            judge(exercise, LocalProber(exercise.reference), seed)
            if seed:
                times.append(time.perf_counter() - started)
    return float(np.percentile(times, percent)) if times else 0.0
