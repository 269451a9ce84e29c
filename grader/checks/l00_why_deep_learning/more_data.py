"""Exercises on data: a prediction of what more of it does, and a written reflection."""

from __future__ import annotations

from grader.exercise import Option, choice, reflection

MORE_DATA = choice(
    "why_deep_learning.more_data",
    lesson="00_why_deep_learning",
    title="Prediction: what more data does",
    points=1,
    answer="prediction",
    right="c",
    wrong={
        "a": Option(
            "knowledge_always_wins",
            "What we know went into the features, and it does help. But seven numbers are all "
            "that is left of an image then; what they leave out no amount of data brings back.",
        ),
        "b": Option(
            "hand_made_wins_at_first",
            "A good guess, and with better features or a larger net it may well be so. These "
            "seven features are too weak for it: the small net is ahead from the start.",
        ),
        "d": Option(
            "data_matters_little",
            "The method counts, but see the left end of the curves: with 20 images the net reads "
            "about half of the digits. It is from data that it learns its features.",
        ),
        "e": Option(
            "both_reach_the_top",
            "If two images give the same seven numbers, no weights can tell them apart, however "
            "many examples there are. That limit lies in the features.",
        ),
    },
    explanation="Run the next cells and see where each of them flattens out.",
    hints=[
        "How many numbers are left of an image once its hand-made features are computed?",
        "Think of two different digits with nearly the same seven numbers. Do more examples help?",
        "A few hundred images settle the weights of seven features. The net has thousands of "
        "weights to settle, and its features too.",
    ],
)

REFLECTION = reflection(
    "why_deep_learning.reflection",
    lesson="00_why_deep_learning",
    title="Features by hand, or learned?",
    rubric=[
        (1, "takes a side and ties it to what was measured here: how little data there is, and "
            "what the two curves do there"),
        (1, "says how to judge fairly: on patients of whom nothing was used in training, neither "
            "for the weights nor for scaling, and not by accuracy on the training set"),
        (1, "names something that would change the decision (more images, another clinic or "
            "camera, features that experts cannot put into words), and why"),
    ],
    hints=[
        "Look at the left end of the two curves, then at the right end.",
        "If one patient gave five images, where may they go, in training or in validation?",
        "What would you have to see before you changed sides? Say what you would measure.",
    ],
)  # fmt: skip
