"""Oracles: PyTorch in float64 on expressions drawn by hypothesis; closed forms; counts.

micrograd itself is no dependency of the tests. What code written for it relies on is pinned here
from its published behaviour: names, texts, numbers drawn, losses on the way.
"""

import copy
import doctest
import gc
import math
import random
import re
import subprocess
import sys
import weakref

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import course_lib.scalar
from course_lib import scalar
from course_lib.scalar import MLP, Layer, Module, Neuron, Value, drawing, engine, nn, to_mermaid

small = st.floats(-2, 2, allow_subnormal=False)

# ---------------------------------------------------------------- values and gradients

UNARY = {
    "neg": lambda x: -x,
    "square": lambda x: x**2,
    "cube": lambda x: x**3.0,
    "inverse": lambda x: (x**2 + 1) ** -1,
    "root": lambda x: (x * x + 0.5) ** 0.5,
    "relu": lambda x: x.relu(),
    "tanh": lambda x: x.tanh(),
    "sigmoid": lambda x: x.sigmoid(),
    "exp": lambda x: x.tanh().exp(),
    "log": lambda x: (x.sigmoid() + 0.1).log(),
    "plus number": lambda x: x + 1.5,
    "number plus": lambda x: 2 + x,
    "minus number": lambda x: x - 0.5,
    "number minus": lambda x: 3 - x,
    "times number": lambda x: x * -0.75,
    "number times": lambda x: 2 * x,
    "over number": lambda x: x / 4,
    "number over": lambda x: 1.5 / (x * x + 1),
}
BINARY = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / (y * y + 1),
}


@st.composite
def programs(draw: st.DrawFn) -> tuple[list[float], list[tuple[str, int, int]]]:
    """Numbers to start from, and operations on any earlier results: every kind of sharing."""
    leaves = draw(st.lists(small, min_size=1, max_size=4))
    steps = []
    for size in range(len(leaves), len(leaves) + draw(st.integers(1, 12))):
        name = draw(st.sampled_from([*UNARY, *BINARY]))
        steps.append((name, draw(st.integers(0, size - 1)), draw(st.integers(0, size - 1))))
    return leaves, steps


def run(leaves: list, steps: list[tuple[str, int, int]]) -> list:
    pool = list(leaves)
    for name, i, j in steps:
        result = UNARY[name](pool[i]) if name in UNARY else BINARY[name](pool[i], pool[j])
        pool.append(result.tanh() if abs(float(result.data)) > 50 else result)
    return pool


@settings(max_examples=150)
@given(programs())
def test_gradients_of_any_expression_are_pytorchs(program) -> None:
    numbers, steps = program
    ours = run([Value(x) for x in numbers], steps)
    theirs = run([torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers], steps)
    for node in theirs:
        node.retain_grad()
    ours[-1].backward()
    theirs[-1].backward()
    for a, b in zip(ours, theirs, strict=True):  # results in between too
        assert a.data == pytest.approx(b.item(), rel=1e-12, abs=1e-12)
        expected = 0 if b.grad is None else b.grad.item()
        assert a.grad == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("x", [-1.3, 0.4, 1.7])
def test_each_operation_has_the_slope_of_central_differences(name: str, x: float) -> None:
    value, h = Value(x), 1e-6
    UNARY[name](value).backward()
    slope = (UNARY[name](Value(x + h)).data - UNARY[name](Value(x - h)).data) / (2 * h)
    assert value.grad == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize("x", [-1000.0, -1.0, 0.0, 1.0, 1000.0])
@pytest.mark.parametrize("f", ["relu", "tanh", "sigmoid"])
def test_extremes_saturate_as_in_pytorch(f: str, x: float) -> None:
    ours, theirs = Value(x), torch.tensor(x, dtype=torch.float64, requires_grad=True)
    y, expected = getattr(ours, f)(), getattr(theirs, f)()
    y.backward()
    expected.backward()
    assert y.data == pytest.approx(expected.item(), rel=1e-15)
    assert ours.grad == pytest.approx(theirs.grad.item(), rel=1e-12)


@pytest.mark.parametrize("n", [0, 1, 2, 0.5, 3.0])
def test_power_at_zero_has_pytorchs_derivative(n: float) -> None:
    ours, theirs = Value(0.0), torch.tensor(0.0, requires_grad=True)
    (ours**n).backward()
    (theirs**n).backward()
    assert ours.grad == theirs.grad.item()


def test_nan_stays_nan() -> None:
    x = Value(math.nan)
    for y in (x + 1, x * 2, x**2, x.relu(), x.tanh(), x.sigmoid(), x.exp()):
        assert math.isnan(y.data)


def test_a_shared_value_collects_from_every_use() -> None:
    a = Value(3.0)
    (a * a + a).backward()
    assert a.grad == 7.0  # 2a + 1


def test_a_thousand_uses_of_one_value_add_up() -> None:
    a = Value(0.5)
    sum((a * k for k in range(1000)), a).backward()
    assert a.grad == 1 + sum(range(1000))


def test_paths_that_part_and_meet_count_every_path_once() -> None:
    x = y = Value(1.0)
    for _ in range(60):  # 2**60 paths: a walk along each would never end
        y = y + y
    y.backward()
    assert x.grad == 2**60


def test_backward_survives_a_chain_of_20_000_ops() -> None:
    x = y = Value(1.0)
    for _ in range(10_000):
        y = (y + 1.0) * 1.0
    y.backward()
    assert y.data == 10_001
    assert x.grad == 1


def test_a_long_chain_is_freed_without_recursion_and_without_the_garbage_collector() -> None:
    class Watched(Value):
        __slots__ = ("__weakref__",)

    x = Watched(1.0)
    gone = weakref.ref(x)
    y = x + 1
    for _ in range(20_000):
        y = y + 1
    y.backward()
    gc.disable()  # a graph without cycles needs reference counts only
    try:
        del x, y
        assert gone() is None
    finally:
        gc.enable()


# ---------------------------------------------------------------- accumulation


@settings(max_examples=40)
@given(programs(), st.integers(2, 4))
def test_each_backward_adds_exactly_one_more_gradient_to_every_node(program, calls: int) -> None:
    numbers, steps = program
    nodes = run([Value(x) for x in numbers], steps)
    nodes[-1].backward()
    once = [node.grad for node in nodes]
    for _ in range(calls - 1):
        nodes[-1].backward()
    assert [node.grad for node in nodes] == pytest.approx([calls * g for g in once], rel=1e-12)


def test_two_roots_over_one_graph_add_their_gradients() -> None:
    a = Value(2.0)
    b = a * 3
    first, second = b * b, b + 1
    first.backward()  # d(9 a^2)/da = 36
    second.backward()  # d(3 a + 1)/da = 3
    assert (a.grad, b.grad) == (39, 13)


def test_backward_adds_to_what_grad_held() -> None:
    a = Value(2.0)
    a.grad = 10
    (a * 3).backward()
    assert a.grad == 13


def test_backward_of_a_leaf_gives_it_one() -> None:
    a = Value(2.0)
    a.backward()
    assert a.grad == 1


def test_gradients_are_those_of_the_forward_pass_even_after_data_has_changed() -> None:
    a, b = Value(2.0), Value(5.0)
    c = a * b
    b.data = 100.0
    c.backward()
    assert a.grad == 5


# ---------------------------------------------------------------- what micrograd code relies on


def test_an_expression_of_every_operator_has_pytorchs_numbers() -> None:
    def expression(a, b):
        c = a + b * 2
        d = (a * b + b**3).relu()
        c = c + c + 1 - d / 3
        d = d + d * 2 + (b - a).relu()
        e = (c - d) ** 2
        return e / 2.0 + 10.0 / (e + 1)

    a, b = Value(-1.5), Value(2.5)
    g = expression(a, b)
    g.backward()
    ta, tb = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (-1.5, 2.5))
    expected = expression(ta, tb)
    expected.backward()
    assert g.data == pytest.approx(expected.item(), rel=1e-14)
    assert (a.grad, b.grad) == pytest.approx((ta.grad.item(), tb.grad.item()), rel=1e-12)


def test_a_value_shows_data_and_grad() -> None:
    assert repr(Value(2.0)) == "Value(data=2.0, grad=0)"
    assert repr(Value(-3)) == "Value(data=-3, grad=0)"


def test_a_value_knows_its_operation_and_its_parents() -> None:
    a, b = Value(1.0), Value(2.0)
    assert (a._op, a._prev) == ("", set())
    assert [v._op for v in (a + b, a * b, a**2, a.relu())] == ["+", "*", "**2", "ReLU"]
    assert (a + b)._prev == {a, b}
    assert (a * a)._prev == {a}
    (number,) = (a + 4)._prev - {a}
    assert number.data == 4


def test_a_graph_can_be_walked_by_prev_and_op() -> None:
    """The way the drawing code of many tutorials does it."""
    nodes, edges = set(), set()

    def build(v: Value) -> None:
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)

    a, b = Value(1.0), Value(2.0)
    build((a * b + b).relu())
    assert (len(nodes), len(edges)) == (5, 5)


def test_a_value_takes_a_label_and_any_other_attribute() -> None:
    a = Value(1.0)
    assert a.label == ""
    a.label, a.note = "a", "mine"
    assert (a.label, a.note) == ("a", "mine")


def test_an_operation_of_ones_own_with_a_closure_takes_part_in_backward() -> None:
    def double(x: Value) -> Value:
        out = Value(2 * x.data, (x,), "double")

        def _backward() -> None:
            x.grad += 2 * out.grad

        out._backward = _backward
        return out

    a = Value(3.0)
    y = double(double(a) * a)
    y.backward()
    y.backward()
    assert a.grad == 2 * 24  # y = 4 a^2, twice


def test_an_operation_of_ones_own_with_local_derivatives_takes_part_in_backward() -> None:
    a = Value(3.0)
    Value(math.sin(a.data), (a,), "sin", (math.cos(a.data),)).backward()
    assert a.grad == math.cos(3.0)


def test_children_may_be_a_set_and_an_operation_without_a_rule_passes_nothing_on() -> None:
    a = Value(3.0)
    out = Value(5.0, {a}, "mystery")
    out.backward()
    assert (a.grad, out.grad, out._prev) == (0, 1, {a})


def test_the_chain_rule_can_be_stepped_by_hand() -> None:
    a, b = Value(2.0), Value(-3.0)
    c = a * b
    d = c + a
    d.grad = 1
    d._backward()
    c._backward()
    b._backward()  # a leaf has nothing to pass on
    assert (a.grad, b.grad, c.grad) == (-2, 2, 1)


@pytest.mark.parametrize("number", [np.float64(2), np.float32(2), np.int64(2), True + 1, 2.0])
def test_any_real_number_stands_on_either_side(number) -> None:
    a = Value(3.0)
    results = [a + number, number + a, a - number, number - a, a * number, number * a, a / number]
    assert [r.data for r in results] == [5, 5, 1, -1, 6, 6, 1.5]
    assert (number / a).data == pytest.approx(2 / 3)
    assert all(type(r.data) in (int, float) for r in [*results, Value(number)])


@pytest.mark.parametrize("thing", ["2", None, [1.0], 1j])
def test_what_is_no_number_is_named(thing) -> None:
    message = re.escape(f"a Value holds a number, got {thing!r}")
    with pytest.raises(TypeError, match=message):
        engine._number.__wrapped__(thing)


def test_an_exponent_has_to_be_a_number() -> None:
    with pytest.raises(TypeError, match="exponent must be an int or a float, got Value"):
        Value.__pow__.__wrapped__(Value(2.0), Value(3.0))


@pytest.mark.parametrize("x", [0.0, -1.0])
def test_log_names_a_number_it_is_not_defined_for(x: float) -> None:
    with pytest.raises(ValueError, match=f"log needs a number > 0, got {x}"):
        Value(x).log()


def test_a_result_out_of_range_is_pythons_error() -> None:
    with pytest.raises(OverflowError):
        Value(1000.0).exp()
    with pytest.raises(ZeroDivisionError):
        Value(1.0) / Value(0.0)


# ---------------------------------------------------------------- neurons, layers, networks


def test_networks_show_their_structure() -> None:
    assert repr(Neuron(3)) == "ReLUNeuron(3)"
    assert repr(Neuron(3, nonlin=False)) == "LinearNeuron(3)"
    assert repr(Layer(1, 2)) == "Layer of [ReLUNeuron(1), ReLUNeuron(1)]"
    assert repr(MLP(1, [2, 1])) == f"MLP of [{Layer(1, 2)}, Layer of [LinearNeuron(2)]]"


def test_global_seed_draws_weights_in_order_neuron_by_neuron() -> None:
    """In a process of its own: the shape checks of the tests draw from the global generator too."""
    code = (
        "import random; from course_lib.scalar import MLP; random.seed(1337); "
        "model = MLP(2, [3, 1]); print([p.data for p in model.parameters()])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    generator = random.Random(1337)
    drawn = [generator.uniform(-1, 1) for _ in range(2 * 3 + 3 * 1)]
    expected = [*drawn[:2], 0, *drawn[2:4], 0, *drawn[4:6], 0, *drawn[6:], 0]
    assert found.stdout.strip() == str(expected)


def test_a_generator_of_ones_own_is_the_only_one_drawn_from(monkeypatch) -> None:
    monkeypatch.setattr(random, "uniform", None)  # a call would fail
    one, other = (MLP(2, [3, 1], rng=random.Random(7)) for _ in range(2))
    assert [p.data for p in one.parameters()] == [p.data for p in other.parameters()]


def test_an_mlp_for_the_moons_has_337_parameters() -> None:
    model = MLP(2, [16, 16, 1])
    assert len(model.parameters()) == 337
    for p in model.parameters():
        p.grad = 3.0
    model.zero_grad()
    assert all(p.grad == 0 for p in model.parameters())
    assert Module().parameters() == []


@settings(max_examples=30)
@given(st.lists(small, min_size=1, max_size=5), st.booleans(), st.integers(0, 99))
def test_a_neuron_is_a_sum_of_products_value_by_value(x: list[float], nonlin: bool, seed) -> None:
    neuron = Neuron(len(x), nonlin, rng=random.Random(seed))
    neuron.b.data = 0.25
    one, two = [Value(xi) for xi in x], [Value(xi) for xi in x]
    out = neuron(one)
    out.backward()
    fused = [p.grad for p in neuron.parameters()]
    neuron.zero_grad()
    act = sum((wi * xi for wi, xi in zip(neuron.w, two, strict=True)), neuron.b)
    act = act.relu() if nonlin else act
    act.backward()
    assert out.data == act.data
    assert fused == [p.grad for p in neuron.parameters()]
    assert [v.grad for v in one] == [v.grad for v in two]


def test_a_layer_of_one_neuron_gives_a_value_and_of_more_a_list() -> None:
    assert isinstance(Layer(2, 1)([1.0, 2.0]), Value)
    assert len(Layer(2, 3)([1, Value(2.0)])) == 3
    assert isinstance(MLP(2, [1, 1])(iter([1.0, 2.0])), Value)


def test_a_wrong_number_of_inputs_is_named() -> None:
    with pytest.raises(ValueError, match="the neuron takes 2 inputs, got 3"):
        MLP(2, [2, 1])([1.0, 2.0, 3.0])


def test_a_network_can_be_copied() -> None:
    model = MLP(2, [2, 1])
    twin = copy.deepcopy(model)
    assert [p.data for p in twin.parameters()] == [p.data for p in model.parameters()]
    twin.parameters()[0].data += 1
    assert twin.parameters()[0].data != model.parameters()[0].data


def test_training_written_for_micrograd_follows_pytorch_step_by_step() -> None:
    """Hinge loss, L2 penalty and plain descent by hand, as in micrograd's demo of two moons."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 2)), rng.choice([-1, 1], 20)  # NumPy scalars, as they come

    random.seed(1337)
    model = MLP(2, [5, 4, 1])
    W = [
        (
            torch.tensor([[w.data for w in n.w] for n in layer.neurons], dtype=torch.float64),
            torch.tensor([n.b.data for n in layer.neurons], dtype=torch.float64),
        )
        for layer in model.layers
    ]
    theirs = [p.requires_grad_() for pair in W for p in pair]
    descent = torch.optim.SGD(theirs, lr=0.1)

    for k in range(15):
        scores = list(map(model, [list(map(Value, row)) for row in X]))
        hinge = [(1 + -yi * score).relu() for yi, score in zip(y, scores, strict=True)]
        penalty = 1e-4 * sum(p * p for p in model.parameters())
        loss = sum(hinge) * (1.0 / len(hinge)) + penalty
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad

        a = torch.tensor(X)
        for i, (w, b) in enumerate(W):
            a = a @ w.T + b
            a = a.relu() if i < 2 else a
        expected = (1 - torch.tensor(y) * a[:, 0]).relu().mean()
        expected = expected + 1e-4 * sum((p * p).sum() for p in theirs)
        descent.zero_grad()
        expected.backward()
        descent.step()
        assert loss.data == pytest.approx(expected.item(), rel=1e-10), f"step {k}"


# ---------------------------------------------------------------- drawing

EXPECTED = """\
flowchart LR
    n0["a<br>data 2.0000<br>grad -3.0000"]
    n1["b<br>data -3.0000<br>grad 2.0000"]
    n2["data -6.0000<br>grad 1.0000"]
    op2(("#42;"))
    n0 --> op2
    n1 --> op2
    op2 --> n2
    n3["c<br>data 10.0000<br>grad 1.0000"]
    n4["L<br>data 4.0000<br>grad 1.0000"]
    op4(("#43;"))
    n2 --> op4
    n3 --> op4
    op4 --> n4"""


def test_a_graph_is_written_as_mermaid_text() -> None:
    a, b, c = Value(2.0), Value(-3.0), Value(10.0)
    total = a * b + c
    a.label, b.label, c.label, total.label = "a", "b", "c", "L"
    total.backward()
    assert to_mermaid(total) == EXPECTED


def test_the_same_expression_has_the_same_drawing() -> None:
    def text() -> str:
        x = [Value(float(i)) for i in range(5)]
        return to_mermaid(sum((xi * xi.tanh() for xi in x), Value(0.0)).exp())

    assert text() == text()


@settings(max_examples=30)
@given(programs())
def test_every_node_is_drawn_once_and_before_it_is_used(program) -> None:
    numbers, steps = program
    lines = to_mermaid(run([Value(x) for x in numbers], steps)[-1]).splitlines()[1:]
    drawn: set[str] = set()
    for line in map(str.strip, lines):
        if " --> " in line:
            assert set(line.split(" --> ")) <= drawn
        else:
            name = re.match(r"\w+", line)[0]
            assert name not in drawn
            drawn.add(name)


def test_a_label_cannot_break_the_drawing() -> None:
    a = Value(1.0)
    a.label = 'x"]<b>;\n'
    assert 'n0["x#34;#93;#60;b#62;#59;#10;<br>data 1.00<br>grad 0.00"]' in to_mermaid(a, digits=2)


# ---------------------------------------------------------------- the module


def test_every_worked_number_in_a_docstring_is_true() -> None:
    results = [doctest.testmod(m) for m in (engine, nn, drawing)]
    assert sum(r.attempted for r in results) >= 7
    assert sum(r.failed for r in results) == 0


def test_exactly_the_documented_names_are_exported() -> None:
    expected = ["MLP", "Layer", "Module", "Neuron", "Value", "to_mermaid"]
    assert scalar.__all__ == expected
    assert course_lib.scalar.Value is Value
