"""The one description of a task: `Exercise`, with its `Criterion`s and `Misconception`s.

Four things read it: the instant check in a notebook, the grading of a class, the proof of the
grader (`course verify`), and the report of what a class misunderstood.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from grader.compare import NumberKind, difference
from grader.plain import Plain
from grader.probe import Inputs, Observation, Probe, call, value

UNJUDGEABLE = "the result has a form that cannot be judged"

CaseMaker: TypeAlias = Callable[[np.random.Generator], Sequence[Inputs]]
Kind = Literal["function", "class", "result", "choice", "reflection"]


def no_inputs(rng: np.random.Generator) -> Sequence[Inputs]:
    """One case without inputs: for results and choices, which are looked at, not called."""
    return [()]


@dataclass(frozen=True)
class Trial:
    """One case as the judge sees it: the inputs, what the answer did, what the reference did."""

    inputs: Inputs
    observed: Observation
    expected: Observation
    probe: Probe = call


@dataclass(frozen=True)
class Criterion:
    """One thing a right answer does; it earns its share of the points on its own.

    Attributes:
        name: what holds when it is met, in words that complete "Your answer ...".
        weight: its share of the exercise's points, relative to the other criteria.
        cases: its own inputs; by default those of the exercise.
        probe: its own probe; by default that of the exercise.
        where: which of the inputs it judges; by default all.
        essential: while it fails, the criteria listed after it earn nothing. For properties that
            an answer which does nothing at all would also have.
        explains: its complaint is shown also when a misconception is named. For evidence that a
            learner reads beside the name of the mistake, such as a measured slope.
    """

    name: str
    weight: float = 1.0
    cases: CaseMaker | None = None
    probe: Probe | None = None
    where: Callable[..., bool] | None = None
    essential: bool = False
    explains: bool = False

    def complaint(self, trial: Trial) -> str | None:
        """Say what is wrong in this trial, or return None. The call itself raised nothing."""
        raise NotImplementedError

    def view(self, result: Plain) -> Plain:
        """The part of a result that this criterion looks at."""
        return result


@dataclass(frozen=True)
class Values(Criterion):
    """The result equals the reference's: type, shape, kind of number, and value.

    Attributes:
        part: where the probe gives a dict, the entry to compare; by default the whole result.
    """

    part: str = ""
    rtol: float = 1e-6
    atol: float = 1e-9
    numbers: NumberKind = "same"

    def complaint(self, trial: Trial) -> str | None:
        """See `grader.compare.difference`."""
        return difference(
            self.view(trial.observed.result),
            self.view(trial.expected.result),
            rtol=self.rtol,
            atol=self.atol,
            numbers=self.numbers,
            where=f"`{self.part}`" if self.part else "",
        )

    def view(self, result: Plain) -> Plain:
        """The named part of a dict, else all of it."""
        return result.get(self.part) if self.part and isinstance(result, dict) else result


@dataclass(frozen=True)
class Holds(Criterion):
    """A property of the result: `test(result, *inputs)` gives a complaint, or None if it holds.

    The result is plain data of any shape or type: the test must not assume that it is well formed
    (an exception in it counts as a complaint).
    """

    test: Callable[..., str | None] = lambda result, *inputs: None

    def complaint(self, trial: Trial) -> str | None:
        """Run the test on the result."""
        try:
            return self.test(trial.observed.result, *trial.inputs)
        except Exception:
            # Only the form is compared: the values would give the answer away.
            form = difference(trial.observed.result, trial.expected.result, atol=np.inf)
            return form or UNJUDGEABLE


@dataclass(frozen=True)
class Misconception:
    """A mistake that learners make, with an answer that makes it and what to say to them.

    An answer is recognised when it does what `wrong` does on every input; or, where that asks too
    much (trained weights), when `when` says so of the trials.
    """

    id: str
    wrong: Any
    says: str
    when: Callable[[Sequence[Trial]], bool] | None = None


@dataclass(frozen=True)
class Exercise:
    """A task: what it asks, how it is judged, what goes wrong, what helps.

    Attributes:
        id: "<lesson topic>.<name>", for instance "perceptron.update".
        lesson: the lesson's folder, for instance "01_perceptron".
        title: a few words for progress views and reports.
        points: the most it earns.
        reference: the oracle. Its source is lifted into the solution notebook.
        criteria: what is judged, in the order in which a failure tells most.
        misconceptions: the mistakes that feedback names.
        alternatives: other right answers; they must pass.
        hints: from a nudge to almost the answer.
        cases: draws fresh inputs for a check, the smallest first.
        probe: runs where the answer lives; by default the answer is called.
        kind: function, class, result, choice or reflection.
        answer: the name that the notebook gives to the answer; by default the reference's.
        forbid: dotted names that would do the learner's work, such as "sklearn".
        may_return_input: the result may be, or share memory with, an input.
        seconds: time limit of one check.
        explanation: shown once it is right; for a choice, after the answer has been recorded.
        rubric: for a reflection, what a good answer says, each with its points.
    """

    id: str
    lesson: str
    title: str
    points: int
    reference: Any
    criteria: Sequence[Criterion] = ()
    misconceptions: Sequence[Misconception] = ()
    alternatives: Sequence[Any] = ()
    hints: Sequence[str] = ()
    cases: CaseMaker = no_inputs
    probe: Probe = call
    kind: Kind = "function"
    answer: str = ""
    forbid: Sequence[str] = ()
    may_return_input: bool = False
    seconds: float = 2.0
    explanation: str = ""
    rubric: Sequence[tuple[int, str]] = ()

    @property
    def answer_name(self) -> str:
        """The name of the answer in the notebook."""
        return self.answer or str(getattr(self.reference, "__name__", ""))

    @property
    def grade_id(self) -> str:
        """The id of the answer's cell for nbgrader, which allows no dots."""
        return self.id.replace(".", "-")

    @property
    def is_callable(self) -> bool:
        """Whether the answer is something to call: a function or a class."""
        return self.kind in ("function", "class")


def letters(exercise: Exercise) -> list[str]:
    """The letters that a choice offers."""
    return sorted([exercise.reference, *(m.wrong for m in exercise.misconceptions)])


def chosen(answer: Any) -> Any:
    """The probe of a choice: the letter, in lower case, without a bracket or dot after it."""
    return answer.strip().lower().rstrip(").") if type(answer) is str else answer


@dataclass(frozen=True)
class Option:
    """One wrong option of a choice and the misconception behind it."""

    id: str
    says: str


def choice(
    id: str,
    *,
    lesson: str,
    title: str,
    points: int,
    answer: str,
    right: str,
    wrong: dict[str, Option],
    explanation: str,
    hints: Sequence[str],
) -> Exercise:
    """A prediction or multiple-choice exercise: recorded first, then judged.

    Args:
        id: the exercise's id.
        lesson: the lesson's folder.
        title: a few words.
        points: for the right option.
        answer: the variable that holds the learner's letter.
        right: the letter of the right option.
        wrong: the other letters, each with the misconception behind it.
        explanation: shown after the right option was recorded.
        hints: from a nudge to almost the answer.
    """
    letters = sorted([right, *wrong])

    def is_right(result: Plain) -> str | None:
        if not isinstance(result, str) or result not in letters:
            return f"one of the letters {', '.join(letters)} was required, in quotes"
        return None if result == right else f"{result!r} is not what happens"

    return Exercise(
        id=id,
        lesson=lesson,
        title=title,
        points=points,
        kind="choice",
        reference=right,
        answer=answer,
        probe=chosen,
        criteria=[Holds("picks what happens", test=is_right)],
        misconceptions=[Misconception(o.id, letter, o.says) for letter, o in wrong.items()],
        alternatives=[right.upper(), f" {right})"],
        explanation=explanation,
        hints=hints,
    )


def result(id: str, **description: Any) -> Exercise:
    """An exercise whose answer is a value, such as trained weights; see `Exercise`."""
    return Exercise(id=id, kind="result", **{"probe": value, **description})


def reflection(
    id: str, *, lesson: str, title: str, rubric: Sequence[tuple[int, str]], hints: Sequence[str]
) -> Exercise:
    """A written answer, graded by a person along a rubric; its points are the rubric's sum."""
    return Exercise(
        id=id,
        lesson=lesson,
        title=title,
        points=sum(points for points, _ in rubric),
        kind="reflection",
        reference=None,
        rubric=rubric,
        hints=hints,
    )
