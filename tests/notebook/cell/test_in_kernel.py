"""Reactive cells in a real kernel: they run between cells and never during one, and the interrupt button ends a run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.manager import KernelManager

if TYPE_CHECKING:
    from jupyter_client.blocking.client import BlockingKernelClient

pytestmark = pytest.mark.slow

SECONDS = 60.0

SETUP = """
%load_ext reactive_nb
import asyncio, threading
import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.notebook.cell.cells import live_cells
db = rnb.connect()
db.define(messages=rnb.table(channel=v.string(), body=v.string()).index("by_channel", "channel"))

@db.mutation
def send(ctx, body: str, channel: str = "general"):
    return ctx.db.insert("messages", {"channel": channel, "body": body})

@db.query
def total(ctx):
    return ctx.db.query("messages").count()

runs, inside = [], False
"""

LIVE = """%%live --name board
runs.append((total(), inside, threading.current_thread().name))
print("shows", total())
"""


@dataclass
class Kernel:
    """A kernel and one front end of it, which gives cells ids."""

    manager: KernelManager
    client: BlockingKernelClient
    others: list[dict[str, Any]] = field(default_factory=list)

    def begin(self, source: str, cell: str = "cell") -> str:
        """Ask for a cell to be run."""
        content = {
            "code": source,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        message = self.client.session.msg("execute_request", content, metadata={"cellId": cell})
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def end(self, request: str) -> list[dict[str, Any]]:
        """Return a cell's outputs when it is over; messages of nobody's are kept in `others`."""
        outputs = []
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            kind, content = message["msg_type"], message["content"]
            if message["parent_header"].get("msg_id") != request:
                self.others.append(message)
            elif kind in ("stream", "display_data", "execute_result", "error"):
                outputs.append({"output_type": kind, **content})
            elif kind == "status" and content["execution_state"] == "idle":
                return outputs

    def run(self, source: str, cell: str = "cell") -> list[dict[str, Any]]:
        return self.end(self.begin(source, cell))

    def value(self, expression: str) -> Any:
        """Return what an expression gives, evaluated by a cell of its own."""
        # Text that is printed at once may come in two messages.
        return eval("".join(output["text"] for output in self.run(f"print(repr({expression}))")))

    def value_when(self, condition: str, expression: str) -> Any:
        """Return what an expression gives as soon as a condition holds; each question is a cell, with turns between."""
        for _ in range(500):
            holds, value = self.value(f"({condition}, {expression})")
            if holds:
                return value
        raise AssertionError(f"never true: {condition}; {value!r}")

    def wait_for_other(self, name: str, text: str) -> None:
        """Return when the kernel sends a text by itself, in a field of this name."""
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            self.others.append(message)
            if message["content"].get(name) == text:
                return


@pytest.fixture(scope="module")
def only_kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        manager = KernelManager(kernel_name="python3")
        manager.start_kernel(cwd=str(Path(__file__).parents[3]))
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS)
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel(only_kernel: Kernel) -> Iterator[Kernel]:
    assert [each for each in only_kernel.run(SETUP) if each["output_type"] == "error"] == []
    yield only_kernel
    only_kernel.run("%unload_ext reactive_nb\ndb.close()")
    only_kernel.others.clear()


def test_it_runs_after_the_cell_that_made_the_change_and_not_within(kernel: Kernel) -> None:
    kernel.run(LIVE, "live")
    kernel.run(
        "inside = True\nfor n in range(20):\n    send(body=str(n)); db.settle()\nduring = list(runs)\ninside = False"
    )

    after = kernel.value_when("len(runs) > 1", "runs")

    assert kernel.value("during") == [(0, False, "MainThread")]
    assert after == [(0, False, "MainThread"), (20, False, "MainThread")]


def test_nor_within_a_cell_that_awaits(kernel: Kernel) -> None:
    kernel.run(LIVE, "live")
    kernel.run(
        "inside = True\n"
        "send(body='x'); db.settle()\n"
        "for _ in range(100):\n    await asyncio.sleep(0)\n"
        "during = list(runs)\n"
        "inside = False"
    )

    after = kernel.value_when("len(runs) > 1", "runs")

    assert kernel.value("during") == [(0, False, "MainThread")]
    assert after == [(0, False, "MainThread"), (1, False, "MainThread")]


def test_what_it_prints_stays_in_its_place(kernel: Kernel) -> None:
    (shown,) = kernel.run(LIVE, "live")
    first = kernel.run("send(body='x')", "writer")
    kernel.value_when("len(runs) > 1", "runs")

    printed = [each for each in kernel.others if each["msg_type"] in ("stream", "display_data", "error")]

    assert shown["data"]["text/plain"] == "shows 0"
    assert "application/vnd.jupyter.widget-view+json" in shown["data"]
    assert [each["output_type"] for each in first] == ["execute_result"]
    assert printed == []


def test_run_again_by_its_id_it_replaces_itself(kernel: Kernel) -> None:
    kernel.run(LIVE, "live")
    kernel.run(LIVE.replace("board", "another"), "live")

    names = kernel.value("[cell.name for cell in live_cells()]")
    kernel.run("1", "live")
    left = kernel.value("len(db.subscriptions())")

    assert (names, left) == (["another"], 0)


def test_the_front_end_is_told_that_the_kernel_is_busy(kernel: Kernel) -> None:
    kernel.run(LIVE, "live")
    kernel.run("threading.Thread(target=lambda: send(body='x')).start()")

    kernel.wait_for_other("execution_state", "busy")
    kernel.wait_for_other("execution_state", "idle")

    assert kernel.value("len(runs)") == 2


def test_the_interrupt_button_ends_a_runaway_run_and_the_cell_recovers(kernel: Kernel) -> None:
    kernel.run("begun = threading.Event()")
    kernel.run(
        "%%live --name board\nruns.append(total())\nif runs[-1] == 1:\n    begun.set()\n    while True: pass", "live"
    )
    kernel.run(
        "def act():\n    send(body='x'); begun.wait(); print('it runs\\n', end='')\nthreading.Thread(target=act).start()"
    )
    kernel.wait_for_other("text", "it runs\n")
    kernel.manager.interrupt_kernel()
    kernel.wait_for_other("execution_state", "idle")

    facts = "[(cell.state, type(cell.error).__name__) for cell in live_cells()]"
    failed = kernel.value(facts)
    kernel.run("send(body='y')")
    runs = kernel.value_when("len(runs) > 2", "runs")

    assert failed == [("failed", "KeyboardInterrupt")]
    assert (runs, kernel.value(facts)) == ([0, 1, 2], [("live", "NoneType")])


def test_the_number_in_a_traceback_is_that_of_its_cell_also_later(kernel: Kernel) -> None:
    (shown,) = kernel.run("%%live\nif total(): 1 / 0", "live")
    number = kernel.value("get_ipython().history_manager.input_hist_raw.index('%%live\\nif total(): 1 / 0')")
    kernel.run("send(body='x')")
    lines = kernel.value_when("live_cells()[0].runs > 1", "live_cells()[0].outputs[0]['traceback']")
    traceback = re.sub(r"\x1b\[[0-9;]*m", "", "".join(lines))

    assert shown["data"]["text/plain"] == f"<%%live In[{number}]>"
    assert f"Cell In[{number}], line 1" in traceback.replace("In [", "In[")


# ------------------------------------------------------------------ scheduled cells

EVERY = "%%every 1h --name feed\nruns.append((total(), inside, threading.current_thread().name))\nprint('ran')\n"


def test_a_scheduled_cell_runs_after_the_cell_that_is_running_and_not_within(kernel: Kernel) -> None:
    (shown,) = kernel.run(EVERY, "job")
    kernel.value_when("len(runs) == 1", "runs")
    kernel.run("inside = True\ndb.crons.run_now('feed')\nfor n in range(20):\n    send(body=str(n))\ninside = False")

    runs = kernel.value_when("len(runs) == 2", "runs")

    assert runs == [(0, False, "MainThread"), (20, False, "MainThread")]
    assert "application/vnd.jupyter.widget-view+json" in shown["data"]
    printed = [each for each in kernel.others if each["msg_type"] in ("stream", "display_data", "error")]
    assert printed == []


def test_one_in_a_thread_runs_within(kernel: Kernel) -> None:
    kernel.run("ran = threading.Event()")
    kernel.run(EVERY.replace("--name", "--thread --name") + "ran.set()", "job")
    assert kernel.value("ran.wait(30)")
    kernel.run("ran.clear(); inside = True\ndb.crons.run_now('feed'); waited = ran.wait(30)\ninside = False")

    assert kernel.value("(waited, runs[-1])") == (True, (0, True, "reactive_nb cell feed"))


def test_a_job_without_a_name_has_its_cells_id_and_its_place(kernel: Kernel) -> None:
    kernel.run(EVERY.replace(" --name feed", ""), "a1b2c3")
    number = kernel.value(
        "[n for n, text in enumerate(get_ipython().history_manager.input_hist_raw) if '%%every 1h\\n' in text][0]"
    )

    assert kernel.value("[(cron.name, cron.place) for cron in db.crons.list()]") == [("a1b2c3", f"In[{number}]")]


def test_a_run_without_an_end_is_interrupted_and_the_next_one_comes(kernel: Kernel) -> None:
    kernel.run("import time")
    kernel.run("%%every 1h --name feed --timeout 50ms\nruns.append(1)\nif len(runs) == 1: time.sleep(1000)", "job")
    history = "[run.error and run.error.split(':')[0] for run in db.crons.get('feed').history]"
    failed = kernel.value_when(f"len({history}) == 1", history)
    kernel.run("db.crons.run_now('feed')")

    assert failed == ["ActionTimeout"]
    assert kernel.value_when(f"len({history}) == 2", history) == ["ActionTimeout", None]


def test_the_progress_of_an_action_is_sent_to_the_cell_that_started_it(kernel: Kernel) -> None:
    kernel.run("go = threading.Event()")
    source = "@db.action\ndef fetch(ctx):\n    go.wait()\n    ctx.progress(1, 2, 'half')\nfuture = fetch.submit()"
    started = kernel.begin(source, "starter")
    kernel.end(started)
    kernel.run("go.set()", "another")
    while not (shown := [each for each in kernel.others if each["msg_type"] == "display_data"]):
        kernel.others.append(kernel.client.get_iopub_msg(timeout=SECONDS))

    assert shown[0]["parent_header"]["msg_id"] == started


def test_a_function_knows_the_cell_that_defines_it_whoever_includes_or_imports_it(
    kernel: Kernel, tmp_path: Path
) -> None:
    kernel.run(
        "import sys\nfrom pathlib import Path\n"
        f"folder = Path({str(tmp_path)!r}); sys.path.append(str(folder))\n"
        "(folder / 'elsewhere.py').write_text('import reactive_nb as rnb\\nfar = rnb.module(\"far\")\\n@far.query\\ndef it(ctx): ...')\n"
        "near = rnb.module('near')\n@near.query\ndef it(ctx): ...",
        "defines",
    )
    kernel.run("import elsewhere\ndb.include(near); db.include(elsewhere.far)", "includes")
    number = kernel.value("near.functions['near:it'].place.words")
    kernel.run("@near.query(name='other')\ndef it(ctx): ...", "again")

    places = kernel.value("{name: (each.place.cell, each.place.line) for name, each in near.functions.items()}")
    far = kernel.value("(elsewhere.far.functions['far:it'].place.cell, elsewhere.far.functions['far:it'].place.words)")

    assert re.fullmatch(r"In\[\d+\]", number)
    assert places == {"near:it": ("defines", 6), "near:other": ("again", 1)}
    assert far == (None, "elsewhere.py:3")
