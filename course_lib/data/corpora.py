"""Texts that come with Python: a book's worth of prose, and names to make up more of."""

import re
import unicodedata
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import resources

import numpy as np
from jaxtyping import Int

# A zone is a place if it lies in a region, and is made of words with one capital each at most. That
# leaves out Etc/GMT+1, codes (Knox_IN, NSW) and words run together (DumontDUrville).
PLACE = re.compile(
    "(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)/(.+/)?"
    "(?P<name>[A-Z][a-z]+([_-][A-Z]?[a-z]+)*)"
)
MADE_BY_RULE = ("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "HANGUL SYLLABLE")


@dataclass(frozen=True, repr=False)
class Corpus:
    """Text in documents: pages of a book, or names. `text` joins them with the separator.

    Iterating gives the documents, `len` counts them.
    """

    documents: tuple[str, ...]
    separator: str
    source: str

    @cached_property
    def text(self) -> str:
        """All documents as one text."""
        return self.separator.join(self.documents)

    def __len__(self) -> int:
        """Return the number of documents."""
        return len(self.documents)

    def __iter__(self) -> Iterator[str]:
        """Go through the documents."""
        return iter(self.documents)

    def __repr__(self) -> str:
        """Describe the corpus in one line, without its text."""
        alphabet = len(set(self.text))
        return f"Corpus({len(self)} documents, {len(self.text)} characters, {alphabet} distinct)"

    def rows(self, rows: Int[np.ndarray, " chosen"] | slice) -> "Corpus":
        """Keep the given documents, in the order given (numbers or a slice)."""
        chosen = np.arange(len(self))[rows]
        return replace(self, documents=tuple(self.documents[k] for k in chosen))

    def shuffled(self, rng: np.random.Generator) -> "Corpus":
        """Return the same documents in random order."""
        return self.rows(rng.permutation(len(self)))


def python_reference() -> Corpus:
    """Chapters of the Python language reference, by title: half a megabyte of English and code.

    The text is that of the Python in use, so it differs a little between versions.
    """
    from pydoc_data.topics import topics  # half a megabyte, so read on use

    return Corpus(
        tuple(topics[title] for title in sorted(topics)),
        separator="\n",
        source="The Python Language Reference, Python Software Foundation; through pydoc",
    )


def place_names() -> Corpus:
    """Some 470 towns, islands and regions that have given a time zone its name, from A to Z.

    Taken from the package tzdata, which is the same on every machine; where it is missing, from the
    system, whose list may differ by a few.

    Raises:
        RuntimeError: neither has a list.
    """
    places = filter(None, map(PLACE.fullmatch, _time_zones()))
    names = {place["name"].replace("_", " ") for place in places}
    if not names:
        raise RuntimeError("this system has no list of time zones: run `pip install tzdata`")
    return Corpus(tuple(sorted(names)), separator="\n", source="IANA time zone database")


def _time_zones() -> list[str]:
    """List the names of all time zones."""
    try:
        return resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    except (ModuleNotFoundError, FileNotFoundError):
        return list(zoneinfo.available_timezones())


def character_names() -> Corpus:
    """Names of 12,886 characters, in the order of Unicode: SPACE, EXCLAMATION MARK, and on.

    Those of Unicode 3.2, which every Python holds, so the list is the same everywhere. Left out are
    names made by rule: of Chinese characters and Korean syllables.
    """
    known = (unicodedata.ucd_3_2_0.name(chr(code), "") for code in range(0x110000))
    names = tuple(name for name in known if name and not name.startswith(MADE_BY_RULE))
    return Corpus(names, separator="\n", source="Unicode 3.2; through unicodedata")
