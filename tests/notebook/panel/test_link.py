"""The link in a real kernel: a page is told whom to ask, is answered on the comm it speaks on, and comes back later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.manager import KernelManager

if TYPE_CHECKING:
    from jupyter_client.blocking.client import BlockingKernelClient

pytestmark = pytest.mark.slow

SECONDS = 60.0
ROOT = Path(__file__).parents[3]

SETUP = """
import reactive_nb as rnb
from reactive_nb import v
db = rnb.connect()
db.define(notes=rnb.table(text=v.string()))
"""


class PanelPage:
    """One page of the panel, without its looks."""

    def __init__(self, client: BlockingKernelClient, comm: str, name: str) -> None:
        self.client = client
        self.comm = comm
        self.name = name
        self.told: list[dict[str, Any]] = []

    def send(self, **message: Any) -> None:
        content = {"comm_id": self.comm, "data": {"page": self.name, **message}}
        self.client.shell_channel.send(self.client.session.msg("comm_msg", content))

    def wait_for(self, kind: str) -> dict[str, Any]:
        """Return the next message of a type that this page is told."""
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            data = message["content"].get("data", {})
            is_ours = message["msg_type"] == "comm_msg" and message["content"]["comm_id"] == self.comm
            if is_ours and data.get("page") == self.name and data.get("type") == kind:
                return dict(data)

    def ask(self, target: str, method: str, **params: Any) -> Any:
        self.send(type="Request", id=1, target=target, method=method, params=params)
        response = self.wait_for("Response")
        assert response["ok"], response
        return response["result"]


def opened_comm(client: BlockingKernelClient) -> str:
    """Return the comm that the kernel opens."""
    while True:
        message = client.get_iopub_msg(timeout=SECONDS)
        if message["msg_type"] == "comm_open" and message["content"]["target_name"] == "reactive_nb":
            return str(message["content"]["comm_id"])


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BlockingKernelClient]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=SECONDS)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_page_says_hello_and_sees_the_databases_and_sees_them_again_after_a_reload(
    client: BlockingKernelClient,
) -> None:
    client.execute(SETUP)
    page = PanelPage(client, opened_comm(client), "first")
    page.send(type="Hello")
    welcome = page.wait_for("Welcome")
    view = page.ask(welcome["target"], "open", what="databases", db=None)["view"]
    page.send(type="Show", viewer="place", view=view, window=None)
    frame = page.wait_for("Frame")

    ((key, item),) = frame["entries"]["place"]["rows"]
    assert (item["name"], item["place"], item["documents"], item["ts"]) == ("db", "in memory", 0, 1)

    client.execute("db.write(lambda ctx: ctx.db.insert('notes', {'text': 'a'}))")
    (op,) = page.wait_for("Frame")["entries"]["place"]["ops"]
    assert (op["op"], op["key"], op["cells"]) == ("update", key, {"ts": 2, "documents": 1})

    again = PanelPage(client, page.comm, "second")  # a page that was loaded again finds the comm by asking for it
    again.send(type="Hello")
    assert again.wait_for("Welcome")["target"] == welcome["target"]


def test_a_page_that_comes_after_the_comm_was_closed_opens_one_itself(client: BlockingKernelClient) -> None:
    client.execute(SETUP)
    closed = opened_comm(client)
    client.shell_channel.send(client.session.msg("comm_close", {"comm_id": closed, "data": {}}))
    opened = {"comm_id": "mine", "target_name": "reactive_nb", "data": {}}
    client.shell_channel.send(client.session.msg("comm_open", opened))
    page = PanelPage(client, "mine", "late")
    page.send(type="Hello")

    assert page.wait_for("Welcome")["version"] == "0.1.0"


def test_the_extension_opens_the_link_too(client: BlockingKernelClient) -> None:
    client.execute("%load_ext reactive_nb")

    assert opened_comm(client)
