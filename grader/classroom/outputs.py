"""Turns a kernel's messages into the outputs of a cell.

The messages come from a process that a submission owns, so nothing in them is taken on trust:
what has another form than the protocol's is dropped, and only so many bytes are kept.
"""

from __future__ import annotations

import json
from typing import Any

from nbformat.notebooknode import NotebookNode, from_dict

from grader.probe import readable

_CUT = "\n[further output was dropped: the notebook printed too much]\n"
_MAX_DEPTH = 40  # of JSON in an output
_MAX_OUTPUTS = 5_000  # of a notebook: a million tiny ones are a flood as well


class Budget:
    """How many bytes, and how many outputs, a notebook may still leave."""

    def __init__(self, size: int) -> None:
        self.bytes, self.outputs = size, _MAX_OUTPUTS

    def take(self, size: int) -> bool:
        """Take that much for one more output, or nothing if it is more than is left."""
        if size > self.bytes or not self.outputs:
            return False
        self.bytes -= size
        self.outputs -= 1
        return True


class Collector:
    """The outputs of one cell, put together the way Jupyter's front ends do."""

    def __init__(self, budget: Budget) -> None:
        self.outputs: list[NotebookNode] = []
        self.cut = False
        self._budget = budget
        self._clear_next = False
        self._displays: dict[str, list[NotebookNode]] = {}

    def take(self, kind: str, content: dict[str, Any]) -> None:
        """Take in one message. Malformed ones are dropped."""
        if _depth(content) > _MAX_DEPTH:
            return
        if kind == "clear_output":
            self._clear_next = content.get("wait") is True
            if not self._clear_next:
                self.outputs.clear()
        elif kind == "stream":
            self._stream(content)
        elif kind in ("display_data", "execute_result", "error"):
            output = _OUTPUTS[kind](content)
            if output is not None:
                self._add(output, _display_id(content))
        elif kind == "update_display_data":
            self._update(content)

    def add_error(self, name: str, value: str, traceback: list[str]) -> None:
        """Add an error that no message reported; it is ours and always fits."""
        self.outputs.append(_node("error", ename=name, evalue=value, traceback=traceback))

    def _add(self, output: NotebookNode, display: str | None = None) -> None:
        self._clear_if_asked()
        checked = _checked(output)
        if checked is None:
            return
        output, size = checked
        if not self._budget.take(size):
            self._say_cut()
            return
        self.outputs.append(output)
        if display is not None:
            self._displays.setdefault(display, []).append(output)

    def _stream(self, content: dict[str, Any]) -> None:
        name, text = content.get("name"), content.get("text")
        if name not in ("stdout", "stderr") or not isinstance(text, str):
            return
        last = None if self._clear_next or not self.outputs else self.outputs[-1]
        if last is None or last.output_type != "stream" or last.name != name:
            self._add(_node("stream", name=name, text=readable(text)))
        elif self._budget.take(len(text)):
            self._budget.outputs += 1  # it joins one that is counted
            last.text += readable(text)
        else:
            self._say_cut()

    def _update(self, content: dict[str, Any]) -> None:
        fresh = _display(content)
        checked = None if fresh is None else _checked(fresh)
        for output in self._displays.get(_display_id(content) or "", []):
            if checked is not None and self._budget.take(checked[1]):
                output["data"], output["metadata"] = checked[0].data, checked[0].metadata

    def _clear_if_asked(self) -> None:
        if self._clear_next:
            self.outputs.clear()
            self._clear_next = False

    def _say_cut(self) -> None:
        if not self.cut:
            # On stdout: stderr in a test cell would cost points.
            self.outputs.append(_node("stream", name="stdout", text=_CUT))
        self.cut = True


def _node(kind: str, **fields: Any) -> NotebookNode:
    node: NotebookNode = from_dict({"output_type": kind, **fields})  # type: ignore[no-untyped-call]
    return node


def _display(content: dict[str, Any]) -> NotebookNode | None:
    data, metadata = content.get("data"), content.get("metadata", {})
    if not isinstance(data, dict) or not isinstance(metadata, dict):
        return None
    # A MIME type is text, or lines of text, unless it says that it is JSON.
    if not all(_is_text(v) or k.endswith("json") for k, v in data.items()):
        return None
    return _node("display_data", data=data, metadata=metadata)


def _result(content: dict[str, Any]) -> NotebookNode | None:
    node, count = _display(content), content.get("execution_count")
    if node is None or not (count is None or type(count) is int):
        return None
    return _node("execute_result", data=node.data, metadata=node.metadata, execution_count=count)


def _error(content: dict[str, Any]) -> NotebookNode | None:
    name, value, lines = (content.get(key) for key in ("ename", "evalue", "traceback"))
    if not isinstance(name, str) or not isinstance(value, str) or not isinstance(lines, list):
        return None
    if not all(isinstance(line, str) for line in lines):
        return None
    return _node("error", ename=name, evalue=value, traceback=lines)


_OUTPUTS = {"display_data": _display, "execute_result": _result, "error": _error}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(line, str) for line in value)
    )


def _display_id(content: dict[str, Any]) -> str | None:
    transient = content.get("transient")
    found = transient.get("display_id") if isinstance(transient, dict) else None
    return found if isinstance(found, str) else None


def _checked(output: NotebookNode) -> tuple[NotebookNode, int] | None:
    """An output that a file can hold, and its bytes there; None if none can.

    Half characters (lone surrogates), which no file takes, become question marks.
    """
    try:
        text = json.dumps(output, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError):
        return None
    encoded = text.encode("utf-8", "replace")
    if not text.isascii() and (whole := encoded.decode("utf-8")) != text:
        output = from_dict(json.loads(whole))  # type: ignore[no-untyped-call]
    return output, len(encoded)


def _depth(value: Any) -> int:
    """How deeply lists and dicts are nested, counted without recursion."""
    deepest, left = 0, [(value, 1)]
    while left and deepest <= _MAX_DEPTH:
        item, depth = left.pop()
        deepest = max(deepest, depth)
        if isinstance(item, dict | list):
            items = item.values() if isinstance(item, dict) else item
            left.extend((part, depth + 1) for part in items if isinstance(part, dict | list))
    return deepest
