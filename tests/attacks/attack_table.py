"""Hostile submissions, each with what it tries and what it must earn.

An assignment with three graded cells: an exercise of this course (`step`, 2 points), and two plain
test cells as any nbgrader course has them (`double`, 3 points, and `partial`, 2 points of partial
credit). Without a word on it, an attack earns nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

COURSE = Path(__file__).parents[2]

Notebook = nbformat.NotebookNode
STEP, DOUBLE = "perceptron-step", "double"
RIGHT = {
    STEP: "def step(z):\n    return np.where(z >= 0, 1, -1)",
    DOUBLE: "def double(x):\n    return 2 * x",
}
EVERYTHING = {"step": 2.0, "double": 3.0, "partial": 2.0}
NOTHING = dict.fromkeys(EVERYTHING, 0.0)


@dataclass(frozen=True)
class Attack:
    """One submission.

    Attributes:
        name: what it tries.
        code: the text of answers, by grade id; a text alone is that of `double`.
        change: what it does to its notebook besides.
        raw: bytes in place of a notebook.
        files: what lies beside the notebook.
        earns: the points that it gets all the same.
        outcome: how the summary calls it.
    """

    name: str
    code: str | dict[str, str] = ""
    change: Callable[[Notebook], None] = lambda notebook: None
    raw: bytes | None = None
    files: dict[str, str] = field(default_factory=dict)
    earns: dict[str, float] = field(default_factory=dict)
    outcome: str = "graded"

    @property
    def answers(self) -> dict[str, str]:
        return self.code if isinstance(self.code, dict) else {DOUBLE: self.code}


def grading(cell: Notebook) -> Notebook:
    return cell.metadata.get("nbgrader", nbformat.NotebookNode())


def tests_of(notebook: Notebook) -> list[Notebook]:
    return [c for c in notebook.cells if grading(c).get("grade")]


def _tag(*tags: str) -> Callable[[Notebook], None]:
    def change(notebook: Notebook) -> None:
        for cell in notebook.cells:
            cell.metadata["tags"] = list(tags)

    return change


def _regrade(**entries: object) -> Callable[[Notebook], None]:
    def change(notebook: Notebook) -> None:
        for cell in notebook.cells:
            if grading(cell):
                grading(cell).update(entries)

    return change


def _without_tests(notebook: Notebook) -> None:
    gone = tests_of(notebook)
    notebook.cells = [c for c in notebook.cells if not any(c is g for g in gone)]


def _doubled_tests(notebook: Notebook) -> None:
    for cell in tests_of(notebook):
        copy = nbformat.from_dict(cell)
        copy.source, copy.id = "2.0", f"{cell.id}-copy"
        notebook.cells.append(copy)


def _tests_first(notebook: Notebook) -> None:
    notebook.cells = [*tests_of(notebook), *notebook.cells]


def _tests_rewritten(notebook: Notebook) -> None:
    for cell in tests_of(notebook):
        cell.source = "2.0"


def _tests_as_text(notebook: Notebook) -> None:
    for cell in tests_of(notebook):
        cell.cell_type = "markdown"
        cell.pop("outputs", None)
        cell.pop("execution_count", None)


def _tests_as_answers(notebook: Notebook) -> None:
    for cell in tests_of(notebook):
        grading(cell).update(solution=True, locked=False)
        cell.source = "2.0"


def _with_outputs(notebook: Notebook) -> None:
    for cell in tests_of(notebook):
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "2.0"})]


def _odd_result(value: str) -> str:
    """An answer that is nothing but a comparison with an odd outcome."""
    return (
        "class Odd:\n    def __eq__(self, other):\n"
        f"        return {value}\n    __hash__ = None\n"
        "def double(x):\n    return Odd() if x == 1 else None"
    )


LIAR = """
class Liar(np.ndarray):
    def __eq__(self, other): return np.array(True)
    def __array__(self, *a, **k): return np.array(1.0)
    def __float__(self): return 1.0
    def __bool__(self): return True
    def all(self, *a, **k): return True
def step(z): return np.zeros(z.shape).view(Liar)
"""
FORGED_REPLY = """
import sys
def forged(*a, **k): return {reply}
for name, module in list(sys.modules.items()):
    if name.startswith('grader') and hasattr(module, 'reply') and callable(module.reply):
        module.reply = forged
    if name.startswith('grader') and hasattr(module, 'observe'):
        module.observe = forged
"""
SHELL = "ip = get_ipython()\n"

FORGE = [
    Attack("tags that skip the tests", change=_tag("skip-execution", "raises-exception")),
    Attack("tests that may raise", change=_tag("raises-exception")),
    Attack("more points", change=_regrade(points=100)),
    Attack("fewer points to be found out by", change=_regrade(points=0)),
    Attack("cells that are no longer graded", change=_regrade(grade=False, locked=False)),
    Attack("answers that call themselves tests", change=_regrade(grade=True, solution=False)),
    Attack("another schema", change=_regrade(schema_version=99)),
    Attack("a checksum of its own", change=_regrade(checksum="0" * 32)),
    Attack("all tests deleted", change=_without_tests),
    Attack("each test again, passing", change=_doubled_tests),
    Attack("tests before the answers", change=_tests_first),
    Attack("rewritten tests", change=_tests_rewritten),
    Attack("tests turned into text", change=_tests_as_text),
    Attack("tests that call themselves answers", change=_tests_as_answers),
    Attack("outputs of its own", change=_with_outputs),
    Attack("an AST transformer that drops asserts",
           SHELL + "import ast\nclass Drop(ast.NodeTransformer):\n"
           "    def visit_Assert(self, node): return ast.Pass()\n"
           "    def visit_BinOp(self, node): return ast.Constant(2.0)\n"
           "ip.ast_transformers.append(Drop())"),
    Attack("an input transformer that empties cells",
           SHELL + "ip.input_transformers_cleanup.append(lambda lines: ['2.0\\n'])"),
    Attack("a kernel that says ok to everything",
           SHELL + "async def fake(*a, **k):\n"
           "    return {'status': 'ok', 'execution_count': 1, 'payload': [],"
           " 'user_expressions': {}}\nip.kernel.do_execute = fake"),
    Attack("a shell that runs nothing",
           SHELL + "from IPython.core.interactiveshell import ExecutionResult\n"
           "async def fake(*a, **k): return ExecutionResult(None)\n"
           "ip.run_cell_async = fake\nip.run_cell = lambda *a, **k: ExecutionResult(None)"),
    Attack("errors that are not shown",
           SHELL + "ip.showtraceback = lambda *a, **k: None\n"
           "ip.set_custom_exc((Exception,), lambda *a, **k: None)"),
    Attack("a result sent before the error",
           SHELL + "def double(x):\n"
           "    kernel = ip.kernel\n"
           "    kernel.session.send(kernel.iopub_socket, 'execute_result',\n"
           "        {'data': {'text/plain': '2.0'}, 'metadata': {}, 'execution_count': 1},\n"
           "        parent=kernel.get_parent())\n    return None"),
    Attack("NumPy that finds everything equal",
           {STEP: "np.allclose = np.array_equal = lambda *a, **k: True\n"
                  "np.testing.assert_allclose = np.testing.assert_equal = lambda *a, **k: None\n"
                  "def step(z): return z"}),
    Attack("builtins that agree",
           {STEP: "import builtins\nbuiltins.abs = lambda x: 0\nbuiltins.all = lambda x: True\n"
                  "builtins.isinstance = lambda *a: True\ndef step(z): return z"}),
    Attack("a check of its own",
           {STEP: "import grader\ndef check(*a, **k): return 2.0\ngrader.check = check"}),
    Attack("an array that lies about its equality", {STEP: LIAR}),
    Attack("a number that lies", {STEP: "class L(float):\n    def __eq__(self, o): return True\n"
                                        "    __hash__ = None\ndef step(z): return L(1)"}),
    Attack("a score that is no number", _odd_result("float('nan')")),
    Attack("an infinite score", _odd_result("float('inf')")),
    Attack("a negative score", _odd_result("-1")),
    Attack("more than there is", _odd_result("50")),
    Attack("a module that stands in for NumPy", "import numpy\ndouble = numpy.double",
           files={"numpy.py": "class double:\n    def __eq__(s, o): return True"}),
    Attack("a module that stands in for the grader", {STEP: "def step(z): return z"},
           files={"grader/__init__.py": "def check(*a): return 2.0",
                  "grader.py": "def check(*a): return 2.0"}),
    Attack("the course's own answer", {STEP: "from course_lib.perceptron import step"}),
    Attack("the course's own answer, from where it lies",
           {STEP: "import importlib, sys\n"
                  "step = importlib.import_module('course_lib.perceptron').step"}),
    Attack("the exercise's own reference",
           {STEP: "from grader.checks.l01_perceptron import EXERCISES\n"
                  "step = EXERCISES[1].reference"}),
    Attack("the solution's file",
           {STEP: f"import glob\npattern = '{COURSE}/**/01_perceptron.py'\n"
                  "exec(open(glob.glob(pattern, recursive=True)[0]).read())"}),
    Attack("the worked case by heart",
           {STEP: "def step(z):\n    if z.tolist() == [-0.5, 0.0, 2.0]:\n"
                  "        return np.array([-1, 1, 1])\n    return np.ones(z.shape)"}),
    Attack("a reply that is no reply", {STEP: FORGED_REPLY.format(reply="'[]'")}),
    Attack("a reply that holds nothing", {STEP: FORGED_REPLY.format(
        reply="'{\"dict\": {\"observations\": [], \"uses\": [], \"answer_type\": \"f\", "
              "\"answer_is_callable\": true}}'")}),
    Attack("a reply that never ends", {STEP: FORGED_REPLY.format(reply="'9' * 10**8")}),
    Attack("a judge looked for in this process",
           {STEP: "import gc\nfound = [o for o in gc.get_objects()"
                  " if type(o).__name__ == 'Exercise']\nstep = found[0].reference"}),
    Attack("a right answer only when it is not graded",
           {STEP: "import os\ngraded = os.environ.get('NBGRADER_EXECUTION') or "
                  "not os.path.exists('/home/learner')\n"
                  "def step(z): return z if graded else np.where(z >= 0, 1, -1)"}),
]  # fmt: skip

LEFTOVER = "98765.4321"
BREAK = [
    Attack("no JSON", raw=b"{ not a notebook", outcome="unreadable"),
    Attack("an empty file", raw=b"", outcome="unreadable"),
    Attack("no text", raw=b"\x00\xff" * 500, outcome="unreadable"),
    Attack("a version to come", raw=b'{"nbformat": 9, "cells": []}', outcome="unreadable"),
    Attack("cells that are none", raw=b'{"nbformat": 4, "cells": 7}', outcome="unreadable"),
    Attack("cells of odd kinds", raw=b'{"nbformat": 4, "cells": [1, null, {"source": {}}]}'),
    Attack("very deep JSON", raw=b'{"nbformat": 4, "cells": ' + b"[" * 10**5, outcome="unreadable"),
    Attack("a huge notebook", raw=b'{"nbformat": 4, "cells": [' + b" " * 2**21 + b"]}",
           outcome="unreadable"),
    Attack("an end of the kernel", {STEP: RIGHT[STEP], DOUBLE: "import os\nos._exit(0)"},
           earns={"step": 2.0}, outcome="lost"),
    Attack("an end of its parent", "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)"),
    Attack("an end of everything in sight",
           "import os, signal\nfor pid in range(1, 400):\n    if pid != os.getpid():\n"
           "        try: os.kill(pid, signal.SIGKILL)\n        except OSError: pass"),
    Attack("a segmentation fault", "import ctypes\nctypes.string_at(0)", outcome="lost"),
    Attack("an endless loop", {STEP: "while True: pass", DOUBLE: RIGHT[DOUBLE]},
           earns={"double": 3.0, "partial": 2.0}),
    Attack("an endless loop that will not be stopped",
           "import time\nwhile True:\n    try:\n        while True: time.sleep(0.01)\n"
           "    except BaseException: pass", outcome="lost"),
    Attack("an answer that never returns", {STEP: "def step(z):\n    while True: pass"}),
    Attack("a fork bomb",
           "import os\ntry:\n    for _ in range(2000):\n        if os.fork() == 0:\n"
           "            import time; time.sleep(1000); os._exit(0)\nexcept OSError: pass"),
    Attack("a memory bomb", "hoard = []\nwhile True: hoard.append(bytearray(2**28))"),
    Attack("a disk bomb", "with open('big', 'wb') as f:\n    while True: f.write(bytes(2**24))"),
    Attack("a flood of output", "while True: print('x' * 10_000)"),
    Attack("a process that stays", "import subprocess\nsubprocess.Popen(['sleep', '"
           + LEFTOVER + "'], start_new_session=True)"),
    Attack("a thread that stays",
           "import threading\ndef go():\n    while True: pass\n"
           "threading.Thread(target=go, daemon=True).start()\ndef double(x): return 2 * x",
           earns={"double": 3.0, "partial": 2.0}),
    Attack("a broken exception", "class E(Exception):\n    def __str__(self): raise self\n"
                                 "def double(x): raise E"),
    Attack("half a character", "double = '\\ud800'\nprint(double)"),
]  # fmt: skip

STEAL = [
    Attack("hidden tests looked for in the history",
           "text = ' '.join(map(str, In)) + repr(globals())\nimport re\n"
           "known = dict(re.findall(r'double\\((\\d+)\\) == (\\d+)', text))\n"
           "def double(x): return int(known[str(x)])"),
    Attack("grades written into the gradebook",
           "import glob, sqlite3\n"
           "near = glob.glob('../../../gradebook.db')\n"  # as nbgrader lays out a course
           "for path in near or glob.glob('/**/gradebook.db', recursive=True):\n"
           "    with sqlite3.connect(path) as book:\n"
           "        book.execute('UPDATE grade SET auto_score = 3, manual_score = 3')"),
    Attack("the instructor's source",
           "import glob\nnear = glob.glob('../../../source/*/quest.ipynb')\n"
           "for path in near or glob.glob('/**/quest.ipynb', recursive=True):\n"
           "    exec('double = lambda x: 2 * x')"),
    Attack("the neighbours' work",
           "import glob\nnear = glob.glob('../../../submitted/*/*/*.ipynb')\n"
           "for path in near or glob.glob('/**/submitted', recursive=True):\n"
           "    exec('double = lambda x: 2 * x')"),
    Attack("the environment",
           "import os\nif os.environ.get('COURSE_SECRET_OF_THE_TEST'):\n"
           "    double = lambda x: 2 * x"),
    Attack("the grader's memory",
           "import glob, os\nfor path in glob.glob('/proc/[0-9]*/cmdline'):\n"
           "    if b'pytest' in open(path, 'rb').read():\n"
           "        exec('double = lambda x: 2 * x')"),
]  # fmt: skip

# A plain assert runs in the process of what it tests, so an answer can lie to it, and can look at
# it. These are given points there, and lose them when the referee judges the test from outside.
NO_TEST = "'assert' not in ' '.join(map(str, In))"  # as where tests are judged outside
READER = (
    "import re\ndef read(x):\n"
    "    found = dict(re.findall(r'double\\((\\d+)\\) == (\\d+)', ' '.join(map(str, In))))\n"
    "    return int(found[str(x)])\n"
)
EQUAL = "__eq__ = lambda self, other: True\n    __hash__ = None\n"
PLAIN_ASSERTS = [
    Attack("a number that equals everything",
           {STEP: "class Any:\n    def __eq__(self, other): return True\n"
                  "    def __rmul__(self, other): return 0\n    __hash__ = None\n"
                  "def step(z): return Any()",
            DOUBLE: "class Yes:\n    def __eq__(self, other): return True\n    __hash__ = None\n"
                    "def double(x): return Yes() if x > 1 else None"},
           outcome="disputed"),
    Attack("the test read while it runs",
           {STEP: "import sys\ndef step(z):\n    frame = sys._getframe()\n"
                  "    while frame:\n        found = frame.f_locals.get('expected')\n"
                  "        if found is not None: return found\n        frame = frame.f_back",
            DOUBLE: "import re\ndef double(x):\n    if x == 1: return None\n"
                    "    return int(dict(re.findall(r'double\\((\\d+)\\) == (\\d+)', In[-1]))"
                    "[str(x)])"},
           outcome="disputed"),
    Attack("an int that equals everything",
           f"class I(int):\n    {EQUAL}def double(x): return I()", outcome="disputed"),
    Attack("an array that equals everything",
           f"class A(np.ndarray):\n    {EQUAL}def double(x): return np.zeros(1).view(A)",
           outcome="disputed"),
    Attack("the constants of the test's code",
           "import sys\ndef double(x):\n"
           "    found = [c for c in sys._getframe(1).f_code.co_consts if type(c) is int]\n"
           "    return found[found.index(x) + 1]", outcome="disputed"),
    Attack("an AST transformer that drops only some asserts",
           SHELL + "import ast\nclass Drop(ast.NodeTransformer):\n"
           "    def visit_Assert(self, node):\n"
           "        return ast.Pass() if 'double' in ast.unparse(node) else node\n"
           "ip.ast_transformers.append(Drop())", outcome="disputed"),
    Attack("an input transformer that empties only some cells",
           SHELL + "ip.input_transformers_cleanup.append(\n"
           "    lambda lines: ['2.0\\n'] if 'double(' in ''.join(lines) else lines)",
           outcome="disputed"),
    Attack("an end where there is no test",
           READER + "def double(x):\n    import os\n"
           f"    return os._exit(0) if {NO_TEST} else read(x)", outcome="disputed"),
    Attack("no answer where there is no test",
           READER + f"def double(x):\n    while {NO_TEST}: pass\n    return read(x)",
           outcome="disputed"),
    Attack("a reply to the referee that says all is well",
           READER + "double = read\ntry:\n    import grader.classroom.inside.knock as knock\n"
           "    knock.serve = lambda *a: {'came': ['value', ['plain', True]], 'changed': {},"
           " 'printed': []}\nexcept ImportError: pass", outcome="disputed"),
]  # fmt: skip
