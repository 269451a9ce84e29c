"""Tokenizers: text to integers and back, by characters and by byte pairs.

Below everything else: no NumPy, no network. Leaves out: training on several documents at once, and
spellings of text that differ only in Unicode normal form. Taught in lesson 08.

Sources: Gage 1994 (byte-pair encoding); Sennrich et al. 2016 (for words); Radford et al. 2019 (on
bytes, after cutting the text into words). Modelled on the clarity of Karpathy's minbpe.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np

__all__ = ["BPETokenizer", "CharTokenizer"]

Ids = Iterable[int | np.integer]
Pair = tuple[int, int]

# What no merge crosses: a word or a number with the space before it, other marks, white space that
# ends before the last blank. Bytes above 127 are parts of letters of other scripts.
CHUNKS = re.compile(rb" ?[A-Za-z\x80-\xff]+| ?[0-9]+| ?[^\sA-Za-z0-9\x80-\xff]+|\s+(?!\S)|\s+")


class CharTokenizer:
    """One integer per character, in the order of their code points.

    >>> tokenizer = CharTokenizer("banana")
    >>> tokenizer.characters, tokenizer.encode("nab")
    ('abn', [2, 0, 1])

    Raises:
        ValueError: the text is empty.
    """

    def __init__(self, text: str) -> None:
        """Take every character of a text into the vocabulary."""
        if not text:
            raise ValueError("text must hold at least one character, got none")
        self.characters = "".join(sorted(set(text)))
        self._ids = {character: k for k, character in enumerate(self.characters)}

    def __len__(self) -> int:
        """Return the size of the vocabulary."""
        return len(self.characters)

    def encode(self, text: str) -> list[int]:
        """Turn text into integers.

        Raises:
            ValueError: a character is not in the vocabulary.
        """
        unknown = next((k for k, character in enumerate(text) if character not in self._ids), None)
        if unknown is not None:
            raise ValueError(
                f"every character must be among the {len(self)} that the tokenizer was made from, "
                f"got {text[unknown]!r} at position {unknown}"
            )
        return [self._ids[character] for character in text]

    def decode(self, ids: Ids) -> str:
        """Turn integers back into text.

        Raises:
            ValueError: an integer is not in [0, len(tokenizer)).
        """
        return "".join(_look_up(self.characters, ids))

    def save(self, path: str | Path) -> None:
        """Write the vocabulary as JSON."""
        _write_json(path, {"kind": "characters", "characters": self.characters})

    @classmethod
    def load(cls, path: str | Path) -> "CharTokenizer":
        """Read a tokenizer that `save` wrote.

        Raises:
            ValueError: the file holds something else.
        """
        characters = _read_json(path, "characters").get("characters")
        if not isinstance(characters, str):
            raise ValueError(f"characters must be a string, got {characters!r}")
        return cls(characters)


class BPETokenizer:
    r"""Byte-pair encoding: the pair of neighbours seen most often becomes a token of its own.

    Ids 0 to 255 are the bytes, so any text can be written. Id 256 + k is what merges[k] joins, and
    the special tokens come last. `merges` is in the order of learning, `vocabulary` holds the bytes
    of every id.

    Of pairs seen equally often, the one with the smaller first id wins, then the smaller second id.
    Pairs are counted at every position, so "aaa" holds "aa" twice, though only one can be merged.

    Example, from Wikipedia's article on byte-pair encoding, "aaabdaaabac" with three merges (a is
    97, b 98, c 99, d 100): "aa" is seen 4 times and becomes 256, written Z here: ZabdZabac. Now
    "Za" and "ab" are seen twice; 97 < 256, so "ab" becomes 257, written Y: ZYdZYac. Now "ZY" is
    seen twice and becomes 258, written X: XdXac. No pair is left that is seen twice.

    >>> tokenizer = BPETokenizer.train("aaabdaaabac", vocab_size=259)
    >>> tokenizer.merges
    [(97, 97), (97, 98), (256, 257)]
    >>> tokenizer.encode("aaabdaaabac")
    [258, 100, 258, 97, 99]
    >>> tokenizer.vocabulary[258]
    b'aaab'

    Raises:
        ValueError: a merge joins an id that does not exist yet, or comes twice; a special token is
            empty or comes twice.
    """

    def __init__(self, merges: Iterable[Pair], special_tokens: Sequence[str] = ()) -> None:
        """Build the vocabulary that the merges give."""
        self.merges = list(merges)
        self.special_tokens = tuple(special_tokens)
        self.vocabulary = [bytes([k]) for k in range(256)]
        for left, right in self.merges:
            if not (0 <= left < len(self.vocabulary) and 0 <= right < len(self.vocabulary)):
                raise ValueError(
                    f"a merge must join ids in [0, {len(self.vocabulary)}), got {(left, right)}"
                )
            self.vocabulary.append(self.vocabulary[left] + self.vocabulary[right])
        self._ranks = {pair: 256 + k for k, pair in enumerate(self.merges)}
        self._special_ids = {
            name: len(self.vocabulary) + k for k, name in enumerate(self.special_tokens)
        }
        if len(self._ranks) < len(self.merges):
            raise ValueError("every merge must come once, got one twice")
        if "" in self._special_ids or len(self._special_ids) < len(self.special_tokens):
            raise ValueError(
                f"special tokens must not be empty and come once, got {list(special_tokens)}"
            )
        self.vocabulary += [_utf8(name) for name in self.special_tokens]

    def __len__(self) -> int:
        """Return the size of the vocabulary: bytes, merges and special tokens."""
        return len(self.vocabulary)

    @classmethod
    def train(
        cls, text: str, vocab_size: int, special_tokens: Sequence[str] = ()
    ) -> "BPETokenizer":
        """Learn merges from a text until the vocabulary has vocab_size tokens.

        It stays smaller when no pair is seen twice any more. Special tokens count as tokens, but
        are not looked for in the text.

        Raises:
            ValueError: vocab_size has no room for 256 bytes and the special tokens.
        """
        wanted = vocab_size - 256 - len(special_tokens)
        if wanted < 0:
            raise ValueError(
                f"vocab_size must be at least 256 bytes + {len(special_tokens)} special tokens, "
                f"got {vocab_size}"
            )
        return cls(_learn(Counter(CHUNKS.findall(_utf8(text))), wanted), special_tokens)

    def encode(self, text: str, *, allow_special: bool = False) -> list[int]:
        """Turn text into integers.

        Special tokens are read as plain text unless allowed: text from outside must not be able to
        end a document. Of two that start at the same place, the longer one is taken.

        Raises:
            ValueError: the text holds a surrogate (half a character, which UTF-8 cannot write).
        """
        if not (allow_special and self.special_tokens):
            return self.encode_bytes(_utf8(text))
        longest_first = sorted(self.special_tokens, key=len, reverse=True)
        ids: list[int] = []
        for part in re.split(f"({'|'.join(map(re.escape, longest_first))})", text):
            special = self._special_ids.get(part)
            ids += self.encode_bytes(_utf8(part)) if special is None else [special]
        return ids

    def encode_bytes(self, data: bytes) -> list[int]:
        """Turn any bytes into integers, valid UTF-8 or not."""
        known: dict[bytes, list[int]] = {}  # most words come more than once
        ids: list[int] = []
        for chunk in CHUNKS.findall(data):
            if chunk not in known:
                known[chunk] = self._encode_chunk(chunk)
            ids += known[chunk]
        return ids

    def _encode_chunk(self, chunk: bytes) -> list[int]:
        """Apply the merges to one chunk, in the order in which they were learned."""
        ids, unknown = list(chunk), len(self)
        while len(ids) > 1:
            pair = min(pairwise(ids), key=lambda pair: self._ranks.get(pair, unknown))
            if pair not in self._ranks:
                break
            ids = _merge(ids, pair, self._ranks[pair])
        return ids

    def decode(self, ids: Ids, *, errors: Literal["replace", "strict"] = "replace") -> str:
        """Turn integers back into text.

        What a model writes may end within a character. Such bytes become U+FFFD, the replacement
        character, or an error if errors is "strict".

        Raises:
            ValueError: an integer is not in [0, len(tokenizer)), or (strict) the bytes are not
                UTF-8.
        """
        return self.decode_bytes(ids).decode("utf-8", errors)

    def decode_bytes(self, ids: Ids) -> bytes:
        """Turn integers back into bytes; `decode_bytes(encode_bytes(data))` is data.

        Raises:
            ValueError: an integer is not in [0, len(tokenizer)).
        """
        return b"".join(_look_up(self.vocabulary, ids))

    def save(self, path: str | Path) -> None:
        """Write merges and special tokens as JSON; all else follows from them."""
        content = {"merges": self.merges, "special_tokens": self.special_tokens}
        _write_json(path, {"kind": "byte pairs", **content})

    @classmethod
    def load(cls, path: str | Path) -> "BPETokenizer":
        """Read a tokenizer that `save` wrote.

        Raises:
            ValueError: the file holds something else.
        """
        content = _read_json(path, "byte pairs")
        merges: Any = content.get("merges")
        special_tokens: Any = content.get("special_tokens")
        if not (_all(merges, list) and all([type(k) for k in m] == [int, int] for m in merges)):
            raise ValueError(f"merges must be pairs of ids in {path}")
        if not _all(special_tokens, str):
            raise ValueError(f"special_tokens must be strings in {path}")
        return cls([(left, right) for left, right in merges], special_tokens)


def _learn(chunks: Counter[bytes], wanted: int) -> list[Pair]:
    """Find the merges, given how often each chunk occurs.

    Only the chunks that hold the merged pair change, so only their pairs are counted again.
    """
    words = [(list(chunk), count) for chunk, count in chunks.items()]
    counts: Counter[Pair] = Counter()
    places: defaultdict[Pair, set[int]] = defaultdict(set)  # in which words a pair has been seen
    for place, (ids, count) in enumerate(words):
        for pair in pairwise(ids):
            counts[pair] += count
            places[pair].add(place)
    merges: list[Pair] = []
    while len(merges) < wanted and (most := max(counts.values(), default=0)) > 1:
        best = min(pair for pair, count in counts.items() if count == most)
        for place in places.pop(best):
            ids, count = words[place]
            merged = _merge(ids, best, 256 + len(merges))
            words[place] = (merged, count)
            for pair in pairwise(ids):
                counts[pair] -= count
            for pair in pairwise(merged):
                counts[pair] += count
                places[pair].add(place)
        del counts[best]
        merges.append(best)
    return merges


def _merge(ids: Sequence[int], pair: Pair, joined: int) -> list[int]:
    """Replace each occurrence of the pair, from the left, by the joined id."""
    merged: list[int] = []
    k = 0
    while k < len(ids):
        if k + 1 < len(ids) and (ids[k], ids[k + 1]) == pair:
            merged.append(joined)
            k += 2
        else:
            merged.append(ids[k])
            k += 1
    return merged


def _utf8(text: str) -> bytes:
    """Encode text as UTF-8, and say where that cannot be done."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"text must hold whole characters, got the surrogate {text[error.start]!r} at position "
            f"{error.start}; encode_bytes takes any bytes"
        ) from None


def _look_up(table: Sequence[Any], ids: Ids) -> list[Any]:
    """Take the entry of every id; a negative one does not count from the end."""
    found = []
    for k in ids:
        if not 0 <= k < len(table):
            raise ValueError(f"ids must lie in [0, {len(table)}), got {k}")
        found.append(table[int(k)])
    return found


def _all(items: Any, kind: type) -> bool:
    """Tell whether what came from a file is a list of one kind of thing."""
    return isinstance(items, list) and all(type(item) is kind for item in items)


def _write_json(path: str | Path, content: dict[str, Any]) -> None:
    """Write a tokenizer's file; only ASCII, so that no editor or system can garble it."""
    Path(path).write_text(json.dumps(content) + "\n", encoding="ascii")


def _read_json(path: str | Path, kind: str) -> dict[str, Any]:
    """Read a tokenizer's file of the given kind."""
    content = json.loads(Path(path).read_text(encoding="ascii"))
    if not isinstance(content, dict) or content.get("kind") != kind:
        raise ValueError(f"{path} must hold a tokenizer of kind {kind!r}, and does not")
    return content
