"""Lesson 02's exercises: each mistake is named on any inputs; what is on no list is explained."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from course_lib import activations
from grader.checks.l02_activations import variants
from grader.checks.l02_activations.collapse import collapse
from grader.judge import judge
from grader.prober import LocalProber
from grader.registry import exercises_of

EXERCISES = exercises_of("02_activations")
JUDGED = [e for e in EXERCISES.values() if e.kind != "reflection"]
MISTAKES = [(e.id, m.id) for e in JUDGED for m in e.misconceptions]
SEEDS = range(10)

sigmoid = activations.sigmoid
changed = variants.changed


def report_on(name: str, answer: Any, seed: int = 0):
    return judge(EXERCISES[f"activations.{name}"], LocalProber(answer), seed)


def softmax_with(shift: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def answer(z):
        e = np.exp(z - shift(z))
        return e / e.sum(axis=-1, keepdims=True)

    return answer


def erf(z):
    return np.vectorize(math.erf, otypes=[float])(z)


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES)
def test_every_mistake_is_named_on_many_seeds(exercise, mistake):
    task = EXERCISES[exercise]
    wrong = next(m.wrong for m in task.misconceptions if m.id == mistake)
    reports = [judge(task, LocalProber(wrong), seed) for seed in SEEDS]
    assert {report.misconception for report in reports} == {mistake}
    assert max(report.score for report in reports) < 1


@pytest.mark.parametrize("exercise", JUDGED, ids=lambda e: e.id)
def test_every_right_answer_passes_on_fifty_seeds(exercise):
    for answer in (exercise.reference, *exercise.alternatives):
        assert all(judge(exercise, LocalProber(answer), seed).passed for seed in range(50))


# ------------------------------------------------------ mistakes on no list

# A name for one of them would be a false diagnosis. The text is what its message has to say.
UNLISTED: dict[str, tuple[str, Any, str]] = {
    "softsign": ("sigmoid", lambda z: 0.5 + z / (1 + np.abs(z)) / 2, "was required"),
    "base two": ("sigmoid", lambda z: 1 / (1 + 2.0 ** -np.clip(z, -50, 50)), "was required"),
    "rounded": ("sigmoid", lambda z: np.round(sigmoid(z), 3), "was required"),
    "half precision": ("sigmoid", lambda z: sigmoid(z).astype(np.float16), "precision is lost"),
    "flat": ("sigmoid", lambda z: sigmoid(z).ravel(), "shape (2, 3) was required"),
    "in place": (
        "sigmoid",
        lambda z: np.divide(1, 1 + np.exp(np.negative(z, out=z)), out=z),
        "changes its input",
    ),
    "twice too steep": (
        "sigmoid_grad",
        lambda z: 2 * activations.sigmoid_grad(z),
        "a factor of 2: twice too large everywhere",
    ),
    "of tanh": ("sigmoid_grad", activations.tanh_grad, "nudging measures"),
    "right of 0 only": (
        "sigmoid_grad",
        lambda z: np.where(z >= 0, activations.sigmoid_grad(z), sigmoid(z)),
        "all that is wrong lies where `z` is below 0; above it is right",
    ),
    "coarse step": (
        "sigmoid_grad",
        lambda z: (sigmoid(z + 0.1) - sigmoid(z)) / 0.1,
        "nudging measures",
    ),
    "column biases": (
        "collapse",
        lambda layers: (collapse(layers)[0], collapse(layers)[1][:, None]),
        "shape (2,) was required, shape (2, 1) came",
    ),
    "weights only": ("collapse", lambda layers: collapse(layers)[0], "a pair was required"),
    "list of one": ("collapse", lambda layers: [collapse(layers)], "a pair was required"),
    "tanh halved": (
        "activation",
        changed(tanh_slope=lambda _, z: (1 - np.tanh(z) ** 2) / 3),
        "a factor: 0.3333 times what it should be",
    ),
    "relu six": ("activation", changed(relu=lambda _, z: np.clip(z, 0, 1)), "was required"),
    "elu": (
        "activation",
        changed(leaky_relu=lambda _, z: np.where(z > 0, z, np.expm1(np.minimum(z, 0)))),
        "was required",
    ),
    "no slope": (
        "activation",
        type("Activation", (variants.Variant,), {"slope": None}),
        "TypeError",
    ),
    "gelu by one": ("gelu", lambda z: z * (1 + erf(z / math.sqrt(2))) / 2 + 1, "was required"),
    "gelu of two": ("gelu", lambda z: z * (1 + erf(z / 2)) / 2, "was required"),
    "base ten": (
        "softmax",
        lambda z: softmax_with(lambda z: z.max(axis=-1, keepdims=True))(z * math.log(10)),
        "was required",
    ),
    "negated": ("softmax", lambda z: activations.softmax(-z), "was required"),
    "shares of size": (
        "softmax",
        lambda z: np.abs(z) / np.abs(z).sum(axis=-1, keepdims=True),
        "was required",
    ),
    "list of lists": (
        "starting_weights",
        lambda rng, fan_in, fan_out: rng.normal(0, 0.1, (fan_out, fan_in)).tolist(),
        "an array of numbers was required",
    ),
    "three over": (
        "starting_weights",
        lambda rng, fan_in, fan_out: rng.normal(0, math.sqrt(3 / fan_in), (fan_out, fan_in)),
        "multiplies the signal by about 1.2; it should be 1",
    ),
    "one column": (
        "starting_weights",
        lambda rng, fan_in, fan_out: rng.normal(0, math.sqrt(2 / fan_in), fan_out),
        "was required, shape",
    ),
    "rows alike": (
        "starting_weights",
        lambda rng, fan_in, fan_out: np.tile(
            rng.normal(0, math.sqrt(2 / fan_in), fan_in), (fan_out, 1)
        ),
        "all rows are the same",
    ),
}


@pytest.mark.parametrize("name", UNLISTED)
def test_a_mistake_on_no_list_is_explained_and_not_given_a_name(name):
    exercise, answer, says = UNLISTED[name]
    for seed in range(8):
        report = report_on(exercise, answer, seed)
        assert report.misconception is None
        assert report.score < 1
        assert says.lower() in report.message.lower()


# ------------------------------------------------------ other ways of listed mistakes

LIKE_LISTED = [
    ("sigmoid", lambda z: 1 / (1 + np.e**-z), "exp_overflows"),
    ("sigmoid", lambda z: np.power(1 + np.exp(-z), -1), "exp_overflows"),
    ("sigmoid", lambda z: np.exp(z) / (np.exp(z) + 1), "inf_over_inf"),
    ("sigmoid", lambda z: 1 / (1 + np.exp(np.minimum(-z, 700))), "clipped_for_float64_only"),
    ("sigmoid", lambda z: 1 if z > 0 else 0, "one_number_only"),
    ("sigmoid_grad", lambda z: -(sigmoid(z) * (1 - sigmoid(z))), "sign_turned"),
    ("collapse", lambda layers: tuple(layers[0]), "first_layer_only"),
    ("activation", changed(relu=lambda _, z: z if z > 0 else 0 * z), "python_max"),
    (
        "activation",
        changed(
            tanh=lambda _, z: 2 * sigmoid(z) - 1,
            tanh_slope=lambda _, z: 1 - (2 * sigmoid(z) - 1) ** 2,
        ),
        "tanh_half_as_steep",
    ),
    (
        "activation",
        changed(
            relu_slope=lambda _, z: 1 * (z >= 0),
            tanh_slope=lambda _, z: 1 - z**2,
        ),
        "tanh_slope_in_terms_of_output",
    ),
    ("gelu", lambda z: 0.5 * z * (1 + np.tanh(0.7978845608 * (z + 0.044715 * z**3))), "tanh_form"),
    ("softmax", lambda z: (np.exp(z).T / np.exp(z).sum(axis=-1).T).T, "shift_missing"),
    ("softmax", lambda z: np.exp(z) / np.exp(z).sum(axis=0), "axis_of_the_batch"),
    ("softmax", lambda z: np.exp(z) / np.exp(z).sum(), "whole_array"),
    ("softmax", np.exp, "exponentials_only"),
    (
        "starting_weights",
        lambda rng, fan_in, fan_out: rng.standard_normal((fan_out, fan_in)) / math.sqrt(fan_in),
        "half_forgotten",
    ),
    (
        "starting_weights",
        lambda rng, fan_in, fan_out: rng.uniform(-1, 1, (fan_out, fan_in)) * math.sqrt(2 / fan_in),
        "bound_for_deviation",
    ),
    (
        "starting_weights",
        lambda rng, n, m: np.random.randn(m, n) * math.sqrt(2 / n),  # noqa: NPY002
        "global_generator",
    ),
    ("starting_weights", lambda rng, fan_in, fan_out: np.zeros((fan_out, fan_in)), "all_alike"),
]


@pytest.mark.parametrize(("exercise", "answer", "mistake"), LIKE_LISTED)
def test_another_way_of_a_listed_mistake_has_its_name(exercise, answer, mistake):
    assert {report_on(exercise, answer, seed).misconception for seed in (0, 4, 8)} == {mistake}


class OneLeakForBoth:
    """A right answer in few lines: the class remembers a leak, None for tanh."""

    def __init__(self, name, negative_slope=0.01):
        self.leak = {"tanh": None, "relu": 0}.get(name, negative_slope)

    def __call__(self, z):
        return np.tanh(z) if self.leak is None else z * np.where(z > 0, 1, self.leak)

    def slope(self, z):
        return 1 - np.tanh(z) ** 2 if self.leak is None else np.where(z > 0, 1, self.leak)


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("sigmoid", lambda z: np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))),
        ("sigmoid", lambda z: sigmoid(z).astype(np.float64)),
        ("sigmoid_grad", lambda z: sigmoid(z) - sigmoid(z) ** 2),
        ("sigmoid_grad", lambda z: (1 / (1 + np.exp(-z))) * (1 - 1 / (1 + np.exp(-z)))),
        ("collapse", lambda layers: list(collapse(layers))),
        ("activation", OneLeakForBoth),
        ("gelu", lambda z: 0.5 * z + 0.5 * z * erf(z * 0.5**0.5)),
        ("softmax", softmax_with(lambda z: np.max(z))),
        ("softmax", softmax_with(lambda z: np.max(z, axis=-1, keepdims=True) + 3)),
        ("softmax", lambda z: np.apply_along_axis(lambda row: activations.softmax(row), -1, z)),
        ("starting_weights", lambda rng, n, m: rng.normal(size=(m, n), scale=(2 / n) ** 0.5)),
        ("starting_weights", lambda rng, n, m: rng.normal(0, (2 / n) ** 0.5, (m, n)).astype("f4")),
    ],
)  # fmt: skip
def test_a_right_answer_in_another_form_passes(exercise, answer):
    assert all(report_on(exercise, answer, seed).passed for seed in range(10))


# ------------------------------------------------------ partial credit


def test_the_plain_formula_loses_only_what_overflow_costs():
    report = report_on("sigmoid", lambda z: 1 / (1 + np.exp(-z)))
    assert [c.met for c in report.criteria] == [True, True, True, False, False]


def test_a_class_that_knows_only_tanh_keeps_its_points_for_tanh():
    class OnlyTanh(variants.Variant):
        relu = leaky_relu = relu_slope = leaky_relu_slope = variants.Variant.tanh

    report = report_on("activation", OnlyTanh)
    assert [c.met for c in report.criteria][:3] == [True, True, False]
    assert 0 < report.score < 1


def test_a_wrong_slope_at_the_kink_costs_one_criterion():
    report = report_on("activation", variants.BothOneAtZero)
    assert [c.met for c in report.criteria] == [True] * 6 + [False]
    assert "`z > 0`, without `=`" in report.message
