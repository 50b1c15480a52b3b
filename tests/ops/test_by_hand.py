"""What operators do by hand, mistakes included, ends no daemon, and what they are shown is so."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import SimpleQueue
from socket import create_server
from threading import Thread

import pytest

from monitor.app import build
from monitor.clock import SystemClock
from monitor.commands.channels import look_at_channel
from monitor.commands.doctor import look_at_names
from monitor.commands.feedtable import print_feeds
from monitor.commands.report import print_deliveries
from monitor.commands.status import ask_daemon
from monitor.config import load_config
from monitor.daemon.drive import Daemon, Heart
from monitor.daemon.metrics import Metrics
from monitor.daemon.reload import FolderWatch, Running, describe_changes
from monitor.daemon.upkeep import backup, restore
from monitor.errors import ConfigError
from tests.builders import NOW, a_delivery, a_feed, a_move, an_alert

FILES = {
    "settings.yaml": "contact: https://example.org\n",
    "feeds.yaml": "feeds:\n  - https://example.org/feed.xml\n",
    "watchlist.yaml": "companies:\n  - name: Aster Labs\n  - name: Borealis AI\npeople:\n  - name: Robert Hartmann\n    aliases: [Bob Hartmann]\n"
    "known_moves:\n  - {person: Robert Hartmann, from: Aster Labs, to: Borealis AI}\n",
    "channels.yaml": "channels:\n  log: {type: log}\nroutes:\n  - to: log\n",
}


@pytest.fixture
def config(tmp_path) -> Path:
    (tmp_path / "config").mkdir()
    for name, text in FILES.items():
        (tmp_path / "config" / name).write_text(text)
    return tmp_path / "config"


@pytest.fixture
def app(config):
    app = build(load_config(config, {}), config.parent / "state", SystemClock())
    yield app
    app.close()


@pytest.fixture
def daemon(config, app):
    heart = Heart(running=Running(app), metrics=Metrics())
    environ = {"AP": "mailto://user:pa[ss@example.org", "P": "x://[secret"}
    return Daemon(
        heart=heart,
        load=lambda: load_config(config, environ),
        watch=FolderWatch(config),
        clock=SystemClock(),
        signals=SimpleQueue(),
    )


HOOK = "channels:\n  log: {{type: log}}\n  team: {}\nroutes:\n  - to: log\n"
BAD = [
    ("settings.yaml", "keep: {articles: 99999999999w}\n", "settings.yaml:1:18: "),
    ("settings.yaml", "keep: {articles: 200000w}\n", "settings.yaml:1:18: "),  # it loads, and then `upkeep` never works
    (
        "channels.yaml",
        HOOK.format("{type: webhook, url: 'https://e.org', secret_file: ~nobody-here/s}"),
        "channels.yaml:3:",
    ),
    ("channels.yaml", HOOK.format("{type: apprise, url_env: AP}"), "channels.yaml:3:"),
]


@pytest.mark.parametrize(("file", "text", "place"), BAD)
def test_a_bad_edit_is_refused_with_its_place_and_ends_nothing(config, daemon, file, text, place):
    (config / file).write_text(text)
    before = daemon.heart.running.app
    daemon._reload()
    assert daemon.heart.running.app is before
    with pytest.raises(ConfigError) as refused:
        daemon.load()
    assert str(refused.value).startswith(place)
    assert "pa[ss" not in str(refused.value)


def test_whatever_reading_the_files_raises_the_daemon_goes_on(daemon):
    daemon.load = lambda: 1 / 0
    daemon._reload()


def test_a_template_that_cannot_be_read_is_named(config):
    (config / "templates").mkdir()
    (config / "templates" / "short.text.j2").symlink_to("/proc/self/mem")  # root may open it, and reads nothing
    (config / "channels.yaml").write_text(
        HOOK.format("{type: email, host: h, from: a@b.c, to: d@e.f, templates: short}")
    )
    with pytest.raises(ConfigError, match=r"templates/short\.text\.j2:1:1"):
        load_config(config, {})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root restores for others")
def test_what_root_restores_belongs_to_the_daemon(config, app, tmp_path):
    backup(app.store, tmp_path / "copy.db")
    app.close()
    database = tmp_path / "state" / "monitor.db"
    database.chmod(0o600)
    for each in (tmp_path / "state", database):
        os.chown(each, 10001, 10001)
    restore(tmp_path / "copy.db", tmp_path / "state", NOW)
    assert (database.stat().st_uid, database.stat().st_gid, database.stat().st_mode & 0o777) == (10001, 10001, 0o600)


def test_what_stands_in_brackets_is_shown(capsys):
    print_feeds([a_feed(title="Technology [/r/technology] [en]")], {}, NOW)
    print_deliveries([a_delivery(error="HTTP 500: [/b] [no] such")])
    shown = "".join(capsys.readouterr().out.split())
    assert [each for each in ("[/r/technology]", "[en]") if each not in shown] == []
    assert "[/b][no]such" in shown


def test_an_edited_template_is_seen(config):
    (config / "templates").mkdir()
    (config / "templates" / "short.text.j2").write_text("a")
    watch = FolderWatch(config)
    (config / "templates" / "short.text.j2").write_text("other")
    assert [watch.edited(), watch.edited()] == [False, True]


def test_what_changed_is_said_of_every_part(config):
    before = load_config(config, {})
    more = "thresholds:\n  - {name: x, count: 2, left: Aster Labs, to: log}\nfallback: log\n"
    (config / "channels.yaml").write_text(FILES["channels.yaml"] + more)
    (config / "watchlist.yaml").write_text(FILES["watchlist.yaml"].replace("from: Aster Labs, ", ""))
    changes = describe_changes(before, load_config(config, {}))
    assert changes.keys() >= {"thresholds_changed", "fallback_changed", "known_moves_changed"}


def test_what_nobody_changed_is_no_refusal(daemon):
    daemon._reload()
    text = daemon.heart.metrics.text().decode()
    assert 'monitor_config_reloads_total{outcome="unchanged"} 1.0' in text


def test_another_program_at_our_port_is_no_daemon(monkeypatch):
    class Other(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(404)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Other)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"127.0.0.1:{server.server_port}"
    assert ask_daemon(address) == {}
    monkeypatch.setenv("http_proxy", f"http://{address}")
    monkeypatch.setenv("no_proxy", "")
    assert ask_daemon("127.0.0.1:9") == {}
    server.shutdown()


def test_what_waits_for_its_digest_is_not_late(app):
    now = datetime.now(UTC)
    alert = replace(an_alert(), move_id=None, created_at=now - timedelta(hours=9))
    app.store.raise_alert(
        alert, [a_delivery(alert, created_at=now - timedelta(hours=9), next_try_at=now + timedelta(hours=15))]
    )
    assert app.store.figures()["outbox_oldest"] > now


def test_a_rule_is_written_where_secrets_stand_beside_the_folder(config, tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "team").write_text("whsec_" + "QUFB" * 10)
    (config / "channels.yaml").write_text(
        HOOK.format("{type: webhook, url: 'https://e.org', secret_file: ../secrets/team}")
    )
    (config / "watchlist.yaml").chmod(0o640)
    if os.geteuid() == 0:
        os.chown(config / "watchlist.yaml", 10001, 10001)
    owner = (config / "watchlist.yaml").stat().st_uid
    app = build(load_config(config, {}), tmp_path / "state", SystemClock())
    move = a_move(
        "Robert Hartmann",
        person_id="robert-hartmann",
        from_id=None,
        from_org=None,
        to_id="aster-labs",
        to_org="Aster Labs",
        evidence=(),
    )
    app.store.add_known_moves([move])
    app.close()
    command = [sys.executable, "-m", "monitor", "--config", str(config), "--state", str(tmp_path / "state")]
    done = subprocess.run(
        [*command, "correct", move.id, "already-known", "--by", "a", "--because", "b", "--yes"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "a: b" in (config / "watchlist.yaml").read_text()
    assert (config / "watchlist.yaml").stat().st_mode & 0o777 == 0o640
    assert (config / "watchlist.yaml").stat().st_uid == owner


def test_the_doctor_goes_the_way_that_alerts_go(config):
    with create_server(("127.0.0.1", 0)) as proxy:
        (config / "settings.yaml").write_text(f"http: {{proxy: 'http://127.0.0.1:{proxy.getsockname()[1]}'}}\n")
        (config / "feeds.yaml").write_text("feeds:\n  - https://only-the-proxy-knows.invalid/feed\n")
        (config / "channels.yaml").write_text(
            HOOK.format("{type: webhook, url: 'https://only-the-proxy-knows.invalid/h', secret_env: S}")
        )
        loaded = load_config(config, {"S": "whsec_" + "QUFB" * 10})
        assert look_at_names(loaded).ok
        assert look_at_channel(loaded.channels[1], loaded).ok


def test_a_channel_that_only_a_threshold_tells_is_not_idle(config):
    more = "thresholds:\n  - {name: x, count: 2, left: Aster Labs, to: ops}\n"
    (config / "channels.yaml").write_text(
        "channels:\n  log: {type: log}\n  ops: {type: log}\nroutes:\n  - to: log\n" + more
    )
    assert [each for each in load_config(config, {}).hints if "ops" in each.message] == []


def test_a_replay_to_a_channel_that_there_is_none_of_says_so(config):
    build(load_config(config, {}), config.parent / "state", SystemClock()).close()
    command = [sys.executable, "-m", "monitor", "--config", str(config), "--state", str(config.parent / "state")]
    done = subprocess.run([*command, "replay", "--endpoint", "tema"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "Error: no channel 'tema'; there are: log\n")


def test_a_line_that_is_no_item_is_named_with_its_place(tmp_path):
    (tmp_path / "items.jsonl").write_text("[1]\n")
    command = [sys.executable, "-m", "monitor", "claims", str(tmp_path / "items.jsonl")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "items.jsonl:1: " in done.stderr
    assert "Traceback" not in done.stderr
