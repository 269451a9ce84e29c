"""pyproject.toml, constraints.txt and environment.yml say the same thing."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import deque
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DIRECT = [
    Requirement(line) for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]
]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def pins() -> dict[str, Version]:
    """The exact version of each package that constraints.txt names."""
    found = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            match = re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.!_-]+)", line)
            assert match, f"not an exact pin: {line!r}"
            found[canonicalize_name(match[1])] = Version(match[2])
    return found


def installed_closure() -> set[str]:
    """Every package that an installation with the dev extra needs on this machine."""
    seen: set[tuple[str, frozenset[str]]] = set()
    queue = deque(DIRECT)
    while queue:
        requirement = queue.popleft()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        for line in metadata.requires(requirement.name) or []:
            needed = Requirement(line)
            environments = [{"extra": extra} for extra in ("", *requirement.extras)]
            if not needed.marker or any(needed.marker.evaluate(e) for e in environments):
                queue.append(needed)
    return {name for name, _ in seen}


@pytest.mark.parametrize("requirement", DIRECT, ids=lambda requirement: requirement.name)
def test_every_direct_dependency_has_a_pin_within_its_bounds(requirement):
    pin = pins()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(pin), f"{requirement} does not admit the pin {pin}"


@pytest.mark.parametrize("requirement", DIRECT, ids=lambda requirement: requirement.name)
def test_every_direct_dependency_states_the_least_version_it_needs(requirement):
    assert {spec.operator for spec in requirement.specifier} & {">=", "=="}


def test_the_packages_that_the_course_is_built_around_are_there():
    names = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}
    assert {"jupyterlab", "nbgrader", "numpy", "torch", "matplotlib", "nbval"} <= names


def test_torch_is_pinned_exactly_and_without_a_local_build_label():
    (torch,) = (Requirement(r) for r in PROJECT["dependencies"] if r.startswith("torch"))
    assert str(torch.specifier) == "==2.13.0"
    assert str(pins()["torch"]) == "2.13.0"


@pytest.mark.skipif(
    sys.platform != "linux" or sys.version_info[:2] != (3, 11),
    reason="the pins were resolved on Linux with Python 3.11: run the tests there to compare them",
)
def test_the_pins_are_exactly_what_an_installation_needs():
    needed = {
        name
        for name in installed_closure() - {"setuptools", "pip"}
        if not name.startswith(("nvidia-", "cuda-")) and name != "triton"  # a CUDA build's own
    }
    assert needed == set(pins())


def test_environment_yml_names_a_python_that_pyproject_allows():
    (python,) = (
        d for d in ENVIRONMENT["dependencies"] if isinstance(d, str) and d.startswith("python")
    )
    version = python.removeprefix("python=")
    assert SpecifierSet(PROJECT["requires-python"]).contains(version)
    assert PROJECT["requires-python"] == f">={version}"


def test_environment_yml_installs_this_project_with_these_constraints():
    (pip,) = (d["pip"] for d in ENVIRONMENT["dependencies"] if isinstance(d, dict))
    assert pip == ["-c constraints.txt", "-e .[dev]"]
    assert "pip" in ENVIRONMENT["dependencies"]
    assert ENVIRONMENT["name"] == PROJECT["name"]


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed: apt-get install make")
@pytest.mark.parametrize("target", ["lab", "test"])
def test_make_sets_up_with_the_same_constraints_and_extra(target, tmp_path):
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    printed = subprocess.run(
        ["make", "--dry-run", target], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert "--constraint constraints.txt --editable '.[dev]'" in printed


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed: apt-get install make")
class TestMakeOnAFreshMachine:
    """The set-up recipe, with a made-up Python that records what it is asked to do."""

    def run(self, folder: Path, python: str) -> subprocess.CompletedProcess[str]:
        for name in ("Makefile", "pyproject.toml", "constraints.txt"):
            shutil.copy2(ROOT / name, folder)  # with its date: make goes by dates
        return subprocess.run(
            ["make", "setup", f"PYTHON={python}"], cwd=folder, capture_output=True, text=True
        )

    def fake(
        self, folder: Path, *, version: tuple[int, ...] = (3, 11, 0), venv_works: bool = True
    ) -> str:
        """A stand-in for Python that creates folders instead of installing packages."""
        script = folder / "fake-python"
        run_it = "exec(sys.argv[1])"
        script.write_text(
            f"""#!/bin/sh
echo "$@" >> "{folder}/calls"
make_env() {{ mkdir -p .venv/bin; cp "{script}" .venv/bin/python; }}
case "$1 $2" in
  -c*) exec "{sys.executable}" -c "import sys; sys.version_info = {version}; {run_it}" "$2";;
  "-m venv") {"make_env" if venv_works else "exit 1"};;
  "-m virtualenv") make_env;;
esac
""",
            encoding="utf-8",
        )
        script.chmod(0o755)
        return str(script)

    def test_a_second_setup_does_nothing(self, tmp_path):
        python = self.fake(tmp_path)
        assert self.run(tmp_path, python).returncode == 0
        first = (tmp_path / "calls").read_text()
        assert "install" in first
        assert self.run(tmp_path, python).returncode == 0
        assert (tmp_path / "calls").read_text() == first

    def test_a_folder_with_spaces_in_its_name_is_fine(self, tmp_path):
        folder = tmp_path / "my deep learning"
        folder.mkdir()
        result = self.run(folder, self.fake(folder))
        assert result.returncode == 0, result.stderr

    def test_changed_constraints_install_again(self, tmp_path):
        python = self.fake(tmp_path)
        self.run(tmp_path, python)
        (tmp_path / "calls").unlink()
        later = (tmp_path / ".venv" / ".installed").stat().st_mtime + 5
        os.utime(tmp_path / "constraints.txt", (later, later))
        subprocess.run(["make", "setup", f"PYTHON={python}"], cwd=tmp_path, check=True)
        assert "--constraint constraints.txt" in (tmp_path / "calls").read_text()
        assert "venv" not in (tmp_path / "calls").read_text().replace(".venv", "")

    def test_a_python_that_is_too_old_is_named_with_what_is_required(self, tmp_path):
        result = self.run(tmp_path, self.fake(tmp_path, version=(3, 9, 18)))
        assert result.returncode != 0
        assert "Python 3.11 or newer is required" in result.stderr
        assert "is 3.9.18" in result.stderr
        assert not (tmp_path / ".venv").exists()

    def test_a_python_that_is_not_there_is_named(self, tmp_path):
        result = self.run(tmp_path, "no-such-python")
        assert result.returncode != 0
        assert 'no "no-such-python" was found' in result.stderr

    def test_without_the_venv_module_virtualenv_takes_over(self, tmp_path):
        result = self.run(tmp_path, self.fake(tmp_path, venv_works=False))
        assert result.returncode == 0, result.stderr
        calls = (tmp_path / "calls").read_text()
        assert "-m pip install --quiet --target .venv-tools virtualenv" in calls
        assert "-m virtualenv" in calls

    def test_a_failed_installation_is_not_taken_for_a_finished_one(self, tmp_path):
        python = self.fake(tmp_path)
        script = Path(python)
        script.write_text(script.read_text().replace("case", '[ "$3" = install ] && exit 3\ncase'))
        assert self.run(tmp_path, python).returncode != 0
        assert not (tmp_path / ".venv" / ".installed").exists()


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
def test_the_ci_script_is_executable_bash_that_parses():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)
