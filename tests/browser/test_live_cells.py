"""Reactive cells in JupyterLab: their outputs change in place while no cell is run, and say why and how it is with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import STEP_SECONDS

if TYPE_CHECKING:
    from tests.browser.lab import Notebook

expect.set_options(timeout=STEP_SECONDS * 1000)  # five seconds are too few on a busy machine

CHAT = """
%load_ext reactive_nb
import threading
import ipywidgets as w
import reactive_nb as rnb
from reactive_nb import v

db = rnb.connect()
db.define(messages=rnb.table(channel=v.string(), body=v.string()).index("by_channel", "channel"))

@db.mutation
def send(ctx, channel: str, body: str):
    return ctx.db.insert("messages", {"channel": channel, "body": body})

@db.query
def latest(ctx, channel: str):
    return [m["body"] for m in ctx.db.query("messages").with_index("by_channel", channel=channel).collect()]

send(channel="general", body="good morning")
"""

# As a person does it between cells, without running one.
ELSEWHERE = """
async code => {
    const {kernel} = jupyterapp.shell.currentWidget.sessionContext.session;
    await kernel.requestExecute({code, store_history: false}).done;
}
"""


@pytest.fixture
def chat(shared_notebook: Notebook) -> Iterator[Notebook]:
    """The shared notebook with a new chat database that has one message; closed at the end."""
    run(shared_notebook, CHAT)
    yield shared_notebook
    run(shared_notebook, "%unload_ext reactive_nb\ndb.close()")


def run(notebook: Notebook, source: str) -> int:
    index = notebook.add_cell(source)
    notebook.run_cell(index)
    return index


def elsewhere(notebook: Notebook, code: str) -> None:
    notebook.page.evaluate(ELSEWHERE, code)


def shown(notebook: Notebook, index: int) -> Locator:
    return notebook.output(index).locator(".rnb-content")


def test_a_live_cell_runs_again_in_place_when_what_it_called_changes(chat: Notebook) -> None:
    index = run(chat, "%%live\nfound = latest('general')\nprint(len(found), 'messages')\nfound[-1]")
    place = shown(chat, index)
    expect(place).to_contain_text("1 messages")
    expect(place).to_contain_text("'good morning'")
    counts = chat.execution_counts()

    elsewhere(chat, "send(channel='general', body='good evening')")

    expect(place).to_contain_text("2 messages")
    expect(place).to_contain_text("'good evening'")
    expect(place).to_contain_text("ran again because latest(channel='general') changed, commit ")
    expect(place).not_to_contain_text("good morning")
    assert chat.execution_counts() == counts


def test_a_widget_runs_it_again(chat: Notebook) -> None:
    elsewhere(chat, "send(channel='other', body='hidden')")
    pick = run(chat, "channel = w.ToggleButtons(options=['general', 'other'])\nchannel")
    place = shown(chat, run(chat, "%%live\nprint(latest(channel.value))"))
    expect(place).to_contain_text("['good morning']")

    chat.output(pick).get_by_role("button", name="other").click()

    expect(place).to_contain_text("['hidden']")
    expect(place).to_contain_text("ran again because channel.value is 'other'")


def test_an_error_stands_in_place_of_the_outputs_and_goes_again(chat: Notebook) -> None:
    place = shown(chat, run(chat, "%%live\nprint(10 / (len(latest('general')) - 2))"))
    expect(place).to_contain_text("-10.0")

    elsewhere(chat, "send(channel='general', body='second')")
    expect(place).to_contain_text("ZeroDivisionError")
    expect(place).not_to_contain_text("-10.0")
    elsewhere(chat, "send(channel='general', body='third')")

    expect(place).to_contain_text("10.0")
    expect(place.get_by_text("ZeroDivisionError").filter(visible=True)).to_have_count(0)


def test_it_waits_for_the_cell_that_runs_and_says_so(chat: Notebook) -> None:
    run(chat, "busy = False\nproceed = threading.Event()")
    place = shown(chat, run(chat, "%%live\nprint(len(latest('general')), 'in a cell' if busy else 'between cells')"))
    # A click is carried out while a cell runs.
    source = "go = w.Button(description='go')\nanswer_at_once(go)\ngo.on_click(lambda _: proceed.set())\ngo"
    go = run(chat, f"from reactive_nb.notebook.page.channel import answer_at_once\n{source}")
    expect(place).to_contain_text("1 between cells")

    writer = chat.add_cell("busy = True\nsend(channel='general', body='x')\nproceed.wait()\nbusy = False")
    chat.run_cell(writer, wait=False)
    expect(place.locator(".rnb-state")).to_contain_text("stale")
    expect(place).to_contain_text("1 between cells")
    chat.output(go).get_by_role("button").click()

    expect(place).to_contain_text("2 between cells")


def test_an_on_cell_says_what_it_waits_for_and_runs_with_the_new_value(chat: Notebook) -> None:
    place = shown(chat, run(chat, "%%on latest('general')\nprint('now', rows)"))
    expect(place).to_contain_text("waiting for a change of latest('general')")

    elsewhere(chat, "send(channel='general', body='hello')")

    expect(place).to_contain_text("now ['good morning', 'hello']")


def test_a_reloaded_page_shows_it_and_follows_it(chat: Notebook) -> None:
    index = run(chat, "%%live\nprint(latest('general'))")
    expect(shown(chat, index)).to_contain_text("['good morning']")
    chat.save()

    chat.open(chat.path)
    place = shown(chat, index)
    expect(place).to_contain_text("['good morning']")
    elsewhere(chat, "send(channel='general', body='after')")

    expect(place).to_contain_text("['good morning', 'after']")


def test_a_picture_is_replaced(chat: Notebook) -> None:
    run(chat, "import matplotlib.pyplot as plt")
    place = shown(chat, run(chat, "%%live\nplt.figure(figsize=(2, 1)); plt.bar([0], [len(latest('general'))]);"))
    picture = place.locator("img")
    before = picture.get_attribute("src")

    elsewhere(chat, "send(channel='general', body='taller')")

    expect(picture).not_to_have_attribute("src", before or "")
    expect(picture).to_have_count(1)


def test_the_interrupt_button_ends_a_run(chat: Notebook) -> None:
    source = "%%live\nif len(latest('general')) == 2:\n    begun.set()\n    while True: pass\nprint('done')"
    run(chat, "begun = threading.Event()")
    place = shown(chat, run(chat, source))
    expect(place).to_contain_text("done")

    elsewhere(chat, "threading.Thread(target=lambda: send(channel='general', body='x')).start()")
    expect(place.locator(".rnb-state")).to_contain_text("running")
    chat.page.evaluate("jupyterapp.commands.execute('notebook:interrupt-kernel').then(() => null)")

    expect(place).to_contain_text("KeyboardInterrupt")
    elsewhere(chat, "send(channel='general', body='y')")
    expect(place).to_contain_text("done")


def test_under_a_busy_cell_it_is_stale_names_the_commit_that_it_shows_and_catches_up(chat: Notebook) -> None:
    run(chat, "import time\nbusy = False")
    index = run(chat, "%%live\nprint(len(latest('general')), 'on top' if busy else 'between cells')")
    place = shown(chat, index)
    expect(place).to_contain_text("1 between cells")
    ran = run(chat, "print('commit', db.ts)")
    chat.watch(index)

    storm = """
def storm():
    for number in range(1, 400):
        send(channel='general', body=str(number))
busy = True
thread = threading.Thread(target=storm)
thread.start()
until = time.monotonic() + 2
while time.monotonic() < until:  # as busy as a cell can be
    pass
thread.join()
busy = False
"""
    run(chat, storm)

    expect(place).to_contain_text("400 between cells")
    expect(place).to_have_attribute("data-state", "live")
    texts = [text for moment in chat.moments() for text in moment.texts]
    assert any(f"stale · shows {chat.output_text(ran)}" in text and "1 between cells" in text for text in texts)
    assert not any("on top" in text for text in texts)


def test_the_magic_lists_cells_and_ends_one(chat: Notebook) -> None:
    place = shown(chat, run(chat, "%%live --name count\nprint(len(latest('general')))"))
    run(chat, "%%on --name watch latest('general')\nprint(rows)")
    expect(place).to_contain_text("1")

    report = run(chat, "%reactive cells")
    overview = run(chat, "%reactive")
    run(chat, "%reactive close count")
    elsewhere(chat, "send(channel='general', body='unseen')")
    left = run(chat, "%reactive cells")

    for index in (report, overview):
        for text in ("count", "%%live", "watch", "%%on", "latest(channel='general')", "ran because its cell was run"):
            chat.wait_for_output(index, text)
    expect(place).to_have_attribute("data-state", "closed")
    chat.wait_for_output(left, "watch")
    assert "count" not in chat.output_text(left)


def test_an_error_of_ours_is_one_screen_without_frames_of_ours(chat: Notebook) -> None:
    ordinary = chat.add_cell("send(channel=1, body='x')")
    chat.run_cell(ordinary, allow_errors=True)
    chat.wait_for_output(ordinary, "ArgumentValidationError")
    place = shown(chat, run(chat, "%%live\nsend(channel=1, body='x')"))
    expect(place).to_contain_text("ArgumentValidationError")
    whole = run(chat, "%reactive traceback")
    chat.wait_for_output(whole, "reactive_nb/")

    for text in (chat.output_text(ordinary), place.inner_text()):
        assert "$.channel is 1 (int)" in text
        assert "reactive_nb/" not in text
        assert "%reactive traceback shows all frames" in text
        assert len(text.strip().splitlines()) < 20
