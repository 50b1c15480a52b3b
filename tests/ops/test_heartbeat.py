"""What hangs is told from what only fails."""

import json

from monitor.daemon.health import Health
from monitor.daemon.heartbeat import LONGEST_PAUSE, STALE, Heartbeat
from monitor.daemon.metrics import Metrics

LIMIT = STALE.total_seconds()


def health_at(heartbeat: Heartbeat, at: float, path: str) -> tuple[int, dict]:
    health = Health(heartbeat=heartbeat, metrics=Metrics(), monotonic=lambda: at)
    status, _, body = health.answer(path)
    return status, json.loads(body)


def test_a_poll_loop_that_hangs_is_not_healthy():
    heartbeat = Heartbeat(("poll", "deliver"), 0.0)
    heartbeat.beat("poll", 1.0)
    heartbeat.beat("deliver", LIMIT)
    assert health_at(heartbeat, LIMIT, "/healthz") == (200, {"ok": True})
    assert health_at(heartbeat, LIMIT + 2, "/healthz") == (503, {"ok": False, "stale": {"poll": LIMIT + 1}})
    heartbeat.beat("poll", LIMIT + 2)
    assert health_at(heartbeat, LIMIT + 2, "/healthz") == (200, {"ok": True})


def test_a_job_that_never_began_hangs_too():
    heartbeat = Heartbeat(("poll",), 0.0)
    assert health_at(heartbeat, LIMIT + 1, "/healthz")[0] == 503


def test_it_is_ready_when_every_job_has_done_a_batch():
    heartbeat = Heartbeat(("poll", "deliver"), 0.0)
    heartbeat.beat("poll", 1.0)
    assert health_at(heartbeat, 1.0, "/readyz") == (503, {"ok": False, "waiting": ["deliver"]})
    heartbeat.beat("deliver", 1.0)
    assert health_at(heartbeat, 1.0, "/readyz") == (200, {"ok": True})


def test_a_job_that_fails_is_alive_but_not_ready_and_says_why():
    heartbeat = Heartbeat(("poll",), 0.0)
    heartbeat.beat("poll", 1.0)
    heartbeat.fail("poll", "database or disk is full", 2.0)
    assert health_at(heartbeat, 2.0, "/healthz")[0] == 200
    assert health_at(heartbeat, 2.0, "/readyz")[1]["failing"] == {"poll": "database or disk is full"}
    assert heartbeat.beat("poll", 3.0).failures == 1
    assert health_at(heartbeat, 3.0, "/readyz")[0] == 200


def test_a_job_that_fails_pauses_longer_each_time_up_to_a_minute():
    heartbeat = Heartbeat(("poll",), 0.0)
    pauses = [heartbeat.fail("poll", "no", 0.0) for _ in range(8)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert heartbeat.pauses("poll", LONGEST_PAUSE - 1)
    assert not heartbeat.pauses("poll", LONGEST_PAUSE)
