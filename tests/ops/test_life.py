"""A daemon starts alone, says how it is, and ends soon."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.ops.process import Process, monitor, until


@pytest.fixture
def tarpit():
    """A server that takes every request and never answers."""
    asked, end = threading.Event(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.set()
            end.wait(60)

        def do_POST(self):
            self.do_GET()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    end.set()
    server.shutdown()
    server.server_close()


def test_a_daemon_that_waits_for_slow_servers_ends_within_ten_seconds_and_loses_nothing(desk, tarpit):
    slow, asked = tarpit
    desk.write("feeds", f"feeds:\n  - {slow}/feed.xml\n  - {desk.newsroom.feed_url('wire')}\n")
    with Process(desk) as daemon:
        until(asked.is_set)
        assert daemon.stop() < 10
        assert daemon.process.returncode == 0
        assert daemon.events("daemon.stopped")
        assert not daemon.events("job.crashed")
    desk.write("feeds", f"feeds:\n  - {desk.newsroom.feed_url('wire')}\n")
    with Process(desk) as daemon:
        until(lambda: daemon.events("feed.polled"))
        assert daemon.stop() < 5, "nothing is slow now"


def test_a_receiver_that_does_not_answer_delays_no_stop_and_is_told_later(desk, tarpit):
    slow, asked = tarpit
    hook = "  hook: {{type: webhook, url: {}/hook, secret_env: HOOK_SECRET}}\n"
    desk.write("channels", "channels:\n" + hook.format(slow) + "routes:\n  - to: hook\n")
    with Process(desk) as daemon:
        until(lambda: daemon.events("feed.polled"))
        desk.publish("one", "Mira Solano leaves Aster Labs", "Mira Solano is leaving Aster Labs, the company said.")
        until(asked.is_set)
        assert daemon.stop() < 10
        assert daemon.process.returncode == 0
    desk.write("channels", "channels:\n" + hook.format(desk.newsroom.url) + "routes:\n  - to: hook\n")
    with Process(desk):
        until(lambda: desk.newsroom.received)


def test_a_second_daemon_is_refused_while_one_runs(desk):
    with Process(desk) as daemon:
        second = monitor(desk, "run")
        assert second.returncode == 1
        message = f"Error: {desk.state} is in use by another monitor (process {daemon.process.pid})"
        assert second.stderr.startswith(message)
        assert len(second.stderr.splitlines()) == 1
        assert daemon.process.poll() is None


def test_the_pages_say_how_it_is(desk):
    desk.publish("old", "Old news", "Nothing moves.")
    with Process(desk) as daemon:
        until(lambda: daemon.get("/readyz")[0] == 200)
        assert daemon.get("/healthz") == (200, '{"ok": true}\n')
        desk.publish("one", "Mira Solano leaves Aster Labs", "Mira Solano is leaving Aster Labs, the company said.")
        until(lambda: len(desk.newsroom.received) and desk.mailbox.messages)
        until(lambda: 'monitor_deliveries{state="accepted"} 2.0' in daemon.get("/metrics")[1])
        status, text = daemon.get("/metrics")
        assert status == 200
        samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        assert samples['monitor_feeds{state="healthy"}'] == "1.0"
        assert samples['monitor_alert_latency_seconds_count{channel="hook",since="publication"}'] == "1.0"
        assert samples["monitor_outbox_depth"] == "0.0"
        assert samples['monitor_deliveries{state="dead"}'] == "0.0"
        assert float(samples['monitor_worker_seconds_count{function="read_page"}']) == 2
        assert float(samples["monitor_worker_memory_bytes"]) > 10_000_000
        assert float(samples["process_resident_memory_bytes"]) > 10_000_000
        assert any(name.startswith("monitor_claims{") for name in samples)
        assert any(name.startswith('monitor_fetch_seconds_count{job="poll"') for name in samples)
        assert daemon.get("/")[0] == 404


def test_an_address_in_use_is_said_in_one_line(desk):
    with Process(desk, listen=False):
        pass
    port = desk.newsroom.url.rpartition(":")[2]
    desk.write("settings", f"listen: 127.0.0.1:{port}\n")
    refused = monitor(desk, "run")
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1] == (
        f"Error: settings.listen: cannot listen on 127.0.0.1:{port}: Address already in use"
    )


def test_what_is_listened_to_is_checked(desk):
    desk.write("settings", "listen: 9464\n")
    refused = monitor(desk, "check")
    assert refused.returncode == 2
    assert "settings.yaml:1" in refused.stderr


def test_a_second_reader_that_hangs_delays_no_stop_and_its_article_is_read_at_the_next_start(desk, tarpit):
    slow, asked = tarpit
    with Process(desk) as daemon:
        until(lambda: daemon.events("feed.polled"))
        own = f"alert_confidence: 0.995\nsecond_reader: {{url: {slow}/v1, model: m, timeout: 60s}}\n"
        desk.write("settings", (desk.config / "settings.yaml").read_text().replace("alert_confidence: 0.3\n", own))
        until(lambda: daemon.events("config.reloaded"))
        desk.publish("one", "Mira Solano leaves Aster Labs", "Mira Solano is leaving Aster Labs, the company said.")
        until(asked.is_set)
        assert daemon.stop() < 10
        assert daemon.process.returncode == 0
        assert not daemon.events("job.crashed")
        assert not daemon.events("article.read")
    with Process(desk):  # as it was configured before
        until(lambda: desk.newsroom.received)
