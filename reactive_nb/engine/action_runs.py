"""Running actions: on the caller's thread, on a pool, or on the event loop, with a way to end each of them.

Comes in: an action with its arguments. Goes out: its result, or a future of it. All runs are known here as long as they
last, so closing the database can end them.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from reactive_nb.engine.commit_queue import closed
from reactive_nb.engine.interrupts import Uninterrupted, UninterruptedLock
from reactive_nb.engine.loop import Loop
from reactive_nb.errors import NestedCallError
from reactive_nb.functions.actions import ActionContext, ActionHost, ActionRun, AsyncActionContext, Report
from reactive_nb.functions.function import Function

if TYPE_CHECKING:
    from reactive_nb.engine.loop import Task

CLOSED = "its database is being closed"
OUTER_ENDED = "the action that it is a part of was cancelled"
INTERRUPTED = "the call that waited for it was interrupted"

_run: contextvars.ContextVar[ActionRun | None] = contextvars.ContextVar("reactive_nb_action_run", default=None)


class ActionRuns:
    """See the module.

    Args:
        host: The engine.
        name: Of the database, for the name of the thread.
        numbers: Returns the numbers of the tables by name, for the validators of ids.
    """

    def __init__(self, host: ActionHost, name: str, numbers: Callable[[], Any]) -> None:
        self._host = host
        self._numbers = numbers
        self._loop = Loop(f"reactive_nb actions {name}")
        self._lock = UninterruptedLock()
        # The runs that last, each with a lock that is unlocked at its end.
        self._runs: dict[ActionRun, threading.Lock] = {}
        self._closing = False
        self._closed = False

    @property
    def is_on_loop(self) -> bool:
        """Whether the caller is a part of an `async def`, so that all others wait while it waits."""
        return self._loop.is_own_thread

    @property
    def is_inside(self) -> bool:
        """Whether the caller is a part of an action of this database, for whose end it must not wait."""
        return self._loop.is_own_thread or _run.get() in self._runs

    # ------------------------------------------------------------------ from outside

    def call(self, function: Function, args: dict[str, Any], report: Report) -> Any:
        """Run an action and return its result; Ctrl-C ends it.

        Raises:
            NestedCallError: Called on the event loop, which an `async def` would wait for.
        """
        run = ActionRun(function, report)
        return self._wait(args, run) if function.is_async else self.run(function, args, run)

    def submit(self, function: Function, args: dict[str, Any], report: Report, pool: Executor) -> Future[Any]:
        """Run an action on another thread."""
        if function.is_async:
            return self.start(function, args, report)
        run = ActionRun(function, report)
        future = _ActionFuture(run)
        context = contextvars.copy_context()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = context.run(self.run, function, args, run)
            except BaseException as error:  # noqa: BLE001 - for whoever asks the future
                future.set_exception(error)
            else:
                future.set_result(result)

        # The pool drops what it has not begun when the database is closed.
        pool.submit(work).add_done_callback(lambda inner: _give_up(future) if inner.cancelled() else None)
        return future

    def start(
        self, function: Function, args: dict[str, Any], report: Report, timeout: timedelta | None = None
    ) -> Future[Any]:
        """Run an `async def` on the event loop; cancelling the future ends it at its next await."""
        run = ActionRun(function, report, timeout)
        future: Future[Any] = Future()
        future.add_done_callback(lambda _: run.stop() if future.cancelled() else None)
        self._start(args, run, lambda task: _pass_on(task, run, future))
        return future

    def launch(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine of the engine's own on the event loop."""
        self._loop.start(coroutine, contextvars.Context(), lambda _: None)

    # ------------------------------------------------------------------ inside a run

    def begin(self, function: Function, report: Report, timeout: timedelta | None = None) -> ActionRun:
        """Return what `run` takes, with a timeout in place of the function's own."""
        return ActionRun(function, report, timeout)

    def run(self, function: Function, args: dict[str, Any], run: ActionRun) -> Any:
        """Run a plain def on this thread."""
        over = threading.Lock()
        over.acquire()
        try:
            self._enter(run, over)
            before = _run.set(run)
            try:
                checked = function.checked_args(args, self._numbers())
                run.start()
                result = function.function(ActionContext(self._host, run), **checked)
            finally:
                _run.reset(before)
            return function.checked_result(result, self._numbers())
        finally:
            # First of all: a Ctrl-C that came before it would have `close` wait for ever.
            over.release()
            self._leave(run)

    async def run_async(self, args: dict[str, Any], run: ActionRun, is_task: bool) -> Any:
        """Run an `async def` on the event loop.

        Args:
            args: Its arguments.
            run: The run.
            is_task: Whether it is a task of its own; else it is a part of its caller's task, which is what others wait
                for and cancel, and which minds the caller's timeout.
        """
        import asyncio

        function = run.function
        checked = function.checked_args(args, self._numbers())
        run.start()
        try:
            async with asyncio.timeout(run.seconds_left if is_task else run.own_seconds_left) as limit:
                result = await function.function(AsyncActionContext(self._host, run), **checked)
        except TimeoutError:
            if not limit.expired():
                raise  # the user's own
            raise run.timed_out() from None
        return function.checked_result(result, self._numbers())

    def inside(self, function: Function, args: dict[str, Any], outer: ActionRun, pool: Executor) -> Any:
        """Run an action as part of another one; for an `async def` on the event loop, return what it awaits."""
        run = ActionRun(function, outer.report, outer=outer)
        # Actions that occupy a thread and wait for others must not wait for a place in the pool: they might have all.
        if outer.function.is_async and self._loop.is_own_thread:
            return self._await_inside(args, run, _OwnThread() if outer.holds_thread else pool)
        return self._wait(args, run) if function.is_async else self.run(function, args, run)

    async def _await_inside(self, args: dict[str, Any], run: ActionRun, executor: Executor) -> Any:
        import asyncio

        function = run.function
        if function.is_async:
            try:
                return await self.run_async(args, run, False)
            finally:
                run.end()
        context = contextvars.copy_context()
        work = asyncio.get_running_loop().run_in_executor(executor, lambda: context.run(self.run, function, args, run))
        try:
            return await work
        except asyncio.CancelledError:
            run.cancel(OUTER_ENDED)
            raise

    def _wait(self, args: dict[str, Any], run: ActionRun) -> Any:
        """Run an `async def` on the event loop while this thread waits."""
        if self._loop.is_own_thread:
            name = run.function.path.rpartition(":")[2]
            raise NestedCallError(
                f"Cannot run {run.function.path}",
                thing="it is an async action, called on the thread of the async actions, and would wait for itself",
                expected="a call that is awaited",
                hint=f"Write await ctx.run_action({name}, ...) in an async def",
            )
        # No future: Ctrl-C in its wait can leave its own lock locked, and the event loop would stop at it.
        over = threading.Lock()
        over.acquire()
        ended: list[Task] = []

        def tell(task: Task) -> None:
            ended.append(task)
            over.release()

        try:
            self._start(args, run, tell)
            over.acquire()
        except BaseException:
            run.cancel(INTERRUPTED)
            raise
        task = ended.pop()
        if task.cancelled():
            raise run.cancelled()
        return task.result()

    def _start(self, args: dict[str, Any], run: ActionRun, tell: Callable[[Task], None]) -> None:
        """Run an `async def` on the event loop, and call `tell` there with the task when it is done."""
        over = threading.Lock()
        over.acquire()

        def ended(task: Task) -> None:
            if not task.cancelled():
                task.exception()  # asked in any case, or the event loop would say that nobody did
            try:
                tell(task)
            finally:
                over.release()
                self._leave(run)

        caller = _run.get()
        run.holds_thread |= caller is not None and caller.holds_thread
        context = contextvars.copy_context()
        context.run(_run.set, run)
        with Uninterrupted():
            self._enter(run, over)
            coroutine = self.run_async(args, run, True)
            try:
                run.stop = self._loop.start(coroutine, context, ended)
            except BaseException:
                coroutine.close()
                over.release()
                self._leave(run)
                raise
            if run.reason is not None:  # since before it could be stopped
                run.stop()

    # ------------------------------------------------------------------ the end

    def cancel(self) -> None:
        """Have all runs end, those to come too; a plain def ends when it next uses its context."""
        with self._lock:
            self._closing = True
            runs = list(self._runs)
        for run in runs:
            run.cancel(CLOSED)

    def close(self) -> None:
        """Return when all runs have ended, and end the thread; to be called after `cancel`."""
        while True:
            with self._lock:
                left = list(self._runs.values())
                if not left:
                    self._closed = True
                    break
            for over in left:
                over.acquire()
                over.release()
            # What is over may still stand there, for an instant or since a Ctrl-C.
            with self._lock:
                for run in [run for run, over in self._runs.items() if not over.locked()]:
                    del self._runs[run]
        self._loop.close()

    def _enter(self, run: ActionRun, over: threading.Lock) -> None:
        with self._lock:
            if self._closed:
                raise closed()
            self._runs[run] = over
            if self._closing:
                run.cancel(CLOSED)

    def _leave(self, run: ActionRun) -> None:
        with self._lock:
            self._runs.pop(run, None)
        run.end()


class _ActionFuture(Future[Any]):
    """The future of an action on a thread: what has begun is asked to end."""

    def __init__(self, run: ActionRun) -> None:
        super().__init__()
        self._run = run

    def cancel(self) -> bool:
        """Cancel the run; False if it is over."""
        if super().cancel():
            return True
        if self.done():
            return False
        self._run.cancel("its future was cancelled")
        return True


class _OwnThread(Executor):
    """Runs each call on a thread that is made for it."""

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a call."""
        future: Future[Any] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = call(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - for whoever asks the future
                future.set_exception(error)
            else:
                future.set_result(result)

        threading.Thread(target=work, name="reactive_nb action", daemon=True).start()
        return future


def _pass_on(task: Task, run: ActionRun, future: Future[Any]) -> None:
    """Give a future what came of its task; one that was cancelled meanwhile keeps that."""
    if task.cancelled() and run.reason is None:
        _give_up(future)
        return
    if future.set_running_or_notify_cancel():
        error = run.cancelled() if task.cancelled() else task.exception()
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(task.result())


def _give_up(future: Future[Any]) -> None:
    """Cancel a future for good, so that `concurrent.futures.wait` returns too."""
    if Future.cancel(future):
        future.set_running_or_notify_cancel()
