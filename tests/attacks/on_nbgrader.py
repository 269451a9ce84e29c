"""What an attack does to `nbgrader autograde`: it is run on it, inside a sandbox of our own.

The class is the attacker's submission and, after it, an honest one. `python on_nbgrader.py` tries
every attack and writes `on_nbgrader.json`, from which the table in `docs/grading.md` is made.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat
from attack_table import EVERYTHING, LEFTOVER, RIGHT, Attack
from test_attacks import ATTACKS, CELLS, GRADED, Room, course_room

FOUND = Path(__file__).with_suffix(".json")
# nbgrader has no limit that these would meet, and this machine is needed by others.
NOT_TRIED = {"a fork bomb", "a memory bomb", "a disk bomb", "a flood of output"}
SECONDS = 200
_SANDBOX = [
    "bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/", "/",
    "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp",
    "--setenv", "COURSE_SECRET_OF_THE_TEST", "42", "--setenv", "HOME", "/tmp",
]  # fmt: skip
# The last word is what one of the attacks looks for among the processes.
_SCRIPT = f"""
ulimit -v 8000000
nbgrader autograde quest
status=$?
grep -l {LEFTOVER[:-1]}[{LEFTOVER[-1]}] /proc/[0-9]*/cmdline > left 2>/dev/null
exit $status
"""


@dataclass
class Fate:
    """What came of an attack.

    Attributes:
        points: what each cell earned; empty if the gradebook has no score.
        neighbour: whether the honest submission has all its points.
        finished: whether nbgrader came to the end of the class.
        status: its exit status; None if it never ended by itself.
        left: whether a process of the submission survived it.
    """

    points: dict[str, float]
    neighbour: bool
    finished: bool
    status: int | None
    left: bool


def generated(root: Path) -> Room:
    """The assignment, with one honest submission."""
    room = course_room(root, "quest", {"quest": CELLS})
    room.submit("z-last", {"quest": room.answered("quest", RIGHT)})
    return room


def try_on_nbgrader(attack: Attack, room: Room) -> Fate:
    """Let nbgrader grade a class with this attack in it; `room` is a copy of the assignment."""
    notebook = room.answered("quest", attack.answers)
    attack.change(notebook)
    submitted: nbformat.NotebookNode | bytes = notebook if attack.raw is None else attack.raw
    room.submit("attacker", {"quest": submitted}, attack.files)
    here = str(room.root)
    command = [*_SANDBOX, "--bind", here, here, "--chdir", here, "sh", "-c", _SCRIPT, "pytest"]
    status: int | None = None
    said = ""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        status, said = done.returncode, done.stderr[-3000:]
    except subprocess.TimeoutExpired:
        pass
    left = room.root / "left"
    points = _points(room, "attacker")
    return Fate(
        points=points,
        neighbour=_points(room, "z-last") == EVERYTHING,
        finished=status in (0, 1) and bool(_points(room, "z-last") or "z-last" in said),
        status=status,
        left=left.exists() and bool(left.read_text()),
    )


def _points(room: Room, student: str) -> dict[str, float]:
    try:
        grades = room.rows()[student]["grades"]
        both = {short: grades[f"quest/{name}"][:2] for short, name in GRADED.items()}
        return {short: a if m is None else m for short, (a, m) in both.items()}
    except Exception:  # no row, or no gradebook any more
        return {}


def main(names: list[str]) -> None:
    """Try all attacks, or these."""
    found = json.loads(FOUND.read_text()) if FOUND.exists() else {}
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="course-nbgrader-") as name:
        room = generated(Path(name) / "master")
        for number, attack in enumerate(ATTACKS.values()):
            if attack.name in NOT_TRIED or (names and attack.name not in names):
                continue
            if not names and attack.name in found:
                continue
            place = Path(name) / f"{number}"
            found[attack.name] = asdict(try_on_nbgrader(attack, room.copy(place)))
            print(attack.name, found[attack.name], flush=True)
            shutil.rmtree(place, ignore_errors=True)
            FOUND.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
