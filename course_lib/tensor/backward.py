"""Backward: from one number to the gradient of everything that it was made from.

Adds to `engine`: the walk back through the graph. Rules only return gradients; here, and nowhere
else, gradients are summed over broadcast axes, cast, and accumulated. Taught in lesson 05.
"""

from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from course_lib.tensor.engine import Array, Tensor, freed, to_array


class Part(NamedTuple):
    """A gradient that is zero everywhere but at a basic index (no arrays in it).

    A rule may return one instead of an array that is mostly zeros.
    """

    index: Any
    grad: Array


def backward(root: Tensor, gradient: Any = None, retain_graph: bool = False) -> None:
    """Add d root / d leaf to `grad` of every leaf that root was made from.

    `gradient` is the gradient of some later number with respect to root; it may be left out
    when root has one element, and is then 1. The graph is freed on the way, and with it the
    memory of everything in between, unless retain_graph is true.

    Raises:
        RuntimeError: root needs no gradient; the graph was freed by an earlier backward; or a
            tensor was edited in place after the graph used it.
        ValueError: gradient is missing, or its shape is not that of root.

    Differs from PyTorch: a freed graph is refused even if it has kept no array, and an edit
    even if the rule does not need the value.
    """
    order = _graph(root)  # oldest first, so that pop() gives the newest
    totals = {root: _seed(root, gradient)}
    own: set[Tensor] = set()  # those whose total is an array of ours, to add into
    while order:
        node = order.pop()
        grad = totals.pop(node, None)
        if grad is not None and (node._rule is None or node._keeps_grad):
            _deposit(node, grad, node in own and node._rule is None)
        if node._rule is None:
            continue
        if grad is not None:
            _pass_on(node, grad, totals, own)
        if not retain_graph:
            node._parents, node._rule = (), freed


def unbroadcast(grad: Array, shape: tuple[int, ...]) -> Array:
    """Sum grad over the axes along which broadcasting repeated an array of this shape.

    What was used several times has several effects, and they add up: (2, 3) back to (3,) sums the
    rows, (2, 3) back to (2, 1) sums within each row.
    """
    if grad.shape == shape:
        return grad
    added = grad.ndim - len(shape)
    if added < 0:
        raise ValueError(f"shape {grad.shape} does not come from broadcasting {shape}")
    stretched = [added + i for i, n in enumerate(shape) if n == 1 and grad.shape[added + i] != 1]
    summed = np.asarray(grad.sum(axis=(*range(added), *stretched), keepdims=bool(stretched)))
    if summed.shape[summed.ndim - len(shape) :] != shape:
        raise ValueError(f"shape {grad.shape} does not come from broadcasting {shape}")
    return summed.reshape(shape) if stretched else summed


def _graph(root: Tensor) -> list[Tensor]:
    """Every tensor that root was made from and that needs a gradient, oldest first."""
    if not root.requires_grad:
        raise RuntimeError("backward of a tensor that does not require grad: no input asked for it")
    found, nodes = {root}, [root]
    for node in nodes:  # nodes grows while we walk it: no recursion, so no limit on depth
        if node._rule is freed:
            freed(None)
        for parent in node._parents:
            if parent._edited > node._born:
                raise RuntimeError(
                    f"{node.grad_fn} needs a tensor of shape {parent.data.shape} as it was, but "
                    "it has been edited in place since: edit a clone(), or run backward first"
                )
            if parent.requires_grad and parent not in found:
                found.add(parent)
                nodes.append(parent)
    nodes.sort(key=attrgetter("_born"))
    return nodes


def _seed(root: Tensor, gradient: Any) -> Array:
    """The gradient that backward starts from."""
    if gradient is None:
        if root.data.size != 1:
            raise ValueError(f"backward of shape {root.data.shape} needs a gradient; sum() first?")
        return np.ones_like(root.data)
    seed = to_array(gradient, root.data.dtype)
    if seed.shape != root.data.shape:
        raise ValueError(f"gradient has shape {seed.shape}, the tensor {root.data.shape}")
    return seed


def _pass_on(node: Tensor, grad: Array, totals: dict[Tensor, Array], own: set[Tensor]) -> None:
    """Ask node's rule for the gradients of its parents, and add each to the parent's total."""
    grads = _apply_rule(node, grad)
    distinct = len(grads) == 1 or len(set(map(id, grads))) == len(grads)
    for parent, given in zip(node._parents, grads, strict=True):
        if given is None or not parent.requires_grad:
            continue
        if type(given) is Part:
            _add_part(parent, given, totals, own)
            continue
        part = _fit(node, given, parent)
        if parent not in totals:
            totals[parent] = part
            if part is not grad and part.base is None and (distinct or part is not given):
                own.add(parent)  # fresh from the rule: nobody else will read or write it
        elif parent in own:
            totals[parent] += part
        else:
            totals[parent] = np.asarray(totals[parent] + part)
            own.add(parent)


def _apply_rule(node: Tensor, grad: Array) -> tuple[Any, ...]:
    """The gradients of node's parents, one for each."""
    assert node._rule is not None
    grads = node._rule(grad)
    if type(grads) is not tuple:
        grads = (grads,)
    if len(grads) != len(node._parents):
        raise RuntimeError(
            f"{node.grad_fn} has {len(node._parents)} parents, its rule gave {len(grads)} gradients"
        )
    return grads


def _add_part(parent: Tensor, part: Part, totals: dict[Tensor, Array], own: set[Tensor]) -> None:
    """Add to a part of the parent's total, which then has to be an array of ours."""
    if parent not in totals:
        totals[parent] = np.zeros_like(parent.data)
        totals[parent][part.index] = part.grad  # a basic index names no element twice
        own.add(parent)
        return
    if parent not in own:
        totals[parent] = totals[parent].copy()
        own.add(parent)
    totals[parent][part.index] += part.grad


def _fit(node: Tensor, grad: Any, parent: Tensor) -> Array:
    """Give a gradient the shape and dtype of its parent."""
    shape, dtype = parent.data.shape, parent.data.dtype
    if type(grad) is not Array or grad.shape != shape:
        try:
            grad = unbroadcast(np.asarray(grad), shape)
        except ValueError:
            turned = ": transposed?" if np.shape(grad) == shape[::-1] else ""
            raise RuntimeError(
                f"{node.grad_fn}: its rule gave a gradient of shape {np.shape(grad)} "
                f"for a parent of shape {shape}{turned}"
            ) from None
    return grad if grad.dtype == dtype else grad.astype(dtype)


def _deposit(node: Tensor, grad: Array, owned: bool) -> None:
    """Add to node.grad; an array that others may hold is copied first."""
    if node.grad is None:
        node.grad = grad if owned else grad.copy()
    else:
        node.grad += grad
