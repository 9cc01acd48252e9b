"""What queries and mutations may not do, seen at the real calls; and what is not held against them."""

from __future__ import annotations

import contextlib
import contextvars
import gc
import http.client
import importlib
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from reactive_nb.engine import Engine
from reactive_nb.errors import NestedCallError, SideEffectInQuery
from reactive_nb.functions import guard

LOCAL = ("127.0.0.1", 9)


def with_socket(use: Callable[[socket.socket], Any], kind: int = socket.SOCK_STREAM) -> None:
    with socket.socket(socket.AF_INET, kind) as made:
        use(made)


def fork() -> None:
    if os.fork() == 0:  # pragma: no cover - where the guard is broken
        os._exit(0)


# Harmless even where nobody refuses them: the paths are missing, the processes end at once.
ATTEMPTS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "connect": ("socket.connect", lambda _: with_socket(lambda s: s.connect(LOCAL))),
    "connect_ex": ("socket.connect", lambda _: with_socket(lambda s: s.connect_ex(LOCAL))),
    "bind": ("socket.bind", lambda _: with_socket(lambda s: s.bind(("127.0.0.1", 0)))),
    "sendto": ("socket.sendto", lambda _: with_socket(lambda s: s.sendto(b"", LOCAL), socket.SOCK_DGRAM)),
    "sendmsg": ("socket.sendmsg", lambda _: with_socket(lambda s: s.sendmsg([b""], [], 0, LOCAL), socket.SOCK_DGRAM)),
    "create_connection": ("socket.getaddrinfo", lambda _: socket.create_connection(LOCAL)),
    "gethostbyname": ("socket.gethostbyname", lambda _: socket.gethostbyname("127.0.0.1")),
    "gethostbyname_ex": ("socket.gethostbyname", lambda _: socket.gethostbyname_ex("127.0.0.1")),
    "gethostbyaddr": ("socket.gethostbyaddr", lambda _: socket.gethostbyaddr("127.0.0.1")),
    "http": ("http.client.connect", lambda _: http.client.HTTPConnection("127.0.0.1", 9).request("GET", "/")),
    "run": ("subprocess.Popen", lambda _: subprocess.run([sys.executable, "-c", ""], check=True)),
    "system": ("os.system", lambda _: os.system(":")),
    "exec": ("os.exec", lambda folder: os.execv(folder / "missing", ["missing"])),
    "spawn": ("os.fork", lambda folder: os.spawnv(os.P_WAIT, folder / "missing", ["missing"])),
    "posix_spawn": ("os.posix_spawn", lambda folder: os.posix_spawn(folder / "missing", ["missing"], {})),
    "fork": ("os.fork", lambda _: fork()),
    "kill": ("os.kill", lambda _: os.kill(os.getpid(), 0)),
    "write": ("open", lambda folder: (folder / "new").open("w")),
    "write_text": ("open", lambda folder: (folder / "new").write_text("x")),
    "append": ("open", lambda folder: (folder / "kept").open("ab")),
    "create": ("open", lambda folder: (folder / "new").open("x")),
    "change": ("open", lambda folder: (folder / "kept").open("r+")),
    "touch": ("open", lambda folder: os.open(folder / "new", os.O_CREAT)),
    "flags": ("open", lambda folder: os.open(folder / "kept", os.O_WRONLY)),
    "remove": ("os.remove", lambda folder: (folder / "kept").unlink()),
    "rename": ("os.rename", lambda folder: (folder / "kept").rename(folder / "new")),
    "replace": ("os.rename", lambda folder: (folder / "kept").replace(folder / "new")),
    "mkdir": ("os.mkdir", lambda folder: (folder / "new").mkdir()),
    "rmdir": ("os.rmdir", lambda folder: (folder / "sub").rmdir()),
    "link": ("os.link", lambda folder: (folder / "new").hardlink_to(folder / "kept")),
    "symlink": ("os.symlink", lambda folder: (folder / "new").symlink_to(folder / "kept")),
    "truncate": ("os.truncate", lambda folder: os.truncate(folder / "kept", 0)),
    "chmod": ("os.chmod", lambda folder: (folder / "kept").chmod(0o600)),
    "utime": ("os.utime", lambda folder: os.utime(folder / "kept")),
    "copy": ("shutil.copyfile", lambda folder: shutil.copy(folder / "kept", folder / "new")),
    "copytree": ("shutil.copytree", lambda folder: shutil.copytree(folder / "sub", folder / "new")),
    "move": ("shutil.move", lambda folder: shutil.move(folder / "kept", folder / "new")),
    "rmtree": ("shutil.rmtree", lambda folder: shutil.rmtree(folder / "sub")),
    "mkstemp": ("tempfile.mkstemp", lambda folder: tempfile.mkstemp(dir=folder)),
    "mkdtemp": ("tempfile.mkdtemp", lambda folder: tempfile.mkdtemp(dir=folder)),
    "temporary file": ("open", lambda folder: tempfile.TemporaryFile(dir=folder)),  # noqa: SIM115
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file and an empty folder in it."""
    (tmp_path / "kept").write_text("as it was")
    (tmp_path / "sub").mkdir()
    return tmp_path


@pytest.mark.parametrize(("event", "attempt"), ATTEMPTS.values(), ids=ATTEMPTS)
def test_a_side_effect_is_refused_before_it_happens(
    db: Engine, folder: Path, event: str, attempt: Callable[[Path], Any]
) -> None:
    for run in (db.read, db.write):
        with pytest.raises(SideEffectInQuery) as caught:
            run(lambda ctx: attempt(folder))
        assert (caught.value.event, caught.value.file) == (event, __file__)

    assert sorted(path.name for path in folder.iterdir()) == ["kept", "sub"]
    assert (folder / "kept").read_text() == "as it was"


def in_file(name: str, source: str, **names: Any) -> dict[str, Any]:
    """Run source as if it were the text of a file."""
    made = {"__name__": "somewhere", **names}
    exec(compile(source, name, "exec"), made)
    return made


ROUND_TRIP = """import socket
@db.query
def fetch(ctx):
    with socket.socket() as made:
        made.connect(("127.0.0.1", 9))
"""


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("/home/ada/jobs.py", "jobs.py"),
        ("<string>", "<string>"),
        ("<ipython-input-5-0123456789ab>", "its cell"),
        ("/tmp/ipykernel_4711/1234567.py", "its cell"),
        ("/opt/lib/python3.11/site-packages/acme/queries.py", "queries.py"),
    ],
)
def test_the_error_says_what_was_attempted_and_where(db: Engine, file: str, place: str) -> None:
    fetch = in_file(file, ROUND_TRIP, db=db)["fetch"]

    with pytest.raises(SideEffectInQuery) as caught:
        fetch()

    assert str(caught.value) == (
        f"Cannot run fetch: it attempted socket.connect to ('127.0.0.1', 9), at line 5 of {place}. Expected no side "
        "effects in a query or mutation. Do it in an action (@db.action), and hand the result to a mutation."
    )
    assert (caught.value.function, caught.value.file, caught.value.line) == ("fetch", file, 5)


def test_the_error_about_a_file_names_it_and_what_was_written_is_not_shown(db: Engine, tmp_path: Path) -> None:
    path = tmp_path / "new"

    with pytest.raises(SideEffectInQuery, match=r"it attempted open of '.*new' for writing, at line") as caught:
        db.read(lambda ctx: path.write_text("secret"))

    assert "secret" not in str(caught.value)


def test_a_library_that_was_given_the_call_is_not_blamed_but_who_called_it(db: Engine, tmp_path: Path) -> None:
    library = in_file("/x/site-packages/acme/io.py", "def save(path):\n    path.write_text('x')\n")
    own = in_file("mine.py", "\n\ndef body(ctx):\n    save(path)\n", save=library["save"], path=tmp_path / "new")

    with pytest.raises(SideEffectInQuery) as caught:
        db.read(own["body"])

    assert (caught.value.file, caught.value.line) == ("mine.py", 4)


def test_of_several_frames_of_the_user_the_nearest_is_named(db: Engine, tmp_path: Path) -> None:
    helper = in_file("helper.py", "\ndef save(path):\n    path.write_text('x')\n")["save"]
    body = in_file("mine.py", "def body(ctx):\n    save(path)\n", save=helper, path=tmp_path / "new")["body"]

    with pytest.raises(SideEffectInQuery, match=r"at line 3 of helper.py\."):
        db.read(body)


def test_where_no_frame_of_the_function_is_left_no_place_is_named(db: Engine) -> None:
    with pytest.raises(
        SideEffectInQuery, match=r"it attempted socket.gethostbyname of '127.0.0.1'\. Expected"
    ) as caught:
        db.read(lambda ctx: map(socket.gethostbyname, ["127.0.0.1"]))

    assert (caught.value.file, caught.value.line) == (None, None)


# ------------------------------------------------------------------ what the function makes of it


def swallow(path: Path) -> None:
    with contextlib.suppress(Exception):
        path.write_text("x")


def test_a_function_that_swallows_the_error_fails_all_the_same(db: Engine, tmp_path: Path) -> None:
    def body(ctx: Any) -> None:
        swallow(tmp_path / "first")
        swallow(tmp_path / "second")

    for run in (db.read, db.write):
        with pytest.raises(SideEffectInQuery, match=r"'.*first' for writing"):
            run(body)


def test_a_mutation_that_swallows_the_error_commits_nothing_and_is_not_tried_again(db: Engine, tmp_path: Path) -> None:
    runs = []

    def body(ctx: Any) -> None:
        runs.append(ctx)
        ctx.db.insert("t", {"n": 1})
        swallow(tmp_path / "new")

    with pytest.raises(SideEffectInQuery) as caught:
        db.write(body, "save")

    assert (db.ts, len(runs)) == (0, 1)
    (attempt,) = db.attempts()
    assert attempt.error == f"SideEffectInQuery: {caught.value}"


def test_an_error_that_the_function_makes_of_it_comes_second(db: Engine, tmp_path: Path) -> None:
    def body(ctx: Any) -> None:
        try:
            (tmp_path / "new").write_text("x")
        except Exception as error:
            raise RuntimeError("could not save") from error

    for run in (db.read, db.write):
        with pytest.raises(SideEffectInQuery):
            run(body)


def test_a_ctrl_c_stays_one(db: Engine, tmp_path: Path) -> None:
    def body(ctx: Any) -> None:
        swallow(tmp_path / "new")
        raise KeyboardInterrupt

    for run in (db.read, db.write):
        with pytest.raises(KeyboardInterrupt):
            run(body)


def test_the_next_function_is_not_blamed(db: Engine, tmp_path: Path) -> None:
    with pytest.raises(SideEffectInQuery):
        db.read(lambda ctx: swallow(tmp_path / "new"))

    assert db.read(lambda ctx: 1) == 1


def test_a_function_inside_another_is_refused_too(db: Engine, tmp_path: Path) -> None:
    @db.query
    def inner(ctx: Any) -> None:
        swallow(tmp_path / "new")

    @db.mutation
    def outer(ctx: Any) -> None:
        inner(ctx)

    with pytest.raises(SideEffectInQuery, match="Cannot run outer"):
        outer()


def test_a_live_result_shows_the_error(db: Engine, tmp_path: Path) -> None:
    @db.query
    def leak(ctx: Any) -> None:
        swallow(tmp_path / "new")

    with leak.live() as live:
        assert isinstance(live.error, SideEffectInQuery)


# ------------------------------------------------------------------ what is not refused


def test_outside_functions_nothing_is_refused(db: Engine, tmp_path: Path) -> None:
    with db.transaction() as tx:
        tx.db.insert("t", {})
        (tmp_path / "block").write_text("x")
    (tmp_path / "after").write_text("x")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["after", "block"]


def test_another_thread_may_do_what_it_likes(db: Engine, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        written = db.read(lambda ctx: pool.submit((tmp_path / "new").write_text, "x").result())

    assert written == 1


def test_a_context_that_outlives_the_function_is_free(db: Engine, tmp_path: Path) -> None:
    left = db.read(lambda ctx: [contextvars.copy_context()])[0]

    left.run((tmp_path / "new").write_text, "x")

    assert left.run(db.read, lambda ctx: 1) == 1
    assert (tmp_path / "new").exists()


def test_a_context_that_is_used_before_the_end_is_not(db: Engine, tmp_path: Path) -> None:
    with pytest.raises(SideEffectInQuery):
        db.read(lambda ctx: contextvars.copy_context().run((tmp_path / "new").write_text, "x"))
    with pytest.raises(NestedCallError):
        db.read(lambda ctx: contextvars.copy_context().run(db.read, lambda ctx: 1))


def test_reading_files_and_the_null_device_is_allowed(db: Engine, folder: Path) -> None:
    def body(ctx: Any) -> str:
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - as people write it
            nowhere.write("x")
        return (folder / "kept").read_text()

    assert db.read(body) == "as it was"


def test_an_import_may_write_what_it_likes(db: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fresh_module.py").write_text(
        "import pathlib\npathlib.Path(__file__).with_name('cache').write_text('')"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)

    db.read(lambda ctx: importlib.import_module("fresh_module").__name__)

    del sys.modules["fresh_module"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["__pycache__", "cache", "fresh_module.py"]


def test_a_function_that_is_run_by_an_import_is_refused(
    db: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "running_module.py").write_text("import sys\nsys.modules['the_db'].read(sys.modules['the_body'])")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "the_db", db)
    monkeypatch.setitem(sys.modules, "the_body", lambda ctx: (tmp_path / "new").write_text("x"))

    with pytest.raises(SideEffectInQuery):
        importlib.import_module("running_module")


def test_compiled_code_may_be_kept_at_any_time(db: Engine, tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()

    db.read(lambda ctx: (tmp_path / "__pycache__" / "f.nbi").write_text("x"))

    assert (tmp_path / "__pycache__" / "f.nbi").exists()


def test_a_log_may_be_written(db: Engine, tmp_path: Path) -> None:
    handler = logging.FileHandler(tmp_path / "log", delay=True)
    logger = logging.Logger("of this test")
    logger.addHandler(handler)

    db.read(lambda ctx: logger.warning("hello"))

    handler.close()
    assert (tmp_path / "log").read_text() == "hello\n"


class Node:
    """Something in a cycle, which only the collector finds."""

    def __init__(self) -> None:
        self.itself = self


class Cleaned(Node):
    """Something that cleans up after itself."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def __del__(self) -> None:
        self.path.unlink()


@pytest.mark.slow
def test_what_finalizers_clean_up_while_it_runs_is_not_the_functions_doing(db: Engine, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.touch()
    two.touch()

    def body(ctx: Any) -> int:
        return min(gc.collect(), 1)

    node = Node()
    weakref.finalize(node, one.unlink)
    cleaned = Cleaned(two)
    del node, cleaned

    assert db.read(body) == 1
    assert list(tmp_path.iterdir()) == []


STORE = "def put(path, content):\n    path.write_text(content() if callable(content) else content)\n"


def test_the_store_of_files_does_the_engine_s_own_work(db: Engine, tmp_path: Path) -> None:
    store = {"__name__": "reactive_nb.files.contents"}
    exec(STORE, store)
    put: Any = store["put"]

    db.write(lambda ctx: put(tmp_path / "new", "x"))

    assert (tmp_path / "new").exists()
    with pytest.raises(SideEffectInQuery):  # what it is given to read from is the user's again
        db.write(lambda ctx: put(tmp_path / "new", lambda: (tmp_path / "other").write_text("x")))


# ------------------------------------------------------------------ the process


def test_it_is_installed_once(monkeypatch: pytest.MonkeyPatch, db: Engine) -> None:
    hooks: list[Any] = []
    monkeypatch.setattr(sys, "addaudithook", hooks.append)

    guard.install()

    assert hooks == []


AN_OWN_PROCESS = """
import builtins, sys
import reactive_nb as rnb

class Late:
    def __del__(self, audit=sys.audit, write=sys.stdout.write):
        audit("open", "a path", "w", 0)
        write("late")

builtins.late = Late()
db = rnb.connect()
assert db.read(lambda ctx: 1) == 1
"""


@pytest.mark.slow
def test_the_end_of_the_process_is_not_disturbed() -> None:
    ran = subprocess.run([sys.executable, "-c", AN_OWN_PROCESS], capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "late", "")
