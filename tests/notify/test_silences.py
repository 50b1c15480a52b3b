"""What is silenced, by whom, and until when."""

from datetime import timedelta
from enum import StrEnum
from typing import Any

import click
import pytest

from monitor.commands.alerting import add_silence
from monitor.model import Delivery, DeliveryState, Endpoint, Kind, Register, Silence, Status, Subject, SubjectKind
from monitor.notify.notices import Loss, plan_notices
from monitor.notify.routes import plan_delivery
from monitor.notify.silences import build_silence, find_silence, silence_delivery, with_ids
from tests.builders import NOW, a_move
from tests.notify.test_routes import alert_of

UNTIL = NOW + timedelta(days=1)


def a_silence(**matchers: Any) -> Silence:
    said = {field.rstrip("_"): (values,) if isinstance(values, str) else values for field, values in matchers.items()}
    return build_silence(said, author="anna", reason="enough", now=NOW, until=UNTIL)


def delivery(channel: str = "team", **changes: Any) -> Delivery:
    return plan_delivery(alert_of(a_move(from_org="FAIR", from_id="fair", **changes)), channel, NOW)


@pytest.mark.parametrize(
    "matchers, holds",
    [
        ({"person": "ada lovelace"}, True),
        ({"person": "ada-lovelace"}, True),
        ({"person": "pioneers"}, True),  # a cohort
        ({"person": "Lovelace"}, False),  # a part of a name is somebody else's too
        ({"company": "Cohere"}, True),
        ({"company": "meta"}, True),  # above FAIR
        ({"from_": "Cohere"}, False),
        ({"to": "COHERE"}, True),
        ({"kind": ("board", "move")}, True),
        ({"kind": "board"}, False),
        ({"kind": "move", "company": "OpenAI"}, False),  # all must hold
        ({"channel": "team"}, True),
        ({"channel": "mail"}, False),
        ({"move": a_move().id}, True),
    ],
)
def test_a_silence_holds_where_all_its_matchers_do(matchers: dict[str, Any], holds: bool) -> None:
    assert (find_silence(delivery(), [a_silence(**matchers)]) is not None) == holds


def test_a_mail_channel_is_silenced_with_all_its_recipients() -> None:
    assert find_silence(delivery("mail:a@x.example"), [a_silence(channel="mail")])


def test_a_silenced_delivery_says_who_why_and_until_when() -> None:
    silence = a_silence(company="Meta")
    silenced = silence_delivery(delivery(), silence)
    assert silenced.state is DeliveryState.SILENCED
    assert silenced.error == f"silenced by anna until 2025-06-11 12:00 UTC: enough ({silence.id})"


def test_what_is_said_about_an_endpoint_is_not_silenced() -> None:
    (notice,) = plan_notices(Endpoint(channel="team"), Loss(reason="503", dead=1), ["mail"], NOW)
    assert find_silence(notice, [a_silence(channel="mail")]) is None


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"matchers": {}}, "what it is about"),
        ({"matchers": {"person": ()}}, "what it is about"),
        ({"matchers": {"colour": ("red",)}}, "what it is about"),
        ({"author": " "}, "who asked"),
        ({"reason": ""}, "and why"),
        ({"until": NOW}, "in the future"),
    ],
)
def test_a_silence_without_matchers_author_reason_or_end_is_refused(changes: dict[str, Any], message: str) -> None:
    whole = {"matchers": {"person": ("x",)}, "author": "anna", "reason": "enough", "now": NOW, "until": UNTIL}
    with pytest.raises(ValueError, match=message):
        build_silence(**{**whole, **changes})


DEEPMIND = Subject(
    id="google-deepmind", kind=SubjectKind.COMPANY, name="Google DeepMind", aliases=("DeepMind Technologies",)
)


@pytest.mark.parametrize("name", ["Google DeepMind", "DeepMind Technologies", "google-deepmind"])
def test_a_company_is_silenced_by_any_name_of_the_watchlist(name: str) -> None:
    told = plan_delivery(alert_of(a_move(from_org="DeepMind", from_id="google-deepmind")), "team", NOW)
    assert find_silence(told, [a_silence(company=with_ids((name,), [DEEPMIND]))])


@pytest.mark.parametrize("option, values", [("kind", Kind), ("status", Status), ("register", Register)])
def test_what_the_command_offers_to_silence_is_what_alerts_bear(option: str, values: type[StrEnum]) -> None:
    offered = next(each.type for each in add_silence.params if each.name == option)
    assert isinstance(offered, click.Choice)
    assert list(offered.choices) == [str(value) for value in values]
