"""The desk of tests/e2e under the real clock: the program runs as a process of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from monitor.clock import SystemClock
from monitor.demo.mailbox import Mailbox
from monitor.demo.newsroom import Newsroom
from tests.e2e.desk import SECRET, Desk


@pytest.fixture
def desk(tmp_path) -> Iterator[Desk]:
    clock = SystemClock()
    with Newsroom(secret=SECRET, clock=clock) as newsroom, Mailbox() as mailbox:
        yield Desk(tmp_path, newsroom, mailbox, clock)
