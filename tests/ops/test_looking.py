"""`monitor status` and `monitor doctor` say what is wrong and what to do, and send nothing."""

import json
import socket
from contextlib import closing
from datetime import timedelta

import pytest
from click.testing import CliRunner

from monitor.cli import main
from monitor.clock import SystemClock
from monitor.model import DeliveryState, Endpoint
from monitor.store.lock import StateLock
from monitor.store.sqlite import SqliteStore
from tests.builders import a_consolidation, a_delivery, a_feed, a_move, an_alert
from tests.ops.process import Process, free_port, monitor, until


@pytest.fixture
def cli(desk, monkeypatch):
    for name, value in desk.environ.items():
        monkeypatch.setenv(name, value)

    def call(*arguments: str):
        return CliRunner().invoke(main, ["--config", str(desk.config), "--state", str(desk.state), *arguments])

    return call


@pytest.fixture
def store(desk):
    desk.state.mkdir()
    with closing(SqliteStore.open(desk.state / "monitor.db", SystemClock().now())) as store:
        store.sync_feeds([a_feed(next_poll_at=SystemClock().now())], SystemClock().now())
        yield store


def whats(result) -> list[str]:
    return [trouble["what"] for trouble in json.loads(result.stdout)["troubles"]]


def test_nothing_is_wrong_while_a_daemon_works(desk):
    with Process(desk) as daemon:
        until(lambda: daemon.events("feed.polled"))
        shown = monitor(desk, "status").stdout
        assert f"runs as process {daemon.process.pid}" in shown
        assert "1 polled, 0 of them failing" in shown
        assert shown.endswith("Nothing is wrong.\n")
        assert json.loads(monitor(desk, "status", "--json").stdout)["ok"] is True


def test_status_says_that_no_daemon_runs_and_how_to_start_it(cli, store):
    shown = cli("status").stdout
    assert "does not run" in shown
    assert "1. no daemon runs\n   → start it: `monitor run`" in shown


def test_status_tells_who_holds_the_state(cli, store, desk):
    with StateLock(desk.state / "monitor.lock"):
        assert "no daemon runs" not in whats(cli("status", "--json"))
    assert "no daemon runs" in whats(cli("status", "--json"))


def test_status_names_the_place_of_a_mistake_in_the_configuration(cli, store, desk):
    desk.write("settings", "alert_confidense: 1\n")
    assert any("settings.yaml:1:1" in what for what in whats(cli("status", "--json")))


def put(store, channel: str, person: str = "Ada Lovelace", **changes):
    """Record a move with one delivery."""
    move, now = a_move(person), SystemClock().now()
    alert = an_alert(move, created_at=now)
    delivery = a_delivery(alert, channel=channel, **{"created_at": now, **changes})
    outcome = a_consolidation(move, alerts=(alert,), deliveries=(delivery,))
    store.consolidate(move.person_key, lambda moves, claims: outcome)
    return delivery


def test_status_tells_why_deliveries_are_dead_and_how_to_replay_them(cli, store):
    dead = put(store, "hook", state=DeliveryState.DEAD, error="404 Not Found")
    shown = cli("status").stdout
    assert f"1 dead deliveries to hook; the latest, {dead.id}: 404 Not Found" in shown
    assert "`monitor replay --endpoint hook`" in shown
    assert cli("replay", "--endpoint", "hook").stdout.startswith("1 dead deliveries are pending again")
    assert store.counts()["deliveries.dead"] == 0


@pytest.mark.parametrize("wanted", ["hook", None])
def test_dead_deliveries_that_are_discarded_trouble_nobody_and_say_who_let_them_go(cli, store, wanted):
    dead = put(store, "hook", state=DeliveryState.DEAD, error="400")
    put(store, "hook", person="Alan Turing")
    shown = cli("discard", wanted or dead.id, "--by", "anna", "--because", "a typo")
    assert shown.stdout == "1 dead deliveries are discarded\n"
    assert not any("dead" in what for what in whats(cli("status", "--json")))
    (silenced,) = store.find_deliveries(state=DeliveryState.SILENCED)
    assert (silenced.id, silenced.error) == (dead.id, "discarded by anna: a typo")
    assert cli("discard", "hook", "--by", "anna", "--because", "again").exit_code == 1


def test_status_and_endpoints_tell_who_is_disabled_or_left_alone_and_trust_mends_it(cli, store):
    now = SystemClock().now()
    waits = put(store, "mail:anna@b.example", attempts=4, next_try_at=now + timedelta(hours=1), error="timeout")
    gone = Endpoint(channel="hook", error="http 410", disabled_at=now - timedelta(hours=3))
    alone = Endpoint(channel=waits.channel, failures=4, error="timeout", retry_at=now + timedelta(minutes=10))
    for endpoint in (gone, alone, Endpoint(channel="well", failures=1, error="once")):
        store.save_endpoint(endpoint)
    troubles = {each["what"]: each["do"] for each in json.loads(cli("status", "--json").stdout)["troubles"]}
    first, second = (next(what for what in troubles if what.startswith(each.channel)) for each in (gone, alone))
    assert first == "hook has been disabled for 3 h: http 410"
    assert "`monitor endpoints trust hook`" in troubles[first]
    assert "it has failed 4 times in a row: timeout" in second
    assert "`monitor endpoints trust mail:anna@b.example`" in troubles[second]
    assert not any(what.startswith("well") for what in troubles)
    assert [line.partition(": ")[0] for line in cli("endpoints").stdout.splitlines()] == ["hook", waits.channel, "well"]

    assert cli("endpoints", "trust", "mail").stdout == f"{waits.channel}: trusted again\n"
    assert cli("endpoints", "trust", "hook").exit_code == 0
    assert [each.channel for each in store.find_endpoints()] == ["well"]
    (hastened,) = store.lease_deliveries(SystemClock().now(), timedelta(minutes=5), 10)
    assert (hastened.id, hastened.attempts) == (waits.id, 4)
    assert cli("endpoints", "trust", "hook").exit_code == 1


def test_status_tells_which_feed_fails_and_why(cli, store):
    now = SystemClock().now()
    failing = a_feed(failures=3, error="dns", next_poll_at=now + timedelta(hours=1), last_poll_at=now)
    store.save_poll(failing, [], [], "live", now)
    assert f"{failing.url} fails: dns (3 times in a row)" in whats(cli("status", "--json"))


def test_status_tells_of_a_clock_behind_the_last_write(cli, store):
    later = SystemClock().now() + timedelta(days=3)
    store.save_poll(a_feed(last_poll_at=later), [], [], "live", later)
    assert any("the clock is 3 d behind" in what for what in whats(cli("status", "--json")))


def test_the_doctor_finds_a_sound_patient_and_sends_nothing(cli, store, desk):
    result = cli("doctor")
    assert result.exit_code == 0, result.output
    assert "WRONG" not in result.stdout
    for name in (
        "configuration",
        "state directory",
        "disk",
        "database",
        "names",
        "clock",
        "channel hook",
        "channel mail",
    ):
        assert f"ok     {name}" in result.stdout
    assert desk.newsroom.received == []
    assert desk.mailbox.messages == []


def test_the_doctor_finds_a_channel_that_nobody_answers_at_and_shows_no_secret(cli, desk, monkeypatch):
    port = free_port()
    monkeypatch.setenv("HOOK_URL", f"http://127.0.0.1:{port}/a-secret-path")
    desk.write(
        "channels",
        "channels:\n  hook: {type: webhook, url_env: HOOK_URL, secret_env: HOOK_SECRET}\nroutes:\n  - to: hook\n",
    )
    result = cli("doctor")
    assert result.exit_code == 1
    assert "WRONG  channel hook      Connection refused" in result.stdout
    assert "a-secret-path" not in result.output


def test_the_doctor_finds_a_relay_that_does_not_greet(cli, desk):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    desk.write(
        "channels",
        f"channels:\n  mail: {{type: email, host: 127.0.0.1, port: {port}, security: none, from: a@b.example, "
        "to: c@d.example}\nroutes:\n  - to: mail\n",
    )
    assert "WRONG  channel mail" in cli("doctor").stdout


def test_the_doctor_finds_names_without_an_address(cli, desk):
    desk.write("feeds", "feeds:\n  - https://nobody.invalid/feed\n")
    result = cli("doctor")
    assert "WRONG  names             1 of 1 hosts have no address: nobody.invalid" in result.stdout
    assert "check the name service" in result.stdout


def test_the_doctor_finds_a_damaged_database(cli, store, desk):
    store.close()
    path = desk.state / "monitor.db"
    bytes_ = bytearray(path.read_bytes())
    bytes_[4096 * 3 : 4096 * 5] = b"\xff" * 8192
    path.write_bytes(bytes_)
    result = cli("doctor")
    assert result.exit_code == 1
    assert "WRONG  database" in result.stdout
    assert "monitor restore" in result.stdout
