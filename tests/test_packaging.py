"""What `pip install` brings: every file of the package, what it says about itself, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

PROJECT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    with ZipFile(path) as wheel:
        yield wheel


@pytest.fixture
def metadata(wheel: ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return Parser().parsestr(wheel.read(name).decode())


def test_the_wheel_contains_every_file_of_the_package_and_nothing_else(wheel: ZipFile) -> None:
    files = (path for path in (PROJECT / "reactive_nb").rglob("*") if path.is_file())
    expected = {path.relative_to(PROJECT).as_posix() for path in files if "__pycache__" not in path.parts}

    found = {name for name in wheel.namelist() if ".dist-info/" not in name and ".data/" not in name}

    assert found == expected


def test_the_wheel_brings_the_panel_to_where_jupyterlab_looks_for_it(wheel: ZipFile) -> None:
    panel = PROJECT / "labextension"
    built = {path.relative_to(panel / "dist").as_posix() for path in (panel / "dist").rglob("*") if path.is_file()}

    data = {name.partition(".data/data/")[2] for name in wheel.namelist() if ".data/" in name}

    assert data == {f"share/jupyter/labextensions/reactive-nb/{name}" for name in (*built, "install.json")}


def test_the_wheel_says_that_it_is_typed_and_licensed(wheel: ZipFile, metadata: Message) -> None:
    names = wheel.namelist()

    assert "reactive_nb/py.typed" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert metadata["License-Expression"] == "Apache-2.0"


def test_an_install_without_extras_needs_neither_a_server_nor_tools(metadata: Message) -> None:
    requirements = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]

    needed = {requirement.name for requirement in requirements if requirement.marker is None}

    assert metadata["Requires-Python"] == ">=3.11"
    assert needed == {
        *(
            "anywidget",
            "comm",
            "cronsim",
            "duckdb",
            "ipython",
            "ipywidgets",
            "msgspec",
            "numpy",
            "pandas",
            "pytz",
            "traitlets",
            "tzdata",
        )
    }
