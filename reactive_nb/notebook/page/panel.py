"""A panel: a place for outputs, as its owner sees it; pages show it in the hub's frames.

Outputs come in, from any thread; the page's side is a `ContentWidget` (widget/content.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reactive_nb.notebook.page.answers import Target
from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.page.interface import TransitionSource
from reactive_nb.notebook.page.view import ContentView, JobView


class Panel:
    """A view of outputs.

    Args:
        hub: Where pages are reached.
        owner: Whose it is; held while a page shows the panel.
        title: What it is, for people who cannot see it.
        engine: Whose commits it shows, if it shows any.
        awaited: Whether a page is about to show it.

    Attributes:
        view: What the hub knows of it.
    """

    def __init__(
        self, hub: Hub, owner: object, title: str, engine: TransitionSource | None = None, awaited: bool = True
    ) -> None:
        self._hub = hub
        self.view: ContentView = self._open(owner, title, engine, awaited)

    def _open(self, owner: object, title: str, engine: TransitionSource | None, awaited: bool) -> ContentView:
        return self._hub.open_content(owner, title, engine, awaited)

    @property
    def id(self) -> str:
        """Its name in messages."""
        return self.view.id

    @property
    def is_shown(self) -> bool:
        """Whether some page shows it, or is about to for the first time."""
        return self.view.shown

    def on_shown(self, callback: Callable[[], None]) -> None:
        """Call `callback` whenever a page has begun to show it."""
        self.view.on_shown = callback

    def show(
        self,
        outputs: list[dict[str, Any]] | None = None,
        *,
        state: str = "live",
        error: BaseException | None = None,
        note: str = "",
        ts: int | None = None,
    ) -> None:
        """Have pages show outputs from the next frame on; see `Hub.show`."""
        self._hub.show(self.view, outputs, state=state, error=error, note=note, ts=ts)

    def follow(self, engine: TransitionSource | None) -> None:
        """Have pages name the commits of an engine, or of none, from the next frame on."""
        self._hub.follow(self.view, engine)

    def close(self) -> None:
        """Forget it; pages keep what they show, and say that it is closed."""
        self._hub.close_view(self.view)


class JobPanel(Panel):
    """A panel of a job's outputs, which also shows how it is with the job and hears what is pressed.

    Args:
        hub: Where pages are reached.
        owner: Whose it is; it answers `pause`, `resume` and `run` for as long as it is there.
        title: What it is, for people who cannot see it.
        engine: Whose commits it shows, if it shows any.
    """

    view: JobView

    def __init__(self, hub: Hub, owner: Target, title: str, engine: TransitionSource | None) -> None:
        super().__init__(hub, owner, title, engine)
        hub.answer_for(self.view, owner)

    def _open(self, owner: object, title: str, engine: TransitionSource | None, awaited: bool) -> JobView:
        return self._hub.open_job(owner, title, engine, awaited)

    def show_job(self, job: dict[str, Any]) -> None:
        """Have pages show how it is with the job from the next frame on."""
        self._hub.show_job(self.view, job)
