"""Real Jupyter servers for browsers: each is one process with a folder of notebooks, which pages and kernels talk to.

In: the application to run, and its options. Out: an address that answers. It reads and writes nothing outside its own
folder, and its kernels import the package that stands beside these tests. What is particular to JupyterLab is in
lab.py.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

import nbformat

ROOT = Path(__file__).parents[2]
START_SECONDS = 120.0


class JupyterServer(ABC):
    """A Jupyter server that listens on this machine.

    Args:
        folder: Where it keeps everything; empty.
        options: More options of its command line.

    Attributes:
        root: The folder whose notebooks it serves.
        url: Where it listens, without a final slash.
        token: What a page has to present.
        log: The file with everything it printed.
    """

    module: ClassVar[str]
    """The application, as `python -m` runs it."""

    def __init__(self, folder: Path, options: Iterable[str]) -> None:
        self.root = folder / "root"
        self.root.mkdir()
        self.token = secrets.token_hex(16)
        self.log = folder / "server.log"
        self._runtime = folder / "runtime"
        self._open = build_opener(ProxyHandler({})).open
        command = [
            *(sys.executable, "-m", self.module, "--no-browser", "--allow-root"),
            *("--ip=127.0.0.1", "--port=0", "--ServerApp.port_retries=0"),
            f"--ServerApp.root_dir={self.root}",
            f"--IdentityProvider.token={self.token}",
            *options,
        ]
        places = {
            "JUPYTER_CONFIG_DIR": folder / "config",
            "JUPYTER_DATA_DIR": folder / "data",
            "JUPYTER_RUNTIME_DIR": self._runtime,
            "IPYTHONDIR": folder / "ipython",
        }
        environment = os.environ | {name: str(place) for name, place in places.items()}
        # The panel as it is built beside these tests, whatever is installed. This path comes before all others.
        shutil.copytree(ROOT / "labextension/dist", folder / "jupyter/labextensions/reactive-nb")
        environment["JUPYTER_PATH"] = str(folder / "jupyter")
        # Kernels import the package that stands beside these tests, as the tests do, whatever is installed.
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=self.root, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            self.url = self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @abstractmethod
    def address(self, path: str) -> str:
        """Return the address of the page on which a person edits a notebook of the served folder."""

    def stop(self) -> None:
        """Stop the server and its kernels."""
        self._process.terminate()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def write_notebook(self, name: str, *sources: str) -> str:
        """Write a notebook of code cells into the served folder and return its path, as `Notebook.open` takes it."""
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        # Without this a dialog asks for the kernel.
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(book, self.root / name)
        return name

    def shut_down_kernel(self, path: str) -> None:
        """End the kernel of a notebook, if it has one."""
        for session in self._ask("/api/sessions"):
            if session["path"] == path:
                self._ask(f"/api/sessions/{session['id']}", method="DELETE")

    def _wait_until_it_answers(self) -> str:
        info = self._runtime / f"jpserver-{self._process.pid}.json"
        for _ in range(int(START_SECONDS / 0.1)):
            try:
                # It writes the file when it knows its port, and answers a little later.
                self.url = str(json.loads(info.read_text(encoding="utf-8"))["url"]).rstrip("/")
                self._ask("/api/status")
                return self.url
            except (FileNotFoundError, json.JSONDecodeError, URLError, ConnectionError):
                if self._ended_within(0.1):
                    break
        printed = self.log.read_text(encoding="utf-8")
        raise RuntimeError(f"{self.module} does not answer. It printed:\n{printed}")

    def _ended_within(self, seconds: float) -> bool:
        try:
            self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _ask(self, path: str, method: str = "GET") -> Any:
        request = Request(self.url + path, method=method, headers={"Authorization": f"token {self.token}"})
        with self._open(request, timeout=30) as response:
            return json.loads(response.read() or b"null")


class NotebookServer(JupyterServer):
    """A Notebook 7 server, which also serves its notebooks as Voilà apps."""

    module = "notebook"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, ["--JupyterNotebookApp.expose_app_in_browser=True"])

    def address(self, path: str) -> str:
        """Return the address of a notebook's page."""
        return f"{self.url}/notebooks/{quote(path)}?token={self.token}"

    def app_address(self, path: str) -> str:
        """Return the address at which Voilà runs a notebook and shows what its cells show."""
        return f"{self.url}/voila/render/{quote(path)}?token={self.token}"
