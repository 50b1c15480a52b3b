"""What `monitor routes test` shows: for every move each route, with its reason."""

from monitor.commands.rehearsal import rehearsal_dict, rehearse, render_rehearsals
from monitor.model import Kind, Origin
from monitor.notify.routes import Route
from tests.builders import NOW, a_move

ROUTES = (
    Route(name="boards", channels=("mail",), kinds=frozenset({Kind.BOARD})),
    Route(name="all", channels=("log", "team")),
    Route(name="last", channels=("nobody",)),
)


def test_each_route_is_shown_with_what_kept_it_from_the_move() -> None:
    shown = render_rehearsals(rehearse([a_move()], ROUTES, {}, NOW)).splitlines()
    assert shown[0].startswith("Ada Lovelace leaves Meta for Cohere (reported)")
    assert shown[1:] == [
        "  boards: no: kind move is not board",
        "  all: → log, team",
        "  last: not asked: a route above took it",
        "  → log, team",
    ]


def test_a_known_move_is_said_to_go_nowhere() -> None:
    (rehearsal,) = rehearse([a_move(origin=Origin.KNOWN)], ROUTES, {}, NOW)
    assert rehearsal.channels == []
    assert "origin known is not backlog or live" in rehearsal_dict(rehearsal)["routes"][1]["misses"]


def test_a_move_that_was_told_is_rehearsed_as_its_next_alert() -> None:
    (rehearsal,) = rehearse([a_move(sequence=2)], ROUTES, {}, NOW)
    assert (rehearsal.alert.sequence, rehearsal.move.sequence) == (3, 2)
