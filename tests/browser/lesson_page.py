"""A lesson as a learner has it before them: cells by their ids, keys, reports, pictures.

What a person does with the keyboard or a menu is done with them. What only finds things (a cell by
its id, a prompt's number) asks JupyterLab, since the notebook's page carries no ids.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

UPDATE_PICTURES = os.environ.get("COURSE_UPDATE_PICTURES") == "1"
# Of the notebook in front: others may be open in tabs behind it.
FRONT = ".jp-NotebookPanel:not(.lm-mod-hidden)"
IDLE = f"{FRONT} .jp-Notebook-ExecutionIndicator[data-status=idle]"
STUB = "raise NotImplementedError"
_CELLS = "window.jupyterapp.shell.currentWidget.content.widgets"
_LABEL = f"""() => {{
    for (const cell of {_CELLS}) cell.node.dataset.cell = cell.model.id;
}}"""
_FIND = f"""start => {{
    const cell = {_CELLS}.find(cell => cell.model.sharedModel.getSource().startsWith(start));
    return cell ? cell.model.id : null;
}}"""
_CODE_IDS = f"() => {_CELLS}.filter(cell => cell.model.type === 'code').map(cell => cell.model.id)"
_SHOW = f"""async ([id, where]) => {{
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = {_CELLS}.findIndex(cell => cell.model.id === id);
    notebook.deselectAll();
    await notebook.scrollToItem(notebook.activeCellIndex, where);
}}"""
_CELL = f"{_CELLS}.find(cell => cell.model.id === id)"
_FORGET_RUN = f"id => {{ {_CELL}.model.executionCount = null; }}"
_HAS_RUN = f"id => {_CELL}.model.executionCount !== null"
_SET_SOURCE = f"([id, source]) => {_CELL}.model.sharedModel.setSource(source)"
_SOURCE = f"id => {_CELL}.model.sharedModel.getSource()"
_TRACEBACKS = f"""() => {_CELLS}.filter(cell => cell.model.type === 'code').flatMap(cell =>
    cell.model.outputs.toJSON().filter(output => output.output_type === 'error')
        .map(output => [cell.model.id, output.ename]))"""
_READY = """() => {
    const panel = window.jupyterapp?.shell.currentWidget;
    const kernel = panel?.sessionContext?.session?.kernel;
    return kernel?.status === 'idle' && kernel.connectionStatus === 'connected'
        && panel.content.widgets.slice(0, 6).every(cell => !cell.isPlaceholder());
}"""
_ALL_RUN = f"""() => {_CELLS}.find(cell => cell.model.type === 'code').model.executionCount !== null
    && {_CELLS}.every(cell => !cell.node.querySelector('.jp-InputPrompt')?.innerText.includes('*'))
"""


class LessonPage:
    """One browser page with a notebook in JupyterLab."""

    def __init__(self, page: Page, pictures: Path) -> None:
        self.page = page
        self.pictures = pictures
        self.pictures.mkdir(parents=True, exist_ok=True)
        self.complaints: list[str] = []
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, url: str) -> None:
        """Go to the server's front door and wait for a notebook with a kernel behind it."""
        self.page.goto(url)
        expect(self.page.locator(".jp-NotebookPanel:visible")).to_have_count(1, timeout=60_000)
        self.page.wait_for_function(_READY, timeout=60_000)
        expect(self.page.locator(IDLE)).to_be_visible()

    def dialogs(self) -> list[str]:
        """What stands in the way of the lesson: dialogs and popups, by their words."""
        return self.page.locator(".jp-Dialog, .Toastify__toast").all_inner_texts()

    def command(self, name: str, **arguments: Any) -> None:
        """Carry out one of JupyterLab's commands and wait until it is done."""
        call = "async ([name, args]) => { await window.jupyterapp.commands.execute(name, args); }"
        self.page.evaluate(call, [name, arguments])

    def menu(self, *labels: str) -> None:
        """Click through the menu bar."""
        self.page.get_by_role("menuitem", name=labels[0], exact=True).click()
        for label in labels[1:]:
            self.page.get_by_role("menuitem", name=label, exact=True).click()

    def run_all(self) -> None:
        """Run > Run All Cells, and wait until nothing runs or waits any more."""
        self.menu("Run", "Run All Cells")
        self.page.wait_for_function(_ALL_RUN, timeout=60_000)
        expect(self.page.locator(IDLE)).to_be_visible()

    def tracebacks(self) -> dict[str, str]:
        """The cells that show a traceback, by id, each with the exception's name."""
        return dict(self.page.evaluate(_TRACEBACKS))

    def cell(self, id: str, where: str = "smart") -> Locator:
        """The cell with this id, active, and scrolled to where it can be seen."""
        self.page.evaluate(_LABEL)
        self.page.evaluate(_SHOW, [id, where])
        cell = self.page.locator(f'.jp-Cell[data-cell="{id}"]')
        expect(cell).to_be_visible()
        return cell

    def id_of(self, start: str) -> str:
        """The id of the first cell whose source begins like this."""
        id = self.page.evaluate(_FIND, start)
        assert id, f"no cell begins with {start!r}"
        return str(id)

    def source(self, id: str) -> str:
        """What is written in a cell."""
        return str(self.page.evaluate(_SOURCE, id))

    def write(self, id: str, source: str) -> None:
        """Give a cell this source, and run it."""
        self.page.evaluate(_SET_SOURCE, [id, source])
        self.run(id)

    def run(self, id: str) -> Locator:
        """Run a cell where it is; returns its output."""
        self.cell(id)
        with self.runs(id):
            self.command("notebook:run-cell")
        return self.output(id)

    def run_on(self, after: str, to: str) -> Locator:
        """Run the code cells after one cell up to another; returns the last one's output."""
        ids = self.page.evaluate(_CODE_IDS)
        for id in ids[ids.index(after) + 1 : ids.index(to) + 1]:
            output = self.run(id)
        return output

    def output(self, id: str) -> Locator:
        """What stands below a cell."""
        return self.cell(id).locator(".jp-Cell-outputArea")

    @contextmanager
    def runs(self, id: str) -> Iterator[None]:
        """A context in which something makes this cell run; it ends when the cell has run."""
        # A new kernel numbers from 1 again, so an old number in the prompt proves nothing.
        self.page.evaluate(_FORGET_RUN, id)
        yield
        self.page.wait_for_function(_HAS_RUN, arg=id, timeout=60_000)
        expect(self.page.locator(IDLE)).to_be_visible(timeout=60_000)

    def type_over(self, id: str, line: str, text: str) -> None:
        """Click on the line of a cell that holds `line`, and type over it as a person would."""
        self.cell(id).locator(".cm-line", has_text=line).click()
        self.page.keyboard.press("End")
        self.page.keyboard.press("Shift+Home")  # to the indentation, which stays
        self.page.keyboard.type(text)

    def new_cell_below(self, id: str, text: str) -> str:
        """Press b for a cell below, type into it; returns the new cell's id."""
        self.cell(id)
        self.page.locator(f"{FRONT} .jp-Notebook").focus()
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("b")
        self.page.keyboard.press("Enter")
        self.page.keyboard.type(text)
        return self.id_of(text)

    def picture(self, name: str, top: str | None = None) -> None:
        """Keep a picture of the page, with this cell near its top."""
        if top:
            self.cell(top, "start")
        self.page.screenshot(path=self.pictures / f"{name}.png", animations="disabled")

    def portrait(self, name: str, id: str, beside: str, width: int) -> Path:
        """Keep a picture of one cell alone, on a page of this width; returns its path.

        Another cell is active meanwhile: the active one wears a toolbar and a frame.
        """
        size = self.page.viewport_size
        assert size
        self.page.set_viewport_size({"width": width, "height": 1600})
        cell = self.cell(id)
        self.cell(beside, "start")
        path = self.pictures / f"{name}.png"
        cell.screenshot(path=path, animations="disabled")
        self.page.set_viewport_size(size)
        return path

    def _listen(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)
