"""The committed page of measurements says what the committed results say."""

import json

from benchmarks.__main__ import NAMES, RESULTS
from benchmarks.page import PAGE, page


def test_the_page_is_made_from_the_results():
    assert PAGE.read_text(encoding="utf-8") == page(RESULTS), "python -m benchmarks writes it"


def test_every_result_belongs_to_a_benchmark_and_names_its_machine():
    kept = {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in RESULTS.glob("*.json")
    }
    assert set(kept) <= {*NAMES, "gpu"}
    assert {"checks", "engines", "growth", "language_model"} <= set(kept)
    for outcome in kept.values():
        assert outcome["machine"]["cores"] >= 1
        assert outcome["rows"]
