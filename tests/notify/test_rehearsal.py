"""What `monitor routes test` shows: for every move each route, with its reason."""

from monitor.commands.rehearsal import Stage, rehearsal_dict, rehearse, render_rehearsals
from monitor.model import Kind, Origin
from monitor.notify.routes import Route
from tests.builders import NOW, a_move, some_evidence

ROUTES = (
    Route(name="boards", channels=("mail",), kinds=frozenset({Kind.BOARD})),
    Route(name="all", channels=("log", "team")),
    Route(name="last", channels=("nobody",)),
)


def test_each_route_is_shown_with_what_kept_it_from_the_move() -> None:
    shown = render_rehearsals(rehearse([a_move()], Stage(routes=ROUTES), NOW)).splitlines()
    assert shown[0].startswith("Ada Lovelace leaves Meta for Cohere (reported)")
    assert shown[1:] == [
        "  boards: no: kind move is not board",
        "  all: → log, team",
        "  last: not asked: a route above took it",
        "  → log, team",
    ]


def test_feeds_are_shown_by_their_names_and_those_that_are_gone_as_such() -> None:
    route = Route(name="wires", channels=("mail",), feeds=frozenset({"b"}))
    move = a_move(evidence=(some_evidence(feeds=("a", "gone")),))
    (rehearsal,) = rehearse([move], Stage(routes=[route], feeds={"a": "Gazette", "b": "The Wire"}), NOW)
    assert render_rehearsals([rehearsal]).splitlines()[1:] == [
        "  carried by Gazette; gone, no longer in feeds.yaml",
        "  wires: no: feed Gazette or gone is not The Wire",
        "  → nobody",
    ]
    assert rehearsal_dict(rehearsal)["routes"][0]["misses"] == ["feed Gazette or gone is not The Wire"]


def test_a_known_move_is_said_to_go_nowhere() -> None:
    (rehearsal,) = rehearse([a_move(origin=Origin.KNOWN)], Stage(routes=ROUTES), NOW)
    assert rehearsal.channels == []
    assert "origin known is not backlog or live" in rehearsal_dict(rehearsal)["routes"][1]["misses"]


def test_a_move_that_was_told_is_rehearsed_as_its_next_alert() -> None:
    (rehearsal,) = rehearse([a_move(sequence=2)], Stage(routes=ROUTES), NOW)
    assert (rehearsal.alert.sequence, rehearsal.move.sequence) == (3, 2)
