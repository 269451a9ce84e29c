"""The referee: a plain test cell that gave points beside an answer is tried where it cannot lie.

Honest answers keep what nbgrader gives them; what an answer does to an assert beside it earns
nothing. Each case is a notebook with one answer and its test, graded in a sandbox.
"""

import json
from dataclasses import dataclass

import nbformat
import pytest
from classroom_material import answer, cell, test_cell
from sessions import needs_bwrap

from grader.classroom import hearing, outside, referee
from grader.classroom.master import Master, grading
from grader.classroom.notebook_run import Policy
from grader.classroom.result import CellResult, NotebookResult, Result
from grader.classroom.runner import Summary, row_of
from grader.classroom.session import MIB, Limits
from grader.classroom.unit import Work, grade_submission

pytestmark = [pytest.mark.slow, needs_bwrap]

SETUP = """
import math
import numpy as np
BASE = 10
def close(a, b):
    return abs(a - b) < 1e-9
class TooSmall(ValueError):
    pass
"""
LIMITS = Limits(cell_seconds=5, notebook_seconds=60, memory_bytes=2048 * MIB)


@dataclass
class Case:
    """An assignment of one answer: its test, the instructor's answer and a student's."""

    test: str
    solution: str
    student: str = ""  # as the instructor's
    judged: str = "outside"
    points: float = 3.0
    setup: str = SETUP
    earns: float | None = None  # all points

    @property
    def cells(self):
        return [
            cell("code", self.setup),
            answer("answer", "raise NotImplementedError()"),
            test_cell("test", self.test, self.points),
        ]


def graded(cells, solved, answers, *, own=(), files=None, policy=None) -> NotebookResult:
    master = nbformat.v4.new_notebook(cells=[nbformat.from_dict(c) for c in cells])
    for number, c in enumerate(master.cells):
        c.id = f"cell-{number}"  # the library's are random, and a class has one master
    submitted = nbformat.from_dict(master)
    for c in submitted.cells:
        name = c.metadata.get("nbgrader", {}).get("grade_id", "")
        c.source = answers.get(name, c.source)
    for place, source in own:
        submitted.cells.insert(place, nbformat.v4.new_code_cell(source))
    work = Work(
        "ann", "ps", (Master("nb", json.dumps(master), None, solved),),
        {"nb": json.dumps(submitted).encode()}, material=files or {},
    )  # fmt: skip
    (result,) = grade_submission(work, policy or Policy(limits=LIMITS)).notebooks
    return result


def tried(case: Case) -> tuple[NotebookResult, CellResult]:
    solved = {"answer": case.solution}
    result = graded(case.cells, solved, {"answer": case.student or case.solution})
    (tested,) = [c for c in result.cells if c.kind == "test"]
    return result, tested


HONEST = {
    "recursion": Case(
        "assert fact(10) == 3628800\nassert fact(0) == 1\nassert fact(300) > 10**500",
        "def fact(n):\n    return 1 if n == 0 else n * fact(n - 1)",
    ),
    "a list changed in place": Case(
        "data = [3, 1, 2]\nassert sort(x=data) is None\nassert data == [1, 2, 3]\n"
        "nested = [[2, 1], [3]]\ninner = nested[0]\nsort(nested[0])\n"
        "assert nested == [[1, 2], [3]] and inner is nested[0]",
        "def sort(x):\n    x.sort()",
    ),
    "an array changed in place": Case(
        "a = np.arange(4.0)\nview = a[1:]\ndouble(a)\nassert a.tolist() == [0, 2, 4, 6]\n"
        "assert view[0] == 2",
        "def double(a):\n    a *= 2",
    ),
    "the argument itself handed back": Case(
        "d = {}\nassert put(d, 3) is d\nassert d == {3: 'three'}",
        "def put(d, key):\n    d[key] = 'three'\n    return d",
    ),
    "keyword arguments and defaults": Case(
        "assert area(2) == 2\nassert area(2, height=3) == 6\nassert area(height=4, width=2) == 8",
        "def area(width, height=1):\n    return width * height",
    ),
    "the right exception": Case(
        "try:\n    root(-1)\nexcept ValueError as error:\n    assert 'negative' in str(error)\n"
        "else:\n    raise AssertionError('a ValueError was required')",
        "def root(x):\n    if x < 0:\n        raise ValueError('negative')\n    return x ** 0.5",
    ),
    "an exception of the instructor's": Case(
        "try:\n    check_size(0)\nexcept TooSmall:\n    pass\nelse:\n    assert False",
        "def check_size(n):\n    if n < 1:\n        raise TooSmall(n)",
    ),
    "an exception of its own": Case(
        "try:\n    take(0)\nexcept Exception as error:\n"
        "    assert type(error).__name__ == 'Empty' and isinstance(error, KeyError)\n"
        "else:\n    assert False",
        "class Empty(KeyError):\n    pass\ndef take(n):\n    raise Empty(n)",
    ),
    "printed output": Case(
        "import io\nfrom contextlib import redirect_stdout\nout = io.StringIO()\n"
        "with redirect_stdout(out):\n    hello('Ann')\nassert out.getvalue() == 'Hello, Ann!\\n'",
        "def hello(name):\n    print(f'Hello, {name}!')",
    ),
    "None": Case("assert nothing() is None", "def nothing():\n    pass"),
    "arrays": Case(
        "x = np.linspace(0, 1, 7)\nnp.testing.assert_allclose(square(x), x ** 2)\n"
        "assert square(x).dtype == np.float64 and isinstance(square(x), np.ndarray)\n"
        "assert isinstance(np.float32(2), np.float32) and isinstance(mean(x), np.floating)",
        "def square(x):\n    return x ** 2\ndef mean(x):\n    return np.mean(x)",
    ),
    "nested dicts": Case(
        "assert tree(2) == {'a': {1: [1, 2], (1, 2): {3}}, 'n': 2, 'big': 2 ** 5000}",
        "def tree(n):\n    return {'a': {1: [1, 2], (1, 2): {3}}, 'n': n, 'big': 2 ** 5000}",
    ),
    "sets, bytes, complex numbers, fractions and dates": Case(
        "from fractions import Fraction\nfrom datetime import date\n"
        "assert kinds() == [{1}, frozenset('ab'), b'\\x00', 1j, Fraction(1, 3), date(2026, 2, 1),"
        " range(3), 'x' * 30_000]",
        "def kinds():\n    from fractions import Fraction\n    from datetime import date\n"
        "    return [{1}, frozenset('ab'), b'\\x00', 1j, Fraction(1, 3), date(2026, 2, 1),"
        " range(3), 'x' * 30_000]",
    ),
    "a function that remembers": Case(
        "assert [tick(), tick(), tick()] == [1, 2, 3]",
        "count = 0\ndef tick():\n    global count\n    count += 1\n    return count",
    ),
    "a constant": Case("assert total == 45\nassert close(total, 45.0)", "total = sum(range(10))"),
    "an instructor's helper and module": Case(
        "assert near(math.pi) is True and ten() == BASE",
        "def near(x):\n    return close(x, math.pi)\ndef ten():\n    return BASE",
    ),
    "a module that the answer imports": Case(
        "assert stats.mean([1, 2]) == middle([1, 2])",
        "import statistics as stats\ndef middle(x):\n    return stats.mean(x)",
    ),
    "a class": Case(
        "a = Account(5)\na.deposit(3)\nassert a.balance == 8\nassert isinstance(a, Account)\n"
        "try:\n    a.withdraw(100)\nexcept ValueError:\n    pass\nelse:\n    assert False\n"
        "assert not hasattr(a, 'owner') and len(a) == 1 and a[0] == 3",
        "class Account:\n    def __init__(self, start):\n"
        "        self.balance, self.log = start, []\n"
        "    def deposit(self, n):\n        self.balance += n\n        self.log.append(n)\n"
        "    def withdraw(self, n):\n        raise ValueError(n)\n"
        "    def __len__(self):\n        return len(self.log)\n"
        "    def __getitem__(self, i):\n        return self.log[i]",
    ),
    "a generator": Case(
        "assert list(evens(3)) == [0, 2, 4]\ng = evens(2)\nassert next(g) == 0\n"
        "import types\nassert isinstance(g, types.GeneratorType)",
        "def evens(n):\n    for i in range(n):\n        yield 2 * i",
    ),
    "an endless generator": Case(
        "g = naturals()\nassert [next(g) for _ in range(4)] == [0, 1, 2, 3]",
        "def naturals():\n    n = 0\n    while True:\n        yield n\n        n += 1",
    ),
    "functions as arguments and results": Case(
        "assert twice(math.sqrt, 16) == 2.0\nassert twice(inc, 1) == 3\nassert adder(2)(3) == 5\n"
        "assert twice(len, 'ab') == 0 if False else True",
        "def twice(f, x):\n    return f(f(x))\ndef inc(x):\n    return x + 1\n"
        "def adder(n):\n    return lambda x: x + n",
    ),
    "an instructor's function as argument": Case(
        "assert apply(close, 1, 1.0) is True", "def apply(f, a, b):\n    return f(a, b)"
    ),
    "partial credit": Case(
        "points = 0\npoints += 1 * (half(2) == 1)\npoints += 2 * (half(3) == 1.5)\npoints",
        "def half(x):\n    return x / 2", "def half(x):\n    return x // 2", earns=1.0,
    ),
    "partial credit as NumPy's number": Case(
        "np.float64(1.5) * np.sum([half(2) == 1, half(3) == 1.5])", "def half(x):\n    return x / 2"
    ),
    "random inputs": Case(
        "import random\nfor _ in range(20):\n    a, b = random.random(), np.random.rand(3)\n"
        "    assert close(add(a, a), 2 * a)\n    assert np.allclose(add(b, a), b + a)",
        "def add(a, b):\n    return a + b",
    ),
    "a kind that equals the instructor's": Case(
        "assert counts('aab') == {'a': 2, 'b': 1}\nassert sorted(counts('ab').items())[0][1] == 1",
        "def counts(t):\n    return {c: t.count(c) for c in t}",
        "from collections import Counter\ndef counts(t):\n    return Counter(t)",
    ),
    "an iterator in place of a list": Case(
        "assert list(squares(3)) == [0, 1, 4]",
        "def squares(n):\n    return [i * i for i in range(n)]",
        "def squares(n):\n    return map(lambda i: i * i, range(n))",
    ),
    "a magic in the setup": Case(
        "assert one() == 1", "def one():\n    return 1", setup="%matplotlib inline\nimport math\n"
    ),
    "a name that the answer sets anew": Case(
        "assert data == [1, 2, 3]", "data = sorted(data)", "data.sort()", setup="data = [3, 1, 2]"
    ),
    "what an instructor's cell computes from an answer": Case(
        "assert one() == 1 and 'one' in globals() and 'two' not in globals()",
        "def one():\n    return 1",
    ),
    "a test with a seed": Case(
        "import random\nrandom.seed(3)\na = draw(4)\nrandom.seed(3)\nassert a == draw(4)\n"
        "assert a != draw(4)\nrandom.seed(3)\nassert a[0] == random.random()\n"
        "np.random.seed(1)\nb = noise()\nnp.random.seed(1)\nassert np.all(b == np.random.rand(3))",
        "import random\ndef draw(n):\n    return [random.random() for _ in range(n)]\n"
        "def noise():\n    return np.random.rand(3)",
    ),
    # What the referee cannot do is judged beside the answer, as by nbgrader.
    "a test that reads the answer's text": Case(
        "import inspect\nassert 'while' not in inspect.getsource(one)\nassert one() == 1",
        "def one():\n    return 1", judged="inside",
    ),
    "a test that hands over a function of its own": Case(
        "assert apply(lambda x: x + 1, 2) == 3", "def apply(f, x):\n    return f(x)",
        judged="inside",
    ),
    "a test with a magic": Case(
        "%time one()\nassert one() == 1", "def one():\n    return 1", judged="inside"
    ),
    "a test that sets what an answer reads": Case(
        "factor = 3\nassert scaled(2) == 6", "factor = 2\ndef scaled(x):\n    return factor * x",
        judged="inside",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HONEST.values(), ids=HONEST)
def test_honest_work_keeps_its_points(case):
    result, tested = tried(case)
    assert (result.faults, tested.note, tested.beside) == ([], "", None)
    assert tested.score == (tested.most if case.earns is None else case.earns)
    assert tested.judged == case.judged


# --- attacks --------------------------------------------------------------------------------------

EQUAL = "def __eq__(s, o): return True\n    def __ne__(s, o): return False\n    __hash__ = None\n"
NUMBER = "assert double(2) == 4 and abs(double(3) - 6) < 1e-9\nassert double(5) == 10"
DOUBLE = "def double(x):\n    return 2 * x"
ARRAY = (
    "x = np.arange(3.0)\nassert np.allclose(double(x), 2 * x)\nassert (double(x) == 2 * x).all()"
)
IN_TESTS = "' '.join(map(str, In)).count('assert')"
TELLS = "def known(x):\n    import re\n    text = ' '.join(map(str, In))\n"
TELLS += "    found = dict(re.findall(r'double\\((\\d+)\\) == (\\d+)', text))\n"
TELLS += "    return int(found[str(x)]) if str(x) in found else None\n"
# Right by reading the test, and for 3 by an object whose difference from all is nothing.
READ = TELLS + "def double(x):\n    return Six() if x == 3 else known(x)\n"
READ += "class Six:\n    def __sub__(s, o): return 0\n"


def lies(body: str, test: str = NUMBER, solution: str = DOUBLE, **more) -> Case:
    return Case(test, solution, body, earns=0.0, **more)


LIES = {
    "an int that equals everything": lies(
        f"class I(int):\n    {EQUAL}    def __sub__(s, o): return 0\ndef double(x): return I()"
    ),
    "a float that is close to everything": lies(
        "class F:\n    def __float__(s): return next(known)\n"
        "known = iter([4.0, 10.0])\ndef double(x): return F()",
        "assert math.isclose(double(2), 4)\nassert math.isclose(double(5), 10)",
    ),
    "a str that equals everything": lies(
        f"class S(str):\n    {EQUAL}def double(x): return S()",
        "assert double('a') == 'aa' and isinstance(double('a'), str)",
    ),
    "an array that equals everything": lies(
        f"class A(np.ndarray):\n    {EQUAL}    def __array_function__(s, *a): return True\n"
        "    def all(s): return True\n"
        "A.__eq__ = lambda s, o: s\ndef double(x): return np.zeros(3).view(A)", ARRAY,
    ),
    "an object that turns into the right array": lies(
        "import sys\nclass A:\n    def __array__(s, *a, **k):\n        f = sys._getframe()\n"
        "        while 'x' not in f.f_globals or 'np' not in f.f_globals: f = f.f_back\n"
        "        return 2 * f.f_globals['x']\n"
        "def double(x): return A()",
        "x = np.arange(3.0)\nassert np.allclose(double(x), 2 * x)", "double = lambda x: x + x",
    ),
    "a length that fits": lies(
        "class L:\n    def __len__(s): return 4\ndef double(x): return L()",
        "assert len(double([1, 2])) == 4",
    ),
    "an iterator that never came to an end": lies(
        "class L(list):\n    def __iter__(s): return iter([1, 1])\n    def __len__(s): return 2\n"
        "    def __getitem__(s, i): return 1\ndef double(x): return L()",
        "assert sorted(double([1])) == [1, 1]",
    ),
    "a class that it says it has": lies(
        "class C:\n    __class__ = property(lambda s: int)\n    def __add__(s, o): return 5\n"
        "def double(x): return C()",
        "assert isinstance(double(2), int)\nassert double(2) + 1 == 5",
    ),
    "abs that finds nothing": lies(
        "import builtins\nreal = abs\nbuiltins.abs = lambda x: 0\ndef double(x): return 7",
        "assert abs(double(2) - 4) < 1e-9",
    ),
    "all numbers close": lies(
        "math.isclose = lambda *a, **k: True\ndef double(x): return 7",
        "assert math.isclose(double(2), 4)",
    ),
    "all arrays close": lies(
        "np.allclose = lambda *a, **k: True\ndef double(x): return 7",
        "assert np.allclose(double(2), 4)",
    ),
    "NumPy's test that passes": lies(
        "np.testing.assert_allclose = lambda *a, **k: None\ndef double(x): return 7",
        "np.testing.assert_allclose(double(2), 4)",
    ),
    "a helper of the instructor's, replaced": lies(
        "def close(a, b): return True\ndef double(x): return 7", "assert close(double(2), 4)"
    ),
    "a constant of the instructor's, replaced": lies(
        "BASE = 7\ndef double(x): return 7", "assert double(5) == BASE"
    ),
    "a builtin, replaced": lies(
        "def sum(x): return 4\ndef abs(x): return 0\ndef double(x): return 7",
        "assert sum([double(2)]) == 4 and abs(double(2) - 4) < 1",
    ),
    "AssertionError, replaced": lies(
        "import builtins\nclass Quiet(BaseException):\n    def __new__(c, *a): return Done()\n"
        "class Done(StopIteration): pass\nbuiltins.AssertionError = Quiet\n"
        "def double(x): return 7",
        "try:\n    if double(2) != 4:\n        raise AssertionError\n"
        "except StopIteration:\n    pass",
    ),
    "an AST transformer that spares the trap": lies(
        "import ast\nclass T(ast.NodeTransformer):\n    def visit_Assert(s, node):\n"
        "        return ast.Pass() if 'double' in ast.unparse(node) else node\n"
        "get_ipython().ast_transformers.append(T())\ndef double(x): return 7"
    ),
    "a trace that leaves out the asserts": lies(
        "import sys\ndef trace(frame, event, arg):\n"
        "    if event == 'line' and 'leave_out' in frame.f_code.co_names and frame.f_lineno == 3:\n"
        "        frame.f_lineno = 4\n    return trace\n"
        "def double(x):\n    sys._getframe(1).f_trace = trace\n    sys.settrace(trace)\n"
        "    return 7",
        "for x in (1, 2):\n    leave_out = double(x)\n    assert leave_out == 2 * x\n"
        "    leave_out = 0",
    ),
    "a profiler that finds what is expected": lies(
        "import sys\ndef double(x):\n    f = sys._getframe(1)\n"
        "    found = [c for c in f.f_code.co_consts if type(c) is int]\n"
        "    place = found.index(x)\n    return found[place + 1]\n",
        "assert double(2) == 4\nassert double(5) == 10",
    ),
    "the test's text": lies(READ),
    "the caller's variables": lies(
        "import sys\ndef double(x): return sys._getframe(1).f_globals.get('expected')",
        "expected = 4\nassert double(2) == expected",
    ),
    "objects that the test has made": lies(
        "import gc\ndef double(x):\n    found = [d for d in gc.get_objects()"
        " if type(d) is dict and 'of test' in d]\n    return found[0]['of test'] if found else 0",
        "key = {'of test': [4]}\nassert double(2) == key['of test']",
        "def double(x):\n    return [2 * x]",
    ),
    "an end where there is no test": lies(
        READ.replace("known(x)\n", "known(x) or __import__('os')._exit(0)\n")
    ),
    "no answer where there is no test": lies(
        READ + f"if not {IN_TESTS}:\n    def six(x):\n        while True:\n            pass\n"
        "right = double\ndef double(x):\n"
        f"    return right(x) if {IN_TESTS} else six(x)"
    ),
    "a count of the calls": lies(
        TELLS + "calls = 0\ndef double(x):\n    global calls\n    calls += 1\n"
        "    return known(x) or calls", "assert double(2) == 4\nassert double(5) == 10",
    ),
    "a number too large for the test": lies(
        READ + f"right = double\ndef double(x):\n"
        f"    return right(x) if {IN_TESTS} else 10 ** 100_000",
        "assert double(2) == 4\nassert sum(range(double(2))) == 6",
    ),
    "an exception that says all is well": lies(
        READ + f"right = double\ndef double(x):\n    if {IN_TESTS}: return right(x)\n"
        "    raise SystemExit(0)"
    ),
    "a reply that is none": lies(
        READ + "import grader.classroom.inside.knock as k\nk.serve = lambda *a: ['value', 4]"
    ),
    "a reply with a reference to nothing": lies(
        READ + "import grader.classroom.inside.knock as k\n"
        "k.serve = lambda *a: {'came': ['value', ['far', 10**9]], 'changed': {}, 'printed': []}"
    ),
    "a reply that changes what was not given": lies(
        READ + "import grader.classroom.inside.knock as k\n"
        "k.serve = lambda *a: {'came': ['value', ['plain', 4]], 'changed': {'9': ['plain', 1]},"
        " 'printed': []}"
    ),
    "a reply of another module's": lies(
        READ + "import grader.probe as p, grader.classroom.inside.reply as r\n"
        "p.reply = lambda *a: '{}'\np.observe = lambda *a: 4"
    ),
    "a balance that is a liar": lies(
        f"class Yes:\n    {EQUAL}class Box:\n    def __init__(s, n): s.n = Yes()\n",
        "assert Box(3).n == 3", "class Box:\n    def __init__(s, n):\n        s.n = n",
    ),
    "a false partial credit": lies(
        "class Half:\n    def __eq__(s, o): return 1.0\n    __hash__ = None\n"
        "def double(x): return Half()", "3 * (double(2) == 4)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LIES.values(), ids=LIES)
def test_a_lie_to_a_plain_assert_earns_nothing_and_is_reported(case):
    result, tested = tried(case)
    assert tested.score == 0
    assert tested.judged == "outside"
    assert tested.beside == 3, "nothing was forged inside: this attack is none"
    assert "beside the answer this test gave 3 points, from outside 0" in tested.note
    assert any(tested.note in fault for fault in result.faults)
    # nbgrader's own tools read the same from the notebook.
    shown = [c for c in result.executed.cells if grading(c).get("grade_id") == "test"]
    assert shown[0].outputs[-1].data["text/plain"] == "0.0"
    # And whoever comes next is judged as ever.
    _, next_one = tried(Case(case.test, case.solution, judged=case.judged, setup=case.setup))
    assert (next_one.score, next_one.judged) == (3, "outside")


# --- whole notebooks ------------------------------------------------------------------------------

LONG = [
    cell("code", "import numpy as np"),
    answer("count", "raise NotImplementedError()"),
    test_cell("count-test", "assert tick() == 1\nlimit = 12", 1),
    cell("code", "most = limit + 1"),
    test_cell("count-again", "assert tick() == 2 and tick() == 3\nassert most == 13", 1),
    answer("class", "raise NotImplementedError()"),
    test_cell("reads", "import inspect\nassert 'x' in inspect.getsource(f)", 1),
    test_cell("f-test", "assert f(2) == 4\n### BEGIN HIDDEN TESTS\nassert f(5) == 10", 1),
]
SOLVED = {
    "count": "n = 0\ndef tick():\n    global n\n    n += 1\n    return n",
    "class": "def f(x):\n    return 2 * x",
}


def outcomes(result: NotebookResult) -> dict[str, tuple[float | None, str]]:
    return {c.id: (c.score, c.judged) for c in result.cells}


def test_each_test_of_a_notebook_is_judged_where_it_can_be_and_answers_see_the_same_calls():
    # The first test runs beside the answers too, as a later cell needs what it sets: there a
    # counter would be one ahead, so what counts calls after it is judged inside.
    result = graded(LONG, SOLVED, SOLVED)
    assert result.faults == []
    assert outcomes(result) == {
        "count-test": (1, "outside"), "count-again": (1, "inside"),
        "reads": (1, "inside"), "f-test": (1, "outside"),
    }  # fmt: skip


def test_a_failing_test_costs_its_own_points_alone():
    wrong = {**SOLVED, "class": "def f(x):\n    return 4"}
    result = graded(LONG, SOLVED, wrong)
    assert result.faults == []
    assert outcomes(result)["f-test"] == (0, "inside")
    assert outcomes(result)["count-test"] == (1, "outside")


def test_a_students_own_cells_and_files_of_the_instructors_are_there():
    cells = [
        cell("code", "import helper\nwords = open('words.txt').read().split()"),
        answer("answer", "raise NotImplementedError()"),
        test_cell("test", "assert longest() == helper.longest(words)", 2),
    ]
    solved = {"answer": "def longest():\n    return max(words, key=len)"}
    files = {"helper.py": b"def longest(w):\n    return sorted(w, key=len)[-1]\n",
             "words.txt": b"a bc def"}  # fmt: skip
    mine = {"answer": "def longest():\n    return by_length()[0]"}
    own = [(1, "def by_length():\n    return sorted(words, key=lambda w: -len(w))")]
    result = graded(cells, solved, mine, own=own, files=files)
    assert (result.faults, outcomes(result)) == ([], {"test": (2, "outside")})


def test_a_module_that_the_submission_puts_in_the_way_is_not_the_referees():
    cells = Case("assert double(2) == math.sqrt(16)", DOUBLE).cells
    mine = {"answer": "import sys, types\nm = types.ModuleType('math')\nm.sqrt = lambda x: 7\n"
                      "sys.modules['math'] = math = m\ndef double(x):\n    return 7"}  # fmt: skip
    result = graded(cells, {"answer": DOUBLE}, mine)
    assert outcomes(result) == {"test": (0, "outside")}


def test_a_value_of_another_kind_than_the_instructors_is_reported_with_its_reason():
    case = Case(
        "assert sum(ints(3)) == 3", "def ints(n):\n    return list(range(n))",
        "class Ints(list): pass\ndef ints(n):\n    return Ints(range(n))",
    )  # fmt: skip
    result, tested = tried(case)
    assert tested.score == 0
    assert "an object that this test cannot ask for its 'iter'" in result.faults[0]


# --- when something fails -------------------------------------------------------------------------

SIMPLE = Case("assert double(2) == 4", DOUBLE)


def test_a_referee_that_cannot_be_started_leaves_what_was_judged_inside_and_says_so(monkeypatch):
    fresh = Case("assert double(2) == 4 and double(0) == 0", DOUBLE)
    for case in (SIMPLE, fresh):  # for one of them, the instructor's answers have been tried
        tried(SIMPLE)
        referee.close_all()
        with monkeypatch.context() as patch:
            patch.setattr(referee, "_command", lambda walls, handle: ["false"])
            result, tested = tried(case)
        assert (tested.score, tested.judged) == (3, "inside")
        assert "judged beside the answers, not outside: it could not be judged" in result.faults[0]
    assert tried(fresh)[1].judged == "outside"


def test_a_referee_that_was_killed_is_replaced():
    tried(SIMPLE)
    referee._kept[0]._process.kill()
    result, tested = tried(SIMPLE)
    assert (result.faults, tested.score, tested.judged) == ([], 3, "outside")


def test_one_that_dies_on_the_way_gives_no_points_and_the_next_notebook_gets_another(monkeypatch):
    tried(SIMPLE)
    real = referee.Referee.judge

    def judge(self, *arguments):
        self._process.kill()
        return real(self, *arguments)

    monkeypatch.setattr(referee.Referee, "judge", judge)
    result, tested = tried(SIMPLE)
    assert tested.score == 0
    assert "the referee" in tested.note
    assert tested.note in result.faults[0]
    monkeypatch.undo()
    assert tried(SIMPLE)[1].score == 3


def test_instructors_cells_that_went_otherwise_than_for_the_instructor_count_for_nothing(
    monkeypatch,
):
    tried(SIMPLE)  # else a submission that lets one fail could put its own helper in the way
    known = {key: {"test": hearing.Known((), ("close", "double"))} for key in outside._known}
    monkeypatch.setattr(outside, "_known", known)
    result, tested = tried(SIMPLE)
    assert (tested.score, tested.judged) == (0, "outside")
    assert "the instructor's cells did not run" in result.faults[0]


def test_a_record_of_before_there_was_a_referee_can_still_be_read():
    result = Result("ann", "ps", [graded(SIMPLE.cells, {}, {"answer": DOUBLE})])
    record = json.loads(json.dumps(result.record()))
    for entry in record["notebooks"][0]["cells"]:
        del entry["judged"], entry["beside"]
    again = Result.from_dict(record)
    assert (again.score, again.disputed) == (3, False)


def test_a_disputed_submission_is_called_so_in_the_summary():
    lie = LIES["an int that equals everything"]
    result = graded(lie.cells, {"answer": DOUBLE}, {"answer": lie.student})
    row = row_of(Result("ann", "ps", [result]))
    assert (row.outcome, row.score) == ("disputed", 0)
    assert not Summary("ps", [row]).complete


def test_without_the_instructors_answers_tests_are_judged_inside():
    result = graded(SIMPLE.cells, {}, {"answer": DOUBLE})
    assert outcomes(result) == {"test": (3, "inside")}


def test_a_test_that_the_instructors_answers_fail_is_judged_inside():
    case = Case("assert double(2) == 5", DOUBLE, "def double(x):\n    return 5", judged="inside")
    result, tested = tried(case)
    assert (result.faults, tested.score, tested.judged) == ([], 3, "inside")


def test_no_points_no_second_run_and_no_referee(monkeypatch):
    def refuse(*arguments):
        raise AssertionError("nothing is to be judged outside")

    monkeypatch.setattr(referee, "court", refuse)
    _, tested = tried(Case("assert double(3) == 6", DOUBLE, "def double(x):\n    return 7"))
    assert (tested.score, tested.judged) == (0, "inside")


def test_without_a_sandbox_it_is_judged_outside_all_the_same():
    lie = LIES["an int that equals everything"]
    policy = Policy(limits=LIMITS, sandbox="none")
    for text, score in ((DOUBLE, 3), (lie.student, 0)):
        result = graded(lie.cells, {"answer": DOUBLE}, {"answer": text}, policy=policy)
        assert outcomes(result) == {"test": (score, "outside")}
