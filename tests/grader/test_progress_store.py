"""Progress outlives crashes and full disks, and two notebooks can write it at once."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from made_up import DOUBLE, judged, made_up_choice, made_up_reflection
from typer.testing import CliRunner

from grader import cli, exercises, progress_store
from grader.progress_store import ProgressStore, ProgressUnavailable, default_path

RIGHT, WRONG = judged(DOUBLE.reference), judged(lambda x: x / 2)
EXERCISES = {e.id: e for e in (DOUBLE, made_up_choice(), made_up_reflection())}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "progress.sqlite"


@pytest.fixture
def store(path):
    return ProgressStore(path)


def standing(store):
    return store.standings(EXERCISES)[0]


def test_the_best_attempt_counts(store):
    assert (standing(store).points, standing(store).attempts, standing(store).done) == (0, 0, False)
    for report in (WRONG, RIGHT, WRONG):
        store.record_attempt(report)
    assert (standing(store).points, standing(store).attempts, standing(store).done) == (4, 3, True)


def test_progress_is_there_for_the_next_process(store, path):
    store.reveal_hint(DOUBLE)
    store.record_attempt(RIGHT)
    assert standing(ProgressStore(path)) == standing(store)
    assert standing(store).hints_used == 1


def test_a_solved_exercise_reveals_no_further_hint(store):
    assert store.reveal_hint(DOUBLE) == 1
    store.record_attempt(RIGHT)
    assert store.reveal_hint(DOUBLE) == 1


def test_hints_are_revealed_one_at_a_time_and_end(store):
    assert [store.reveal_hint(DOUBLE) for _ in range(5)] == [1, 2, 3, 3, 3]
    assert store.hints_used(DOUBLE.id) == 3


def test_the_first_answer_to_a_choice_stays_the_first(store, monkeypatch):
    times = iter([100.0, 50.0, 10.0])  # a clock that is set back
    monkeypatch.setattr(progress_store.time, "time", lambda: next(times))
    assert [store.record_answer("x", letter) for letter in "abc"] == ["a", "a", "a"]


def test_a_written_answer_is_graded_by_hand(store):
    written = store.standings(EXERCISES)[2]
    assert written.by_hand
    assert not written.done


def test_in_memory_it_lasts_for_this_process_only():
    store = ProgressStore(None)
    store.record_attempt(RIGHT)
    assert standing(store).attempts == 1
    assert standing(ProgressStore(None)).attempts == 0


def test_a_folder_is_made_for_it(tmp_path):
    store = ProgressStore(tmp_path / "not" / "yet" / "progress.sqlite")
    store.record_attempt(RIGHT)
    assert standing(store).attempts == 1


def corrupt(path):
    path.write_bytes(b"no database at all " * 100)


def empty_folder(path):
    path.mkdir()


def other_tables(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE attempt (only_one_column)")


@pytest.mark.parametrize("spoil", [corrupt, empty_folder, other_tables])
def test_a_file_that_is_no_store_is_named(store, path, spoil):
    spoil(path)
    for use in (lambda: store.record_attempt(RIGHT), lambda: store.standings(EXERCISES)):
        with pytest.raises(ProgressUnavailable, match=r"progress is not saved .*progress\.sqlite"):
            use()


def test_a_file_of_something_else_is_left_as_it_is(store, path):
    corrupt(path)
    before = path.read_bytes()
    with pytest.raises(ProgressUnavailable):
        store.record_attempt(RIGHT)
    assert path.read_bytes() == before


def test_odd_values_in_the_file_break_nothing(store, path):
    store.record_attempt(RIGHT)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO attempt VALUES (0, ?, 'text', NULL, NULL)", (DOUBLE.id,))
        connection.execute("INSERT INTO attempt VALUES (0, 'gone.exercise', 1, NULL, NULL)")
    assert standing(store).attempts == 2


def test_a_locked_file_is_reported_after_a_while(store, path, monkeypatch):
    monkeypatch.setattr(progress_store, "_BUSY_SECONDS", 0.1)
    store.record_attempt(RIGHT)
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ProgressUnavailable, match="locked"):
            store.record_attempt(RIGHT)
        other.rollback()
    store.record_attempt(RIGHT)
    assert standing(store).attempts == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full: Linux has one")
def test_a_full_disk_is_reported(tmp_path):
    with pytest.raises(ProgressUnavailable):
        ProgressStore(Path("/dev/full")).record_attempt(RIGHT)


WRITER = """
import sys
from pathlib import Path
from made_up import DOUBLE, judged
from grader.progress_store import ProgressStore
store, report = ProgressStore(Path(sys.argv[1])), judged(DOUBLE.reference)
sys.stdin.readline()
for i in range(int(sys.argv[2])):
    store.record_attempt(report)
    print(i, flush=True)
"""


def writer(path, times):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(times)],
        cwd=Path(__file__).parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdin.write("go\n")
    process.stdin.flush()
    return process


def test_two_processes_write_at_once_without_loss(store, path):
    writers = [writer(path, 200) for _ in range(2)]
    for process in writers:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    assert standing(store).attempts == 400


@pytest.mark.parametrize("after", [1, 20, 50])
def test_a_killed_writer_loses_at_most_the_event_in_flight(store, path, after):
    process = writer(path, 100_000)
    for _ in range(after):
        told = int(process.stdout.readline())
    process.kill()
    rest, _ = process.communicate(timeout=30)
    told = max([told, *(int(line) for line in rest.splitlines(keepends=True) if line[-1] == "\n")])
    assert told + 1 <= standing(store).attempts <= told + 2
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store.record_attempt(RIGHT)


@pytest.mark.parametrize("named", ["off", "OFF", " off "])
def test_the_file_can_be_turned_off(monkeypatch, named):
    monkeypatch.setenv("COURSE_PROGRESS", named)
    assert default_path() is None


def test_the_file_can_be_named(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "mine.sqlite"))
    assert default_path() == tmp_path / "mine.sqlite"
    monkeypatch.setenv("COURSE_PROGRESS", "~/mine.sqlite")
    assert default_path() == Path.home() / "mine.sqlite"


def test_the_file_lies_in_the_workspace_that_surrounds_the_notebook(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_PROGRESS", "")
    notebook = tmp_path / "workspace" / "01_perceptron"
    notebook.mkdir(parents=True)
    (tmp_path / "workspace" / ".course").mkdir()
    monkeypatch.chdir(notebook)
    assert default_path() == tmp_path.resolve() / "workspace" / ".course" / "progress.sqlite"


def test_outside_a_workspace_it_is_the_users(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_PROGRESS")
    monkeypatch.chdir(tmp_path)
    assert default_path().parent.name == "deep-learning-course"


@pytest.mark.skipif(os.name != "posix", reason="Windows does not remove a folder that is in use")
def test_a_folder_that_is_gone_breaks_nothing(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_PROGRESS")
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert default_path().name == "progress.sqlite"


def course_progress(monkeypatch, path, *args):
    monkeypatch.setenv("COURSE_PROGRESS", str(path))
    return CliRunner().invoke(cli.app, ["progress", *args])


def test_the_command_shows_what_was_done(monkeypatch, path):
    shown = course_progress(monkeypatch, path)
    assert shown.exit_code == 0
    assert "01_perceptron: 0 of" in shown.output
    assert "Update rule" in shown.output


def test_the_command_gives_json(monkeypatch, path):
    body = json.loads(course_progress(monkeypatch, path, "--json").output)
    assert body["file"] == str(path)
    first = body["exercises"][0]
    assert (first["exercise"], first["points"], first["done"]) == (
        "why_deep_learning.kinds", 0.0, False,
    )  # fmt: skip


def test_the_command_says_in_one_line_what_is_wrong_with_the_file(path):
    corrupt(path)
    result = subprocess.run(
        [sys.executable, "-m", "grader.cli", "progress"],
        env={**os.environ, "COURSE_PROGRESS": str(path)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("course: progress is not saved")
    assert len(result.stderr.splitlines()) == 1


def test_a_terminal_without_our_marks_shows_progress_too(store, path):
    weighted_sum = exercises()["perceptron.weighted_sum"]
    store.record_attempt(judged(weighted_sum.reference, weighted_sum))
    result = subprocess.run(
        [sys.executable, "-m", "grader.cli", "progress"],
        env={**os.environ, "COURSE_PROGRESS": str(path), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert "? Weighted sum" in result.stdout
