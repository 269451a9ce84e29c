"""The HTML that notebooks show: escaped, balanced, and of its own style only."""

from html.parser import HTMLParser

import pytest

from grader import markup
from grader.report import CriterionResult, Example, Report

NASTY = "<script>alert('x')</script> & \"`<b>`\""
VOID = {"br"}


class Outline(HTMLParser):
    """The tags of a text, its words, and whether every tag that opens is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.words, self._open = set(), "", []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.words += data


def nasty_report(status: str) -> Report:
    return Report(
        exercise=NASTY,
        title=NASTY,
        max_points=2,
        score=0.5,
        status=status,
        message=f"{NASTY}\n{NASTY}",
        criteria=(CriterionResult(NASTY, 1, True, 3), CriterionResult(NASTY, 1, None, 0)),
        example=Example(((NASTY, NASTY),), NASTY, NASTY),
        printed=NASTY,
    )


@pytest.mark.parametrize(
    "status", ["passed", "partial", "failed", "not started", "unusable", "borrowed", "manual"]
)
def test_nothing_that_a_report_says_becomes_markup(status):
    outline = Outline(nasty_report(status).to_html())
    assert outline.tags <= {"div", "span", "b", "br", "code", "table", "tbody", "tr", "td"}
    assert "<script>alert('x')</script>" in outline.words


def test_the_html_says_what_the_text_says():
    words = Outline(nasty_report("partial").to_html()).words
    for part in (
        "Partly right",
        "1 of 2 points",
        "3 inputs tried",
        "required",
        "It printed",
        "hint(",
    ):
        assert part in words
        assert part in str(nasty_report("partial"))


def test_code_stands_between_backticks():
    shown = markup.html_with_code("add `y * x` to it")
    assert Outline(shown).tags == {"code"}
    assert Outline(shown).words == "add y * x to it"


def test_an_unpaired_backtick_is_a_character():
    assert markup.html_with_code("a ` b") == "a ` b"


def test_short_code_is_not_broken_over_two_lines_and_long_code_may_be():
    assert "nowrap" in markup.html_with_code("`y * 1`")
    assert "nowrap" not in markup.html_with_code(f"`{'y * 1 + ' * 20}`")


def test_a_table_with_a_header_is_as_wide_as_its_card():
    with_header = markup.table([["a", "1"]], ["name", "number"], numbers=1)
    assert Outline(with_header).words == "namenumbera1"
    assert "width:100%" in with_header
    assert "width:100%" not in markup.table([["a", "1"]])


def test_no_style_depends_on_a_stylesheet_or_on_one_theme():
    shown = nasty_report("failed").to_html()
    assert "class=" not in shown
    assert "var(--" not in shown
