"""`%reactive` in an IPython shell, on databases made for the purpose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.error import UsageError

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.notebook.magics import COMMANDS, DATABASE_NOTE, EXAMPLES, NAME_NOTE, ReactiveMagics
from reactive_nb.notebook.trace import ErrorDisplay
from tests.conftest import Connect
from tests.notebook.shells import new_shell

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

REFERENCE = Path(__file__).parents[2] / "docs" / "reference.md"


@pytest.fixture(scope="module")
def only_shell() -> InteractiveShell:
    return new_shell()


@pytest.fixture
def shell(only_shell: InteractiveShell) -> Iterator[InteractiveShell]:
    before = set(only_shell.user_ns)
    yield only_shell
    for name in set(only_shell.user_ns) - before:
        del only_shell.user_ns[name]


@pytest.fixture
def engines() -> list[Engine]:
    return []


@pytest.fixture
def errors(shell: InteractiveShell) -> Iterator[ErrorDisplay]:
    display = ErrorDisplay(shell)
    yield display
    display.remove()


@pytest.fixture
def magics(shell: InteractiveShell, engines: list[Engine], errors: ErrorDisplay) -> ReactiveMagics:
    return ReactiveMagics(shell, lambda: engines, list, errors, lambda engine, document: None)


@pytest.fixture
def db(connect: Connect, engines: list[Engine], shell: InteractiveShell) -> Engine:
    """A database in the variable `db`, with a table, two functions and one document."""
    db = connect()
    db.define(messages=rnb.table(channel=v.string(), body=v.string()).index("by_channel", "channel"))

    @db.mutation
    def send(ctx: Any, channel: str, body: str = "hello") -> None:
        """Say something.

        To everybody.
        """
        ctx.db.insert("messages", {"channel": channel, "body": body})

    @db.query
    def latest(ctx: Any, channel: str) -> Any:
        return ctx.db.query("messages").with_index("by_channel", channel=channel).collect()

    send("general")
    engines.append(db)
    shell.user_ns.update(db=db, send=send, latest=latest)
    return db


def live(shell: InteractiveShell, channel: str = "general", name: str = "board") -> Any:
    """Put a live result into a variable."""
    made = shell.user_ns[name] = shell.user_ns["latest"].live(channel)
    return made


def test_without_a_command_it_says_what_is_open(shell: InteractiveShell, db: Engine, magics: ReactiveMagics) -> None:
    board = live(shell)

    assert repr(magics.reactive("")) == (
        "Database db, in memory, commit 2\n"
        "\n"
        "Tables\n"
        "  table     documents\n"
        "  messages  1\n"
        "\n"
        "Functions\n"
        "  function  kind      arguments\n"
        "  send      mutation  channel: a string, body: a string, or missing\n"
        "  latest    query     channel: a string\n"
        "\n"
        "Live results\n"
        "  name   call                       runs  state  last run\n"
        f"  board  latest(channel='general')  1     fresh  {board.why()}"
    )


def test_nothing_open_says_how_to_open_something(magics: ReactiveMagics) -> None:
    said = [repr(magics.reactive(line)) for line in ("", "tables", "functions", "live", "commits")]

    assert all("db = reactive_nb.connect()" in text for text in said)


def test_a_database_that_is_closed_is_not_listed(db: Engine, magics: ReactiveMagics) -> None:
    db.close()

    assert "No database is open" in repr(magics.reactive(""))


def test_each_database_has_a_part_of_its_own(
    db: Engine, connect: Connect, engines: list[Engine], shell: InteractiveShell, magics: ReactiveMagics, tmp_path: Path
) -> None:
    engines.append(connect(tmp_path / "other.duckdb"))

    for line in ("", "tables", "functions", "live", "commits"):
        text = repr(magics.reactive(line))
        assert "Database db, in memory, commit 2" in text, line
        assert re.search(r"Database /.*/other\.duckdb, commit 0", text), line


def test_an_error_is_part_of_the_state_and_html_is_escaped(
    shell: InteractiveShell, db: Engine, magics: ReactiveMagics
) -> None:
    @db.query
    def latest(ctx: Any, channel: str) -> None:
        raise ValueError("no <i>")

    shell.user_ns["latest"] = latest
    live(shell, "<b>")
    html = magics.reactive("live")._repr_html_()

    assert "failed (ValueError: no &lt;i&gt;)" in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html


def test_tables_have_fields_indexes_and_counts(db: Engine, magics: ReactiveMagics) -> None:
    db.define(
        anything=rnb.table(),
        users=rnb.table(name=v.string(), tags=v.optional(v.array(v.string())))
        .index("by_name", "name", unique=True)
        .index("by_tag", "tags", multi=True),
    )

    assert repr(magics.reactive("tables")) == (
        "Database db, in memory, commit 3\n"
        "\n"
        "messages: 1 document\n"
        "  part   name        what it is\n"
        "  field  channel     a string\n"
        "  field  body        a string\n"
        "  index  by_channel  channel\n"
        "\n"
        "anything: 0 documents\n"
        "  part   name  what it is\n"
        "  field        any document\n"
        "\n"
        "users: 0 documents\n"
        "  part   name     what it is\n"
        "  field  name     a string\n"
        "  field  tags     a list, each item a string, or missing\n"
        "  index  by_name  name; unique\n"
        "  index  by_tag   tags; one entry for each element of the first field"
    )


def test_search_indexes_have_their_facts_too(magics: ReactiveMagics, db: Engine) -> None:
    db.define(
        papers=rnb.table()
        .index("by_year", "year")
        .search_index("search_title", "title", filter_fields=["field", "year"])
        .vector_index("by_embedding", "embedding", dimensions=384, filter_fields=["field"], metric="dot")
        .vector_index("by_place", "meta.place", dimensions=2)
    )

    assert repr(magics.reactive("tables")).endswith(
        "papers: 0 documents\n"
        "  part          name          what it is\n"
        "  field                       any document\n"
        "  index         by_year       year\n"
        "  search index  search_title  title; filtered by field, year\n"
        "  vector index  by_embedding  embedding; 384 dimensions, dot; filtered by field\n"
        "  vector index  by_place      meta.place; 2 dimensions, cosine"
    )


def test_functions_have_the_first_line_of_their_docstring(db: Engine, magics: ReactiveMagics) -> None:
    @db.internal_query
    def counted(ctx: Any) -> int:
        return 1

    assert repr(magics.reactive("functions")).endswith(
        "  function  kind            arguments                                      what it does\n"
        "  send      mutation        channel: a string, body: a string, or missing  Say something.\n"
        "  latest    query           channel: a string\n"
        "  counted   internal query"
    )


def test_live_has_only_the_live_results(shell: InteractiveShell, db: Engine, magics: ReactiveMagics) -> None:
    live(shell)
    text = repr(magics.reactive("live"))

    assert "board  latest(channel='general')" in text
    assert "send" not in text


class Cell:
    """A reactive cell as far as `%reactive` looks at it."""

    name, kind, first_line, runs, note = "worst", "%%live", "by_carrier()", 3, "latest changed"
    error = ValueError("no")

    def __init__(self) -> None:
        self.state = "failed"

    def reads(self) -> list[str]:
        return ["origin", "latest(channel='general')"]

    def end(self) -> None:
        self.state = "closed"


@pytest.fixture
def with_cell(shell: InteractiveShell, engines: list[Engine], errors: ErrorDisplay) -> tuple[ReactiveMagics, Cell]:
    cell: Any = Cell()
    return ReactiveMagics(shell, lambda: engines, lambda: [cell], errors, lambda engine, document: None), cell


def test_cells_are_told_with_what_they_read(
    db: Engine, with_cell: tuple[ReactiveMagics, Cell], magics: ReactiveMagics
) -> None:
    row = "  worst  %%live  by_carrier()  origin, latest(channel='general')  3     failed (ValueError: no)  latest changed"

    assert row in repr(with_cell[0].reactive("cells"))
    assert row in repr(with_cell[0].reactive(""))
    assert "No cell began with %%live or %%on." in repr(magics.reactive("cells"))


def test_a_cell_is_closed_by_its_name_and_a_live_result_of_this_name_comes_first(
    shell: InteractiveShell, db: Engine, with_cell: tuple[ReactiveMagics, Cell]
) -> None:
    magics, cell = with_cell
    board = live(shell, name="worst")

    assert magics.suggestions("close w") == ("w", ["worst", "worst"])
    assert magics.suggestions("why w") == ("w", ["worst"])
    magics.reactive("close worst")
    assert (board.state, cell.state) == ("closed", "failed")
    shell.user_ns["worst"] = [1, 2]
    magics.reactive("close worst")
    assert cell.state == "closed"


def test_commits_are_told_newest_first_with_what_they_did(
    shell: InteractiveShell, db: Engine, magics: ReactiveMagics
) -> None:
    with db.transaction() as tx:
        first = tx.db.query("messages").first()
        tx.db.delete(first["_id"])
        one = tx.db.insert("messages", {"channel": "a", "body": "b"})
        tx.db.insert("messages", {"channel": "a", "body": "c"})
    with db.transaction() as tx:
        tx.db.patch(one, {"body": "d"})
    db.drop("messages")
    _, _, columns, *lines = repr(magics.reactive("commits")).split("\n")
    facts = [re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME", line).split() for line in lines]

    assert columns.split() == ["commit", "time", "function", "from", "changes"]
    assert [(line[:3], " ".join(line[3:])) for line in facts] == [
        (["5", "TIME", "drop"], "messages dropped"),
        (["4", "TIME", "transaction"], "messages: 1 changed"),
        (["3", "TIME", "transaction"], "messages: 1 deleted, 2 inserted"),
        (["2", "TIME", "send"], "messages: 1 inserted"),
        (["1", "TIME", "define"], "messages declared"),
    ]
    assert repr(magics.reactive("commits 2")).count("\n") == 4


@pytest.mark.parametrize("name", ["board", "latest", "latest(channel='general')"])
def test_a_result_is_found_by_variable_path_or_call(
    name: str, shell: InteractiveShell, db: Engine, magics: ReactiveMagics
) -> None:
    board = live(shell)
    shell.user_ns["send"]("general")
    db.settle()

    why = repr(magics.reactive(f"why {name}"))
    magics.reactive(f"close {name}")

    assert why.startswith("latest(channel='general'): 2 runs, fresh\n")
    assert "because send (commit 3) inserted" in why
    assert board.state == "closed"


def test_a_name_of_two_results_is_answered_with_their_calls(
    shell: InteractiveShell, db: Engine, magics: ReactiveMagics
) -> None:
    lives = [live(shell, "a", "one"), live(shell, "b", "two")]

    with pytest.raises(UsageError, match=r"latest\(channel='a'\), latest\(channel='b'\)"):
        magics.reactive("close latest")
    assert [each.state for each in lives] == ["fresh", "fresh"]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("wy board", "no command 'wy'; the nearest is %reactive why"),
        ("errors", "no command 'errors'"),
        ("comits", "no command 'comits'; the nearest is %reactive commits"),
        ("xyz", "%reactive help lists all"),
        ("help me", "%reactive help takes nothing after it, and 'me' was given"),
        ("why", "%reactive why NAME"),
        ("close", "%reactive close NAME"),
        ("why nothing", "No open live result is named 'nothing'. Open are: none"),
        ("commits x", "'x' is not a number from 1 on, as in %reactive commits [N]"),
        ("commits 0", "'0' is not a number from 1 on"),
        ("timeline db x", "'x' is not a number from 1 on, as in %reactive timeline [DB] [N]"),
        ("graph nothing", "No open database is named 'nothing'. Open are: db"),
    ],
)
def test_a_line_that_cannot_be_followed_is_one_sentence_on_what_to_type(
    line: str, answer: str, db: Engine, magics: ReactiveMagics
) -> None:
    with pytest.raises(UsageError) as refused:
        magics.reactive(line)

    assert answer in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was to be drawn, instead of drawings."""
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(Engine, "timeline", lambda engine, count: asked.append((engine, count)))
    monkeypatch.setattr(Engine, "graph", lambda engine: asked.append((engine,)))
    return asked


def test_drawings_are_of_the_only_database(db: Engine, magics: ReactiveMagics, drawn: list[tuple[Any, ...]]) -> None:
    for line in ("timeline", "timeline 7", "timeline db", "timeline db 7", "graph", "graph db"):
        magics.reactive(line)

    assert drawn == [(db, 50), (db, 7), (db, 50), (db, 7), (db,), (db,)]


def test_drawings_of_one_of_several_databases_need_its_name(
    db: Engine,
    connect: Connect,
    engines: list[Engine],
    magics: ReactiveMagics,
    drawn: list[tuple[Any, ...]],
    tmp_path: Path,
) -> None:
    other = connect(tmp_path / "other.duckdb")
    engines.append(other)
    for line in ("timeline other.duckdb 7", "graph db"):
        magics.reactive(line)

    assert drawn == [(other, 7), (db,)]
    for line in ("timeline", "timeline 7", "graph"):
        with pytest.raises(UsageError, match=r"2 databases are open.*DB: db, other\.duckdb\."):
            magics.reactive(line)


def test_drawings_of_nothing_say_how_to_open_something(magics: ReactiveMagics) -> None:
    with pytest.raises(UsageError, match=r"db = reactive_nb\.connect"):
        magics.reactive("graph")


def test_the_last_error_of_a_cell_is_printed_whole(
    shell: InteractiveShell, db: Engine, magics: ReactiveMagics, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell("send(channel=1)")
    short = capsys.readouterr().out
    magics.reactive("traceback")
    whole = capsys.readouterr().out

    assert "reactive_nb/functions" not in short
    assert "reactive_nb/functions" in whole
    assert "Cannot call send: $.channel is 1 (int)." in whole


def test_a_line_is_taken_as_it_was_typed(shell: InteractiveShell, db: Engine, magics: ReactiveMagics) -> None:
    shell.register_magics(magics)
    board = live(shell, "{1 + 1} $db")

    shell.run_line_magic("reactive", "close latest(channel='{1 + 1} $db')")

    assert board.state == "closed"


@pytest.mark.parametrize(
    ("typed", "fragment", "offered"),
    [
        ("co", "co", ["commits"]),
        ("xyz", "xyz", []),
        ("why ", "", ["board", "latest(channel='general')"]),
        ("why b", "b", ["board"]),
        ("close latest(ch", "latest(ch", ["latest(channel='general')"]),
        ("graph ", "", ["db"]),
        ("timeline d", "d", ["db"]),
        ("tables ", "", []),
    ],
)
def test_suggestions_fit_what_was_typed(
    typed: str, fragment: str, offered: list[str], shell: InteractiveShell, db: Engine, magics: ReactiveMagics
) -> None:
    board = live(shell)

    assert magics.suggestions(typed) == (fragment, offered)
    assert board.state == "fresh"


def test_a_database_without_a_name_is_not_suggested(
    shell: InteractiveShell, db: Engine, magics: ReactiveMagics
) -> None:
    del shell.user_ns["db"]

    assert magics.suggestions("graph ") == ("", [])


def test_every_command_is_suggested(magics: ReactiveMagics) -> None:
    assert magics.suggestions("") == ("", list(dict.fromkeys(command.split()[1] for command, _ in COMMANDS[1:])))


def test_help_the_docstring_and_the_reference_say_the_same(magics: ReactiveMagics) -> None:
    docstring = magics.reactive.__doc__ or ""
    reference = REFERENCE.read_text().partition("## Magics")[2].partition("\n## ")[0]
    shown = repr(magics.reactive("help"))

    for command, what in COMMANDS:
        assert re.search(rf"{re.escape(command)} +{re.escape(what)}\n", docstring), command
        assert re.search(rf"{re.escape(command)} +{re.escape(what)}\n", shown), command
        assert f"| `{command}` | {what} |\n" in reference, command
    for text in (NAME_NOTE, DATABASE_NOTE, *EXAMPLES):
        assert text in docstring
        assert text in reference
    listed = re.findall(r"^\| `(%reactive.*?)`", reference, re.MULTILINE)
    assert listed == [command for command, _ in COMMANDS]


def test_every_command_does_something(
    shell: InteractiveShell, db: Engine, magics: ReactiveMagics, drawn: list[tuple[Any, ...]]
) -> None:
    for command, _ in COMMANDS:
        live(shell)
        db.crons.hourly("board", shell.user_ns["send"], channel="general")
        magics.reactive(command.removeprefix("%reactive").replace("NAME", "board").partition("[")[0])


def test_jobs_are_listed_changed_and_suggested(shell: InteractiveShell, db: Engine, magics: ReactiveMagics) -> None:
    assert "No jobs. Begin a cell with %%every 10s" in repr(magics.reactive("jobs"))
    db.crons.hourly("morning", shell.user_ns["send"], channel="general")

    assert "send(channel='general')" in repr(magics.reactive("jobs"))
    assert "morning" in repr(magics.reactive(""))
    assert magics.suggestions("jobs pause m") == ("m", ["morning"])
    assert magics.suggestions("jobs p") == ("p", ["pause"])
    magics.reactive("jobs pause morning  # for now")
    assert db.crons.get("morning").is_paused
    with pytest.raises(UsageError, match="No job is named 'evening'"):
        magics.reactive("jobs run evening")


def test_embeddings_are_listed_among_the_jobs(shell: InteractiveShell, db: Engine, magics: ReactiveMagics) -> None:
    db.define(papers=rnb.table(title=v.string(), near=v.optional(v.vector(2))))
    with db.transaction() as tx:
        tx.db.insert("papers", {"title": "one"})

    upkeep = rnb.embed(lambda texts: [[len(text), 1.0] for text in texts]).keep(db, "papers", text="title", into="near")
    upkeep.wait()
    listed = repr(magics.reactive("jobs"))
    upkeep.close()

    assert "Embeddings\n  field" in listed
    assert "papers.near  papers.title  all 1 up to date" in listed
    assert "Embeddings" not in repr(magics.reactive("jobs"))
