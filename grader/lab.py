"""JupyterLab in the learner's workspace, with settings that are the course's and not the user's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from urllib.parse import quote

from rich.console import Console

from grader.workspace import ROOT, STATE_FOLDER, Change, prepare

# Defaults that a user's own settings still override.
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",  # else a popup asks about news before the first lesson is seen
        "checkForUpdates": False,
    },
}
# An instructor's tools have no place beside a lesson; plain `jupyter lab` still shows them.
PAGE = {"disabledExtensions": {"@jupyter/nbgrader": True}}
_STYLES = {
    "new": "green", "updated": "green", "kept": "yellow", "waiting": "yellow", "failed": "red"
}  # fmt: skip


def launch(workspace: Path, args: Sequence[str], lessons: Path = ROOT / "lessons") -> int:
    """Prepare `workspace`, say what changed, and become JupyterLab in it.

    On POSIX this process is replaced, so that signals and the exit status are JupyterLab's; on
    Windows, which has no such call, it is waited for.
    """
    workspace = Path(workspace).absolute()
    first_start = not (workspace / STATE_FOLDER).exists()
    changes = prepare(workspace, lessons)
    announce(workspace, changes)
    command = jupyter_command(workspace, args, first_lesson(workspace) if first_start else None)
    environment = jupyter_environment(workspace)
    sys.stdout.flush()
    sys.stderr.flush()
    os.chdir(workspace)
    if os.name == "posix":
        os.execve(command[0], command, environment)
    try:
        return subprocess.call(command, env=environment)
    except KeyboardInterrupt:
        return 0  # JupyterLab had the same Ctrl-C and has ended


def announce(workspace: Path, changes: Sequence[Change]) -> None:
    """One line per change; nothing when all is as it was."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.print(f"Workspace: {workspace}")
    for change in changes:
        console.print(f"  {change.message}", style=_STYLES[change.kind])


def first_lesson(workspace: Path) -> str | None:
    """The first lesson's notebook, relative to the workspace, as a URL writes it."""
    notebooks = sorted(workspace.glob("[0-9]*/*.ipynb"))
    return quote(notebooks[0].relative_to(workspace).as_posix()) if notebooks else None


def jupyter_command(workspace: Path, args: Sequence[str], opened: str | None) -> list[str]:
    """The command that starts JupyterLab; `args` come last, so the user has the last word."""
    layouts = workspace / STATE_FOLDER / "layouts"  # of this course, apart from other work
    command = [
        sys.executable, "-m", "jupyterlab",
        f"--ServerApp.root_dir={workspace}",
        f"--LabApp.workspaces_dir={layouts}",
    ]  # fmt: skip
    if opened:
        command.append(f"--LabApp.default_url=/lab/tree/{opened}")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # in a container everybody is root
    return [*command, *args]


def jupyter_environment(workspace: Path) -> dict[str, str]:
    """This environment, plus the course's settings, tools and workspace."""
    config = workspace / STATE_FOLDER / "jupyter"
    folder = config / "labconfig"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("default_setting_overrides", SETTINGS), ("page_config", PAGE)):
        text = json.dumps(content, indent=2) + "\n"
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    environment = dict(os.environ)
    environment["COURSE_WORKSPACE"] = str(workspace)
    # A layer of defaults on top of the user's and the system's Jupyter configuration.
    _prepend(environment, "JUPYTER_CONFIG_PATH", config)
    # `course` and `nbgrader` work in JupyterLab's terminal. Not resolved: venv's python is a link.
    _prepend(environment, "PATH", Path(sys.executable).parent)
    # "Python 3" is this interpreter, whatever kernels the user has installed elsewhere.
    environment["JUPYTER_PREFER_ENV_PATH"] = "1"
    if warm := _warm_provisioner():
        environment.setdefault("JUPYTER_DEFAULT_PROVISIONER_NAME", warm)
    return environment


def _warm_provisioner() -> str | None:
    """The name under which Jupyter finds what forks kernels, so that a lesson starts sooner.

    None where there is no fork or it is not installed: told a name that it does not find, Jupyter
    would start no kernel at all. (Asked by module, since to import it costs a third of a second.)
    """
    installed = entry_points(group="jupyter_client.kernel_provisioners")
    names = [found.name for found in installed if found.module == "grader.classroom.provisioner"]
    return names[0] if names and sys.platform == "linux" else None


def _prepend(environment: dict[str, str], variable: str, folder: Path) -> None:
    rest = environment.get(variable)
    environment[variable] = f"{folder}{os.pathsep}{rest}" if rest else str(folder)
