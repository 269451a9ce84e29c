"""`kill -9` of a real run, at random moments, and `--resume`: the gradebook of an undisturbed run.

`COURSE_KILLS` says how often; the default suits a laptop.
"""

import os
import random
import shutil
import signal
import subprocess
import time

import psutil
import pytest
from classroom_material import GRADE, Room, answer, course_room, test_cell

from grader.classroom.journal import JOURNAL

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        shutil.which("bwrap") is None, reason="needs bubblewrap: apt-get install bubblewrap"
    ),
]

KILLS = int(os.environ.get("COURSE_KILLS", "2"))
NAMES = [f"student{n}" for n in range(6)]
CELLS = [answer("a", "a = 0"), test_cell("t", "assert a < 9\na", 5), test_cell("u", "assert a", 1)]


@pytest.fixture(scope="module")
def generated(tmp_path_factory) -> Room:
    room = course_room(
        tmp_path_factory.mktemp("resume") / "room", "ps", {"one": CELLS, "two": CELLS}
    )
    for number, name in enumerate(NAMES):
        notebooks = {
            "one": room.answered("one", {"a": f"a = {number}"}),
            "two": room.answered("two", {"a": "import time; time.sleep(0.2); a = 1"}),
        }
        room.submit(name, notebooks, {"timestamp.txt": "2026-01-01 10:00:00 UTC"})
    return room


@pytest.fixture(scope="module")
def undisturbed(generated, tmp_path_factory) -> Room:
    room = generated.copy(tmp_path_factory.mktemp("undisturbed") / "room")
    done = room.run(*GRADE, "ps", "--workers", "2", "--seed", "3")
    assert done.returncode == 0, done.stderr
    return room


def lines(room: Room) -> int:
    try:
        return (room.root / ".course" / "grade" / "ps" / JOURNAL).read_bytes().count(b"event")
    except FileNotFoundError:
        return 0


def start(room: Room, *options: str) -> subprocess.Popen[bytes]:
    command = [*GRADE, "ps", "--workers", "2", *options]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(
        command, cwd=room.root, stdout=quiet, stderr=quiet, start_new_session=True
    )


def family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


@pytest.mark.parametrize("number", range(KILLS))
def test_a_killed_run_and_its_resumption_leave_the_gradebook_of_an_undisturbed_one(
    number, generated, undisturbed, tmp_path
):
    draw = random.Random(f"kill {number}")
    room = generated.copy(tmp_path / "room")
    process = start(room, "--seed", "3")
    wanted, deadline = draw.randrange(0, 2 * len(NAMES)), time.monotonic() + 120
    while lines(room) <= wanted and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(draw.random() * 0.1)
    children = family(process) if process.poll() is None else []
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = room.run(*GRADE, "ps", "--workers", "2", "--resume")
    assert done.returncode == 0, done.stderr
    assert room.rows() == undisturbed.rows()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []


def test_ctrl_c_stops_cleanly_and_leaves_no_process(generated, undisturbed, tmp_path):
    room = generated.copy(tmp_path / "room")
    process = start(room, "--seed", "3")
    while lines(room) < 3 and process.poll() is None:
        time.sleep(0.01)
    children = family(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
    assert room.run(*GRADE, "ps", "--resume").returncode == 0
    assert room.rows() == undisturbed.rows()


def test_a_worker_killed_on_the_way_costs_nothing(generated, undisturbed, tmp_path):
    room = generated.copy(tmp_path / "room")
    process = start(room, "--seed", "3")
    while lines(room) < 3 and process.poll() is None:
        time.sleep(0.01)
    workers = [
        child
        for child in psutil.Process(process.pid).children()
        if "spawn_main" in " ".join(child.cmdline())
    ]
    workers[0].kill()
    assert process.wait(timeout=240) == 0
    assert room.rows() == undisturbed.rows()
