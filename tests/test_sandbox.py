"""The sandbox survives what is run in it, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.errors import PermanentError, TransientError
from monitor.sandbox import InlineSandbox, ProcessSandbox, SandboxOptions

ROOT = Path(__file__).resolve().parents[1]


def double(number: int) -> int:
    return 2 * number


def sleep_if_odd(number: int) -> int:
    if number % 2:
        time.sleep(30)
    return number


def die_if_odd(number: int) -> int:
    if number % 2:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.01)
    return number


def raise_of_kind(kind: str) -> None:
    if kind == "transient":
        raise TransientError("later")
    raise KeyError(kind)


def fill_memory(size: int) -> int:
    return len(bytearray(size))


def process_id(_: int) -> int:
    time.sleep(0.05)
    return os.getpid()


def main_module_has(name: str) -> bool:
    return hasattr(sys.modules["__main__"], name)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ProcessSandbox]:
    sandbox = ProcessSandbox(SandboxOptions(deadline=0.5, memory=1_000_000_000))
    yield sandbox
    sandbox.close()


def test_results_carry_the_index_of_their_input(sandbox: ProcessSandbox) -> None:
    assert dict(sandbox.map(double, range(20))) == {number: 2 * number for number in range(20)}


def test_an_input_over_the_deadline_is_killed_and_the_others_have_their_results(sandbox: ProcessSandbox) -> None:
    results = dict(sandbox.map(sleep_if_odd, [0, 1, 2, 4, 6]))
    assert isinstance(results.pop(1), TransientError)
    assert results == {0: 0, 2: 2, 3: 4, 4: 6}


def test_a_crash_costs_only_the_input_that_crashed(sandbox: ProcessSandbox) -> None:
    results = dict(sandbox.map(die_if_odd, [0, 1, 2, 4, 3, 6, 8]))
    assert {index for index, result in results.items() if isinstance(result, TransientError)} == {1, 4}
    assert [results[index] for index in (0, 2, 3, 5, 6)] == [0, 2, 4, 6, 8]


def test_memory_over_the_cap_is_a_transient_error(sandbox: ProcessSandbox) -> None:
    results = dict(sandbox.map(fill_memory, [1_000, 2_000_000_000]))
    assert results[0] == 1_000
    assert isinstance(results[1], TransientError)


@pytest.mark.parametrize("kind", [InlineSandbox, ProcessSandbox])
def test_what_the_function_raises_is_its_result(kind: type[InlineSandbox | ProcessSandbox]) -> None:
    sandbox = kind()
    results = dict(sandbox.map(raise_of_kind, ["transient", "other"]))
    sandbox.close()
    assert isinstance(results[0], TransientError)
    assert isinstance(results[1], PermanentError)
    assert "KeyError" in str(results[1])


def test_a_closed_sandbox_starts_anew() -> None:
    sandbox = ProcessSandbox()
    assert dict(sandbox.map(double, [1])) == {0: 2}
    sandbox.close()
    assert dict(sandbox.map(double, [2])) == {0: 4}
    sandbox.close()


def test_workers_do_not_import_the_main_script(sandbox: ProcessSandbox, monkeypatch) -> None:
    monkeypatch.setattr(sys.modules["__main__"], "__file__", __file__, raising=False)  # under xdist there is none
    assert dict(sandbox.map(main_module_has, ["__file__"])) == {0: False}


def test_killing_the_parent_leaves_no_worker() -> None:
    script = (
        "import tests.test_sandbox as t, time\n"
        "sandbox = t.ProcessSandbox()\n"
        "print(*{pid for _, pid in sandbox.map(t.process_id, range(8))}, flush=True)\n"
        "list(sandbox.map(t.sleep_if_odd, [1, 1, 1]))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    workers = [int(pid) for pid in parent.stdout.readline().split()]
    time.sleep(0.3)  # the workers are asleep in their next task
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 3
    while any(is_running(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert workers
    assert not any(is_running(pid) for pid in workers)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


class Unreadable:
    """Pickles here and fails to unpickle in a worker, as a function does whose module is not there."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (fail_to_load, (100_000 * "lost",))  # more than fits into a pipe


def fail_to_load(message: str) -> None:
    raise AttributeError(message[:4])


def ignore(_: object) -> int:
    return 1


def test_a_task_that_is_lost_on_its_way_ends_all_the_same() -> None:
    sandbox = ProcessSandbox(SandboxOptions(deadline=0.5, patience=1.5))
    results = dict(sandbox.map(ignore, [Unreadable() if number % 10 == 3 else number for number in range(40)]))
    sandbox.close()
    assert sorted(results) == list(range(40))
    assert all(isinstance(results[number], TransientError) for number in (3, 13, 23, 33))
    assert sum(result == 1 for result in results.values()) >= 8


def test_a_function_of_the_main_script_is_refused_at_once() -> None:
    function = type(double)(double.__code__, {"__name__": "__main__"}, "double")
    with pytest.raises(ValueError, match="main script"):
        next(ProcessSandbox().map(function, [1]))
