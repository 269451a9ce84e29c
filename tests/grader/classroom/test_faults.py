"""Faults for real: a full disk, a locked database, a kernel that never answers.

Each is reported, the rest of the class is graded, and `--resume` completes it.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from classroom_material import GRADE, Room, answer, course_room, test_cell

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        shutil.which("bwrap") is None, reason="needs bubblewrap: apt-get install bubblewrap"
    ),
]

NAMES = [f"student{number}" for number in range(6)]
CELLS = [answer("a", "a = 0"), test_cell("t", "assert a < 9\na", 5), test_cell("u", "assert a", 1)]
LARGE = "x" * 150_000


@pytest.fixture(scope="module")
def generated(tmp_path_factory) -> Room:
    room = course_room(tmp_path_factory.mktemp("faults") / "room", "ps", {"ps": CELLS})
    for number, name in enumerate(NAMES):
        notebook = room.answered("ps", {"a": f"import time; time.sleep(0.1); a = {number}"})
        room.submit(name, {"ps": notebook}, {"data.txt": LARGE})
    return room


@pytest.fixture(scope="module")
def undisturbed(generated, tmp_path_factory) -> dict:
    room = generated.copy(tmp_path_factory.mktemp("undisturbed") / "room")
    done = course_grade(room)
    assert done.returncode == 0, done.stderr
    return room.rows()


def course_grade(room: Room, *options: str) -> subprocess.CompletedProcess[str]:
    return room.run(*GRADE, "ps", "--workers", "1", *options)


def assert_resumed(room: Room, undisturbed: dict) -> None:
    done = course_grade(room, "--resume")
    assert done.returncode == 0, done.stdout + done.stderr
    assert room.rows() == undisturbed
    for name in NAMES:
        graded = room.folder.autograded(name)
        assert sorted(p.name for p in graded.iterdir()) == ["data.txt", "ps.ipynb"]
        assert [p.name for p in graded.parent.iterdir()] == ["ps"]


# --- a full disk --------------------------------------------------------------------------------


@pytest.fixture
def small_disk():
    """Puts a small file system at a folder; without the right to, the test is skipped."""
    mounted: list[Path] = []

    def mount(folder: Path, size: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        again = "remount," if folder in mounted else ""
        command = ["mount", "-t", "tmpfs", "-o", f"{again}size={size}", "course-tests", folder]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode and not again:
            pytest.skip(f"a small disk needs root: {done.stderr.strip() or 'mount failed'}")
        mounted.append(folder)

    yield mount
    for folder in set(mounted):
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_disk_full_of_graded_notebooks(small_disk, generated, undisturbed, tmp_path):
    room = generated.copy(tmp_path / "room")
    disk = room.root / "autograded"
    small_disk(disk, "600k")  # four of six fit
    done = course_grade(room)
    assert done.returncode == 1, done.stderr
    failed = room.journal.past().failed
    assert 1 <= len(failed) <= 4
    assert all("No space left" in why for why in failed.values())
    assert set(room.journal.past().applied) == set(NAMES) - set(failed)
    assert "Traceback" not in done.stderr
    whole = {name for name in NAMES if room.folder.autograded(name).exists()}
    assert whole == set(NAMES) - set(failed)  # and nobody has half of it
    small_disk(disk, "16m")
    assert_resumed(room, undisturbed)


def test_a_submission_that_does_not_fit_beside_the_journal_costs_no_other(
    small_disk, generated, undisturbed, tmp_path
):
    room = generated.copy(tmp_path / "room")
    (room.root / "submitted" / NAMES[2] / "ps" / "data.txt").write_text(LARGE * 10)
    small_disk(room.folder.state.parent, "900k")
    done = course_grade(room)
    assert done.returncode == 1, done.stderr
    assert set(room.journal.past().failed) == {NAMES[2]}
    assert set(room.rows()) == set(NAMES) - {NAMES[2]}
    small_disk(room.folder.state.parent, "16m")
    assert_resumed(room, undisturbed)


def test_a_disk_on_which_not_even_the_journal_fits(small_disk, generated, undisturbed, tmp_path):
    room = generated.copy(tmp_path / "room")
    for name in NAMES:
        (room.root / "submitted" / name / "ps" / "data.txt").write_text("x")
    small_disk(room.folder.state.parent, "24k")
    done = course_grade(room)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "No space left" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    small_disk(room.folder.state.parent, "16m")
    assert_resumed(room, undisturbed)


# --- a locked database --------------------------------------------------------------------------

HOLDER = """
import pathlib, sqlite3, sys, time
journal = pathlib.Path(".course/grade/ps/journal.jsonl")
while len(sys.argv) > 1 and not (journal.exists() and b'"graded"' in journal.read_bytes()):
    time.sleep(0.01)
book = sqlite3.connect("gradebook.db", timeout=60, isolation_level=None)
book.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


def holder(room: Room, *when: str) -> subprocess.Popen[str]:
    """Another program that locks the gradebook and does not let go."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, *when],
        cwd=room.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_database_locked_on_the_way(generated, undisturbed, tmp_path):
    room = generated.copy(tmp_path / "room")
    with holder(room, "once one is graded") as other:
        done = course_grade(room)
        other.communicate(timeout=30)
    assert done.returncode == 1, done.stdout + done.stderr
    failed = room.journal.past().failed
    assert len(failed) >= 3
    assert all("database is locked" in why for why in failed.values())
    assert room.journal.past().finished
    assert "database is locked" in done.stdout
    assert_resumed(room, undisturbed)


def test_a_database_locked_from_the_start(generated, undisturbed, tmp_path):
    room = generated.copy(tmp_path / "room")
    with holder(room) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        done = course_grade(room)
        other.communicate(timeout=30)
    assert done.returncode == 1
    assert "database is locked" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert_resumed(room, undisturbed)


# --- a kernel that never answers ----------------------------------------------------------------

SILENT = {
    "deaf": "import ctypes, signal\n"
    "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})\n"
    "ctypes.PyDLL(None).sleep(10_000)",  # and nothing else of Python's runs meanwhile
    "mute": "session = get_ipython().kernel.session\nsession.send = lambda *a, **k: None",
    "stopped": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\nwhile True: pass",
}


def test_kernels_that_never_answer(generated, undisturbed, tmp_path):
    room = generated.copy(tmp_path / "room")
    for name, source in SILENT.items():
        room.submit(name, {"ps": room.answered("ps", {"a": source})})
    done = course_grade(room, "--timeout", "2")
    assert done.returncode == 1, done.stderr
    rows = room.rows()
    assert {name: rows[name] for name in NAMES} == undisturbed
    for name in SILENT:
        assert room.scores(name) == {"t": 0, "u": 0}
        (fault,) = room.record(name)["notebooks"][0]["faults"]
        assert fault.startswith(("a cell ran past 2 s", "cell 1: CellTimeoutError")), fault
    again = course_grade(room, "--resume")
    assert again.returncode == 0, again.stdout  # all have been graded as far as can be
    assert room.rows() == rows
