"""`reactive-nb` in a terminal: through `main`, and once as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reactive_nb import v
from reactive_nb.cli import main
from reactive_nb.engine import transfer
from reactive_nb.schema.declaration import table
from tests.conftest import Connect

PROJECT = Path(__file__).parents[1]


@pytest.fixture
def path(connect: Connect, tmp_path: Path) -> Path:
    """A file with two tables, closed."""
    with connect(tmp_path / "a.duckdb") as db:
        db.define(
            users=table(name=v.string()).index("by_name", "name").search_index("search_name", "name"),
            notes=table(text=v.string()),
        )
        db.write(lambda ctx: [ctx.db.insert("users", {"name": name}) for name in ("Ada", "Alan")])
    return tmp_path / "a.duckdb"


def test_tables_lists_them(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tables", str(path)]) == 0

    assert capsys.readouterr().out == "notes  0 documents\nusers  2 documents  by_name, search_name\n"


def test_export_and_import_make_a_copy(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(path), str(tmp_path / "all.zip")]) == 0
    assert main(["import", str(tmp_path / "b.duckdb"), str(tmp_path / "all.zip")]) == 0

    exported, loaded, *rest = capsys.readouterr().out.splitlines()
    assert exported == f"<exported 0 of notes, 2 of users to {tmp_path / 'all.zip'}>"
    assert (loaded, *rest) == ("<loaded 0 of notes, 2 of users>", "declared: notes, users")
    main(["tables", str(tmp_path / "b.duckdb")])
    assert "users  2 documents" in capsys.readouterr().out


def test_one_table_in_a_format_and_a_mode(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(path), str(tmp_path / "users.txt"), "--table", "users", "--format", "csv"]) == 0
    arguments = ["import", str(path), str(tmp_path / "users.txt"), "--table", "users", "--format", "csv"]

    assert main(arguments) == 1
    assert "the table users has 2 documents" in capsys.readouterr().err
    assert main([*arguments, "--mode", "replace"]) == 0
    assert capsys.readouterr().out == "<loaded 2 of users>\ndeleted: 2 of users\n"


@pytest.mark.slow
def test_sql_reads_and_changes(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", str(path), "SELECT name FROM users ORDER BY name"]) == 0
    assert main(["sql", str(path), "SELECT name, 1 AS n FROM users ORDER BY name", "--csv"]) == 0
    assert main(["sql", str(path), "UPDATE users SET name = 'Ada L.' WHERE name = 'Ada'"]) == 0
    assert main(["sql", str(path), "DELETE FROM users WHERE name = 'Alan' RETURNING name"]) == 0
    assert main(["sql", str(path), "SELECT name FROM users WHERE false"]) == 0
    assert main(["sql", str(path), "DROP TABLE users"]) == 1

    said = capsys.readouterr()
    assert said.out == "name\n Ada\nAlan\nname,n\nAda,1\nAlan,1\n1 row changed\nname\nAlan\nno rows\n"
    assert said.err.startswith("reactive-nb: Cannot run the DROP statement")


@pytest.mark.slow
def test_check_finds_and_repairs(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(path)]) == 0
    assert "everything agrees" in capsys.readouterr().out
    with duckdb.connect(path) as connection:
        connection.execute("DELETE FROM users")

    assert main(["check", str(path)]) == 1
    found = capsys.readouterr().out
    assert "table users: its typed table differs in 2 documents" in found
    assert found.endswith("reactive-nb check --repair makes indexes and typed tables anew\n")
    assert main(["check", "--repair", str(path)]) == 0
    assert capsys.readouterr().out.endswith("everything agrees\n")
    assert main(["check", str(path)]) == 0


@pytest.mark.parametrize("command", [["tables"], ["check"], ["export", "x.zip"]], ids=lambda command: command[0])
def test_a_file_that_is_not_there_is_an_error_and_not_made(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verb, *rest = command

    assert main([verb, str(tmp_path / "none.duckdb"), *(str(tmp_path / name) for name in rest)]) == 1

    assert "there is no such file" in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("command", [["tables"], ["check"], ["check", "--repair"]], ids=" ".join)
def test_a_file_that_this_process_has_open_is_left_alone(
    connect: Connect, path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    db = connect(path)

    assert main([*command, str(path)]) == 1

    assert "this process has it open" in capsys.readouterr().err
    assert db.table("users").count() == 2


def test_an_interruption_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("reactive_nb.engine.transfer.load", interrupted)

    assert main(["import", str(path), "x.jsonl"]) == 130
    assert capsys.readouterr().err == "reactive-nb: interrupted, and the database was not changed\n"


def test_an_interruption_after_the_commit_says_that_there_is_one(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jsonl").write_text('{"name": "Grace"}')
    load = transfer.load

    def interrupted(*arguments: Any) -> None:
        load(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(transfer, "load", interrupted)

    assert main(["import", str(path), str(tmp_path / "a.jsonl"), "--table", "users", "--mode", "append"]) == 130

    assert capsys.readouterr().err == "reactive-nb: interrupted, and the change was made before\n"


@pytest.mark.parametrize("problem", ["missing", "damaged"])
def test_an_import_that_fails_leaves_no_new_database(
    tmp_path: Path, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.jsonl"
    if problem == "damaged":
        file.write_text('{"name": ')
    before = {*tmp_path.iterdir()}

    assert main(["import", str(tmp_path / "new.duckdb"), str(file), "--table", "users"]) == 1

    assert capsys.readouterr().err.startswith("reactive-nb: Cannot load a.jsonl: ")
    assert {*tmp_path.iterdir()} == before


def test_a_wrong_command_shows_the_right_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["explode"])

    assert "invalid choice" in capsys.readouterr().err


def test_progress_is_shown_in_a_terminal_only(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("reactive_nb.engine.transfer._SHOWN_FROM", 1)
    main(["export", str(path), str(tmp_path / "a.jsonl"), "--table", "users"])
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)

    main(["export", str(path), str(tmp_path / "b.jsonl"), "--table", "users"])

    assert capsys.readouterr().err == "\r100%, documents\x1b[K\n"


PROGRAM = [sys.executable, "-c", "import sys; from reactive_nb.cli import main; sys.exit(main())"]


@pytest.mark.slow
def test_who_reads_may_stop(path: Path) -> None:
    read, write = os.pipe()
    os.close(read)

    done = subprocess.run(
        [*PROGRAM, "tables", str(path)], cwd=PROJECT, stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )

    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_an_answer_that_cannot_be_written_is_told(path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "tables", str(path)], cwd=PROJECT, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert done.returncode == 1
    assert done.stderr.startswith("reactive-nb: Cannot write the answer: No space left on device. Expected an output")


@pytest.mark.slow
def test_what_a_terminal_cannot_show_is_written_in_ascii(path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "sql", str(path), "SELECT 'é' AS x", "--csv"],
        cwd=PROJECT,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "x\n\\xe9\n")


@pytest.mark.slow
def test_it_runs_as_a_process(path: Path, connect: Connect) -> None:
    def run() -> subprocess.CompletedProcess[str]:
        command = [*PROGRAM, "check", str(path)]
        return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    done = run()
    with connect(path):
        refused = run()

    assert (done.returncode, done.stderr) == (0, "")
    assert "everything agrees" in done.stdout
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"process {os.getpid()}" in refused.stderr
