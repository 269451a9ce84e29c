"""The workspace delivers lessons and never loses work."""

import contextlib
import json
import multiprocessing
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import workspace as workspace_module
from grader.errors import CourseError
from grader.workspace import STATE_FOLDER, default_workspace, fingerprint, prepare

NAME = "01_made_up/01_made_up.ipynb"
BESIDE = "01_made_up/01_made_up.new.ipynb"


def notebook(*sources: str, outputs: tuple[str, ...] = (), **metadata: object) -> bytes:
    """A notebook with these code cells; `outputs` says what a run printed."""
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "source": source.splitlines(keepends=True),
            "metadata": {},
            "execution_count": 1 if outputs else None,
            "outputs": [{"output_type": "stream", "name": "stdout", "text": o} for o in outputs],
        }
        for number, source in enumerate(sources)
    ]
    document = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document).encode()


class Course:
    """A lessons folder and a workspace."""

    def __init__(self, folder: Path) -> None:
        self.lessons = folder / "lessons"
        self.workspace = folder / "work space"  # a space, as in many people's paths
        self.file = self.workspace / NAME
        self.beside = self.workspace / BESIDE
        self.manifest = self.workspace / STATE_FOLDER / "manifest.json"

    def publish(self, content: bytes, name: str = NAME) -> None:
        (self.lessons / name).parent.mkdir(parents=True, exist_ok=True)
        (self.lessons / name).write_bytes(content)

    def start(self) -> list[tuple[str, str]]:
        return [(change.kind, change.path) for change in prepare(self.workspace, self.lessons)]


@pytest.fixture
def course(tmp_path):
    course = Course(tmp_path)
    course.publish(notebook("x = 1", "answer = ..."))
    return course


def test_the_first_start_delivers_every_lesson_and_its_data(course):
    course.publish(b"a,b\n1,2\n", "01_made_up/data/points.csv")
    course.publish(notebook("y = 2"), "02_next/02_next.ipynb")
    assert course.start() == [
        ("new", NAME),
        ("new", "01_made_up/data/points.csv"),
        ("new", "02_next/02_next.ipynb"),
    ]
    assert course.file.read_bytes() == (course.lessons / NAME).read_bytes()
    assert (course.workspace / "01_made_up/data/points.csv").read_bytes() == b"a,b\n1,2\n"


def test_a_second_start_changes_nothing(course):
    course.start()
    before = {path: path.stat().st_mtime_ns for path in course.workspace.rglob("*")}
    assert course.start() == []
    after = {path: path.stat().st_mtime_ns for path in course.workspace.rglob("*")}
    lock = course.workspace / STATE_FOLDER / "lock"
    assert {**before, lock: 0} == {**after, lock: 0}


def test_caches_and_hidden_files_are_not_delivered(course):
    for name in (".ipynb_checkpoints/a.ipynb", "__pycache__/a.pyc", ".hidden"):
        course.publish(b"", f"01_made_up/{name}")
    assert course.start() == [("new", NAME)]


def test_an_untouched_notebook_is_brought_up_to_date(course):
    course.start()
    course.publish(notebook("x = 2"))
    assert course.start() == [("updated", NAME)]
    assert course.file.read_bytes() == notebook("x = 2")
    assert not course.beside.exists()


def test_running_a_notebook_is_no_work_so_it_is_brought_up_to_date(course):
    course.start()
    course.file.write_bytes(
        notebook("x = 1", "answer = ...", outputs=("1",), widgets={"state": {}})
    )
    course.publish(notebook("x = 2"))
    assert course.start() == [("updated", NAME)]


def test_outputs_of_a_run_stay_while_the_lesson_is_the_same(course):
    course.start()
    run = notebook("x = 1", "answer = ...", outputs=("1",))
    course.file.write_bytes(run)
    assert course.start() == []
    assert course.file.read_bytes() == run


def test_new_metadata_reach_an_untouched_notebook(course):
    course.start()
    locked = notebook("x = 1", "answer = ...", points=3)
    course.publish(locked)
    assert course.start() == [("updated", NAME)]
    assert course.file.read_bytes() == locked
    assert course.start() == []


@pytest.mark.parametrize(
    "work",
    [
        notebook("x = 1", "answer = 42"),
        notebook("x = 1", "answer = ...", "# a note of mine"),
        notebook("x = 1"),
        notebook("answer = ...", "x = 1"),
        b"{ half a notebook",
        b"",
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
    ids=["changed", "added", "removed", "reordered", "broken", "empty", "binary", "deep"],
)
def test_work_is_kept_and_the_new_edition_is_put_beside_it(course, work):
    course.start()
    course.file.write_bytes(work)
    assert course.start() == []  # the lesson is the one that the work was done on
    course.publish(notebook("x = 2"))
    assert course.start() == [("kept", NAME)]
    assert course.file.read_bytes() == work
    assert course.beside.read_bytes() == notebook("x = 2")
    assert course.start() == []


def test_the_message_about_kept_work_names_the_file_beside_it(course):
    course.start()
    course.file.write_bytes(notebook("mine"))
    course.publish(notebook("x = 2"))
    (change,) = prepare(course.workspace, course.lessons)
    assert change.message == (
        f"{NAME}: your work is kept; the new edition is 01_made_up.new.ipynb beside it"
    )


class TestTheEditionBesideWork:
    @pytest.fixture(autouse=True)
    def _work_and_a_second_edition(self, course):
        course.start()
        course.file.write_bytes(notebook("mine"))
        course.publish(notebook("edition 2"))
        course.start()
        course.publish(notebook("edition 3"))

    def test_it_is_refreshed_while_untouched(self, course):
        course.beside.write_bytes(notebook("edition 2", outputs=("run",)))
        assert course.start() == [("kept", NAME)]
        assert course.beside.read_bytes() == notebook("edition 3")

    def test_it_is_left_alone_once_it_holds_work_itself(self, course):
        course.beside.write_bytes(notebook("mine too"))
        assert course.start() == [("waiting", NAME)]
        assert course.beside.read_bytes() == notebook("mine too")
        assert course.file.read_bytes() == notebook("mine")

    def test_a_deleted_copy_comes_back_only_with_the_next_edition(self, course):
        course.start()
        course.beside.unlink()
        assert course.start() == []
        course.publish(notebook("edition 4"))
        assert course.start() == [("kept", NAME)]

    def test_work_moved_away_makes_room_for_the_new_edition(self, course):
        course.file.rename(course.workspace / "my old answers.ipynb")
        assert course.start() == [("new", NAME)]
        assert course.file.read_bytes() == notebook("edition 3")


def test_a_deleted_notebook_is_delivered_afresh(course):
    course.start()
    course.file.unlink()
    assert course.start() == [("new", NAME)]


def test_a_changed_data_file_is_work_too(course):
    course.publish(b"1", "01_made_up/data.csv")
    course.start()
    (course.workspace / "01_made_up/data.csv").write_bytes(b"mine")
    course.publish(b"2", "01_made_up/data.csv")
    assert course.start() == [("kept", "01_made_up/data.csv")]
    assert (course.workspace / "01_made_up/data.csv").read_bytes() == b"mine"
    assert (course.workspace / "01_made_up/data.new.csv").read_bytes() == b"2"


def test_a_learners_own_files_are_never_touched(course):
    course.start()
    own = {"notes.md": b"mine", "01_made_up/scratch.ipynb": b"mine", "99_own/a/b": b"mine"}
    for name, content in own.items():
        (course.workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (course.workspace / name).write_bytes(content)
    course.publish(notebook("x = 2"))
    course.publish(notebook("a new lesson"), "01_made_up/scratch.ipynb")  # takes a name in use
    assert course.start() == [("updated", NAME), ("kept", "01_made_up/scratch.ipynb")]
    assert {name: (course.workspace / name).read_bytes() for name in own} == own


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b'{"files": {"a": 1}}', b'{"files": []}', b"\xff", b"[" * 100_000, None],
    ids=["empty", "half", "list", "number", "array", "binary", "deep", "deleted"],
)
def test_a_lost_manifest_loses_no_work(course, damage):
    course.publish(notebook("other"), "02_next/02_next.ipynb")
    course.start()
    course.file.write_bytes(notebook("mine"))
    if damage is None:
        shutil.rmtree(course.workspace / STATE_FOLDER)
    else:
        course.manifest.write_bytes(damage)
    assert course.start() == [("kept", NAME)]
    assert course.file.read_bytes() == notebook("mine")
    course.publish(notebook("edition 2"), "02_next/02_next.ipynb")
    assert course.start() == [("updated", "02_next/02_next.ipynb")]  # still known as untouched


def test_without_a_manifest_an_old_edition_counts_as_work(course):
    course.start()
    course.manifest.unlink()
    course.publish(notebook("edition 2"))
    assert course.start() == [("kept", NAME)]
    assert course.file.read_bytes() == notebook("x = 1", "answer = ...")


def test_a_read_only_lesson_becomes_a_writable_copy(course):
    (course.lessons / NAME).chmod(0o444)
    course.start()
    assert course.file.stat().st_mode & 0o200


def test_a_file_that_the_learner_made_read_only_is_not_replaced(course):
    course.start()
    course.file.chmod(0o444)
    course.publish(notebook("edition 2"))
    assert course.start() == [("kept", NAME)]
    assert course.file.read_bytes() == notebook("x = 1", "answer = ...")


@pytest.mark.skipif(os.name != "posix", reason="symbolic links need rights on Windows")
@pytest.mark.parametrize("there", [True, False], ids=["link", "dangling link"])
def test_a_symbolic_link_is_left_as_it_is(course, tmp_path, there):
    course.start()
    elsewhere = tmp_path / "elsewhere.ipynb"
    course.file.rename(elsewhere)
    course.file.symlink_to(elsewhere)
    if not there:
        elsewhere.unlink()
    course.publish(notebook("edition 2"))
    assert course.start() == [("kept", NAME)]
    assert course.file.is_symlink()
    assert elsewhere.exists() == there


def test_a_file_where_a_lesson_folder_should_be_is_reported_and_kept(course):
    course.workspace.mkdir()
    (course.workspace / "01_made_up").write_bytes(b"mine")
    course.publish(notebook("other"), "02_next/02_next.ipynb")
    assert course.start() == [("failed", NAME), ("new", "02_next/02_next.ipynb")]
    assert (course.workspace / "01_made_up").read_bytes() == b"mine"


def test_a_folder_where_a_notebook_should_be_is_kept(course):
    course.file.mkdir(parents=True)
    (course.file / "mine").write_bytes(b"mine")
    assert course.start() == [("kept", NAME)]
    assert (course.file / "mine").read_bytes() == b"mine"


def test_a_save_during_the_start_is_not_overwritten(course, monkeypatch):
    course.start()
    course.publish(notebook("edition 2"))
    sweep = workspace_module._sweep

    def save_meanwhile(folder):
        course.file.write_bytes(notebook("saved just now"))
        sweep(folder)

    monkeypatch.setattr(workspace_module, "_sweep", save_meanwhile)
    (change,) = prepare(course.workspace, course.lessons)
    assert change.kind == "failed"
    assert "saved just now" in change.message
    assert course.file.read_bytes() == notebook("saved just now")


def test_no_temporary_file_stays_and_a_crashed_starts_left_over_is_swept(course):
    course.start()
    left_over = course.file.with_name(workspace_module._TEMPORARY + "0123")
    left_over.write_bytes(b"half")
    course.publish(notebook("edition 2"))
    course.start()
    assert [path.name for path in course.file.parent.iterdir()] == [course.file.name]


@pytest.mark.parametrize("made", ["lessons folder", "file", "none"])
def test_a_workspace_that_cannot_be_one_is_refused_in_one_line(course, tmp_path, made):
    if made == "lessons folder":
        course.workspace, message = course.lessons / "here", "must not lie in the lessons"
    elif made == "file":
        course.workspace.write_bytes(b"mine")
        message = "cannot be used"
    else:
        course.lessons, message = tmp_path / "nowhere", "is not a folder"
    with pytest.raises(CourseError, match=message) as caught:
        course.start()
    assert "\n" not in str(caught.value)


def test_the_default_workspace_can_be_named_by_an_environment_variable(monkeypatch, tmp_path):
    assert default_workspace() == workspace_module.ROOT / "workspace"
    monkeypatch.setenv("COURSE_WORKSPACE", str(tmp_path))
    assert default_workspace() == tmp_path


def test_two_starts_at_once_deliver_each_file_once(tmp_path):
    course = Course(tmp_path)
    for number in range(30):
        course.publish(notebook(f"x = {number}"), f"{number:02}_lesson/{number:02}_lesson.ipynb")
    context = multiprocessing.get_context("spawn")
    with context.Pool(3) as pool:
        results = pool.starmap(prepare, [(course.workspace, course.lessons)] * 3)
    delivered = [change.path for changes in results for change in changes]
    assert sorted(delivered) == sorted(p.relative_to(course.lessons).as_posix()
                                       for p in course.lessons.rglob("*.ipynb"))  # fmt: skip


def test_a_source_is_the_same_as_one_string_or_as_lines():
    lines = {"cells": [{"cell_type": "code", "source": ["a\n", "b"]}]}
    string = {"cells": [{"cell_type": "code", "source": "a\nb", "outputs": [1]}]}
    assert fingerprint(json.dumps(lines).encode(), notebook=True) == fingerprint(
        json.dumps(string).encode(), notebook=True
    )


def test_a_pasted_picture_is_work():
    plain = {"cells": [{"cell_type": "markdown", "source": "![](attachment:a.png)"}]}
    pasted = json.loads(json.dumps(plain))
    pasted["cells"][0]["attachments"] = {"a.png": {"image/png": "aGk="}}
    assert fingerprint(json.dumps(plain).encode(), notebook=True) != fingerprint(
        json.dumps(pasted).encode(), notebook=True
    )


# --- any course of events -----------------------------------------------------------------------

EDITIONS = [notebook(f"edition {number}") for number in range(3)]
WORK = [notebook("work 0"), notebook("work 1"), b"{ work that is no notebook"]
FILES = st.sampled_from([NAME, BESIDE])
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.sampled_from(EDITIONS)),
        st.tuples(st.just("start")),
        st.tuples(st.just("crash"), st.integers(0, 8)),
        st.tuples(st.just("work"), FILES, st.sampled_from(WORK)),
        st.tuples(st.just("run"), FILES),
        st.tuples(st.just("delete"), FILES),
        st.tuples(st.just("lose manifest")),
    ),
    max_size=14,
)


class Crash(BaseException):
    """The process ends here: nothing after it runs."""


def crashing_start(course: Course, after: int) -> None:
    """A start that is killed at its `after`-th change to the disk."""
    replace, calls = os.replace, []

    def counted(source, target):
        calls.append(target)
        if len(calls) * 2 > after:
            if after % 2:  # killed just after the change, else just before
                replace(source, target)
            raise Crash
        replace(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", counted)
        with contextlib.suppress(Crash):
            prepare(course.workspace, course.lessons)


@settings(max_examples=150)
@given(events=EVENTS)
def test_no_course_of_events_loses_a_learners_work(events, tmp_path_factory):
    course = Course(tmp_path_factory.mktemp("events"))
    course.publish(EDITIONS[0])
    work: dict[str, bytes] = {}  # what the learner wrote and did not delete
    for event in events:
        match event:
            case ("publish", content):
                course.publish(content)
            case ("start",):
                course.start()
                assert course.file.exists()
            case ("crash", after):
                crashing_start(course, after)
            case ("work", name, content):
                (course.workspace / name).parent.mkdir(parents=True, exist_ok=True)
                (course.workspace / name).write_bytes(content)
                work[name] = content
            case ("run", name) if name not in work and (course.workspace / name).exists():
                ran = json.loads((course.workspace / name).read_bytes())
                ran["cells"][0]["outputs"] = ["ran"]
                (course.workspace / name).write_bytes(json.dumps(ran).encode())
            case ("delete", name):
                (course.workspace / name).unlink(missing_ok=True)
                work.pop(name, None)
            case ("lose manifest",):
                course.manifest.unlink(missing_ok=True)
        for name, content in work.items():
            assert (course.workspace / name).read_bytes() == content

    # And the present edition always reaches the learner, unless work stands at both places, or
    # what was delivered there can no longer be told from work.
    course.publish(notebook("the last edition"))
    course.start()
    if not (NAME in work and BESIDE in work) and ("lose manifest",) not in events:
        places = [course.file, course.beside]
        present = {p.read_bytes() for p in places if p.exists()}
        assert notebook("the last edition") in present
