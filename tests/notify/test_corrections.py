"""What becomes of a move that a person corrects, and who is told."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.model import (
    Corrected,
    Delivery,
    DeliveryState,
    Event,
    Kind,
    Move,
    Origin,
    Reason,
    Subject,
    SubjectKind,
    Verdict,
)
from monitor.notify.corrections import Configured, Request, decide_correction
from monitor.notify.payload import encode
from monitor.notify.render import render_html, render_subject, render_text
from monitor.notify.routes import Route, plan_delivery
from monitor.notify.rules import AlertRules, conclude
from monitor.notify.timing import Digest, Every, QuietHours, Slot
from tests.builders import NOW, a_move
from tests.notify.test_payload import SCHEMA, missing_or_extra

LATER = NOW + timedelta(hours=2)
RULES = AlertRules()
NIGHT = QuietHours(start=time(13), end=time(15, 30), zone=ZoneInfo("UTC"))  # now it is 14:00
MORNING = datetime(2025, 6, 10, 15, 30, tzinfo=UTC)
ROUTES = (
    Route(channels=("elsewhere",), kinds=frozenset({Kind.BOARD}), quiet=None),
    Route(channels=("team", "urgent"), quiet=NIGHT, continue_=True),
    Route(channels=("urgent",), continue_=True),  # bypasses
    Route(channels=("elsewhere",), quiet=NIGHT, digest=Digest(every=Every.WEEKLY, zone=ZoneInfo("UTC"))),
)
SUBJECTS = {
    "openai": Subject(id="openai", kind=SubjectKind.COMPANY, name="OpenAI", aliases=("Open AI",)),
    "alan-turing": Subject(id="alan-turing", kind=SubjectKind.PERSON, name="Alan Turing"),
}


def told(**changes: Any) -> tuple[Move, Delivery]:
    concluded = conclude(None, a_move(**changes), rules=RULES, now=NOW)
    assert concluded.alert
    delivery = plan_delivery(concluded.alert, "team", NOW)
    return concluded.move, replace(delivery, state=DeliveryState.ACCEPTED, attempts=1, accepted_at=NOW)


def correct(move: Move, *deliveries: Delivery, verdict: Verdict = Verdict.NOT_A_MOVE, **right: Any) -> Corrected:
    request = Request(verdict=verdict, author="anna", reason="She left the stage.", **right)
    return decide_correction(move, deliveries, request, Configured(subjects=SUBJECTS, routes=ROUTES), LATER)


def test_a_retraction_is_told_to_whoever_got_the_alert_with_who_and_why() -> None:
    move, delivery = told()
    corrected = correct(move, delivery, replace(delivery, channel="mail", state=DeliveryState.DEAD))
    assert [each.channel for each in corrected.deliveries] == ["team"]
    assert corrected.alert
    assert (corrected.alert.event, corrected.alert.sequence) == (Event.RETRACTED, 2)
    payload = corrected.alert.payload
    assert missing_or_extra(dict(payload), SCHEMA) == []
    assert render_subject(payload) == "Retracted: Ada Lovelace leaves Meta for Cohere (reported) – not a move"
    for text in (render_text(payload), render_html(payload)):
        assert "She left the stage." in text
    assert b'"correction":{"because":"She left the stage.","by":"anna","verdict":"not-a-move"}' in encode(payload)


def test_a_retracted_move_keeps_its_history_and_evidence_and_is_never_told_again() -> None:
    move, delivery = told()
    after = correct(move, delivery).move
    assert (after.history, after.evidence, after.status) == (move.history, move.evidence, move.status)
    assert after.retracted == "not-a-move, anna: She left the stage."
    again = conclude(after, replace(after, role="CEO", date="2025-06-09", status=move.status), rules=RULES, now=LATER)
    assert again.alert is None
    assert again.decision.reasons[0] is Reason.RETRACTED


def test_a_wrong_company_is_put_right_and_told_as_a_change() -> None:
    move, delivery = told()
    corrected = correct(move, delivery, verdict=Verdict.WRONG_COMPANY, to_org="Open AI")
    assert (corrected.move.to_org, corrected.move.to_id, corrected.move.retracted) == ("Open AI", "openai", None)
    assert corrected.alert
    assert corrected.alert.event is Event.UPDATED
    data: Any = corrected.alert.payload["data"]
    assert data["changes"] == {"to": {"old": "Cohere", "new": "Open AI"}}
    assert "Corrected: She left the stage." in render_text(corrected.alert.payload)


def test_a_company_can_be_said_to_be_none() -> None:
    move, delivery = told()
    corrected = correct(move, delivery, verdict=Verdict.WRONG_COMPANY, to_org="")
    assert (corrected.move.to_org, corrected.move.to_id) == (None, None)


def test_a_wrong_person_is_put_right_with_the_key_that_its_moves_are_found_by() -> None:
    move, delivery = told(needs_review=None)
    corrected = correct(move, delivery, verdict=Verdict.WRONG_PERSON, person="Alan Turing")
    after = corrected.move
    assert (after.person, after.person_id, after.person_key) == ("Alan Turing", "alan-turing", "turing")
    assert corrected.alert
    data: Any = corrected.alert.payload["data"]
    assert data["changes"] == {"person": {"old": "Ada Lovelace", "new": "Alan Turing"}}


def test_what_was_known_already_stands_in_the_ledger_as_known() -> None:
    move, delivery = told()
    corrected = correct(move, delivery, verdict=Verdict.ALREADY_KNOWN)
    assert (corrected.move.origin, corrected.move.retracted) == (Origin.KNOWN, None)
    assert corrected.alert
    assert corrected.alert.event is Event.RETRACTED


@pytest.mark.parametrize("right, sent", [({}, 0), ({"to_org": "OpenAI"}, 1)])
def test_who_has_not_heard_of_it_yet_hears_the_right_thing_in_its_time_or_nothing(
    right: dict[str, Any], sent: int
) -> None:
    move, delivery = told()
    slot = Slot(at=NOW + timedelta(hours=9), digest="daily")
    held = plan_delivery(delivery.alert, "mail", NOW, slot)
    corrected = correct(move, held, verdict=Verdict.WRONG_COMPANY, **right)
    assert corrected.withdrawn == (held.id,)
    assert [(each.channel, each.next_try_at, each.digest) for each in corrected.deliveries] == [
        ("mail", slot.at, "daily")
    ] * sent


def test_a_delivery_that_may_have_arrived_counts_as_heard() -> None:
    move, delivery = told()
    tried = replace(delivery, state=DeliveryState.PENDING, attempts=1, error="timeout")
    corrected = correct(move, tried)
    assert [each.channel for each in corrected.deliveries] == ["team"]
    assert corrected.withdrawn == ()


@pytest.mark.parametrize(
    "channel, at",
    [
        ("team", MORNING),
        ("urgent", LATER),  # one of its routes bypasses quiet hours
        ("elsewhere", MORNING),  # by the route that told it; a digest is not waited for
        ("gone", LATER),  # no route leads there any more
    ],
)
@pytest.mark.parametrize("right", [{}, {"to_org": "OpenAI"}])
def test_a_correction_waits_for_the_end_of_the_quiet_hours_of_its_route_and_goes_alone(
    channel: str, at: datetime, right: dict[str, Any]
) -> None:
    move, delivery = told()
    corrected = correct(move, replace(delivery, channel=channel), verdict=Verdict.WRONG_COMPANY, **right)
    assert [(each.channel, each.next_try_at, each.digest) for each in corrected.deliveries] == [(channel, at, None)]


def test_a_correction_of_a_correction_that_waits_takes_its_place() -> None:
    move, delivery = told()
    first = correct(move, delivery, verdict=Verdict.WRONG_COMPANY, to_org="OpenAI")
    second = correct(first.move, delivery, *first.deliveries)
    assert second.withdrawn == tuple(each.id for each in first.deliveries)
    assert [(each.channel, each.next_try_at, each.alert.event) for each in second.deliveries] == [
        ("team", MORNING, Event.RETRACTED)
    ]


def test_who_says_what_is_right_undoes_a_retraction() -> None:
    move, delivery = told()
    taken_back = correct(move, delivery).move
    assert taken_back.retracted
    assert correct(taken_back, delivery, verdict=Verdict.WRONG_COMPANY, to_org="Cohere").move.retracted is None
