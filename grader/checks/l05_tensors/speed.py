"""Exercises on speed: a prediction about a tiny network, and a written reflection."""

from __future__ import annotations

from grader.exercise import Option, choice, reflection

TINY_NET_PREDICTION = choice(
    "tensors.tiny_net",
    lesson="05_tensors",
    title="Prediction: arrays for a tiny network",
    points=1,
    answer="prediction",
    right="c",
    wrong={
        "a": Option(
            "arrays_are_always_faster",
            "Compiled loops are fast once they run. Here they run over one or two numbers, and "
            "nearly all the time goes into starting them.",
        ),
        "b": Option(
            "a_layer_is_always_many_numbers",
            "A layer is one operation, and with 64 units that saves thousands of `Value`s. Here a "
            "layer has four weights: there is little to save.",
        ),
        "d": Option(
            "one_example_is_no_batch",
            "A batch of one is a batch: an array of shape (1, 2). Every rule you wrote takes it.",
        ),
        "e": Option(
            "arrays_cost_more_than_numbers",
            "An operation on a small array costs about ten times one on a Python number, not a "
            "thousand times; and fewer operations are needed.",
        ),
    },
    explanation="Run the next cells: the speed is not in NumPy, it is in the size of the arrays.",
    hints=[
        "Count operations, not numbers: how many `Tensor`s does one step make, and how many "
        "`Value`s?",
        "Every operation, on a `Value` or on a whole array, costs Python some time before any "
        "arithmetic begins; on an array rather more.",
        "In the tiny network a few dozen `Value`s stand against about ten `Tensor`s. Is there room "
        "for a factor of 1000?",
    ],
)

REFLECTION = reflection(
    "tensors.reflection",
    lesson="05_tensors",
    title="NumPy one example at a time",
    rubric=[
        (1, "predicts that the loop is many times slower, although the arithmetic is the same"),
        (
            1,
            "explains it by the cost of each operation, which is paid once per array: now 1200 "
            "times as often, for arrays 1200 times smaller",
        ),
        (
            1,
            "says when the loop would cost little (operations that are large already, as with very "
            "wide layers), or why it can still be wanted",
        ),
    ],
    hints=[
        "How many operations does one pass over the data take in each of the two ways?",
        "Look again at the curve of the cost per number against the length of the array.",
        "What if one example alone filled a large array: would the loop still hurt?",
    ],
)
