"""What the panel is built from, found without Node: its own files, and the widgets' modules and styles that they import."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

from reactive_nb.notebook.page.module import STATIC, modules_of

ROOT = Path(__file__).parents[2]
PANEL = ROOT / "labextension"

_MODULE = re.compile(r'"(?:\.\./)+reactive_nb/notebook/static/([\w.]+\.js)"')
_SHEET = re.compile(r'@import url\("(?:\.\./)+reactive_nb/notebook/static/([\w.]+\.css)"\)')


def sources() -> dict[str, str]:
    """Return the path of each file, below the repository, with its hash."""
    own = [file for folder in ("src", "style", "schema") for file in (PANEL / folder).rglob("*") if file.is_file()]
    files = {*own, *(PANEL / name for name in ("build.mjs", "package.json", "package-lock.json", "tsconfig.json"))}
    for file in own:
        text = file.read_text("utf-8")
        files.update(STATIC / module for entry in _MODULE.findall(text) for module in modules_of(entry))
        files.update(STATIC / name for name in _SHEET.findall(text))
    return {file.relative_to(ROOT).as_posix(): sha256(file.read_bytes()).hexdigest() for file in sorted(files)}


def changed_since(stamp: Path) -> list[str]:
    """Return the files that are others than when the stamp was made, or were not there, or are there no more."""
    lines = (line.split("  ", 1) for line in stamp.read_text("utf-8").splitlines())
    built = {path: digest for digest, path in lines}
    now = sources()
    return sorted(path for path in built.keys() | now.keys() if built.get(path) != now.get(path))
