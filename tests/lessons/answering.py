"""The answer's side of the wire: defines answers from a lesson's cells, then lets probes at them.

`python answering.py` speaks in lines: first the cells, then `exercise TAB variant TAB request`,
each answered by one line. It knows nothing of how an answer is judged.
"""

import contextlib
import linecache
import sys
from typing import Any

from grader import plain
from grader.probe import reply

MODULES = "which modules are loaded?"


def define(cells: list[dict[str, Any]]) -> dict[tuple[str, str], Any]:
    """Run the cells in order; an answer's cell has variants, each run beside the others.

    Returns the answers by exercise and variant. What follows a cell builds on its `source`.
    """
    scope: dict[str, Any] = {"__name__": "__main__"}
    answers = {}
    for cell in cells:
        for variant, source in cell["variants"].items():
            beside = dict(scope)
            _run(source, f"<{cell['id']}, {variant}>", beside)
            answers[cell["exercise"], variant] = beside[cell["answer"]]
        _run(cell["source"], f"<{cell['id']}>", scope)
    return answers


def _run(source: str, name: str, scope: dict[str, Any]) -> None:
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), scope)


def main() -> None:
    with contextlib.redirect_stdout(sys.stderr):
        answers = define(plain.loads(sys.stdin.readline()))
    print("ready", flush=True)
    for line in sys.stdin:
        exercise, variant, request = line.rstrip("\n").split("\t")
        if request == MODULES:
            print(plain.dumps(sorted(sys.modules)), flush=True)
        else:
            print(reply(answers[exercise, variant], request), flush=True)


if __name__ == "__main__":
    main()
