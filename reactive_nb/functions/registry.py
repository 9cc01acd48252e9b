"""The table of functions by path, and the decorators that fill it.

Registering a path again replaces what was there, so a cell can run twice.
"""

from __future__ import annotations

import difflib
import gc
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Protocol

from reactive_nb.errors import FunctionKindError, UnknownFunction
from reactive_nb.functions.function import Calls, Function, Kind
from reactive_nb.functions.impure_names import warn_if_impure
from reactive_nb.values.refusal import show
from reactive_nb.values.validators import Validator


class Decorators(ABC):
    """The decorators `query`, `mutation`, `action` and their internal forms, for whatever takes functions.

    Each may be used bare, `@db.query`, or with options: `@db.query(args={"channel": v.string()}, name="latest")`.
    """

    @abstractmethod
    def add(self, function: Function) -> None:
        """Take a function; one of the same path is replaced."""

    def query(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        args: Mapping[str, Validator] | None = None,
        returns: Validator | None = None,
        name: str | None = None,
    ) -> Any:
        """Declare a function that only reads: `def name(ctx, ...)`.

        Args:
            function: The function, when used as a bare decorator.
            args: A validator per parameter, instead of the annotations.
            returns: A validator of the result.
            name: Its path, instead of the function's own name.
        """
        return self._declare(Kind.QUERY, function, args, returns, name, False)

    def mutation(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        args: Mapping[str, Validator] | None = None,
        returns: Validator | None = None,
        name: str | None = None,
    ) -> Any:
        """Declare a function that reads and writes in one transaction; arguments as in `query`."""
        return self._declare(Kind.MUTATION, function, args, returns, name, False)

    def internal_query(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        args: Mapping[str, Validator] | None = None,
        returns: Validator | None = None,
        name: str | None = None,
    ) -> Any:
        """Declare a query that clients outside the process shall not see; arguments as in `query`."""
        return self._declare(Kind.QUERY, function, args, returns, name, True)

    def internal_mutation(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        args: Mapping[str, Validator] | None = None,
        returns: Validator | None = None,
        name: str | None = None,
    ) -> Any:
        """Declare a mutation that clients outside the process shall not see; arguments as in `query`."""
        return self._declare(Kind.MUTATION, function, args, returns, name, True)

    def action(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        args: Mapping[str, Validator] | None = None,
        returns: Validator | None = None,
        name: str | None = None,
        timeout: timedelta | None = None,
    ) -> Any:
        """Declare a function that may do anything: `def name(ctx, ...)` or `async def name(ctx, ...)`.

        It is not a transaction. It reads and writes by `ctx.run_query` and `ctx.run_mutation`, each a transaction of its
        own, and is never run again by itself.

        Args:
            function: The function, when used as a bare decorator.
            args: As in `query`.
            returns: As in `query`.
            name: As in `query`.
            timeout: How long it may run. An `async def` ends at the await at which it is by then; a plain def, which
                nothing can stop from outside, at its next use of `ctx`.

        Example:
            >>> @db.action(timeout=timedelta(seconds=30))
            ... async def fetch(ctx, url: str):
            ...     async with httpx.AsyncClient() as client:
            ...         page = await client.get(url)
            ...     return ctx.run_mutation(keep, url=url, text=page.text)
        """
        return self._declare(Kind.ACTION, function, args, returns, name, False, timeout)

    def internal_action(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        args: Mapping[str, Validator] | None = None,
        returns: Validator | None = None,
        name: str | None = None,
        timeout: timedelta | None = None,
    ) -> Any:
        """Declare an action that clients outside the process shall not see; arguments as in `action`."""
        return self._declare(Kind.ACTION, function, args, returns, name, True, timeout)

    def _declare(
        self,
        kind: Kind,
        function: Callable[..., Any] | None,
        args: Mapping[str, Validator] | None,
        returns: Validator | None,
        name: str | None,
        internal: bool,
        timeout: timedelta | None = None,
    ) -> Any:
        def declare(plain: Callable[..., Any]) -> Function:
            made = Function(plain, kind, path=name, args=args, returns=returns, internal=internal, timeout=timeout)
            if kind is not Kind.ACTION:
                warn_if_impure(plain, made.path)
            self.add(made)
            return made

        return declare if function is None else declare(function)


class Host(Calls, Protocol):
    """What a module needs of an engine that includes it."""

    @property
    def closed(self) -> bool:
        """Whether it takes no functions any more."""

    def add(self, function: Function) -> None:
        """Register a function."""


class Module(Decorators):
    """Functions declared without a database, to be given to `db.include`; made by `rnb.module("messages")`.

    Its functions have paths such as `messages:list`. A function that is declared later, or again, goes to all open
    databases that include the module. The module keeps none of them open.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.functions: dict[str, Function] = {}
        self._hosts: weakref.WeakSet[Host] = weakref.WeakSet()

    def add(self, function: Function) -> None:
        """Take a function; one of the same name is replaced, here and in the databases that include the module."""
        function.path = f"{self.name}:{function.path}"
        function.module = self
        self.functions[function.path] = function
        for host in self._open():
            host.add(function)

    def included_by(self, host: Host) -> None:
        """Register all functions in an engine, and from now on those that follow."""
        for function in self.functions.values():
            host.add(function)
        self._hosts.add(host)

    def engine_of(self, function: Function) -> Calls | None:
        """Return the one open engine that includes the module, or None.

        Raises:
            UnknownFunction: There are several, so a plain call does not say where to run.
        """
        hosts = self._open()
        if len(hosts) > 1:
            # A database in memory that nobody holds is gone, but not before its cycles are collected.
            del hosts
            gc.collect()
            hosts = self._open()
        if len(hosts) > 1:
            raise UnknownFunction(
                f"Cannot run {function.path}",
                thing=f"{len(hosts)} open databases include its module",
                expected="a call that says which one, or a module that one database includes",
                hint=f"Write db.run({function.path!r}, ...) on the one you mean, or close the others",
            )
        return hosts[0] if hosts else None

    def _open(self) -> list[Host]:
        return [host for host in self._hosts if not host.closed]


class Registry:
    """The functions of one engine; the only mutable place where they are kept."""

    def __init__(self) -> None:
        self._functions: dict[str, Function] = {}

    def add(self, function: Function) -> None:
        """Register a function under its path; one that was there is replaced."""
        self._functions[function.path] = function

    def remove(self, function: Function) -> bool:
        """Take a function out, and return whether it was there; another one under its path stays."""
        held = self.holds(function)
        if held:
            del self._functions[function.path]
        return held

    def holds(self, function: Function) -> bool:
        """Whether this very function is registered, and not another one under its path."""
        return self._functions.get(function.path) is function

    def current(self, function: Function) -> Function:
        """Return what has replaced a function under its path, or the function itself."""
        return self._functions.get(function.path, function)

    def find(self, path: str) -> Function:
        """Return the function at a path.

        Raises:
            UnknownFunction: Nothing is registered there.
        """
        function = self._functions.get(path)
        if function is None:
            if callable(path):
                raise UnknownFunction(
                    f"Cannot find the function {getattr(path, '__name__', None) or show(path)}",
                    thing="it is a plain Python function",
                    expected="a declared function, or its path",
                    hint="Declare it with @db.query, @db.mutation or @db.action",
                )
            close = difflib.get_close_matches(str(path), self._functions, n=3) or sorted(self._functions)
            raise UnknownFunction(
                f"Cannot find the function {path!r}",
                thing="nothing is registered under this path",
                expected=f"one of {close}" if close else "a registered function, and there is none yet",
                hint="Run the cell that defines it",
            )
        return function

    def __iter__(self) -> Iterator[Function]:
        return iter(list(self._functions.values()))


def include(module: object, host: Host) -> None:
    """Register the functions of a module in an engine, and from now on those that the module gets.

    Raises:
        FunctionKindError: It is not a module.
    """
    if not isinstance(module, Module):
        raise FunctionKindError(
            "Cannot include the module",
            thing=f"{show(module)} was given",
            expected="what rnb.module(name) returned",
            hint='Write messages = rnb.module("messages"), declare its functions with @messages.query, and include it',
        )
    module.included_by(host)


def module(name: str) -> Module:
    """Return a new, empty set of functions; see `Module`."""
    return Module(name)
