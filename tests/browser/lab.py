"""A real JupyterLab server, and one of its notebooks as a person sees it in a browser.

In: cells of source text. Out: the text that stands under them. Nothing here waits for a stretch of time: every wait is
for something that the server, the kernel or the page says, with a limit after which it fails and names what was missing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlsplit

from playwright.sync_api import Error, Locator, Page, expect

from tests.browser.servers import JupyterServer

STEP_SECONDS = 60.0

SETTINGS = {
    # A first start otherwise asks about news over the notebook, and asks other hosts for updates.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    # Outputs that are scrolled out of sight stay in the page, so that tests can read them.
    "notebook-extension/tracker": {"windowingMode": "none"},
}


# The time of `document.timeline` stands still within an animation frame. One observer serves all views: it is called
# after each drawing, and what it saw last in a frame is what the frame shows.
WATCH = """
const views = argument.flatMap(index => [...panel.content.widgets[index].node.querySelectorAll(".rnb")]);
const moments = window.rnbMoments = [];
const record = () => {
    const prompts = [...panel.content.node.querySelectorAll(".jp-InputPrompt")];
    const frame = document.timeline.currentTime;
    if (moments.at(-1)?.frame === frame) moments.pop();
    const busy = prompts.some(prompt => prompt.textContent.includes("*"));
    moments.push({frame, busy, texts: views.map(view => view.innerText)});
};
const observer = new MutationObserver(record);
for (const view of views) observer.observe(view, {subtree: true, childList: true, characterData: true});
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a page showed in one animation frame.

    Attributes:
        busy: Whether a cell was running.
        texts: The text of each live view that is watched.
    """

    busy: bool
    texts: list[str]


class LabServer(JupyterServer):
    """A JupyterLab server."""

    module = "jupyterlab"

    def __init__(self, folder: Path) -> None:
        for name, values in SETTINGS.items():
            file = folder / f"settings/@jupyterlab/{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values), encoding="utf-8")
        options = [
            f"--LabApp.user_settings_dir={folder / 'settings'}",
            f"--LabApp.workspaces_dir={folder / 'workspaces'}",
            "--LabApp.expose_app_in_browser=True",
            "--LabApp.extension_manager=readonly",
        ]
        super().__init__(folder, options)

    def address(self, path: str) -> str:
        """Return the address of a notebook's page."""
        return f"{self.url}/lab/tree/{quote(path)}?token={self.token}&reset"


class Notebook:
    """One notebook in one browser page, driven by JupyterLab's own commands.

    Attributes:
        page: The Playwright page, for what has no method here.
        path: The notebook that was opened; empty before.
        console: What the page reported: uncaught errors, and messages of level error.
        foreign_requests: The addresses asked of any host but the server's.
    """

    def __init__(self, page: Page, lab: JupyterServer) -> None:
        self.page = page
        self.lab = lab
        self.path = ""
        self.console: list[str] = []
        self.foreign_requests: list[str] = []
        host = urlsplit(lab.url).netloc
        page.set_default_timeout(STEP_SECONDS * 1000)
        page.on("pageerror", lambda error: self.console.append(str(error)))
        page.on("console", lambda message: self.console.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: self._note_request(request.url, host))
        page.on("websocket", lambda socket: self._note_request(socket.url, host))

    def open(self, path: str) -> Self:
        """Open a notebook of the served folder and return when its kernel answers; open again to reload the page."""
        self.path = path
        self.page.goto(self.lab.address(path))
        self.page.wait_for_function("path => window.jupyterapp?.shell.currentWidget?.context?.path === path", arg=path)
        # The page calls a notebook idle before it has a kernel, and commands then do nothing: ask the kernel itself.
        self._evaluate("await app.restored; await panel.context.ready; await panel.sessionContext.ready;")
        self._evaluate("await panel.sessionContext.session.kernel.info;")
        return self

    def run_all(self, *, allow_errors: bool = False, seconds: float = STEP_SECONDS) -> None:
        """Run every cell and return when the last has finished; an exception in a cell is an `AssertionError` here."""
        self._evaluate("await app.commands.execute('notebook:run-all-cells');", seconds=seconds)
        if not allow_errors:
            self._refuse_errors()

    def run_cell(
        self, index: int, *, wait: bool = True, allow_errors: bool = False, seconds: float = STEP_SECONDS
    ) -> None:
        """Run one cell; with `wait=False` return as soon as the kernel has been asked, as someone who goes on clicking."""
        run = "app.commands.execute('notebook:run-cell');"
        self._evaluate(
            "panel.content.deselectAll(); panel.content.activeCellIndex = argument;" + ("await " if wait else "") + run,
            index,
            seconds,
        )
        if wait and not allow_errors:
            self._refuse_errors(index)

    def add_cell(self, source: str) -> int:
        """Append a code cell, without running it, and return its index."""
        index = int(
            self._evaluate(
                "const model = panel.content.model.sharedModel; const index = model.cells.length;"
                "model.insertCell(index, {cell_type: 'code', source: argument}); return index;",
                source,
            )
        )
        self.cell(index).wait_for(state="attached")
        return index

    def cell(self, index: int) -> Locator:
        """The whole cell in the page."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell").nth(index)

    def output(self, index: int) -> Locator:
        """What stands under a cell, for finding buttons and tables in it."""
        return self.cell(index).locator(".jp-Cell-outputArea")

    def output_text(self, index: int) -> str:
        """The text under a cell as it is now, one line per output, without the numbers in the margin."""
        return "\n".join(text.strip() for text in self._outputs(index).all_inner_texts())

    def wait_for_output(self, index: int, text: str, seconds: float = STEP_SECONDS) -> None:
        """Return when `text` stands in one of the outputs of a cell."""
        found = self._outputs(index).filter(has_text=text).first
        try:
            expect(found).to_be_attached(timeout=seconds * 1000)
        except AssertionError:
            shown = self.output_text(index)
            raise AssertionError(f"cell {index} shows {shown!r} after {seconds} s, not {text!r}") from None

    def table(self, index: int) -> list[list[str]]:
        """The rows under a cell as they are now: the texts of their cells, without the heads of columns."""
        rows = self.output(index).locator(".rnb-body [role=row]").all()
        return [row.locator("[role=gridcell], [role=rowheader]").all_inner_texts() for row in rows]

    def execution_counts(self) -> list[int | None]:
        """The numbers in the margin: running any cell changes one."""
        return list(self._evaluate("return panel.content.widgets.map(cell => cell.model.executionCount ?? null);"))

    def watch(self, *indexes: int) -> None:
        """From now on record the live views under these cells, once per animation frame in which one of them changes."""
        self._evaluate(WATCH, list(indexes))

    def moments(self) -> list[Moment]:
        """What was recorded since `watch`, oldest first."""
        return [Moment(*moment) for moment in self.page.evaluate("window.rnbMoments.map(m => [m.busy, m.texts])")]

    def wait_for_moments(self, count: int, seconds: float = STEP_SECONDS) -> None:
        """Return when this many moments have been recorded since `watch`."""
        reached = "count => window.rnbMoments.length >= count"
        self.page.wait_for_function(reached, arg=count, timeout=seconds * 1000)

    def take_out_what_is_out_of_sight(self) -> None:
        """From now on have cells in the page only while they are in sight, as JupyterLab does in the mode "full"."""
        self._evaluate("panel.content.notebookConfig = {...panel.content.notebookConfig, windowingMode: 'full'};")

    def scroll_to(self, index: int) -> None:
        """Scroll so that a cell stands at the top of the window."""
        self._evaluate("await panel.content.scrollToItem(argument, 'start');", index)

    def save(self) -> None:
        """Write the notebook with its outputs to its file."""
        self._evaluate("await panel.context.save();")

    def restart_kernel(self) -> None:
        """Restart the kernel and return when the new one answers; outputs stay."""
        self._evaluate("await panel.sessionContext.restartKernel();")
        self._evaluate("await panel.sessionContext.session.kernel.requestKernelInfo();")

    def use_theme(self, name: str) -> None:
        """Change JupyterLab's theme, for example to `JupyterLab Dark`, and return when the page has it."""
        self._evaluate("await app.commands.execute('apputils:change-theme', {theme: argument});", name)
        # It covers the page for a moment while it changes.
        changed = "name => document.body.dataset.jpThemeName === name && !document.querySelector('#jupyterlab-splash')"
        self.page.wait_for_function(changed, arg=name)

    def screenshot(self, path: Path) -> None:
        """Write what the window shows as a PNG file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path)

    def _outputs(self, index: int) -> Locator:
        return self.output(index).locator("> .jp-OutputArea-child > .jp-OutputArea-output")

    def _refuse_errors(self, index: int | None = None) -> None:
        failed = self._evaluate(
            "return panel.content.widgets.flatMap((cell, index) => (cell.model.outputs?.toJSON() ?? [])"
            ".filter(output => output.output_type === 'error')"
            ".map(output => ({index, text: output.ename + ': ' + output.evalue})));"
        )
        wrong = [f"cell {cell['index']}: {cell['text']}" for cell in failed if index in (None, cell["index"])]
        assert not wrong, "\n".join(wrong)

    def _note_request(self, url: str, host: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != host:
            self.foreign_requests.append(url)

    def _evaluate(self, body: str, argument: object = None, seconds: float = STEP_SECONDS) -> Any:
        """Run the body of an async JavaScript function that sees `app`, `panel` (the notebook) and `argument`.

        A body without `return` gives None: a promise of one of Lab's own objects would never get through to Python.
        """
        script = f"""async ([argument, limit]) => {{
            const app = window.jupyterapp;
            const panel = app.shell.currentWidget;
            const answer = (async () => {{ {body} return null; }})();
            const late = new Promise((_, fail) => setTimeout(() => fail(new Error('no answer in time')), limit));
            return Promise.race([answer, late]);
        }}"""
        try:
            return self.page.evaluate(script, [argument, seconds * 1000])
        except Error as error:
            raise AssertionError(f"{error.message} (while waiting {seconds} s for: {body})") from None
