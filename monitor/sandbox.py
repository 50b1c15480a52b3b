"""function + hostile inputs -> results, each from a process that can be killed.  EDGE: owns the worker processes.

Never lets one input delay, crash or starve the others, and never leaves a worker behind when its parent dies.
Functions and arguments are pickled: a function must be importable by name, not defined in the program's main script.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Future, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import ModuleType
from typing import Any

import pebble

from monitor.errors import MonitorError, PermanentError, TransientError

_PR_SET_PDEATHSIG = 1  # prctl(2)
pebble.CONSTS.term_timeout = 0.1  # seconds from SIGTERM, which workers ignore, to SIGKILL


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """Bounds of the workers.  `preload` names modules that are imported once and shared by all workers."""

    workers: int = 2
    deadline: float = 10.0  # seconds of wall time for one input
    memory: int = 2_000_000_000  # bytes of address space of one worker
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
    """Runs the functions in a pool of processes, started with the first use (0012: why a fork server)."""

    def __init__(self, options: SandboxOptions | None = None) -> None:
        self._options = options or SandboxOptions()
        self._lock = threading.Lock()
        self._running: pebble.ProcessPool | None = None

    def map(self, function: Callable[[Any], Any], arguments: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Yield (index, result) in completion order.

        The result is a TransientError where the deadline, the memory cap or a crash hit, the error itself where the
        function raised a MonitorError, and a PermanentError where it raised anything else.
        """
        pool = self._pool()
        futures = {self._schedule(pool, function, argument): index for index, argument in enumerate(arguments)}
        try:
            for future in as_completed(futures):
                yield futures[future], self._result(future)
        finally:
            for future in futures:
                future.cancel()

    def close(self) -> None:
        """Stop the workers; the next use starts new ones."""
        with self._lock:
            if self._running is not None:
                self._running.stop()  # type: ignore[no-untyped-call]
                self._running.join()
            self._running = None

    def _pool(self) -> pebble.ProcessPool:
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

    def _schedule(self, pool: pebble.ProcessPool, function: Callable[[Any], Any], argument: Any) -> Future[Any]:
        try:
            future: Future[Any] = pool.schedule(_call, args=(function, argument), timeout=self._options.deadline)
        except RuntimeError as error:  # the pool broke or was closed meanwhile
            future = Future()
            future.set_exception(BrokenExecutor(str(error)))
        return future

    def _result(self, future: Future[Any]) -> Any:
        try:
            return future.result()
        except TimeoutError:
            return TransientError(f"took longer than {self._options.deadline:g} s")
        except (pebble.ProcessExpired, BrokenExecutor, CancelledError):
            return TransientError("the worker process died")
        except Exception as error:  # noqa: BLE001 - top of a job: what could not be pickled, in either direction
            return _translated(error)


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
