"""The engine: accumulation, freeing, depth, sharing, in-place edits, and adding an operation."""

import copy
import gc
import pickle
import subprocess
import sys
import tracemalloc
import weakref

import numpy as np
import pytest
import torch
from tensor_oracle import check

from course_lib import tensor as T


def leaf(*numbers: float) -> T.Tensor:
    return T.tensor(list(numbers), dtype=np.float64, requires_grad=True)


def test_backward_survives_a_chain_of_20_000_ops() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(20_000):
        y = y + 1.0
    y.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1.0]


def test_a_long_chain_that_is_dropped_without_backward_crashes_nothing() -> None:
    y = leaf(1.0)
    for _ in range(20_000):
        y = -y
    del y
    gc.collect()


def test_a_thousand_shared_uses_add_up() -> None:
    x = leaf(3.0)
    uses = [x * float(i) for i in range(1000)]
    total = uses[0]
    for use in uses[1:]:
        total = total + use
    total.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [sum(range(1000))]


def test_a_ladder_of_shared_nodes_is_walked_once_not_exponentially() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2.0**60]


def test_paths_of_different_length_join_before_they_go_on() -> None:
    def rejoin(a):
        b = a * 2
        return (b.exp() + b) * b * a

    check(rejoin, rejoin, np.array([0.3, -0.2]))


def test_second_backward_adds_exactly_one_more_leaf_gradient() -> None:
    x = T.tensor([0.1, 0.7, 1.3], requires_grad=True)
    y = (x.exp() * x).sum() + x.sum()
    y.backward(retain_graph=True)
    assert x.grad is not None
    once = x.grad.copy()
    y.backward(retain_graph=True)
    np.testing.assert_array_equal(x.grad, 2 * once)
    y.backward()
    np.testing.assert_allclose(x.grad, 3 * once, rtol=1e-6)  # 2g + g rounds once


def test_second_backward_through_a_freed_graph_says_what_to_do() -> None:
    x = leaf(1.0)
    y = x * 2
    y.backward()
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        y.backward()
    shared = x * 3
    (shared * 1).sum().backward()
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        (shared * 2).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [5.0]  # a refused backward has added nothing


def test_backward_frees_everything_in_between() -> None:
    x = leaf(1.0, 2.0)
    middle = (x * 2).exp()
    watch, data = weakref.ref(middle), weakref.ref(middle.data)
    loss = middle.sum()
    del middle
    assert watch() is not None
    loss.backward()
    assert watch() is None
    assert data() is None
    assert loss.item() > 0


def test_training_needs_no_more_memory_after_a_hundred_steps_than_after_ten() -> None:
    w = T.zeros(50, 50, requires_grad=True)

    def steps(n: int) -> int:
        for _ in range(n):
            ((w @ w + 1.0).tanh().sum()).backward()
        return tracemalloc.get_traced_memory()[0]

    gc.collect()
    gc.disable()  # reference counts alone have to free the graph
    tracemalloc.start()
    try:
        few = steps(10)
        assert steps(100) - few < 20_000  # one graph holds 40 kB
    finally:
        tracemalloc.stop()
        gc.enable()


def test_backward_frees_on_the_way_so_memory_never_holds_all_values_and_gradients() -> None:
    x = T.ones(250_000, requires_grad=True)
    y = x
    for _ in range(20):
        y = y.exp().log()  # 40 results of 1 MB each
    loss = y.sum()
    del y
    tracemalloc.start()
    try:
        held = tracemalloc.get_traced_memory()[0]
        loss.backward()
        assert tracemalloc.get_traced_memory()[1] - held < 6e6
    finally:
        tracemalloc.stop()


def test_leaves_never_share_a_gradient_array() -> None:
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (a + b).backward(np.array([1.0, 1.0]))
    seed = np.array([1.0, 1.0])
    c = leaf(1.0, 2.0)
    (c * 1).reshape(2).backward(seed)
    direct = leaf(1.0, 2.0)
    direct.backward(seed)
    grads = [t.grad for t in (a, b, c, direct)]
    for i, one in enumerate([*grads, seed]):
        for two in grads[i + 1 :]:
            assert not np.shares_memory(one, two)
    assert all(g is not None and g.flags.writeable for g in grads)


def test_a_rule_that_returns_one_array_twice_spoils_nothing() -> None:
    def double_add(a: T.Tensor, b: T.Tensor) -> T.Tensor:
        def vjp(grad: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            twice = grad * 2
            return twice, twice

        return T.Tensor.from_op(2 * (a.data + b.data), (a, b), vjp)

    a, b = leaf(1.0), leaf(2.0)
    out = double_add(a, b)
    (out + a * 5).backward()
    assert a.grad is not None
    assert b.grad is not None
    assert (a.grad.tolist(), b.grad.tolist()) == ([7.0], [2.0])
    assert not np.shares_memory(a.grad, b.grad)


def test_gradients_accumulate_over_calls_until_they_are_reset() -> None:
    x = leaf(2.0)
    for _ in range(3):
        (x * x).backward()
    assert x.grad is not None
    assert x.grad.tolist() == [12.0]
    x.grad = None
    (x * x).backward()
    assert x.grad.tolist() == [4.0]


def test_no_grad_records_nothing_and_ends_with_the_block() -> None:
    x = leaf(1.0)
    with T.no_grad():
        assert not T.is_grad_enabled()
        y = x * 2
        with T.enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
    assert not y.requires_grad
    assert y.is_leaf
    assert (x * 2).requires_grad
    with pytest.raises(ZeroDivisionError), T.no_grad():
        raise ZeroDivisionError
    assert T.is_grad_enabled()


def test_no_grad_decorates_a_function_also_a_recursive_one() -> None:
    @T.no_grad()
    def down(x: T.Tensor, n: int) -> T.Tensor:
        return x * 2 if n == 0 else down(x, n - 1)

    assert not down(leaf(1.0), 3).requires_grad
    assert T.is_grad_enabled()


def test_gradients_stop_at_detach_and_at_what_needs_none() -> None:
    x, constant = leaf(2.0), T.tensor([3.0], dtype=np.float64)
    (x * constant + x.detach() * x).backward()
    assert x.grad is not None
    assert x.grad.tolist() == [5.0]
    assert constant.grad is None
    assert np.shares_memory(x.detach().data, x.data)


def test_a_result_keeps_its_gradient_only_when_asked() -> None:
    x = leaf(2.0)
    kept, other = x * 3, x * 4
    kept.retain_grad()
    (kept * other).backward()
    assert kept.grad is not None
    assert kept.grad.tolist() == [8.0]
    assert other.grad is None


def test_mixed_precision_gives_each_leaf_a_gradient_of_its_own_dtype() -> None:
    x = T.tensor([1.0, 2.0], requires_grad=True)
    y = leaf(3.0, 4.0)
    (x * y).sum().backward()
    assert x.grad is not None
    assert y.grad is not None
    assert (x.grad.dtype, y.grad.dtype) == (np.float32, np.float64)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_backward_of_one_number_needs_no_gradient_given(shape: tuple[int, ...]) -> None:
    x = T.ones(shape, requires_grad=True)
    (x * 2).backward()
    assert x.grad is not None
    assert x.grad.tolist() == np.full(shape, 2.0).tolist()
    assert isinstance(x.grad, np.ndarray)


def test_an_operation_of_ones_own_broadcasts_and_accumulates() -> None:
    def hypot(a: T.Tensor, b: T.Tensor) -> T.Tensor:
        value = np.hypot(a.data, b.data)
        return T.Tensor.from_op(
            value, (a, b), lambda grad: (grad * a.data / value, grad * b.data / value)
        )

    check(hypot, torch.hypot, np.array([[1.0], [2.0]]), np.array([3.0, 4.0, 5.0]))
    assert T.gradcheck(hypot, (leaf(1.0, 2.0), leaf(3.0)))
    assert hypot(leaf(3.0), leaf(4.0)).item() == 5


def test_a_part_of_a_gradient_is_added_where_it_belongs() -> None:
    def first(a: T.Tensor) -> T.Tensor:
        return T.Tensor.from_op(a.data[0], (a,), lambda grad: T.Part(0, grad))

    x = leaf(1.0, 2.0, 3.0)
    (first(x) * 5 + x.sum() + first(x)).backward()
    assert x.grad is not None
    assert x.grad.tolist() == [7.0, 1.0, 1.0]


def test_editing_in_place_what_a_graph_needs_makes_backward_refuse() -> None:
    for edit in ("setitem", "add", "zero"):
        w, x = leaf(1.0, 2.0), T.tensor([3.0, 4.0], dtype=np.float64)
        y = (w * x).sum()
        if edit == "setitem":
            x[0] = 9.0
        elif edit == "add":
            x += 1
        else:
            x.zero_()
        with pytest.raises(RuntimeError, match=r"mul needs .*shape \(2,\).*edited in place"):
            y.backward()


def test_a_step_under_no_grad_edits_a_parameter_in_place() -> None:
    w = leaf(1.0, 2.0)
    same, data = w, w.data
    for _ in range(2):
        w.grad = None
        (w * w).sum().backward()
        with T.no_grad():
            w -= 0.25 * w.grad
    assert w is same
    assert w.data is data
    assert w.tolist() == [0.25, 0.5]
    assert w.requires_grad


def test_in_place_edits_of_a_leaf_that_requires_grad_are_refused_as_in_pytorch() -> None:
    w = leaf(1.0)
    with pytest.raises(RuntimeError, match="a leaf that requires grad"):
        w += 1
    with pytest.raises(RuntimeError, match="a leaf that requires grad"):
        w[0] = 1
    y = w * 2
    with pytest.raises(RuntimeError, match="part of a graph"):
        y.zero_()


def test_adding_up_losses_with_plus_equals_works_as_in_pytorch() -> None:
    def total(a):
        loss = 0
        for i in range(3):
            loss += (a * i).sum()
        loss *= 2
        loss -= a[0]
        loss /= 4
        return loss

    check(total, total, np.array([1.0, 2.0]))


def test_copies_and_pickles_of_leaves_are_leaves_of_their_own() -> None:
    x = leaf(1.0, 2.0)
    x.sum().backward()
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert twin.tolist() == x.tolist()
        assert twin.requires_grad
        assert twin.grad is not None
        assert not np.shares_memory(twin.data, x.data)
        (twin * 2).sum().backward()
        assert twin.grad.tolist() == [3.0, 3.0]
    with pytest.raises(RuntimeError, match="detach"):
        copy.deepcopy(x * 2)


def test_tensors_print_as_in_pytorch() -> None:
    assert repr(T.tensor([1.0, 2.5])) == "tensor([1. , 2.5])"
    assert repr(T.tensor([1, 2])) == "tensor([1, 2])"
    assert repr(leaf(1.0)) == "tensor([1.], dtype=float64, requires_grad=True)"
    assert repr(leaf(1.0) * 2) == "tensor([2.], dtype=float64, grad_fn=<mul>)"
    assert repr(leaf(1.0).softmax(0)).endswith("grad_fn=<softmax>)")


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        ([1.0, 2.0], "float32"),
        ([1, 2], "int64"),
        ([True], "bool"),
        (2.5, "float32"),
        (np.float64(2.5), "float64"),
        (np.array([1.0]), "float64"),
        (np.array([1.0], np.float32), "float32"),
        (np.array([1], np.int32), "int32"),
        ([[1, 2.5]], "float32"),
    ],
)
def test_numbers_get_the_dtype_that_pytorch_gives_them(data: object, dtype: str) -> None:
    assert T.tensor(data).dtype == dtype
    assert str(torch.tensor(data).dtype) == f"torch.{dtype}"


def test_factories_agree_with_pytorch() -> None:
    for make in (
        lambda m: m.zeros(2, 3),
        lambda m: m.ones((2, 3)),
        lambda m: m.full((2,), 7),
        lambda m: m.full((2,), 7.5),
        lambda m: m.full((), True),
        lambda m: m.eye(3),
        lambda m: m.eye(2, 3),
        lambda m: m.arange(5),
        lambda m: m.arange(1, 7, 2),
        lambda m: m.arange(0, 1, 0.25),
        lambda m: m.linspace(0, 1, 5),
        lambda m: m.zeros_like(m.arange(3)),
        lambda m: m.ones_like(m.zeros(2)),
    ):
        check(lambda a, f=make: f(T), lambda a, f=make: f(torch), np.array(1))


def test_random_tensors_repeat_with_the_same_seed() -> None:
    one, two = (T.randn(3, 4, rng=np.random.default_rng(5)) for _ in range(2))
    assert one.tolist() == two.tolist()
    assert T.rand(2, rng=np.random.default_rng(5)).dtype == np.float32


def test_a_tensor_behaves_as_python_expects() -> None:
    x = T.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert (len(x), x.size(), x.size(-1), x.numel()) == (2, (2, 2), 2, 4)
    assert [row.tolist() for row in x] == x.tolist()
    assert float(x[0, 1]) == 2.0
    assert [10, 20, 30][T.tensor(2)] == 30
    assert bool(T.tensor(1) == 1)
    assert np.asarray(x).shape == (2, 2)
    assert len({x, x, x.clone()}) == 2  # a tensor is itself, not its numbers
    _, second = x
    assert second.tolist() == [3.0, 4.0]


def test_importing_loads_neither_torch_nor_scipy() -> None:
    code = (
        "import sys, course_lib.tensor; "
        "print(*[m for m in ('torch', 'scipy', 'jaxtyping', 'matplotlib') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


@pytest.mark.parametrize(
    "made",
    [[1.0], np.ones(1), np.float64(1), torch.ones(1, dtype=torch.float64), torch.ones(1)],
    ids=["list", "array", "scalar", "tensor64", "tensor32"],
)
def test_a_dtype_that_the_data_has_is_kept_as_pytorch_keeps_it(made: object) -> None:
    assert str(T.Tensor(made).dtype) == str(torch.as_tensor(made).dtype).removeprefix("torch.")


def test_a_function_decorated_with_no_grad_records_nothing() -> None:
    w = T.Tensor([1.0], requires_grad=True)

    @T.no_grad()
    def double() -> T.Tensor:
        return w * 2

    assert not double().requires_grad
    assert not double().requires_grad  # a second call too
    assert (w * 2).requires_grad
