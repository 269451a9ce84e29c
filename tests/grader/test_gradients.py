"""The criterion for gradients: right ones pass, and of wrong ones it says where, what, and why."""

import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from made_up import judged

from grader.exercise import Criterion, Exercise, Misconception, Trial, Values
from grader.gradients import Gradient
from grader.probe import Request, call, run

# ------------------------------------------------------ three oracles, and the right gradients


def mean_of_products(grad, x, w):
    """Each row of x times w, averaged over the rows; w is broadcast."""
    return (x * w).mean(axis=0)


def gradients_of_it(grad, x, w):
    share = grad / len(x)
    return np.broadcast_to(share * w, x.shape).astype(x.dtype), (share * x).sum(axis=0)


def cases(rng):
    return [
        tuple(rng.choice([-1, 1], s) * rng.uniform(0.5, 2, s) for s in [(3,), (4, 3), (3,)]),
        tuple(rng.uniform(0.5, 2, s) for s in [(2,), (5, 2), (2,)]),
    ]


def single_cases(rng):
    return [tuple(a.astype(np.float32) for a in case) for case in cases(rng)]


OF_X = Gradient("sends x its gradient", forward=mean_of_products, wrt="x", upstream="grad", item=0)
OF_W = Gradient("sends w its gradient", forward=mean_of_products, wrt="w", upstream="grad", item=1)


def loss(x):
    return (x**3).mean()


def loss_grad(x):
    return 3 * x**2 / x.size


OF_LOSS = Gradient("is the gradient", forward=loss, wrt="x")
TABLE = np.array([[-1.5, 0.5, 2.0], [1.0, -0.75, 0.25]])


def leaky(z):
    return np.where(z > 0, z, 0.1 * z)


def leaky_slope(z):
    return np.where(z > 0, 1.0, 0.1)


OF_CURVE = Gradient("is the slope", forward=np.vectorize(leaky).pyfunc, wrt="z", noun="slope")
OF_TANH = Gradient("is the slope", forward=lambda z: np.tanh(z), wrt="z", noun="slope")
ROW = np.array([-2.0, -0.5, 0.3, 1.5])


def complaint(criterion: Criterion, came: Any, right: Any, *inputs: Any) -> str | None:
    """What the criterion says of an answer that gives `came`."""
    request = Request([inputs], call, 2.0)
    (observed,) = run(lambda *_: came(*inputs) if callable(came) else came, request)
    (expected,) = run(right, request)
    return criterion.complaint(Trial(inputs, observed, expected))


def of_loss(came: Any, x: Any = TABLE) -> str:
    return complaint(OF_LOSS, came, loss_grad, x) or ""


# ------------------------------------------------------ right gradients


@pytest.mark.parametrize("make", [cases, single_cases])
@pytest.mark.parametrize("criterion", [OF_X, OF_W])
def test_right_gradients_pass_in_float64_and_float32(make, criterion):
    for seed in range(20):
        for case in make(np.random.default_rng(seed)):
            assert complaint(criterion, gradients_of_it, gradients_of_it, *case) is None


def test_more_precision_than_the_reference_has_is_no_fault():
    case = single_cases(np.random.default_rng(0))[0]
    double = gradients_of_it(*(a.astype(float) for a in case))
    for criterion in (OF_X, OF_W):
        assert complaint(criterion, double, gradients_of_it, *case) is None
    rough = lambda *case: tuple(g * np.float32(1 + 5e-5) for g in gradients_of_it(*case))  # noqa: E731
    assert complaint(OF_X, double, rough, *case) is None


def test_float32_has_a_tolerance_of_its_own_and_a_wrong_gradient_exceeds_it():
    for x in (TABLE + 0.0137, (TABLE + 0.0137).astype(np.float32)):
        assert not of_loss(lambda x: (3 * x**2 / x.size).astype(np.float32), x)
        assert "precision: right to about" in of_loss(lambda x: loss_grad(x).astype("f2"), x)
    assert "precision" in of_loss(loss_grad(TABLE.astype("f4")) * (1 + 1e-3 * TABLE))


def test_forms_that_say_the_same_pass():
    assert complaint(OF_LOSS, 12.0, loss_grad, np.float64(2.0)) is None
    assert complaint(OF_LOSS, 12, loss_grad, np.float64(2)) is None
    assert complaint(OF_LOSS, np.array([3, 12]), loss_grad, np.array([2**0.5, 8**0.5])) is None
    case = cases(np.random.default_rng(0))[0]
    assert complaint(OF_W, lambda *a: list(gradients_of_it(*a)), gradients_of_it, *case) is None


def test_a_slope_is_judged_number_by_number_and_the_reference_decides_at_a_corner():
    at_corner = np.array([-1.0, 0.0, 2.0])
    assert complaint(OF_CURVE, leaky_slope, leaky_slope, at_corner) is None
    for other in (1.0, 0.55):  # the right side, and the mean of both, which nudging measures
        came = np.array([0.1, other, 1.0])
        found = complaint(OF_CURVE, came, leaky_slope, at_corner)
        assert "most of all at [1], where `z` is 0: the slope jumps from 0.1 to 1, 0.1" in found
        assert f"{other:g} came. Likely cause: the corner" in found


def test_a_bend_is_no_corner():
    x = np.array([0.0, 1.0, -2.0])
    wrong = Gradient("is the gradient", forward=lambda x: (x**2).sum(), wrt="x")
    found = complaint(wrong, [1, 1, 1] + 2 * x, lambda x: 2 * x, x)
    assert "in 3 of 3 places" in found
    assert "corner" not in found


def test_where_oracle_and_reference_disagree_neither_of_two_wrongs_makes_a_right():
    assert "nudging measures" in complaint(OF_LOSS, lambda x: 3 * x, lambda x: 3 * x, TABLE)


# ------------------------------------------------------ wrong numbers

RIGHT = loss_grad(TABLE)
ONE_OFF = RIGHT.copy()
ONE_OFF[1, 0] += 2

CAUSES = {
    "sign": (-RIGHT, "the sign: right size everywhere, opposite direction"),
    "mean as sum": (6 * RIGHT, "a factor of N (N = 6, how many numbers `x` holds)"),
    "divided twice": (RIGHT / 3, "a factor of 1/N (N = 3, the length of axis 1 of `x`)"),
    "sum, downhill": (-6 * RIGHT, "as for a mean? And the sign is turned"),
    "doubled": (2 * RIGHT, "a factor of 2: twice too large"),
    "halved": (RIGHT / 2, "a factor of 1/2: half"),
    "constant": (-0.7 * RIGHT, "a factor: -0.7 times what it should be"),
    "nothing": (0 * RIGHT, "nothing arrives: every number is 0"),
    "nan": (RIGHT * np.nan, "nan or infinity"),
    "inf": (RIGHT + np.inf, "nan or infinity"),
    "whole": (RIGHT.astype(int), "whole numbers: these are integers"),
    "one place": (ONE_OFF, "an exception: the other places are right"),
    "coarse": (RIGHT + 1e-3, "precision: right to about"),
    "one side": (np.where(TABLE > 0, RIGHT, 1 / TABLE), "one side: all that is wrong lies where "
                 "`x` is below 0; above it is right"),
}  # fmt: skip


@pytest.mark.parametrize("name", CAUSES)
def test_the_cause_is_found_and_worded(name):
    came, cause = CAUSES[name]
    found = of_loss(came)
    assert re.match(r"the gradient for `x` is wrong in \d of 6 places, most of all at \[", found)
    assert cause in found.partition("Likely cause: ")[2]


def test_a_wrong_gradient_without_a_known_pattern_gets_no_cause():
    assert "Likely cause" not in of_loss(np.cos(TABLE))


def test_a_single_number_is_judged_but_not_explained():
    found = complaint(OF_LOSS, 24.0, loss_grad, np.float64(2))
    assert (
        found == "the gradient for `x` is wrong, where `x` is 2: nudging measures 12 there, 24 came"
    )


@pytest.mark.parametrize(
    ("came", "cause"),
    [
        (np.tanh, "the function itself: this is its value, not its slope"),
        (lambda z: 1 - np.tanh(np.tanh(z)) ** 2, "the slope at the *output*"),
    ],
)
def test_the_value_of_a_curve_and_its_slope_at_the_output_are_recognised(came, cause):
    found = complaint(OF_TANH, came, lambda z: 1 - np.tanh(z) ** 2, ROW)
    assert found.startswith("the slope for `z` is wrong in 4 of 4 places")
    assert cause in found


def test_a_square_matrix_in_swapped_axes_is_transposed():
    square = np.arange(1.0, 10).reshape(3, 3)
    assert "swapped axes" in of_loss(lambda x: loss_grad(x).T, square)


def test_the_worst_place_both_numbers_and_the_count_are_true():
    wrong = RIGHT.copy()
    wrong[0, 1] += 0.01
    wrong[1, 2] -= 0.5
    assert (
        f"is wrong in 2 of 6 places, most of all at [1, 2], where `x` is 0.25: nudging measures "
        f"{RIGHT[1, 2]:.6g} there, {wrong[1, 2]:.6g} came" in of_loss(wrong)
    )
    wrong[0, 0] = np.nan
    assert "in 3 of 6 places, most of all at [0, 0]" in of_loss(wrong)


# ------------------------------------------------------ wrong forms


@pytest.mark.parametrize(
    ("came", "words"),
    [
        (RIGHT.ravel(), "the gradient for `x`: shape (2, 3) was required, shape (6,) came. "
                        "A gradient has the shape of what it belongs to"),
        (RIGHT[None], "shape (1, 2, 3) came. A gradient has the shape"),
        (RIGHT.T, "shape (3, 2) came. Likely cause: swapped axes"),
        (RIGHT.sum(), "shape (2, 3) was required, a single number came"),
        (RIGHT.tolist(), "a list of 2 items came; `np.array(...)` makes an array of it"),
        ([[1.0], [1.0, 2.0]], "a list of 2 items came"),
        (RIGHT > 0, "floats were required, booleans came (dtype bool)"),
        (RIGHT + 0j, "complex numbers came"),
        (RIGHT.astype(str), "strings came"),
        ("uphill", "'uphill' came"),
        (None, "None came back"),
        (object(), "object came"),
    ],
)  # fmt: skip
def test_the_form_is_named_before_any_number(came, words):
    assert words in of_loss(came)
    assert "nudging" not in of_loss(came)


def test_less_than_float64_is_refused_where_the_exercise_asks_for_it():
    strict = Gradient("is the gradient", forward=loss, wrt="x", numbers="same")
    found = complaint(strict, RIGHT.astype("f4"), loss_grad, TABLE)
    assert found == (
        "the gradient for `x`: float64 was required, float32 came: precision is lost on the way"
    )


def test_a_sum_that_broadcasting_asks_for_is_missed():
    grad, x, _ = case = cases(np.random.default_rng(1))[0]
    came = gradients_of_it(*case)[0], grad / len(x) * x
    assert "Likely cause: a missing sum" in complaint(OF_W, came, gradients_of_it, *case)


def test_of_several_gradients_each_is_looked_at_alone():
    case = cases(np.random.default_rng(1))[0]
    of_x, of_w = gradients_of_it(*case)
    assert complaint(OF_X, (of_x, "?"), gradients_of_it, *case) is None
    assert "for `w`" in complaint(OF_W, (of_x, -of_w), gradients_of_it, *case)
    for came in (of_x, (of_x,), None, (of_x, of_w, of_w)):
        assert complaint(OF_W, came, gradients_of_it, *case).startswith("2 gradients were required")


def test_gradients_by_name_are_looked_up():
    by_name = Gradient("knows w", forward=lambda w: (w**2).sum(), wrt="w", item="w")
    right = lambda w: {"w": 2 * w, "b": 1.0}  # noqa: E731
    assert complaint(by_name, lambda w: {"w": 2 * w}, right, ROW) is None
    assert "a factor of 1/2" in complaint(by_name, lambda w: {"w": w}, right, ROW)
    assert complaint(by_name, {"v": ROW}, right, ROW) == (
        "a dict with the keys 'w', 'b' was required, a dict of 1 item came"
    )


def test_what_is_nudged_may_be_made_from_the_inputs():
    of_table = Gradient(
        "adds up", forward=lambda rows, table: table[rows], wrt="table", of="the table",
        at=lambda rows, shape: np.zeros(shape),
    )  # fmt: skip
    rows = np.array([2, 0, 2])
    counts = np.array([1.0, 0.0, 2.0, 0.0])
    assert complaint(of_table, counts, lambda *_: counts, rows, (4,)) is None
    found = complaint(of_table, np.minimum(counts, 1), lambda *_: counts, rows, (4,))
    assert "the gradient for the table is wrong in 1 of 4 places, most of all at [2]: nud" in found


@pytest.mark.parametrize("names", [{"wrt": "y"}, {"wrt": "x", "upstream": "grad"}])
def test_a_name_that_the_oracle_does_not_have_is_refused_at_once(names):
    with pytest.raises(ValueError, match=r"`forward` has no parameter '(y|grad)'"):
        Gradient("is right", forward=loss, **names)


# ------------------------------------------------------ in a report


def exercise(criterion: Criterion, *misconceptions: Misconception) -> Exercise:
    return Exercise(
        id="made_up.gradient",
        lesson="99_made_up",
        title="A gradient",
        points=2,
        reference=loss_grad,
        cases=lambda rng: [(np.round(rng.uniform(1, 3, (2, 3)), 2),)],
        criteria=[criterion],
        misconceptions=misconceptions,
    )


HALF = Misconception("half", lambda x: loss_grad(x) / 2, "This is `half` of it.")


def raises(x):
    raise ValueError("no luck")


class Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.text += "\n" * (tag == "br")

    def handle_data(self, data: str) -> None:
        self.text += data


def test_without_a_misconception_the_explanation_is_the_message():
    message = judged(lambda x: -loss_grad(x), exercise(OF_LOSS, HALF)).message
    assert message.startswith("The gradient for `x` is wrong in 6 of 6 places")
    assert message.endswith("opposite direction.")


def test_with_a_misconception_the_explanation_is_a_paragraph_below_it():
    report = judged(HALF.wrong, exercise(OF_LOSS, HALF))
    assert report.misconception == "half"
    says, gap, explained = report.message.split("\n")
    assert (says, gap) == (HALF.says, "")
    assert explained.startswith("The gradient for `x` is wrong in 6 of 6 places, most of all at [")
    assert f"\n\n{says}\n\n{explained}\n\n" in str(report)
    page = Text()
    page.feed(report.to_html())
    assert f"{says}\n\n{explained}".replace("`", "") in page.text


def test_other_criteria_and_what_was_raised_stay_behind_the_misconception():
    report = judged(HALF.wrong, exercise(Values("is right"), HALF))
    assert report.message == HALF.says
    raising = Misconception("raises", raises, "It raises.")
    assert judged(raises, exercise(OF_LOSS, raising)).message == raising.says
    assert not Criterion("explains nothing").explains
