"""kill -9 between any two steps of one alert's way: no alert is lost, and a repeat bears the same ids."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

DRIVER = Path(__file__).with_name("driver.py")
LEASE_IS_OVER = timedelta(minutes=20)

POINTS = [
    "after:lease_feeds", "before:save_poll", "after:save_poll", "after:lease_entries", "before:save_article",
    "after:save_article", "before:consolidate", "during:consolidate", "after:consolidate", "after:lease_deliveries",
    "before:send", "after:send", "after:save_delivery",
]  # fmt: skip
# Killed when a delivery was accepted and that not yet written.  The channels send side by side: the second may stand
# there when the first is killed, or written.
REPEATS = {"after:send": 1, "after:save_delivery": 0}  # how many repeats there are at least


def run(desk, point: str) -> int:
    command = [sys.executable, str(DRIVER), str(desk.config), str(desk.state), desk.clock.now().isoformat(), point]
    return subprocess.run(command, env=os.environ | desk.environ, check=False, timeout=60).returncode


@pytest.mark.parametrize("point", POINTS)
def test_no_alert_is_lost(desk, point):
    assert run(desk, "") == 0
    desk.clock.at += timedelta(hours=1)
    desk.publish(
        "talks", "Mira Solano leaves Aster Labs", "Mira Solano is leaving Aster Labs, the company said on Monday."
    )
    assert run(desk, point) == -signal.SIGKILL
    desk.clock.at += LEASE_IS_OVER
    assert run(desk, "") == 0
    calls = [r.headers["webhook-id"] for r in desk.newsroom.received]
    mails = [m["Message-ID"] for m in desk.mailbox.messages]
    assert len(set(calls)) == 1
    assert len(set(mails)) == 1
    if point not in REPEATS:
        assert (len(calls), len(mails)) == (1, 1)
    else:
        assert 2 + REPEATS[point] <= len(calls) + len(mails) <= 4, "an acceptance that was not written is told again"
        assert max(len(calls), len(mails)) <= 2
    desk.clock.at += LEASE_IS_OVER
    assert run(desk, "") == 0
    assert len(desk.newsroom.received) == len(calls), "it ends there"
