"""Expressions drawn as graphs: what each step of the backward pass shows and says."""

import re

import pytest
from test_viz import (
    assert_nothing_is_cut_off,
    assert_png_is_light_and_opaque,
    assert_words_for_what_one_sees,
)

from course_lib import viz
from course_lib.viz.backprop import MOST_NODES, _Layout


class Number:
    """A number in a graph, with the attributes that lesson 04's `Value` has."""

    def __init__(self, data, parents=(), local=(), op="", label=""):
        self.data, self.grad = data, 0.0
        self.parents, self.local, self.op, self.label = parents, local, op, label


def rejoining() -> list[Number]:
    """a = 2, b = -3, c = a * b, d = c + a, e = d * c."""
    a, b = Number(2.0, label="a"), Number(-3.0, label="b")
    c = Number(-6.0, (a, b), (-3.0, 2.0), "*", "c")
    d = Number(-4.0, (c, a), (1.0, 1.0), "+", "d")
    e = Number(24.0, (d, c), (-6.0, -4.0), "*", "e")
    return [a, b, c, d, e]


def square_plus_itself() -> list[Number]:
    a = Number(3.0, label="a")
    b = Number(9.0, (a, a), (3.0, 3.0), "*")
    return [a, b, Number(12.0, (b, a), (1.0, 1.0), "+")]


def steps() -> list[viz.CourseFigure]:
    return viz.backprop_steps(rejoining(), title="A title")


def gradients(figure: viz.CourseFigure) -> dict[str, str]:
    (listed,) = re.findall(r"Gradients: (.*)\.", figure.alt)
    return dict(pair.split(" ") for pair in listed.split(", "))


FIGURES = {
    "graph": viz.expression_graph(rejoining(), title="t"),
    "twice": viz.expression_graph(square_plus_itself(), title="t"),
    "one node": viz.expression_graph([Number(1.0)], title="t"),
    **{f"step {k}": figure for k, figure in enumerate(steps())},
}
every_figure = pytest.mark.parametrize("name", FIGURES)


@every_figure
def test_every_figure_can_be_seen_and_read(name):
    assert_png_is_light_and_opaque(FIGURES[name])
    assert_nothing_is_cut_off(FIGURES[name])
    assert_words_for_what_one_sees(FIGURES[name])


def test_the_twin_of_a_step_says_who_sends_what_and_where_everything_stands():
    assert str(steps()[3]).splitlines() == [
        "Figure: A title",
        "Alt: Graph of an expression in the backward pass. Gradients: b 0, a −6, c −10, d −6, e 1.",
        "Panel: d sends 1 × −6 to c and 1 × −6 to a",
        "  note: b: data −3, grad 0 (waiting)",
        "  note: a: data 2, grad −6 (waiting)",
        "  note: c = a * b: data −6, grad −10 (waiting)",
        "  note: d = c + a: data −4, grad −6 (its turn)",
        "  note: e = d * c: data 24, grad 1 (done)",
    ]


def test_the_last_step_has_the_gradients_of_the_formula():
    # e = (ab + a) ab, so de/da = 2ab(b + 1) = 24 and de/db = a * a * (2b + 1) = -20
    found = gradients(steps()[-1])
    assert (found["a"], found["b"]) == ("24", "−20")


def test_a_number_used_twice_gets_two_shares():
    figure = viz.backprop_steps(square_plus_itself(), title="t")[-1]
    assert gradients(figure)["a"] == "7"


def test_a_wrong_order_gives_wrong_gradients_and_says_what_came_too_late():
    a, b, c, d, e = rejoining()
    figures = viz.backprop_steps([a, b, d, c, e], title="t")
    assert "too late, c had its turn" in str(figures[4])
    assert gradients(figures[-1])["a"] == "6"


def test_the_picture_does_not_depend_on_which_right_order_is_given():
    a, b, c, d, e = rejoining()
    one, other = (viz.backprop_steps(o, title="t") for o in ([a, b, c, d, e], [b, a, c, d, e]))
    assert one[0].png() == other[0].png()
    assert str(one[-1]) == str(other[-1])


def test_the_numbers_own_gradients_are_left_alone():
    nodes = rejoining()
    nodes[0].grad = 5.0
    viz.backprop_steps(nodes, title="t")
    assert [node.grad for node in nodes] == [5.0, 0.0, 0.0, 0.0, 0.0]


def test_the_steps_fit_a_slider():
    figures = steps()
    slider = viz.stepper(figures, [str(k) for k in range(len(figures))], control="step")
    assert len(slider.figures) == 6


def test_no_two_boxes_stand_on_the_same_spot_and_arrows_point_right():
    nodes = rejoining()
    places = _Layout(nodes).places
    assert len(set(places.values())) == len(places)
    for node in nodes:
        assert all(places[id(p)][0] < places[id(node)][0] for p in node.parents)


@pytest.mark.parametrize("broken", [lambda n: n[1:], lambda n: [n[0], *n]])
def test_an_order_that_misses_a_node_or_lists_one_twice_is_refused(broken):
    with pytest.raises(ValueError, match="exactly once"):
        viz.expression_graph(broken(rejoining()), title="t")


def test_a_graph_too_large_to_be_read_is_refused():
    nodes = [Number(1.0)]
    for _ in range(MOST_NODES):
        nodes.append(Number(1.0, (nodes[-1],), (1.0,), "+"))
    with pytest.raises(ValueError, match="at most 40"):
        viz.backprop_steps(nodes, title="t")
