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
    expect(place).not_to_contain_text("ZeroDivisionError")


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
