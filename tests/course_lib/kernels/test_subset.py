"""Which Python a kernel may use: everything in the lessons, and no way out."""
# ruff: noqa: E501

import doctest

import pytest

from course_lib.kernels import check_subset, subset

FINE = [
    "def k(a, out):\n    '''Doc.'''\n    i = cuda.grid(1)\n    if i < out.size:\n        out[i] = a[i]",
    "@cuda.jit\ndef k(a):\n    x, y = cuda.grid(2)\n    a[y, x] += float32(1) if x > 0 and not y else -2.5",
    "def k(a):\n    s = cuda.shared.array((TILE, PADDED), float32)\n    s[0, 0] = math.exp(a[0])\n"
    "    cuda.syncthreads()\n    a[0] = s[0, 0] * math.pi",
    "def k(a):\n    for i in range(cuda.threadIdx.x, a.shape[0], cuda.blockDim.x):\n        a[i] = 0",
    "def k(a):\n    i = 0\n    while i < len(a):\n        if i == 3:\n            break\n        i += 1\n"
    "    return",
    "def k(a):\n    old = cuda.atomic.add(a, (0, 1), 1)\n    a[0, 0] = max(old, abs(-old), int(2.5))",
    "@cuda.jit(device=True)\ndef f(x):\n    return x * x\n\ndef k(a):\n    a[0] = f(a[0])",
    "def k(a):\n    v = cuda.local.array(4, int32)\n    v[0] = 1 << 2 ^ 3 | 4 & ~5\n    a[0] = v[0] // 2 % 3",
    "def k(a):\n    pass",
]  # fmt: skip

REFUSED = [
    ("import os", "import"),
    ("print(a)", "the function print"),
    ("a.fill(0)", "the function a.fill"),
    ("a._cells = 0", "an assignment to anything but a name or a cell"),
    ("x = a._recorder", "a._recorder"),
    ("x = a.shape.__class__", "a.shape.__class__"),
    ("x = (1).__class__", ".__class__"),
    ("x = cuda", "the name cuda here"),
    ("x = math", "the name math here"),
    ("cuda = 1", "cuda as a name of its own"),
    ("range = 1", "range as a name of its own"),
    ("cuda.jit(a)", "the function cuda.jit"),
    ("x = cuda._recorder", "cuda._recorder"),
    ("x = cuda.shared._arrays", "cuda.shared._arrays"),
    ("x = [1, 2]", "a list"),
    ("x = [i for i in range(3)]", "a list comprehension"),
    ("x = {1: 2}", "a dict"),
    ("x = 'text'", "the value 'text'"),
    ("x = f'{a}'", "an f-string"),
    ("x = 2j", "the value 2j"),
    ("x = None", "the value None"),
    ("x = lambda: 0", "a lambda"),
    ("x = a[1:3]", "a slice"),
    ("x = a[0][1]", "an index on a[0]"),
    ("x = a @ a", "the operator @"),
    ("x = 1 in (1, 2)", "In"),
    ("x = a is a", "Is"),
    ("x = (y := 1)", "an assignment within an expression (:=)"),
    ("for v in a:\n        pass", "a for loop other than `for name in range(...)`"),
    ("for i in range(3):\n        pass\n    else:\n        pass", "a for loop other than"),
    ("try:\n        pass\n    except: pass", "try"),
    ("with a: pass", "with"),
    ("def g(): pass", "FunctionDef"),
    ("global z", "global"),
    ("del a", "del"),
    ("assert a[0] > 0", "assert"),
    ("raise ValueError", "raise"),
    ("yield 1", "yield"),
    ("x = __builtins__", "the name __builtins__ here"),
    ("x = undefined", "the name undefined here"),
    ("x = getattr(a, 'shape')", "the function getattr"),
    ("x = max(*a)", "an unpacked argument (*)"),
    ("x = max(a[0], key=a)", "named arguments in a call"),
    (
        "n = a.size\n    s = cuda.shared.array(n, float32)",
        "a variable (n) in the shape of an array",
    ),
    ("s = cuda.shared.array((4, TILE + 1), float32)", "an expression (TILE + 1) in the shape"),
    ("s = cuda.shared.array(4, a)\n    x = s.size.real", "s.size.real"),
    ("a.size += 1", "an assignment to a.size"),
    ("x, a.shape = 1, 2", "an assignment to a.shape"),
    ("cuda.threadIdx.x = 3", "an assignment to anything but a name or a cell"),
    ("*x, y = a.shape", "an unpacked argument (*)"),
    ("return a[0]", "a returned value"),
    ("1 + 1", "an expression whose value nobody uses"),
    ("x: int = 3", "an annotated assignment"),
    ("(lambda: a)()", "the function lambda: a"),
]


@pytest.mark.parametrize("source", FINE)
def test_what_lessons_teach_is_allowed(source) -> None:
    assert check_subset(source) == []


@pytest.mark.parametrize(("body", "construct"), REFUSED)
def test_what_lies_outside_is_refused_by_name_and_line(body, construct) -> None:
    found = check_subset(f"def k(a):\n    i = cuda.grid(1)\n    {body}\n")
    assert any(construct in violation.construct for violation in found), found
    assert all(violation.line >= 1 for violation in found)
    assert str(found[0]).startswith(f"line {found[0].line}: a kernel cannot use ")


def test_the_line_is_that_of_the_construct() -> None:
    found = check_subset("def k(a):\n    x = 1\n\n    y = a[\n        0:2]\n")
    assert [violation.line for violation in found] == [5]


@pytest.mark.parametrize(
    ("source", "construct"),
    [
        ("x = 1", "a source without a function definition"),
        ("", "a source without a function definition"),
        ("def k(a:\n", "what is no Python"),
        ("import os\ndef k(a): pass", "import outside a function"),
        ("def k(a=1): pass", "parameters other than plain ones"),
        ("def k(*a): pass", "parameters other than plain ones"),
        ("def k(a, *, b): pass", "parameters other than plain ones"),
        ("def k(a: print()): pass", "annotations"),
        ("@evil\ndef k(a): pass", "the decorator evil"),
        ("@cuda.jit(link=1)\ndef k(a): pass", "the decorator cuda.jit(link=1)"),
        ("class K: pass\ndef k(a): pass", "a class outside a function"),
        ("def k(__a): pass", "__a as a name of its own"),
        ("def k(cuda): pass", "cuda as a name of its own"),
        ("\0", "what is no Python"),
        ("def k(a):\n  x = " + "-" * 100_000 + "1", "what is no Python"),
    ],
)
def test_a_source_that_is_no_plain_function_is_refused(source, construct) -> None:
    assert any(construct in violation.construct for violation in check_subset(source))


def test_names_from_outside_are_allowed_when_named() -> None:
    source = "def k(a):\n    a[0] = scale * helper(a[0]) + LIMIT"
    assert len(check_subset(source)) == 2
    assert check_subset(source, constants=("scale",), functions=("helper",)) == []


def test_the_example_in_the_docstring_is_true() -> None:
    assert doctest.testmod(subset).failed == 0
