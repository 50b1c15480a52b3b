"""`monitor run` as a real process, over a newsroom on loopback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
MONITOR = [sys.executable, "-m", "monitor"]

SETTINGS = """\
alert_confidence: 0.3
{listen}
poll: {{interval: 1s, shortest: 1s}}
http: {{host_gap: 0s, allow_networks: [127.0.0.0/8]}}
pages: {{workers: 1}}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait for `condition` to give something; fail the test where it does not in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


class Process:
    """A running daemon: its log, its pages, its end."""

    def __init__(self, desk, listen: bool = True, environ: dict[str, str] | None = None) -> None:
        self.desk = desk
        self.environ = os.environ | desk.environ | (environ or {})
        self._start(listen)

    def _start(self, listen: bool) -> None:
        self.port = free_port() if listen else 0
        self.desk.write("settings", SETTINGS.format(listen=f"listen: 127.0.0.1:{self.port}" if listen else ""))
        self.log_path = self.desk.folder / f"log-{time.monotonic_ns()}.jsonl"
        with self.log_path.open("wb") as log:
            command = [*MONITOR, "--config", self.desk.config, "--state", self.desk.state, "run"]
            self.process = subprocess.Popen(command, stderr=log, env=self.environ, cwd=ROOT)

    def __enter__(self) -> Self:
        self._until_started()
        if self.process.poll() is not None and "in use" in self.log_path.read_text():
            self._start(listen=True)  # another test took the free port first
            self._until_started()
        return self

    def _until_started(self) -> None:
        until(lambda: self.events("daemon.started") or self.process.poll() is not None)

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)

    def log(self) -> list[dict[str, Any]]:
        lines = self.log_path.read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.log() if line.get("event") == name]

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Send a signal and return how many seconds the process took to end."""
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(30)
        return time.monotonic() - started


def monitor(desk, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run one command over the desk's folders."""
    return subprocess.run(
        [*MONITOR, "--config", desk.config, "--state", desk.state, *arguments],
        env=os.environ | desk.environ | environ, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
