"""A session: one kernel for one submission, however it came about."""

import dataclasses
import json
import os

import pytest
from sessions import SMALL, needs_bwrap, opened, text

from grader import plain
from grader.classroom import forked, view, warm
from grader.classroom.session import MIB, Limits, NoReply, SessionLost
from grader.errors import CourseError
from grader.probe import Request, Sighting

LINUX = pytest.mark.skipif(not forked.forks(), reason="warm kernels need Linux's fork")
KINDS = [
    pytest.param(("none", False), id="cold"),
    pytest.param(("none", True), id="warm", marks=LINUX),
    pytest.param(("bwrap", False), id="sandboxed-cold", marks=needs_bwrap),
    pytest.param(("bwrap", True), id="sandboxed-warm", marks=needs_bwrap),
]


def request_for(*cases):
    return plain.dumps(Request([(case,) for case in cases]).to_plain())


@pytest.fixture(scope="module", params=KINDS)
def session(request):
    """One session for the tests that leave it whole."""
    sandbox, is_warm = request.param
    files = {"data/numbers.txt": b"1 2 3", "helper.py": b"answer = 42"}
    with opened(files, sandbox=sandbox, warm=is_warm) as session:
        yield session


def test_what_a_cell_prints_shows_and_raises_comes_back(session):
    run = session.run("print('seen'); 6 * 7")
    assert [o.output_type for o in run.outputs] == ["stream", "execute_result"]
    assert (run.error, run.timed_out) == (None, False)
    assert "seen" in text(run)
    assert "42" in text(run)
    run = session.run("1 / 0")
    assert run.error == "ZeroDivisionError: division by zero"
    assert run.outputs[-1].ename == "ZeroDivisionError"
    assert session.run("1 +").error.startswith("SyntaxError")


def test_names_live_on_and_counts_rise(session):
    first = session.run("number = 1")
    second = session.run("number += 1; number")
    assert text(second) == "2"
    assert second.execution_count == first.execution_count + 1


def test_a_notebook_can_ask_as_under_nbgrader_whether_it_is_graded(session):
    code = "import os; print(os.environ['NBGRADER_EXECUTION'])"
    assert text(session.run(code)).strip() == "autograde"


def test_files_lie_in_the_working_folder(session):
    assert "1 2 3" in text(session.run("print(open('data/numbers.txt').read())"))
    assert "42" in text(session.run("import helper; helper.answer"))
    assert session.run("open('new.txt', 'w').write('x')").error is None


def test_figures_are_shown_inline(session):
    run = session.run("import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    assert run.error is None
    assert [{*o.data} for o in run.outputs] == [{"image/png", "text/plain"}]


def test_the_courses_figures_are_drawn_where_no_lesson_is_graded(session):
    run = session.run(
        "import numpy as np\nfrom course_lib import viz\n"
        "viz.scatter(np.eye(2), np.array([-1, 1]), title='Two')"
    )
    assert run.error is None
    assert [{*o.data} for o in run.outputs] == [{"image/png", "text/plain"}]


def test_an_error_is_shown_as_python_shows_it(session):
    session.run("def share(x):\n    return 1 / x")
    run = session.run("share(0)")
    shown = "\n".join(run.outputs[-1].traceback)
    assert shown.startswith("Traceback (most recent call last):")
    assert "return 1 / x" in shown
    assert shown.rstrip().endswith("ZeroDivisionError: division by zero")
    assert "\x1b" not in shown


def test_torch_computes_and_trains(session):
    run = session.run(
        "import torch\nw = torch.ones(300, 300, requires_grad=True)\n"
        "(w @ w).sum().backward()\nprint(w.grad.shape, torch.get_num_threads())"
    )
    assert text(run).split() == ["torch.Size([300,", "300])", "1"]


def test_a_probe_brings_what_the_answer_did(session):
    session.run("def double(x):\n    return 2 * x")
    reply = session.probe("double", request_for(1, 2.5), seconds=5)
    sighting = Sighting.from_plain(plain.loads(reply))
    assert [o.result for o in sighting.observations] == [2, 5.0]


def test_a_name_that_is_not_there_has_no_reply(session):
    assert session.probe("nothing_of_that_name", request_for(1), seconds=5) is None


def test_a_probe_that_fails_says_why_and_the_session_goes_on(session):
    session.run("flag = 1")
    with pytest.raises(NoReply, match="JSONDecodeError"):
        session.probe("flag", "no line of plain data", seconds=5)
    assert text(session.run("flag")) == "1"


def test_probes_leave_no_trace_in_the_notebook(session):
    before = session.run("7").execution_count
    session.probe("nothing_of_that_name", request_for(1), seconds=5)
    after = session.run("_")
    assert after.execution_count == before + 1
    assert text(after) == "7"


def test_a_cell_out_of_time_is_stopped_and_the_next_one_runs(session):
    run = session.run("import time\nwhile True:\n    time.sleep(0.05)", seconds=0.5)
    assert run.timed_out
    assert run.error == "CellTimeoutError: stopped after 0.5 s"
    assert 0.5 <= run.seconds < 5
    assert text(session.run("'alive'")) == "'alive'"


def test_nobody_answers_input(session):
    assert session.run("input()").error.startswith("StdinNotImplementedError")


def test_what_grader_gives_to_notebooks_is_there_and_judges_nothing(session):
    run = session.run(
        "from grader import check, hint, progress, borrow\n"
        "given = borrow('perceptron.update')\nhint('x'); progress(); check('perceptron.update', 1)"
    )
    assert run.error is None
    assert text(run) == "0.0"
    if session.about["layers"]:  # Jupyter's own cold kernel has the course's own `borrow`
        assert session.run("given(1)").error.startswith("LookupError")


def test_the_record_is_plain_json_and_says_how_it_ran(session):
    about = json.loads(json.dumps(session.about))
    assert about["limits"] == dataclasses.asdict(SMALL)
    assert about["sandbox"] in ("bwrap", "none")
    assert isinstance(about["warm"], bool)
    assert isinstance(about["seed"], int)
    if about["sandbox"] == "bwrap":
        assert {"own namespaces", "own file system", "no capabilities"} <= {*about["layers"]}


@pytest.mark.parametrize("sandbox", [pytest.param("bwrap", marks=needs_bwrap), "none"])
def test_a_kernel_that_ends_itself_is_lost_at_once(sandbox):
    with opened(sandbox=sandbox) as session:
        with pytest.raises(SessionLost, match="exited with 3"):
            session.run("import os; os._exit(3)")
        with pytest.raises(SessionLost, match="exited with 3"):
            session.run("1")


def test_a_budget_holds_for_all_cells_together():
    limits = dataclasses.replace(SMALL, notebook_seconds=1.0)
    with opened(sandbox="none", limits=limits) as session:
        assert not session.run("import time; time.sleep(0.7)").timed_out
        assert session.run("time.sleep(0.7)").timed_out
        with pytest.raises(SessionLost, match="1 s are spent"):
            session.run("1")


def test_outputs_are_kept_up_to_a_limit_and_the_cut_is_said():
    limits = dataclasses.replace(SMALL, output_bytes=10_000)
    with opened(sandbox="none", limits=limits) as session:
        run = session.run("for i in range(100): print('x' * 1000, flush=True)")
        assert run.error is None
        assert len(text(run)) < 11_000
        assert "printed too much" in text(run)
        assert run.outputs[-1].name == "stdout"  # on stderr it would cost a test cell its points


@LINUX
def test_a_warm_process_serves_one_after_another_and_each_starts_afresh():
    with opened(sandbox="none") as session:
        session.run(
            "left = 1; import os; os.environ['LEFT'] = '1'; import sys; sys.path.append('x')"
        )
        first = session.run(
            "import random, numpy, torch\nrandom.random(), numpy.random.rand(), torch.rand(1)"
        )
    (process,) = [p for p in warm._idle if p.kind.walls == "none" and p.kind.warm]
    forks = process.forks
    with opened(sandbox="none") as session:
        assert session.run("left").error.startswith("NameError")
        assert (
            text(session.run("import os, sys; 'LEFT' in os.environ, 'x' in sys.path"))
            == "(False, False)"
        )
        second = session.run(
            "import random, numpy, torch\nrandom.random(), numpy.random.rand(), torch.rand(1)"
        )
    assert process.forks == forks + 1
    assert not {*text(first).split(",")} & {*text(second).split(",")}


@LINUX
def test_a_dead_warm_process_is_replaced():
    with opened(sandbox="none"):
        pass
    (process,) = [p for p in warm._idle if p.kind.walls == "none" and p.kind.warm]
    os.kill(process._process.pid, 9)
    process._process.wait()
    with opened(sandbox="none") as session:
        assert text(session.run("1 + 1")) == "2"


@LINUX
def test_a_warm_process_that_dies_takes_its_submission_along_and_says_so():
    with opened(sandbox="none") as session, pytest.raises(SessionLost, match="warm process died"):
        session.run("import os; os.kill(os.getppid(), 9); import time; time.sleep(5)")
    with opened(sandbox="none") as session:
        assert text(session.run("1 + 1")) == "2"


def test_a_system_without_fork_has_jupyters_own_kernel_and_no_sandbox(monkeypatch):
    monkeypatch.setattr(forked, "forks", lambda: False)
    with opened({"a.txt": b"here"}, sandbox="none") as session:
        assert (session.about["warm"], session.about["layers"]) == (False, [])
        assert "here" in text(session.run("print(open('a.txt').read())\ndef f(x): return x"))
        assert session.probe("f", request_for(1), seconds=5)
        assert session.run("while True: pass", seconds=0.5).timed_out
    warm.close_all()
    monkeypatch.setattr("grader.classroom.sandbox.sys.platform", "darwin")
    with pytest.raises(CourseError, match=r"this is darwin.*--sandbox none"), opened():
        pass


@LINUX
def test_where_libraries_start_threads_kernels_start_cold_and_the_record_says_so(monkeypatch):
    monkeypatch.setattr("grader.classroom.forked._impossible", set())
    wait = warm.WarmProcess._wait

    def threaded(process, name, seconds):
        return wait(process, name, seconds) | ({"threads": 2} if process.kind.warm else {})

    warm.close_all()
    monkeypatch.setattr(warm.WarmProcess, "_wait", threaded)
    with opened(sandbox="none") as session:
        assert session.about["warm"] is False
        assert text(session.run("1 + 1")) == "2"


@pytest.mark.parametrize("name", ["/etc/evil", "../evil", "a/../../evil", "", "."])
@pytest.mark.parametrize("is_warm", [True, False])
def test_a_path_out_of_the_working_folder_is_refused(name, is_warm):
    with (
        pytest.raises(CourseError, match="a path inside"),
        opened({name: b""}, sandbox="none", warm=is_warm),
    ):
        pass


def test_without_bubblewrap_a_sandbox_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr("grader.classroom.sandbox.shutil.which", lambda name: None)
    warm.close_all()
    with pytest.raises(CourseError, match=r"apt-get install bubblewrap.*--sandbox none"), opened():
        pass


def test_limits_by_default_suit_pytorch():
    assert Limits().cell_seconds == 30  # nbgrader's
    assert Limits().memory_bytes >= 4096 * MIB
    assert view.TAUGHT


def test_what_was_imported_ahead_takes_none_of_the_memory(session):
    run = session.run(
        "import resource\nfields = open('/proc/self/statm').read().split()\n"
        "page = resource.getpagesize()\n"
        "held = int(fields[0]) * page, int(fields[5]) * page\n"
        "limits = [resource.getrlimit(w)[0] for w in (resource.RLIMIT_AS, resource.RLIMIT_DATA)]\n"
        "print([limit - size for limit, size in zip(limits, held)])"
    )
    space, data = json.loads(text(run))
    # What a kernel takes before the first cell, threads' stacks for instance, is less than a third.
    assert space > SMALL.memory_bytes
    assert data > SMALL.memory_bytes * 2 / 3
