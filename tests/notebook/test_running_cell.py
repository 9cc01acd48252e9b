"""The cell that runs now: where a bar stands that is shown when other cells run, and when there is no such place."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import ipywidgets
import pytest

from reactive_nb.notebook.cell.outputs import Outputs
from reactive_nb.notebook.cell.routes import Publisher
from reactive_nb.notebook.running_cell import running_cell
from reactive_nb.notebook.surface import NotebookSurface
from reactive_nb.notebook.widget import progress
from reactive_nb.notebook.widget.progress import Bars
from tests.notebook.fakes import ManualPace


class FakeKernel:
    """A kernel that notes what is sent."""

    iopub_socket = object()

    def __init__(self, asked: str = "execute_request") -> None:
        self.parent = {"header": {"msg_type": asked, "msg_id": "cell 7"}}
        self.sent: list[Any] = []
        self.session = SimpleNamespace(send=lambda _, kind, content, **more: self.sent.append((kind, content, more)))

    def get_parent(self) -> dict[str, Any]:
        return self.parent

    def _topic(self, name: str) -> bytes:
        return name.encode()


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> FakeKernel:
    return has_shell(monkeypatch, FakeKernel())


def has_shell(monkeypatch: pytest.MonkeyPatch, kernel: Any, display_pub: object = None) -> Any:
    shell = SimpleNamespace(kernel=kernel, display_pub=display_pub)
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shell)
    return kernel


def test_what_is_displayed_later_stands_under_it(kernel: FakeKernel) -> None:
    place = running_cell()
    began, kernel.parent = kernel.parent, {"header": {"msg_type": "execute_request", "msg_id": "cell 8"}}

    assert place is not None
    place(ipywidgets.HTML("hello"))

    ((kind, content, more),) = kernel.sent
    assert (kind, more["parent"]) == ("display_data", began)
    assert "application/vnd.jupyter.widget-view+json" in content["data"]


@pytest.mark.parametrize("kernel", [None, FakeKernel("comm_msg")])
def test_without_a_kernel_and_for_what_a_page_asks_there_is_none(
    kernel: FakeKernel | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_shell(monkeypatch, kernel)

    assert running_cell() is None


def test_for_what_runs_between_cells_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    has_shell(monkeypatch, FakeKernel(), Publisher(None, Outputs))  # type: ignore[arg-type]

    assert running_cell() is None


def test_on_another_thread_there_is_none(kernel: FakeKernel) -> None:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(running_cell()))
    thread.start()
    thread.join()

    assert found == [None]


def test_an_action_shows_its_progress_where_it_was_started(kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch) -> None:
    paces: list[ManualPace] = []

    def pace(flush: Any) -> ManualPace:
        paces.append(ManualPace(flush))
        return paces[0]

    bars = Bars(pace)
    monkeypatch.setattr(progress, "_bars", lambda: bars)
    report = NotebookSurface().progress("fetch")
    thread = threading.Thread(target=report, args=(1, 2, "page 1"))
    thread.start()
    thread.join()
    paces[0].flush()

    assert [kind for kind, _, _ in kernel.sent] == ["display_data"]


def test_an_action_that_no_cell_has_started_shows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    has_shell(monkeypatch, None)
    bars: list[object] = []
    monkeypatch.setattr(progress, "_bars", lambda: bars.append(1))

    NotebookSurface().progress("fetch")(1, 2, "page 1")

    assert bars == []
