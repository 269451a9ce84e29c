"""What happens where there is no browser."""

from __future__ import annotations

import shutil

import pytest
from chromium import find_chromium


@pytest.fixture
def no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)


@pytest.mark.usefixtures("no_browser")
def test_without_chromium_the_skip_names_the_command_that_installs_it(monkeypatch):
    monkeypatch.delenv("COURSE_REQUIRE_BROWSER", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install chromium"):
        find_chromium()


@pytest.mark.usefixtures("no_browser")
def test_where_a_browser_is_required_its_absence_is_a_failure(monkeypatch):
    monkeypatch.setenv("COURSE_REQUIRE_BROWSER", "1")
    with pytest.raises(pytest.fail.Exception, match="apt-get install chromium"):
        find_chromium()


def test_the_first_browser_on_the_path_is_taken(monkeypatch):
    monkeypatch.setattr(shutil, "which", {"google-chrome": "/opt/chrome"}.get)
    assert find_chromium() == "/opt/chrome"
