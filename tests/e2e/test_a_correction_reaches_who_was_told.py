"""A wrong alert, said to be wrong: the ledger, the receivers, the watchlist and the case that is kept."""

import os
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from click.testing import CliRunner, Result

from monitor.app import build_known_move
from monitor.cli import main
from monitor.config import load_config
from monitor.daemon.drive import run_once


def monitor(desk, *arguments: str) -> Result:
    folders = ["--config", str(desk.config), "--state", str(desk.state)]
    return CliRunner().invoke(main, [*folders, *arguments], env={**os.environ, **desk.environ}, catch_exceptions=False)


def alert_once(desk) -> None:
    with desk.app() as app:
        run_once(app.pipeline)
        desk.clock.at += timedelta(hours=1)
        desk.publish("one", "Mira Solano leaves Aster Labs for Borealis AI",
                     "Mira Solano is leaving Aster Labs for Borealis AI, the company said.")  # fmt: skip
        run_once(app.pipeline)
    assert [event for event, _, _ in desk.events()] == ["move.new"]


def deliver(desk) -> None:
    with desk.app() as app:
        desk.clock.at = max(each.next_try_at for each in app.store.find_deliveries()) + timedelta(seconds=1)
        run_once(app.pipeline)


def test_a_retraction_reaches_webhook_and_mail_and_teaches_the_watchlist(desk):
    alert_once(desk)
    id = desk.newsroom.received[0].payload["data"]["alert_id"]
    shown = monitor(desk, "correct", id, "already-known", "--by", "anna", "--because", "since May", "--yes")
    assert shown.exit_code == 0, shown.output
    assert "+known_moves:" in shown.output
    deliver(desk)
    assert [event for event, _, _ in desk.events()] == ["move.new", "move.retracted"]
    assert desk.mailbox.messages[1]["Subject"].startswith("Retracted: Mira Solano leaves Aster Labs for Borealis AI")
    assert desk.mailbox.messages[1]["In-Reply-To"] == desk.mailbox.messages[0]["Message-ID"]

    (known,) = load_config(desk.config, desk.environ).known_moves
    assert (known.person_id, known.from_id, known.to_id) == ("mira-solano", "aster-labs", "borealis-ai")
    assert build_known_move(known, desk.clock.at).origin == "known"

    (case,) = Path(desk.state / "cases").iterdir()
    kept = tomllib.loads(case.read_text("utf-8"))
    assert (kept["verdict"], kept["by"], kept["told"]["person"]) == ("already-known", "anna", "Mira Solano")
    assert "is leaving Aster Labs" in kept["article"][0]["text"]


def test_a_namesake_is_kept_out_by_a_word_and_a_second_telling_stays_silent(desk):
    alert_once(desk)
    id = desk.newsroom.received[0].payload["data"]["move_id"]
    words = ("--not", "violinist", "--yes")
    shown = monitor(desk, "correct", id, "wrong-person", "--by", "anna", "--because", "a namesake", *words)
    assert shown.exit_code == 0, shown.output
    assert "not: [violinist]" in (desk.config / "watchlist.yaml").read_text()
    deliver(desk)
    desk.publish(
        "two", "Mira Solano joins Borealis AI", "Mira Solano has left Aster Labs and joined Borealis AI, it said."
    )
    deliver(desk)
    assert [event for event, _, _ in desk.events()] == ["move.new", "move.retracted"]


def test_a_retraction_keeps_quiet_hours_like_the_alerts_before_it(desk):
    alert_once(desk)
    now = datetime.now(UTC)
    start, end = now - timedelta(hours=1), now + timedelta(hours=2)
    quiet = f'quiet_hours: {{from: "{start:%H:%M}", to: "{end:%H:%M}"}}\n'
    desk.write("channels", quiet + (desk.config / "channels.yaml").read_text())
    move = desk.newsroom.received[0].payload["data"]["move_id"]
    shown = monitor(desk, "correct", move, "not-a-move", "--by", "anna", "--because", "she left the stage")
    assert f"move.retracted to hook at {end:%H:%M} UTC" in shown.output
    desk.clock.at = now + timedelta(hours=1)
    with desk.app() as app:
        run_once(app.pipeline)
        assert len(desk.newsroom.received) == 1
        desk.clock.at = now + timedelta(hours=2)
        run_once(app.pipeline)
    told = desk.newsroom.received[1].payload
    assert (told["type"], told["data"]["correction"]["because"]) == ("move.retracted", "she left the stage")
    assert desk.mailbox.messages[1]["In-Reply-To"] == desk.mailbox.messages[0]["Message-ID"]


def test_an_unknown_id_is_said_to_be_unknown(desk):
    alert_once(desk)
    shown = monitor(desk, "correct", "nothing", "not-a-move", "--by", "anna", "--because", "x")
    assert shown.exit_code == 1
    assert "nothing has the id nothing" in shown.output
