"""What a submission in the sandbox cannot do, whatever it tries; the next one is unharmed."""

import contextlib
import dataclasses
import os
import platform
import socket
import sys
import threading
import time
from pathlib import Path

import nbformat
import pytest
from sessions import SMALL, needs_bwrap, opened, text

import grader
from grader import doctor
from grader.classroom import sandbox, warm
from grader.classroom.session import MIB, SessionLost
from grader.errors import CourseError

pytestmark = [needs_bwrap, pytest.mark.skipif(sys.platform != "linux", reason="Linux's sandbox")]
SECRET = "the-instructor's-own"


@pytest.fixture(scope="module")
def session():
    """One session for attempts that only look, or are refused."""
    with opened() as session:
        yield session


def outcome(session, code):
    """What came of an attempt: the name of the exception, or what it showed."""
    run = session.run(code)
    return run.error.split(":")[0] if run.error else text(run).strip()


def survives(code, *, limits=SMALL, lost=None):
    """Run code that may cost its own session, then see that the next submission is served.

    Returns what came of it, and how the session was lost, if it was.
    """
    came, how = None, None
    with opened(limits=limits) as session:
        before = current_process()
        try:
            came = session.run(code)
        except SessionLost as reason:
            how = str(reason)
    started = time.monotonic()
    with opened() as session:
        assert text(session.run("6 * 7")) == "42"
        assert current_process() is before, "the warm process had to be replaced"
    assert time.monotonic() - started < 10
    return came, how


def current_process():
    return next((p for p in BORROWED if p.usable and p.busy), None)


BORROWED = []


@pytest.fixture(autouse=True)
def remember_processes(monkeypatch):
    start = warm.WarmProcess.start

    def remembering(process, order, handles):
        if process not in BORROWED:
            BORROWED.append(process)
        return start(process, order, handles)

    monkeypatch.setattr(warm.WarmProcess, "start", remembering)


# --- steal --------------------------------------------------------------------------------------


def test_no_host_is_reached(session):
    met = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)

        def wait():
            with contextlib.suppress(TimeoutError):
                met.append(server.accept())

        waiting = threading.Thread(target=wait)
        waiting.start()
        port = server.getsockname()[1]
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
        assert outcome(session, code) == "ConnectionRefusedError"
        waiting.join()
    assert met == []
    assert outcome(session, "socket.create_connection(('192.0.2.1', 80), 2)") == "OSError"
    assert outcome(session, "socket.getaddrinfo('example.org', 80)") == "gaierror"
    assert outcome(session, "socket.socket(socket.AF_VSOCK)") == "OSError"


@pytest.mark.parametrize(
    "path",
    [
        str(Path(grader.__file__).parent / "judge.py"),
        str(Path(grader.__file__).parent / "checks"),
        str(Path(grader.__file__).parents[1] / "solutions"),
        str(Path(grader.__file__).parents[1] / ".git"),
        "/etc/shadow",
        "/root/.bashrc",
        "/var/log",
        "/home",
        "/run",
    ],
)
def test_nothing_of_the_graders_machine_is_seen(session, path):
    assert outcome(session, f"import os; os.stat({path!r})") in (
        "FileNotFoundError",
        "PermissionError",
    )


def test_a_secret_file_is_not_reached_by_any_road(session, tmp_path):
    secret = tmp_path / "gradebook.db"
    secret.write_text(SECRET)
    secret.chmod(0o666)
    roads = [secret, *(Path(f"/proc/{pid}/root{secret}") for pid in (1, 2, "self", "thread-self"))]
    for road in roads:
        assert outcome(session, f"open({str(road)!r}).read()") in (
            "FileNotFoundError",
            "PermissionError",
        )
    code = f"import os; os.symlink({str(secret)!r}, 'link.db'); open('link.db').read()"
    assert outcome(session, code) == "FileNotFoundError"


def test_no_variable_of_the_graders_is_seen(monkeypatch):
    monkeypatch.setenv("GRADER_TOKEN", SECRET)
    warm.close_all()  # the next one starts with the variable set
    with opened() as session:
        assert SECRET not in text(session.run("import os; print(dict(os.environ))"))
        code = (
            "found = []\nfor pid in filter(str.isdigit, os.listdir('/proc')):\n"
            "    try:\n        found.append(open(f'/proc/{pid}/environ').read())\n"
            "    except OSError:\n        pass\nprint(found)"
        )
        assert SECRET not in text(session.run(code))


def test_no_socket_leads_to_the_warm_process(session):
    code = (
        "import os, socket, stat\nfound = []\n"
        "for handle in map(int, os.listdir('/proc/self/fd')):\n"
        "    try:\n"
        "        if stat.S_ISSOCK(os.fstat(handle).st_mode):\n"
        "            found.append(socket.socket(fileno=os.dup(handle)).type)\n"
        "    except OSError:\n        pass\n"
        "print(found.count(socket.SOCK_SEQPACKET), len(found) > 0)"
    )
    assert outcome(session, code) == "0 True"


def test_the_warm_process_cannot_be_read(session):
    code = (
        "import os\nread, others = [], 0\nfor pid in filter(str.isdigit, os.listdir('/proc')):\n"
        "    if os.path.samefile(f'/proc/{pid}', '/proc/self'):\n        continue\n"
        "    others += 1\n"
        # The numbers in fd may be listed by the same user; what they lead to is closed.
        "    links = [f'fd/{number}' for number in range(20)]\n"
        "    for name in ('mem', 'maps', 'environ', 'root/tmp', 'cwd/course', *links):\n"
        "        try:\n            open(f'/proc/{pid}/{name}').read(1)\n"
        "        except OSError as error:\n"
        "            if error.errno in (2, 13, 1, 3):\n                continue\n"
        "        read.append(f'{pid}/{name}')\n"
        "print(read, others > 0)"
    )
    assert outcome(session, code) == "[] True"


def test_a_course_installed_among_other_packages_is_hidden(tmp_path):
    for name in ("course_lib", "grader", "numpy"):
        (tmp_path / "site-packages" / name).mkdir(parents=True)
    packages = tmp_path / "site-packages"
    hidden = sandbox._our_own([str(tmp_path)], packages)
    assert hidden == [str(packages / "course_lib"), str(packages / "grader")]
    assert sandbox._our_own(["/usr"], packages) == []


# --- change -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "folder", ["/", "/usr/lib", "/etc", "/dev", "/course", sys.prefix, "/proc/sys/kernel"]
)
def test_nothing_outside_its_own_files_can_be_written(session, folder):
    came = outcome(session, f"open({folder!r} + '/planted', 'w')")
    assert came in ("OSError", "PermissionError", "FileNotFoundError")


def test_it_holds_no_privilege_and_gets_none(session):
    status = text(session.run("print(open('/proc/self/status').read())"))
    facts = dict(line.split(":\t", 1) for line in status.strip().splitlines())
    for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"):
        assert int(facts[name], 16) == 0
    assert facts["NoNewPrivs"] == "1"
    assert facts["Seccomp"] == "2"
    session.run(
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "def tried(result):\n    return os.strerror(ctypes.get_errno()) if result < 0 else 'done'"
    )
    for call in (
        "libc.unshare(0x10000000)",
        "libc.unshare(0x00020000)",
        "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)",
        "libc.umount2(b'/tmp', 2)",
        "libc.chroot(b'/tmp')",
        "libc.setuid(0)",
        "libc.ptrace(0, 0, 0, 0)",
        "libc.shmget(0, 4096, 0o1777)",
        "libc.syscall(56, 0x10000011, 0, 0, 0, 0)",
    ):
        assert text(session.run(f"tried({call})")) in (
            "'Operation not permitted'",
            "'Invalid argument'",
        ), call


def test_the_layers_on_record_are_those_that_this_kernel_offers(session):
    layers = session.about["layers"]
    assert ("landlock" in layers) == (doctor.landlock_abi() > 0)
    assert ("seccomp" in layers) == (platform.machine() in ("x86_64", "aarch64"))
    assert {"rlimits", "own namespaces", "own file system", "no capabilities"} <= {*layers}


def test_what_one_submission_leaves_the_next_does_not_find():
    with opened() as session:
        code = (
            "import os\nfor folder in ('.', '/tmp', '/dev/shm', os.environ['HOME']):\n"
            "    open(f'{folder}/left', 'w').write('x')\n"
            "import torch; shared = torch.ones(9).share_memory_()\n"
            "from multiprocessing import shared_memory\n"
            "block = shared_memory.SharedMemory('left-behind', create=True, size=10)\n"
            "sorted(os.listdir('/dev/shm'))"
        )
        assert "left-behind" in text(session.run(code))
    with opened() as session:
        code = "import os; [os.listdir(f) for f in ('.', '/dev/shm', os.environ['HOME'])]"
        assert text(session.run(code)) == "[[], [], ['.ipython']]"  # IPython's
        assert "left" not in text(session.run("os.listdir('/tmp')"))


def marked(mark):
    """The processes of the machine that carry a mark on their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if mark.encode() in path.read_bytes():
                found.append(path.parent.name)
    return found


@pytest.mark.parametrize("sandbox", ["bwrap", "none"])
def test_no_process_outlives_its_submission(sandbox):
    mark = f"outliving-{sandbox}-{os.getpid()}"
    with opened(sandbox=sandbox) as session:
        code = (
            "import subprocess, sys\nfor _ in range(3):\n"
            "    subprocess.Popen([sys.executable, '-c',"
            " 'import os, time; os.fork() or os.setsid() or os.fork(); time.sleep(60)',"
            f" {mark!r}], start_new_session=True)\n"
            "import time; time.sleep(0.5)"
        )
        assert session.run(code).error is None
        assert len(marked(mark)) >= 6
    assert marked(mark) == []


def test_where_namespaces_do_not_nest_each_submission_has_a_sandbox_of_its_own(monkeypatch):
    monkeypatch.setattr("grader.classroom.forked._impossible", {"nesting"})
    mark = f"outliving-alone-{os.getpid()}"
    with opened({"a.txt": b"here"}) as session:
        assert session.about["warm"] is False
        assert {"no capabilities", "seccomp"} <= {*session.about["layers"]}
        assert "own namespaces" not in session.about["layers"]
        assert outcome(session, "print(open('a.txt').read())") == "here"
        assert outcome(session, "import torch; torch.ones(2).share_memory_().sum()") == "tensor(2.)"
        code = (
            "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c',"
            f" 'import time; time.sleep(60)', {mark!r}], start_new_session=True); None"
        )
        assert session.run(code).error is None
        assert marked(mark)
        full = "with open('/tmp/full', 'wb') as file:\n    while True: file.write(b'x' * 2**20)"
        assert outcome(session, full) == "OSError"
        assert outcome(session, "open('/planted', 'w')") in ("OSError", "PermissionError")
    assert marked(mark) == []


def test_a_sandbox_that_does_not_start_is_refused_not_graded_as_zero(monkeypatch):
    warm.close_all()
    usual = sandbox.command

    def broken(*given):
        return [*usual(*given)[:-1], "--ro-bind", "/no/such", "/x", "--"]

    monkeypatch.setattr(sandbox, "command", broken)
    expected = r"no sandbox starts here.*bwrap:.*course doctor"
    with pytest.raises(CourseError, match=expected), opened():
        pass


# --- break --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "import os; os._exit(1)",
        "import os, signal; os.kill(-1, signal.SIGKILL); os._exit(2)",
        "import os, signal\nfor pid in range(1, 300):\n"
        "    try: os.kill(pid, signal.SIGKILL)\n    except OSError: pass\nos._exit(3)",
        "import ctypes; ctypes.string_at(0)",
        "import sys; sys.setrecursionlimit(10**9)\ndef f(): return f()\nf()",
        "get_ipython().kernel.do_shutdown(False); import os; os._exit(0)",
    ],
    ids=["exit", "kill-all", "kill-each", "segfault", "recursion", "shutdown"],
)
def test_a_submission_that_ends_itself_costs_only_itself(code, monkeypatch):
    monkeypatch.setattr("grader.classroom.conversation._GRACE_SECONDS", 1.0)
    came, how = survives(code, limits=dataclasses.replace(SMALL, cell_seconds=4))
    assert came is None or came.error
    assert came or how


@pytest.mark.parametrize(
    "code",
    [
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
        "import itertools; sum(itertools.count())",
        "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n"
        "import ctypes; ctypes.CDLL(None).pause()",
        "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)\nwhile True: pass",
    ],
    ids=["catches", "ignores", "never-looks", "blocks", "stops"],
)
def test_an_endless_loop_that_ignores_interrupts_is_ended(code, monkeypatch):
    monkeypatch.setattr("grader.classroom.conversation._GRACE_SECONDS", 1.0)
    came, how = survives(code, limits=dataclasses.replace(SMALL, cell_seconds=0.5))
    assert came is None or came.timed_out
    assert came or "did not let itself be stopped" in how


def test_a_fork_bomb_is_bounded():
    code = (
        "import os, time\nstarted = 0\ntry:\n    while True:\n"
        "        if os.fork() == 0:\n            time.sleep(60)\n        started += 1\n"
        "except OSError as error:\n    print(type(error).__name__)\nprint(started)"
    )
    came, how = survives(code)
    assert how or int(text(came).split()[-1]) < SMALL.processes
    code = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
    came, how = survives(code, limits=dataclasses.replace(SMALL, cell_seconds=2))
    assert how or came.timed_out


@pytest.mark.parametrize(
    "code",
    [
        "hold = bytearray(3 * 2**30)",
        "hold = []\nwhile True: hold.append(bytearray(2**24))",
        "import numpy; numpy.ones((2**20, 2**10))",
        "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n"
        "        hold = bytearray(b'x') * (400 * 2**20); time.sleep(60)\ntime.sleep(60)",
        "import os; handle = os.memfd_create('x')\nwhile True: os.write(handle, b'x' * 2**20)",
    ],
    ids=["one", "many", "array", "processes", "memfd"],
)
def test_a_memory_bomb_is_bounded(code):
    came, how = survives(code, limits=dataclasses.replace(SMALL, cell_seconds=8))
    assert came is None or came.error
    if came is not None:
        assert came.error.split(":")[0].split(".")[-1] in (
            "MemoryError", "_ArrayMemoryError", "PermissionError", "OSError",
        )  # fmt: skip
    else:
        assert "MiB" in how


@pytest.mark.parametrize("folder", [".", "/tmp", "/dev/shm"])
def test_a_disk_bomb_is_bounded(folder):
    code = (
        "import itertools\nwritten = 0\n"
        "for number in itertools.count():\n"
        f"    with open({folder!r} + f'/{{number}}', 'wb') as file:\n"
        "        written += file.write(b'x' * 2**23)"
    )
    came, how = survives(code)
    assert how is None
    assert came.error.startswith("OSError: [Errno 28] No space left")


def test_a_million_small_files_are_bounded():
    code = "import itertools\nfor number in itertools.count():\n    open(f'{number}', 'w').close()"
    came, how = survives(code)
    assert how is None
    assert came.error.startswith("OSError: [Errno 28] No space left")


@pytest.mark.parametrize(
    "code",
    [
        "print('x' * (300 * 2**20))",
        "for _ in range(1500): print('x' * 1000, flush=True)",
        "from IPython.display import display, HTML\nfor _ in range(1_000): display(HTML('x'))",
        "import os\nfor _ in range(50): os.write(1, b'x' * 2**20)",
    ],
    ids=["huge", "many", "displays", "descriptor"],
)
def test_an_output_bomb_is_bounded(code, monkeypatch):
    monkeypatch.setattr("grader.classroom.outputs._MAX_OUTPUTS", 500)
    came, how = survives(code, limits=dataclasses.replace(SMALL, cell_seconds=30))
    assert how is None
    assert len(text(came)) <= MIB + 1000
    assert len(came.outputs) <= 501


@pytest.mark.parametrize(
    "code",
    [
        "stream.send_multipart([b'junk'])",
        "stream.send_multipart([b'<IDS|MSG>', b'', b'{', b'[', b'1', b'null'])",
        "send('status', {'execution_state': ['idle']})",
        "send('stream', {'name': 'stdout', 'text': 5}); send('stream', {})",
        "send('display_data', {'data': {'text/html': {'a': 1}}, 'metadata': []})",
        "send('error', {'ename': 1, 'evalue': None, 'traceback': 'x'})",
        "send('clear_output', {}); send('update_display_data', {'transient': {'display_id': []}})",
        "deep = []\nfor _ in range(900): deep = [deep]\n"
        "send('display_data', {'data': {'application/json': deep}, 'metadata': {}})",
        "send('status', {'execution_state': 'idle'})",
        "send('display_data', {'data': {'text/plain': 'half: \\ud800'}, 'metadata': {}})",
        "send('error', {'ename': 'E', 'evalue': '\\ud800', 'traceback': ['\\udfff']})",
        "send('execute_result', {'data': {'text/plain': '1'}, 'execution_count': 'x'})",
    ],
)
def test_forged_messages_do_not_upset_the_grader(session, code):
    session.run(
        "import json\nkernel = get_ipython().kernel; stream = kernel.iopub_socket\n"
        "kernel.session.pack = lambda data: json.dumps(data, default=str).encode()\n"
        "def send(kind, content):\n"
        "    kernel.session.send(stream, kind, content, parent=kernel.get_parent())"
    )
    run = session.run(code)
    assert run.error is None
    assert [o for o in run.outputs if o.output_type == "error" and o.ename != "E"] == []
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=run.outputs)])
    nbformat.validate(notebook)
    nbformat.writes(notebook).encode("utf-8")
    session.run("import time; time.sleep(0.1)")  # a forged end: what is late is dropped
    assert text(session.run("6 * 7")) == "42"
