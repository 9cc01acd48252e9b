"""The content widget without a page: what a saved notebook has of it, and the code it carries."""

from __future__ import annotations

from typing import Any

import pytest

from reactive_nb.notebook.page.channel import channel
from reactive_nb.notebook.page.panel import Panel
from reactive_nb.notebook.widget.content import ContentWidget, still


def display(**data: str) -> dict[str, Any]:
    mimes = {name.replace("_", "/"): part for name, part in data.items()}
    return {"output_type": "display_data", "data": mimes, "metadata": {}}


ERROR = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["a", "b"]}
STREAM = {"output_type": "stream", "name": "stdout", "text": "hello\n"}


class Owner:
    """Whose outputs they are."""


@pytest.fixture
def panel() -> Panel:
    owner = Owner()
    panel = Panel(channel().hub, owner, "a plot of flights()", awaited=False)
    panel.owner = owner  # type: ignore[attr-defined]  # lives as long
    return panel


@pytest.mark.parametrize(
    ("outputs", "bundle"),
    [
        ([], {"text/plain": "otherwise"}),
        ([STREAM, ERROR], {"text/plain": "hello\nValueError: no"}),
        ([STREAM, display(text_plain="3")], {"text/plain": "hello\n3"}),
        (
            [display(image_png="AA", text_plain="one"), display(image_png="BB", text_html="<b>")],
            {"text/plain": "one", "image/png": "BB", "text/html": "<b>"},
        ),
        ([display(image_png="AA")], {"text/plain": "otherwise", "image/png": "AA"}),
    ],
)
def test_a_saved_notebook_has_the_text_and_the_last_picture(
    outputs: list[dict[str, Any]], bundle: dict[str, str]
) -> None:
    assert still(outputs, "otherwise") == bundle


def test_a_widget_shows_its_panel_as_it_is_now(panel: Panel) -> None:
    widget = ContentWidget(panel.view)

    panel.show([STREAM], note="ran once")
    shown = widget.get_state()["snapshot"]
    data, _ = widget._repr_mimebundle_()

    assert (shown["outputs"], shown["note"], shown["title"]) == ([STREAM], "ran once", "a plot of flights()")
    assert data["text/plain"] == "hello"
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == widget.model_id
    assert repr(widget) == "<a plot of flights()>"
    widget.close()


def test_the_code_it_carries_is_one_module(panel: Panel) -> None:
    widget = ContentWidget(panel.view)

    assert widget._esm.count("export default") == 1
    assert "import " not in "\n".join(line for line in widget._esm.splitlines() if not line.startswith((" ", "/", "*")))
    assert ".rnb-content" in widget._css
    widget.close()
