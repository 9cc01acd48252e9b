"""Reports as text and as HTML."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from reactive_nb.notebook.report import Card, Report, Section

REPORT = Report(
    [
        Card(
            "One", [Section("Rows", ("name", "runs", "state"), [("a<b", "1,000", "failed (x)"), ("c", "2", "fresh")])]
        ),
        Card("Two", [Section("Nothing", (), (), "There is <none>."), Section("", (), (), "So.")]),
    ]
)


def test_text_has_aligned_columns_and_the_sentences_of_empty_tables() -> None:
    assert repr(REPORT) == (
        "One\n\nRows\n  name  runs   state\n  a<b   1,000  failed (x)\n  c     2      fresh\n\n"
        "Two\n\nNothing\n  There is <none>.\n\n  So."
    )


class Cells(HTMLParser):
    """The cells of all tables, each with its style; fails where a tag is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.cells: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append(("", dict(attrs)["style"] or ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1] in ("td", "th"):
            text, style = self.cells[-1]
            self.cells[-1] = (text + data, style)


def test_html_has_every_cell_and_escapes_it() -> None:
    html = REPORT._repr_html_()

    assert [text for text, _ in Cells(html).cells] == [
        *("name", "runs", "state"),
        *("a<b", "1,000", "failed (x)"),
        *("c", "2", "fresh"),
    ]
    assert "There is &lt;none&gt;." in html
    assert "<script" not in html
    assert "<style" not in html


@pytest.mark.parametrize(
    ("text", "look"), [("1,000", "text-align:right"), ("a<b", "font-family"), ("failed (x)", ";color:var(--jp-error")]
)
def test_numbers_names_and_bad_states_are_seen_at_once(text: str, look: str) -> None:
    styles = dict(Cells(REPORT._repr_html_()).cells)

    assert look in styles[text]
    assert look not in styles["fresh"]


def test_colours_are_those_of_the_page() -> None:
    html = REPORT._repr_html_()

    assert "color:var(--jp-content-font-color1, inherit)" in html
    assert "background" not in html
