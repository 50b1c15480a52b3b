"""Signatures, checked against the specification's own library in both directions."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from monitor.notify.signature import is_signed, parse_secret, sign

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
KEY = parse_secret(SECRET)
NOW = datetime.now(UTC)


def now() -> datetime:
    """The wall clock, which the library holds a timestamp against."""
    return datetime.now(UTC)


def test_the_vector_of_the_specification() -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = sign([KEY], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_the_library_verifies_what_we_sign(text: str) -> None:
    body = text.encode()
    Webhook(SECRET).verify(body, sign([KEY], "msg_1", now(), body), json_parse=False)


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_we_verify_what_the_library_signs(text: str) -> None:
    signed_at = now()
    headers = {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(int(signed_at.timestamp())),
        "Webhook-Signature": Webhook(SECRET).sign("msg_1", signed_at, text),
    }
    assert is_signed([KEY], headers, text.encode(), signed_at)


@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_during_a_rotation_either_secret_verifies(secret: str) -> None:
    headers = sign([KEY, parse_secret(OTHER)], "msg_1", now(), b"{}")
    assert len(headers["webhook-signature"].split()) == 2
    Webhook(secret).verify(b"{}", headers)
    assert is_signed([parse_secret(secret)], headers, b"{}", now())


@pytest.mark.parametrize(
    "changes, body",
    [
        ({}, b'{"a":2}'),
        ({"webhook-id": "msg_2"}, b"{}"),
        ({"webhook-timestamp": str(int(NOW.timestamp()) + 1)}, b"{}"),
        ({"webhook-timestamp": "soon"}, b"{}"),
        ({"webhook-signature": "v1,AAAA"}, b"{}"),
        ({"webhook-signature": "é"}, b"{}"),
        ({"webhook-signature": ""}, b"{}"),
    ],
)
def test_a_forged_request_is_refused(changes: dict[str, str], body: bytes) -> None:
    headers = sign([KEY], "msg_1", NOW, b"{}") | changes
    assert not is_signed([KEY], headers, body, NOW)
    with pytest.raises((WebhookVerificationError, ValueError)):
        Webhook(SECRET).verify(body, headers)


def test_a_repeated_request_is_refused_after_five_minutes() -> None:
    headers = sign([KEY], "msg_1", NOW, b"{}")
    assert is_signed([KEY], headers, b"{}", NOW + timedelta(minutes=4))
    assert not is_signed([KEY], headers, b"{}", NOW + timedelta(minutes=6))


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64 at all, not at all", "whsec_" + "A" * 200]
)
def test_a_bad_secret_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 bytes") as raised:
        parse_secret(text)
    assert text.removeprefix("whsec_")[:8] not in str(raised.value) or len(text) < 8


def test_a_secret_may_lack_prefix_and_padding() -> None:
    padded = "whsec_" + "QUJD" * 8 + "QQ=="
    assert parse_secret(padded) == parse_secret(padded.removeprefix("whsec_").rstrip("=")) == b"ABC" * 8 + b"A"
