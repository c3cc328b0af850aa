"""CPU work in processes of its own, where one bad message cannot take the service with it.

Each message is a task, so that a worker that dies (a parser's crash, the out-of-memory killer) or
takes too long is known together with the message it was at. That message is tried once more in a
fresh worker, since the death may have had another cause; the second time it is refused.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import TimeoutError as TaskTimeout
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from pebble import ProcessExpired, ProcessPool

from shared.errors import PermanentError
from shared.events import Message
from shared.metrics import WORKERS_LOST
from shared.runtime.stage import Outcomes, Reject, Stage

_PARENT_CHECK_SECONDS = 1.0
_POOL_CHECK_SECONDS = 1.0
_function: Callable[[Any], Any] | None = None


def _initialize(function: Callable[[Any], Any], parent: int) -> None:
    """In a new worker: keep the function, and end when the parent is gone (kill -9)."""
    global _function
    _function = function

    def watch_parent() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_CHECK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch_parent, daemon=True).start()


def _apply(argument: Any) -> bytes:
    """The pickled result: one that cannot be pickled is an error here, not a worker's death."""
    if _function is None:
        raise RuntimeError("the worker was not initialized")
    try:
        return pickle.dumps(_function(argument))
    except BaseException as error:
        raise _portable(error) from error


def _portable(error: BaseException) -> Exception:
    """``error`` as the parent can receive it: one that cannot be unpickled breaks the pool."""
    # Here a time-out is the function's own; in the parent it would mean that the task was ended.
    if isinstance(error, Exception) and not isinstance(error, TaskTimeout):
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
        except Exception:
            return RuntimeError(f"{type(error).__qualname__}: {error}")
        return error
    return RuntimeError(f"{type(error).__qualname__}: {error}")


def _value(result: bytes | BaseException) -> Any:
    return pickle.loads(result) if isinstance(result, bytes) else result  # noqa: S301 - a worker's


class Pool:
    """``workers`` processes that apply one picklable function; started by the first call."""

    def __init__(
        self, function: Callable[[Any], Any], *, workers: int, timeout: float, name: str
    ) -> None:
        self._function = function
        self._workers = workers
        self._timeout = timeout
        self._name = name
        self._pool: ProcessPool | None = None
        self._stops = 0

    async def _started(self) -> ProcessPool:
        if self._pool is not None and not self._pool.active:
            # A worker that dies while idle, or cannot start, breaks the whole pool.
            await self._end()
        if self._pool is None:
            self._pool = ProcessPool(
                max_workers=self._workers,
                initializer=_initialize,
                initargs=(self._function, os.getpid()),
                # A forked child would inherit the event loop's sockets and threads' locks.
                context=multiprocessing.get_context("spawn"),
            )
        return self._pool

    async def map(self, arguments: Sequence[Any]) -> list[Any]:
        """The function's result, or the exception it raised, for each argument, in order.

        An argument that twice killed its worker or ran out of time gives a
        :class:`~shared.errors.PermanentError` ``worker_died`` or ``timed_out``. An exception that
        cannot be pickled comes as a :class:`RuntimeError` of the same words.
        """
        stops = self._stops
        pool = await self._started()
        results = await self._results(pool, arguments)
        return [
            await self._again(argument, result, stops)
            if isinstance(result, ProcessExpired | TaskTimeout | BrokenProcessPool)
            else _value(result)
            for argument, result in zip(arguments, results, strict=True)
        ]

    async def _results(
        self, pool: ProcessPool, arguments: Sequence[Any]
    ) -> list[bytes | BaseException]:
        waiting: list[asyncio.Future[bytes]] = []
        try:
            for argument in arguments:
                task = pool.schedule(_apply, args=[argument], timeout=self._timeout)
                waiting.append(asyncio.wrap_future(task))
        except RuntimeError:
            pass  # it broke since we looked; what was not scheduled is counted as broken below
        pending = set(waiting)
        try:
            # A pool that breaks resolves only the tasks that it had handed to its workers: those
            # in its queue would be waited for for ever.
            while pending and pool.active:
                _, pending = await asyncio.wait(pending, timeout=_POOL_CHECK_SECONDS)
        except asyncio.CancelledError:
            for future in waiting:
                future.cancel()
            raise
        results: list[bytes | BaseException] = []
        for future in waiting:
            if future.done():
                results.append(future.exception() or future.result())
            else:
                future.add_done_callback(lambda late: late.cancelled() or late.exception())
                results.append(BrokenProcessPool("the pool broke before the task was begun"))
        lost = len(arguments) - len(waiting)
        return results + [BrokenProcessPool("the pool broke before") for _ in range(lost)]

    async def _again(self, argument: Any, first: BaseException, stops: int) -> Any:
        if stops != self._stops:
            return first
        WORKERS_LOST.labels(self._name, type(first).__name__).inc()
        (result,) = await self._results(await self._started(), [argument])
        if isinstance(result, TaskTimeout):
            WORKERS_LOST.labels(self._name, "TimeoutError").inc()
            return PermanentError("timed_out", f"took more than {self._timeout:g} s, twice")
        if isinstance(result, ProcessExpired):
            WORKERS_LOST.labels(self._name, "ProcessExpired").inc()
            return PermanentError(
                "worker_died", f"ended its worker process twice (exit code {result.exitcode})"
            )
        return _value(result)

    async def stop(self) -> None:
        """End the workers; tasks under way are given up (their messages come again)."""
        self._stops += 1
        await self._end()

    async def _end(self) -> None:
        if self._pool is not None:
            pool, self._pool = self._pool, None
            stop: Callable[[], None] = pool.stop  # untyped in pebble
            stop()
            await asyncio.to_thread(pool.join)


class PoolStage(Stage):
    """A stage whose messages are worked on in a pool.

    A batch is worked on while the one before it is written, so that the workers never wait.
    The pool's function is a :class:`~shared.runtime.stage.Transform`, or takes what ``argument``
    makes of a message. The stage stops the pool.
    """

    def __init__(
        self, name: str, pool: Pool, argument: Callable[[Message], Any] = lambda message: message
    ) -> None:
        self.name = name
        self.batches_ahead = 1
        self._pool = pool
        self._argument = argument

    async def process(self, batch: Sequence[Message]) -> list[Outcomes]:
        """Outcomes of each message; any error but a permanent one is raised."""
        results = await self._pool.map([self._argument(message) for message in batch])
        outcomes: list[Outcomes] = []
        for result in results:
            if isinstance(result, PermanentError):
                outcomes.append([Reject(result.reason, result.detail)])
            elif isinstance(result, BaseException):
                raise result
            else:
                outcomes.append(result)
        return outcomes

    async def stop(self) -> None:
        """End the workers."""
        await self._pool.stop()
