"""Drawings: well-formed, escaped, in the colours of the page, and the same in words."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from reactive_nb.notebook.teach.drawing import Drawing, empty, escaped, group, label, shortened, width_of

SVG = "{http://www.w3.org/2000/svg}"


def test_a_drawing_says_itself_in_words_to_ears_and_terminals() -> None:
    drawing = Drawing("A title", "one\ntwo", 100, 50, [label(0, 10, "hi")])

    root = ElementTree.fromstring(drawing.svg)

    assert repr(drawing) == "one\ntwo"
    assert (root.get("role"), root.get("aria-label")) == ("img", "A title")
    assert [root.findtext(f"{SVG}{name}") for name in ("title", "desc", "text")] == ["A title", "one\ntwo", "hi"]


def test_it_brings_no_script_no_id_and_no_address() -> None:
    html = empty("Nothing", "Nothing yet.")._repr_html_()

    for word in ("<script", " id=", "href", "url("):
        assert word not in html
    assert html.count("http") == 1  # the name of the format


def test_without_its_style_sheet_the_text_stands_in_its_place() -> None:
    one, other = (ElementTree.fromstring(empty("Nothing", text)._repr_html_()) for text in ("<One>.", "Other."))
    sheet, drawn, told = one

    assert (told.tag, told.text, told.get("style")) == ("pre", "<One>.", None)
    assert drawn.get("style", "").startswith("display:none")
    assert (
        sheet.text == f".{drawn.get('class')}{{display:block!important}}.{told.get('class')}{{display:none!important}}"
    )
    assert drawn.get("class") != other[1].get("class")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ('" onload="x', "&quot; onload=&quot;x"),
        ("a & b", "a &amp; b"),
        ("a\x00b\x1b", "a�b�"),
        ("half \ud83d", "half �"),
        ("grüße 🎈\n", "grüße 🎈\n"),
    ],
    ids=repr,
)
def test_any_text_can_be_written(text: str, written: str) -> None:
    drawing = Drawing(
        text, text, 10, 10, [label(0, 0, text), group([label(0, 0, text, room=7)], title=text, kind=text)]
    )

    assert escaped(text) == written
    ElementTree.fromstring(drawing.svg.encode())


@pytest.mark.parametrize(
    ("text", "room", "shown"), [("abc", 21, "abc"), ("abcd", 21, "ab…"), ("abcd", 0, "…"), ("", 0, "")]
)
def test_a_label_is_cut_where_its_room_ends(text: str, room: float, shown: str) -> None:
    assert shortened(text, room) == shown
    assert width_of(shown) <= max(room, width_of("…"))


def test_a_label_that_was_cut_says_the_whole() -> None:
    cut = ElementTree.fromstring(label(0, 0, "abcdef", room=28))
    whole = ElementTree.fromstring(label(0, 0, "abcd", room=28))

    assert (cut.findtext("title"), "".join(cut.itertext())) == ("abcdef", "abcdefabc…")
    assert (whole.findtext("title"), whole.text) == (None, "abcd")
