"""The second departure from a company within a month, over real HTTP."""

from datetime import timedelta

from monitor.daemon.drive import run_once
from tests.e2e.desk import CHANNELS


def test_the_second_departure_is_told_once(desk):
    channels = CHANNELS.format(hook=f"{desk.newsroom.url}/hook", port=desk.mailbox.port)
    desk.write("channels", channels + "thresholds:\n  - {name: exodus, count: 2, left: Aster Labs, to: hook}\n")
    people = ("Mira Solano", "Ana Cruz", "Peter Holm")
    with desk.app() as app:
        run_once(app.pipeline)
        for number, person in enumerate(people):
            desk.clock.at += timedelta(hours=1)
            desk.publish(
                f"n{number}", f"{person} leaves Aster Labs", f"{person} is leaving Aster Labs, the company said."
            )
            run_once(app.pipeline)
    types = [r.payload["type"] for r in desk.newsroom.received]
    assert types == ["move.new", "move.new", "threshold.reached", "move.new"]
    assert desk.newsroom.received[2].payload["data"]["headline"] == "2 departures from Aster Labs in 30 days"
