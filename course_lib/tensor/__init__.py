"""Tensor: NumPy arrays with gradients, broadcasting, and PyTorch's names.

>>> from course_lib import tensor
>>> w = tensor.tensor([1.0, -2.0], requires_grad=True)
>>> loss = (w**2).sum()
>>> loss.backward()
>>> w.grad
array([ 2., -4.], dtype=float32)

The files form a ladder, lowest rung first: memory, grad_mode, engine, backward, creation,
arithmetic, comparison, inplace, elementwise, reductions, indexing, shapes, product, probability,
losses, layers, attention, gradcheck, methods. Operations that PyTorch keeps in torch.nn.functional
are in `functional`. Each file says where it differs from PyTorch. What holds throughout: shapes
that do not fit raise ValueError, dtypes TypeError, axes and indices IndexError, and the graph
RuntimeError, where PyTorch has RuntimeError for most.
"""

from course_lib.tensor import functional
from course_lib.tensor import memory as _memory
from course_lib.tensor import methods as _methods  # noqa: F401 (gives Tensor its methods)
from course_lib.tensor.arithmetic import add, div, maximum, minimum, mul, neg, pow, sub
from course_lib.tensor.backward import Part, unbroadcast
from course_lib.tensor.comparison import (
    eq,
    ge,
    gt,
    le,
    logical_and,
    logical_not,
    logical_or,
    lt,
    ne,
)
from course_lib.tensor.creation import (
    arange,
    as_tensor,
    eye,
    from_numpy,
    full,
    linspace,
    ones,
    ones_like,
    rand,
    randn,
    tensor,
    zeros,
    zeros_like,
)
from course_lib.tensor.elementwise import (
    abs,
    clamp,
    cos,
    exp,
    log,
    reciprocal,
    relu,
    rsqrt,
    sigmoid,
    sign,
    sin,
    sqrt,
    square,
    tanh,
)
from course_lib.tensor.engine import Tensor
from course_lib.tensor.grad_mode import (
    enable_grad,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from course_lib.tensor.gradcheck import (
    GradcheckError,
    Mismatch,
    diagnose,
    explain,
    gradcheck,
    numerical_gradient,
)
from course_lib.tensor.indexing import gather, index_select, masked_fill, tril, triu, where
from course_lib.tensor.probability import log_softmax, logsumexp, softmax
from course_lib.tensor.product import matmul
from course_lib.tensor.reductions import (
    all,
    amax,
    amin,
    any,
    argmax,
    argmin,
    cumsum,
    max,
    mean,
    min,
    std,
    sum,
    var,
)
from course_lib.tensor.shapes import (
    broadcast_to,
    cat,
    chunk,
    clone,
    flatten,
    permute,
    reshape,
    split,
    squeeze,
    stack,
    transpose,
    unbind,
    unsqueeze,
)

clip = clamp
_memory.keep_freed()

__all__ = [
    "GradcheckError",
    "Mismatch",
    "Part",
    "Tensor",
    "abs",
    "add",
    "all",
    "amax",
    "amin",
    "any",
    "arange",
    "argmax",
    "argmin",
    "as_tensor",
    "broadcast_to",
    "cat",
    "chunk",
    "clamp",
    "clip",
    "clone",
    "cos",
    "cumsum",
    "diagnose",
    "div",
    "enable_grad",
    "eq",
    "exp",
    "explain",
    "eye",
    "flatten",
    "from_numpy",
    "full",
    "functional",
    "gather",
    "ge",
    "gradcheck",
    "gt",
    "index_select",
    "is_grad_enabled",
    "le",
    "linspace",
    "log",
    "log_softmax",
    "logical_and",
    "logical_not",
    "logical_or",
    "logsumexp",
    "lt",
    "masked_fill",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mul",
    "ne",
    "neg",
    "no_grad",
    "numerical_gradient",
    "ones",
    "ones_like",
    "permute",
    "pow",
    "rand",
    "randn",
    "reciprocal",
    "relu",
    "reshape",
    "rsqrt",
    "set_grad_enabled",
    "sigmoid",
    "sign",
    "sin",
    "softmax",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "sub",
    "sum",
    "tanh",
    "tensor",
    "transpose",
    "tril",
    "triu",
    "unbind",
    "unbroadcast",
    "unsqueeze",
    "var",
    "where",
    "zeros",
    "zeros_like",
]
