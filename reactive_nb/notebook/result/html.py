"""`rnb.HTML`: text that a page shows as HTML, because its maker says that it is safe."""

from __future__ import annotations


class HTML(str):
    """HTML that a page shall show as it is: `board.view(lambda rows: rnb.HTML(f"<b>{len(rows)}</b>"))`.

    Whoever makes one says that its text is safe: what comes from elsewhere goes through `html.escape` first.
    """

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)
