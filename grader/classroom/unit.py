"""The unit of work: one submission in, one result out, no database and no shared folder.

The same call grades in a local worker and on a cluster.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata

from nbformat.notebooknode import NotebookNode

from grader.classroom import outside
from grader.classroom.hearing import Trial
from grader.classroom.master import Master, asked, grading
from grader.classroom.notebook_run import NotebookRun, Policy, kind_of, opened
from grader.classroom.rebuild import rebuild
from grader.classroom.result import CellResult, NotebookResult, Result
from grader.classroom.scoring import score_of_outputs
from grader.classroom.submission import Unreadable, cells_of, without_shadows

_PACKAGES = ("deep-learning-course", "nbgrader", "numpy", "torch", "ipykernel")


@dataclass(frozen=True)
class Work:
    """One submission with all that grading it needs.

    Attributes:
        student: who.
        assignment: of what.
        masters: the instructor's notebooks.
        notebooks: the submitted ones, as bytes, by name.
        files: the other files that the student handed in, by relative path.
        material: the instructor's other files; they take precedence.
        timestamp: when it was handed in, as text.
        remarks: what was left aside in reading it.
    """

    student: str
    assignment: str
    masters: tuple[Master, ...]
    notebooks: Mapping[str, bytes]
    files: Mapping[str, bytes] = field(default_factory=dict)
    material: Mapping[str, bytes] = field(default_factory=dict)
    timestamp: str = ""
    remarks: tuple[str, ...] = ()


def grade_submission(work: Work, policy: Policy) -> Result:
    """Grade one submission. Whatever it does, a result comes back that says so.

    Raises:
        CourseError: this machine cannot grade (no sandbox, say); no submission is at fault.
    """
    started = time.monotonic()
    result = Result(work.student, work.assignment, remarks=list(work.remarks))
    result.versions, result.timestamp = versions(), work.timestamp
    files = {**without_shadows(work.files, result.remarks), **work.material}
    for master in work.masters:
        content = work.notebooks.get(master.name)
        result.notebooks.append(
            _grade_notebook(master, content, files, work.material, work.student, policy)
        )
    result.seconds = time.monotonic() - started
    return result


def versions() -> dict[str, str]:
    """What grades here, for the record."""
    import platform

    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _grade_notebook(
    master: Master,
    content: bytes | None,
    files: Mapping[str, bytes],
    material: Mapping[str, bytes],
    student: str,
    policy: Policy,
) -> NotebookResult:
    started = time.monotonic()
    result = NotebookResult(master.name, seed=notebook_seed(policy.seed, student, master.name))
    try:
        if content is None:
            result.status = "missing"
            result.faults.append("the notebook is missing from the submission")
            _earn_nothing(master, result, "the notebook was not submitted")
        else:
            rebuilt = rebuild(master.notebook, cells_of(content))
            result.remarks += rebuilt.remarks
            NotebookRun(rebuilt.notebook, master, result, policy).go(files)
            if any(cell.kind == "test" for cell in result.cells):
                _confirm(rebuilt.notebook, master, result, policy, files, material)
    except Unreadable as error:
        result.status = "unreadable"
        result.faults.append(str(error))
        _earn_nothing(master, result, str(error))
    result.seconds = time.monotonic() - started
    return result


def _confirm(
    notebook: NotebookNode,
    master: Master,
    result: NotebookResult,
    policy: Policy,
    files: Mapping[str, bytes],
    material: Mapping[str, bytes],
) -> None:
    """Have plain tests that gave points judged outside, where that can be."""

    def trial(files: Mapping[str, bytes]) -> Trial:
        return Trial(
            lambda: opened(files, master, policy), policy.sandbox, policy.limits, material,
            lambda outputs, most: score_of_outputs(outputs, most, policy.ignore_stderr),
        )  # fmt: skip

    def inside(solved: NotebookNode) -> NotebookResult:
        reference = NotebookResult(master.name, seed=result.seed)
        NotebookRun(solved, master, reference, policy).go(material)
        return reference

    known = partial(outside.judgeable, master, trial(material), inside)
    outside.confirm(result, notebook, master, trial(files), known)


def notebook_seed(seed: int, student: str, notebook: str) -> int:
    """What a student's inputs are drawn from: no two students see the same, a regrade does."""
    text = f"{seed}\0{student}\0{notebook}"
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest, "big")


def _earn_nothing(master: Master, result: NotebookResult, why: str) -> None:
    """As nbgrader scores a missing notebook: 0 everywhere, and nothing waits for a person."""
    for cell in master.notebook.cells:
        kind = kind_of(cell, asked(cell))
        if kind is not None:
            most = float(grading(cell)["points"])
            result.cells.append(CellResult(grading(cell)["grade_id"], kind, 0.0, most, note=why))
