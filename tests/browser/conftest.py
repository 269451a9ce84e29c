"""Chromium and a running course to look at with it.

Every run leaves its pictures in tests/artefacts. With COURSE_UPDATE_PICTURES=1 it makes them twice
as fine, and replaces the committed ones in docs/images.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chromium import FLAGS, find_chromium
from lab_server import LabServer
from lesson_page import UPDATE_PICTURES
from playwright.sync_api import BrowserContext, sync_playwright


@pytest.fixture(scope="module")
def chromium_path() -> str:
    return find_chromium()


@pytest.fixture(scope="module")
def browser_context(chromium_path: str) -> Iterator[BrowserContext]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        context = browser.new_context(
            viewport={"width": 1280, "height": 900},
            device_scale_factor=2 if UPDATE_PICTURES else 1,  # fine for a README, quick for a test
            color_scheme="light",
        )
        yield context
        browser.close()


@pytest.fixture(scope="module")
def course(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    server = LabServer(tmp_path_factory.mktemp("learner"))
    try:
        server.start()
        yield server
    finally:
        server.stop()
