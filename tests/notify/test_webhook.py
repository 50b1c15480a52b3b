"""Webhooks against a real receiver: signed, byte-identical at every attempt, judged as Standard Webhooks says."""

import json
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Library

from monitor.model import Accepted, Delivery, Failed
from monitor.notify.payload import encode
from monitor.notify.rules import AlertRules, conclude
from monitor.notify.webhook import Webhook
from tests.builders import a_delivery, a_move
from tests.notify.servers import HttpPoster, http_receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
NOW = datetime.now(UTC).replace(microsecond=0)


def now() -> datetime:
    """The wall clock, which the library holds a timestamp against."""
    return datetime.now(UTC)


def delivery() -> Delivery:
    alert = conclude(None, a_move("Édouard Grave"), rules=AlertRules(max_age=timedelta(days=9999)), now=NOW).alert
    assert alert is not None
    return a_delivery(alert, "hook")


def webhook(url: str, **changes: Any) -> Webhook:
    return Webhook(**{"name": "hook", "url": url, "secrets": (SECRET,), "poster": HttpPoster(), **changes})


def test_a_receiver_with_the_official_library_verifies_the_request() -> None:
    with http_receiver() as receiver:
        result = webhook(f"{receiver.url}?tenant=1").send(delivery(), now())
    ((path, headers, body),) = receiver.requests
    assert result == Accepted(detail="204")
    assert path == "/hook?tenant=1"
    assert headers["webhook-id"] == delivery().id
    assert headers["content-type"] == "application/json; charset=utf-8"
    payload = Library(SECRET).verify(body, headers)
    assert payload == json.loads(encode(delivery().alert.payload))
    assert payload["data"]["person"]["name"] == "Édouard Grave"


def test_a_retry_has_the_same_id_and_body_and_a_new_signature() -> None:
    stored = delivery()
    reread = replace(stored, alert=replace(stored.alert, payload=json.loads(json.dumps(stored.alert.payload))))
    with http_receiver((503, {}), (204, {})) as receiver:
        results = [
            webhook(receiver.url).send(stored, now()),
            webhook(receiver.url).send(reread, now() + timedelta(seconds=9)),
        ]
    (_, first, body), (_, second, again) = receiver.requests
    assert [type(result) for result in results] == [Failed, Accepted]
    assert (first["webhook-id"], body) == (second["webhook-id"], again)
    assert first["webhook-signature"] != second["webhook-signature"]
    Library(SECRET).verify(again, second)


def test_during_a_rotation_receivers_with_either_secret_verify() -> None:
    with http_receiver() as receiver:
        webhook(receiver.url, secrets=(OTHER, SECRET)).send(delivery(), now())
    ((_, headers, body),) = receiver.requests
    for secret in (SECRET, OTHER):
        Library(secret).verify(body, headers)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_accepted(status: int) -> None:
    with http_receiver((status, {})) as receiver:
        assert webhook(receiver.url).send(delivery(), NOW) == Accepted(detail=str(status))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 422, 500, 502, 503, 504])
def test_what_may_be_mended_is_tried_again(status: int) -> None:
    with http_receiver((status, {})) as receiver:
        assert webhook(receiver.url).send(delivery(), NOW) == Failed(reason=f"http {status}")


def test_410_ends_the_delivery() -> None:
    with http_receiver((410, {})) as receiver:
        result = webhook(receiver.url).send(delivery(), NOW)
    assert isinstance(result, Failed)
    assert result.permanent


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_is_not_followed(status: int) -> None:
    with http_receiver() as elsewhere, http_receiver((status, {"location": elsewhere.url})) as receiver:
        result = webhook(receiver.url).send(delivery(), NOW)
    assert result == Failed(reason=f"http {status}: redirects are not followed")
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    "value, wait",
    [
        ("120", timedelta(minutes=2)),
        (format_datetime(NOW + timedelta(hours=1), usegmt=True), timedelta(hours=1)),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), timedelta(0)),
        ("soon", None),
        ("-5", None),
        ("9" * 30, None),
        ("", None),
    ],
    ids=["seconds", "date", "past date", "words", "negative", "endless", "empty"],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_read_as_seconds_or_date(status: int, value: str, wait: timedelta | None) -> None:
    with http_receiver((status, {"Retry-After": value})) as receiver:
        assert webhook(receiver.url).send(delivery(), NOW) == Failed(reason=f"http {status}", retry_after=wait)


def test_a_receiver_that_never_answers_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/hook"
        result = webhook(url, timeout=timedelta(milliseconds=200)).send(delivery(), NOW)
    assert result == Failed(reason="timeout")


def test_headers_of_ones_own_are_sent_and_cannot_replace_the_signature() -> None:
    own = {"authorization": "Bearer planted", "webhook-id": "forged"}
    with http_receiver() as receiver:
        webhook(receiver.url, headers=own).send(delivery(), now())
    ((_, headers, _),) = receiver.requests
    assert headers["authorization"] == "Bearer planted"
    assert headers["webhook-id"] == delivery().id


@pytest.mark.parametrize("secrets", [(), ("whsec_short",), (SECRET, "")])
def test_a_webhook_without_a_proper_secret_is_not_built(secrets: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="secret"):
        webhook("http://127.0.0.1/", secrets=secrets)
