"""The sandbox around a worker's warm process: bubblewrap, told what may be seen.

Seen are the interpreter, its installed packages and the system's libraries, read-only; a view of
the course (`grader.classroom.view`); and an empty /tmp of bounded size. No network, no other
processes, none of the grader's environment variables. Inside it each submission gets walls of its
own (`grader.classroom.inside.isolation`).
"""

from __future__ import annotations

import os
import shutil
import site
import sys
import sysconfig
from pathlib import Path

from grader.classroom.inside.isolation import HOME
from grader.errors import CourseError
from grader.workspace import ROOT

VIEW = "/course"
_FIRST_USER = 0x6000_0000  # far from any that a system gives out
_SYSTEM = (
    "/usr",
    "/nix/store",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/ssl",
)
_LINKS = ("/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin")


def program() -> str:
    """The path of bwrap.

    Raises:
        CourseError: there is none.
    """
    found = shutil.which("bwrap")
    if sys.platform == "linux" and found:
        return found
    why = "bubblewrap is not installed" if sys.platform == "linux" else f"this is {sys.platform}"
    raise CourseError(
        f"submissions cannot be isolated here: {why}. Install it (sudo apt-get install bubblewrap),"
        " or say --sandbox none to run them as yourself: then whatever they do, you do."
    )


def user() -> int:
    """The user that the warm process becomes; 0 if it may stay who it is.

    Limits on the number of processes do not bind root, and files would be root's. A user of its own
    for each worker keeps them apart, too.
    """
    return _FIRST_USER + os.getpid() if os.getuid() == 0 else 0


def command(view: Path, environment: dict[str, str], tmp_bytes: int) -> list[str]:
    """The start of a command line; what follows it runs in the sandbox.

    Args:
        view: the folder that becomes `VIEW`.
        environment: all variables that are set inside.
        tmp_bytes: the size of /tmp, and of shared memory.
    """
    words = [
        program(), "--die-with-parent", "--new-session", "--clearenv",
        "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try",
        "--hostname", "sandbox", "--cap-drop", "ALL",
    ]  # fmt: skip
    if user():  # to become that user, and then nobody has any
        words += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        words.append("--unshare-user")
    for path in _LINKS:
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            words += ["--ro-bind", path, path]
    words += ["--proc", "/proc", "--dev", "/dev"]
    for folder in ("/tmp", "/dev/shm"):
        words += ["--perms", "1777", "--size", str(tmp_bytes), "--tmpfs", folder]
    shown = [path for path in (*_SYSTEM, *_interpreter()) if os.path.exists(path)]
    for folder in sorted({str(parent) for path in shown for parent in Path(path).parents} - {"/"}):
        words += ["--perms", "0755", "--dir", folder]  # else only root could pass through
    for path in shown:
        words += ["--ro-bind", path, path]
    for path in _our_own(shown):
        words += ["--tmpfs", path, "--remount-ro", path]
    words += ["--ro-bind", str(view), VIEW, "--ro-bind", f"{view}/etc/passwd", "/etc/passwd"]
    # What is left of the root and of /dev could be written to, and would fill the memory.
    words += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", VIEW]
    for name, value in environment.items():
        words += ["--setenv", name, value]
    return [*words, "--"]


def environment(variables: dict[str, str]) -> dict[str, str]:
    """The variables inside: those few that change what a notebook shows, and no other."""
    return {
        "HOME": HOME,
        "IPYTHONDIR": f"{HOME}/.ipython",
        "LANG": "C.UTF-8",
        "LOGNAME": "student",
        "MPLCONFIGDIR": f"{HOME}/.matplotlib",
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": "/tmp",
        "USER": "student",
        **variables,
        "PYTHONPATH": VIEW,
    }


def _our_own(shown: list[str], root: Path = ROOT) -> list[str]:
    """Folders of the course in what is shown: it may be installed among other packages."""
    if not any(root.is_relative_to(path) for path in shown):
        return []
    folders = ("course_lib", "grader", "lessons", "solutions", "tests", ".git")
    return [str(root / name) for name in folders if (root / name).is_dir()]


def _interpreter() -> list[str]:
    """Where Python and its packages lie, each folder once and none inside another."""
    places = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    places |= {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    places |= {*site.getsitepackages()}
    if site.ENABLE_USER_SITE:
        places.add(site.getusersitepackages())
    places.add(str(Path(os.path.realpath(sys.executable)).parent))
    there = {os.path.abspath(place) for place in places if os.path.isdir(place)}
    there |= {os.path.realpath(place) for place in there}
    kept: list[str] = []
    for place in sorted(there):
        if not place.startswith("/usr/") and not any(Path(place).is_relative_to(k) for k in kept):
            kept.append(place)
    return kept
