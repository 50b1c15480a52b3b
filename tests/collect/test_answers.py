"""Headers are read for what they ask of us."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.collect.answers import max_age, refusal, retry_after, validators

NOW = datetime(2025, 7, 9, 12, tzinfo=UTC)
NOON = "Wed, 09 Jul 2025 12:00:00 GMT"
ONE = "Wed, 09 Jul 2025 13:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"Retry-After": "120"}, timedelta(minutes=2)),
        ({"Retry-After": ONE}, timedelta(hours=1)),
        ({"Retry-After": ONE, "Date": "Wed, 09 Jul 2025 12:59:00 GMT"}, timedelta(minutes=1)),
        ({"Retry-After": NOON, "Date": ONE}, timedelta(0)),
        ({"Retry-After": "999999999"}, timedelta(days=7)),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], wait: timedelta | None) -> None:
    assert retry_after(headers, NOW) == wait


@pytest.mark.parametrize(
    ("headers", "age"),
    [
        ({"Cache-Control": "public, max-age=600"}, timedelta(minutes=10)),
        ({"Cache-Control": "no-cache, max-age=600"}, None),
        ({"Cache-Control": "no-store"}, None),
        ({"Cache-Control": "max-age=60", "Expires": ONE}, timedelta(minutes=1)),
        ({"Expires": ONE}, timedelta(hours=1)),
        ({"Expires": ONE, "Date": "Wed, 09 Jul 2025 12:30:00 GMT"}, timedelta(minutes=30)),
        ({"Expires": "0"}, None),
        ({}, None),
    ],
)
def test_max_age(headers: dict[str, str], age: timedelta | None) -> None:
    assert max_age(headers, NOW) == age


def test_a_bot_wall_is_named_as_such() -> None:
    assert refusal(403, {"cf-mitigated": "challenge"}, NOW).reason == "bot wall"
    assert refusal(403, {}, NOW).reason == "http 403"


def test_only_gone_is_permanent() -> None:
    assert [status for status in (400, 401, 403, 404, 410, 429, 500, 503) if refusal(status, {}, NOW).permanent] == [
        410
    ]


def test_a_validator_of_absurd_length_is_not_kept() -> None:
    assert validators({"ETag": "x" * 5_000, "Last-Modified": NOON}).etag is None
