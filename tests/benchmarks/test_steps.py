"""What is compared for speed does the same work: every library goes through the same losses."""

import numpy as np
import pytest

from benchmarks import engines, growth, steps
from benchmarks.steps import Missing, Moons, Perceptrons, Transformer

SMALL = Perceptrons((20, 9, 7, 5), batch=11)
GPT = Transformer(d_model=16, batch=2, num_layers=2, context_length=8)
MOONS = Moons(count=12, hidden=(3, 4))


def losses(maker, problem, count=5):
    try:
        step = maker(problem)
    except Missing as why:
        pytest.skip(str(why))
    return [step() for _ in range(count)]


@pytest.mark.parametrize("rival", [steps.mlp_torch, steps.mlp_autograd, steps.mlp_tinygrad])
def test_every_library_trains_the_same_perceptron(rival):
    ours = losses(steps.mlp_ours, SMALL)
    assert ours == sorted(ours, reverse=True)
    np.testing.assert_allclose(ours, losses(rival, SMALL), rtol=1e-5)


def test_both_engines_train_the_same_transformer():
    np.testing.assert_allclose(losses(steps.gpt_ours, GPT), losses(steps.gpt_torch, GPT), rtol=1e-4)


@pytest.mark.parametrize("rival", [steps.moons_micrograd, steps.moons_ours_op_by_op])
def test_both_scalar_engines_train_the_same_neurons(rival):
    np.testing.assert_allclose(losses(steps.moons_ours, MOONS), losses(rival, MOONS), rtol=1e-9)


def test_a_row_gives_both_times_and_their_ratio(monkeypatch):
    monkeypatch.setattr(engines, "_SECONDS", 0.0)
    pair = engines.Pair(MOONS, "itself", steps.moons_ours, steps.moons_ours, at_least=0.01)
    row = engines.compare(pair, 1)
    assert row["ratio"] == pytest.approx(row["theirs ms"] / row["ours ms"], rel=0.1)
    assert engines.reached(row)
    assert not engines.reached(row | {"at least": 1e9})


def test_a_missing_library_gives_a_row_that_says_so():
    def missing(problem):
        raise Missing("no such thing")

    row = engines.compare(engines.Pair(MOONS, "x", steps.moons_ours, missing, at_least=1.0), 1)
    assert row["middle half"] == "not measured: no such thing"
    assert not engines.reached(row)


def test_the_marks_of_the_design_are_in_the_table():
    marks = {(pair.rival, pair.at_least, pair.aim) for pair in engines.PAIRS + engines.SCALAR}
    assert {("PyTorch eager", 1.0, 1.3), ("PyTorch eager", 0.6, 1.0)} < marks
    assert ("micrograd", 3.0, 6.0) in marks
    assert len({str(problem) for problem in growth.PROBLEMS}) >= 12
