import doctest
import importlib.resources
import subprocess
import sys
import unicodedata
import zoneinfo
from pydoc_data.topics import topics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib import data
from course_lib.data import portions

REFERENCE, PLACES, CHARACTERS = (
    data.python_reference(),
    data.place_names(),
    data.character_names(),
)


def test_the_python_reference_holds_every_topic_once_in_the_order_of_titles() -> None:
    assert REFERENCE.documents == tuple(topics[title] for title in sorted(topics))
    assert REFERENCE.text.startswith(REFERENCE.documents[0] + "\n" + REFERENCE.documents[1])
    assert 400_000 < len(REFERENCE.text) < 700_000
    assert 'The "if" statement is used for conditional execution' in REFERENCE.text


def test_place_names_are_places_in_order_and_none_twice() -> None:
    names = list(PLACES)
    assert names == sorted(set(names))
    assert {"Paris", "New York", "Dar es Salaam", "Port-au-Prince", "Buenos Aires"} <= set(names)
    assert not {"GMT+1", "UTC", "NSW", "Knox IN", "DumontDUrville", "Eastern", "EST"} & set(names)
    assert all(name.replace(" ", "").replace("-", "").isalpha() for name in names)
    assert 450 < len(names) < 520


def test_without_tzdata_the_places_come_from_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> object:
        raise ModuleNotFoundError

    monkeypatch.setattr(importlib.resources, "files", missing)
    zones = {"Europe/Paris", "America/Indiana/Tell_City", "Etc/GMT+1", "US/Eastern", "UTC"}
    monkeypatch.setattr(zoneinfo, "available_timezones", lambda: zones)
    assert data.place_names().documents == ("Paris", "Tell City")
    monkeypatch.setattr(zoneinfo, "available_timezones", set)
    with pytest.raises(RuntimeError, match="run `pip install tzdata`"):
        data.place_names()


def test_character_names_are_those_of_unicode_and_the_same_in_every_python() -> None:
    assert len(CHARACTERS) == 12_886
    assert CHARACTERS.documents[:2] == ("SPACE", "EXCLAMATION MARK")
    assert len(set(CHARACTERS)) == len(CHARACTERS)
    for name in CHARACTERS.documents[::500]:
        assert unicodedata.name(unicodedata.lookup(name)) == name


def test_corpora_do_not_depend_on_the_hash_seed() -> None:
    code = "from course_lib import data; print(hash(1), *data.place_names(), sep='\\n')"
    out = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={"PYTHONHASHSEED": seed, "PATH": ""},
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert out[0] == out[1]


def test_a_corpus_prints_in_one_line_without_its_text() -> None:
    corpus = data.Corpus(("ab", "a"), "\n", "")
    assert repr(corpus) == "Corpus(2 documents, 4 characters, 3 distinct)"


def test_split_parts_a_corpus_by_documents() -> None:
    train, held_out = data.split(PLACES, 0.1, np.random.default_rng(0))
    assert len(held_out) == round(0.1 * len(PLACES))
    assert sorted([*train, *held_out]) == list(PLACES)
    assert list(train) != sorted(train)


# -------------------------------------------------------------- portions


def test_every_worked_number_in_a_docstring_is_true() -> None:
    result = doctest.testmod(portions)
    assert result.attempted >= 2
    assert result.failed == 0


def test_text_split_holds_out_the_end_of_text_lists_and_arrays() -> None:
    assert data.text_split("abcdefghij", 0.2) == ("abcdefgh", "ij")
    assert data.text_split([1, 2, 3], 1 / 3) == ([1, 2], [3])
    train, held_out = data.text_split(np.arange(10), 0.1)
    np.testing.assert_array_equal(np.concatenate([train, held_out]), np.arange(10))
    assert len(held_out) == 1
    with pytest.raises(ValueError, match=r"both sides, got 0\.1 of 3"):
        data.text_split("abc", 0.1)


@given(st.integers(1, 8), st.integers(1, 5), st.integers(0, 30))
def test_a_target_is_the_id_right_after_its_input(context: int, step: int, more: int) -> None:
    ids = np.random.default_rng(more).integers(0, 100, size=context + 1 + more)
    inputs, targets = data.windows(ids, context, step=step)
    assert inputs.shape == targets.shape == (more // step + 1, context)
    for i in range(len(inputs)):
        for t in range(context):
            assert inputs[i, t] == ids[i * step + t]
            assert targets[i, t] == ids[i * step + t + 1]


def test_windows_copy_nothing_and_cannot_be_written_to() -> None:
    ids = np.arange(100_000)
    inputs, targets = data.windows(ids, 256)
    assert np.shares_memory(inputs, ids)
    assert not inputs.flags.writeable
    assert not targets.flags.writeable


def test_windows_refuse_a_text_too_short_for_one_target() -> None:
    with pytest.raises(ValueError, match=r"at least 4, so .* has a target; got shape \(3,\)"):
        data.windows([1, 2, 3], 3)
    with pytest.raises(ValueError, match="must be >= 1, got 0 and 1"):
        data.windows([1, 2, 3], 0)


@given(st.integers(0, 40), st.integers(1, 12), st.booleans())
def test_batches_take_every_row_once_and_keep_the_pairs(n: int, size: int, drop: bool) -> None:
    X, y = np.arange(n)[:, None] * [1, 10], np.arange(n)
    parts = list(data.batches(X, y, batch_size=size, rng=np.random.default_rng(0), drop_last=drop))
    seen = np.concatenate([part[1] for part in parts]) if parts else np.empty(0, dtype=int)
    assert all(len(part[1]) == size for part in (parts if drop else parts[:-1]))
    assert len(set(seen)) == len(seen) == (n - n % size if drop else n)
    for xs, ys in parts:
        np.testing.assert_array_equal(xs, ys[:, None] * [1, 10])


def test_batches_differ_from_pass_to_pass_and_repeat_with_the_seed() -> None:
    def order(rng: np.random.Generator) -> list[int]:
        return [
            int(k) for (part,) in data.batches(np.arange(50), batch_size=8, rng=rng) for k in part
        ]

    one, two = np.random.default_rng(0), np.random.default_rng(0)
    first = order(one)
    assert first == order(two)
    assert first != order(one)


def test_batches_refuse_arrays_of_different_length_before_the_first_batch() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"lengths \[2, 3\] and batch_size 1"):
        data.batches(np.zeros(2), np.zeros(3), batch_size=1, rng=rng)
    with pytest.raises(ValueError, match=r"lengths \[2\] and batch_size 0"):
        data.batches(np.zeros(2), batch_size=0, rng=rng)
