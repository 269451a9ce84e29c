"""The unit of work: one submission in, one result out, whatever the session does.

The session here is the test's own: it runs cells in this process, and loses itself on demand.
"""

import contextlib
import io
import json
import os
import time

import nbformat
import pytest
from classroom_material import answer, cell, test_cell

from grader import plain
from grader.classroom import notebook_run
from grader.classroom.master import Master, asked
from grader.classroom.notebook_run import Policy
from grader.classroom.pools import LocalPool, WorkerLost
from grader.classroom.result import Result
from grader.classroom.session import CellRun, Limits, NoReply, SessionLost
from grader.classroom.unit import Work, grade_submission, notebook_seed
from grader.probe import reply

RIGHT = "import numpy as np\ndef step(z):\n    return np.where(z >= 0, 1, -1)"
CELLS = [
    answer("perceptron-step", "def step(z):\n    raise NotImplementedError()"),
    test_cell("perceptron-step-check", 'check("perceptron.step", step)', 2),
    answer("double", "def double(x):\n    raise NotImplementedError()"),
    test_cell("double-test", "assert double(2) == 4", 3),
    cell("markdown", "YOUR ANSWER", grade_id="essay", grade=True, solution=True, points=4),
    cell("markdown", "Draw.", grade_id="task", task=True, locked=True, points=5),
]


class Here:
    """A session in this process."""

    about = {"sandbox": "none", "warm": False}  # noqa: RUF012

    def __init__(self):
        self.names = {}

    def run(self, source, *, seconds=None):
        if "LOSE" in source:
            raise SessionLost("the kernel died")
        if "SLOW" in source:
            return CellRun(error="CellTimeoutError: stopped after 30 s", timed_out=True)
        printed = io.StringIO()
        try:
            with contextlib.redirect_stderr(printed):
                exec(source, self.names)
        except Exception as error:
            name, value = type(error).__name__, str(error)
            out = nbformat.v4.new_output("error", ename=name, evalue=value, traceback=[])
            return CellRun([out], f"{name}: {value}".rstrip(": "))
        text = printed.getvalue()
        outputs = [nbformat.v4.new_output("stream", name="stderr", text=text)] if text else []
        return CellRun(outputs)

    def probe(self, name, line, *, seconds):
        return reply(self.names[name], line) if name in self.names else None


@pytest.fixture
def session(monkeypatch):
    """Let `grade_submission` have this session; returns a way to change it."""
    chosen: list[type[Here]] = [Here]

    @contextlib.contextmanager
    def open_session(files, **how):
        yield chosen[0]()

    monkeypatch.setattr(notebook_run, "open_session", open_session)
    return chosen


def work(answers=None, **more):
    cells = [nbformat.from_dict(c) for c in CELLS]
    master = nbformat.v4.new_notebook(cells=cells)
    submitted = nbformat.from_dict(master)
    for c in submitted.cells:
        name = c.metadata.nbgrader.grade_id
        c.source = (answers or {}).get(name, c.source)
    notebooks = {"nb": json.dumps(submitted).encode()}
    return Work("ann", "ps", (Master("nb", json.dumps(master)),), notebooks, **more)


def graded(answers=None, policy=None, **more):
    (notebook,) = grade_submission(work(answers, **more), policy or Policy()).notebooks
    return notebook, {c.id: c.score for c in notebook.cells}


def test_each_kind_of_cell_is_scored_its_own_way(session):
    answers = {"perceptron-step": RIGHT, "double": "def double(x): return 2 * x", "essay": "So."}
    notebook, scores = graded(answers)
    assert scores == {
        "perceptron-step-check": 2, "double-test": 3, "essay": None, "task": None
    }  # fmt: skip
    assert [c.kind for c in notebook.cells] == ["exercise", "test", "manual", "task"]
    assert (notebook.status, notebook.faults) == ("graded", [])
    nbformat.validate(nbformat.from_dict(notebook.executed))


def test_the_check_cell_shows_the_report_and_the_points_as_in_a_notebook(session):
    notebook, _ = graded({"perceptron-step": RIGHT.replace(">=", ">")})
    shown, points = notebook.executed["cells"][1]["outputs"]
    assert "zero" in shown["data"]["text/plain"] or "0" in shown["data"]["text/plain"]
    assert points["output_type"] == "execute_result"
    assert float(points["data"]["text/plain"]) == notebook.cells[0].score == 1.5
    assert notebook.cells[0].report["misconception"] == "boundary_is_negative"


def test_the_same_seed_gives_the_same_reports_and_students_differ(session):
    wrong = {"perceptron-step": "def step(z):\n    return z"}
    reports = [graded(wrong, Policy(seed=s))[0].cells[0].report for s in (5, 5, 6)]
    assert reports[0] == reports[1]
    assert reports[0]["seed"] != reports[2]["seed"]
    assert notebook_seed(5, "ann", "nb") != notebook_seed(5, "bob", "nb")


def test_what_was_earned_before_the_kernel_died_counts(session):
    notebook, scores = graded({"perceptron-step": RIGHT, "double": "LOSE"})
    assert scores == {"perceptron-step-check": 2, "double-test": 0, "essay": None, "task": None}
    assert notebook.status == "lost"
    assert notebook.faults == ["the kernel died in cell 3"]
    assert notebook.cells[1].note == "the kernel died in cell 3"


def test_a_kernel_that_never_starts_is_said_for_every_cell(session, monkeypatch):
    def refuse(files, **how):
        raise SessionLost("the kernel did not start within 60 s")

    monkeypatch.setattr(notebook_run, "open_session", refuse)
    notebook, scores = graded({"perceptron-step": RIGHT, "essay": "So."})
    assert scores == {"perceptron-step-check": 0, "double-test": 0, "essay": None, "task": None}
    assert notebook.status == "lost"
    assert "could not be reached" in notebook.cells[0].report["message"]


def test_a_cell_out_of_time_is_noted_and_its_test_fails(session):
    notebook, scores = graded({"perceptron-step": RIGHT, "double": "SLOW"})
    assert scores["double-test"] == 0
    assert notebook.faults == ["cell 3: CellTimeoutError: stopped after 30 s"]
    assert notebook.executed["cells"][2]["outputs"][0]["ename"] == "CellTimeoutError"


def test_words_on_stderr_cost_the_point_unless_nbgrader_is_told_to_ignore_them(session):
    answers = {"double": "import sys\ndef double(x):\n    print('psst', file=sys.stderr)\n"
               "    return 4"}  # fmt: skip
    assert graded(answers)[1]["double-test"] == 0
    assert graded(answers, Policy(ignore_stderr="ps+t"))[1]["double-test"] == 3


HOSTILE = {
    "no JSON": "nonsense",
    "another form": plain.dumps({"observations": "many"}),
    "no observations": plain.dumps(
        {"observations": [], "uses": [], "answer_type": "f", "answer_is_callable": True}
    ),
    "too deep": "[" * 100_000,
    "a huge array": '{"array": ["<f8", [99999999999], "C", ""]}',
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE)
def test_a_reply_that_is_none_earns_nothing_and_is_reported(session, line):
    class Lying(Here):
        def probe(self, name, request, *, seconds):
            return line

    session[0] = Lying
    notebook, scores = graded({"perceptron-step": RIGHT, "double": "def double(x): return 4"})
    assert scores["perceptron-step-check"] == 0
    assert scores["double-test"] == 3
    assert len(notebook.faults) == 1


def test_an_answer_that_is_not_there_or_cannot_be_looked_at_says_so(session):
    assert "does not define `step`" in graded({"perceptron-step": ""})[0].cells[0].report["message"]

    class Silent(Here):
        def probe(self, name, request, *, seconds):
            raise NoReply("no reply came")

    session[0] = Silent
    assert "no reply came" in graded({"perceptron-step": RIGHT})[0].cells[0].report["message"]


def test_a_submission_that_switches_tests_off_earns_nothing_from_them(session):
    class Disarmed(Here):
        def run(self, source, *, seconds=None):
            return super().run("" if source.startswith("assert") else source)

    session[0] = Disarmed
    notebook, scores = graded({"perceptron-step": RIGHT})
    assert scores["double-test"] == 0
    assert "switched tests off" in notebook.faults[0]


def test_a_missing_notebook_earns_nothing_and_waits_for_nobody(session):
    given = work()
    result = grade_submission(Work("ann", "ps", given.masters, {}), Policy())
    assert [c.score for c in result.notebooks[0].cells] == [0, 0, 0, 0]
    assert result.notebooks[0].status == "missing"


def test_a_result_survives_its_way_through_json(session):
    result = grade_submission(work({"perceptron-step": RIGHT}), Policy())
    again = Result.from_dict(json.loads(json.dumps(result.as_dict())))
    assert again.as_dict() == json.loads(json.dumps(result.as_dict()))
    assert again.score == 2


@pytest.mark.parametrize(
    "source",
    [
        'check("perceptron.step", step); 1', 'x = check("perceptron.step", step)',
        'check("perceptron.step")', 'check("perceptron.step", step())', "check(step)", "(", "",
    ],
)  # fmt: skip
def test_only_a_bare_check_asks_for_an_exercise(source):
    assert asked(test_cell("t", source, 1)) is None
    assert asked(test_cell("t", 'check("perceptron.step", step)\n', 1)).name == "step"
    assert asked(answer("t", 'check("perceptron.step", step)')) is None


# --- the workers --------------------------------------------------------------------------------


def _grade(given: Work, policy: Policy) -> Result:
    """Runs in a worker: the student's name says what happens to it."""
    if given.student == "dies":
        os._exit(3)
    if given.student == "hangs":
        time.sleep(600)
    if given.student == "errs":
        raise RuntimeError("a fault of the grader's")
    return Result(given.student, given.assignment)


def test_a_worker_that_dies_errs_or_hangs_costs_its_submission_alone(monkeypatch):
    # A worker may take 4 s to start on a busy machine.
    monkeypatch.setattr("grader.classroom.pools.allowed_seconds", lambda policy, notebooks: 20.0)
    pool = LocalPool(1, _grade)
    outcomes = {}
    try:
        for student in ("ann", "dies", "errs", "hangs", "zoe"):
            future = pool.submit(Work(student, "ps", (), {}), Policy(limits=Limits()))
            while not future.done():
                pool.watch()
                time.sleep(0.05)
            try:
                outcomes[student] = pool.outcome(future).student
            except (WorkerLost, RuntimeError) as error:
                outcomes[student] = str(error)
    finally:
        pool.close(now=True)
    assert outcomes == {
        "ann": "ann",
        "dies": "the worker died",
        "errs": "a fault of the grader's",
        "hangs": "the worker gave no answer in time",
        "zoe": "zoe",
    }
