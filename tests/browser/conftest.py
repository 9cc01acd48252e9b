"""Fixtures of the browser tests: one JupyterLab server for the run, one browser per file, one page per test.

Everything in this folder carries the mark `browser`. Without a browser these tests are skipped, and say so; where the
environment says `CI=true` they fail instead. A failing test leaves a picture of the page in build/browser.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.lab import STEP_SECONDS, LabServer, Notebook
from tests.browser.servers import JupyterServer

HERE = Path(__file__).parent
PICTURES = HERE.parents[1] / "build/browser"
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Nothing but this machine can be reached, so a page that needs another host fails here.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
# The pictures that documents show are looked at on screens of every kind.
SCALE = 2 if os.environ.get("REACTIVE_NB_SCREENSHOTS") == "1" else 1
FAILED = pytest.StashKey[bool]()

expect.set_options(timeout=STEP_SECONDS * 1000)  # as long as everything else is waited for: a machine may be busy

ReportHook = Generator[None, pytest.TestReport, pytest.TestReport]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("browser")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> ReportHook:
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser to use."""
    wanted = (os.environ["REACTIVE_NB_CHROMIUM"],) if "REACTIVE_NB_CHROMIUM" in os.environ else NAMES
    for name in wanted:
        if path := shutil.which(name):
            return path
    message = f"no browser: none of {', '.join(wanted)} can be run; install Chromium or set REACTIVE_NB_CHROMIUM"
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


@pytest.fixture(scope="session")
def lab(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """The JupyterLab server; write notebooks into `lab.root` or with `lab.write_notebook`."""
    with LabServer(tmp_path_factory.mktemp("lab")) as server:
        yield server


# Playwright's event loop runs in this thread as long as it is started, and asyncio.run refuses to work meanwhile: the
# browser is therefore closed with the file that asked for it, before tests that have loops of their own.
@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A headless browser that reaches this machine only."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def notebook(browser: Browser, lab: LabServer, request: pytest.FixtureRequest) -> Iterator[Notebook]:
    """A new page without a notebook in it yet: call `open`."""
    with new_page(browser, lab) as notebook:
        yield notebook
        keep_picture_of_failure(notebook, request)


@pytest.fixture(scope="module")
def shared_page(browser: Browser, lab: LabServer) -> Iterator[Notebook]:
    """An empty notebook for all tests of a file that can share one kernel; ask for `shared_notebook`."""
    with new_page(browser, lab) as notebook:
        yield notebook.open(lab.write_notebook("shared.ipynb", ""))


@pytest.fixture
def shared_notebook(shared_page: Notebook, request: pytest.FixtureRequest) -> Iterator[Notebook]:
    """The notebook that the tests of a file share: each adds cells of its own, and no page has to be opened."""
    yield shared_page
    keep_picture_of_failure(shared_page, request)


@contextmanager
def new_page(browser: Browser, lab: JupyterServer) -> Iterator[Notebook]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 1000}, device_scale_factor=SCALE, timezone_id="Europe/Zurich"
    )
    notebook = Notebook(context.new_page(), lab)
    try:
        yield notebook
    finally:
        context.close()
        lab.shut_down_kernel(notebook.path)
        # One server serves all tests from one folder, and two notebooks may call their databases the same.
        for file in lab.root.glob("*.duckdb*"):
            file.unlink()


def keep_picture_of_failure(notebook: Notebook, request: pytest.FixtureRequest) -> None:
    if request.node.stash.get(FAILED, False):
        picture = PICTURES / f"{request.node.name}.png"
        notebook.screenshot(picture)
        request.node.add_report_section("teardown", "page", "\n".join([str(picture), *notebook.console]))
        server_log = notebook.lab.log.read_text(encoding="utf-8")[-3000:]
        request.node.add_report_section("teardown", "server log", server_log)
