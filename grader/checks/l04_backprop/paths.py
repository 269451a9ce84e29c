"""Exercises around the code: what two paths do to a gradient, and what one backward pass costs."""

from __future__ import annotations

from grader.exercise import Option, choice, reflection

PATHS = choice(
    "backprop.paths",
    lesson="04_backprop",
    title="Prediction: several ways to the result",
    points=1,
    answer="prediction",
    right="d",
    wrong={
        "a": Option(
            "last_path_counts",
            "This counts the direct way only. Nudge `a`: `b` moves as well, and `c` feels both.",
        ),
        "b": Option(
            "shared_parent_counted_once",
            "`b = a * a` uses `a` twice, and each use counts: the slope of a square is 2a, here 6, "
            "not 3.",
        ),
        "c": Option(
            "direct_way_forgotten",
            "This follows the ways through `b` only. `a` also goes into `c` directly.",
        ),
        "e": Option(
            "paths_multiplied",
            "Along one way the slopes are multiplied. Different ways are added: each brings its "
            "own share of the change.",
        ),
    },
    explanation="Along a way multiply, over all ways add: 3 + 3 + 1. The next cell nudges `a`.",
    hints=[
        "Write `c` as a formula in `a` alone.",
        "c = a squared + a. What is its slope at 3?",
        "Three ways lead from `a` to `c`: two through `b`, with slope 3 each, and a direct one.",
    ],
)

REFLECTION = reflection(
    "backprop.reflection",
    lesson="04_backprop",
    title="Why is one pass enough?",
    rubric=[
        (
            1,
            "says that nudging costs passes for each parameter, while one backward pass costs "
            "about as much as a forward pass, however many parameters there are",
        ),
        (
            1,
            "explains why: a node's gradient is finished once, then used for everything below it "
            "(in an order in which it is complete), so work is shared instead of repeated",
        ),
        (
            1,
            "names the price: the graph with its numbers or local derivatives has to be kept in "
            "memory until the backward pass",
        ),
    ],
    hints=[
        "How many times does the backward pass visit each node? How many times does nudging?",
        "Two weights in the first layer: which parts of their derivatives are the same?",
        "What does the backward pass need to know about the forward pass, and where is it kept?",
    ],
)
