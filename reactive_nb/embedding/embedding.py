"""`rnb.embed`: a model of the user's, as something that embeds texts and keeps vector fields up to date.

Comes in: a function from a list of texts to vectors. Goes out: vectors of single texts, for searching; and upkeeps,
which do the same for all documents of a table. The model is asked by one thread at a time: few of them say that they
take more, and some fail.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, overload

from reactive_nb.embedding.cache import PROBE
from reactive_nb.embedding.keeper import Keeper
from reactive_nb.embedding.place import Place, check_dimensions, check_place
from reactive_nb.embedding.upkeep import Upkeep
from reactive_nb.embedding.vectors import Vector, vectors_of
from reactive_nb.engine.engine import Engine
from reactive_nb.engine.interrupts import UninterruptedLock
from reactive_nb.errors import EmbeddingError
from reactive_nb.values.refusal import show

REMEMBERED = 1_000
"""How many vectors of texts that were asked for by themselves are kept in memory."""


class Embedding:
    """What `rnb.embed` returns; all methods may be called from any thread.

    Attributes:
        name: By which its vectors are cached.
        batch: How many texts the model gets at once, at most.
        dimensions: How many numbers a vector has; starts None, and is known when the model has made the first one.
    """

    def __init__(self, fn: Callable[[list[str]], Any], batch: int, name: str) -> None:
        self.name = name
        self.batch = batch
        self.dimensions: int | None = None
        self._fn = fn
        self._turn = threading.RLock()  # held while the model is asked; Ctrl-C ends that, where it is the main thread
        self._own = UninterruptedLock()  # guards what follows
        self._memory: OrderedDict[str, Vector] = OrderedDict()
        self._probe: Vector | None = None

    @overload
    def __call__(self, texts: str) -> Vector: ...  # type: ignore[overload-overlap]  # a str is asked first

    @overload
    def __call__(self, texts: Iterable[str]) -> list[Vector]: ...

    def __call__(self, texts: str | Iterable[str]) -> Vector | list[Vector]:
        """Return the vector of a text, or the vectors of several; those of the latest texts are remembered.

        While documents are being embedded with the same model, it first finishes the batch it is at.

        Args:
            texts: A text, or some of them.

        Returns:
            Read-only arrays of float32, as documents hold them and `ctx.vector_search` takes them.

        Raises:
            EmbeddingError: What was given is no text, or what the model returned is no vectors.

        Example:
            >>> hits = ctx.vector_search("papers", "by_embedding", vector=embedding("reactive data"))
        """
        asked = [texts] if isinstance(texts, str) else _texts(texts, self.name)
        found = self._remembered(asked)
        if len(found) < len(set(asked)):
            with self._turn:
                found |= self._remembered(asked)  # another thread may have asked for the same meanwhile
                missing = [text for text in dict.fromkeys(asked) if text not in found]
                found.update(zip(missing, self.compute(missing), strict=True))
                self._remember(found)
        vectors = [found[text] for text in asked]
        return vectors[0] if isinstance(texts, str) else vectors

    def keep(self, db: Engine, table: str, *, text: str, into: str) -> Upkeep:
        """Keep a vector field up to date from a text field, from now on and until the database is closed.

        It happens in the background, in an action `embed:<table>.<into>`. Documents without the text lose the vector,
        where it may be missing. Equal texts are computed once; their vectors are kept in the database, in the system
        table `_embeddings`, so after a restart only those are computed whose texts have changed. Doing it again for
        the same field, as a cell does that runs again, takes the place of the former one.

        Args:
            db: The database.
            table: The table.
            text: The path of the field with the text.
            into: The field for the vector, such as one declared as `v.optional(v.vector(384))`.

        Returns:
            What tells how far it is, and ends it.

        Raises:
            UnknownTable: There is no such table.
            SchemaError: It declares no such fields, or as something else, or for another number of dimensions.

        Example:
            >>> embedding = rnb.embed(model.encode)
            >>> embedding.keep(db, "papers", text="title", into="embedding")
        """
        if not isinstance(db, Engine):
            raise EmbeddingError(
                "Cannot keep a field up to date",
                thing=f"{show(db)} was given as the database",
                expected="what rnb.connect returned",
                hint='Write embedding.keep(db, "papers", text="title", into="embedding")',
            )
        if not all(isinstance(each, str) and each for each in (table, text, into)):
            raise EmbeddingError(
                "Cannot keep a field up to date",
                thing=f"the table is {show(table)}, text is {show(text)}, into is {show(into)}",
                expected="the names of a table and of two fields",
                hint='Write embedding.keep(db, "papers", text="title", into="embedding")',
            )
        keeper = db.part(Keeper)
        place = Place(table, text, into)
        declared = check_place(place, db.tables())
        check_dimensions(place, declared, self.dimensions, self.name)
        return keeper.keep(self, place)

    # ------------------------------------------------------------------ for upkeeps

    def compute(self, texts: Sequence[str]) -> list[Vector]:
        """Ask the model for the vectors of texts, which should be different.

        Raises:
            EmbeddingError: What it returned is no vectors, or vectors of another length than before.
        """
        vectors: list[Vector] = []
        with self._turn:
            for start in range(0, len(texts), self.batch):
                batch = list(texts[start : start + self.batch])
                vectors += vectors_of(self._fn(batch.copy()), batch, self.dimensions, self.name)
                self.dimensions = len(vectors[0])
        return vectors

    def probe(self) -> Vector:
        """Return what the model makes of the text by which models are told apart."""
        with self._turn:
            if self._probe is None:
                self._probe = self.compute([PROBE])[0]
            return self._probe

    def _remembered(self, texts: Iterable[str]) -> dict[str, Vector]:
        with self._own:
            found = {text: self._memory[text] for text in texts if text in self._memory}
            for text in found:
                self._memory.move_to_end(text)
            return found

    def _remember(self, found: dict[str, Vector]) -> None:
        with self._own:
            self._memory.update(found)
            while len(self._memory) > REMEMBERED:
                self._memory.popitem(last=False)

    def __repr__(self) -> str:
        length = "" if self.dimensions is None else f", {self.dimensions:,} numbers"
        return f"<embedding {self.name}{length}>"


def embed(fn: Callable[[list[str]], Any], *, batch: int = 64, name: str | None = None) -> Embedding:
    """Make an embedding of a function that turns texts into vectors; the model is yours.

    Args:
        fn: Takes a list of texts and returns a vector for each: an array of n x d, lists of numbers, a tensor, or a
            generator of arrays. It is called by one thread at a time, in the background too, and once with a text of
            ours, by which models are told apart.
        batch: How many texts it gets at once, at most.
        name: By which its vectors are cached; by default the name of the function. Models that share a name are told
            apart by their vectors, unless these are nearly the same: a model that was trained a little further should
            get a name of its own.

    Raises:
        EmbeddingError: Not such a function, not a number of texts, or not a name.

    Example:
        >>> embedding = rnb.embed(model.encode)
        >>> embedding("reactive data").shape
        (384,)
    """
    what = "Cannot make an embedding"
    if not callable(fn) or inspect.iscoroutinefunction(fn):
        raise EmbeddingError(
            what,
            thing=f"{show(fn)} was given" + (", which is async" if callable(fn) else ""),
            expected="a plain function from a list of texts to their vectors",
            hint="Pass model.encode, or a def of your own",
        )
    if type(batch) is not int or batch < 1:
        raise EmbeddingError(
            what, thing=f"batch is {show(batch)}", expected="a whole number, 1 or more", hint="Write batch=64"
        )
    if name is not None and (not isinstance(name, str) or not name):
        raise EmbeddingError(
            what, thing=f"name is {show(name)}", expected="a text", hint="Leave it out for the name of the function"
        )
    return Embedding(fn, batch, _name_of(fn) if name is None else name)


def _name_of(fn: Any) -> str:
    while isinstance(fn, functools.partial):
        fn = fn.func
    named = fn if hasattr(fn, "__qualname__") else type(fn)
    return f"{named.__module__}.{named.__qualname__}"


def _texts(texts: Any, name: str) -> list[str]:
    found = list(texts) if hasattr(texts, "__iter__") and not isinstance(texts, bytes | dict) else [texts]
    for each in found:
        if not isinstance(each, str):
            raise EmbeddingError(
                f"Cannot embed with {name}",
                thing=f"{show(each)} was given",
                expected="a text, or a list of texts",
                hint="Pass what is to be embedded as str",
            )
    return found
