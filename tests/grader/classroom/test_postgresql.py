"""The gradebook in a real PostgreSQL server: the same rows as in SQLite."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
from classroom_material import Room, answer, cell, course_room, test_cell

SERVER = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
INITDB = shutil.which("initdb", path=os.pathsep.join([*map(str, SERVER[::-1]), os.environ["PATH"]]))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(INITDB is None, reason="needs a server: apt-get install postgresql"),
]

CELLS = [
    answer("a", "a = 0"),
    test_cell("t", "assert a\na", 5),
    cell("markdown", "YOUR ANSWER", grade_id="essay", grade=True, solution=True, points=4),
]


def _as_somebody(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "postgres")
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


@pytest.fixture(scope="module")
def server():
    """The address of an empty database, without its name."""
    assert INITDB is not None
    bin = Path(INITDB).resolve().parent
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="course-pg-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        user = _as_somebody(folder)
        data, log = folder / "data", folder / "log"
        run = {"check": True, "capture_output": True, "cwd": "/", "timeout": 120}
        initdb = [INITDB, "-D", str(data), "-U", "course", "-A", "trust", "--no-sync"]
        subprocess.run([*user, *initdb], **run)
        options = f"-p {port} -h 127.0.0.1 -k {folder} -F"
        control = [*user, str(bin / "pg_ctl"), "-D", str(data), "-w"]
        start = [*control, "-l", str(log), "-o", options, "start"]
        # The server keeps the pipes of whoever started it: it must have none of ours.
        quiet = subprocess.DEVNULL
        subprocess.run(start, check=True, stdout=quiet, stderr=quiet, cwd="/", timeout=120)
        try:
            yield f"postgresql+psycopg://course@127.0.0.1:{port}"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **run)


def _class(root: Path, config: str = "") -> Room:
    room = course_room(root, "ps", {"nb": CELLS}, config=config, duedate="2026-01-01 09:00")
    for number in range(3):
        answers = {"a": f"a = {number}", "essay": f"Because of {number}."}
        stamp = {"timestamp.txt": f"2026-01-01 {8 + number}:30:00 UTC"}
        room.submit(f"student{number}", {"nb": room.answered("nb", answers)}, stamp)
    return room


@pytest.mark.timeout(300)
def test_the_rows_are_those_of_sqlite_and_stay_when_graded_again(server, tmp_path):
    late = "c.LateSubmissionPlugin.penalty_method = 'zero'\n"
    there = _class(tmp_path / "there", f"c.CourseDirectory.db_url = '{server}/postgres'\n{late}")
    here = _class(tmp_path / "here", late)
    for room in (here, there):
        assert room.grade(workers=1, sandbox="none") == 0
    assert there.rows() == here.rows()
    with there.book() as book:
        book.find_grade("essay", "nb", "ps", "student1").manual_score = 4
        book.db.commit()
    assert there.grade(workers=1, sandbox="none", force=True) == 0
    rows = there.rows()
    assert rows["student1"]["grades"]["nb/essay"] == (None, 4.0, True)
    assert rows["student1"]["penalties"] == {"nb": 5.0}  # half an hour late: all of it


def test_a_server_that_is_away_is_said_in_one_line_without_the_password(tmp_path):
    from grader.classroom.folder import CourseFolderError

    room = _class(tmp_path / "room")
    config = room.root / "nbgrader_config.py"
    url = "postgresql+psycopg://me:secret@127.0.0.1:9/grades"
    config.write_text(f"{config.read_text()}\nc.CourseDirectory.db_url = '{url}'\n")
    with pytest.raises(CourseFolderError, match="cannot be opened") as caught:
        room.grade()
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
