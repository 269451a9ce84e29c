"""The runner: what is written down when, and what becomes of a run that is disturbed.

No kernel runs here: a pool of the test's own "grades" at once, from the text of the answer.
"""

import json
import shutil
from concurrent.futures import Future

import pytest
from classroom_material import Room, answer, course_room, test_cell
from sqlalchemy.exc import OperationalError

from grader.classroom import command, gradebook
from grader.classroom.folder import CourseFolderError
from grader.classroom.gradebook import Writer
from grader.classroom.journal import Journal
from grader.classroom.master import grading
from grader.classroom.pools import WorkerLost
from grader.classroom.publish import Publisher
from grader.classroom.result import CellResult, NotebookResult, Result
from grader.classroom.runner import Run
from grader.classroom.submission import Unreadable, cells_of
from grader.errors import CourseError

CELLS = [answer("a", "a = 0"), test_cell("t", "assert a", 3), test_cell("u", "a", 2)]
NAMES = ["ann", "bob", "cem", "dee", "eve"]
POINTS = {"ann": 3, "bob": 1, "cem": 0, "dee": 2, "eve": 3}


def grade(work, policy) -> Result:
    """An answer's text is its points; text that is no number is an error of the grader's."""
    result = Result(work.student, work.assignment, timestamp=work.timestamp)
    for master in work.masters:
        notebook = NotebookResult(master.name, executed=json.loads(master.text))
        try:
            (given,) = [
                c.source for c in cells_of(work.notebooks[master.name]) if c.grade_id == "a"
            ]
        except Unreadable as error:
            notebook.status, given = "unreadable", "0"
            notebook.faults.append(str(error))
        for cell in master.notebook.cells:
            if grading(cell).get("grade"):
                name, most = grading(cell).grade_id, grading(cell).points
                notebook.cells.append(CellResult(name, "test", min(float(given), most), most))
        notebook.comments["a"] = None
        result.notebooks.append(notebook)
    return result


class Pool:
    """Grades as it is handed in."""

    def __init__(self, capacity=2, dies=(), grade=grade):
        self.capacity, self.dies, self.grade = capacity, list(dies), grade
        self.taken: list[str] = []
        self.closed = None

    def submit(self, work, policy):
        self.taken.append(work.student)
        future = Future()
        try:
            if work.student in self.dies:
                self.dies.remove(work.student)
                raise WorkerLost("the worker died")
            future.set_result(self.grade(work, policy))
        except Exception as error:
            future.set_exception(error)
        return future

    def watch(self):
        pass

    def outcome(self, future):
        return future.result()

    def close(self, *, now):
        self.closed = now


@pytest.fixture(scope="module")
def generated(tmp_path_factory) -> Room:
    room = course_room(tmp_path_factory.mktemp("room") / "room", "ps", {"nb": CELLS})
    for name in NAMES:
        notebook = room.answered("nb", {"a": str(POINTS[name])})
        room.submit(name, {"nb": notebook}, {"timestamp.txt": "2026-01-01 10:00:00 UTC"})
    return room


@pytest.fixture
def room(generated, tmp_path) -> Room:
    return generated.copy(tmp_path / "room")


@pytest.fixture
def use(monkeypatch):
    def use(pool: Pool) -> Pool:
        monkeypatch.setattr(command, "_pool", lambda options, submissions: pool)
        return pool

    return use


def points(room):
    rows = room.rows()
    return {name: int(room.scores(name)["t"]) for name in rows}


def test_every_submission_is_graded_published_and_recorded(room, use):
    pool = use(Pool())
    assert room.grade() == 0
    assert points(room) == POINTS
    assert sorted(pool.taken) == NAMES
    assert pool.closed is False
    for name in NAMES:
        files = {p.name for p in room.folder.autograded(name).iterdir()}
        assert files == {"nb.ipynb", "timestamp.txt"}
        assert room.record(name)["notebooks"][0]["executed"] is None
    assert room.journal.past().finished
    assert list((room.folder.state / "staged").iterdir()) == []


def test_what_has_been_graded_is_left_alone_until_it_is_handed_in_again(room, use):
    use(Pool())
    room.grade()
    again = use(Pool())
    assert room.grade() == 0
    assert again.taken == []
    notebook = room.answered("nb", {"a": "1"})
    room.submit("ann", {"nb": notebook}, {"timestamp.txt": "2026-01-02 10:00:00 UTC"})
    assert room.grade() == 0
    assert again.taken == ["ann"]
    assert points(room) == {**POINTS, "ann": 1}


def test_force_grades_all_again_and_student_only_some(room, use):
    pool = use(Pool())
    room.grade()
    room.grade(force=True, student="[ab]*")
    assert pool.taken[len(NAMES) :] == ["ann", "bob"]


class Killed(BaseException):
    """As abrupt as a test can be without ending pytest: nothing after it is written."""


STEPS = {
    "journal": (Journal, "write"),
    "record": (Journal, "save_record"),
    "stage": (Publisher, "stage"),
    "gradebook": (Writer, "apply"),
    "autograded": (Publisher, "put"),
}


def kill_at(monkeypatch, step, count, when):
    """Let the step's n-th call be the last thing that happens, or the first that does not."""
    owner, name = STEPS[step]
    real, calls = getattr(owner, name), []

    def dying(*arguments, **more):
        calls.append(None)
        if len(calls) == count and when == "before":
            raise Killed
        result = real(*arguments, **more)
        if len(calls) == count:
            raise Killed
        return result

    monkeypatch.setattr(owner, name, dying)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("step", "count"),
    [(step, count) for step in STEPS for count in (1, 3)] + [("journal", n) for n in (2, 4, 6, 11)],
)
def test_a_run_killed_at_any_step_and_resumed_leaves_what_an_undisturbed_one_does(
    room, use, monkeypatch, step, count, when, undisturbed
):
    first = use(Pool())
    with monkeypatch.context() as patch:
        kill_at(patch, step, count, when)
        with pytest.raises(Killed):
            room.grade()
    graded = room.journal.past()
    second = use(Pool())
    assert room.grade(resume=True) == 0
    assert room.rows() == undisturbed.rows()
    assert tree(room) == tree(undisturbed)
    assert set(second.taken).isdisjoint(graded.applied | graded.graded)
    assert set(first.taken) | set(second.taken) == set(NAMES)


@pytest.fixture(scope="module")
def undisturbed(generated, tmp_path_factory) -> Room:
    room = generated.copy(tmp_path_factory.mktemp("undisturbed") / "room")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "_pool", lambda options, submissions: Pool())
        assert room.grade() == 0
    return room


def tree(room):
    place = room.root / "autograded"
    return {p.relative_to(place): p.read_bytes() for p in place.rglob("*") if p.is_file()}


def test_an_interrupted_run_is_not_begun_anew_unasked(room, use, monkeypatch):
    use(Pool())
    with monkeypatch.context() as patch:
        kill_at(patch, "record", 3, "before")
        with pytest.raises(Killed):
            room.grade()
    with pytest.raises(CourseFolderError, match=r"interrupted after 2 of 5 .*--resume.*--force"):
        room.grade()
    assert room.grade(force=True) == 0


def test_ctrl_c_stops_in_good_order(room, use, monkeypatch, capsys):
    def interrupted(work, policy):
        if work.student == "dee":
            raise KeyboardInterrupt
        return grade(work, policy)

    pool = use(Pool(grade=interrupted))
    assert room.grade() == 130
    assert pool.closed is True
    said = capsys.readouterr()
    assert "--resume" in said.err
    assert json.loads(said.out)["left"] > 0
    use(Pool())
    assert room.grade(resume=True) == 0
    assert points(room) == POINTS


def test_a_worker_that_dies_once_costs_nothing(room, use):
    pool = use(Pool(dies=["bob"]))
    assert room.grade() == 0
    assert pool.taken.count("bob") == 2
    assert points(room) == POINTS


def test_a_worker_that_dies_twice_costs_that_submission_alone(room, use, capsys):
    use(Pool(dies=["bob", "bob"]))
    assert room.grade() == 1
    rows = {row["student"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert rows["bob"]["outcome"] == "failed"
    assert rows["bob"]["faults"] == ["the worker died"]
    assert points(room) == {n: p for n, p in POINTS.items() if n != "bob"}
    use(Pool())
    assert room.grade(resume=True) == 0
    assert points(room) == POINTS


def test_an_unreadable_notebook_earns_nothing_and_is_reported(room, use, capsys):
    room.submit("bob", {"nb": b"{"})
    use(Pool())
    assert room.grade() == 1
    rows = {row["student"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert rows["bob"]["outcome"] == "unreadable"
    assert points(room) == {**POINTS, "bob": 0}


def test_a_fault_of_the_graders_own_costs_that_submission_alone(room, use):
    room.submit("bob", {"nb": room.answered("nb", {"a": "no number"})})
    use(Pool())
    assert room.grade() == 1
    assert points(room) == {n: p for n, p in POINTS.items() if n != "bob"}
    assert "could not convert" in room.journal.past().failed["bob"]


def test_a_machine_that_cannot_grade_stops_the_run_at_once(room, use):
    def refuse(work, policy):
        raise CourseError("bubblewrap is not installed")

    pool = use(Pool(grade=refuse))
    with pytest.raises(CourseError, match="bubblewrap"):
        room.grade()
    assert pool.closed is True


def test_a_full_disk_costs_the_submission_that_did_not_fit(room, use, monkeypatch):
    real = Publisher.stage

    def stage(self, result, files):
        if result.student == "bob":
            raise OSError(28, "No space left on device")
        real(self, result, files)

    monkeypatch.setattr(Publisher, "stage", stage)
    use(Pool())
    assert room.grade() == 1
    assert "No space left" in room.journal.past().failed["bob"]
    assert points(room) == {n: p for n, p in POINTS.items() if n != "bob"}


def test_a_locked_database_is_waited_for_then_reported_and_resume_applies_what_was_graded(
    room, use, monkeypatch
):
    monkeypatch.setattr(gradebook, "_PAUSE_SECONDS", 0.01)
    real, busy = Writer._write, []

    def write(self, result, only):
        self._patience = 0.1
        real(self, result, only)
        if result.student == "bob":
            busy.append(None)
            raise OperationalError("UPDATE", {}, Exception("database is locked"))

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "_write", write)
        use(Pool())
        assert room.grade() == 1
    assert len(busy) > 1
    assert "locked" in room.journal.past().failed["bob"]
    assert "bob" not in room.rows()
    again = use(Pool())
    assert room.grade(resume=True) == 0
    assert again.taken == []
    assert points(room) == POINTS


def test_only_one_run_at_a_time(room, use):
    from filelock import FileLock

    use(Pool())
    room.folder.state.mkdir(parents=True)
    with (
        FileLock(room.folder.state / "lock"),
        pytest.raises(CourseFolderError, match="another run"),
    ):
        room.grade()


def test_one_cell_is_regraded_and_the_rest_stays(room, use):
    use(Pool())
    room.grade()
    with room.book() as book:
        for name in ("t", "u"):
            book.find_grade(name, "nb", "ps", "ann").manual_score = 1.5
        book.db.commit()
    room.submit("ann", {"nb": room.answered("nb", {"a": "2"})})
    assert room.grade(exercise="t", student="ann") == 0
    grades = room.rows()["ann"]["grades"]
    assert grades == {"nb/t": (2.0, 1.5, True), "nb/u": (2.0, 1.5, False)}
    assert [c["score"] for c in room.record("ann")["notebooks"][0]["cells"]] == [2.0, 2.0]
    with pytest.raises(CourseFolderError, match="no exercise 'v' here; there are: t, u"):
        room.grade(exercise="v")


def test_what_is_missing_is_said_before_anything_is_touched(room, use, tmp_path):
    use(Pool())
    with pytest.raises(CourseFolderError, match="no submission lies at"):
        room.grade(student="nobody")
    with pytest.raises(CourseFolderError, match="no submission lies at"):
        Room(room.root, "other").grade()
    (room.root / "submitted" / "ann" / "other").mkdir()
    with pytest.raises(CourseFolderError, match=r"has no assignment 'other'.*generate_assignment"):
        Room(room.root, "other").grade()
    shutil.rmtree(room.root / "release")
    shutil.rmtree(room.root / "source")
    with pytest.raises(CourseFolderError, match=r"neither .* has nb.ipynb"):
        room.grade()
    (room.root / "gradebook.db").unlink()
    with pytest.raises(CourseFolderError, match="there is no gradebook"):
        room.grade()
    assert not (room.root / "gradebook.db").exists()
    for bad in ("", "../x", "a+b", ".hidden"):
        with pytest.raises(CourseFolderError, match="name of an assignment"):
            Room(room.root, bad).grade()


def test_a_notebook_in_another_language_is_refused(room, use):
    with room.book() as book:
        spec = {"name": "ir", "display_name": "R", "language": "R"}
        book.find_notebook("nb", "ps").kernelspec = json.dumps(spec)
        book.db.commit()
    use(Pool())
    with pytest.raises(CourseFolderError, match=r"written in R: .*nbgrader autograde"):
        room.grade()


def test_memory_holds_only_the_submissions_under_way(room, use, monkeypatch):
    most = 0
    real = Run._begin

    def begin(self, student):
        nonlocal most
        real(self, student)
        most = max(most, len(self._under_way))

    monkeypatch.setattr(Run, "_begin", begin)
    use(Pool(capacity=2))
    room.grade()
    assert most == 2


def test_a_released_master_without_its_release_folder_is_made_from_the_source(room, use):
    shutil.rmtree(room.root / "release")
    use(Pool())
    assert room.grade() == 0
    assert points(room) == POINTS
