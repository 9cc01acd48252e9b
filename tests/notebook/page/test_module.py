"""The page's code as one module: order, nothing imported, no name twice, nothing of other hosts."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from reactive_nb.notebook.page import module
from reactive_nb.notebook.page.module import STATIC, modules_of, page_module, page_style

ENTRIES = sorted(file.name for file in STATIC.glob("*.js") if "export default" in file.read_text("utf-8"))
NODE = shutil.which("node")
TOP_LEVEL = re.compile(r"^(?:async )?(?:const|let|var|class|function\*?) (\w+)", re.MULTILINE)


def test_a_module_stands_after_those_that_it_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imports = {"a": "cb", "b": "d", "c": "d", "d": "", "e": ""}
    for name, imported in imports.items():
        lines = [f'import {{ {each}1 }} from "./{each}.js";\n' for each in imported]
        default = "default " if name == "a" else ""
        (tmp_path / f"{name}.js").write_text("".join(lines) + f"export {default}function {name}1() {{}}\n")
    monkeypatch.setattr(module, "STATIC", tmp_path)

    assert modules_of("a.js") == ["d.js", "c.js", "b.js", "a.js"]
    assert page_module("a.js").split() == (
        [
            "function",
            "d1()",
            "{}",
            "function",
            "c1()",
            "{}",
            "function",
            "b1()",
            "{}",
            "export",
            "default",
            "function",
            "a1()",
            "{}",
        ]
    )


def test_there_are_widgets() -> None:
    assert {"grid.js", "form.js", "button.js"} <= set(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_widget_s_code_is_one_module_without_imports_or_a_name_twice(entry: str) -> None:
    text = page_module(entry)

    assert re.findall(r"^import\b|^export (?!default)", text, flags=re.MULTILINE) == []
    assert text.count("export default") == 1
    assert [name for name, count in Counter(TOP_LEVEL.findall(text)).items() if count > 1] == []


@pytest.mark.skipif(NODE is None, reason="no Node: the page's code is tested in the browser only")
@pytest.mark.parametrize("entry", ENTRIES)
def test_a_widget_s_code_is_a_module_for_node(entry: str, tmp_path: Path) -> None:
    joined = tmp_path / "joined.mjs"
    joined.write_text(page_module(entry), "utf-8")

    done = subprocess.run([str(NODE), "--check", str(joined)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_style_sheets_stand_in_their_order() -> None:
    both = page_style("base.css", "grid.css")

    assert both == f"{(STATIC / 'base.css').read_text('utf-8')}\n{(STATIC / 'grid.css').read_text('utf-8')}"


@pytest.mark.parametrize("file", sorted(STATIC.iterdir()), ids=lambda file: file.name)
def test_the_page_s_code_asks_nothing_of_other_hosts(file: Path) -> None:
    text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")

    assert not re.search(r"https?://|insertAdjacentHTML|\beval\(", text)
