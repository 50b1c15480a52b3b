from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from monitor.extract.dates import DateSource, decide_date

SEEN = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
moments = st.integers(-2_000_000_000, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def test_the_entry_is_believed_first() -> None:
    chosen = decide_date(entry_at=SEEN - HOUR, page_day=SEEN - 48 * HOUR, first_seen_at=SEEN)
    assert (chosen.at, chosen.source) == (SEEN - HOUR, DateSource.ENTRY)


def test_an_entry_from_the_future_gives_way_to_its_page() -> None:
    chosen = decide_date(entry_at=SEEN + HOUR, page_day=SEEN - 12 * HOUR, first_seen_at=SEEN)
    assert (chosen.at, chosen.source) == (SEEN - 12 * HOUR, DateSource.PAGE)


def test_a_zero_date_is_no_date() -> None:
    zero = datetime(1970, 1, 1, tzinfo=UTC)
    assert decide_date(entry_at=zero, page_day=zero, first_seen_at=SEEN).source is DateSource.FIRST_SEEN


def test_a_day_that_has_begun_east_of_us_is_capped_to_the_first_sight() -> None:
    tomorrow = datetime(2026, 3, 3, tzinfo=UTC)
    assert decide_date(entry_at=None, page_day=tomorrow, first_seen_at=SEEN).at == SEEN
    assert decide_date(entry_at=None, page_day=tomorrow + 24 * HOUR, first_seen_at=SEEN).source is DateSource.FIRST_SEEN


def test_zones_are_compared_as_moments() -> None:
    entry_at = datetime(2026, 3, 2, 20, 30, tzinfo=timezone(timedelta(hours=9)))  # 11:30 UTC
    assert decide_date(entry_at=entry_at, page_day=None, first_seen_at=SEEN).source is DateSource.ENTRY


@given(entry_at=st.none() | moments, page_day=st.none() | moments, first_seen_at=moments)
def test_nothing_is_published_after_it_was_first_seen(
    entry_at: datetime | None, page_day: datetime | None, first_seen_at: datetime
) -> None:
    assert decide_date(entry_at=entry_at, page_day=page_day, first_seen_at=first_seen_at).at <= first_seen_at
