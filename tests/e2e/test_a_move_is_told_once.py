"""A rumour, its retelling, its confirmation, over real HTTP and SMTP."""

from datetime import timedelta

from monitor.daemon.drive import run_once


def test_a_move_is_told_once_and_its_confirmation_once(desk):
    desk.publish(
        "old",
        "Borealis AI names Ines Valdano chief operating officer",
        "Borealis AI has named Ines Valdano its chief operating officer.",
    )
    with desk.app() as app:
        run_once(app.pipeline)
        assert desk.events() == [], "what stood in the feed at the first poll is recorded, not told"
        assert app.store.counts()["moves.confirmed"] == 1

        desk.clock.at += timedelta(hours=1)
        desk.publish(
            "talks",
            "Aster Labs research chief Mira Solano in talks to join Borealis AI",
            "Mira Solano of Aster Labs is in talks to join Borealis AI, people familiar with the matter said.",
        )
        run_once(app.pipeline)
        assert desk.events() == [("move.new", "Mira Solano", "considered")]

        desk.clock.at += timedelta(hours=1)
        desk.publish(
            "again", "Borealis AI courts Mira Solano", "Mira Solano is in talks to join Borealis AI, two people said."
        )
        run_once(app.pipeline)
        assert len(desk.events()) == 1, "told once, however many carry it"

        desk.clock.at += timedelta(hours=1)
        desk.publish(
            "sure",
            "Borealis AI hires Mira Solano from Aster Labs as chief scientist",
            "Borealis AI has hired Mira Solano from Aster Labs as chief scientist, it announced.",
        )
        run_once(app.pipeline)
        assert desk.events()[1:] == [("move.updated", "Mira Solano", "confirmed")]

        (move,) = app.store.find_moves(person="Solano")
        assert [h.status.value for h in move.history] == ["considered", "confirmed"]
        assert len(move.evidence) == 3

    first, second = (m for m in desk.mailbox.messages)
    assert second["In-Reply-To"] == first["Message-ID"]
    calls = [r.headers["webhook-id"] for r in desk.newsroom.received]
    assert len(set(calls)) == 2
    assert first["Message-ID"] != second["Message-ID"]


def test_an_unchanged_feed_and_page_are_not_read_again(desk):
    desk.publish("one", "Aster Labs hires Ana Cruz", "Aster Labs has hired Ana Cruz as counsel.")
    with desk.app() as app:
        run_once(app.pipeline)
        desk.clock.at += timedelta(hours=1)
        run_once(app.pipeline)
    feed = [status for _, path, status in desk.newsroom.requests if path.endswith("feed.xml")]
    pages = [path for _, path, _ in desk.newsroom.requests if path.endswith("/one")]
    assert feed == [200, 304]
    assert len(pages) == 1


def test_an_edited_article_is_read_again_and_tells_only_what_changed(desk):
    with desk.app() as app:
        run_once(app.pipeline)
        desk.clock.at += timedelta(hours=1)
        desk.publish("one", "Mira Solano leaves Aster Labs", "Mira Solano is leaving Aster Labs, the company said.")
        run_once(app.pipeline)
        desk.clock.at += timedelta(hours=1)
        desk.publish(
            "one",
            "Mira Solano leaves Aster Labs",
            "Mira Solano is leaving Aster Labs, the company said.",
            "Editor's note: a typo was fixed.",
        )
        run_once(app.pipeline)
        assert [e[0] for e in desk.events()] == ["move.new"]


def test_a_feed_that_fails_delays_no_other(desk):
    dead = "http://127.0.0.1:9/feed.xml"
    desk.write("feeds", f"feeds:\n  - url: {dead}\n  - url: {desk.newsroom.feed_url('wire')}\n")
    with desk.app() as app:
        run_once(app.pipeline)
        desk.clock.at += timedelta(hours=1)
        desk.publish("one", "Mira Solano leaves Aster Labs", "Mira Solano is leaving Aster Labs, the company said.")
        run_once(app.pipeline)
        assert [e[1] for e in desk.events()] == ["Mira Solano"]
        assert [feed.url for feed in app.store.failing_feeds()] == [dead]
