"""The channel: one widget per kernel, made anew when somebody has closed it, on the same hub."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from reactive_nb.notebook.page import channel as channels
from reactive_nb.notebook.page.channel import answer_at_once, channel, has_front_end

if TYPE_CHECKING:
    import pytest


def test_there_is_one_channel() -> None:
    assert channel() is channel()


def test_a_channel_that_was_closed_is_made_anew_on_the_same_hub() -> None:
    first = channel()
    hub = first.hub
    first.close()

    second = channel()

    assert second is not first
    assert (second.comm is not None, second.hub is hub) == (True, True)
    assert hub.send == second.send


def test_what_a_page_says_comes_to_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    monkeypatch.setattr(channel().hub, "on_message", heard.append)

    channel()._handle_custom_msg({"type": "Resync", "page": "p"}, [])

    assert heard == [{"type": "Resync", "page": "p"}]


def test_pages_whose_words_come_on_the_thread_of_cells_are_not_heard_while_a_cell_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trap = SimpleNamespace(is_active=True)
    monkeypatch.setattr(channels, "get_ipython", lambda: SimpleNamespace(display_trap=trap))
    wire = channel()
    elsewhere = threading.Thread(target=wire._handle_custom_msg, args=({"type": "Resync", "page": "p"}, []))

    wire._handle_custom_msg({"type": "Resync", "page": "p"}, [])
    assert not wire.hub.can_hear()
    trap.is_active = False
    assert wire.hub.can_hear()
    trap.is_active = True
    elsewhere.start()
    elsewhere.join()

    assert wire.hub.can_hear()


def test_what_the_hub_says_goes_out_on_the_widget(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(channel().comm, "send", lambda data, **_: sent.append(data))

    channel().hub.send({"type": "Unknown", "page": "p"})

    assert sent == [{"method": "custom", "content": {"type": "Unknown", "page": "p"}}]


def test_pages_can_show_what_is_made_in_a_kernel_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not has_front_end()
    monkeypatch.setattr(channels, "get_ipython", lambda: SimpleNamespace(kernel=object()))
    assert has_front_end()


def test_the_kernel_s_own_way_of_answering_is_switched_off_where_there_is_one() -> None:
    class Comm:
        def _reply_subshell_for(self) -> None: ...

    class Widget:
        comm = Comm()

    answer_at_once(Widget())

    assert Widget.comm._reply_subshell_for is None
