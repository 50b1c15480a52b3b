"""What a sentence says of when."""

from datetime import date

import pytest

from monitor.model import Claim, Kind, Status
from monitor.moves.dates import find_date
from monitor.moves.timing import date_of

TUESDAY = date(2025, 6, 10)
TODAY = TUESDAY.isoformat()


@pytest.mark.parametrize("years", [2000, 2025, 5000])
def test_antiquity_dates_no_move(years):
    text = f"Jane Roe joins OpenAI to read texts written {years} years ago."
    assert find_date(text, TUESDAY, future=False) is None


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("Jane Roe left Acme on March 3, 2024", "2024-03-03"),
        ("Jane Roe left Acme on 3 March", "2025-03-03"),
        ("Jane Roe left Acme last July", "2024-07"),
        ("Jane Roe left Acme in November last year", "2024-11"),
        ("Jane Roe left Acme this week", "2025-06"),
        ("Jane Roe left Acme two weeks ago", "2025-05"),
        ("Jane Roe left Acme seven months ago", "2024-11"),
        ("Jane Roe left Acme four years ago", "2021"),
        ("Jane Roe left Acme this spring", "2025"),
        ("Jane Roe left Acme by year-end", "2025"),
        ("Jane Roe left Acme on Friday", "2025-06-06"),
        ("Jane Roe left Acme last autumn", "2024"),
        ("Jane Roe left Acme at the end of the month", "2025-06"),
        ("Acme was founded in 2019 and Jane Roe left in May", "2025-05"),
        ("Jane Roe left Acme after the flood of 2024", None),
    ],
)
def test_words_of_time(text, stated):
    assert find_date(text, TUESDAY, future=False, near=text.index("left")) == stated


@pytest.mark.parametrize(
    ("told", "text", "future", "stated"),
    [
        (date(2025, 7, 20), "last July", False, "2024-07"),
        (date(2025, 12, 5), "effective January 1", False, "2026-01-01"),
        (date(2025, 12, 5), "in January", None, "2025-01"),
        (date(2025, 5, 5), "effective August 15", False, "2025-08-15"),
        (date(2025, 5, 5), "in January", True, "2026-01"),
        (date(2025, 5, 5), "in March", True, "2025-03"),
        (date(2025, 5, 5), "next March", True, "2026-03"),
    ],
)
def test_a_month_without_a_year_is_the_one_that_is_meant(told, text, future, stated):
    assert find_date(text, told, future=future) == stated


def _claim(text: str, kind: Kind, **fields: object) -> Claim:
    side = {"from_org": "Acme"} if kind is Kind.LEAVE else {"to_org": "Acme"}
    return Claim(**{"person": "Jane Roe", "kind": kind, "evidence": text, "trigger": text, **side, **fields})


@pytest.mark.parametrize(
    ("kind", "text", "day"),
    [
        (Kind.LEAVE, "Jane Roe Is Leaving Acme", None),
        (Kind.LEAVE, "Acme CEO Jane Roe to Step Down", None),
        (Kind.LEAVE, "Acme’s Jane Roe to quit after poor sales", None),
        (Kind.LEAVE, "Jane Roe, who joined Acme last month, will resign", None),
        (Kind.LEAVE, "Acme hires John Doe as Jane Roe is leaving", None),
        (Kind.LEAVE, "Jane Roe will step down at the end of the year", "2025"),
        (Kind.LEAVE, "Acme chief Jane Roe forced to step down", TODAY),
        (Kind.LEAVE, "Jane Roe resigned to start a company of her own", TODAY),
        (Kind.LEAVE, "Jane Roe announced her resignation, saying that she is becoming a painter", TODAY),
        (Kind.LEAVE, "Jane Roe, who founded Acme in 2010, has been removed from its board", TODAY),
        (Kind.LEAVE, "Jane Roe resigned after a dispute in March over pay", TODAY),
        (Kind.LEAVE, "Jane Roe resigned after a dispute over pay, Acme said on Monday", "2025-06-09"),
        (Kind.JOIN, "Acme picks Jane Roe to be its next chief executive", TODAY),
        (Kind.JOIN, "Acme has hired Jane Roe, who will run its laboratory", TODAY),
        (Kind.JOIN, "Jane Roe will succeed John Doe, who resigned in May", None),
        (Kind.JOIN, "Jane Roe, who left Bmax in April, will join Acme on 1 September", "2025-09-01"),
    ],
)
def test_news_is_dated_by_what_is_stated_of_the_act_else_by_its_telling_if_done(kind, text, day):
    assert date_of(_claim(text, kind), TUESDAY) == day


@pytest.mark.parametrize(
    ("status", "text", "day"),
    [
        (Status.REPORTED, "Jane Roe has left Acme, according to two people", TODAY),
        (Status.CONSIDERED, "Jane Roe asked on Sunday whether she should leave Acme", None),
        (Status.CONSIDERED, "Jane Roe may leave Acme in August", "2025-08"),
        (Status.DENIED, "Jane Roe said on Monday that she will not leave Acme in August", None),
    ],
)
def test_a_doubtful_act_has_no_day_of_its_telling(status, text, day):
    assert date_of(_claim(text, Kind.LEAVE, status=status), TUESDAY) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Jane Roe, who left Acme, said on Monday that she likes to paint", None),
        ("John Doe took over in January, after Jane Roe had left Acme", None),
        ("Jane Roe left Acme in 2019 and founded Bmax in 2021", "2019"),
        ("John Doe sued two years after Jane Roe left Acme", "2023"),
        ("John Doe was hired just six weeks after Jane Roe left Acme", "2025-04"),
        ("Jane Roe left Acme six weeks after a dispute", None),
    ],
)
def test_history_has_only_a_date_of_its_own(text, day):
    assert date_of(_claim(text, Kind.LEAVE, background=True), TUESDAY) == day
