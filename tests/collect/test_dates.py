"""Only dates that can be true are believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.collect.dates import decide_published_at, parse_date

SEEN = datetime(2025, 7, 9, 12, tzinfo=UTC)


def test_a_missing_date_is_when_the_entry_was_first_seen() -> None:
    assert decide_published_at(None, SEEN) == SEEN


def test_a_date_far_ahead_is_when_the_entry_was_first_seen() -> None:
    assert decide_published_at(SEEN + timedelta(days=40), SEEN) == SEEN


def test_a_date_a_little_ahead_is_capped() -> None:
    assert decide_published_at(SEEN + timedelta(hours=3), SEEN) == SEEN


def test_an_old_date_is_kept() -> None:
    assert decide_published_at(SEEN - timedelta(days=400), SEEN) == SEEN - timedelta(days=400)


def test_two_digit_years_are_of_this_century_or_the_last() -> None:
    assert parse_date("Wed, 9 Jul 25 15:04:59 EST") == datetime(2025, 7, 9, 20, 4, 59, tzinfo=UTC)
    assert parse_date("Fri, 9 Jul 99 15:04:59 GMT") == datetime(1999, 7, 9, 15, 4, 59, tzinfo=UTC)


def test_what_is_no_text_is_no_date() -> None:
    assert parse_date(1752073499) is None
    assert parse_date(None) is None
