"""Convex's behaviours on files, through `ctx.storage` of a whole engine: ids, URLs, metadata, and what follows a delete."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from reactive_nb.engine import Engine
from reactive_nb.errors import DocumentNotFound, FileContentError, FunctionKindError
from tests.conftest import Connect


@pytest.fixture(params=["memory", "file"])
def engine(request: pytest.FixtureRequest, connect: Connect, tmp_path: Path) -> Engine:
    return connect(tmp_path / "files.duckdb" if request.param == "file" else None)


@pytest.fixture
def storing(engine: Engine) -> dict[str, Any]:
    """The same three functions as a mutation, as an action and as an action that is an `async def`."""

    @engine.mutation
    def in_mutation(ctx: Any, data: bytes) -> str:
        return ctx.storage.store(data, content_type="text/plain")  # type: ignore[no-any-return]

    @engine.action
    def in_action(ctx: Any, data: bytes) -> str:
        return ctx.storage.store(data, content_type="text/plain")  # type: ignore[no-any-return]

    @engine.action
    async def in_async_action(ctx: Any, data: bytes) -> str:
        return ctx.storage.store(data, content_type="text/plain")  # type: ignore[no-any-return]

    return {"mutation": in_mutation, "action": in_action, "async": in_async_action}


def metadata(engine: Engine, id: str) -> Any:
    return engine.read(lambda ctx: ctx.db.system.get(id))


def path_of(engine: Engine, id: str) -> Path:
    url = engine.storage.get_url(id)
    assert url is not None
    return Path(unquote(urlsplit(url).path))


@pytest.mark.parametrize("kind", ["mutation", "action", "async"])
def test_a_stored_file_has_metadata_a_url_and_its_bytes(engine: Engine, storing: Any, kind: str) -> None:
    id = storing[kind](data=b"hello")

    document = metadata(engine, id)
    with engine.storage.get(id) as file:
        assert file.read() == b"hello"
    assert (document["size"], document["contentType"]) == (5, "text/plain")
    assert document["sha256"] == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert path_of(engine, id).read_bytes() == b"hello"
    assert engine.read(lambda ctx: ctx.storage.get_url(id, inline=True)) == "data:text/plain;base64,aGVsbG8="


def test_the_same_bytes_twice_have_two_ids_and_the_bytes_go_with_the_last(engine: Engine, storing: Any) -> None:
    first, second = storing["mutation"](data=b"same"), storing["action"](data=b"same")
    path = path_of(engine, first)

    assert first != second
    assert path == path_of(engine, second)

    engine.storage.delete(first)
    assert path.exists()

    engine.storage.delete(second)
    assert not path.exists()


def test_of_a_deleted_file_there_is_no_url_no_content_and_no_metadata(engine: Engine, storing: Any) -> None:
    id = storing["mutation"](data=b"short-lived")

    engine.storage.delete(id)

    assert engine.storage.get_url(id) is None
    assert engine.storage.get(id) is None
    assert engine.storage.get_metadata(id) is None
    assert metadata(engine, id) is None
    assert engine.read(lambda ctx: ctx.db.system.query("_storage").collect()) == []
    with pytest.raises(DocumentNotFound, match="Cannot delete the file"):
        engine.storage.delete(id)


def test_a_live_url_follows_its_file(engine: Engine, storing: Any) -> None:
    @engine.query
    def url(ctx: Any, id: str) -> Any:
        return ctx.storage.get_url(id)

    id = storing["mutation"](data=b"seen")
    live = url.live(id=id)
    assert live.value.startswith("file://")

    engine.storage.delete(id)
    engine.settle()

    assert live.value is None


def test_a_mutation_that_fails_has_stored_nothing(engine: Engine, storing: Any) -> None:
    kept = storing["mutation"](data=b"kept")

    @engine.mutation
    def fail(ctx: Any) -> None:
        ctx.storage.store(b"lost")
        ctx.storage.delete(kept)
        raise ValueError("no")

    folder = path_of(engine, kept).parents[1]
    with pytest.raises(ValueError, match="no"):
        fail()

    assert [each["_id"] for each in engine.read(lambda ctx: ctx.db.system.query("_storage").collect())] == [kept]
    assert [each.read_bytes() for each in folder.glob("??/*")] == [b"kept"]


def test_a_query_stores_and_opens_nothing(engine: Engine, storing: Any) -> None:
    id = storing["mutation"](data=b"x")

    for body in (
        lambda ctx: ctx.storage.store(b"y"),
        lambda ctx: ctx.storage.get(id),
        lambda ctx: ctx.storage.delete(id),
    ):
        with pytest.raises(FunctionKindError):
            engine.read(body)


def test_a_content_that_is_gone_or_damaged_is_named(engine: Engine, storing: Any) -> None:
    damaged, gone = storing["mutation"](data=b"damaged"), storing["mutation"](data=b"gone")
    place = path_of(engine, damaged)
    place.chmod(0o644)
    place.write_bytes(b"DAMAGED")
    path_of(engine, gone).unlink()

    with pytest.raises(FileContentError) as first:
        engine.storage.get(damaged)
    with pytest.raises(FileContentError) as second:
        engine.storage.get(gone)

    assert (first.value.id, first.value.path, first.value.is_missing) == (damaged, place, False)
    assert (second.value.id, second.value.is_missing) == (gone, True)
    assert damaged in str(first.value)
    assert gone in str(second.value)


def test_files_are_there_when_the_database_is_opened_again(connect: Connect, tmp_path: Path) -> None:
    db = connect(tmp_path / "again.duckdb")
    id = db.storage.store(b"still here", content_type="text/plain")
    db.close()

    again = connect(tmp_path / "again.duckdb")
    file = again.storage.get(id)

    assert file is not None
    with file:
        assert file.read() == b"still here"


def test_a_file_may_be_returned_from_a_function(engine: Engine, storing: Any) -> None:
    id = storing["mutation"](data=b"one\ntwo\n")

    with engine.write(lambda ctx: ctx.storage.get(id)) as file:
        assert file.read() == b"one\ntwo\n"
