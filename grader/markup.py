"""HTML for notebooks: cards in the colours of whatever theme shows them, every text escaped.

All style is inline, since a notebook is also read where no stylesheet of ours goes with it: on
GitHub, in nbgrader's feedback, in another front end. Greys are translucent, so that they suit a
light page and a dark one.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

ACCENT = "#4f63b8"  # of what is no verdict: white text on it, and it on white or black, is legible
_UNBROKEN = 50  # characters of code that fit on a line, and are not broken at a space
_LINE = "1px solid rgba(128,128,128,.3)"


def card(accent: str, *parts: str) -> str:
    """A frame with a strip of colour at its side, around parts that are HTML already."""
    return (
        f'<div style="border:{_LINE};border-left:5px solid {accent};border-radius:4px;'
        'padding:10px 16px;margin:4px 0;max-width:52em;line-height:1.5;overflow-wrap:anywhere">'
        f"{''.join(parts)}</div>"
    )


def head(badge: str, title: str, aside: str, accent: str = ACCENT) -> str:
    """The first line of a card: a badge in its colour, a title, and a remark at the far end."""
    return (
        '<div style="display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 12px">'
        f'<b style="background:{accent};color:#fff;border-radius:4px;padding:2px 10px">'
        f"{html.escape(badge)}</b> <b>{html.escape(title)}</b> "
        f'<span style="margin-left:auto">{html.escape(aside)}</span></div>'
    )


def line(mark: str, text: str, aside: str = "") -> str:
    """A line of a list, its text aligned whatever the width of its mark."""
    after = f" {muted(aside)}" if aside else ""
    return (
        '<div style="display:flex;gap:8px"><span style="flex:none;width:1em;text-align:center">'
        f"{html.escape(mark)}</span><span>{html_with_code(text)}{after}</span></div>"
    )


def block(*parts: str, top: int = 10) -> str:
    """Parts that belong together, with some room above them."""
    return f'<div style="margin-top:{top}px">{"".join(parts)}</div>'


def callout(accent: str, text: str) -> str:
    """What is to be read first, on a tint of the card's colour."""
    body = "<br>".join(map(html_with_code, text.splitlines()))
    return (
        '<div style="margin-top:10px;padding:8px 12px;border-radius:4px;'
        f'background:{accent}20">{body}</div>'
    )


def muted(text: str) -> str:
    """Text that steps back."""
    return f'<span style="opacity:.75">{html_with_code(text)}</span>'


def html_with_code(text: str) -> str:
    """Escape text and set what stands between backticks as code."""
    pieces = html.escape(text).split("`")
    if len(pieces) % 2 == 0:  # an unpaired backtick is only a character
        return html.escape(text)
    return "".join(_code(p) if i % 2 else p for i, p in enumerate(pieces))


def _code(escaped: str) -> str:
    whole = ' style="white-space:nowrap"' if len(escaped) <= _UNBROKEN else ""
    return f"<code{whole}>{escaped}</code>"


def verbatim(text: str) -> str:
    """A value as a program shows it, its line breaks kept."""
    return (
        '<code style="background:none;padding:0;white-space:pre-wrap;overflow-wrap:anywhere">'
        f"{html.escape(text, quote=False)}</code>"
    )


def table(rows: Sequence[Sequence[str]], header: Sequence[str] = (), numbers: int = 99) -> str:
    """Rows of cells that are HTML already; those from column `numbers` on are set to the right.

    With a header it is as wide as the card. Front ends stripe tables, centre them and shrink their
    type: none of that suits a card.
    """
    titles = "".join(_cell("th", html.escape(h), i >= numbers) for i, h in enumerate(header))
    body = (
        _row("".join(_cell("td", c, i >= numbers) for i, c in enumerate(row)), line=k or header)
        for k, row in enumerate(rows)
    )
    style = "margin:0;border:none;border-collapse:collapse;table-layout:auto;font-size:inherit"
    style += ";width:100%" if header else ""
    head = f"<thead>{_row(titles)}</thead>" if header else ""
    return f'<table style="{style}">{head}<tbody>{"".join(body)}</tbody></table>'


def _row(cells: str, line: object = False) -> str:
    above = f";border-top:{_LINE}" if line else ""
    return f'<tr style="background:none{above}">{cells}</tr>'


def _cell(tag: str, content: str, number: bool) -> str:
    sides = "right;padding:3px 0 3px 20px" if number else "left;padding:3px 20px 3px 0"
    whole = ";white-space:nowrap" if number else ""
    style = f"text-align:{sides};vertical-align:top;line-height:1.5;overflow-wrap:normal{whole}"
    return f'<{tag} style="{style}">{content}</{tag}>'
