"""Several alerts in one message: whole, small enough, the same at every attempt."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.model import Delivery, Event, Status
from monitor.notify.digest import MOST, group, merge
from monitor.notify.email import build_message
from monitor.notify.payload import MAX_BYTES, encode
from monitor.notify.render import render_html, render_line, render_subject, render_text
from monitor.notify.routes import plan_delivery
from monitor.notify.timing import Slot
from tests.builders import NOW, a_move, some_evidence
from tests.notify.test_routes import alert_of

SLOT = Slot(at=NOW + timedelta(hours=9), digest="daily 2025-06-10T21:00Z")


def held(person: str = "Ada Lovelace", **changes: Any) -> Delivery:
    return plan_delivery(alert_of(a_move(person, person_id=None, **changes)), "team", NOW, SLOT)


def many(count: int) -> list[Delivery]:
    return [held(f"Person {number:03}") for number in range(count)]


@given(st.integers(0, 70), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_each_delivery_is_in_one_message_whatever_the_order(count: int, random: Any) -> None:
    deliveries = [*many(count), plan_delivery(alert_of(a_move()), "team", NOW)]
    messages = group(deliveries)
    random.shuffle(deliveries)
    assert {tuple(each.id for each in message) for message in group(deliveries)} == {
        tuple(each.id for each in message) for message in messages
    }
    assert sorted(each.id for message in messages for each in message) == sorted(each.id for each in deliveries)


def test_a_part_of_a_long_digest_that_failed_is_the_same_message_again() -> None:
    messages = group(many(3 * MOST - 5))
    first, second, third = (merge(message) for message in messages)
    again = [merge(message) for message in group([*messages[0], *messages[2]])]
    assert [(each.id, encode(each.alert.payload)) for each in again] == [
        (each.id, encode(each.alert.payload)) for each in (first, third)
    ]
    assert second.id not in {each.id for each in again}


def test_a_delivery_of_no_digest_is_sent_as_it_is() -> None:
    alone = plan_delivery(alert_of(a_move()), "team", NOW)
    assert merge((alone,)) is alone


def test_a_digest_holds_each_alert_with_its_best_sentence_and_its_id() -> None:
    deliveries = [held("Ada Lovelace"), held("Alan Turing", to_org=None, to_id=None)]
    merged = merge(deliveries)
    assert (merged.alert.event, merged.channel, merged.id[:4]) == (Event.DIGEST, "team", "msg_")
    data = json.loads(encode(merged.alert.payload))["data"]
    assert (data["count"], data["digest"]) == (2, "daily")
    assert [move["alert_id"] for move in data["moves"]] == [each.alert.id for each in deliveries]
    assert data["moves"][0]["sentence"] == some_evidence().sentence


@pytest.mark.parametrize("letter", ["x", "é", "語", "🙂"])
def test_the_largest_digest_is_small_enough_for_a_webhook(letter: str) -> None:
    long = {
        "from_org": letter * 300, "to_org": letter * 300, "role": letter * 300, "from_role": letter * 300,
        "evidence": (some_evidence(sentence=letter * 900, url="https://x.example/" + "y" * 280),),
    }  # fmt: skip
    deliveries = [held(letter * 250 + str(number), **long) for number in range(MOST)]
    assert len(encode(merge(deliveries).alert.payload)) < MAX_BYTES


def test_a_digest_is_grouped_by_company_and_person() -> None:
    merged = merge([held("Zoe Quist"), held("Ada Lovelace"), held("Bo Diaz", from_org="Apple", from_id=None)])
    text = render_text(merged.alert.payload)
    places = [text.index(part) for part in ("Apple\n", "Bo Diaz", "Meta\n", "Ada Lovelace leaves", "Zoe Quist leaves")]
    assert places == sorted(places)
    assert text.count("Meta\n") == 1


def test_a_digest_reads_well_as_mail_line_and_page() -> None:
    merged = merge([held("Ada <b>Lovelace"), held("Alan Turing", status=Status.CONFIRMED)])
    subject = render_subject(merged.alert.payload)
    assert subject == (
        "2 moves (daily): Ada <b>Lovelace leaves Meta for Cohere (reported); Alan Turing leaves Meta for Cohere (confirmed)"
    )
    assert subject in render_line(merged.alert.payload)
    assert "Ada <b>" not in render_html(merged.alert.payload)
    message = build_message(merged, sender="m@monitor.example", recipient="a@x.example")
    assert message["In-Reply-To"] is None
    assert message["Message-ID"] == f"<{merged.id}@monitor.example>"
    again = build_message(merge([held("Alan Turing", status=Status.CONFIRMED), held("Ada <b>Lovelace")]),
                          sender="m@monitor.example", recipient="a@x.example")  # fmt: skip
    assert again["Message-ID"] == message["Message-ID"]


def test_attempts_of_a_retry_change_nothing_in_the_message() -> None:
    first = [held("Ada Lovelace"), held("Alan Turing")]
    later = [replace(each, attempts=3, next_try_at=NOW + timedelta(days=2)) for each in first]
    assert merge(later).alert == merge(first).alert
