"""The run behind docs/language_model.md, for two steps."""

import numpy as np

from benchmarks import language_model
from benchmarks.language_model import Run


def test_it_learns_from_the_first_steps_and_keeps_a_page_and_a_figure(tmp_path):
    outcome = language_model.measure(Run(steps=3, batch=4, warmup=1, evaluate_every=1), tmp_path)
    (row,) = outcome["rows"]
    assert 0.7e6 < int(row["parameters"].replace(",", "")) < 0.9e6
    assert row["held-out loss"] < np.log(103)  # better than any character at random
    page = (tmp_path / "language_model.md").read_text(encoding="utf-8")
    assert "saw 0.0 million characters" in page
    assert (tmp_path / "images" / "language_model.png").read_bytes().startswith(b"\x89PNG")


def test_the_loss_by_frequencies_is_that_of_the_counts():
    ids = np.array([0, 0, 0, 1])
    # Counts 3 and 1, one more of each: 4/6 and 2/6.
    by_hand = -(3 * np.log(4 / 6) + np.log(2 / 6)) / 4
    assert language_model.entropy(ids, ids) == np.float64(by_hand)
