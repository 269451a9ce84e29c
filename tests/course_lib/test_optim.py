"""Oracle: PyTorch's own optimizers and schedules, step by step; and closed forms."""

import doctest
import inspect
import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import optim
from course_lib.optim import (
    SGD,
    Adam,
    AdamW,
    CosineAnnealingLR,
    LambdaLR,
    LinearLR,
    Optimizer,
    RMSprop,
    StepLR,
    clip_grad_norm_,
    gradients,
    lr_range_test,
    schedules,
    warmup_cosine,
)


class Param:
    """All that an optimizer may know of a parameter."""

    def __init__(self, data: np.ndarray, grad: np.ndarray | None = None) -> None:
        self.data, self.grad = data, grad


SHAPES = [(3, 4), (4,), (), (0, 2)]
STEPS = 50


def start(dtype: type = np.float64) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [np.asarray(rng.normal(size=shape)).astype(dtype) for shape in SHAPES]


def grid(**options: list) -> list[dict]:
    """Every combination of the options."""
    return [dict(zip(options, c, strict=True)) for c in itertools.product(*options.values())]


SGD_GRID = [
    o
    for o in grid(
        lr=[0.05, 0.2],
        momentum=[0.0, 0.5, 0.9],
        dampening=[0.0, 0.4],
        weight_decay=[0.0, 0.1],
        nesterov=[False, True],
    )
    if not o["nesterov"] or (o["momentum"] > 0 and o["dampening"] == 0)
]
RMSPROP_GRID = grid(
    lr=[0.01],
    alpha=[0.99, 0.5],
    eps=[1e-8, 0.1],
    weight_decay=[0.0, 0.1],
    momentum=[0.0, 0.9],
    centered=[False, True],
)
ADAM_GRID = grid(
    lr=[0.001, 0.1],
    betas=[(0.9, 0.999), (0.5, 0.6), (0.0, 0.0)],
    eps=[1e-8, 0.1],
    weight_decay=[0.0, 0.1],
)
CASES = [
    *((SGD, torch.optim.SGD, o) for o in [{}, *SGD_GRID]),
    *((RMSprop, torch.optim.RMSprop, o) for o in [{}, *RMSPROP_GRID]),
    *((Adam, torch.optim.Adam, o) for o in [{}, *ADAM_GRID]),
    *((AdamW, torch.optim.AdamW, o) for o in [{}, *ADAM_GRID]),
]
every_configuration = pytest.mark.parametrize(
    ("ours", "theirs", "options"),
    CASES,
    ids=[f"{c.__name__}-{'-'.join(map(str, o.values())) or 'defaults'}" for c, _, o in CASES],
)


class Race:
    """The same descent twice: noisy gradients of a valley, each taken where its own weights are."""

    def __init__(self, ours, theirs, options: dict, dtype: type = np.float64) -> None:
        self.params = [Param(w) for w in start(dtype)]
        self.tensors = [torch.tensor(w, requires_grad=True) for w in start(dtype)]
        self.ours, self.theirs = ours(self.params, **options), theirs(self.tensors, **options)
        self.rng, self.dtype = np.random.default_rng(2), dtype

    def step(self) -> None:
        for p, x in zip(self.params, self.tensors, strict=True):
            noise = self.rng.normal(size=p.data.shape, scale=0.3).astype(self.dtype)
            p.grad = np.asarray(3 * p.data + noise)
            x.grad = 3 * x.detach() + torch.tensor(noise)
        self.ours.step()
        self.theirs.step()

    def assert_level(self, rtol: float, atol: float) -> None:
        for p, x in zip(self.params, self.tensors, strict=True):
            assert p.data.dtype == self.dtype
            np.testing.assert_allclose(p.data, x.detach().numpy(), rtol=rtol, atol=atol)


@every_configuration
def test_weights_follow_pytorchs_for_50_steps(ours, theirs, options: dict) -> None:
    race = Race(ours, theirs, options)
    for _ in range(STEPS):
        race.step()
        race.assert_level(rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    ("ours", "theirs", "options"),
    [
        (SGD, torch.optim.SGD, {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1}),
        (SGD, torch.optim.SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
        (RMSprop, torch.optim.RMSprop, {"momentum": 0.5}),
        (Adam, torch.optim.Adam, {"weight_decay": 0.1}),
        (AdamW, torch.optim.AdamW, {}),
    ],
)
def test_float32_weights_stay_float32_and_near_pytorchs(ours, theirs, options: dict) -> None:
    race = Race(ours, theirs, options, np.float32)
    for _ in range(STEPS):
        race.step()
    # Sums are rounded in another order: one unit in the seventh digit, carried through 50 steps.
    race.assert_level(rtol=2e-5, atol=2e-6)
    for state in race.ours.state.values():
        arrays = [v for v in state.values() if isinstance(v, np.ndarray)]
        assert {a.dtype for a in arrays} <= {np.dtype(np.float32)}


@pytest.mark.parametrize("ours", [SGD, RMSprop, Adam, AdamW])
def test_defaults_are_pytorchs(ours) -> None:
    theirs = getattr(torch.optim, ours.__name__)([torch.zeros(1, requires_grad=True)]).defaults
    defaults = ours([Param(np.zeros(1))]).defaults
    assert {name: theirs[name] for name in defaults} == defaults


@pytest.mark.parametrize("ours", [SGD, RMSprop, Adam, AdamW])
def test_weights_are_changed_in_place_and_gradients_not_at_all(ours) -> None:
    p = Param(np.ones(3), np.array([1.0, -2.0, 0.5]))
    data, grad = p.data, p.grad
    optimizer = ours([p], weight_decay=0.1, lr=0.1)
    for _ in range(3):
        optimizer.step()
    assert p.data is data
    assert not np.array_equal(data, np.ones(3))
    assert grad.tolist() == [1.0, -2.0, 0.5]


@pytest.mark.parametrize("ours", [SGD, RMSprop, Adam, AdamW])
def test_a_view_of_a_larger_array_is_updated_where_it_lies(ours) -> None:
    whole = np.ones((4, 4))
    p = Param(whole.T[::2, 1:3], np.ones((2, 2)))
    ours([p], lr=0.1).step()
    assert (whole != 1).sum() == 4


@pytest.mark.parametrize("ours", [SGD, RMSprop, Adam, AdamW])
def test_a_parameter_without_gradient_is_left_alone(ours) -> None:
    idle, busy = Param(np.ones(2)), Param(np.ones(2), np.ones(2))
    ours([idle, busy], weight_decay=0.5).step()
    assert idle.data.tolist() == [1, 1]
    assert (busy.data < 1).all()


def test_first_step_of_adam_has_the_length_of_the_rate_whatever_the_gradient() -> None:
    for scale in (1e-3, 1.0, 1e3):
        p = Param(np.zeros(2), scale * np.array([1.0, -1.0]))
        Adam([p], lr=0.1).step()
        np.testing.assert_allclose(p.data, [-0.1, 0.1], rtol=1e-4)


def test_heavy_ball_of_constant_gradient_approaches_its_final_speed() -> None:
    p = Param(np.zeros(1), np.ones(1))
    optimizer = SGD([p], lr=0.1, momentum=0.9)
    for _ in range(300):
        before = p.data.copy()
        optimizer.step()
    assert p.data - before == pytest.approx(-0.1 / (1 - 0.9))  # lr / (1 - momentum)


def test_decoupled_decay_shrinks_by_the_rate_and_l2_through_adam_does_not() -> None:
    decoupled, coupled = Param(np.ones(1), np.zeros(1)), Param(np.ones(1), np.zeros(1))
    AdamW([decoupled], lr=0.1, weight_decay=0.5).step()
    Adam([coupled], lr=0.1, weight_decay=0.5).step()
    assert decoupled.data == pytest.approx(0.95)
    assert coupled.data == pytest.approx(0.9)  # a whole step of lr: the size of the decay is lost


def test_rounding_cannot_make_centered_rmsprop_take_the_root_of_less_than_nothing() -> None:
    p = Param(np.zeros(5, np.float32), np.array([0.1, 0.3, 0.7, 1.1, 3.3], np.float32))
    optimizer = RMSprop([p], centered=True, alpha=0.5)
    for _ in range(200):
        optimizer.step()
    assert np.isfinite(p.data).all()


# ---------------------------------------------------------------- groups and state


def test_groups_have_options_of_their_own() -> None:
    ours = [Param(w, np.ones_like(w)) for w in start()]
    theirs = [torch.tensor(w, requires_grad=True) for w in start()]
    for x in theirs:
        x.grad = torch.ones_like(x)
    options = [{"lr": 0.5, "weight_decay": 0.0}, {}]
    one = AdamW([{"params": ps, **o} for ps, o in zip([ours[:1], ours[1:]], options, strict=True)])
    two = torch.optim.AdamW(
        [{"params": ps, **o} for ps, o in zip([theirs[:1], theirs[1:]], options, strict=True)]
    )
    for _ in range(5):
        one.step()
        two.step()
    for p, x in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.data, x.detach().numpy(), rtol=1e-12)


def test_a_group_may_hold_one_bare_parameter_and_come_later() -> None:
    first, second = Param(np.ones(1), np.ones(1)), Param(np.ones(1), np.ones(1))
    optimizer = SGD([first], lr=0.1)
    optimizer.add_param_group({"params": second, "lr": 0.5})
    optimizer.step()
    assert (float(first.data[0]), float(second.data[0])) == (0.9, 0.5)


def test_zero_grad_forgets_or_fills() -> None:
    p, idle = Param(np.ones(2), np.ones(2)), Param(np.ones(2))
    optimizer, grad = SGD([p, idle]), p.grad
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is grad
    assert grad.tolist() == [0, 0]
    optimizer.zero_grad()
    assert p.grad is None
    assert idle.grad is None


RESUMABLE = [
    (SGD, {"lr": 0.1, "momentum": 0.9}),
    (RMSprop, {"momentum": 0.9, "centered": True}),
    (Adam, {"lr": 0.1}),
    (AdamW, {"lr": 0.1}),
]


@pytest.mark.parametrize(("ours", "options"), RESUMABLE)
def test_a_saved_state_resumes_exactly_and_later_steps_leave_it_alone(ours, options) -> None:
    theirs = getattr(torch.optim, ours.__name__)
    race = Race(ours, theirs, options)
    for _ in range(5):
        race.step()
    state = race.ours.state_dict()
    copies = [Param(p.data.copy()) for p in race.params]
    other = ours(copies, lr=123.0)  # comes with the state
    grads = []
    for _ in range(5):
        race.step()
        grads.append([p.grad for p in race.params])
    other.load_state_dict(state)
    for step in grads:
        for p, grad in zip(copies, step, strict=True):
            p.grad = grad
        other.step()
    for p, q in zip(race.params, copies, strict=True):
        np.testing.assert_array_equal(p.data, q.data)


@pytest.mark.parametrize(("ours", "options"), RESUMABLE)
def test_state_has_pytorchs_names(ours, options: dict) -> None:
    race = Race(ours, getattr(torch.optim, ours.__name__), options)
    race.step()
    one, two = race.ours.state_dict(), race.theirs.state_dict()
    assert one.keys() == two.keys()
    assert one["param_groups"][0]["params"] == two["param_groups"][0]["params"]
    assert one["state"].keys() == two["state"].keys()
    assert one["state"][0].keys() <= two["state"][0].keys()


def test_a_state_of_other_parameters_is_refused() -> None:
    p = Param(np.ones(2), np.ones(2))
    optimizer = Adam([p])
    optimizer.step()
    with pytest.raises(ValueError, match=r"parameters in each group must be \[2\], got \[1\]"):
        Adam([Param(np.ones(2)), Param(np.ones(2))]).load_state_dict(optimizer.state_dict())
    with pytest.raises(ValueError, match=r"exp_avg of parameter 0 .* \(3,\), got \(2,\)"):
        Adam([Param(np.ones(3))]).load_state_dict(optimizer.state_dict())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda ps: SGD(ps, lr=-1.0), "lr must be >= 0, got -1.0"),
        (lambda ps: SGD(ps, lr=math.nan), "lr must be >= 0, got nan"),
        (lambda ps: SGD(ps, momentum=-0.5), "momentum must be >= 0, got -0.5"),
        (lambda ps: SGD(ps, weight_decay=-0.1), "weight_decay must be >= 0, got -0.1"),
        (lambda ps: SGD(ps, nesterov=True), "nesterov needs momentum > 0 .* got momentum 0.0"),
        (
            lambda ps: SGD(ps, momentum=0.9, dampening=0.1, nesterov=True),
            "dampening = 0, got momentum 0.9 and dampening 0.1",
        ),
        (lambda ps: RMSprop(ps, alpha=1.0), r"alpha must lie in \[0, 1\), got 1.0"),
        (lambda ps: RMSprop(ps, eps=-1e-8), "eps must be >= 0, got -1e-08"),
        (lambda ps: Adam(ps, betas=(0.9, 1.0)), r"betas must lie in \[0, 1\), got \(0.9, 1.0\)"),
        (lambda ps: AdamW(ps, betas=(-0.1, 0.9)), r"betas must lie in \[0, 1\), got \(-0.1, 0.9\)"),
        (lambda ps: Adam([{"params": ps, "lr": -2.0}]), "lr must be >= 0, got -2.0"),
        (lambda ps: Adam([]), "needs at least one parameter, got an empty list"),
        (lambda ps: Adam(ps + ps), "each parameter must be given once, got number 1 again"),
    ],
)
def test_a_wrong_option_is_named_with_its_value(make: Callable, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make([Param(np.ones(1))])


def test_a_parameter_that_is_no_array_is_refused() -> None:
    class Scalar:
        data, grad = 1.0, 0.0

    with pytest.raises(TypeError, match="parameter 0 must have a NumPy array in data, got float"):
        SGD([Scalar()])


def test_an_optimizer_without_a_rule_says_what_is_missing() -> None:
    class Lazy(Optimizer):
        pass

    with pytest.raises(NotImplementedError, match="Lazy must define _update"):
        Lazy([Param(np.ones(1), np.ones(1))], {"lr": 0.1}).step()


# ---------------------------------------------------------------- schedules


def rates(make: Callable, steps: int = 40) -> list[float]:
    optimizer = SGD([{"params": [Param(np.ones(1))], "lr": 0.3}, {"params": [Param(np.ones(1))]}])
    schedule, found = make(optimizer), []
    for _ in range(steps):
        found += schedule.get_last_lr()
        optimizer.step()
        schedule.step()
    return found


def torch_rates(make: Callable, steps: int = 40) -> list[float]:
    ps = [torch.zeros(1, requires_grad=True) for _ in range(2)]
    optimizer = torch.optim.SGD([{"params": ps[:1], "lr": 0.3}, {"params": ps[1:]}])
    schedule, found = make(optimizer), []
    for _ in range(steps):
        found += [group["lr"] for group in optimizer.param_groups]
        optimizer.step()
        schedule.step()
    return found


torch_lr = torch.optim.lr_scheduler


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda o: StepLR(o, 7), lambda o: torch_lr.StepLR(o, 7)),
        (lambda o: StepLR(o, 1, gamma=0.9), lambda o: torch_lr.StepLR(o, 1, gamma=0.9)),
        (lambda o: LinearLR(o), lambda o: torch_lr.LinearLR(o)),
        (lambda o: LinearLR(o, 1.0, 0.0, 9), lambda o: torch_lr.LinearLR(o, 1.0, 0.0, 9)),
        (lambda o: CosineAnnealingLR(o, 30), lambda o: torch_lr.CosineAnnealingLR(o, 30)),
        (
            lambda o: CosineAnnealingLR(o, 12, eta_min=0.01),  # goes up again and down again
            lambda o: torch_lr.CosineAnnealingLR(o, 12, eta_min=0.01),
        ),
        (
            lambda o: LambdaLR(o, lambda step: 0.95**step),
            lambda o: torch_lr.LambdaLR(o, lambda step: 0.95**step),
        ),
        (
            lambda o: LambdaLR(o, warmup_cosine(8, 40)),
            lambda o: torch_lr.SequentialLR(
                o,
                [
                    torch_lr.LinearLR(o, start_factor=1 / 9, total_iters=8),
                    torch_lr.CosineAnnealingLR(o, 32),
                ],
                milestones=[8],
            ),
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:The epoch parameter in:UserWarning")  # inside SequentialLR
def test_rates_are_pytorchs(ours: Callable, theirs: Callable) -> None:
    assert rates(ours) == pytest.approx(torch_rates(theirs), rel=1e-9, abs=1e-15)


@given(st.integers(0, 20), st.integers(1, 50), st.floats(0, 1))
def test_warmup_rises_to_one_and_cosine_falls_to_its_floor(warmup: int, rest: int, low) -> None:
    factor = warmup_cosine(warmup, warmup + rest, low)
    up = [factor(step) for step in range(warmup + 1)]
    down = [factor(step) for step in range(warmup, warmup + rest + 3)]
    assert up == sorted(up)
    assert up[-1] == 1
    assert up[0] > 0
    assert down == sorted(down, reverse=True)
    assert down[-3:] == pytest.approx([low] * 3, abs=1e-15)


def test_a_schedule_resumes_from_its_state() -> None:
    def optimizer() -> SGD:
        return SGD([Param(np.ones(1))], lr=0.1)

    one = StepLR(optimizer(), 3)
    for _ in range(4):
        one.step()
    other = StepLR(optimizer(), 3)
    other.load_state_dict(one.state_dict())
    for _ in range(4):
        assert other.get_last_lr() == one.get_last_lr()
        one.step()
        other.step()


def test_a_schedule_gives_python_floats() -> None:
    optimizer = SGD([Param(np.ones(1))], lr=0.1)
    LambdaLR(optimizer, lambda step: float(np.float64(0.5)))
    assert type(optimizer.param_groups[0]["lr"]) is float


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: StepLR(o, 0), "step_size must be at least 1, got 0"),
        (lambda o: LinearLR(o, 0.0), r"start_factor must lie in \(0, 1\], got 0.0"),
        (lambda o: LinearLR(o, 1.0, 2.0), r"end_factor must lie in \[0, 1\], got 2.0"),
        (lambda o: LinearLR(o, total_iters=0), "total_iters must be at least 1, got 0"),
        (lambda o: CosineAnnealingLR(o, 0), "T_max must be at least 1, got 0"),
        (lambda o: warmup_cosine(5, 5), r"warmup_steps must lie in \[0, 5\), got 5"),
    ],
)
def test_a_wrong_schedule_is_named_with_its_value(make: Callable, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(SGD([Param(np.ones(1))]))


def test_a_schedule_without_a_rule_says_what_is_missing() -> None:
    with pytest.raises(NotImplementedError, match="LRScheduler must define lr_at"):
        schedules.LRScheduler(SGD([Param(np.ones(1))]))


# ---------------------------------------------------------------- clipping


@settings(max_examples=60)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(0, 20),
    st.sampled_from([2.0, 1.0, 3.0, math.inf]),
    st.sampled_from([np.float32, np.float64]),
)
def test_clipping_is_pytorchs(seed: int, max_norm: float, norm_type: float, dtype) -> None:
    rng = np.random.default_rng(seed)
    grads = [np.asarray(rng.normal(size=shape)).astype(dtype) for shape in [(3, 4), (4,), ()]]
    params = [Param(np.zeros_like(g), g.copy()) for g in grads]
    tensors = [torch.zeros(g.shape, dtype=torch.tensor(g).dtype) for g in grads]
    for x, g in zip(tensors, grads, strict=True):
        x.grad = torch.tensor(g)
    params.append(Param(np.zeros(2)))  # without a gradient
    total = clip_grad_norm_(params, max_norm, norm_type)
    expected = torch.nn.utils.clip_grad_norm_(tensors, max_norm, norm_type)
    rtol = 1e-5 if dtype == np.float32 else 1e-12
    assert total == pytest.approx(expected.item(), rel=rtol)
    for p, x in zip(params, tensors, strict=False):
        assert p.grad.dtype == dtype
        np.testing.assert_allclose(p.grad, x.grad.numpy(), rtol=rtol, atol=1e-12)


def test_clipping_keeps_the_direction_and_returns_the_length_before() -> None:
    p, q = Param(np.zeros(1), np.array([3.0])), Param(np.zeros(1), np.array([4.0]))
    assert clip_grad_norm_([p, q], 1.0) == 5.0
    assert (p.grad[0], q.grad[0]) == pytest.approx((0.6, 0.8), rel=1e-6)


def test_short_gradients_are_not_touched() -> None:
    p = Param(np.zeros(2), np.array([0.3, 0.4]))
    assert optim.clip_grad_norm(p, 1.0) == 0.5  # the other name, and one bare parameter
    assert p.grad.tolist() == [0.3, 0.4]
    assert clip_grad_norm_([Param(np.zeros(2))], 1.0) == 0


def test_a_norm_that_is_not_finite_shows() -> None:
    p = Param(np.zeros(2), np.array([np.nan, 1.0]))
    with pytest.raises(ValueError, match="norm of the gradients must be finite, got nan"):
        clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
    assert p.grad[1] == 1
    assert math.isnan(clip_grad_norm_([p], 1.0))
    assert np.isnan(p.grad).all()
    with pytest.raises(ValueError, match=r"max_norm must be >= 0, got -1\.0"):
        clip_grad_norm_([p], -1.0)


# ---------------------------------------------------------------- range test


def bowl(curvature: float) -> tuple[Param, Optimizer, Callable[[], float]]:
    p = Param(np.array([1.0]))
    optimizer = SGD([p], momentum=0.5)

    def train_step() -> float:
        loss = float(0.5 * curvature * p.data[0] ** 2)
        p.grad = curvature * p.data
        optimizer.step()
        return loss

    return p, optimizer, train_step


def test_range_test_ends_after_the_largest_stable_rate_and_puts_everything_back() -> None:
    p, optimizer, train_step = bowl(curvature=10.0)
    train_step()  # something in the momentum
    weight, state = p.data.copy(), optimizer.state_dict()
    lrs, losses = lr_range_test(optimizer, train_step, lr_min=1e-3, lr_max=100.0, steps=200)
    limit = 2 * (1 + 0.5) / 10.0  # of momentum 0.5 on this bowl
    assert len(lrs) == len(losses) < 200
    assert limit < lrs[-1] < 10 * limit
    np.testing.assert_allclose(np.diff(np.log(lrs)), math.log(1e5) / 199)
    assert p.data == weight
    after = optimizer.state_dict()
    assert after["param_groups"] == state["param_groups"]
    assert after["state"][0]["momentum_buffer"] == state["state"][0]["momentum_buffer"]


def test_range_test_goes_the_whole_way_when_nothing_diverges() -> None:
    _, optimizer, train_step = bowl(curvature=1.0)
    lrs, losses = lr_range_test(optimizer, train_step, lr_min=1e-3, lr_max=0.1, steps=20)
    assert lrs == pytest.approx(np.geomspace(1e-3, 0.1, 20))
    assert losses == sorted(losses, reverse=True)


def test_range_test_puts_weights_back_after_an_error_and_stops_at_nan() -> None:
    p, optimizer, train_step = bowl(curvature=1.0)

    def fails() -> float:
        train_step()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lr_range_test(optimizer, fails)
    assert p.data == 1
    assert len(lr_range_test(optimizer, lambda: math.nan)[0]) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr_min": 2.0}, r"lr_min must lie in \(0, 1.0\), got 2.0"),
        ({"steps": 1}, "steps must be at least 2, got 1"),
    ],
)
def test_range_test_names_a_wrong_option(options: dict, message: str) -> None:
    _, optimizer, train_step = bowl(1.0)
    with pytest.raises(ValueError, match=message):
        lr_range_test(optimizer, train_step, **options)


# ---------------------------------------------------------------- the module


def test_every_worked_number_in_a_docstring_is_true() -> None:
    results = [doctest.testmod(m) for m in (schedules, gradients)]
    assert sum(r.attempted for r in results) >= 2
    assert sum(r.failed for r in results) == 0


def test_exactly_the_documented_names_are_exported() -> None:
    things = {name for name, thing in vars(optim).items() if not inspect.ismodule(thing)}
    assert {name for name in things if not name.startswith("_")} == set(optim.__all__)
