"""The panel in the repository is the one that its sources make: nobody has to have Node, and nobody gets an old one."""

from __future__ import annotations

import json

from tests.lab.sources import PANEL, changed_since

DIST = PANEL / "dist"


def sizes() -> str:
    """Return the sizes of the files that JupyterLab loads."""
    files = sorted((DIST / "static").glob("*.js"))
    lines = [f"{file.stat().st_size:9,} bytes  {file.name}" for file in files]
    return "\n".join([*lines, f"{sum(file.stat().st_size for file in files):9,} bytes in all"])


def test_what_is_built_is_built_from_the_sources_as_they_are() -> None:
    changed = changed_since(DIST / "sources.sha256")

    assert not changed, f"run `make lab` (Node 20 and npm), for these have changed: {', '.join(changed)}\n{sizes()}"


def test_what_jupyterlab_is_told_to_load_is_there() -> None:
    build = json.loads((DIST / "package.json").read_text("utf-8"))["jupyterlab"]["_build"]

    assert (DIST / build["load"]).is_file(), f"run `make lab`\n{sizes()}"
    assert (DIST / "schemas/reactive-nb/plugin.json").is_file()


def test_what_is_built_is_of_the_version_of_the_package() -> None:
    package = json.loads((PANEL / "package.json").read_text("utf-8"))
    lines = (PANEL.parent / "pyproject.toml").read_text("utf-8").splitlines()

    assert f'version = "{package["version"]}"' in lines


def test_no_file_of_the_panel_names_a_registry_or_a_machine() -> None:
    named = json.loads((PANEL / "package-lock.json").read_text("utf-8"))["packages"]

    assert [
        name for name, package in named.items() if "resolved" in package and "://" in str(package["resolved"])
    ] == []
