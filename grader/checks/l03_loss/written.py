"""Exercises to answer in a letter or in words: a prediction, and a reflection."""

from __future__ import annotations

from grader.exercise import Option, choice, reflection

INITIAL_LOSS = choice(
    "loss.initial_loss",
    lesson="03_loss",
    title="Prediction: the first loss",
    points=1,
    answer="prediction",
    right="d",
    wrong={
        "a": Option(
            "no_weights_no_loss",
            "A loss of 0 means that every target got probability 1. Nothing has been learned "
            "here: what probabilities does softmax make of ten equal scores?",
        ),
        "b": Option(
            "probability_for_loss",
            "1/10 is the probability that each target gets. The loss is minus its logarithm.",
        ),
        "c": Option(
            "mistakes_for_loss",
            "0.9 is about the share of mistakes of a guess. The loss does not count mistakes: it "
            "is minus the log of the target's probability.",
        ),
        "e": Option(
            "bits_for_nats",
            "3.32 is log2(10): the right idea, in bits. Our losses use the natural logarithm.",
        ),
        "f": Option(
            "depends_on_the_images",
            "With zero weights every image gets the same ten scores, whatever is on it. So every "
            "image costs the same.",
        ),
    },
    explanation="Ten equal scores share the probability: 1/10 each, and -log(1/10) = log(10). Run "
    "the next cell.",
    hints=[
        "What are the ten scores of an image when all weights are 0?",
        "Ten equal scores give ten equal probabilities. What does a target cost that got one of "
        "them?",
        "-log(1/10) = log(10). Which of the numbers is the natural logarithm of 10?",
    ],
)

REFLECTION = reflection(
    "loss.reflection",
    lesson="03_loss",
    title="Equally right, and worse",
    rubric=[
        (1, "says why accuracy stays: doubling the logits leaves their order (and sign) as it is"),
        (
            1,
            "says that confidence grows: right examples cost less than before, wrong ones more, "
            "about twice as much when they are far on the wrong side",
        ),
        (1, "concludes what must outweigh what for the mean to rise, or what it says of the model"),
    ],
    hints=[
        "Which decision does a unit make from a score of 1.5? And from 3?",
        "Take one right and one wrong example with p = 0.8 and compute both losses before and "
        "after. The logit of 0.8 is about 1.4.",
        "A right example can gain little, for its loss is near 0 already. What can a wrong one "
        "lose?",
    ],
)
