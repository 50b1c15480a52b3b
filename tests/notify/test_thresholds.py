"""What is told of the ledger as a whole: once, when it has just become true."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor.config import load_config
from monitor.errors import ConfigError
from monitor.model import Delivery, Kind, Move, Origin, Status, StatusChange, Subject, SubjectKind
from monitor.notify.render import render_html, render_line, render_subject, render_text
from monitor.notify.thresholds import Threshold, World, reach
from tests.builders import NOW, a_move, a_told
from tests.config.conftest import SOUND

DAY = timedelta(days=1)
EXODUS = Threshold(name="exodus", channels=("mail",), count=3, left="meta")
AUTHORS = Threshold(name="authors", channels=("mail",), count=2, members=("p1", "p2", "p3"), at="mistral")
SUBJECTS = {id: Subject(id=id, kind=SubjectKind.COMPANY, name=id.title()) for id in ("meta", "fair", "mistral")}


def leaving(number: int, days_ago: float, **changes: Any) -> Move:
    at = NOW - days_ago * DAY
    id = f"p{number}"
    since = (StatusChange(status=Status.REPORTED, at=at, url="https://outlet.example/1"),)
    values: dict[str, Any] = {
        "history": since,
        "person_id": id,
        "id": id,
        "first_seen_at": at,
        "updated_at": at,
        "sequence": 1,
    }
    move = a_move(f"Person Number{number}", **{**values, **changes})
    return (
        move
        if "told" in changes
        else Move(**{**{f: getattr(move, f) for f in move.__slots__}, "told": a_told(move, at=at)})
    )


def world(*moves: Move) -> World:
    def ledger(*, person: str | None = None, since: Any = None, limit: int = 0) -> list[Move]:
        found = [m for m in moves if person in (None, m.person_id) and (since is None or m.updated_at >= since)]
        return sorted(found, key=lambda move: move.updated_at, reverse=True)

    return World(ledger=ledger, subjects=SUBJECTS, parents={"fair": "meta"}, now=NOW)


def reached(threshold: Threshold, *moves: Move) -> list[Delivery]:
    return [delivery for _, deliveries in reach([threshold], world(*moves)) for delivery in deliveries]


def test_the_third_departure_within_the_time_is_told_with_all_three() -> None:
    (delivery,) = reached(EXODUS, leaving(1, 20), leaving(2, 10, from_id="fair"), leaving(3, 0))
    payload = delivery.alert.payload
    assert render_subject(payload) == (
        "exodus: 3 departures from Meta in 30 days (Person Number1, Person Number2, Person Number3)"
    )
    assert "3 departures from Meta in 30 days (exodus)" in render_text(payload)
    assert "Person Number2" in render_html(payload)
    assert "threshold.reached" in render_line(payload)


@pytest.mark.parametrize(
    "third",
    [
        leaving(3, 0, from_id="cohere"),
        leaving(3, 0, kind=Kind.BOARD),
        leaving(3, 0, kind=Kind.ROLE),
        leaving(3, 0, status=Status.CONSIDERED),
        leaving(3, 0, status=Status.DENIED),
        leaving(3, 0, retracted="not-a-move"),
        leaving(3, 0, needs_review="namesake?"),
        leaving(3, 0, background=True),
        leaving(3, 0, origin=Origin.KNOWN),
        leaving(3, 0, sequence=0, told=None),  # nobody was told of it
        leaving(2, 0, id="again"),  # the same person
    ],
)
def test_what_is_no_departure_that_was_told_counts_for_nothing(third: Move) -> None:
    assert reached(EXODUS, leaving(1, 20), leaving(2, 10), third) == []


def test_departures_too_far_apart_are_none() -> None:
    assert reached(EXODUS, leaving(1, 31), leaving(2, 10), leaving(3, 0)) == []


def test_a_threshold_is_one_alert_however_often_it_is_looked_at() -> None:
    moves = (leaving(1, 20), leaving(2, 10), leaving(3, 0.5))
    first, again = reached(EXODUS, *moves), reached(EXODUS, *moves, leaving(4, 0))
    assert {each.id for each in first} == {each.id for each in again}


def test_what_was_reached_before_anybody_asked_is_not_told() -> None:
    assert reached(EXODUS, leaving(1, 20), leaving(2, 10), leaving(3, 2)) == []


def test_members_are_counted_where_they_are_now() -> None:
    known = leaving(1, 300, to_id="mistral", origin=Origin.KNOWN, sequence=0, date="2023-06")
    arrival = leaving(2, 0, to_id="mistral", date="2025-06")
    (delivery,) = reached(AUTHORS, known, arrival)
    assert "2 of 3 are now at Mistral" in render_subject(delivery.alert.payload)
    left_again = leaving(1, 5, id="p1b", from_id="mistral", to_id="meta", date="2025-05")
    assert reached(AUTHORS, known, left_again, arrival) == []


def configured(tmp_path: Any, threshold: str) -> Any:
    for name, text in SOUND.items():
        (tmp_path / name).write_text(text, "utf-8")
    watch = (
        "people: [{name: Jane Roe}]\ncompanies: [{name: Aster Labs}]\ncohorts: [{name: Team, members: [Jane Roe]}]\n"
    )
    (tmp_path / "watchlist.yaml").write_text(watch, "utf-8")
    (tmp_path / "channels.yaml").write_text(SOUND["channels.yaml"] + f"thresholds:\n  - {threshold}\n", "utf-8")
    return load_config(tmp_path, {})


def test_thresholds_are_configured_by_name(tmp_path: Any) -> None:
    (one,) = configured(tmp_path, "{name: x, count: 3, left: Aster Labs, to: log}").thresholds
    assert (one.left, one.count, one.within, one.to) == ("aster-labs", 3, 30 * DAY, ("log",))
    (two,) = configured(tmp_path, "{name: x, count: 2, cohort: Team, at: aster labs, to: log}").thresholds
    assert (two.members, two.at) == (("jane-roe",), "aster-labs")


@pytest.mark.parametrize(
    "threshold, problem",
    [
        ("{name: x, count: 3, to: log}", "a threshold has either 'left', or 'cohort' and 'at'"),
        ("{name: x, count: 3, cohort: Team, to: log}", "a threshold has either 'left', or 'cohort' and 'at'"),
        ("{name: x, count: 3, left: Aster Lab, to: log}", "did you mean 'Aster Labs'"),
        ("{name: x, count: 3, left: Aster Labs, to: logs}", "channel 'logs' is not known; did you mean 'log'"),
    ],
)
def test_a_threshold_that_says_nothing_or_names_nobody_is_told(tmp_path: Any, threshold: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        configured(tmp_path, threshold)


def test_a_rumour_that_is_confirmed_last_reaches_the_threshold() -> None:
    steps = (
        StatusChange(status=Status.CONSIDERED, at=NOW - 12 * DAY, url="https://outlet.example/1"),
        StatusChange(status=Status.CONFIRMED, at=NOW, url="https://outlet.example/2"),
    )
    rumoured = replace(leaving(1, 12, told=None), status=Status.CONFIRMED, history=steps)
    sure = replace(rumoured, told=a_told(rumoured, status=Status.CONFIRMED, at=NOW))
    assert len(reached(EXODUS, sure, leaving(2, 10), leaving(3, 5))) == 1


def test_later_detail_of_a_member_tells_no_threshold_twice() -> None:
    one, two = leaving(1, 12, to_id="mistral", date=None), leaving(2, 10, to_id="mistral", date=None)
    two = replace(two, told=a_told(two, at=NOW))
    first = {alert.id for alert in reached(AUTHORS, one, two)}
    detailed = replace(one, told=a_told(one, at=NOW + timedelta(minutes=1)), sequence=2)
    assert first
    assert {alert.id for alert in reached(AUTHORS, detailed, two)} <= first


def test_an_update_of_an_old_move_reaches_no_threshold() -> None:
    one, two = leaving(1, 200, to_id="mistral", date=None), leaving(2, 100, to_id="mistral", date=None)
    assert reached(AUTHORS, replace(one, told=a_told(one, at=NOW), sequence=2), two) == []
