"""The judge: the half of a check that runs where the truth lives.

It draws the inputs, sends them to the answer's side through a `Prober`, compares what comes back
with the reference, and holds a wrong answer against every known misconception.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from grader import plain, wording
from grader.compare import same
from grader.exercise import UNJUDGEABLE, CaseMaker, Criterion, Exercise, Misconception, Trial
from grader.plain import Plain
from grader.probe import Fault, Observation, Probe, Request, Sighting, run
from grader.prober import Prober
from grader.report import CriterionResult, Report, Status

_Pair = tuple[CaseMaker, Probe]


@dataclass(frozen=True)
class _Outcome:
    """One criterion's trials, and those of them that it complains about."""

    criterion: Criterion
    trials: list[Trial]
    failures: list[tuple[Trial, str]]

    @property
    def smallest_failure(self) -> tuple[Trial, str]:
        return min(self.failures, key=lambda failure: plain.size(failure[0].inputs))


def judge(exercise: Exercise, prober: Prober, seed: int) -> Report:
    """Judge an answer on inputs drawn from `seed`.

    The same seed, answer and exercise give the same report, wherever the answer lives.
    """
    if exercise.kind == "reflection":
        return _manual(exercise)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # an answer's odd numbers are reported, not warned about
        return _judge(exercise, prober, seed)


def _judge(exercise: Exercise, prober: Prober, seed: int) -> Report:
    trials: dict[_Pair, list[Trial]] = {}  # criteria that share cases and probe share a run
    seconds = exercise.seconds
    for pair in dict.fromkeys(_pair(exercise, criterion) for criterion in exercise.criteria):
        trials[pair], sighting = _run(exercise, *pair, prober, seed, seconds)
        if _ran_out_of_time(trials[pair]):
            seconds = exercise.seconds / 4  # a learner waits for one loop without end, not for all
        unusable = _why_unusable(exercise, sighting)
        if unusable:
            return _nothing(exercise, "unusable", unusable, seed)
        if _not_started(exercise, sighting):
            how = _how_to_start(exercise, trials[pair][0].observed.fault)
            return _nothing(exercise, "not started", how, seed)
    outcomes = [
        _judge_criterion(exercise, criterion, trials[_pair(exercise, criterion)])
        for criterion in exercise.criteria
    ]
    everything = [trial for run in trials.values() for trial in run]
    return _conclude(exercise, everything, outcomes, seed)


def _pair(exercise: Exercise, criterion: Criterion) -> _Pair:
    return criterion.cases or exercise.cases, criterion.probe or exercise.probe


def _run(
    exercise: Exercise, cases: CaseMaker, probe: Probe, prober: Prober, seed: int, seconds: float
) -> tuple[list[Trial], Sighting]:
    request = Request(list(cases(np.random.default_rng(seed))), probe, seconds)
    expected = run(exercise.reference, request)
    sighting = prober.observe(request)
    rows = zip(request.cases, sighting.observations, expected, strict=True)
    return [Trial(*row, probe) for row in rows], sighting


def _ran_out_of_time(trials: Sequence[Trial]) -> bool:
    faults = [trial.observed.fault for trial in trials]
    return any(fault is not None and fault.type == "TimeLimitExceeded" for fault in faults)


def _judge_criterion(exercise: Exercise, criterion: Criterion, run: list[Trial]) -> _Outcome:
    trials = [t for t in run if criterion.where is None or criterion.where(*t.inputs)]
    complaints = [(trial, _complaint(exercise, criterion, trial)) for trial in trials]
    return _Outcome(criterion, trials, [(t, c) for t, c in complaints if c is not None])


def _complaint(exercise: Exercise, criterion: Criterion, trial: Trial) -> str | None:
    fault, wanted = trial.observed.fault, trial.expected.fault
    if wanted is not None:
        if fault is not None and fault.type == wanted.type:
            return None
        came = f"{fault.type} came" if fault else "none came"
        return f"a {wanted.type} was required for this input ({wanted.message}); {came}"
    if fault is not None:
        return wording.words_for_fault(exercise, fault)
    if trial.observed.mutated:
        names = wording.input_names(exercise, trial.probe)
        return wording.MUTATED.format(names[trial.observed.mutated[0]])
    if trial.observed.result is None and trial.expected.result is not None:
        return wording.words_for_none(trial.observed)
    try:
        complaint = criterion.complaint(trial)
    except Exception:  # a lesson's own criterion met a result that it did not foresee
        return UNJUDGEABLE
    if complaint is None and trial.observed.aliased and not exercise.may_return_input:
        return wording.ALIASED
    return complaint


def _why_unusable(exercise: Exercise, sighting: Sighting) -> str | None:
    name = exercise.answer_name
    if exercise.is_callable and not sighting.answer_is_callable:
        kind = sighting.answer_type
        quotes = ", without quotes" if kind == "str" else ", without calling it"
        return (
            f"A {exercise.kind} was required, a {kind} came. Hand over the {exercise.kind} "
            f'itself{quotes}: `check("{exercise.id}", {name})`'
        )
    for used in sighting.uses:
        for forbidden in exercise.forbid:
            if used == forbidden or used.startswith(forbidden + "."):
                return (
                    f"This one is about writing {name} yourself, so `{forbidden}` may not do "
                    "the work. Everywhere else it is fine to use it."
                )
    return None


def _not_started(exercise: Exercise, sighting: Sighting) -> bool:
    if not exercise.is_callable:
        return sighting.answer_type == "NoneType"
    fault = sighting.observations[0].fault
    return fault is not None and fault.type == "NotImplementedError"


def _how_to_start(exercise: Exercise, fault: Fault | None) -> str:
    if exercise.kind == "class" and fault and fault.line:  # some of its methods may be written
        return f"Still to write, before anything can be judged:\n{wording.code(fault.line)}"
    if not exercise.is_callable:
        return (
            f"`{exercise.answer_name}` is None. Set it in the cell above, run that cell, then this "
            "one. (A function without `return`, say a `fit` that forgets its `return self`, also "
            f'gives None.)\nNo idea where to begin? `hint("{exercise.id}")`'
        )
    where = f"Write `{exercise.answer_name}` in the cell above, run that cell, then this one."
    return f'{where}\nNo idea where to begin? `hint("{exercise.id}")`'


def _nothing(exercise: Exercise, status: Status, message: str, seed: int) -> Report:
    return Report(
        exercise=exercise.id,
        title=exercise.title,
        max_points=exercise.points,
        score=0.0,
        status=status,
        message=message,
        seed=seed,
    )


def _manual(exercise: Exercise) -> Report:
    asks = "\n".join(f"{points} · {text}" for points, text in exercise.rubric)
    return Report(
        exercise=exercise.id,
        title=exercise.title,
        max_points=exercise.points,
        score=0.0,
        status="manual",
        message=f"A person reads this one. Compare your text with the rubric:\n{asks}",
    )


def _conclude(
    exercise: Exercise, everything: list[Trial], outcomes: list[_Outcome], seed: int
) -> Report:
    criteria = _criterion_results(outcomes)
    total = sum(c.weight for c in criteria)
    score = min(sum(c.weight for c in criteria if c.met) / total, 1.0)
    failed = [outcome for outcome in outcomes if outcome.failures]
    if not failed:
        return Report(
            exercise=exercise.id,
            title=exercise.title,
            max_points=exercise.points,
            score=1.0,
            status="passed",
            message=exercise.explanation,
            criteria=criteria,
            seed=seed,
        )
    trial, complaint = failed[0].smallest_failure
    found = diagnose(exercise, everything, failed)
    return Report(
        exercise=exercise.id,
        title=exercise.title,
        max_points=exercise.points,
        score=score,
        status="partial" if score > 0 else "failed",
        message=_message(found, failed[0].criterion, trial, complaint),
        criteria=criteria,
        misconception=found.id if found else None,
        example=wording.example(exercise, trial, wording.input_names(exercise, trial.probe)),
        printed=trial.observed.printed,
        seed=seed,
    )


def _message(
    found: Misconception | None, criterion: Criterion, trial: Trial, complaint: str
) -> str:
    if found is None:
        return wording.sentence(complaint)
    if not criterion.explains or trial.observed.fault or trial.expected.fault:
        return found.says  # what was raised is no evidence of the criterion's own
    return f"{found.says}\n\n{wording.sentence(complaint)}"


def _criterion_results(outcomes: list[_Outcome]) -> tuple[CriterionResult, ...]:
    results: list[CriterionResult] = []
    blocked = False
    for outcome in outcomes:
        criterion, failed = outcome.criterion, bool(outcome.failures)
        results.append(
            CriterionResult(
                name=criterion.name,
                weight=criterion.weight,
                met=None if blocked else not failed,
                trials=len(outcome.trials),
                complaint=outcome.smallest_failure[1] if failed else None,
            )
        )
        blocked = blocked or (criterion.essential and failed)
    return tuple(results)


def diagnose(
    exercise: Exercise, everything: Sequence[Trial], failed: Sequence[_Outcome]
) -> Misconception | None:
    """Name the misconception that did what the answer did; None if none fits.

    First the one that fits on every trial; else on all trials of the failing criteria; else on
    those of the first failing criterion, and only in what it looks at, so that a second mistake
    does not hide the first.
    """
    if any(trial.observed.mutated for trial in everything):
        return None  # the complaint says so itself, and what came may already be spoiled
    of_the_failed = [trial for outcome in failed for trial in outcome.trials]
    known: dict[tuple[str, int], Observation] = {}

    def mistaken(misconception: Misconception, trial: Trial) -> Observation:
        key = misconception.id, id(trial)  # a trial is evidence more than once, and is run once
        if key not in known:
            alone = Request([trial.inputs], trial.probe, exercise.seconds)
            (known[key],) = run(misconception.wrong, alone)
        return known[key]

    first = failed[0]
    for evidence, view in (
        (everything, _all_of_it),
        (of_the_failed, _all_of_it),
        (first.trials, first.criterion.view),
    ):
        for misconception in exercise.misconceptions:
            if _fits(misconception, evidence, view, mistaken):
                return misconception
    return None


def _all_of_it(result: Plain) -> Plain:
    return result


def _fits(
    misconception: Misconception,
    evidence: Sequence[Trial],
    view: Callable[[Plain], Plain],
    mistaken: Callable[[Misconception, Trial], Observation],
) -> bool:
    if misconception.when is not None:
        return _safely(misconception.when, evidence)
    explains = False
    for trial in evidence:  # one at a time: most mistakes are ruled out by the first
        wrong = mistaken(misconception, trial)
        if not _alike(trial.observed, wrong, view):
            return False
        explains = explains or not _alike(trial.expected, wrong, view)
    return explains  # a mistake that changes nothing here is not the reason


def _safely(when: Callable[[Sequence[Trial]], bool], trials: Sequence[Trial]) -> bool:
    try:
        return bool(when(trials))
    except Exception:
        return False  # a result of a form that this misconception does not have


def _alike(one: Observation, other: Observation, view: Callable[[Plain], Plain]) -> bool:
    if one.fault is not None and other.fault is not None:
        # The message too: two answers can raise a ValueError for unlike reasons.
        return (one.fault.type, one.fault.message) == (other.fault.type, other.fault.message)
    if one.fault is not None or other.fault is not None:
        return False
    return same(view(one.result), view(other.result))
