"""The judge's verdicts: reproducible, graded in parts, and true of whatever comes as an answer."""

import functools
import json
import math
import time
import warnings
from unittest.mock import MagicMock, Mock

import numpy as np
import pytest
import torch  # here, because its import alone outlasts the time limit of an answer
from made_up import (
    DOUBLE,
    altered,
    double,
    judged,
    made_up_choice,
    made_up_reflection,
    made_up_result,
)

from grader.exercise import Criterion, Holds, Misconception, Values
from grader.judge import judge
from grader.probe import reply
from grader.prober import LocalProber, WireProber


def test_the_reference_and_every_alternative_earn_all():
    for answer in (DOUBLE.reference, *DOUBLE.alternatives):
        report = judged(answer)
        assert report.passed
        assert report.points == 4
        assert report.misconception is None


@pytest.mark.parametrize("misconception", DOUBLE.misconceptions, ids=lambda m: m.id)
def test_a_misconception_is_named_whatever_the_seed(misconception):
    for seed in range(50):
        report = judged(misconception.wrong, seed=seed)
        assert (report.misconception, report.message) == (misconception.id, misconception.says)


def test_the_same_seed_gives_the_same_report_and_another_gives_other_inputs():
    wrong = DOUBLE.misconceptions[0].wrong
    assert judged(wrong, seed=7) == judged(wrong, seed=7)
    assert judged(wrong, seed=7).example != judged(wrong, seed=8).example


def test_an_answer_elsewhere_gets_the_same_report():
    for answer in (double, lambda x: x / 2, lambda x: None, lambda x: 1 / 0):
        here = judge(DOUBLE, LocalProber(answer), 3)
        there = judge(DOUBLE, WireProber(functools.partial(reply, answer)), 3)
        assert there == here


def test_points_are_earned_by_criterion():
    only_small = judged(lambda x: 2 * x if x.size > 1 else 3 * x, altered(criteria=[
        Values("doubles many", weight=3, where=lambda x: x.size > 1),
        Values("doubles one", weight=1, where=lambda x: x.size == 1),
    ]))  # fmt: skip
    assert only_small.status == "partial"
    assert only_small.points == 3
    assert [c.met for c in only_small.criteria] == [True, False]


def test_after_an_essential_criterion_failed_nothing_more_is_earned():
    cases = [
        Values("doubles many", where=lambda x: x.size > 1, essential=True),
        Values("doubles one", where=lambda x: x.size == 1),
    ]
    report = judged(lambda x: 2 * x if x.size == 1 else x + 1, altered(criteria=cases))
    assert report.points == 0
    assert [c.met for c in report.criteria] == [False, None]
    first_holds = judged(lambda x: 2 * x if x.size > 1 else x + 1, altered(criteria=cases))
    assert [c.met for c in first_holds.criteria] == [True, False]


def test_the_smallest_failing_input_is_shown():
    example = judged(lambda x: np.sort(x)[::-1] * 2.5).example
    (name, shown), required, came = example.inputs[0], example.required, example.came
    assert name == "x"
    assert "," not in shown  # one number, although the first case has three
    assert required != came


def test_an_example_says_in_what_it_differs_when_it_looks_the_same():
    example = judged(lambda x: (2 * x).tolist()).example
    assert "an array of shape (1,) was required, a list of 1 item came" in example.came


class Complaint(Exception):
    def __str__(self):
        raise RuntimeError


def raising(error):
    def answer(x):
        raise error

    return answer


class Lying(np.ndarray):
    def __eq__(self, other):
        return np.ones(self.shape, bool)

    def __array__(self, *args, **kwargs):
        return np.zeros(3)


class Number:
    def __float__(self):
        return 2.0

    def __array__(self, *args, **kwargs):
        return np.zeros(3)

    def __eq__(self, other):
        return True

    __hash__ = None


class Unprintable:
    def __repr__(self):
        raise RuntimeError

    __str__ = __repr__


def overwrites(x):
    x *= 2
    return x


def goes_on(x):
    return goes_on(x)


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


def torch_double(x):
    return 2 * torch.from_numpy(x)


BAD = {
    "a string": ("double", "without quotes"),
    "None": (None, "A function was required, a NoneType came"),
    "a number": (3, "A function was required, a int came"),
    "a result": (np.ones(3), "without calling it"),
    "too few parameters": (lambda: 1, "takes 0 positional arguments but 1 was given"),
    "too many parameters": (lambda x, y: 1, "missing 1 required positional argument: 'y'"),
    "raises": (raising(ValueError("no luck")), "Your code raised ValueError: no luck"),
    "raises what cannot be printed": (raising(Complaint()), "Your code raised Complaint"),
    "exits": (raising(SystemExit(0)), "Your code raised SystemExit: 0"),
    "recursion without end": (goes_on, "RecursionError"),
    "asks": (lambda x: float(input("x? ")), "nobody types while it runs"),
    "prints": (lambda x: print(2 * x), "`return` the result, not `print` it"),
    "forgets to return": (lambda x: None, "None came back: is a `return` missing?"),
    "overwrites its input": (overwrites, "changes its input `x`"),
    "nan": (lambda x: x * math.nan, "nan came"),
    "inf": (lambda x: x * math.inf, "inf came"),
    "one shape": (lambda x: (2 * x)[:, None], "shape (1, 1) came"),
    "no shape": (lambda x: float(2 * x[0]), "a single number came"),
    "float32": (lambda x: (2 * x).astype("f4"), "precision is lost"),
    "integers": (lambda x: (2 * x).astype(int), "integers came"),
    "a list": (lambda x: [2 * n for n in x], "`np.array(...)` makes an array of it"),
    "a generator": (lambda x: (2 * n for n in x), "a generator came"),
    "a tensor": (torch_double, "torch.Tensor came; NumPy is asked for"),
    "objects": (lambda x: (2 * x).astype(object), "numpy.ndarray of dtype object came"),
    "masked": (lambda x: np.ma.masked_array(2 * x), "MaskedArray came"),
    "a matrix": (lambda x: (2 * x).view(np.matrix), "numpy.matrix came"),
    "a function": (lambda x: double, "a function came"),
    "lying array": (lambda x: (3 * x).view(Lying), "test_judge.Lying came"),
    "lying number": (lambda x: Number(), "test_judge.Number came"),
    "unprintable": (lambda x: Unprintable(), "test_judge.Unprintable came"),
    "mock": (Mock(), "unittest.mock.Mock came"),
    "magic mock": (MagicMock(), "unittest.mock.MagicMock came"),
    "partial": (functools.partial(np.multiply, 4), "was required"),
    "a builtin": (np.sign, "was required"),
    "a class": (dict, "Your code raised TypeError"),
    "decorated": (decorated(lambda x: 5 * x), "was required"),
    "huge": (lambda x: np.zeros((5,) * 9), "shape (5, 5, 5, 5, 5, 5, 5, 5, 5) came"),
    "more than memory": (lambda x: np.broadcast_to(x, (10**9, len(x))), "MiB came"),
    "a million items": (lambda x: [0.0] * 10**6, "too large to look at came"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer_gets_a_report_of_its_own_in_time(name):
    answer, words = BAD[name]
    started = time.monotonic()
    report = judged(answer)
    assert time.monotonic() - started < 3
    assert words in report.message
    assert report.points == 0
    assert report.misconception is None
    json.dumps(report.as_dict(), allow_nan=False)
    assert str(report)
    assert report.to_html()


def test_an_answer_without_end_is_stopped_once_not_in_every_part():
    def endless(x):
        while True:
            pass

    slow = altered(
        criteria=[Values("a"), Values("b", cases=lambda rng: DOUBLE.cases(rng)[:1])],
    )
    started = time.monotonic()
    report = judged(endless, slow)
    assert "was stopped after 1 s" in report.message
    assert time.monotonic() - started < 2.5


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: 2 * x + 1e-12,
        lambda x: (2 * x).astype(np.longdouble),
        functools.partial(np.multiply, 2),
        decorated(double),
        np.vectorize(lambda n: 2 * n),
        type("Callable", (), {"__call__": lambda self, x: 2 * x})(),
    ],
)
def test_a_right_answer_of_another_form_passes(answer):
    assert judged(answer).passed


def test_returning_an_input_is_a_fault_only_where_the_values_are_right():
    same = altered(reference=lambda x: x.copy(), misconceptions=[])
    assert "shares its memory with an input" in judged(lambda x: x, same).message
    assert judged(lambda x: x, altered(reference=np.copy, may_return_input=True)).passed
    assert "was required" in judged(lambda x: x).message


def test_a_global_change_by_an_answer_is_undone_where_it_can_be():
    def careless(x):
        np.seterr(all="raise")
        warnings.simplefilter("error")
        return 2 * x

    state = np.geterr()
    assert judged(careless).passed
    assert np.geterr() == state


def test_what_an_answer_sets_for_printing_changes_no_report():
    before = judged(lambda x: x / 3).example
    with np.printoptions(precision=1, formatter={"float": lambda x: "?"}):
        assert judged(lambda x: x / 3).example == before


def test_a_stub_is_not_started_and_says_where_to_begin():
    report = judged(raising(NotImplementedError("yours")))
    assert report.status == "not started"
    assert "Write `double`" in report.message
    assert 'hint("made_up.double")' in report.message


def test_a_half_written_class_is_told_what_is_missing():
    def build(cls, x):
        return cls().run(x)

    class Half:
        def run(self, x):
            raise NotImplementedError

    report = judged(Half, altered(kind="class", probe=build, answer="Half"))
    assert report.status == "not started"
    assert "Still to write" in report.message
    assert "in run: raise NotImplementedError" in report.message


def test_a_value_that_is_none_is_not_started():
    report = judged(None, made_up_result())
    assert report.status == "not started"
    assert "`numbers` is None" in report.message


def test_an_instance_for_a_class_is_refused():
    class Answer:
        pass

    report = judged(Answer(), altered(kind="class", answer="Answer"))
    assert report.status == "unusable"
    assert "A class was required, a test_judge." in report.message
    assert "without calling it" in report.message


def uses_forbidden(x):
    return np.multiply(x, 2)


def test_a_forbidden_function_is_refused_by_name():
    report = judged(uses_forbidden, altered(forbid=["numpy.multiply"]))
    assert (report.status, report.points) == ("unusable", 0)
    assert "`numpy.multiply` may not do the work" in report.message
    assert judged(uses_forbidden, altered(forbid=["numpy.mult"])).passed


def refuses_negative(x):
    if x[0] < 5:
        raise ValueError("at least 5")
    return 2 * x


def test_an_exception_can_be_what_is_required():
    cases = altered(reference=refuses_negative, cases=lambda rng: [(np.array([1.0]),)])
    assert judged(refuses_negative, cases).passed
    assert judged(raising(ValueError("other words")), cases).passed
    assert "a ValueError was required for this input (at least 5); none came" in (
        judged(double, cases).message.replace("A Value", "a Value")
    )
    assert "KeyError came" in judged(raising(KeyError("k")), cases).message


def test_of_two_mistakes_the_first_is_named():
    exercise = altered(
        reference=lambda x: {"first": 2 * x, "second": 3 * x},
        criteria=[Values("first", part="first"), Values("second", part="second")],
        misconceptions=[
            Misconception("second", lambda x: {"first": 2 * x, "second": x}, "Second."),
            Misconception("first", lambda x: {"first": x, "second": 3 * x}, "First."),
        ],
    )
    assert judged(lambda x: {"first": x, "second": 3 * x}, exercise).misconception == "first"
    assert judged(lambda x: {"first": 2 * x, "second": x}, exercise).misconception == "second"
    assert judged(lambda x: {"first": x, "second": x}, exercise).misconception == "first"
    assert judged(lambda x: {"first": 9 * x, "second": x}, exercise).misconception is None


def test_a_mistake_that_would_change_nothing_here_is_not_the_reason():
    only_for_small = Misconception("rare", lambda x: 2 * x if x.size > 1 else x, "Rare.")
    report = judged(
        lambda x: (2 * x).astype("f4"),
        altered(
            criteria=[Values("many", where=lambda x: x.size > 1), Values("all")],
            misconceptions=[only_for_small],
        ),
    )
    assert report.misconception is None


def test_two_unlike_exceptions_of_a_type_are_not_one_mistake():
    exercise = altered(misconceptions=[Misconception("one", raising(ValueError("a")), "One.")])
    assert judged(raising(ValueError("a")), exercise).misconception == "one"
    assert judged(raising(ValueError("b")), exercise).misconception is None


def test_a_recognition_that_breaks_recognises_nothing():
    breaks = Misconception("one", double, "One.", when=lambda trials: trials[0].nothing)
    assert judged(lambda x: 5 * x, altered(misconceptions=[breaks])).misconception is None


def test_a_criterion_that_breaks_is_a_complaint():
    class Breaks(Criterion):
        def complaint(self, trial):
            raise ZeroDivisionError

    def breaks(result, x):
        raise OverflowError

    for criterion in (Breaks("breaks"), Holds("breaks", test=breaks)):
        report = judged(double, altered(criteria=[criterion]))
        assert "has a form that cannot be judged" in report.message


def test_a_property_of_a_misshapen_result_gives_no_value_away():
    exercise = made_up_result()
    exercise = altered(exercise, criteria=[Holds("x", test=lambda r: r.nothing)])
    assert "cannot be judged" in judged(np.array([7.0, 8.0, 9.0]), exercise).message
    assert "Shape (3,) was required" in judged(np.array([7.0]), exercise).message


def test_a_wrong_value_shows_no_example_of_what_was_required():
    report = judged(np.array([7.0, 8.0, 9.0]), made_up_result())
    assert report.status == "failed"
    assert report.example is None


@pytest.mark.parametrize("answer", ["b", "B", " b) ", "b."])
def test_a_choice_is_a_letter_however_it_is_written(answer):
    report = judged(answer, made_up_choice())
    assert report.passed
    assert report.message == "It was b."


@pytest.mark.parametrize("answer", ["", "z", "bb", 2, b"b", ["b"], np.array(["b"]), Number(), {}])
def test_what_is_no_letter_reveals_nothing(answer):
    report = judged(answer, made_up_choice())
    assert report.points == 0
    assert report.message == "One of the letters a, b, c, d, e was required, in quotes."


def test_a_wrong_letter_meets_its_misconception():
    report = judged("d", made_up_choice())
    assert (report.misconception, report.message) == ("chose_d", "Not d.")


def test_a_reflection_is_graded_by_a_person():
    report = judged("because", made_up_reflection())
    assert (report.status, report.score, report.max_points) == ("manual", 0.0, 3)
    assert "2 · says why" in report.message


def test_warnings_of_the_judges_own_numbers_do_not_show():
    def overflows(result):
        return None if np.float64(1e308) * 10 == np.inf else "no"

    assert judged(
        np.ones(3), altered(made_up_result(), criteria=[Holds("x", test=overflows)])
    ).passed
