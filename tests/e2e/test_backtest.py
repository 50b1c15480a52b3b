"""A changed watchlist and changed routes, tried over the articles that were read."""

import json
import os
import shutil
from datetime import timedelta

from click.testing import CliRunner

from monitor.cli import main
from monitor.daemon.drive import run_once


def test_a_backtest_shows_what_would_be_told_and_what_not_and_changes_nothing(desk):
    with desk.app() as app:
        run_once(app.pipeline)
        for number, (person, company) in enumerate([("Mira Solano", "Aster Labs"), ("Ana Cruz", "Cobalt Systems")]):
            desk.clock.at += timedelta(hours=1)
            text = f"It was announced on Monday. {person} is leaving {company}, the company said."
            desk.publish(f"n{number}", f"{person} leaves {company}", text)
            run_once(app.pipeline)
        before = app.store.counts()
    assert [person for _, person, _ in desk.events()] == ["Mira Solano"]
    new = desk.folder / "new"
    shutil.copytree(desk.config, new)
    (new / "watchlist.yaml").write_text("companies:\n  - name: Cobalt Systems\n")

    def backtest(*options: str) -> str:
        arguments = ["--config", str(desk.config), "--state", str(desk.state), "backtest", "--since", "2025-06-01"]
        shown = CliRunner().invoke(
            main, [*arguments, *options], env={**os.environ, **desk.environ}, catch_exceptions=False
        )
        assert shown.exit_code == 0, shown.output
        return shown.output

    assert backtest("--config", str(new)).splitlines() == [
        "- 2025-06-15 Mira Solano leaves Aster Labs (confirmed) → hook, mail:you@reader.example",
        "+ 2025-06-15 Ana Cruz leaves Cobalt Systems (confirmed) → hook, mail:you@reader.example",
        "2 articles: 0 alerts stay as they are, 1 added, 1 removed, 0 elsewhere",
    ]

    shutil.copy(desk.config / "watchlist.yaml", new)
    channels = (new / "channels.yaml").read_text().replace("to: [hook, mail]", "to: hook")
    (new / "channels.yaml").write_text(channels)
    found = json.loads(backtest("--config", str(new), "--json"))
    assert [(each["channels"], len(each["before"])) for each in found["moved"]] == [(["hook"], 2)]
    assert (found["added"], found["removed"], found["kept"]) == ([], [], 0)
    with desk.app() as app:
        assert app.store.counts() == before
