"""Who gets an alert, and why or why not."""

from dataclasses import replace
from typing import Any

import pytest

from monitor.model import Alert, Kind, Move, Origin, Register, Status, Subject, SubjectKind
from monitor.notify.routes import Route, explain_routes, plan_deliveries, spread
from monitor.notify.rules import AlertRules, conclude
from tests.builders import NOW, a_move, some_evidence

SUBJECTS = {
    "ada-lovelace": Subject(id="ada-lovelace", kind=SubjectKind.PERSON, name="Ada Lovelace", cohorts=("pioneers",)),
    "meta": Subject(id="meta", kind=SubjectKind.COMPANY, name="Meta"),
    "fair": Subject(id="fair", kind=SubjectKind.COMPANY, name="FAIR", parent="meta"),
}


def alert_of(move: Move) -> Alert:
    rules = AlertRules(alert_backlog=True)
    alert = conclude(None, move, rules=rules, now=NOW, subjects=SUBJECTS).alert
    assert alert is not None
    return alert


EVIDENCE = (some_evidence(feeds=("feed-a", "feed-x")),)
ALERT = alert_of(a_move(from_org="FAIR", from_id="fair", evidence=EVIDENCE))


def channels(*routes: Route, alert: Alert = ALERT) -> list[str]:
    return [delivery.channel for delivery in plan_deliveries(alert, routes, NOW)]


@pytest.mark.parametrize(
    "conditions, matches",
    [
        ({}, True),
        ({"people": frozenset({"ada-lovelace"})}, True),
        ({"people": frozenset({"alan-turing"})}, False),
        ({"cohorts": frozenset({"pioneers"})}, True),
        ({"cohorts": frozenset({"llama"})}, False),
        ({"companies": frozenset({"fair"})}, True),
        ({"companies": frozenset({"meta"})}, True),  # the parent
        ({"companies": frozenset({"cohere"})}, True),  # the other side
        ({"companies": frozenset({"openai"})}, False),
        ({"from_companies": frozenset({"meta"})}, True),
        ({"to_companies": frozenset({"meta"})}, False),
        ({"parents": frozenset({"meta"})}, True),  # of FAIR
        ({"parents": frozenset({"fair"})}, False),  # itself, not above it
        ({"outlets": frozenset({"outlet.example"})}, True),
        ({"outlets": frozenset({"other.example"})}, False),
        ({"feeds": frozenset({"feed-a", "feed-b"})}, True),  # one of those that carry it
        ({"feeds": frozenset({"feed-c"})}, False),
        ({"kinds": frozenset({Kind.MOVE, Kind.JOIN})}, True),
        ({"kinds": frozenset({Kind.BOARD})}, False),
        ({"statuses": frozenset({Status.CONFIRMED})}, False),
        ({"registers": frozenset({Register.SPORT})}, False),
        ({"min_confidence": 0.9}, True),
        ({"min_confidence": 0.95}, False),
        ({"people": frozenset({"ada-lovelace"}), "kinds": frozenset({Kind.BOARD})}, False),  # all must hold
    ],
)
def test_a_route_matches_where_all_its_conditions_hold(conditions: dict[str, Any], matches: bool) -> None:
    assert channels(Route(channels=("team",), **conditions)) == (["team"] if matches else [])


def test_the_first_route_that_matches_ends_the_way() -> None:
    sport = Route(channels=("sport",), registers=frozenset({Register.SPORT}))
    assert channels(sport, Route(channels=("a",)), Route(channels=("b",))) == ["a"]


def test_a_route_that_continues_lets_the_next_one_match_too_and_no_channel_twice() -> None:
    routes = (Route(channels=("a", "b"), continue_=True), Route(channels=("b", "c")), Route(channels=("d",)))
    assert channels(*routes) == ["a", "b", "c"]


def test_backfill_goes_nowhere_unless_a_route_asks_for_it() -> None:
    old = alert_of(a_move(origin=Origin.BACKFILL))
    assert channels(Route(channels=("team",)), alert=old) == []
    assert channels(Route(channels=("archive",), origins=frozenset({Origin.BACKFILL})), alert=old) == ["archive"]


def test_backlog_that_was_asked_for_goes_the_usual_way() -> None:
    assert channels(Route(channels=("team",)), alert=alert_of(a_move(origin=Origin.BACKLOG))) == ["team"]


def test_each_miss_is_explained_and_a_shadowed_route_is_marked() -> None:
    board = Route(channels=("a",), kinds=frozenset({Kind.BOARD}), min_confidence=0.99)
    outcomes = explain_routes(ALERT, [board, Route(channels=("b",)), Route(channels=("c",))])
    assert outcomes[0].misses == ("kind move is not board", "confidence 0.9 is under 0.99")
    assert [(each.takes, each.reached) for each in outcomes] == [(False, True), (True, True), (False, False)]


def test_a_delivery_is_due_at_once_under_an_id_that_stays() -> None:
    first, again = (plan_deliveries(ALERT, [Route(channels=("a", "b"))], NOW) for _ in range(2))
    assert first == again
    assert len({delivery.id for delivery in first}) == 2
    assert {(delivery.attempts, delivery.next_try_at) for delivery in first} == {(0, NOW)}


def test_a_channel_that_stands_for_several_is_spread() -> None:
    route = spread(Route(channels=("mail", "log")), {"mail": ("mail:a@x.example", "mail:b@x.example")})
    assert route.channels == ("mail:a@x.example", "mail:b@x.example", "log")


def test_a_route_for_sources_takes_moves_only_where_it_says_so() -> None:
    sources = Route(channels=("ops",), events=frozenset({"source"}))
    assert channels(sources) == []
    assert channels(replace(sources, events=frozenset({"source", "move"}))) == ["ops"]
