"""function + hostile inputs -> results, each from a process that can be killed.  EDGE: owns the worker processes.

Never lets one input delay, crash or starve the others, and never leaves a worker behind when its parent dies.
Functions and arguments are pickled: a function must be importable by name, not defined in the program's main script.
"""

from __future__ import annotations

import ctypes
import os
import queue
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import ModuleType
from typing import Any, TypeAlias

import pebble

from monitor.errors import MonitorError, PermanentError, TransientError

_Finished: TypeAlias = "queue.SimpleQueue[int]"  # indices of inputs that have their result
_DIED = "the worker process died"
_AHEAD = 4  # inputs under way for each worker: what a broken pool may lose
_PR_SET_PDEATHSIG = 1  # prctl(2)
pebble.CONSTS.term_timeout = 0.1  # seconds from SIGTERM, which workers ignore, to SIGKILL


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """Bounds of the workers.  `preload` names modules that are imported once and shared by all workers."""

    workers: int = 2
    deadline: float = 10.0  # seconds of wall time for one input
    memory: int = 2_000_000_000  # bytes of address space of one worker
    patience: float = 60.0  # seconds beyond the deadline without any result after which the pool is replaced
    recycle: int = 2_000  # inputs after which a worker is replaced
    preload: Sequence[str] = ()
    initializer: Callable[[], None] | None = None  # run in every new worker


class InlineSandbox:
    """Runs the functions in this process: for tests and for input that is trusted."""

    def map(self, function: Callable[[Any], Any], arguments: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Yield (index, result) in order; a raised error is the result."""
        for index, argument in enumerate(arguments):
            yield index, _call(function, argument)

    def close(self) -> None:
        """Hold nothing that needs closing."""


class ProcessSandbox:
    """Runs the functions in a pool of processes, started with the first use (0021: why a fork server)."""

    def __init__(self, options: SandboxOptions | None = None) -> None:
        self._options = options or SandboxOptions()
        self._lock = threading.Lock()
        self._running: pebble.ProcessPool | None = None
        self._progress_at = 0.0  # monotonic

    def map(self, function: Callable[[Any], Any], arguments: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Yield (index, result) in completion order.

        The result is a TransientError where the deadline, the memory cap or a crash hit, the error itself where the
        function raised a MonitorError, and a PermanentError where it raised anything else.
        """
        if function.__module__ == "__main__":
            raise ValueError(f"{function.__qualname__} stands in the main script, which workers do not import")
        waiting = iter(enumerate(arguments))
        pending: dict[int, Future[Any]] = {}
        finished: _Finished = queue.SimpleQueue()
        try:
            while self._fill(pending, finished, function, waiting):
                index = self._next(finished)
                if index is None:
                    lost, pending = pending, {}
                    yield from ((index, TransientError(_DIED)) for index in lost)
                elif index in pending:  # not of a pool that broke before
                    yield index, self._result(pending.pop(index))
        finally:
            for future in pending.values():
                future.cancel()

    def close(self) -> None:
        """Stop the workers; the next use starts new ones."""
        with self._lock:
            if self._running is not None:
                self._running.stop()  # type: ignore[no-untyped-call]
                self._running.join()
            self._running = None

    def _pool(self) -> pebble.ProcessPool:
        self._progress_at = time.monotonic()
        with self._lock:
            if self._running is None or not self._running.active:
                self._running = self._new_pool()
            return self._running

    def _new_pool(self) -> pebble.ProcessPool:
        context = _Context()
        context.set_forkserver_preload([__name__, *self._options.preload])
        return pebble.ProcessPool(
            max_workers=self._options.workers,
            max_tasks=self._options.recycle,
            initializer=_enter,
            initargs=(self._options.memory, self._options.initializer),
            context=context,
        )

    def _fill(
        self,
        pending: dict[int, Future[Any]],
        finished: _Finished,
        function: Callable[[Any], Any],
        waiting: Iterator[tuple[int, Any]],
    ) -> bool:
        """Keep every worker busy, and little more under way; return whether anything is."""
        room = _AHEAD * self._options.workers - len(pending)
        for index, argument in islice(waiting, room):
            pending[index] = self._schedule(function, argument)
            pending[index].add_done_callback(partial(self._finished, finished, index))
        return bool(pending)

    def _schedule(self, function: Callable[[Any], Any], argument: Any) -> Future[Any]:
        try:
            future: Future[Any] = self._pool().schedule(
                _call, args=(function, argument), timeout=self._options.deadline
            )
        except RuntimeError as error:  # the pool broke or was closed this moment
            future = Future()
            future.set_exception(BrokenExecutor(str(error)))
        return future

    def _finished(self, finished: _Finished, index: int, future: Future[Any]) -> None:
        self._progress_at = time.monotonic()
        if not future.cancelled():
            finished.put(index)

    def _next(self, finished: _Finished) -> int | None:
        """Wait for a result; None if the pool broke, or no worker gave any for so long that a task must have been lost."""
        patience = self._options.deadline + self._options.patience
        while True:
            try:
                return finished.get(timeout=0.5)
            except queue.Empty:
                if self._drop_pool_if(time.monotonic() - self._progress_at > patience):
                    return None

    def _drop_pool_if(self, stuck: bool) -> bool:
        with self._lock:
            pool = self._running
            if pool is None or (pool.active and not stuck):
                return pool is None
            self._running = None
        threading.Thread(target=_discard, args=(pool,), daemon=True).start()  # joining a broken pool may take long
        return True

    def _result(self, future: Future[Any]) -> Any:
        try:
            return future.result()
        except TimeoutError:
            return TransientError(f"took longer than {self._options.deadline:g} s")
        except (pebble.ProcessExpired, BrokenExecutor, CancelledError):
            return TransientError(_DIED)
        except Exception as error:  # noqa: BLE001 - top of a job: what could not be pickled, in either direction
            return _translated(error)


def _discard(pool: pebble.ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


def _call(function: Callable[[Any], Any], argument: Any) -> Any:
    """Turn what `function` raises into a value; exceptions of foreign types may not survive pickling."""
    try:
        return function(argument)
    except Exception as error:  # noqa: BLE001 - top of a job: records and moves on
        return _translated(error)


def _translated(error: Exception) -> MonitorError:
    if isinstance(error, MonitorError):
        return error
    if isinstance(error, MemoryError):
        return TransientError("ran out of memory")
    return PermanentError(f"{type(error).__name__}: {str(error)[:200]}")


def _enter(memory: int, initializer: Callable[[], None] | None) -> None:
    """Make this process a worker: capped, deaf to the terminal's and the service manager's signals, tied to its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _die_with_parent()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    if initializer is not None:
        initializer()


def _die_with_parent() -> None:
    """Have the kernel kill this process with the fork server, which ends with the process that uses us.  Linux only."""
    if not sys.platform.startswith("linux"):
        return
    _let_go_of_fork_server()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:  # it died before we asked
        os._exit(1)


def _let_go_of_fork_server() -> None:
    """Close our end of the pipe that keeps the fork server alive: it is handed to every worker, to start others with."""
    server: Any = forkserver._forkserver  # noqa: SLF001
    alive, server._forkserver_alive_fd = server._forkserver_alive_fd, None  # noqa: SLF001
    if alive is not None:
        os.close(alive)


class _Process(ForkServerProcess):
    """A worker that does not import the program's main script: it needs only the functions that it is sent."""

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 - the name is multiprocessing's
        with _no_main():
            return ForkServerProcess._Popen(process_obj)  # noqa: SLF001


class _Context(ForkServerContext):
    Process = _Process


_main_lock = threading.Lock()


@contextmanager
def _no_main() -> Iterator[None]:
    """Hide the main module while a worker starts: it would be imported there, the whole command line with it."""
    with _main_lock:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main
