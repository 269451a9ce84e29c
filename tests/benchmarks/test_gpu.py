"""The benchmark of a GPU, rehearsed without one: NumPy's arrays, our back end, a made-up clock."""

import json

import numpy as np
import pytest
import torch

from benchmarks import gpu, page
from course_lib.kernels import backends, histograms

README = page.PAGE.parents[1] / "README.md"
MILLISECONDS = 2.0  # what the clock says each piece of work takes


class Clock:
    """Stands for Numba's events."""

    def event(self, timing: bool):
        assert timing
        return self

    def record(self) -> None:
        pass

    def synchronize(self) -> None:
        pass

    def event_elapsed_time(self, start, end) -> float:
        return MILLISECONDS


class Rehearsal(backends.Instrumented):
    """A GPU that is none: PyTorch's tensors share their memory with NumPy's arrays."""

    def __init__(self) -> None:
        self.cuda = Clock()
        self.launched = []

    def upload(self, array):
        return array.numpy() if isinstance(array, torch.Tensor) else np.ascontiguousarray(array)

    def launch(self, kernel, blocks, threads, *args) -> None:
        self.launched.append(kernel.__name__)
        super().launch(kernel, blocks, threads, *args)


@pytest.fixture
def outcome(monkeypatch):
    device = Rehearsal()
    for name, value in {"CELLS": 1024, "SIDE": 32, "INNER": 16, "REPEATS": 2, "WARM_UP": 1}.items():
        monkeypatch.setattr(gpu, name, value)
    monkeypatch.setattr(histograms, "MOST_BLOCKS", 2)
    monkeypatch.setattr("course_lib.kernels.choose", lambda name: device)
    for name in ("ones", "rand"):
        make = getattr(torch, name)
        monkeypatch.setattr(torch, name, lambda *shape, device, make=make: make(*shape))
    monkeypatch.setattr(gpu, "machine", lambda: {"device": "none: a rehearsal", "cores": 1})
    return gpu.measure() | {"launched": device.launched}


def test_every_kernel_has_a_row_with_the_bandwidth_of_what_it_must_move(outcome) -> None:
    rates = {row["kernel"]: row["of a copy"] for row in outcome["rows"]}
    assert rates == {
        "device copy (PyTorch)": 1.0,
        "vector add": 1.5,  # two arrays read, one written, in the time of a copy
        "2-D map": 1.0,
        "sum, atomic": 0.5,
        "sum, interleaved": 0.5,
        "sum, sequential": 0.5,
        "row softmax": 1.0,
        "transpose, naive": 1.0,
        "transpose, tiled": 1.0,
        "transpose, padded": 1.0,
        "histogram, global": 0.5,
        "histogram, shared": 0.5,
    }
    assert [row["product"].split(",")[0] for row in outcome["products"]] == [
        "naive", "tiled", "cuBLAS",
    ]  # fmt: skip
    assert len(set(outcome["launched"])) == 13
    assert outcome["products"][0]["ms"] == MILLISECONDS


def test_the_page_of_measurements_shows_both_tables_of_a_gpu(outcome, tmp_path, capsys) -> None:
    gpu.show(outcome)
    assert outcome["verdict"] in capsys.readouterr().out
    (tmp_path / "gpu.json").write_text(json.dumps(outcome), encoding="utf-8")
    text = page.page(tmp_path)
    assert "| vector add |" in text
    assert "| tiled, 16 x 16, float32 |" in text
    assert f"{outcome['verdict']}. `python -m benchmarks.gpu`: device none: a rehearsal" in text


def test_the_readme_says_not_measured_until_there_is_a_result() -> None:
    said = (
        "| bandwidth and speed-up of the kernels of lesson 13 | not measured |"
        in README.read_text(encoding="utf-8")
    )
    assert said == (not gpu.RESULTS.exists())
