"""The panel in JupyterLab's sidebar, as a person sees and uses it. Everything waits for what the page says."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.browser.lab import Notebook


class LabPanel:
    """The panel beside one notebook.

    Attributes:
        notebook: The notebook's page.
        node: The whole panel.
    """

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self.page = notebook.page
        self.node = self.page.locator("#reactive-nb-panel")

    def open(self) -> LabPanel:
        """Show it, by the command that is in the palette."""
        self.command("reactive-nb:show")
        expect(self.node).to_be_visible()
        return self

    def command(self, name: str) -> None:
        """Run one of JupyterLab's commands."""
        self.page.evaluate("async name => { await jupyterapp.commands.execute(name); return null; }", name)

    @property
    def empty(self) -> Locator:
        """What it says when there is nothing to look at."""
        return self.node.locator(".rnb-panel-empty")

    def tab(self, name: str) -> Locator:
        """The tab of a section."""
        return self.node.get_by_role("tab", name=name, exact=True)

    def choose(self, name: str) -> Locator:
        """Go to a section, and return what it shows."""
        self.tab(name).click()
        return self.section

    @property
    def section(self) -> Locator:
        """The section that is shown."""
        return self.node.get_by_role("tabpanel")

    def row(self, key: str) -> Locator:
        """The row of one item of the section's list."""
        return self.section.locator(f'.rnb-list-row[data-key="{key}"]')

    def wait_for_tables(self, counts: dict[str, int]) -> None:
        """Return when the section Tables shows these tables of the user's own, with these numbers of documents."""
        for name, count in counts.items():
            expect(self.row(name).locator(".rnb-row-count")).to_have_text(f"{count:,}")

    def resize(self, width: int) -> None:
        """Make the sidebar this wide."""
        script = """width => {
            const layout = document.querySelector('#jp-main-split-panel');
            const panel = document.querySelector('#jp-left-stack');
            const handle = [...layout.querySelectorAll(':scope > .lm-SplitPanel-handle')].find(each => each.offsetWidth);
            const from = handle.getBoundingClientRect();
            return [from.x + from.width / 2, from.y + 300, from.x + width - panel.getBoundingClientRect().width];
        }"""
        start, height, end = self.page.evaluate(script, width)
        self.page.mouse.move(start, height)
        self.page.mouse.down()
        self.page.mouse.move(end + 2, height, steps=4)
        self.page.mouse.up()

    def picture(self, path: Path) -> None:
        """Write what the panel shows as a PNG file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.node.screenshot(path=path)
