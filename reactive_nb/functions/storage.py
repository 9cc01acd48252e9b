"""`ctx.storage`: files as documents of `_storage`, and their bytes in the contents that the engine keeps beside it.

Comes in: bytes, or ids of files. Goes out: ids, metadata, URLs, and open files. The document is the truth: a file is
there when its document is. A transaction stores the bytes first and the document with its commit, and the bytes go
after the commit that deletes the last document with their hash.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any, BinaryIO, NoReturn, Protocol, TypeVar

from reactive_nb.clock import IdSource
from reactive_nb.documents.document import ID, decode_document
from reactive_nb.documents.interval import prefix_interval
from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.errors import DocumentNotFound, FileContentError, FunctionKindError, InvalidId, InvalidValue
from reactive_nb.functions.database import SystemReader, SystemWriter
from reactive_nb.functions.range_query import Document
from reactive_nb.schema.system_tables import STORAGE
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.transaction import Transaction
from reactive_nb.values.order import encode_value
from reactive_nb.values.refusal import show

T = TypeVar("T")

_BY_SHA256 = "by_sha256"

_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # RFC 9110, as are parameters
_CONTENT_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}( *;[ -~]*)?")
_DEFAULT_TYPE = "application/octet-stream"


class FileContents(Protocol):
    """What `ctx.storage` needs of the engine's contents."""

    def put(self, data: Any, owner: object) -> tuple[str, int]:
        """Store bytes, which stay until `release`, and return their hash and size."""

    def open(self, sha256: str, size: int, id: str) -> BinaryIO:
        """Return verified bytes, opened for reading."""

    def url(self, sha256: str, size: int, id: str) -> str:
        """Return the `file://` URL of bytes."""

    def release(self, owner: object) -> None:
        """Keep of what was stored for an owner only what has got a document."""


class Host(Protocol):
    """What the storage of an action runs its transactions with."""

    def read(self, body: Callable[[Any], T], /) -> T:
        """Run reading code once."""

    def write(self, body: Callable[[Any], T], name: str, /) -> T:
        """Run writing code until it commits."""


class StorageReader:
    """`ctx.storage` in a query."""

    __slots__ = ("_files", "_tx")

    def __init__(self, tx: Transaction, files: FileContents) -> None:
        self._tx = tx
        self._files = files

    def get_url(self, id: str, *, inline: bool = False) -> str | None:
        """Return a URL of a file, or None when there is no such file.

        Args:
            id: The file.
            inline: Return a `data:` URL, which holds the bytes and their type: for a page, which may not load files
                from the disk. Without, a `file://` URL, for programs on this machine.

        Raises:
            FileContentError: Its bytes are missing or damaged.

        Example:
            >>> HTML(f'<img src="{ctx.storage.get_url(photo, inline=True)}">')
        """
        document = self.document(id, "get the URL of")
        return None if document is None else _url(self._files, document, inline)

    def get_metadata(self, id: str) -> dict[str, Any] | None:
        """Return `storageId`, `sha256`, `size` and `contentType` of a file, or None when there is no such file.

        Its whole document is `ctx.db.system.get(id)`.
        """
        document = self.document(id, "get the metadata of")
        if document is None:
            return None
        return {
            "storageId": id,
            "sha256": document["sha256"],
            "size": document["size"],
            "contentType": document.get("contentType"),
        }

    def document(self, id: str, verb: str) -> Document | None:
        """Return the document of a file, or None; for the engine's own functions.

        Args:
            id: The file.
            verb: What is about to be done with it, for errors.

        Raises:
            InvalidId: Not an id, or that of another document.
        """
        state = self._tx.table_of(id) if isinstance(id, str) else None
        if state is not None and state.name != STORAGE:
            self._tx.read_declaration(state)
            raise InvalidId(
                f"Cannot {verb} the file {id}",
                thing=f"it is the id of a document of {state.name}",
                expected=f"an id of {STORAGE}",
                hint="Pass what ctx.storage.store returned",
            )
        return SystemReader(self._tx, None).get(id)

    def store(self, *_: Any, **__: Any) -> Any:
        """Not in a query: raises `FunctionKindError`."""
        _refuse_in_query("store a file")

    def get(self, *_: Any, **__: Any) -> Any:
        """Not in a query: raises `FunctionKindError`."""
        _refuse_in_query("open a file", "In a query, use ctx.storage.get_url(id), or get_url(id, inline=True)")

    def delete(self, *_: Any, **__: Any) -> Any:
        """Not in a query: raises `FunctionKindError`."""
        _refuse_in_query("delete a file")


class StorageWriter(StorageReader):
    """`ctx.storage` in a mutation: what it stores and deletes is committed with the mutation, or not at all."""

    __slots__ = ("_ids",)

    def __init__(self, tx: Transaction, files: FileContents, ids: IdSource) -> None:
        super().__init__(tx, files)
        self._ids = ids

    def store(self, data: Any, content_type: str | None = None) -> str:
        """Store a file and return its id; the same bytes again are another file, and take no room.

        Args:
            data: Bytes, a path, or a file opened for reading bytes, which is read to its end and then set back to
                where it stood, because a mutation may run again.
            content_type: What it is, such as `"image/png"`.

        Raises:
            FileContentError: The disk does not take it; nothing was stored.
            InvalidValue: Not bytes and nothing to read bytes from, or not a content type.

        Example:
            >>> photo = ctx.storage.store(Path("cat.png"), content_type="image/png")
            >>> ctx.db.insert("cats", {"name": "Mia", "photo": photo})
        """
        check_content_type(content_type)
        if not hasattr(data, "read"):
            return self.add(self._files.put(data, self._tx), content_type)
        if not data.seekable():
            raise InvalidValue(
                "Cannot store the file",
                thing=f"{show(data)} can be read only once, and a mutation may run again",
                expected="bytes, a path, or a file with positions, such as one on the disk",
                hint="Store it in an action, which runs once, and hand its id to a mutation",
                path="$",
            )
        start = data.tell()
        try:
            return self.add(self._files.put(data, self._tx), content_type)
        finally:
            data.seek(start)

    def get(self, id: str) -> BinaryIO | None:
        """Return a file opened for reading its bytes, verified, or None when there is no such file.

        Raises:
            FileContentError: Its bytes are missing or damaged.

        Example:
            >>> with ctx.storage.get(id) as file:
            ...     table = pd.read_csv(file)
        """
        document = self.document(id, "open")
        return None if document is None else _opened(self._files, document)

    def delete(self, id: str) -> None:
        """Delete a file.

        Raises:
            DocumentNotFound: There is no such file.
        """
        if self.document(id, "delete") is None:
            raise DocumentNotFound(
                f"Cannot delete the file {id}",
                thing="there is no file with this id",
                expected="the id of a file that exists",
                hint="It may have been deleted; ctx.storage.get_metadata(id) returns None then",
                id=id,
            )
        SystemWriter(self._tx, self._ids).delete(id)

    def add(self, content: tuple[str, int], content_type: str | None) -> str:
        """Add the document of bytes that the contents have, and return its id; for the engine's own functions."""
        sha256, size = content
        document: Document = {"sha256": sha256, "size": size}
        if content_type is not None:
            document["contentType"] = content_type
        return SystemWriter(self._tx, self._ids).insert(STORAGE, document)


class ActionStorage:
    """`ctx.storage` in an action: each call takes effect at once, whatever the action does later."""

    __slots__ = ("_files", "_host", "_ids")

    def __init__(self, host: Host, files: FileContents, ids: IdSource) -> None:
        self._host = host
        self._files = files
        self._ids = ids

    def store(self, data: Any, content_type: str | None = None) -> str:
        """Store a file and return its id; the same bytes again are another file, and take no room.

        Args:
            data: Bytes, a path, or a file opened for reading bytes, such as the response of a server, which is read
                to its end. It may be larger than the memory.
            content_type: What it is, such as `"image/png"`.

        Raises:
            FileContentError: The disk does not take it; nothing was stored.
            InvalidValue: Not bytes and nothing to read bytes from, or not a content type.

        Example:
            >>> with urllib.request.urlopen(url) as response:
            ...     id = ctx.storage.store(response, content_type=response.headers["Content-Type"])
        """
        check_content_type(content_type)
        owner = object()
        try:
            content = self._files.put(data, owner)
        except BaseException:
            self._files.release(owner)
            raise
        id = self._host.write(lambda ctx: self._writer(ctx).add(content, content_type), "storage.store")
        # Not when the write has raised: it may be committed all the same, and then the bytes must stay.
        self._files.release(owner)
        return id

    def get(self, id: str) -> BinaryIO | None:
        """Return a file opened for reading its bytes, verified, or None when there is no such file.

        Raises:
            FileContentError: Its bytes are missing or damaged.
        """
        return self._unless_deleted(id, "open", _opened)

    def get_url(self, id: str, *, inline: bool = False) -> str | None:
        """Return a URL of a file, as `ctx.storage.get_url` does in a query, or None when there is no such file.

        Raises:
            FileContentError: Its bytes are missing or damaged.
        """
        return self._unless_deleted(id, "get the URL of", lambda files, document: _url(files, document, inline))

    def get_metadata(self, id: str) -> dict[str, Any] | None:
        """Return `storageId`, `sha256`, `size` and `contentType` of a file, or None when there is no such file."""
        return self._host.read(lambda ctx: self._writer(ctx).get_metadata(id))

    def delete(self, id: str) -> None:
        """Delete a file.

        Raises:
            DocumentNotFound: There is no such file.
        """
        self._host.write(lambda ctx: self._writer(ctx).delete(id), "storage.delete")

    def _writer(self, ctx: Any) -> StorageWriter:
        return StorageWriter(ctx.transaction, self._files, self._ids)

    def _unless_deleted(self, id: str, verb: str, ask: Callable[[FileContents, Document], T]) -> T | None:
        """Return what the contents say, or None where there is no such file, or where it is deleted meanwhile.

        They are asked outside of the transaction: a file may take long to verify, and the result of a transaction may
        not be an open file.
        """
        document = self._document(id, verb)
        if document is None:
            return None
        try:
            return ask(self._files, document)
        except FileContentError:
            if self._document(id, verb) is None:
                return None
            raise

    def _document(self, id: str, verb: str) -> Document | None:
        return self._host.read(lambda ctx: self._writer(ctx).document(id, verb))


def _opened(files: FileContents, document: Document) -> BinaryIO:
    return files.open(document["sha256"], document["size"], document[ID])


def _url(files: FileContents, document: Document, inline: bool) -> str:
    if not inline:
        return files.url(document["sha256"], document["size"], document[ID])
    with _opened(files, document) as file:
        data = base64.b64encode(file.read()).decode()
    return f"data:{_in_url(document.get('contentType', _DEFAULT_TYPE))};base64,{data}"


def is_stored(snapshot: Snapshot, sha256: str) -> bool:
    """Whether some document of `_storage` has a hash."""
    state = snapshot.tables.get(STORAGE)
    if state is None:
        return False
    return next(state.map(_BY_SHA256).items(*prefix_interval(encode_value(sha256))), None) is not None


def gone(commit: Commit) -> set[str]:
    """Return the hashes of the files that a commit deletes; other documents may have the same ones."""
    if (STORAGE, _BY_SHA256) not in commit.touched:
        return set()
    return {
        decode_document(change.old)["sha256"]
        for change in commit.changes
        if change.table == STORAGE and change.old is not None  # none is ever changed
    }


def check_content_type(content_type: object) -> None:
    """Refuse what is not a content type, before any bytes are stored.

    Raises:
        InvalidValue: It is not.
    """
    if content_type is None or (isinstance(content_type, str) and _CONTENT_TYPE.fullmatch(content_type)):
        return
    raise InvalidValue(
        "Cannot store the file",
        thing=f"its content type is {show(content_type)}",
        expected="a media type, with its parameters if it has some",
        hint="Pass a text such as 'image/png' or 'text/csv; charset=utf-8', or leave it out",
        path="$.contentType",
    )


def _in_url(content_type: str) -> str:
    """Return a content type as a `data:` URL may have it: nothing in it ends the type, the URL, or an attribute of HTML."""
    return re.sub(r"[^A-Za-z0-9!$*+./=;_-]", lambda found: f"%{ord(found[0]):02X}", re.sub(" *; *", ";", content_type))


def _refuse_in_query(what: str, hint: str = "Do it in a mutation (@db.mutation) or an action (@db.action)") -> NoReturn:
    raise FunctionKindError(
        f"Cannot {what}", thing="this is a query, which only reads", expected="a mutation or an action", hint=hint
    )
