"""The journal: each line is whole or does not count, and says where to go on."""

import json

import pytest

from grader.classroom.journal import JOURNAL, Journal, write_whole

resource = pytest.importorskip("resource", reason="limits of a process are POSIX's")


def begun(folder):
    journal = Journal(folder)
    journal.start(students=["a", "b", "c", "d"], seed=7)
    journal.write("graded", student="a")
    journal.write("applied", student="a")
    journal.write("graded", student="b")
    journal.write("failed", student="c", why="the worker died")
    journal.close()
    return journal


def test_past_says_what_is_done_what_waits_and_what_failed(tmp_path):
    past = begun(tmp_path).past()
    assert past.head["seed"] == 7
    assert (past.applied, past.graded, past.failed) == ({"a"}, {"b"}, {"c": "the worker died"})
    assert not past.finished


def test_no_journal_is_a_finished_one(tmp_path):
    assert Journal(tmp_path).past().finished


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_line_cut_off_anywhere_does_not_count_and_the_next_one_does(tmp_path, cut):
    begun(tmp_path)
    whole = (tmp_path / JOURNAL).read_bytes()
    (tmp_path / JOURNAL).write_bytes(whole[:-cut])
    journal = Journal(tmp_path)
    assert set(journal.past().failed) in ({"c"}, set())
    assert journal.past().graded == {"b"}
    journal.write("applied", student="b")
    journal.close()
    assert journal.past().applied == {"a", "b"}


def test_a_line_of_which_a_nearly_full_disk_takes_only_a_part_is_taken_back(tmp_path):
    journal = begun(tmp_path)
    whole = (tmp_path / JOURNAL).read_bytes()
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 10, resource.RLIM_INFINITY))
    try:
        with pytest.raises(OSError, match="No space left"):
            journal.write("graded", student="d")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert (tmp_path / JOURNAL).read_bytes().rstrip() == whole.rstrip()
    journal.write("graded", student="d")
    journal.close()
    assert journal.past().graded == {"b", "d"}


def test_a_new_run_keeps_the_journal_of_the_one_before(tmp_path):
    begun(tmp_path)
    journal = Journal(tmp_path)
    journal.start(students=["z"])
    journal.close()
    assert journal.past().applied == set()
    assert len(list(tmp_path.glob("journal.*jsonl"))) == 2


@pytest.mark.parametrize("student", ["ann", "a/../../b", "..", "Zoë ßmith", "<script>", "a%2Fb"])
def test_a_record_lies_in_its_folder_whatever_the_student_is_called(tmp_path, student):
    journal = Journal(tmp_path)
    journal.save_record(student, {"student": student})
    assert journal.load_record(student) == {"student": student}
    assert journal.record_path(student).resolve().parent == tmp_path / "records"
    assert list(journal.records()) == [{"student": student}]


def test_a_broken_record_is_none(tmp_path):
    journal = Journal(tmp_path)
    journal.save_record("a", {})
    journal.record_path("a").write_text("{")
    assert journal.load_record("a") is None
    assert journal.load_record("b") is None
    assert list(journal.records()) == []


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "file"
    write_whole(path, b"one")
    with pytest.raises(TypeError):
        write_whole(path, "no bytes")
    assert path.read_bytes() == b"one"
    assert [p.name for p in path.parent.iterdir()] == ["file"]
    write_whole(path, json.dumps({}).encode(), 0o444)
    assert path.stat().st_mode & 0o777 == 0o444
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
