"""Drawings: small SVG pictures that a cell can return, with the same in words beside them.

Marks come in, such as boxes, lines and labels with their places; a `Drawing` goes out. It is written into the page
itself, without script or id: so it takes the colours of the page, light or dark, and two of them never disturb one another.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

INK = "currentColor"
QUIET = "var(--jp-ui-font-color2, color-mix(in srgb, currentColor 68%, transparent))"
LINE = "var(--jp-border-color1, color-mix(in srgb, currentColor 30%, transparent))"
TINT = "color-mix(in srgb, currentColor 6%, transparent)"
GOOD = "var(--jp-success-color1, #2e9e4f)"
WAIT = "var(--jp-warn-color1, #c77700)"
BAD = "var(--jp-error-color1, #e04848)"
ACCENT = "var(--jp-brand-color1, #3b82d6)"

PAGE = "color:var(--jp-content-font-color1, inherit);font-family:var(--jp-ui-font-family, system-ui, sans-serif)"
CODE = "var(--jp-code-font-family, ui-monospace, monospace)"

FONT_SIZE = 11.5
CHARACTER = 7.0
"""The width of a character of a label: they are written in the font of code, so it is known without measuring."""

# What XML cannot hold, not even escaped, and half characters, which no message can hold.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture for a cell: in a notebook it is drawn, in a terminal it is `text`.

    Attributes:
        title: What it shows, for those who hear the page read aloud.
        text: All that it says, in lines.
        width: In pixels.
        height: In pixels.
        marks: SVG elements.
    """

    title: str
    text: str
    width: float
    height: float
    marks: Sequence[str]

    @property
    def svg(self) -> str:
        """The picture as one SVG element."""
        size = f"width:{self.width:.0f}px;height:{self.height:.0f}px;max-width:none"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escaped(self.title)}" '
            f'viewBox="0 0 {self.width:.0f} {self.height:.0f}" '
            f'style="{size};font-size:{FONT_SIZE}px;font-family:{CODE}">'
            f"<title>{escaped(self.title)}</title><desc>{escaped(self.text)}</desc>{''.join(self.marks)}</svg>"
        )

    def _repr_html_(self) -> str:
        # A notebook that is not trusted keeps the words of an SVG element and nothing else of it. It loses style sheets
        # too: so the drawing is shown by one, of a class of its own, and without it the text is.
        own = f"rnb-{hashlib.sha1(self.svg.encode(), usedforsecurity=False).hexdigest()[:12]}"
        return (
            f"<div><style>.{own}-drawn{{display:block!important}}.{own}-told{{display:none!important}}</style>"
            f'<div class="{own}-drawn" style="display:none;overflow-x:auto;padding:4px 0;{PAGE}">{self.svg}</div>'
            f'<pre class="{own}-told">{escaped(self.text)}</pre></div>'
        )

    def __repr__(self) -> str:
        return self.text


def escaped(text: str) -> str:
    """Return text as it may stand in XML and HTML, also inside quotes; what cannot be written becomes `�`."""
    return escape(_UNWRITABLE.sub("�", text))


def shortened(text: str, room: float) -> str:
    """Return a label as long as fits into `room` pixels, with `…` in place of the rest."""
    characters = max(1, int(room / CHARACTER))
    return text if len(text) <= characters else text[: characters - 1] + "…"


def width_of(text: str) -> float:
    """Return how wide a label is, in pixels."""
    return len(text) * CHARACTER


def label(x: float, y: float, text: str, *, color: str = INK, room: float | None = None, style: str = "") -> str:
    """Return a line of text that begins at `x` on the base line `y`.

    One that has no `room` is cut, and says the whole when the mouse is over it.
    """
    shown = text if room is None else shortened(text, room)
    whole = "" if shown == text else f"<title>{escaped(text)}</title>"
    return f'<text x="{x:.1f}" y="{y:.1f}" style="fill:{color};{style}">{whole}{escaped(shown)}</text>'


def box(
    x: float, y: float, width: float, height: float, *, fill: str = "none", line: str = "none", style: str = ""
) -> str:
    """Return a rectangle with round corners."""
    look = f"fill:{fill};stroke:{line};{style}"
    size = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {size} rx="3" style="{look}"/>'


def path(route: str, *, line: str, fill: str = "none", style: str = "") -> str:
    """Return a line along an SVG route, such as `"M0 0 L5 5"`."""
    return f'<path d="{route}" style="fill:{fill};stroke:{line};{style}"/>'


def group(marks: Sequence[str], *, title: str = "", kind: str = "") -> str:
    """Return marks that belong together; `title` is shown when the mouse is over them."""
    named = f"<title>{escaped(title)}</title>" if title else ""
    data = f' data-kind="{escaped(kind)}"' if kind else ""
    return f"<g{data}>{named}{''.join(marks)}</g>"


def empty(title: str, text: str) -> Drawing:
    """Return a drawing of nothing, which says so."""
    return Drawing(title, text, max(320.0, width_of(text) + 16), 32, [label(4, 20, text, color=QUIET)])
