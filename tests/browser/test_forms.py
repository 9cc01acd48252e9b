"""Forms and buttons in JupyterLab: every kind of input, errors where they belong, and answers while the kernel is busy.

All tests share one kernel and its database.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import Notebook
from tests.browser.live_grid import run

DATA = '''
import threading, time
from datetime import datetime
from typing import Any, Literal
import ipywidgets as w
import reactive_nb as rnb
from reactive_nb import v

db = rnb.connect()
db.define(planes=rnb.table(tail=v.string(), maker=v.string()), flights=rnb.table(plane=v.id("planes"), delay=v.number()))

@db.mutation
def add_planes(ctx):
    for number in range(1, 41):
        ctx.db.insert("planes", {"tail": f"N{number:03}", "maker": "Airbus" if number % 10 == 0 else "Boeing"})

@db.mutation
def take(ctx, name: str, note: str, delay: float, seats: v.int64(), gone: bool, status: Literal["waiting", "departed"],
         plane: v.id("planes"), at: datetime, paper: bytes, extra: Any, version: Literal[2], gate: str | None = None):
    """Give back what was given."""
    values = {name: value for name, value in locals().items() if name != "ctx"}
    return repr(values | {"plane": ctx.db.get(plane)["tail"]})

@db.mutation
def delay(ctx, minutes: float, reason: str = "weather"):
    if minutes > 1000:
        raise rnb.AppError("a delay is at most 1000 minutes")
    return f"{minutes:g} minutes of {reason}"

add_planes()
'''


class LiveForm:
    """A form or a button on the page.

    Attributes:
        root: The whole of it.
        run: The button that runs it.
        found: The documents that a search has found.
        outcome: What came of the last run.
    """

    def __init__(self, notebook: Notebook, index: int) -> None:
        self.page = notebook.page
        self.root = notebook.output(index).locator(".rnb")
        self.run = self.root.locator(".rnb-run")
        self.found = self.root.get_by_role("listbox").get_by_role("option")
        self.outcome = self.root.locator(".rnb-outcome")
        expect(self.root).to_have_attribute("data-state", "live")
        self.root.scroll_into_view_if_needed()

    def input(self, name: str) -> Locator:
        """The input that a label stands beside."""
        return self.root.get_by_label(name, exact=True)

    def error(self, name: str) -> Locator:
        """The error that an input is described by."""
        return self.root.locator(f"[id='{self.input(name).get_attribute('id')}-error']")


@pytest.fixture(scope="module")
def kernel(shared_page: Notebook) -> Notebook:
    """The notebook of this file with the functions in its kernel."""
    run(shared_page, DATA)
    return shared_page


@pytest.fixture
def book(kernel: Notebook, shared_notebook: Notebook) -> Notebook:
    """The notebook of this file, with a picture when a test fails."""
    del kernel
    return shared_notebook


def form(book: Notebook, source: str) -> LiveForm:
    """Run a cell that ends with a form or a button."""
    return LiveForm(book, run(book, source))


def test_every_kind_of_input_gives_the_function_its_value(book: Notebook) -> None:
    shown = form(book, "take.form()")
    expect(shown.root).to_contain_text("Give back what was given.")
    shown.input("name").fill("first")
    expect(shown.input("note")).to_have_js_property("tagName", "TEXTAREA")
    shown.input("note").press_sequentially("two\nlines")  # Enter is a new line here, and submits nothing
    shown.input("delay").fill("2.5")
    shown.input("seats").fill("9007199254740993")
    shown.input("gone").check()
    shown.input("status").select_option("departed")
    shown.input("plane").press_sequentially("N007")
    expect(shown.found).to_have_count(1)
    shown.input("plane").press("Enter")
    shown.input("at").fill("2026-07-01T14:30")
    shown.input("paper").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"\x00paper"})
    expect(shown.root.get_by_text("6 bytes")).to_be_visible()
    shown.input("extra").fill('{"list": [1, null]}')
    shown.run.click()

    result = shown.outcome.locator(".rnb-result")
    for text in (
        "'name': 'first'",
        r"'note': 'two\nlines'",
        "'delay': 2.5",
        "'seats': 9007199254740993",
        "'gone': True",
        "'status': 'departed'",
        "'plane': 'N007'",
        "datetime.datetime(2026, 7, 1, 12, 30",
        r"b'\x00paper'",
        "'extra': {'list': [1, None]}",
        "'version': 2",
        "'gate': None",
    ):
        expect(result).to_contain_text(text)
    expect(shown.outcome).to_contain_text("commit")
    # What is typed anew each time is empty again; the rest is often the same.
    expect(shown.input("name")).to_have_value("")
    expect(shown.input("delay")).to_have_value("2.5")


def test_an_error_of_an_argument_stands_beside_its_field_and_any_other_below(book: Notebook) -> None:
    shown = form(book, "delay.form()")
    expect(shown.input("reason optional")).to_have_value("weather")

    shown.input("minutes").fill("soon")
    shown.run.click()
    expect(shown.error("minutes")).to_contain_text("Expected a number")
    expect(shown.error("minutes")).to_have_attribute("role", "alert")
    expect(shown.input("minutes")).to_be_focused()
    expect(shown.input("minutes")).to_have_attribute("aria-invalid", "true")
    expect(shown.outcome).to_be_hidden()

    shown.input("minutes").fill("5000")
    shown.input("minutes").press("Enter")
    expect(shown.outcome).to_contain_text("AppError: a delay is at most 1000 minutes")
    expect(shown.error("minutes")).to_be_hidden()
    expect(shown.input("minutes")).not_to_have_attribute("aria-invalid", "true")

    shown.input("minutes").fill("7")
    shown.run.click()
    expect(shown.outcome).to_contain_text("7 minutes of weather")


def test_a_form_is_disabled_while_it_runs(book: Notebook) -> None:
    source = """
gate = threading.Event()
@db.query
def slow(ctx, word: str):
    gate.wait(60)
    return word
opens = w.Button(description="let it run")
opens.on_click(lambda _: gate.set())
display(opens)
slow.form()
"""
    shown = form(book, source)
    shown.input("word").fill("hello")
    shown.input("word").press("Enter")

    expect(shown.run).to_be_disabled()
    expect(shown.input("word")).to_be_disabled()
    expect(shown.outcome).to_have_text("running…")
    book.page.get_by_role("button", name="let it run").click()
    expect(shown.outcome).to_contain_text("hello")
    expect(shown.run).to_be_enabled()
    expect(shown.input("word")).to_be_enabled()
    expect(shown.input("word")).to_have_value("hello")


@pytest.mark.parametrize("kind", ["form", "button"])
def test_how_far_an_action_is_stands_beside_its_button_while_it_runs(book: Notebook, kind: str) -> None:
    source = f"""
steps = threading.Semaphore(0)
@db.action
def fetch(ctx):
    for n in range(2):
        ctx.progress(n + 1, 4, f"page {{n + 1}}")
        steps.acquire(timeout=60)
    return "fetched"
goes = w.Button(description="go on with the {kind}")
goes.on_click(lambda _: steps.release())
display(goes)
fetch.{kind}()
"""
    shown = form(book, source)
    bar = shown.root.get_by_role("progressbar")
    expect(bar).to_be_hidden()
    shown.run.click()

    expect(shown.root.get_by_text("1 of 4 · page 1")).to_be_visible()
    expect(bar).to_have_js_property("position", 0.25)
    expect(shown.outcome).to_be_hidden()
    goes = book.page.get_by_role("button", name=f"go on with the {kind}")
    goes.click()
    expect(shown.root.get_by_text("2 of 4 · page 2")).to_be_visible()
    goes.click()
    expect(shown.outcome).to_contain_text("fetched")
    expect(bar).to_be_hidden()


def test_a_document_is_found_by_typing_and_chosen_with_the_keyboard(book: Notebook) -> None:
    source = """
@db.query
def tail_of(ctx, plane: v.id("planes")):
    return ctx.db.get(plane)["tail"]
tail_of.form()
"""
    shown = form(book, source)
    box, options = shown.input("plane"), shown.found
    expect(box).to_have_attribute("role", "combobox")
    box.press_sequentially("airbus")
    expect(options).to_have_count(4)
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    box.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == options.nth(1).get_attribute("id")
    wanted = options.nth(1).locator("span").inner_text()
    box.press("Enter")

    expect(box).to_have_value(wanted)
    expect(box).to_have_attribute("aria-expanded", "false")
    box.press("Enter")
    expect(shown.outcome).to_contain_text(wanted.split(" · ")[0])
    # An id does as well, and one that is none is refused beside the field.
    box.fill("nothing of the kind")
    expect(shown.root.get_by_text("no document matches")).to_be_visible()
    box.press("Escape")
    expect(shown.root.get_by_text("no document matches")).to_be_hidden()
    shown.run.click()
    expect(shown.error("plane")).to_contain_text("an id of planes")


def test_a_button_takes_an_argument_from_a_widget_when_it_is_pressed(book: Notebook) -> None:
    index = run(book, "minutes = w.IntText(3)\nw.VBox([minutes, delay.button('Delay it', minutes=minutes)])")
    pressed = LiveForm(book, index)
    expect(pressed.run).to_have_text("Delay it")

    pressed.run.click()
    expect(pressed.outcome).to_contain_text("3 minutes of weather")
    box = book.output(index).locator("input[type=number]")
    box.fill("12")
    box.press("Tab")
    pressed.run.click()
    expect(pressed.outcome).to_contain_text("12 minutes of weather")


def test_a_button_whose_mutation_raises_says_why(book: Notebook) -> None:
    pressed = form(book, "delay.button(minutes=5000)")
    pressed.run.click()
    expect(pressed.outcome).to_have_text("AppError: a delay is at most 1000 minutes")
    expect(pressed.root).to_have_attribute("data-state", "failed")
    expect(pressed.run).to_be_enabled()


def test_a_form_and_a_button_answer_while_a_cell_is_busy(book: Notebook) -> None:
    shown = form(book, "delay.form()")
    source = """
stopped = threading.Event()
@db.mutation
def stop(ctx):
    stopped.set()
stop.button("Stop")
"""
    stop = form(book, source)
    busy = book.add_cell("end = time.monotonic() + 60\nwhile not stopped.is_set() and time.monotonic() < end: pass")
    prompt = book.cell(busy).locator(".jp-InputPrompt")
    book.run_cell(busy, wait=False)
    expect(prompt).to_have_text("[*]:")

    shown.input("minutes").fill("8")
    shown.run.click()
    expect(shown.outcome).to_contain_text("8 minutes of weather")
    expect(prompt).to_have_text("[*]:")
    stop.run.click()
    expect(stop.outcome).to_contain_text("done")
    expect(prompt).not_to_have_text("[*]:")
