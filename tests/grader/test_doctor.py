"""`course doctor` looks at a machine, and says what to do about what is missing."""

import json
import subprocess
import sys

import pytest

from grader import doctor
from grader.doctor import Finding, diagnose, healthy, render, to_json


def named(findings, name):
    """The finding about `name`."""
    (found,) = (finding for finding in findings if finding.name == name)
    return found


@pytest.fixture(scope="module")
def findings():
    return diagnose()


def test_this_machine_has_what_a_learner_needs(findings):
    assert healthy(findings), [f for f in findings if f.status == "problem"]


@pytest.mark.parametrize("package", doctor.MAIN_PACKAGES)
def test_every_main_package_is_named_with_its_version(findings, package):
    assert named(findings, package).detail[0].isdigit()


def test_every_area_of_the_machine_is_covered(findings):
    areas = list(dict.fromkeys(finding.area for finding in findings))
    assert areas == ["versions", "machine", "kernels", "sandbox", "browser", "workspace"]


def test_a_missing_package_is_a_problem_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(doctor, "MAIN_PACKAGES", ("no-such-package",))
    (finding,) = doctor._packages()
    assert finding.status == "problem"
    assert "pip install" in finding.remedy


def test_an_untested_version_is_named_with_the_tested_one(monkeypatch):
    monkeypatch.setattr(doctor, "_pins", lambda path: {"numpy": "0.1"})
    finding = named(doctor._packages(), "numpy")
    assert finding.status == "absent"
    assert finding.detail.endswith("the course is tested with 0.1")


def test_a_local_build_of_torch_counts_as_the_pinned_version(findings):
    assert named(findings, "torch").status == "ok"


def test_without_the_repository_there_are_no_pins(tmp_path):
    assert doctor._pins(tmp_path / "constraints.txt") == {}


def test_a_control_group_quota_limits_the_usable_cpus(monkeypatch):
    monkeypatch.setattr(doctor, "_read", lambda path: "50000 100000")
    assert doctor.usable_cpus() == 0.5
    monkeypatch.setattr(doctor, "_read", lambda path: "max 100000")
    assert doctor.usable_cpus() >= 1


def test_a_control_group_limit_bounds_the_memory(monkeypatch):
    monkeypatch.setattr(doctor, "_read", lambda path: str(2**30))
    (finding,) = doctor._memory()
    assert finding.detail.startswith("1.0 GiB")
    assert finding.status == "absent"


def test_no_gpu_is_fine_and_says_what_works(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(doctor, "_nvidia_driver", lambda: "")
    finding = named(doctor._gpu(), "gpu")
    assert finding.status == "absent"
    assert "every lesson works without" in finding.detail


def test_a_driver_that_torch_cannot_use_is_explained(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(doctor, "_nvidia_driver", lambda: "580.1")
    finding = named(doctor._gpu(), "gpu")
    assert "580.1" in finding.detail
    assert "CUDA build" in finding.remedy


def test_a_missing_sandbox_names_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    finding = doctor._bubblewrap()
    assert (finding.status, finding.remedy) == ("absent", "sudo apt-get install bubblewrap")


def test_a_sandbox_that_does_not_start_is_not_called_working(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: "/usr/bin/bwrap")
    denied = subprocess.CompletedProcess([], 1, "", "bwrap: No permissions\n")
    monkeypatch.setattr(doctor, "_run", lambda *command: denied)
    finding = doctor._bubblewrap()
    assert finding.status == "absent"
    assert "no sandbox starts: bwrap: No permissions" in finding.detail
    assert finding.remedy.startswith("allow user namespaces") or "sysctl" in finding.remedy


def test_a_missing_browser_names_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    assert named(doctor._browser(), "chromium").remedy == "sudo apt-get install chromium"


def test_a_workspace_without_a_course_is_not_called_delivered(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_WORKSPACE", str(tmp_path))
    assert named(doctor._workspace(), "lessons").status == "absent"
    (tmp_path / ".course").mkdir()
    assert named(doctor._workspace(), "lessons").status == "ok"


def test_a_helper_program_that_hangs_or_is_missing_is_no_crash(monkeypatch):
    monkeypatch.setattr(doctor, "_SECONDS", 0.05)
    assert doctor._run(sys.executable, "-c", "import time; time.sleep(30)") is None
    assert doctor._run("no-such-program") is None


def test_a_look_that_fails_is_a_finding(monkeypatch):
    def _gpu():
        raise OSError("libcuda is half installed")

    monkeypatch.setattr(doctor, "_gpu", _gpu)
    finding = named(diagnose(), "gpu")
    assert finding.status == "problem"
    assert "OSError: libcuda is half installed" in finding.detail


def test_json_says_the_same_as_the_findings(findings):
    data = json.loads(to_json(findings))
    assert data["healthy"] is True
    assert [Finding(**entry) for entry in data["findings"]] == findings


def test_the_rendering_is_one_line_a_finding_and_one_a_remedy(capsys):
    render(
        [
            Finding("machine", "gpu", "absent", "none [really] " + "x" * 200, "buy one"),
            Finding("machine", "cpu", "problem", "none"),
        ]
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "machine"
    assert lines[1].startswith("  --  gpu          none [really] xxx")
    assert lines[2].strip() == "to do: buy one"
    assert lines[-1] == "Not ready: see !!."
    assert len(lines) == 5
