"""What was handed in is read within limits; nothing in it is followed."""

import json
import os

import nbformat
import pytest

from grader.classroom import submission
from grader.classroom.submission import Cell, Unreadable, cells_of, collect, without_shadows


def notebook(*cells, **more):
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "cells": list(cells), **more}).encode()


def test_notebooks_and_files_are_told_apart(tmp_path):
    (tmp_path / "a.ipynb").write_bytes(b"{}")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.csv").write_text("1")
    (tmp_path / "data" / "other.ipynb").write_text("{}")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "a.ipynb").write_text("{}")
    handed = collect(tmp_path, [".ipynb_checkpoints"])
    assert handed.notebooks == {"a": b"{}"}
    assert handed.files == {"data/x.csv": b"1"}
    assert handed.remarks == []


def test_links_and_pipes_are_not_followed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("the answers")
    place = tmp_path / "submitted"
    place.mkdir()
    (place / "a.ipynb").symlink_to(secret)
    (place / "b.txt").symlink_to(secret)
    (place / "c").symlink_to(tmp_path)
    os.mkfifo(place / "d.ipynb")
    handed = collect(place)
    assert handed.files == {}
    assert handed.notebooks == {"d": b""}
    assert len(handed.remarks) == 3


def test_a_submission_past_the_limits_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(submission, "MAX_FILES", 3)
    monkeypatch.setattr(submission, "MAX_TOTAL_BYTES", 10)
    for number in range(5):
        (tmp_path / f"{number}.txt").write_bytes(b"x" * 6)
    handed = collect(tmp_path)
    assert list(handed.files) == ["0.txt"]
    assert "more than 3 files" in handed.remarks[-1]


def test_a_file_name_that_no_screen_takes_is_left_aside(tmp_path):
    (tmp_path / "a\nb.txt").write_text("x")
    handed = collect(tmp_path)
    assert handed.files == {}
    assert "a\\nb.txt" in handed.remarks[0]


@pytest.mark.parametrize(
    "name", ["numpy.py", "random.py", "torch/__init__.py", "os.so", "grader/probe.py", "json.pyc"]
)
def test_a_file_that_would_stand_in_for_a_module_is_left_out(name):
    remarks = []
    assert without_shadows({name: b"", "helper.py": b"", "numpy.csv": b""}, remarks) == {
        "helper.py": b"",
        "numpy.csv": b"",
    }
    assert name in remarks[0]


UNREADABLE = {
    "nothing": b"",
    "no JSON": b"{",
    "no text": b"\xff\xfe\x00",
    "a list": b"[]",
    "a number": b"4",
    "no version": b'{"cells": []}',
    "a later version": b'{"nbformat": 5, "cells": []}',
    "version true": b'{"nbformat": "4", "cells": []}',
    "no cells": b'{"nbformat": 4}',
    "cells that are no list": b'{"nbformat": 4, "cells": {"a": 1}}',
    "too deep": b'{"nbformat": 4, "cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "too many cells": notebook(*[{}] * 6_000),
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_notebook_is_refused_with_a_reason(content):
    with pytest.raises(Unreadable, match="notebook"):
        cells_of(content)


@pytest.mark.parametrize(
    "odd",
    [
        None, 3, [], {}, {"cell_type": "code"}, {"source": 4}, {"source": [1, "x"]},
        {"cell_type": ["code"]}, {"cell_type": "code", "metadata": []}, {"id": {}},
        {"cell_type": "code", "metadata": {"nbgrader": 3}},
        {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": {}}}},
    ],
)  # fmt: skip
def test_an_odd_cell_does_not_spoil_the_others(odd):
    good = {"cell_type": "code", "source": ["a\n", "b"], "id": "i"}
    assert cells_of(notebook(odd, good))[-1] == Cell("code", "a\nb", "", "i")


def test_half_characters_are_spelled_out():
    (found,) = cells_of(notebook({"cell_type": "code", "source": "'\ud800'"}))
    assert found.source == r"'\ud800'"


def test_notebooks_of_version_3_are_read():
    old = nbformat.v3.new_notebook(
        worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell("x = 1")])]
    )
    assert cells_of(json.dumps(old).encode()) == [Cell("code", "x = 1")]


def test_a_byte_order_mark_is_no_reason_to_fail():
    assert cells_of(b"\xef\xbb\xbf" + notebook()) == []
