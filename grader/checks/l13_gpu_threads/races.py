"""Exercises: a prediction of what a missing barrier does; a reflection on what a test can show."""

from __future__ import annotations

from grader.exercise import Option, choice, reflection

RACE_PREDICTION = choice(
    "gpu_threads.race_prediction",
    lesson="13_gpu_threads",
    title="Without a barrier",
    points=1,
    answer="prediction",
    right="d",
    wrong={
        "a": Option(
            "threads_in_step",
            "Threads of a block run side by side, but not in step: the GPU runs them in groups, "
            "one group a while, then another. A neighbour may not have begun when you read.",
        ),
        "b": Option(
            "gpu_notices",
            "Nothing watches a GPU's memory while it runs: a kernel that reads too early gets "
            "whatever lies there, without a word.",
        ),
        "c": Option(
            "waits_by_itself",
            "Nobody waits unless the kernel says so. A cell does not know that it will be written.",
        ),
        "e": Option(
            "shared_starts_at_zero",
            "A cell read too early could hold anything: shared memory is not cleared, and keeps "
            "what was there before. And whether it is read too early is not certain either.",
        ),
    },
    explanation=(
        "Nothing orders the two accesses. Whichever thread the GPU happens to run first decides, "
        "which may be the right one a thousand times in a row. That is what makes a race so hard "
        "to find by testing."
    ),
    hints=[
        "Who makes sure that thread 4 has written `s[4]` when thread 3 reads it?",
        "Nobody does. Does that mean it goes wrong each time?",
        "It depends on the order in which the threads happen to run. Which option says that?",
    ],
)

REFLECTION = reflection(
    "gpu_threads.reflection",
    lesson="13_gpu_threads",
    title="A thousand right answers",
    rubric=[
        (1, "Says why all runs may be right: the order of threads happened to be a good one."),
        (1, "Says what is lost when two threads read, add and write back at once, step by step."),
        (1, "Says how to know: reason about (or record) who touches which cell between barriers."),
        (1, "Gives a way out, and what it costs: atomics queue, or partial sums in shared memory."),
    ],
    hints=[
        "`out[0] += x[i]` is three things: read, add, write. Let two threads do them alternately.",
        "What would differ on another GPU, with more blocks, or with another driver?",
        "What did `watch` look at to be sure, in a single run? It was not the result.",
    ],
)
