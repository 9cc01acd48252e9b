"""The style sheets: a page has one copy per kind of widget, in any order, so none may lean on coming last."""

from __future__ import annotations

import re

from reactive_nb.notebook.page.module import STATIC

SHEETS = {path.name: path.read_text("utf-8") for path in STATIC.glob("*.css")}


def selectors(name: str) -> set[str]:
    text = re.sub(r"/\*.*?\*/", "", SHEETS[name], flags=re.DOTALL)
    heads = [head for head in re.findall(r"([^{}]+)\{", text) if not head.strip().startswith(("@", "from", "to"))]
    return {selector.strip() for head in heads for selector in head.split(",")}


def test_no_selector_stands_in_two_sheets() -> None:
    seen: dict[str, str] = {}
    twice = []
    for name in SHEETS:
        for selector in selectors(name):
            if selector in seen:
                twice.append((selector, seen[selector], name))
            seen[selector] = name

    assert twice == []


def test_what_a_widget_says_of_its_root_wins_over_the_base() -> None:
    roots = {"rnb-grid", "rnb-form", "rnb-button", "rnb-content"}

    weak = [(name, selector) for name in SHEETS for selector in selectors(name) if selector.lstrip(".") in roots]

    assert weak == []
    assert ".rnb" in selectors("base.css")
