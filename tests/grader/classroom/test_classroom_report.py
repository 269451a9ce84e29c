"""What the instructor, the students and the school get to read: all of it, and nothing hostile."""

import csv
import html.parser
import io
import json
import re

import numpy as np
import pytest
from classroom_material import Room, answer, cell, course_room, test_cell
from typer.testing import CliRunner

from grader import cli, evaluate
from grader.classroom.folder import CourseFolderError
from grader.classroom.gradebook import Writer, opened
from grader.classroom.journal import Journal
from grader.classroom.page import csv_text, page, plain, text
from grader.classroom.publish import Publisher
from grader.classroom.report_command import report_class
from grader.classroom.result import CellResult, NotebookResult, Result

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"
HIDDEN = "### BEGIN HIDDEN TESTS\nassert double(21) == 42\n### END HIDDEN TESTS"
CELLS = [
    answer("perceptron-step", "def step(z):\n    pass"),
    test_cell("perceptron-step-check", 'check("perceptron.step", step)', 2),
    answer("double", "def double(x):\n    pass"),
    test_cell("double-test", f"assert double(2) == 4\n{HIDDEN}", 3),
    cell("markdown", "YOUR ANSWER", grade_id="essay", grade=True, solution=True, points=4),
]


def right(z):
    return np.where(z >= 0, 1, -1)


def wrong(z):
    return np.where(z > 0, 1, -1)


def unwritten(z):
    raise NotImplementedError


STUDENTS = {
    "ann": (right, 3.0),
    "bob": (wrong, 0.0),
    "cem": (wrong, 3.0),
    "dee": (unwritten, 0.0),
    f"{SCRIPT}".replace("/", "∕"): (right, 0.0),  # a folder's name has no slash
    "=HYPERLINK(1)": (right, 3.0),
}
NAMES = sorted(STUDENTS)
HOSTILE = next(name for name in STUDENTS if name.startswith("<"))


def result(student: str, room: Room) -> Result:
    step, double = STUDENTS[student]
    report = evaluate("perceptron.step", step, seed=1)
    executed = room.answered("ps", {"perceptron-step": SCRIPT, "double": SCRIPT, "essay": SCRIPT})
    for found in executed.cells:
        if found.metadata.nbgrader.grade_id == "double-test":
            found.source = f"assert double(2) == 4\n{HIDDEN}"  # as the graded notebook has it
    cells = [
        CellResult("perceptron-step-check", "exercise", report.points, 2.0, "perceptron.step",
                   report.as_dict()),
        CellResult("double-test", "test", double, 3.0),
        CellResult("essay", "manual", None, 4.0),
    ]  # fmt: skip
    faults = [f"cell 3: {SCRIPT}"] if student == HOSTILE else []
    notebook = NotebookResult("ps", cells=cells, executed=dict(executed), faults=faults)
    return Result(student, "ps", [notebook])


@pytest.fixture(scope="module")
def room(tmp_path_factory) -> Room:
    room = course_room(tmp_path_factory.mktemp("reports") / "room", "ps", {"ps": CELLS})
    folder, journal = room.folder, Journal(room.folder.state)
    publisher = Publisher(folder, journal)
    with opened(folder) as book:
        writer = Writer(folder, book)
        for name in STUDENTS:
            graded = result(name, room)
            publisher.stage(graded, {})
            journal.save_record(name, graded.record())
            writer.apply(graded)
            publisher.put(name)
        book.find_grade("essay", "ps", "ps", "bob").manual_score = 3
        book.find_comment("essay", "ps", "ps", "bob").manual_comment = f"Well put. {SCRIPT}"
        book.find_student("bob").first_name = "Bob, the 'Builder'"
        book.find_student("ann").lms_user_id = "4711"
        book.db.commit()
    report_class("ps", feedback=True, root=room.root)
    return room


class _Reader(html.parser.HTMLParser):
    """Notes what a browser would run, load or follow."""

    def __init__(self):
        super().__init__()
        self.bad, self.words = [], []

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "img", "iframe", "object", "embed", "link", "svg", "form", "base"):
            self.bad.append(tag)
        self.bad += [k for k, _ in attributes if k.startswith("on") or k in ("href", "src")]

    def handle_data(self, data):
        self.words.append(data)


def read(path) -> _Reader:
    reader = _Reader()
    reader.feed(path.read_text("utf-8"))
    return reader


def words(path) -> str:
    return " ".join(" ".join(read(path).words).split())


def feedback(room, student):
    return room.folder.feedback(student) / "ps.html"


def test_the_report_counts_scores_exercises_and_misconceptions(room):
    page = words(room.root / "reports" / "ps" / "index.html")
    assert "6 submissions; mean" in page
    assert "2 (33%)" in page
    assert "boundary is negative" in page
    assert "3 of 6" in page
    assert "An exact 0" in page or "0" in page


def test_the_csv_files_say_the_same(room):
    place = room.root / "reports" / "ps"
    scores = list(csv.DictReader(io.StringIO((place / "scores.csv").read_text())))
    assert {row["student"]: float(row["points"]) for row in scores}["cem"] == 4.5
    (found,) = csv.DictReader(io.StringIO((place / "misconceptions.csv").read_text()))
    assert (found["misconception"], found["students"]) == ("boundary_is_negative", "2")


def test_no_page_runs_loads_or_follows_anything_of_a_students(room):
    pages = [room.root / "reports" / "ps" / "index.html"]
    pages += [feedback(room, name) for name in NAMES]
    for path in pages:
        assert read(path).bad == ["http-equiv"] or read(path).bad == []
        assert "default-src 'none'" in path.read_text()
    assert "alert(1)" in words(pages[0])  # shown as text


def test_feedback_shows_the_report_the_misconception_and_a_hint(room):
    page = words(feedback(room, "bob"))
    report = evaluate("perceptron.step", wrong, seed=1)
    assert report.misconception == "boundary_is_negative"
    assert " ".join(re.sub("[`]", "", report.message).split())[:40] in page.replace("`", "")
    assert "A hint:" in page
    assert "A hint:" not in words(feedback(room, "ann"))


def test_feedback_shows_nothing_of_hidden_tests(room):
    for name in NAMES:
        page = feedback(room, name).read_text()
        assert "double(2) == 4" in page
        assert "21" not in re.sub(r'style="[^"]*"', "", page)
        assert "HIDDEN" not in page
        assert "more tests" in page


def test_feedback_has_manual_points_and_comments(room):
    page = words(feedback(room, "bob"))
    assert "essay: 3 of 4 points" in page
    assert "Well put." in page
    assert "essay: to be read" in words(feedback(room, "ann"))
    assert "still to be read by a person" in words(feedback(room, "ann"))


def test_a_report_of_nothing_is_refused(room, tmp_path):
    bare = room.copy(tmp_path / "room")
    for record in (bare.folder.state / "records").iterdir():
        record.unlink()
    with pytest.raises(CourseFolderError, match="run `course grade` first"):
        report_class("ps", root=bare.root)


def test_the_command_prints_json(room, monkeypatch):
    monkeypatch.chdir(room.root)
    done = CliRunner().invoke(cli.app, ["report", "ps", "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["submissions"] == 6
    assert said["misconceptions"][0]["students"] == 2


@pytest.mark.parametrize("exporter", ["Canvas", "Moodle"])
def test_nbgrader_exports_for_schools(room, exporter, tmp_path):
    target = tmp_path / "out.csv"
    plugin = f"grader.classroom.exports.{exporter}Exporter"
    done = room.run("nbgrader", "export", f"--exporter={plugin}", "--to", str(target))
    assert done.returncode == 0, done.stderr
    lines = list(csv.reader(io.StringIO(target.read_text())))
    by_id = {line[2]: line for line in lines}
    if exporter == "Canvas":
        assert lines[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "ps"]
        assert lines[1] == ["    Points Possible", "", "", "", "", "9"]
        assert by_id["ann"][1] == "4711"
        assert by_id["bob"][0] == "Bob, the 'Builder'"
    else:
        assert lines[0][:3] == ["First name", "Last name", "ID number"]
        assert "4711" in by_id
    assert by_id["bob"][-1] == "4.5"
    assert "'=HYPERLINK(1)" in by_id


@pytest.mark.parametrize("value", ["=1", "+1", "-1+1", "@x", "\tx", "\rx"])
def test_a_spreadsheet_takes_no_cell_for_a_formula(value):
    assert plain(value).startswith("'")
    assert csv_text(["a"], [[value]]).splitlines()[1].lstrip('"').startswith("'")


def test_numbers_stay_numbers():
    assert (plain(-1.5), plain(0.1), plain(None), plain("-")) == ("-1.5", "0.1", "", "-")


def test_texts_are_escaped_and_made_readable():
    assert text('<b a="1">\x1b[0m\ud800') == "&lt;b a=&quot;1&quot;&gt;[0m\\ud800"
    assert "<script" not in page(SCRIPT, f"<p>{SCRIPT}</p>", "<a href='javascript:x'>y</a>")
