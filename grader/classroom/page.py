"""HTML pages and CSV files for people: whatever a submission put into them stays text.

Every text is escaped where it enters, and the whole body goes through nh3, a sanitiser made for it,
once more. Pages need no script, no network and no style sheet of anybody else's.
"""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Callable, Iterable, Sequence

import nh3

from grader.markup import ACCENT, html_with_code

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem }}
table {{ border-collapse: collapse; margin: 1rem 0 }}
th, td {{ text-align: left; padding: .3rem .7rem; border-bottom: 1px solid #8885;
  vertical-align: top }}
pre {{ background: #8882; padding: .6rem; overflow-x: auto; white-space: pre-wrap }}
</style></head><body>
"""
_TAGS = {
    "a", "b", "br", "code", "div", "em", "h1", "h2", "h3", "hr", "li", "ol", "p", "pre", "span",
    "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_SHORT = 12  # characters that a cell of a table does not break
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def page(title: str, *parts: str) -> str:
    """A whole page around parts that are HTML already."""
    body = nh3.clean("".join(parts), tags=_TAGS, attributes={"*": {"style"}}, url_schemes=set())
    return f"{_HEAD.format(title=text(title))}{body}\n</body></html>\n"


def text(value: object) -> str:
    """Text for a page: escaped, and what cannot be shown left out."""
    shown = str(value).encode("utf-8", "backslashreplace").decode("utf-8")
    return html.escape("".join(c for c in shown if c.isprintable() or c in "\n\t"))


def with_code(value: object) -> str:
    """A text of the course's own for a page: what stands between backticks becomes code."""
    return html_with_code(str(value))


def rows(
    header: Sequence[str],
    lines: Iterable[Sequence[object]],
    show: Callable[[object], str] = text,
) -> str:
    """A table of texts; a short one, such as "3 of 6", stays on one line."""
    head = "".join(f"<th>{text(cell)}</th>" for cell in header)
    body = "".join(f"<tr>{''.join(_cell(show(cell)) for cell in line)}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(content: str) -> str:
    style = ' style="white-space:nowrap"' if len(content) <= _SHORT else ""
    return f"<td{style}>{content}</td>"


def bar(share: float, label: str) -> str:
    """A bar of this share of the width, with its label beside it: never colour alone."""
    width = 90 * max(0.0, min(1.0, share))
    return (
        '<div style="display:flex;align-items:center;gap:.5rem">'
        f'<div style="background:{ACCENT};height:1rem;width:{width:.1f}%;border-radius:2px"></div>'
        f"<span>{text(label)}</span></div>"
    )


def csv_text(header: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """A CSV file. A text that a spreadsheet would take for a formula is quoted as text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([plain(cell) for cell in line] for line in lines)
    return out.getvalue()


def plain(value: object) -> str:
    """A cell for a spreadsheet."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return f"{value:g}"
    shown = str(value).encode("utf-8", "backslashreplace").decode("utf-8")
    return f"'{shown}" if shown.startswith(_FORMULA) and shown != "-" else shown
