"""A report says the same in text, HTML and JSON; nothing in it acts; its score is in range."""

import html.parser
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import judged

from grader.markup import html_with_code
from grader.report import CriterionResult, Example, Report

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)> & \"quotes\" 'too' `code` ``` </div>"
)
ALLOWED = {"div", "b", "span", "code", "table", "thead", "tbody", "tr", "td", "th", "br", "pre"}
STATUSES = ["passed", "partial", "failed", "not started", "unusable", "borrowed", "manual"]


class Reader(html.parser.HTMLParser):
    """Collects the text of a page and the tags and attributes it is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.tags, self.attributes, self.open = "", set(), set(), []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def report(text: str = "words", **changes) -> Report:
    return Report(
        **{
            "exercise": text,
            "title": text,
            "max_points": 3,
            "score": 0.5,
            "status": "partial",
            "message": text,
            "criteria": (
                CriterionResult(text, 1.0, True, 4),
                CriterionResult("second", 1.0, False, 2, text),
                CriterionResult("third", 1.0, None, 2),
            ),
            "misconception": text,
            "example": Example(((text, text),), text, text),
            "printed": text,
            "seed": 1,
            **changes,
        }
    )


def assert_harmless(page: str) -> Reader:
    reader = Reader(page)
    assert reader.tags <= ALLOWED
    assert reader.attributes <= {"style"}
    assert reader.open == []
    return reader


@pytest.mark.parametrize("status", STATUSES)
def test_nothing_in_a_report_can_act_in_a_page(status):
    reader = assert_harmless(report(HOSTILE, status=status).to_html())
    assert "<script>alert(1)</script>" in reader.text


@given(st.text(max_size=60))
def test_no_text_breaks_out_of_the_page(text):
    assert_harmless(report(text).to_html())
    assert_harmless(html_with_code(text))
    assert str(report(text))
    json.loads(json.dumps(report(text).as_dict(), allow_nan=False))


def named(name: str):
    def function(x):
        raise ValueError(HOSTILE)

    function.__name__ = function.__qualname__ = name
    return function


def test_a_hostile_answer_stays_text():
    class Error(Exception):
        pass

    Error.__name__ = HOSTILE

    def answer(x):
        print(HOSTILE)
        raise Error(HOSTILE)

    def returns(x):
        print(HOSTILE)
        return HOSTILE

    for hostile in (answer, returns, named(HOSTILE), HOSTILE):
        assert_harmless(judged(hostile).to_html())


def test_text_and_page_state_the_same_facts():
    facts = ["2 of 4 points", "Partly right", "A title", "first", "second", "third"]
    facts += ["(4 inputs tried)", "(not judged until the one above holds)", "What to do."]
    facts += ["the_input", "[1, 2]", "required", "[3]", "came", "[4]", "It printed:", "hello"]
    facts += ['hint("a.b")', "✓", "✗", "·"]
    told = report(
        exercise="a.b",
        title="A title",
        max_points=4,
        message="What to do.",
        criteria=(
            CriterionResult("first", 1.0, True, 4),
            CriterionResult("second", 1.0, False, 2),
            CriterionResult("third", 1.0, None, 2),
        ),
        example=Example((("the_input", "[1, 2]"),), "[3]", "[4]"),
        printed="hello",
    )
    page = Reader(told.to_html()).text
    for fact in facts:
        assert fact in str(told)
        assert fact in page
    bundle = told._repr_mimebundle_()
    assert bundle == {"text/html": told.to_html(), "text/plain": str(told)}


def test_json_holds_everything_and_only_what_json_knows():
    told = report()
    body = json.loads(json.dumps(told.as_dict(), allow_nan=False))
    assert (body["score"], body["points"], body["passed"]) == (0.5, 1.5, False)
    assert body["example"]["inputs"] == [["words", "words"]]
    assert body["criteria"][2]["met"] is None
    fields = {*Report.__dataclass_fields__, "points", "passed"}
    assert set(body) == fields


@pytest.mark.parametrize("score", [-0.01, 1.01, math.nan, math.inf])
def test_a_score_out_of_range_is_refused(score):
    with pytest.raises(ValueError, match=r"a score must lie in \[0, 1\]"):
        report(score=score)


@given(st.floats(0, 1), st.integers(0, 100))
def test_points_lie_within_the_most_there_are(score, points):
    assert 0 <= report(score=score, max_points=points).points <= points


def test_what_was_printed_is_shown_in_part_and_only_on_failure():
    many = "\n".join(f"line {i}" for i in range(20))
    assert "line 7" in str(report(printed=many))
    assert "line 8" not in str(report(printed=many))
    assert "It printed" not in str(report(printed=many, status="passed"))


def test_a_report_without_points_counts_none():
    assert report(max_points=0, score=0.0, status="unusable").headline == "Cannot be checked"
    assert report(max_points=1, score=1.0, status="passed").headline == "Right: 1 of 1 point"
    assert report(score=0.0, status="manual").headline == "Graded by a person: 3 points"


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("use `a < b`", "use <code>a &lt; b</code>"),
        ("one ` only", "one ` only"),
        ("<b>", "&lt;b&gt;"),
    ],
)
def test_backticks_set_code(text, page):
    assert Reader(html_with_code(text)).text == Reader(page).text
    assert ("<code" in html_with_code(text)) == ("<code" in page)
