"""Shows a probe's reply, from inside the kernel: what a session runs there to look at an answer."""

from __future__ import annotations

from typing import Any

REPLY = "application/vnd.course.reply+json"


def show(name: str, line: str) -> None:
    """Probe the answer of this name with a request, a line of plain data, and show the reply."""
    from IPython import get_ipython
    from IPython.display import publish_display_data

    from grader.probe import reply

    names = get_ipython().user_ns
    shown: dict[str, Any] = {"defined": name in names}
    if name in names:
        shown["reply"] = reply(names[name], line)
    publish_display_data({REPLY: shown})  # type: ignore[no-untyped-call]
