"""A Dask cluster grades as this machine does: two workers, in folders of their own."""

import signal
import socket
import subprocess
import sys
import time

import pytest
from classroom_material import Room, answer, course_room, test_cell

from grader.classroom.pools import DaskPool
from grader.errors import CourseError

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

CELLS = [answer("a", "a = 0"), test_cell("t", "assert a < 9\na", 5)]
NAMES = [f"student{n}" for n in range(6)]


@pytest.fixture(scope="module")
def generated(tmp_path_factory) -> Room:
    room = course_room(tmp_path_factory.mktemp("dask") / "room", "ps", {"nb": CELLS})
    for number, name in enumerate(NAMES):
        code = f"import time; time.sleep(0.5); a = {number}"
        room.submit(name, {"nb": room.answered("nb", {"a": code})})
    return room


def _start(folder, *arguments):
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def cluster(tmp_path):
    """A scheduler's address, and its two workers' processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    dask = "distributed.cli"
    options = ["--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    processes = [_start(tmp_path / "scheduler", f"{dask}.dask_scheduler", *options)]
    for name in ("one", "two"):
        place = tmp_path / name
        limits = ["--nworkers", "1", "--nthreads", "1", "--no-dashboard", "--no-nanny"]
        where = ["--local-directory", str(place)]
        processes.append(_start(place, f"{dask}.dask_worker", address, *limits, *where))
    _wait_for_workers(address, 2)
    yield address, processes[1:]
    for process in processes:
        process.kill()
        process.wait()


def _wait_for_workers(address: str, number: int) -> None:
    from distributed import Client

    deadline = time.monotonic() + 90
    while True:
        try:
            with Client(address, timeout="5s", set_as_default=False) as client:
                client.wait_for_workers(number, timeout=60)
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


@pytest.mark.filterwarnings("ignore")
def test_two_workers_in_separate_folders_leave_the_gradebook_of_a_local_run(
    generated, tmp_path, cluster
):
    here, there = generated.copy(tmp_path / "here"), generated.copy(tmp_path / "there")
    assert here.grade(workers=1, seed=1, sandbox="none") == 0
    assert there.grade(scheduler=cluster[0], seed=1, sandbox="none") == 0
    assert there.rows() == here.rows()
    assert {name: there.scores(name)["t"] for name in NAMES} == dict(
        zip(NAMES, range(6), strict=True)
    )


@pytest.mark.filterwarnings("ignore")
def test_a_worker_lost_on_the_way_loses_nothing(generated, tmp_path, cluster, monkeypatch):
    room = generated.copy(tmp_path / "room")
    address, workers = cluster
    submit, taken = DaskPool.submit, []

    def submit_and_lose(pool, work, policy):
        taken.append(work.student)
        if len(taken) == 4:
            workers[0].send_signal(signal.SIGKILL)
        return submit(pool, work, policy)

    monkeypatch.setattr(DaskPool, "submit", submit_and_lose)
    assert room.grade(scheduler=address, sandbox="none") == 0
    assert {name: room.scores(name)["t"] for name in NAMES} == dict(
        zip(NAMES, range(6), strict=True)
    )


@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_is_not_there_is_said_in_one_line():
    with pytest.raises(CourseError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        DaskPool("tcp://127.0.0.1:9")
