"""What a lesson or a docstring cites stands in docs/references.bib."""

import re
import unicodedata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "solutions").glob("*/*.py"))
CITED_IN_CODE = sorted(
    path for path in (ROOT / "course_lib").rglob("*.py") if "Source:" in path.read_text("utf-8")
)


def known() -> set[tuple[str, str]]:
    """The (surname, year) of every author in the bibliography, without accents."""
    found = set()
    for entry in (ROOT / "docs" / "references.bib").read_text("utf-8").split("\n@"):
        author, year = (
            re.search(r"author\s*=\s*{(.*?)}", entry),
            re.search(r"year\s*=\s*{(.*?)}", entry),
        )
        if author:
            for name in author.group(1).split(" and "):
                found.add((plain(name.split(",")[0]), year.group(1) if year else ""))
    return found


def plain(name: str) -> str:
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().strip("{}")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_source_of_a_lesson_is_in_the_bibliography(script):
    _, _, sources = script.read_text("utf-8").partition("# ## Sources")
    cited = re.findall(r"# - (?:[A-Z]\. )+([A-Z]\w+).*?\((\d{4})\)", sources)
    assert cited, "a lesson cites its sources"
    assert {(plain(name), year) for name, year in cited} <= known()


@pytest.mark.parametrize("path", CITED_IN_CODE, ids=lambda path: path.stem)
def test_every_source_of_a_docstring_is_in_the_bibliography(path):
    text = path.read_text("utf-8")
    for paragraph in re.findall(r"Sources?:(.*?)(?:\n\s*\n|\"\"\")", text, flags=re.DOTALL):
        paragraph = " ".join(paragraph.split())
        years = re.findall(
            r"([A-Z]\w+)(?: and [A-Z]\w+| et al\.|,? and others)? \(?(\d{4})", paragraph
        )
        missing = {(plain(name), year) for name, year in years} - known()
        assert not missing, f"{path.name} cites {sorted(missing)}"
