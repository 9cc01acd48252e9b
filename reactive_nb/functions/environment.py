"""The environment: named settings and secrets of a database, declared with validators and kept in it.

`db.env` declares, sets and reads them; `ctx.env` reads them inside a function, through its transaction, so a query
that read one runs again when it changes, and only such a query. Values are in no error, no repr and not in
`ctx.db.system`; the database file has them as they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from reactive_nb.clock import IdSource
from reactive_nb.documents.document import ID
from reactive_nb.errors import (
    DatabaseClosed,
    InvalidValue,
    NestedCallError,
    SchemaError,
    SchemaMismatch,
    UnknownVariable,
    ValidationError,
)
from reactive_nb.functions.database import SystemWriter
from reactive_nb.functions.query_builder import TableQuery
from reactive_nb.functions.range_query import Document
from reactive_nb.schema.system_tables import ENVIRONMENT
from reactive_nb.transaction.transaction import Transaction
from reactive_nb.values.shapes import ObjectValidator
from reactive_nb.values.validators import Validator, from_json, v
from reactive_nb.values.value import IN_DOCUMENT, UNSET, Value


class EnvironmentReader:
    """`ctx.env`: the variables as one transaction sees them.

    Example:
        >>> ctx.env["API_KEY"], ctx.env.get("LIMIT", 100)
    """

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def __getitem__(self, name: str) -> Any:
        """Return the value of a variable; None when it is declared as optional and has no value.

        Raises:
            UnknownVariable: It is not declared; or it has no value and is not optional.
        """
        document = self._declared(name)
        if "value" not in document and not _validator_of(document).optional:
            raise _without_value(f"Cannot read {name!r} from the environment", name)
        return document.get("value")

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a variable, or the default when it has none.

        Raises:
            UnknownVariable: It is not declared.
        """
        return self._declared(name).get("value", default)

    def __contains__(self, name: object) -> bool:
        """Whether the variable has a value."""
        document = document_of(self._tx, name)
        return document is not None and "value" in document

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the variables that have a value, in alphabetical order."""
        return iter([document["name"] for document in documents(self._tx) if "value" in document])

    def keys(self) -> list[str]:
        """Return the names that have a value, so that `dict(...)` works."""
        return list(self)

    def __repr__(self) -> str:
        return f"<environment: {_described(documents(self._tx))}>"

    def _declared(self, name: str) -> Document:
        document = document_of(self._tx, name)
        if document is None:
            raise _undeclared(f"Cannot read {name!r} from the environment", name, documents(self._tx))
        return document


class EnvironmentHost(Protocol):
    """What `Environment` needs of an engine."""

    ids: IdSource

    def read(self, body: Callable[[Any], Any]) -> Any:
        """Run reading code."""

    def write(self, body: Callable[[Any], Any], name: str = ...) -> Any:
        """Run writing code as one transaction."""


class Environment:
    """`db.env`: declares variables, sets and reads them, each call in a transaction of its own.

    Example:
        >>> db.env.define(API_KEY=v.string(), LIMIT=v.optional(v.int64()))
        >>> db.env["API_KEY"] = getpass()
        >>> "API_KEY" in db.env, db.env["LIMIT"]
        (True, None)
    """

    __slots__ = ("_host",)

    def __init__(self, host: EnvironmentHost) -> None:
        self._host = host

    def define(self, /, **variables: Validator) -> None:
        """Declare variables; run again, it replaces their declarations. Variables not named stay as they are.

        Args:
            variables: A validator per name; one in `v.optional(...)` may be without a value.

        Raises:
            SchemaError: A name or a validator cannot be.
            SchemaMismatch: A value that is stored does not fit; nothing was changed.
        """
        declared = {name: _declaration(name, validator) for name, validator in variables.items()}

        def define(ctx: Any) -> None:
            writer = SystemWriter(ctx.transaction, self._host.ids)
            misfits: list[tuple[str, str]] = []
            for name, declaration in declared.items():
                fields: dict[str, Any] = {"validator": json.dumps(declaration.to_json())}
                document = document_of(ctx.transaction, name)
                if document is None:
                    writer.insert(ENVIRONMENT, {"name": name, **fields})
                    continue
                if "value" in document:
                    try:
                        fields["value"] = _fitting(ctx.transaction, declaration, name, document["value"])
                    except (ValidationError, InvalidValue) as error:
                        misfits.append((document[ID], f"the stored value of {name} is not {error.expected}"))
                        continue
                writer.patch(document[ID], fields)
            if misfits:
                raise SchemaMismatch(
                    "Cannot declare the environment",
                    thing="; ".join(problem for _, problem in misfits),
                    expected="declarations that the stored values fit",
                    hint="Set a value that fits both declarations first, or remove it with del db.env[name]. "
                    "Nothing was changed",
                    misfits={ENVIRONMENT: [id for id, _ in misfits]},
                ) from None

        self._host.write(define, "env.define")

    def __setitem__(self, name: str, value: Any) -> None:
        """Give a variable a value.

        Raises:
            UnknownVariable: It is not declared.
            ValidationError: Its declaration refuses the value.
            InvalidValue: It is nothing that a document can hold.
        """

        def put(ctx: Any) -> None:
            document = self._declared(ctx.transaction, name, f"Cannot set {name!r} in the environment")
            fitting = _fitting(ctx.transaction, _object_of(document), name, value)
            SystemWriter(ctx.transaction, self._host.ids).patch(document[ID], {"value": fitting})

        self._host.write(put, "env.set")

    def __delitem__(self, name: str) -> None:
        """Take a variable's value away; it stays declared.

        Raises:
            UnknownVariable: It is not declared, or has no value.
        """

        def remove(ctx: Any) -> None:
            what = f"Cannot delete {name!r} from the environment"
            document = self._declared(ctx.transaction, name, what)
            if "value" not in document:
                raise _without_value(what, name)
            SystemWriter(ctx.transaction, self._host.ids).patch(document[ID], {"value": UNSET})

        self._host.write(remove, "env.delete")

    def __getitem__(self, name: str) -> Any:
        """Return the value of a variable; None when it is declared as optional and has no value.

        Raises:
            UnknownVariable: It is not declared; or it has no value and is not optional.
        """
        return self._host.read(lambda ctx: EnvironmentReader(ctx.transaction)[name])

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a variable, or the default when it has none.

        Raises:
            UnknownVariable: It is not declared.
        """
        return self._host.read(lambda ctx: EnvironmentReader(ctx.transaction).get(name, default))

    def __contains__(self, name: object) -> bool:
        """Whether the variable has a value."""
        return bool(self._host.read(lambda ctx: name in EnvironmentReader(ctx.transaction)))

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the variables that have a value, in alphabetical order."""
        return iter(self._host.read(lambda ctx: list(EnvironmentReader(ctx.transaction))))

    def keys(self) -> list[str]:
        """Return the names that have a value, so that `dict(...)` works."""
        return list(self)

    def __repr__(self) -> str:
        try:
            return str(self._host.read(lambda ctx: repr(EnvironmentReader(ctx.transaction))))
        except (DatabaseClosed, NestedCallError):  # what shows an object must not fail, and these say nothing of it
            return "<environment>"

    @staticmethod
    def _declared(tx: Transaction, name: str, what: str) -> Document:
        document = document_of(tx, name)
        if document is None:
            raise _undeclared(what, name, documents(tx))
        return document


def document_of(tx: Transaction, name: object) -> Document | None:
    """Return the document of one variable, or None when it is not declared; recorded as a look at this name only."""
    return TableQuery(tx, ENVIRONMENT).with_index("by_name", name=name).unique() if isinstance(name, str) else None


def documents(tx: Transaction) -> list[Document]:
    """Return the documents of all variables by name."""
    return TableQuery(tx, ENVIRONMENT).with_index("by_name").collect()


def _declaration(name: str, validator: Validator) -> ObjectValidator:
    """Return a variable as an object of one field, whose JSON also says whether it is optional."""
    try:
        return v.object({name: validator})
    except SchemaError as error:
        raise SchemaError(
            f"Cannot declare the variable {name!r}",
            thing=error.thing,
            expected=error.expected,
            hint="Write db.env.define(API_KEY=v.string())",
        ) from None


def _object_of(document: Document) -> ObjectValidator:
    validator = from_json(json.loads(document["validator"]))
    assert isinstance(validator, ObjectValidator)
    return validator


def _validator_of(document: Document) -> Validator:
    return _object_of(document).fields[document["name"]]


def _fitting(tx: Transaction, declaration: ObjectValidator, name: str, value: Any) -> Value:
    """Return a value, normalised, if its declaration accepts it; the error says its type but not what it is."""
    try:
        return declaration.fields[name].check(value, "$", tx.numbers(), IN_DOCUMENT)
    except (ValidationError, InvalidValue) as error:
        at = "" if error.path == "$" else f", which does not fit at {error.path}"
        raise type(error)(
            f"Cannot set {name!r} in the environment",
            thing=f"a value of the type {type(value).__name__} was given{at}",
            expected=error.expected,
            hint="Give it a value that fits, or declare it otherwise with db.env.define",
            path=error.path,
        ) from None


def _described(found: list[Document]) -> str:
    """Return which variables there are, without their values."""
    parts = [f"{each['name']} {'set' if 'value' in each else 'not set'}" for each in found]
    return ", ".join(parts) or "nothing declared"


def _undeclared(what: str, name: str, found: list[Document]) -> UnknownVariable:
    names = ", ".join(document["name"] for document in found)
    return UnknownVariable(
        what,
        thing="no variable of this name is declared",
        expected=f"one of {names}" if names else "a declared variable, and there is none",
        hint=f"Declare it with db.env.define({name}=v.string()), or correct the name",
        name=name,
    )


def _without_value(what: str, name: str) -> UnknownVariable:
    return UnknownVariable(
        what,
        thing="it is declared, and has no value",
        expected="a variable with a value",
        hint=f"Set it with db.env[{name!r}] = ..., or declare it as v.optional(...)",
        name=name,
    )
