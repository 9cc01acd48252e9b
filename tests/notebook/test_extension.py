"""`%load_ext reactive_nb` and `%unload_ext reactive_nb` in a shell."""

from __future__ import annotations

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import reactive_nb as rnb


def test_the_extension_brings_the_magic_and_takes_it_away() -> None:
    shell = InteractiveShell(config=Config(HistoryManager={"enabled": False}))

    shell.extension_manager.load_extension("reactive_nb")
    shell.extension_manager.reload_extension("reactive_nb")
    with rnb.connect():
        opened = repr(shell.run_line_magic("reactive", ""))
    shell.extension_manager.unload_extension("reactive_nb")

    assert "Database in memory, commit " in opened
    assert shell.find_line_magic("reactive") is None
