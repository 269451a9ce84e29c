import doctest
import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib import data, text
from course_lib.text import CHUNKS, BPETokenizer, CharTokenizer

# Special tokens chosen to overlap: one begins with the other.
LEARNED = BPETokenizer.train(
    "the theme of the thesis, then: 1000 + 2000 = 3000\n\n" * 3 + "naïve Größe \u4f60\u597d" * 2,
    vocab_size=330,
    special_tokens=["<|end|>", "<|end|>!"],
)
whole_text = st.text(st.characters(exclude_categories=["Cs"]))


def test_every_worked_number_in_a_docstring_is_true() -> None:
    result = doctest.testmod(text)
    assert result.attempted >= 6
    assert result.failed == 0


# -------------------------------------------------------------- characters


@given(whole_text.filter(bool))
def test_characters_round_trip(sample: str) -> None:
    tokenizer = CharTokenizer(sample)
    ids = tokenizer.encode(sample)
    assert tokenizer.decode(ids) == sample
    assert tokenizer.decode(np.array(ids)) == sample
    assert set(ids) == set(range(len(tokenizer)))


def test_an_unknown_character_is_named_with_its_place() -> None:
    with pytest.raises(ValueError, match=r"among the 3 that .* made from, got 'x' at position 2"):
        CharTokenizer("banana").encode("baxa")


@pytest.mark.parametrize("wrong", [-1, 3])
def test_an_id_outside_the_vocabulary_is_refused(wrong: int) -> None:
    with pytest.raises(ValueError, match=rf"ids must lie in \[0, 3\), got {wrong}"):
        CharTokenizer("banana").decode([0, wrong])


def test_a_tokenizer_of_no_characters_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one character"):
        CharTokenizer("")


# -------------------------------------------------------------- byte pairs: learning


def test_merges_match_the_example_worked_by_hand() -> None:
    # Wikipedia, "Byte pair encoding": aaabdaaabac -> ZabdZabac -> ZYdZYac -> XdXac
    steps = {256: "Z a b d Z a b a c", 257: "Z Y d Z Y a c", 258: "X d X a c"}
    letters = {256: "Z", 257: "Y", 258: "X"}
    for last, by_hand in steps.items():
        tokenizer = BPETokenizer.train("aaabdaaabac", vocab_size=last + 1)
        ids = tokenizer.encode("aaabdaaabac")
        assert " ".join(letters.get(k) or chr(k) for k in ids) == by_hand
    assert tokenizer.merges == [(97, 97), (97, 98), (256, 257)]


def test_merges_match_counting_by_hand_over_words() -> None:
    # Chunks: "low" x1, " low" x4, " lower" x2. Pairs: lo 7, ow 7, " l" 6, we 2, er 2.
    # Tie lo/ow: "l" is 108, "o" 111, so lo first (256). Then 256+w: 7 -> 257 "low".
    # Then " "+257: 6 -> 258 " low". Then (258, e) 2 against (e, r) 2: 101 < 258, so er -> 259.
    # Then 258+259: 2 -> 260. Then nothing is seen twice.
    tokenizer = BPETokenizer.train("low low low low low lower lower", vocab_size=1000)
    assert tokenizer.merges == [(108, 111), (256, 119), (32, 257), (101, 114), (258, 259)]
    assert len(tokenizer) == 261
    assert tokenizer.vocabulary[260] == b" lower"


def naive_merges(sample: str, count: int) -> list[tuple[int, int]]:
    """The definition, word by word and from scratch at every step."""
    words = [list(chunk) for chunk in CHUNKS.findall(sample.encode())]
    merges: list[tuple[int, int]] = []
    for new in range(256, 256 + count):
        counts = Counter(pair for word in words for pair in pairwise(word))
        if not counts or max(counts.values()) < 2:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        for word in words:
            k = 0
            while k + 1 < len(word):
                if (word[k], word[k + 1]) == best:
                    word[k : k + 2] = [new]
                k += 1
    return merges


@given(st.text(alphabet="ab c1!\n", max_size=80), st.integers(0, 30))
def test_updating_counts_gives_the_merges_that_counting_afresh_gives(sample: str, n: int) -> None:
    assert BPETokenizer.train(sample, 256 + n).merges == naive_merges(sample, n)


def test_training_on_the_python_reference_shortens_it_to_words_and_syllables() -> None:
    reference = data.python_reference().text
    tokenizer = BPETokenizer.train(reference, vocab_size=1000)
    ids = tokenizer.encode(reference)
    assert len(tokenizer) == 1000
    assert {b" the", b" class", b" object"} <= set(tokenizer.vocabulary)
    assert len(ids) < 0.4 * len(reference)  # 0.345 on Python 3.11, other versions differ a little
    assert tokenizer.decode(ids) == reference


def test_no_merge_joins_two_words_or_a_word_and_a_number() -> None:
    tokenizer = BPETokenizer.train("the end 10\nthe end 10\n" * 5, vocab_size=400)
    assert {b"the", b" end", b" 10"} <= set(tokenizer.vocabulary)
    assert not any(b"e e" in token or b"d 1" in token for token in tokenizer.vocabulary)


def test_a_vocabulary_without_room_for_bytes_and_special_tokens_is_refused() -> None:
    with pytest.raises(ValueError, match=r"256 bytes \+ 1 special tokens, got 256"):
        BPETokenizer.train("text", 256, ["<|end|>"])


# -------------------------------------------------------------- byte pairs: there and back


@given(st.binary())
def test_chunks_lose_no_byte(sample: bytes) -> None:
    assert b"".join(CHUNKS.findall(sample)) == sample


@given(st.binary())
def test_any_bytes_round_trip(sample: bytes) -> None:
    ids = LEARNED.encode_bytes(sample)
    assert LEARNED.decode_bytes(ids) == sample
    assert LEARNED.decode_bytes(np.array(ids, dtype=np.int64)) == sample


@given(whole_text, st.booleans())
def test_any_text_round_trips(sample: str, allow_special: bool) -> None:
    ids = LEARNED.encode(sample, allow_special=allow_special)
    assert LEARNED.decode(ids, errors="strict") == sample


@given(st.text(alphabet="the sim<|end>!", max_size=60))
def test_text_near_to_what_was_learned_round_trips(sample: str) -> None:
    for allow_special in (False, True):
        ids = LEARNED.encode(sample, allow_special=allow_special)
        assert LEARNED.decode(ids) == sample


@given(st.lists(st.integers(0, len(LEARNED) - 1), max_size=30))
def test_whatever_ids_a_model_writes_decode_gives_text(ids: list[int]) -> None:
    ours = LEARNED.decode(ids)
    pieces = b"".join(LEARNED.decode_bytes([k]) for k in ids)
    assert ours == pieces.decode("utf-8", "replace")


def test_half_a_character_becomes_the_replacement_character_or_an_error() -> None:
    ids = LEARNED.encode("é")
    assert LEARNED.decode(ids[:1]) == "\ufffd"
    with pytest.raises(UnicodeDecodeError):
        LEARNED.decode(ids[:1], errors="strict")


def test_a_surrogate_is_refused_with_its_place_and_the_way_out() -> None:
    with pytest.raises(ValueError, match=r"'\\ud800' at position 2; encode_bytes takes any bytes"):
        LEARNED.encode("ab\ud800")


def test_special_tokens_are_read_only_where_allowed_and_the_longer_one_wins() -> None:
    end, loud = len(LEARNED) - 2, len(LEARNED) - 1
    assert LEARNED.encode("<|end|>!<|end|>", allow_special=True) == [loud, end]
    plain = LEARNED.encode("<|end|>!<|end|>")
    assert not {end, loud} & set(plain)
    assert LEARNED.decode(plain) == LEARNED.decode([loud, end]) == "<|end|>!<|end|>"


@pytest.mark.parametrize("names", [[""], ["<s>", "<s>"]])
def test_special_tokens_that_cannot_be_told_apart_are_refused(names: list[str]) -> None:
    with pytest.raises(ValueError, match="special tokens must not be empty and come once"):
        BPETokenizer([], names)


def test_merges_that_cannot_have_been_learned_are_refused() -> None:
    with pytest.raises(ValueError, match=r"join ids in \[0, 257\), got \(97, 257\)"):
        BPETokenizer([(97, 97), (97, 257)])
    with pytest.raises(ValueError, match="every merge must come once"):
        BPETokenizer([(97, 97), (97, 97)])


# -------------------------------------------------------------- files


def test_a_saved_tokenizer_comes_back_the_same(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    LEARNED.save(path)
    again = BPETokenizer.load(path)
    assert again.vocabulary == LEARNED.vocabulary
    assert again.encode("the naïve 你", allow_special=True) == LEARNED.encode("the naïve 你")
    characters = CharTokenizer("ß\n你\u2028")
    characters.save(path)
    assert CharTokenizer.load(path).characters == characters.characters


@pytest.mark.parametrize(
    "content",
    [
        {"kind": "characters", "characters": "abc"},
        {"kind": "byte pairs", "merges": [[97, "b"]], "special_tokens": []},
        {"kind": "byte pairs", "merges": [[97, 98, 99]], "special_tokens": []},
        {"kind": "byte pairs", "merges": [97, 98], "special_tokens": []},
        {"kind": "byte pairs", "merges": [[97, 300]], "special_tokens": []},
        {"kind": "byte pairs", "merges": [], "special_tokens": [1]},
        {"kind": "byte pairs"},
        ["byte pairs"],
    ],
)
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, content: object) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(content), encoding="ascii")
    with pytest.raises(ValueError, match="must"):
        BPETokenizer.load(path)
