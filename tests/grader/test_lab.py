"""`course lab`: a real JupyterLab in a prepared workspace."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from jupyter_client.blocking import BlockingKernelClient

from grader import lab
from grader.lab import first_lesson, jupyter_command, jupyter_environment
from grader.workspace import Change, prepare

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = "@jupyterlab/apputils-extension:notification"
START_SECONDS = 90  # a cold JupyterLab on a busy machine


def publish(lessons: Path, slug: str, source: str = "1 + 1") -> None:
    """A lesson of one cell, as the builder would leave it."""
    folder = lessons / slug
    folder.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, id="only")])
    nbformat.write(notebook, folder / f"{slug}.ipynb")


@pytest.fixture(scope="module")
def lessons(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("course") / "les sons"
    publish(folder, "02_next")
    publish(folder, "01_first")
    return folder


class Server:
    """A JupyterLab that `course lab` started."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token

    def send(self, method: str, path: str, data: bytes | None = None) -> tuple[str, bytes]:
        request = urllib.request.Request(self.url.rstrip("/") + path, data, method=method)
        request.add_header("Authorization", f"token {self.token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.geturl(), answer.read()

    def get(self, path: str) -> tuple[str, bytes]:
        return self.send("GET", path)

    def json(self, path: str, post: bytes | None = None) -> dict:
        return json.loads(self.send("GET" if post is None else "POST", path, post)[1])


def running_server(runtime: Path, process: subprocess.Popen) -> Server:
    """Wait until the server that `process` started has written its address and answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "JupyterLab ended before it answered"
        for file in runtime.glob("jpserver-*.json"):
            try:
                facts = json.loads(file.read_text())
                server = Server(facts["url"], facts["token"])
                server.get("/api/status")
            except (ValueError, urllib.error.URLError):
                continue  # half written, or not listening yet
            return server
        time.sleep(0.1)
    pytest.fail(f"JupyterLab did not answer within {START_SECONDS} s")


@pytest.fixture(scope="module")
def started(lessons, tmp_path_factory) -> Iterator[tuple[Server, Path, Path]]:
    """The first start of a workspace whose path has a space, through the real command."""
    home = tmp_path_factory.mktemp("home")
    workspace, runtime = home / "my course", home / "run"
    command = (
        "import sys; from pathlib import Path; import grader.lab as lab;"
        f"sys.exit(lab.launch(Path({str(workspace)!r}), sys.argv[1:], Path({str(lessons)!r})))"
    )
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", command, "--no-browser", "--port", "0", "--ip", "127.0.0.1"],
            env={**os.environ, "JUPYTER_RUNTIME_DIR": str(runtime)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield running_server(runtime, process), workspace, home / "log"
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_a_real_start_serves_the_lessons_from_the_workspace(started):
    server, workspace, _ = started
    listing = server.json("/api/contents/?content=1")["content"]
    assert sorted(entry["name"] for entry in listing) == ["01_first", "02_next"]
    cells = server.json("/api/contents/01_first/01_first.ipynb")["content"]["cells"]
    assert [cell["source"] for cell in cells] == ["1 + 1"]
    assert (workspace / "01_first" / "01_first.ipynb").exists()


def test_the_first_start_opens_the_first_lesson(started):
    url, _ = started[0].get("/")
    assert url.endswith("/lab/tree/01_first/01_first.ipynb")


def test_the_news_popup_is_off_in_the_served_settings(started):
    answer = started[0].json(f"/lab/api/settings/{PLUGIN}")
    properties = answer["schema"]["properties"]
    assert properties["fetchNews"]["default"] == "false"
    assert properties["checkForUpdates"]["default"] is False


def test_no_setting_was_written_for_the_user(started):
    config = Path(os.environ["JUPYTER_CONFIG_DIR"])
    assert not list(config.rglob("*.jupyterlab-settings"))
    assert not list(config.rglob("default_setting_overrides.json"))


def test_layouts_are_kept_with_the_workspace(started):
    server, workspace, _ = started
    layout = {"metadata": {"id": "default"}, "data": {}}
    server.send("PUT", "/lab/api/workspaces/default", json.dumps(layout).encode())
    assert len(list((workspace / ".course" / "layouts").iterdir())) == 1


def test_the_learner_is_told_what_was_delivered(started):
    lines = started[2].read_text().splitlines()
    assert lines[0] == f"Workspace: {started[1]}"
    assert "  01_first/01_first.ipynb: new" in lines[:4]


def test_the_started_kernel_is_this_interpreter(started):
    spec = started[0].json("/api/kernelspecs")["kernelspecs"]["python3"]["spec"]
    assert spec["argv"][0] in {"python", sys.executable}


@pytest.fixture
def kernels(started):
    """Starts kernels through the server, as JupyterLab does, and connects to them."""
    server, workspace, _ = started
    clients = {}

    def start() -> tuple[str, BlockingKernelClient]:
        id = server.json("/api/kernels", post=b'{"name": "python3"}')["id"]
        client = clients[id] = BlockingKernelClient(
            connection_file=str(workspace.parent / "run" / f"kernel-{id}.json")
        )
        client.load_connection_file()
        client.start_channels(hb=False)
        return id, client

    yield start
    for id, client in clients.items():
        client.stop_channels()
        server.send("DELETE", f"/api/kernels/{id}")


def replied(client: BlockingKernelClient, request: str) -> dict:
    while (reply := client.get_shell_msg(timeout=60))["parent_header"]["msg_id"] != request:
        pass
    return reply["content"]


def value(client: BlockingKernelClient, expression: str) -> str:
    content = replied(client, client.execute("pass", user_expressions={"x": expression}))
    return content["user_expressions"]["x"]["data"]["text/plain"]


WARM = "'torch' in __import__('sys').modules"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="warm kernels need Linux's fork")
def test_lessons_start_on_warm_kernels_once_one_is_ready(started, kernels):
    server = started[0]
    deadline = time.monotonic() + START_SECONDS
    id, client = kernels()  # the first one may be cold: it starts the warm process
    while value(client, WARM) != "True":
        assert time.monotonic() < deadline
        time.sleep(0.5)
        id, client = kernels()
    client.execute("mine = 1")
    before = value(client, "__import__('os').getpid()")
    server.send("POST", f"/api/kernels/{id}/restart")
    assert value(client, "__import__('os').getpid()") != before
    assert value(client, "'mine' in globals()") == "False"
    assert value(client, WARM) == "True"
    request = client.execute("while True: pass")
    time.sleep(0.5)
    server.send("POST", f"/api/kernels/{id}/interrupt")
    assert replied(client, request)["ename"] == "KeyboardInterrupt"
    time.sleep(3)  # a kernel looks every second whether its parent is there
    assert value(client, "1 + 1") == "2"


def test_the_users_choice_of_how_kernels_start_stays(tmp_path, monkeypatch):
    variable = "JUPYTER_DEFAULT_PROVISIONER_NAME"
    monkeypatch.delenv(variable, raising=False)
    if sys.platform == "linux":
        assert jupyter_environment(tmp_path)[variable] == "course-warm-provisioner"
    monkeypatch.setenv(variable, "local-provisioner")
    assert jupyter_environment(tmp_path)[variable] == "local-provisioner"


@pytest.mark.parametrize(("system", "installed"), [("win32", True), ("linux", False)])
def test_where_kernels_cannot_be_forked_jupyter_starts_them_as_ever(
    system, installed, tmp_path, monkeypatch
):
    variable = "JUPYTER_DEFAULT_PROVISIONER_NAME"
    monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(lab.sys, "platform", system)
    if not installed:
        monkeypatch.setattr(lab, "entry_points", lambda group: [])
    assert variable not in jupyter_environment(tmp_path)


def test_the_users_arguments_come_last(tmp_path):
    command = jupyter_command(tmp_path, ["--port", "8899", "--no-browser"], None)
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert command[-3:] == ["--port", "8899", "--no-browser"]
    assert not any("default_url" in word for word in command)


def test_the_environment_adds_to_the_users_and_replaces_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/somewhere")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    environment = jupyter_environment(tmp_path)
    ours, theirs = environment["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert Path(ours).is_relative_to(tmp_path)
    assert theirs == "/somewhere"
    assert environment["OMP_NUM_THREADS"] == "7"
    assert environment["COURSE_WORKSPACE"] == str(tmp_path)
    assert environment["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)


def test_threads_are_not_limited_by_us(tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert "OMP_NUM_THREADS" not in jupyter_environment(tmp_path)


def test_the_first_lesson_is_the_lowest_number_and_quoted_for_a_url(tmp_path):
    assert first_lesson(tmp_path) is None
    for slug in ("10_ten", "02_a b"):
        publish(tmp_path, slug)
    assert first_lesson(tmp_path) == "02_a%20b/02_a%20b.ipynb"


def test_a_later_start_restores_the_layout_instead_of_the_first_lesson(
    tmp_path, lessons, monkeypatch
):
    started = []

    def record(program, command, environment):
        started.append(command)
        raise SystemExit(0)  # exec never returns

    monkeypatch.setattr(lab.os, "execve", record)
    monkeypatch.setattr(lab.os, "chdir", lambda folder: None)
    for _ in range(2):
        with pytest.raises(SystemExit):
            lab.launch(tmp_path / "w", [], lessons)
    first, second = started
    assert "--LabApp.default_url=/lab/tree/01_first/01_first.ipynb" in first
    assert not any("default_url" in word for word in second)


def test_each_change_is_one_line_also_when_a_name_looks_like_markup(tmp_path, capsys):
    lab.announce(
        tmp_path, [Change("kept", "a", "01_[red]/x.ipynb: your work is kept " + "z" * 200)]
    )
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("  01_[red]/x.ipynb: your work is kept")


def test_a_prepared_workspace_makes_a_second_start_quick(tmp_path, lessons):
    prepare(tmp_path / "w", lessons)
    began = time.perf_counter()
    prepare(tmp_path / "w", lessons)
    assert time.perf_counter() - began < 1.0  # two files; 0.01 s on a laptop
