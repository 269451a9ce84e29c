"""Differences between values, in words that are true; no pair of plain values breaks them."""

import math

import numpy as np
import pytest
from hypothesis import given
from test_plain import PLAIN

from grader.compare import describe, difference, same
from grader.plain import Foreign
from grader.wording import show

THREE = np.array([1.0, 2.0, 3.0])


@given(PLAIN, PLAIN)
def test_any_two_plain_values_can_be_compared_described_and_shown(came, required):
    for numbers in ("same", "any"):
        found = difference(came, required, numbers=numbers)
        assert found is None or len(found) < 2000
    assert describe(came)
    assert len(show(came)) < 2100


@given(PLAIN)
def test_a_value_is_the_same_as_itself(value):
    assert same(value, value)


@pytest.mark.parametrize(
    ("came", "required"),
    [
        (1, 1.0),
        (1.0 + 1e-9, 1.0),
        (np.array(2.0), 2.0),
        (np.array(2), 2.0),
        (np.array(3, dtype="i1"), 3),
        (np.array(3, dtype="u2"), 3),
        (-0.0, 0.0),
        ([1, 2], (1, 2)),
        ([np.array(1), 2], [1, 2]),
        (math.nan, math.nan),
        (np.array([math.nan, 1]), np.array([math.nan, 1])),
        (math.inf, math.inf),
        (np.asfortranarray(np.ones((2, 3))), np.ones((2, 3))),
        (THREE.astype(np.longdouble), THREE),
        ({"a": 1, "b": THREE}, {"b": THREE, "a": 1.0}),
        (np.zeros((0, 3)), np.zeros((0, 3))),
    ],
)
def test_values_that_agree(came, required):
    assert difference(came, required) is None


@pytest.mark.parametrize(
    ("came", "required", "words"),
    [
        (None, THREE, "None came back: is a `return` missing?"),
        (None, (1, 2), "None came back: is a `return` missing?"),
        (math.nan, 1.0, "1 was required, nan came"),
        (THREE[:, None], THREE, "shape (3,) was required, shape (3, 1) came"),
        (THREE[:1], 1.0, "a single number was required, shape (1,) came"),
        (THREE.astype("f4"), THREE, "float64 was required, float32 came: precision is lost"),
        (THREE.astype(int), THREE, "floats were required, integers came (dtype int64)"),
        (THREE > 0, THREE, "floats were required, booleans came"),
        (THREE + 0j, THREE, "floats were required, complex numbers came"),
        (THREE.astype(str), THREE, "floats were required, strings came"),
        (THREE.tolist(), THREE, "a list of 3 items came; `np.array(...)` makes an array of it"),
        (True, 1, "integers were required, booleans came"),
        (2**300, 1, "integers were required, enormous integers came"),
        (Foreign("generator"), THREE, "a generator came"),
        (Foreign("torch.Tensor"), THREE, "a torch.Tensor came; NumPy is asked for here"),
        ("ab", THREE, "an array of shape (3,) was required, 'ab' came"),
        ("ab", "cd", "'cd' was required, 'ab' came"),
        (THREE, (1, 2), "a tuple of 2 items was required, an array of shape (3,) came"),
        ((1,), (1, 2), "2 items were required, 1 came"),
        ((1, 5), (1, 2), "item 1 of the result: 2 was required, 5 came"),
        ({"a": 1}, {"b": 1}, "a dict of 1 item was required"),
        ({"a": 1}, {"a": 2}, "`a`: 2 was required, 1 came"),
        ([[1], [2]], [[1], [3]], "item 0 of item 1 of the result: 3 was required, 2 came"),
        (np.array([1.0, math.nan, 3.0]), THREE, "nan comes from 0 / 0"),
        (np.array([1.0, 2.5, 3.5]), THREE, "at index [1] 2 was required, 2.5 came (2 of 3"),
        (1.0000021, 1.0, "1 was required, 1.0000021 came"),
        (10_000_001, 10_000_000, "10000000 was required, 10000001 came"),
        (np.array("a"), [1], "a list of 1 item was required, the number 'a' came"),
    ],
)
def test_a_difference_says_what_was_required_and_what_came(came, required, words):
    assert words in difference(came, required)


def test_whole_numbers_agree_exactly_or_not_at_all():
    one, other = np.array([10**9]), np.array([10**9 + 1])
    assert difference(one, other) is not None
    assert difference(one.astype(float), other.astype(float)) is None


def test_kinds_of_numbers_can_be_interchangeable():
    assert difference(np.array([1, -1]), np.array([1.0, -1.0]), numbers="any") is None
    assert difference(np.array([1.0, -1.0]), np.array([1, -1]), numbers="any") is None
    assert difference(np.array([True]), np.array([1]), numbers="any") is not None


def test_a_tolerance_is_relative_and_absolute():
    assert difference(1e6 + 0.5, 1e6) is None
    assert difference(1e-10, 0.0) is None
    assert difference(1e6 + 0.5, 1e6, rtol=1e-9) is not None


def test_nan_at_other_places_is_another_result():
    assert not same(np.array([math.nan, 0]), np.array([0, math.nan]))
    assert not same(math.inf, -math.inf)
    assert same((math.nan, [THREE]), (math.nan, [THREE]))


def test_a_number_is_not_described_by_an_overflow():
    assert describe(2**511).startswith("the number 67039")
    assert describe(np.array(1 + 2j)) == "the number (1+2j)"
    assert describe(np.array(1.5, dtype=np.longdouble)) == "the number 1.5"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.3"),
        (np.array([1.0, -0.5]), "[ 1. , -0.5]"),
        (np.arange(100), "[ 0,  1, ..., 98, 99]"),
        ((1, "a", None), "(1, 'a', None)"),
        (list(range(13)), "[0, 1, 2, 3, 4, 5, ..., 12]"),
        (Foreign("generator"), "<generator>"),
        ({"w": THREE, "b": 1.0}, "w: [1., 2., 3.]\nb: 1"),
    ],
)
def test_values_are_shown_compactly(value, text):
    assert show(value) == text


def test_an_array_of_many_axes_is_not_spelled_out():
    shown = show(np.zeros((5,) * 9))
    assert shown.startswith("an array of shape (5, 5, 5, 5, 5, 5, 5, 5, 5) that begins with [0.")


def test_what_a_learner_set_for_printing_changes_no_report():
    before = show(np.array([1 / 3, 1e9]))
    with np.printoptions(precision=1, suppress=True, formatter={"float": lambda x: "?"}):
        assert show(np.array([1 / 3, 1e9])) == before
