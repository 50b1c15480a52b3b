"""When an alert is due: over changes of the clock, ends of months, and zones; none lost, none doubled."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import DeliveryState
from monitor.notify.routes import Route, plan_deliveries
from monitor.notify.timing import Digest, Every, QuietHours, decide_slot, next_digest, quiet_until
from tests.builders import a_move
from tests.notify.test_routes import alert_of

# Berlin and New York change on different days; Lord Howe by half an hour; Apia left out a day; Nepal is 5:45 ahead.
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Africa/Cairo",
)
zones = st.sampled_from(ZONES).map(ZoneInfo)
times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
# Weighted towards the changes: last Sundays of March and October, the ends of months, Apia's 30 December 2011.
CHANGES = ("2025-03-30T00", "2025-10-26T00", "2024-03-10T06", "2024-11-03T05", "2025-04-05T15", "2025-10-04T15",
           "2011-12-30T09", "2024-02-29T12", "2025-12-31T23")  # fmt: skip
near_changes = st.builds(
    lambda at, off: datetime.fromisoformat(f"{at}:00:00+00:00") + off,
    st.sampled_from(CHANGES),
    st.timedeltas(timedelta(days=-2), timedelta(days=2)),
)
instants = st.one_of(near_changes, st.integers(1262304000, 2208988800).map(lambda at: datetime.fromtimestamp(at, UTC)))
digests = st.builds(Digest, every=st.sampled_from(Every), zone=zones, at=times, weekday=st.integers(0, 6))
quiets = st.tuples(times, times, zones).filter(lambda q: q[0] != q[1]).map(
    lambda q: QuietHours(start=q[0], end=q[1], zone=q[2])
)  # fmt: skip
LONGEST = {Every.HOURLY: timedelta(hours=2), Every.DAILY: timedelta(hours=49), Every.WEEKLY: timedelta(days=8, hours=2)}


@given(digests, instants)
def test_a_digest_comes_after_now_and_not_too_late(digest: Digest, now: datetime) -> None:
    at = next_digest(digest, now)
    assert timedelta(0) < at - now <= LONGEST[digest.every]


@given(digests, instants, st.timedeltas(timedelta(0), timedelta(days=9)))
def test_digests_come_in_order_and_none_is_left_out(digest: Digest, now: datetime, later: timedelta) -> None:
    first, second = next_digest(digest, now), next_digest(digest, now + later)
    assert first <= second
    assert now + later < first or first < second  # what came before a digest is in it or an earlier one, never after


@given(digests.filter(lambda d: d.every is not Every.HOURLY), instants)
def test_a_digest_comes_at_its_local_time_unless_the_clock_leaves_it_out(digest: Digest, now: datetime) -> None:
    local = next_digest(digest, now).astimezone(digest.zone)
    wanted = datetime.combine(local.date(), digest.at, tzinfo=digest.zone)
    is_left_out = wanted.astimezone(UTC).astimezone(digest.zone).replace(tzinfo=None) != wanted.replace(tzinfo=None)
    before = local - timedelta(hours=26)
    was_left_out = local.utcoffset() != before.utcoffset()
    assert local.time() == digest.at or is_left_out or was_left_out


@pytest.mark.parametrize(
    "now, expected",
    [
        ("2025-03-29T12:00Z", "2025-03-30T01:30Z"),  # 02:30 is left out in Berlin: an hour later by the wall
        ("2025-03-30T12:00Z", "2025-03-31T00:30Z"),
        ("2025-10-25T12:00Z", "2025-10-26T00:30Z"),  # 02:30 comes twice: the first one
        ("2025-10-26T00:30Z", "2025-10-27T01:30Z"),  # and not the second
        ("2024-02-28T12:00Z", "2024-02-29T01:30Z"),
        ("2025-12-31T12:00Z", "2026-01-01T01:30Z"),
    ],
)
def test_a_daily_digest_over_changes_of_the_clock(now: str, expected: str) -> None:
    digest = Digest(every=Every.DAILY, zone=ZoneInfo("Europe/Berlin"), at=time(2, 30))
    assert next_digest(digest, datetime.fromisoformat(now)) == datetime.fromisoformat(expected)


def test_a_weekly_digest_comes_on_its_day_even_where_a_week_has_six() -> None:
    digest = Digest(every=Every.WEEKLY, zone=ZoneInfo("Pacific/Apia"), at=time(8), weekday=4)  # Friday
    at = next_digest(digest, datetime(2011, 12, 28, tzinfo=UTC))
    assert at.astimezone(digest.zone) == datetime(2011, 12, 31, 8, tzinfo=digest.zone)  # that week had no Friday
    assert next_digest(digest, at) == datetime(2012, 1, 5, 18, tzinfo=UTC)


@given(quiets, instants)
def test_quiet_hours_end_and_it_is_not_quiet_then(quiet: QuietHours, now: datetime) -> None:
    end = quiet_until(quiet, now)
    if end is not None:
        assert now < end <= now + timedelta(hours=52)
        assert quiet_until(quiet, end) is None


@given(quiets, instants, st.timedeltas(timedelta(0), timedelta(days=2)))
def test_who_waits_for_the_end_of_quiet_hours_overtakes_nobody(
    quiet: QuietHours, now: datetime, later: timedelta
) -> None:
    first = decide_slot(now, quiet=quiet)
    second = decide_slot(now + later, quiet=quiet)
    assert first.at <= second.at
    assert (first.digest is None) == (quiet_until(quiet, now) is None)


@given(digests, quiets, instants)
def test_a_digest_is_never_told_in_quiet_hours(digest: Digest, quiet: QuietHours, now: datetime) -> None:
    slot = decide_slot(now, name="x", digest=digest, quiet=quiet)
    assert quiet_until(quiet, slot.at) is None
    assert slot.at > now
    assert slot.digest


@given(digests, st.lists(st.timedeltas(timedelta(0), timedelta(days=20)), max_size=30), instants)
def test_every_alert_is_in_one_digest_and_each_digest_is_told_once(
    digest: Digest, arrivals: list[timedelta], start: datetime
) -> None:
    slots = [decide_slot(start + after, name="x", digest=digest) for after in arrivals]
    by_name = {}
    for slot in slots:
        by_name.setdefault(slot.digest, set()).add(slot.at)
    assert all(len(at) == 1 for at in by_name.values())
    assert sum(Counter(slot.digest for slot in slots).values()) == len(arrivals)


def test_a_channel_of_two_routes_is_told_at_the_sooner_time() -> None:
    now = datetime(2025, 6, 10, 20, 30, tzinfo=UTC)
    berlin = ZoneInfo("Europe/Berlin")
    quiet = QuietHours(start=time(22), end=time(7), zone=berlin)
    daily = Route(
        name="daily",
        channels=("mail", "team"),
        continue_=True,
        digest=Digest(every=Every.DAILY, zone=berlin),
        quiet=quiet,
    )
    night = Route(name="night", channels=("log", "team"), quiet=quiet)
    due = {
        each.channel: (each.next_try_at, each.digest)
        for each in plan_deliveries(alert_of(a_move()), [daily, night], now)
    }
    five = datetime(2025, 6, 11, 5, tzinfo=UTC)
    assert due == {
        "mail": (five + timedelta(hours=1), "daily 2025-06-11T06:00Z"),
        "team": (five, "quiet hours 2025-06-11T05:00Z"),
        "log": (five, "quiet hours 2025-06-11T05:00Z"),
    }
    (loud,) = plan_deliveries(alert_of(a_move()), [Route(channels=("log",))], now)
    assert (loud.next_try_at, loud.digest, loud.state) == (now, None, DeliveryState.PENDING)


def test_quiet_hours_without_an_end_are_refused() -> None:
    with pytest.raises(ValueError, match="never end"):
        QuietHours(start=time(7), end=time(7), zone=ZoneInfo("UTC"))
