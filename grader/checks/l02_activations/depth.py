"""A prediction about a deep stack of tanh units, and the lesson's written reflection."""

from __future__ import annotations

from grader.exercise import Option, choice, reflection

DEPTH_PREDICTION = choice(
    "activations.depth_prediction",
    lesson="02_activations",
    title="Prediction: ten layers of tanh",
    points=1,
    answer="prediction",
    right="c",
    wrong={
        "a": Option(
            "bell_in_bell_out",
            "Inputs and weights are bell-shaped, but each unit adds up a hundred products: its "
            "score has a standard deviation near 10. What does tanh make of a 10?",
        ),
        "b": Option(
            "tanh_shrinks_everything",
            "tanh brings every number closer to 0, that is true. But before that a hundred "
            "products are added up, and their sum is about ten times as large as one of them.",
        ),
        "d": Option(
            "squashed_evenly",
            "That would need scores spread just so. They are far too wide: most lie beyond -2 or "
            "2, where tanh is flat, and all of those come out at the ends.",
        ),
        "e": Option(
            "overflow",
            "Scores are large, but each layer's tanh brings them back between -1 and 1. Nothing "
            "can overflow.",
        ),
    },
    explanation="Run the next cells and look at the layers.",
    hints=[
        "Think of one unit: it adds up 100 products of an input and a weight, each around 1 in "
        "size and of either sign.",
        "A sum of 100 independent terms with standard deviation 1 has standard deviation 10.",
        "What is tanh(10)? And tanh(-10)? The next layer gets those as inputs.",
    ],
)

REFLECTION = reflection(
    "activations.reflection",
    lesson="02_activations",
    title="Outputs that look fine",
    rubric=[
        (1, "says that the influence of a first-layer weight passes through every layer's slope"),
        (1, "says that a sigmoid's slope is 0.25 at most, so the influence fades with each layer"),
        (1, "gives two cures that address this, for instance another activation and its scale"),
    ],
    hints=[
        "What does the nudge of a weight have to pass through on its way to the output?",
        "At each sigmoid it is multiplied by a slope. How large can that be? And twenty times?",
        "Which activation has slope 1 on one side? And what has to go with it, so that the signal "
        "keeps its size?",
    ],
)
