"""The same text from two outlets is one article with two outlets."""

from datetime import timedelta

from monitor.daemon.drive import run_once

WIRE = (
    "Borealis AI has hired Mira Solano from Aster Labs as chief scientist, the company announced on Tuesday in Lyon.",
    "Solano led research at Aster Labs for six years and built its group for speech, which grew to forty people there.",
    "The company, which makes planning software for ports and railways, said that she would start in the first days of July.",
)


def publish(desk, outlet: str, *paragraphs: str) -> None:
    desk.publish(f"{outlet}-story", f"Borealis AI hires Mira Solano, {outlet} reports", *paragraphs, outlet=outlet)


def test_a_copy_is_told_and_counted_once_and_what_it_adds_is_read(desk):
    outlets = ("wire", "herald", "courier")
    desk.write("feeds", "feeds:\n" + "".join(f"  - url: {desk.newsroom.feed_url(outlet)}\n" for outlet in outlets))
    with desk.app() as app:
        run_once(app.pipeline)
        for outlet, more in (("wire", ()), ("herald", ("Read more in our paper.",))):
            desk.clock.at += timedelta(hours=3)
            publish(desk, outlet, *WIRE, *more)
            run_once(app.pipeline)
        (move,) = app.store.find_moves(person="Solano")
        assert len(move.evidence) == 1
        assert len(desk.events()) == 1

        desk.clock.at += timedelta(hours=3)
        publish(desk, "courier", *WIRE, "Ana Cruz has joined Borealis AI from Aster Labs as counsel, the company said.")
        run_once(app.pipeline)
        assert {each.person for each in app.store.find_moves()} == {"Mira Solano", "Ana Cruz"}
        (move,) = app.store.find_moves(person="Solano")
        assert len(move.evidence) == 1
