"""Parcels bring values of plain kinds across as what they were, and nothing else."""

import collections
import datetime
import decimal
import fractions

import numpy as np
import pytest

from grader import plain
from grader.classroom.inside.parcel import pack, unpack

POINT = collections.namedtuple("POINT", "x y")
VALUES = [
    None, True, 3, -(2**5000), 1.5, float("inf"), "text", "x" * 50_000, b"\x00\xff",
    bytearray(b"a"),
    1 + 2j, ..., range(2, 9, 3), [1, [2, (3, {4})]], (), {"a": 1}, {1: {2: [3]}, (4, 5): None},
    frozenset({2, 3}), collections.Counter("aab"), collections.OrderedDict(a=1, b=2),
    collections.deque([1, 2]), POINT(1, 2), decimal.Decimal("1.10"), fractions.Fraction(1, 3),
    datetime.datetime(2026, 2, 1, 12, 30), datetime.date(2026, 2, 1), datetime.time(1, 2),
    datetime.timedelta(1, 2, 3), np.float32(1.5), np.int64(7), np.bool_(True), np.str_("a"),
]  # fmt: skip


def refuse(value):
    raise ValueError(f"strange: {value!r}")


def across(value, strange=refuse, **how):
    """There and back, over the wire."""
    line = plain.dumps(plain.to_plain(pack(value, strange, **how)))
    return unpack(plain.loads(line), refuse)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{type(value).__name__} {value!r:.20}")
def test_a_value_arrives_as_what_it_was(value):
    came = across(value)
    assert came == value
    assert type(came) is type(value) or type(value) is POINT
    assert repr(came) == repr(value)


def test_arrays_keep_type_shape_and_contents_and_scalars_stay_scalars():
    for value in (np.zeros((0, 3)), np.array(2.5), np.arange(6, dtype=np.int8).reshape(2, 3)):
        came = across(value)
        assert (type(came), came.dtype, came.shape) == (np.ndarray, value.dtype, value.shape)
        assert np.array_equal(came, value)
    assert type(across([np.float64(1)])[0]) is np.float64
    assert across({"a": np.array([np.nan])})["a"].dtype == np.float64


def test_views_of_dicts_and_iterators_arrive_with_the_same_elements():
    d = {"a": 1, 2: 3}
    assert across(d.keys()) == d.keys()
    assert list(across(d.values())) == [1, 3]
    assert across(d.items()) == d.items()
    assert list(across(map(str, [1, 2]), draw=True)) == ["1", "2"]
    made = across((i for i in range(3)), draw=True)
    assert type(made).__name__ == "generator"
    assert list(made) == [0, 1, 2]


class Liar(int):
    def __eq__(self, other):
        return True

    __hash__ = None


class Words(list):
    pass


@pytest.mark.parametrize(
    "value", [Liar(3), Words(), np.zeros(2).view(np.matrix), object(), len, Liar,
              np.array([object()]), collections.UserDict()],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_a_value_of_another_kind_stays_where_it_is(value):
    kept = []

    def keep(found):
        kept.append(found)
        return ["far", len(kept) - 1]

    assert pack(value, keep) == ["far", 0]
    assert pack([1, (value, {2})], keep) == [
        "list", [["plain", 1], ["tuple", [["far", 1], ["set", [["plain", 2]]]]]]
    ]  # fmt: skip
    assert all(found is value for found in kept)


def test_what_is_too_deep_stays_too():
    deep = {1}
    for _ in range(30):
        deep = {2: deep}
    kept = []
    pack(deep, lambda value: kept.append(value) or ["far", 0])
    assert len(kept) == 1
    endless: list = []
    endless.append(endless)
    pack(endless, lambda value: ["far", 0])


HOSTILE = [
    None, 3, [], ["list"], ["list", 3], ["list", [3]], ["set", [["plain", []]]], ["int", ["z"]],
    ["int", 5], ["bytes", ["0"]], ["scalar", 3], ["dict", [["plain", 1]]],
    ["dict", [[["plain", 1]]]], ["fraction", 1, 0], ["datetime", "never"],
    ["range", ["plain", 0], ["int", ["1"]], ["int", ["1"]]],
    ["fraction", ["int", ["1"]], ["int", ["0"]]], ["decimal", ["x"]], ["plain"], ["plain", 1, 2],
    ["named", "f", ["import"], [["plain", 1]]], ["named", "a b", [], []], ["named", 3, [], []],
    ["plain", plain.Foreign("x")], ["plain", [plain.Foreign("x")]], ["nothing of the kind"],
    [["plain"], 1], {"plain": 1}, ["complex", "a", "b"], ["time", 3], ["delta", 10**12, 0, 0],
]  # fmt: skip


@pytest.mark.parametrize("parcel", HOSTILE, ids=lambda parcel: f"{parcel!r:.40}")
def test_what_is_no_parcel_is_refused_in_one_way(parcel):
    with pytest.raises(ValueError):  # noqa: PT011  # any: the words are Python's
        unpack(parcel, refuse)
