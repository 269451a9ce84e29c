"""Warm kernels for Jupyter's own tools, through Jupyter's own extension point."""

import os
import signal
import subprocess
import sys
import time
from importlib.metadata import entry_points

import nbformat
import pytest
from jupyter_client.manager import KernelManager

from grader.classroom import provisioner

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="warm kernels need Linux's fork")


@pytest.fixture(scope="module", autouse=True)
def no_nursery_is_left():
    yield
    if provisioner._nursery is not None:
        provisioner._nursery.close()


@pytest.fixture
def selected(monkeypatch):
    """What a user sets, and a warm process that is ready."""
    monkeypatch.setenv("JUPYTER_DEFAULT_PROVISIONER_NAME", provisioner.NAME)
    # Jupyter's factory of provisioners reads it once.
    from jupyter_client.provisioning import KernelProvisionerFactory

    KernelProvisionerFactory.clear_instance()
    yield
    KernelProvisionerFactory.clear_instance()


def wait_until_warm():
    env = dict(os.environ)
    deadline = time.monotonic() + 60
    while not provisioner.nursery(env).suits(env):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def started(**options):
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(extra_arguments=["--log-level=ERROR"], **options)
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    return manager, client


def shown(client, code):
    outputs = []
    reply = client.execute_interactive(code, timeout=30, output_hook=outputs.append)
    assert reply["content"]["status"] == "ok", reply["content"]
    return "".join(m["content"].get("text", "") for m in outputs if m["msg_type"] == "stream")


def test_the_entry_point_is_declared():
    (found,) = entry_points(group="jupyter_client.kernel_provisioners", name=provisioner.NAME)
    assert found.load() is provisioner.WarmProvisioner


def test_the_first_kernel_starts_cold_rather_than_wait_and_the_next_is_warm(selected, tmp_path):
    if provisioner._nursery is not None:
        provisioner._nursery.close()
    manager, client = started()
    assert type(manager.provisioner) is provisioner.WarmProvisioner
    assert isinstance(manager.provisioner.process, subprocess.Popen)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    wait_until_warm()
    manager, client = started(cwd=str(tmp_path))
    try:
        assert isinstance(manager.provisioner.process, provisioner.ForkedProcess)
        code = "import sys; print('torch' in sys.modules, __import__('os').getcwd())"
        assert shown(client, code).split() == ["True", str(tmp_path)]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert not manager.is_alive()


def test_a_warm_kernel_computes_plots_restarts_and_is_interrupted(selected):
    wait_until_warm()
    manager, client = started()
    try:
        first = manager.provisioner.process.pid
        code = (
            "import torch\nw = torch.ones(200, 200, requires_grad=True)\n(w @ w).sum().backward()"
        )
        shown(client, code)
        assert "inline" in shown(client, "import matplotlib; print(matplotlib.get_backend())")
        request = client.execute("import time\nwhile True: time.sleep(0.1)")
        time.sleep(0.5)
        manager.interrupt_kernel()
        while (reply := client.get_shell_msg(timeout=20))["parent_header"]["msg_id"] != request:
            pass
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        manager.restart_kernel(now=True)
        client.wait_for_ready(timeout=60)
        assert manager.provisioner.process.pid != first
        assert "w" not in shown(client, "print(dir())")
        manager.shutdown_kernel()  # the polite way
        assert not manager.is_alive()
    finally:
        client.stop_channels()
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)


def test_several_kernels_run_side_by_side_with_numbers_of_their_own(selected):
    wait_until_warm()
    pairs = [started() for _ in range(3)]
    try:
        code = "import random, numpy, torch\n"
        code += "print(random.random(), numpy.random.rand(), torch.rand(1))"
        assert len({shown(client, code) for _, client in pairs}) == 3
        os.kill(pairs[0][0].provisioner.process.pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while pairs[0][0].is_alive():
            assert time.monotonic() < deadline
        assert shown(pairs[1][1], "print(1 + 1)") == "2\n"
    finally:
        for manager, client in pairs:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def test_environment_variables_of_each_kernel_are_its_own(selected):
    wait_until_warm()
    manager, client = started(env={**os.environ, "ONLY_HERE": "yes", "OMP_NUM_THREADS": "2"})
    try:
        assert isinstance(manager.provisioner.process, provisioner.ForkedProcess)
        code = "import os, torch; print(os.environ.get('ONLY_HERE'), torch.get_num_threads())"
        assert shown(client, code).split() == ["yes", "2"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_kernel_that_wants_another_start_of_python_starts_cold(selected):
    wait_until_warm()
    manager, client = started(env={**os.environ, "PYTHONHASHSEED": "77"})
    try:
        assert isinstance(manager.provisioner.process, subprocess.Popen)
        assert shown(client, "import os; print(os.environ['PYTHONHASHSEED'])") == "77\n"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.parametrize(
    "cmd",
    [
        [],
        ["/usr/bin/other-python", "-m", "ipykernel_launcher", "-f", "x.json"],
        [sys.executable, "-Xdev", "-m", "ipykernel_launcher", "-f", "x.json"],
        [sys.executable, "-m", "bash_kernel", "-f", "x.json"],
    ],
)
def test_other_commands_are_left_alone(cmd):
    assert provisioner.kernel_arguments(cmd) is None
    ours = [sys.executable, "-m", "ipykernel_launcher", "-f", "x.json"]
    assert provisioner.kernel_arguments(ours) == ["-f", "x.json"]


@pytest.mark.slow
def test_nbval_runs_on_it_unmodified(tmp_path):
    cells = [
        nbformat.v4.new_code_cell("import torch; 6 * 7", outputs=[
            nbformat.v4.new_output("execute_result", {"text/plain": "42"}, execution_count=1)
        ], execution_count=1)
    ]  # fmt: skip
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "", "language": "python"}
    for name in ("one", "two"):
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "-n0", "-q", "-p", "no:cacheprovider",
         "-c", os.devnull, "--rootdir", str(tmp_path), str(tmp_path)],
        env={**os.environ, "JUPYTER_DEFAULT_PROVISIONER_NAME": provisioner.NAME},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert "2 passed" in done.stdout, done.stdout + done.stderr
