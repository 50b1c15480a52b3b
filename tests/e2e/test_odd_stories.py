"""Stories that say something odd are read as far as they go, and keep nobody else from being told."""

import json
from datetime import timedelta

from click.testing import CliRunner

from monitor.cli import main
from monitor.commands.explain import explain_article
from monitor.daemon.drive import run_once
from tests.builders import a_claim, a_result, an_article, an_entry_to_read

HIRED = ("hired", "Aster Labs hires Mira Solano", "Aster Labs has hired Mira Solano as counsel, it announced.")
VALE = "Tim Vale joins Borealis AI\nTim Vale has joined Borealis AI as counsel, it announced.\n"


def begin(desk, app):
    run_once(app.pipeline)
    desk.clock.at += timedelta(hours=1)


def test_a_move_of_the_year_nought_keeps_nobody_from_being_told(desk):
    with desk.app() as app:
        begin(desk, app)
        desk.publish("quip", "A quip", "Ana Cruz joined Aster Labs 2025 years ago.")
        desk.publish(*HIRED)
        run_once(app.pipeline)
    assert ("move.new", "Mira Solano", "confirmed") in desk.events()


def test_a_claim_that_cannot_be_resolved_keeps_nobody_from_being_told(desk):
    with desk.app() as app:
        begin(desk, app)
        app.store.save_article(an_entry_to_read(), a_result(an_article(), (a_claim(date="0"),)), desk.clock.now())
        desk.publish(*HIRED)
        run_once(app.pipeline)
    assert ("move.new", "Mira Solano", "confirmed") in desk.events()


def test_an_article_on_antiquity_is_read(desk):
    text = "Mira Solano joins Borealis AI from Aster Labs to decode texts written 5000 years ago."
    with desk.app() as app:
        begin(desk, app)
        desk.publish("scrolls", "A reader of scrolls", text)
        run_once(app.pipeline)
    assert [event for event, _, _ in desk.events()] == ["move.new"]


def test_a_middle_initial_loses_no_alert(desk):
    text = "Mira J. Solano has joined Foobar Labs as chief scientist, the company said."
    with desk.app() as app:
        begin(desk, app)
        desk.publish("initial", "Mira J. Solano joins Foobar Labs", text)
        run_once(app.pipeline)
    assert [event for event, _, _ in desk.events()] == ["move.new"]


def test_explain_finds_the_moves_that_the_daemon_would(desk):
    with desk.app() as app:
        begin(desk, app)
        desk.publish("left", "Timothy Vale leaves Aster Labs", "Timothy Vale has left Aster Labs, the company said.")
        run_once(app.pipeline)
        (file := desk.folder / "story.txt").write_text(VALE)
        assert "move.updated" in explain_article(app, str(file), None)["verdict"]


def test_explain_spells_json(desk):
    (file := desk.folder / "story.txt").write_text(VALE)
    folders = ["--config", str(desk.config), "--state", str(desk.state)]
    shown = CliRunner().invoke(main, [*folders, "explain", "--json", str(file)], env=desk.environ)
    assert shown.exit_code == 0, shown.exception
    assert json.loads(shown.output)["verdict"]
