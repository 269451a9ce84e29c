"""Which Python a kernel may use: the part of Numba CUDA's subset that the course teaches.

`check_subset(source)` reads a kernel without running it and names each construct outside, with its
line. What passes can compute, branch, loop over ranges, index the arrays it was given, and use
`cuda`, `math`, number types and constants; it can reach nothing else, so it cannot reach the
instrument that watches it either.
"""

import ast
import textwrap
from collections.abc import Collection, Iterator
from typing import NamedTuple

from course_lib.kernels.namespace import DTYPES

CUDA_CALLS = {"grid", "gridsize", "syncthreads", "shared.array", "local.array"}
CUDA_CALLS |= {f"atomic.{name}" for name in ("add", "sub", "max", "min", "exch", "cas")}
CUDA_VALUES = {f"{name}.{axis}" for name in ("threadIdx", "blockIdx", "blockDim", "gridDim")
               for axis in "xyz"} | {"laneid", "warpsize"}  # fmt: skip
BUILTINS = {"range", "min", "max", "abs", "int", "float", "bool", "len", "round", "pow"}
MATH_CALLS = {
    "exp", "expm1", "log", "log2", "log10", "log1p", "sqrt", "fabs", "tanh", "sin", "cos",
    "tan", "sinh", "cosh", "floor", "ceil", "trunc", "isnan", "isinf", "isfinite", "hypot",
    "fmod", "copysign", "pow", "atan2", "erf",
}  # fmt: skip
MATH_VALUES = {"pi", "e", "inf", "nan"}
TYPES = {dtype.name for dtype in DTYPES} - {"bool"} | {"boolean"}
ARRAY_VALUES = {"shape", "size", "ndim"}
_PLAIN = (
    ast.Module, ast.arguments, ast.arg, ast.Load, ast.Store, ast.operator, ast.unaryop, ast.boolop,
    ast.cmpop, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.If, ast.Pass,
    ast.Break, ast.Continue, ast.AugAssign, ast.Tuple, ast.Return,
)  # fmt: skip
_NAMES = {
    "ListComp": "a list comprehension", "SetComp": "a set comprehension", "List": "a list",
    "DictComp": "a dict comprehension", "GeneratorExp": "a generator", "Lambda": "a lambda",
    "Dict": "a dict", "Set": "a set", "JoinedStr": "an f-string", "Try": "try", "With": "with",
    "Import": "import", "ImportFrom": "import", "Global": "global", "Nonlocal": "nonlocal",
    "Delete": "del", "Assert": "assert", "Raise": "raise", "Yield": "yield", "YieldFrom": "yield",
    "Await": "await", "NamedExpr": "an assignment within an expression (:=)", "Slice": "a slice",
    "Starred": "an unpacked argument (*)", "ClassDef": "a class", "AsyncFunctionDef": "async",
    "Match": "match", "AnnAssign": "an annotated assignment", "MatMult": "the operator @",
}  # fmt: skip
_REFUSED_OPERATORS = (ast.MatMult, ast.In, ast.NotIn, ast.Is, ast.IsNot)


class Violation(NamedTuple):
    """A construct outside the subset: its line within the source, and what to say about it."""

    line: int
    construct: str

    def __str__(self) -> str:
        return f"line {self.line}: a kernel cannot use {self.construct}"


def check_subset(
    source: str, *, constants: Collection[str] = (), functions: Collection[str] = ()
) -> list[Violation]:
    r"""Every construct of a kernel's source that lies outside the subset; empty if it is fine.

    The source holds function definitions only. constants are names that stand for numbers outside
    it; names in CAPITALS are allowed without being listed, so whoever runs the kernel must bind
    them to numbers. functions are device functions defined elsewhere.

    >>> check_subset("def k(a):\n    print(a[0])")[0].construct
    'the function print'
    """
    try:
        tree = ast.parse(textwrap.dedent(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return [Violation(getattr(error, "lineno", None) or 1, f"what is no Python: {error}")]
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    if not defined:
        return [Violation(1, "a source without a function definition")]
    found: list[Violation] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found += _Function(node, set(constants), defined | set(functions)).check()
        else:
            found.append(Violation(node.lineno, f"{_construct(node)} outside a function"))
    return sorted(dict.fromkeys(found))


def _construct(node: ast.AST) -> str:
    """What a learner calls it."""
    return _NAMES.get(type(node).__name__, type(node).__name__)


def _dotted(node: ast.expr) -> str:
    """`cuda.shared.array` of the expression that says so; "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = _dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return ""


class _Function:
    """Checks one function definition."""

    def __init__(self, node: ast.FunctionDef, constants: set[str], functions: set[str]) -> None:
        self._node, self._constants, self._functions = node, constants, functions
        self._locals = {arg.arg for arg in node.args.args}
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                self._locals.add(part.id)

    def check(self) -> list[Violation]:
        """Every violation in the function."""
        node, found = self._node, list(self._signature())
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        for statement in body:
            found += self._visit(statement)
        reserved = self._locals & (BUILTINS | TYPES | self._functions | {"cuda", "math"})
        hidden = {name for name in self._locals if name.startswith("__")}
        return found + [Violation(node.lineno, f"{name} as a name of its own")
                        for name in sorted(reserved | hidden)]  # fmt: skip

    def _signature(self) -> Iterator[Violation]:
        """The decorator and the parameters."""
        args = self._node.args
        if args.posonlyargs or args.kwonlyargs or args.vararg or args.kwarg or args.defaults:
            yield Violation(self._node.lineno, "parameters other than plain ones")
        annotations = [arg.annotation for arg in args.args] + [self._node.returns]
        if any(annotations):
            yield Violation(self._node.lineno, "annotations")
        for decorator in self._node.decorator_list:
            if ast.unparse(decorator) not in ("cuda.jit", "cuda.jit(device=True)"):
                yield Violation(decorator.lineno, f"the decorator {ast.unparse(decorator)}")

    def _visit(self, node: ast.AST) -> Iterator[Violation]:
        """Check a node and what is in it."""
        check = getattr(self, f"_{type(node).__name__.lower()}", None)
        if check is not None:
            yield from check(node)
        elif isinstance(node, _REFUSED_OPERATORS) or not isinstance(node, _PLAIN):
            yield Violation(getattr(node, "lineno", self._node.lineno), _construct(node))
        else:
            yield from self._children(node)

    def _children(self, node: ast.AST) -> Iterator[Violation]:
        for child in ast.iter_child_nodes(node):
            for violation in self._visit(child):
                operator = isinstance(child, (ast.operator, ast.cmpop))  # these have no line
                line = getattr(node, "lineno", violation.line) if operator else violation.line
                yield violation._replace(line=line)

    def _constant(self, node: ast.Constant) -> Iterator[Violation]:
        if type(node.value) not in (int, float, bool):
            yield Violation(node.lineno, f"the value {node.value!r}")

    def _name(self, node: ast.Name) -> Iterator[Violation]:
        known = node.id in self._locals or node.id in self._constants or node.id.isupper()
        if not known or node.id.startswith("__"):
            yield Violation(node.lineno, f"the name {node.id} here")

    def _return(self, node: ast.Return) -> Iterator[Violation]:
        device = any("device" in ast.unparse(d) for d in self._node.decorator_list)
        if node.value is not None and not device:
            yield Violation(node.lineno, "a returned value: a kernel writes its result to an array")
        yield from self._children(node)

    def _assign(self, node: ast.Assign) -> Iterator[Violation]:
        for target in node.targets:
            if not isinstance(target, (ast.Name, ast.Subscript, ast.Tuple)):
                yield Violation(node.lineno, "an assignment to anything but a name or a cell")
            else:
                yield from self._visit(target)
        if isinstance(node.value, ast.Call):
            yield from self._allocation(node.value)
        yield from self._visit(node.value)

    def _allocation(self, node: ast.Call) -> Iterator[Violation]:
        """The shape of a shared or local array: numbers and constants, known to the compiler."""
        if _dotted(node.func) not in ("cuda.shared.array", "cuda.local.array") or not node.args:
            return
        shape = node.args[0]
        for part in shape.elts if isinstance(shape, ast.Tuple) else [shape]:
            what = ast.unparse(part)
            if isinstance(part, ast.Name) and part.id in self._locals:
                yield Violation(node.lineno, f"a variable ({what}) in the shape of an array")
            elif not isinstance(part, (ast.Name, ast.Constant)):
                yield Violation(node.lineno, f"an expression ({what}) in the shape of an array")

    def _expr(self, node: ast.Expr) -> Iterator[Violation]:
        if not isinstance(node.value, ast.Call):
            yield Violation(node.lineno, "an expression whose value nobody uses")
        yield from self._visit(node.value)

    def _for(self, node: ast.For) -> Iterator[Violation]:
        ranged = isinstance(node.iter, ast.Call) and _dotted(node.iter.func) == "range"
        if not ranged or not isinstance(node.target, ast.Name) or node.orelse:
            yield Violation(node.lineno, "a for loop other than `for name in range(...)`")
        yield from self._children(node)

    def _while(self, node: ast.While) -> Iterator[Violation]:
        if node.orelse:
            yield Violation(node.lineno, "while with else")
        yield from self._children(node)

    def _attribute(self, node: ast.Attribute) -> Iterator[Violation]:
        base, _, rest = _dotted(node).partition(".")
        fine = (
            (base == "cuda" and rest in CUDA_VALUES)
            or (base == "math" and rest in MATH_VALUES)
            or (base in self._locals and rest in ARRAY_VALUES)
        )
        if not isinstance(node.ctx, ast.Load):
            yield Violation(node.lineno, f"an assignment to {ast.unparse(node)}")
        elif not fine:
            yield Violation(node.lineno, ast.unparse(node))

    def _subscript(self, node: ast.Subscript) -> Iterator[Violation]:
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            yield from self._visit(node.value)
        elif not isinstance(node.value, ast.Name):
            what = f"an index on {ast.unparse(node.value)}: a cell is a[i] or a[i, j]"
            yield Violation(node.lineno, what)
        else:
            yield from self._visit(node.value)
        yield from self._visit(node.slice)

    def _call(self, node: ast.Call) -> Iterator[Violation]:
        name = _dotted(node.func)
        base, _, rest = name.partition(".")
        args = list(node.args)
        if base == "cuda" and rest in CUDA_CALLS:
            if rest.endswith(".array") and len(args) == 2 and _dotted(args[1]) in TYPES:
                args.pop()
        elif not (
            (base == "math" and rest in MATH_CALLS)
            or (name in BUILTINS | TYPES | self._functions and name not in self._locals)
        ):
            yield Violation(node.lineno, f"the function {ast.unparse(node.func)}")
        if node.keywords:
            yield Violation(node.lineno, "named arguments in a call")
        for arg in args:
            yield from self._visit(arg)
