"""Captures in a real shell: what a run shows, what it leaves behind, and what is not of it."""

from __future__ import annotations

import re
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.displaypub import DisplayPublisher

from reactive_nb.errors import ReactiveError
from reactive_nb.notebook.cell.capture import captured, error_output, refuse_await

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def kinds(outputs: list[dict[str, Any]]) -> list[str]:
    return [output.get("name", output["output_type"]) for output in outputs]


def test_everything_comes_in_the_order_in_which_the_run_made_it(shell: InteractiveShell) -> None:
    ran = captured(
        shell,
        "import sys\n"
        "print('one'); print('two')\n"
        "print('three', file=sys.stderr)\n"
        "display({'a': 1})\n"
        "print('four')\n"
        "[1, 2]",
    )

    assert ran.error is None
    assert ran.outputs == [
        {"output_type": "stream", "name": "stdout", "text": "one\ntwo\n"},
        {"output_type": "stream", "name": "stderr", "text": "three\n"},
        {"output_type": "display_data", "data": {"text/plain": "{'a': 1}"}, "metadata": {}},
        {"output_type": "stream", "name": "stdout", "text": "four\n"},
        {"output_type": "display_data", "data": {"text/plain": "[1, 2]"}, "metadata": {}},
    ]


def test_a_semicolon_keeps_the_last_value_to_itself(shell: InteractiveShell) -> None:
    assert captured(shell, "1 + 1;  # quiet").outputs == []


def test_magics_work_as_in_a_cell(shell: InteractiveShell) -> None:
    line = captured(shell, "%time x = 20 + 1\nx")
    whole = captured(shell, "%%time\nx + 1")

    assert line.outputs[-1]["data"]["text/plain"] == "21"
    assert "Wall time" in line.outputs[0]["text"]
    assert any(output.get("data", {}).get("text/plain") == "22" for output in whole.outputs)


def test_an_error_is_shown_as_a_cell_shows_it_after_what_came_before(shell: InteractiveShell) -> None:
    ran = captured(shell, "print('before')\n1 / 0", number=7)
    error = ran.outputs[1]

    assert isinstance(ran.error, ZeroDivisionError)
    assert kinds(ran.outputs) == ["stdout", "error"]
    assert (error["ename"], error["evalue"]) == ("ZeroDivisionError", "division by zero")
    traceback = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error["traceback"]))
    assert "Cell In[7], line 2" in traceback.replace("In [", "In[")
    assert "1 / 0" in traceback


def test_source_that_is_not_python_is_an_error_output(shell: InteractiveShell) -> None:
    ran = captured(shell, "1 +")

    assert isinstance(ran.error, SyntaxError)
    assert ran.outputs[-1]["ename"] == "SyntaxError"


def test_a_repr_that_fails_is_shown(shell: InteractiveShell) -> None:
    ran = captured(shell, "class Bad:\n    def __repr__(self): raise ValueError('no repr')\nBad()")

    assert "no repr" in repr(ran.outputs)


def test_an_error_of_ours_as_an_output_has_the_users_frames_only(shell: InteractiveShell, chat: dict[str, Any]) -> None:
    def outside(source: str) -> BaseException:
        try:
            eval(compile(source, "<%%on>", "eval"), shell.user_ns)
        except ReactiveError as error:
            return error
        raise AssertionError("nothing was raised")

    output = error_output(shell, outside("send(body=1)"))
    lines = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(output["traceback"]))

    assert output["ename"] == "ArgumentValidationError"
    assert "<%%on>" in lines
    assert "reactive_nb/" not in lines
    assert "%reactive traceback" not in lines  # which does not know of this one
    assert "because" in lines


def test_an_interrupt_is_an_error_output(shell: InteractiveShell) -> None:
    ran = captured(shell, "import signal\nsignal.raise_signal(signal.SIGINT)\nprint('not reached')")

    assert isinstance(ran.error, KeyboardInterrupt)
    assert [output["ename"] for output in ran.outputs] == ["KeyboardInterrupt"]


def test_an_interrupt_between_the_steps_of_ipython_is_one_too_and_the_shell_is_whole(
    shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = (sys.stdout, shell.display_pub, shell.display_trap)
    monkeypatch.setattr(shell, "run_cell", lambda *_, **__: signal.raise_signal(signal.SIGINT))

    ran = captured(shell, "1")

    assert isinstance(ran.error, KeyboardInterrupt)
    assert kinds(ran.outputs) == ["error"]
    assert (sys.stdout, shell.display_pub, shell.display_trap) == parts


def test_a_run_leaves_variables_and_nothing_else(shell: InteractiveShell) -> None:
    shell.run_cell("'the value before'", store_history=True)
    count, history = shell.execution_count, dict(shell.history_manager.outputs)
    last, payloads = shell.last_execution_result, shell.payload_manager.read_payload()
    hook = sys.displayhook

    captured(shell, "x = 1\nprint('hello')\n?x\nx", number=99)

    assert shell.user_ns["x"] == 1
    assert shell.user_ns["_"] == "the value before"
    assert shell.execution_count == count
    assert shell.history_manager.outputs == history
    assert shell.last_execution_result is last
    assert shell.payload_manager.read_payload() == payloads
    assert sys.displayhook is hook
    assert "_showtraceback" not in vars(shell)


def test_a_run_within_a_cell_leaves_that_cell_its_own_result(shell: InteractiveShell) -> None:
    shell.user_ns.update(captured=captured, shell=shell)

    result = shell.run_cell("inner = captured(shell, '1 / 0')\n'the outer value'")

    assert result.result == "the outer value"
    assert result.success
    assert shell.user_ns["inner"].outputs[0]["ename"] == "ZeroDivisionError"


def test_a_thread_of_others_prints_where_it_did_and_one_of_the_run_into_it(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    go, done = threading.Event(), threading.Event()

    def of_others() -> None:
        go.wait()
        print("of another cell")  # noqa: T201
        done.set()

    thread = threading.Thread(target=of_others)
    thread.start()
    shell.user_ns.update(go=go, done=done)
    ran = captured(
        shell,
        "import threading\n"
        "go.set(); done.wait()\n"
        "mine = threading.Thread(target=lambda: print('of the run'))\n"
        "mine.start(); mine.join()",
    )
    thread.join()

    assert [output["text"] for output in ran.outputs] == ["of the run\n"]
    assert capsys.readouterr().out == "of another cell\n"


def test_a_stream_that_the_run_gave_away_goes_on_to_where_it_went_before(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = captured(shell, "import sys\nkept = sys.stdout\nkept.write('during')\nNone")

    shell.user_ns["kept"].write("after")

    assert [output["text"] for output in ran.outputs] == ["during"]
    assert capsys.readouterr().out == "after"


def test_a_display_is_updated_in_place_and_output_cleared(shell: InteractiveShell) -> None:
    updated = captured(shell, "h = display(1, display_id=True)\ndisplay(2)\nh.update(3)")
    cleared = captured(
        shell,
        "from IPython.display import clear_output\n"
        "print('a'); clear_output(); print('b'); clear_output(wait=True); print('c'); clear_output(wait=True)",
    )

    assert [output["data"]["text/plain"] for output in updated.outputs] == ["3", "2"]
    assert [output["text"] for output in cleared.outputs] == ["c\n"]


def test_an_update_of_what_another_cell_displayed_goes_there(
    shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[tuple[Any, bool]] = []
    publisher = DisplayPublisher()
    monkeypatch.setattr(
        publisher, "publish", lambda data, *_, update=False, **__: published.append((data["text/plain"], update))
    )
    monkeypatch.setattr(shell, "display_pub", publisher)
    shell.run_cell("h = display(1, display_id=True)")

    ran = captured(shell, "h.update(2)")

    assert ran.outputs == []
    assert published == [("1", False), ("2", True)]


def test_what_a_kernel_tells_its_publisher_during_a_run_reaches_it(
    shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KernelPublisher(DisplayPublisher):
        def set_parent(self, parent: object) -> None:
            self.told = parent

    monkeypatch.setattr(shell, "display_pub", KernelPublisher())
    ran = captured(shell, "get_ipython().display_pub.set_parent('a message')")

    assert ran.error is None
    assert shell.display_pub.told == "a message"


def test_pictures_in_bytes_are_text_as_in_a_notebook(shell: InteractiveShell) -> None:
    ran = captured(
        shell,
        "class Picture:\n    def _repr_mimebundle_(self, **_): return {'image/png': b'\\x89PNG'}\nPicture()",
    )

    assert ran.outputs[0]["data"]["image/png"] == "iVBORw=="


def test_figures_are_shown_by_the_run_that_made_them_and_closed_when_it_fails(shell: InteractiveShell) -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    inline = pytest.importorskip("matplotlib_inline.backend_inline")
    pyplot.switch_backend("module://matplotlib_inline.backend_inline")
    inline.configure_inline_support(shell, "inline")
    pyplot.ion()
    drawn = captured(shell, "import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    pyplot.switch_backend("agg")
    pyplot.ioff()
    inline.configure_inline_support(shell, "agg")
    other = pyplot.figure()
    failed = captured(shell, "plt.figure()\n1 / 0")
    left = pyplot.get_fignums()
    pyplot.close("all")

    assert [list(output["data"]) for output in drawn.outputs] == [["text/plain", "image/png"]]
    assert isinstance(failed.error, ZeroDivisionError)
    assert left == [other.number]


@pytest.mark.parametrize("source", ["await f()", "async for x in y: pass", "async with x: pass", "x = [await y]"])
def test_source_that_awaits_is_refused_with_the_reason(source: str, shell: InteractiveShell) -> None:
    with pytest.raises(ReactiveError) as refused:
        refuse_await(shell, source, "%%live")

    assert str(refused.value) == (
        "Cannot run %%live: its source awaits at the top level, and other cells would run while it waits, so that "
        "nobody could tell whose queries and outputs are whose. Expected source that runs from its beginning to its "
        "end. Call the function without await, or await it in a cell of its own and read its result here."
    )


@pytest.mark.parametrize("source", ["async def f(): await g()", "1 +", "%time 1", "!!!"])
def test_other_source_is_not_refused(source: str, shell: InteractiveShell) -> None:
    refuse_await(shell, source, "%%live")
