"""The guard of queries and mutations: what they may not do to the world outside is refused while they run.

Comes in: every audit event of the process (PEP 578). Goes out: `SideEffectInQuery` at the very call that would open a
socket, start a process or write a file, where a query or mutation is running on this thread. One that catches the
error fails all the same, once it ends. This keeps mistakes from becoming bugs; it does not hold code that means harm:
C extensions that raise no audit event, and connections that were open before, are not seen.

Not counted as the function's doing, although it happens while the function runs: what an import does (bytecode, caches
of fonts), what handlers of `logging` write, what finalizers clean up, `os.devnull`, and the contents of stored files.
"""

from __future__ import annotations

import os
import reprlib
import sys
import sysconfig
from contextvars import ContextVar
from pathlib import Path
from types import FrameType
from typing import Any, Final

from reactive_nb.errors import SideEffectInQuery


class Running:
    """One execution of a query or mutation.

    Attributes:
        path: The function's.
        violation: Starts None; the first side effect that was refused, whatever the function made of the error.
        is_over: Starts False; True when the function has ended. A task or a thread that the function began, with a
            copy of its context, would otherwise be refused everything for ever.
    """

    __slots__ = ("is_over", "path", "violation")

    def __init__(self, path: str) -> None:
        self.path = path
        self.violation: SideEffectInQuery | None = None
        self.is_over = False

    def blamed(self, error: BaseException) -> BaseException:
        """Return what the function has failed with: an exception, or the violation that has led to it."""
        if self.violation is not None and isinstance(error, Exception):
            return self.violation
        return error


RUNNING: Final[ContextVar[Running | None]] = ContextVar("reactive_nb_running", default=None)
"""What runs on this thread. The runner sets it by itself: around a call of ours a Ctrl-C could get in between."""

_WRITES: Final = frozenset("wax+")
_WRITE_FLAGS: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

# What is refused, and how many of the event's arguments the error shows: addresses, paths and commands, but no data.
_REFUSED: Final[dict[str, slice]] = {
    "open": slice(0, 1),
    # sockets; the first argument of most is the socket itself
    "socket.connect": slice(1, 2),
    "socket.bind": slice(1, 2),
    "socket.sendto": slice(1, 2),
    "socket.sendmsg": slice(1, 2),
    "socket.getaddrinfo": slice(0, 2),
    "socket.gethostbyname": slice(0, 1),
    "socket.gethostbyaddr": slice(0, 1),
    "socket.getnameinfo": slice(0, 1),
    "socket.sethostname": slice(0, 1),
    # protocols of the standard library, whose connection may be open already
    "http.client.connect": slice(1, 3),
    "http.client.send": slice(0, 0),
    "ftplib.sendcmd": slice(0, 0),
    "smtplib.send": slice(0, 0),
    "imaplib.send": slice(0, 0),
    "poplib.putline": slice(0, 0),
    # processes
    "subprocess.Popen": slice(1, 2),
    "os.system": slice(0, 1),
    "os.exec": slice(0, 2),
    "os.spawn": slice(1, 3),
    "os.posix_spawn": slice(0, 2),
    "os.fork": slice(0, 0),
    "os.forkpty": slice(0, 0),
    "os.startfile": slice(0, 1),
    "os.startfile/2": slice(0, 1),
    "_winapi.CreateProcess": slice(0, 2),
    "pty.spawn": slice(0, 1),
    "os.kill": slice(0, 2),
    "os.killpg": slice(0, 2),
    "webbrowser.open": slice(0, 1),
    # files and folders
    "os.remove": slice(0, 1),
    "os.rename": slice(0, 2),
    "os.mkdir": slice(0, 1),
    "os.rmdir": slice(0, 1),
    "os.link": slice(0, 2),
    "os.symlink": slice(0, 2),
    "os.truncate": slice(0, 1),
    "os.chmod": slice(0, 1),
    "os.chown": slice(0, 1),
    "os.chflags": slice(0, 1),
    "os.utime": slice(0, 1),
    "os.setxattr": slice(0, 1),
    "os.removexattr": slice(0, 1),
    "shutil.chown": slice(0, 1),
    "shutil.copyfile": slice(0, 2),
    "shutil.copymode": slice(0, 2),
    "shutil.copystat": slice(0, 2),
    "shutil.copytree": slice(0, 2),
    "shutil.make_archive": slice(0, 1),
    "shutil.move": slice(0, 2),
    "shutil.rmtree": slice(0, 1),
    "shutil.unpack_archive": slice(0, 2),
    "tempfile.mkstemp": slice(0, 1),
    "tempfile.mkdtemp": slice(0, 1),
}

_TO: Final = frozenset(("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind", "http.client.connect"))

_RUNNER: Final = "reactive_nb.functions.runner"
_PACKAGE: Final = "reactive_nb."
_FILES: Final = "reactive_nb.files."  # the engine's own work, done for `ctx.storage`
_FINALIZERS: Final = frozenset((("weakref", "__call__"), ("multiprocessing.util", "__call__")))
_CELLS: Final = ("<ipython-input", f"{os.sep}ipykernel_")

_STANDARD: Final = (*{f"{sysconfig.get_path(name)}{os.sep}" for name in ("stdlib", "platstdlib")}, "<frozen ")
_SITES: Final = tuple(f"{os.sep}{name}{os.sep}" for name in ("site-packages", "dist-packages"))

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = 200

_is_installed = False


def install() -> None:
    """Have the guard look at all audit events from now on; done when the first engine is made, and only once."""
    global _is_installed
    if not _is_installed:
        _is_installed = True
        sys.addaudithook(_hook)


def _hook(event: str, args: tuple[Any, ...], running_now: Any = RUNNING.get) -> None:
    # Called for all that any code of the process does, and also while the interpreter shuts down, when globals may be
    # gone. So the question that nearly always settles it comes first, and needs no global.
    running = running_now()
    if running is not None and event in _REFUSED and not running.is_over:
        _judge(running, event, args)


def _judge(running: Running, event: str, args: tuple[Any, ...]) -> None:
    """Raise for a side effect, unless it is harmless or not the function's doing."""
    if (event == "open" and not _writes(*args)) or _is_of_cache(args):
        return
    is_innocent, culprit = _culprit(sys._getframe(2))
    if is_innocent:
        return
    violation = _violation(running.path, event, args, culprit)
    if running.violation is None:
        running.violation = violation
    raise violation


def _writes(path: Any, mode: Any, flags: Any) -> bool:
    """Whether a file would be opened for writing: `open` gives a mode, `os.open` none and flags."""
    if path == os.devnull:
        return False
    return not _WRITES.isdisjoint(mode) if isinstance(mode, str) else bool(flags & _WRITE_FLAGS)


def _is_of_cache(args: tuple[Any, ...]) -> bool:
    """Whether it is about a file of compiled code, which Python and numba write when they please."""
    return bool(args) and isinstance(args[0], str | bytes) and "__pycache__" in Path(os.fsdecode(args[0])).parts


def _culprit(innermost: FrameType) -> tuple[bool, FrameType | None]:
    """Return whether a call is not the running function's doing; and if it is, the frame that people look for.

    That is the nearest one outside libraries and this package; where there is none, of a library, whose function it
    must be. All frames are looked at as far as the runner's, below which stands whoever has called the function.
    """
    users: FrameType | None = None
    of_library: FrameType | None = None
    frame: FrameType | None = innermost
    while frame is not None:
        module, code = str(frame.f_globals.get("__name__")), frame.f_code
        file = code.co_filename
        if module == _RUNNER:
            break
        if (
            file.startswith("<frozen importlib")
            or module.partition(".")[0] == "logging"
            or code.co_name == "__del__"
            or (module, code.co_name) in _FINALIZERS
        ):
            return True, None
        if module.startswith(_PACKAGE):
            if module.startswith(_FILES) and users is None and of_library is None:
                return True, None
        elif any(site in file for site in _SITES):
            of_library = of_library or frame
        elif not file.startswith(_STANDARD):
            users = users or frame
        frame = frame.f_back
    return False, users or of_library


def _violation(path: str, event: str, args: tuple[Any, ...], frame: FrameType | None) -> SideEffectInQuery:
    thing = f"it attempted {event}"
    shown = ", ".join(map(_repr.repr, args[_REFUSED[event]]))
    if event == "open":
        thing += f" of {shown} for writing"
    elif shown:
        thing += f" {'to' if event in _TO else 'of'} {shown}"
    file, line = (None, None) if frame is None else (frame.f_code.co_filename, frame.f_lineno)
    if file is not None:
        place = "its cell" if any(mark in file for mark in _CELLS) else Path(file).name
        thing += f", at line {line} of {place}"
    return SideEffectInQuery(
        f"Cannot run {path}",
        thing=thing,
        expected="no side effects in a query or mutation",
        hint="Do it in an action (@db.action), and hand the result to a mutation",
        function=path,
        event=event,
        file=file,
        line=line,
    )
