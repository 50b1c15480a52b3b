"""A route for one feed takes what that feed carries, and `monitor routes test` says why the others get nothing."""

import json
import os

from click.testing import CliRunner

from monitor.cli import main
from monitor.daemon.drive import run_once

CHANNELS = """\
channels:
  hook: {{type: webhook, url: "{hook}", secret_env: HOOK_SECRET}}
  log: {{type: log}}
routes:
  - {{name: gazette only, to: log, match: {{feed: "*/gazette/*"}}, continue: true}}
  - {{name: wire only, to: hook, match: {{feed: "{wire}"}}}}
"""


def test_a_move_goes_the_way_of_the_feed_that_carried_it(desk):
    wire, gazette = (desk.newsroom.feed_url(outlet) for outlet in ("wire", "gazette"))
    desk.write("feeds", f"feeds:\n  - {{url: {wire}, title: The Wire}}\n  - {gazette}\n")
    desk.write("channels", CHANNELS.format(hook=f"{desk.newsroom.url}/hook", wire=wire))
    with desk.app() as app:
        run_once(app.pipeline)
        desk.clock.at += app.pipeline.pace("").longest
        for outlet, person in (("wire", "Mira Solano"), ("gazette", "Ana Cruz")):
            title = f"{person} joins Borealis AI from Aster Labs"
            desk.publish(person[:3], title, f"{person} has joined Borealis AI from Aster Labs.", outlet=outlet)
        run_once(app.pipeline)
    assert [person for _, person, _ in desk.events()] == ["Mira Solano"]
    assert len(desk.newsroom.received[0].payload["data"]["evidence"][0]["feeds"]) == 1

    arguments = ["--config", str(desk.config), "--state", str(desk.state), "routes", "test", "--json"]
    shown = CliRunner().invoke(main, arguments, env={**os.environ, **desk.environ}, catch_exceptions=False)
    found = {each["headline"].partition(" leaves")[0]: each for each in json.loads(shown.output)}
    assert (found["Mira Solano"]["channels"], found["Mira Solano"]["feeds"]) == (["hook"], ["The Wire"])
    assert found["Ana Cruz"]["channels"] == ["log"]
    assert found["Ana Cruz"]["routes"][1]["misses"] == [f"feed {gazette} is not The Wire"]
