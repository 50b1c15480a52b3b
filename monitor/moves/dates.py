"""Words of time beside a trigger, and the day of publication -> a date of stated precision.

Never invents precision: "in March" is a month, "early 2023" a year.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from typing import NamedTuple

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_FULL = re.compile(
    rf"\b(?:{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<year>(?:19|20)\d\d))?\b|(?P<day2>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?{_MONTH.replace('month', 'month2')}(?:,? (?P<year2>(?:19|20)\d\d))?)",
    re.I,
)
_MONTH_ONLY = re.compile(
    rf"\b(?P<lead>in|until|by|last|next|this|from|early|late|mid-|of|end of|for)\s+{_MONTH}(?: (?:of )?(?P<year>(?:19|20)\d\d)\b| (?P<beside>last|next) year\b)?|\b{_MONTH.replace('month', 'month2')} (?P<year2>(?:19|20)\d\d)\b",
    re.I,
)
_YEAR = re.compile(
    r"\b(?:in|early|late|mid|mid-|of|by|until|spring|summer|fall|autumn|end of) (?:the )?(?P<year>(?:19|20)\d\d)\b",
    re.I,
)
_WEEKDAY = re.compile(rf"\b(?:{'|'.join(_DAYS)})\b", re.I)
_NEAR_MONTH = re.compile(r"\b(?P<which>next|this|last) month\b|\b(?:month's end|end of the month)\b", re.I)
_NEAR_YEAR = re.compile(
    r"(?<!over the )\b(?P<which>next|this|last) year\b|\bend of (?:the )?year\b|\byear(?:'s |-)end\b", re.I
)
_SEASON = re.compile(r"\b(?P<lead>last|this|next|in the) (?P<season>spring|summer|autumn|fall)\b", re.I)
_SEASON_ENDS = {"spring": 5, "summer": 8, "autumn": 11, "fall": 11}
_NEAR_WEEK = re.compile(r"\b(?P<which>this|last) week(?:end)?\b|\bover the weekend\b", re.I)
_STEPS = {"next": 1, "last": -1}
_AGO = re.compile(r"\b(?P<count>\w+) (?P<unit>day|week|month|year)s?'? ago\b", re.I)
_AFTER = re.compile(_AGO.pattern.replace("ago", "after"), re.I)
_AT_ONCE = re.compile(r"\b(?:immediately|with immediate effect)\b", re.I)
_YESTERDAY = re.compile(r"\byesterday\b", re.I)
_OTHER = re.compile(r"\b(?:after(?! (?:[\w-]+ ){1,3}years\b)|following|since)\b", re.I)  # another act begins
_CLOSE = 3  # months within which a bare name of a month means the nearest
_FIRST_YEAR = 1900  # "written 5000 years ago" dates no career
_NUMBERS = {
    w: n for n, w in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"])
} | {"a": 1}


class _Stated(NamedTuple):
    start: int
    end: int
    date: str


def find_date(
    sentence: str,
    published: date,
    *,
    future: bool | None,
    near: int | None = 0,
    earliest: date | None = None,
) -> str | None:
    """Return the date that `sentence` states for the act told at offset `near`, or None; none before `earliest`.

    `future` is None for history.  With `near` unknown any date may be that of the act.  A weekday counts wherever it
    stands, as that of the announcement, but dates no history.
    """
    text = sentence.replace("’", "'")
    fit = [s for s in _stated(text, published, future) if not (earliest and _is_before(s.date, earliest))]
    own = [s for s in fit if near is None or not _OTHER.search(text, *sorted((s.start, near)))]
    announced = [s for s in fit if _WEEKDAY.match(text, s.start)]
    return min(own or announced, key=lambda s: abs(s.start - (near or 0))).date if own or announced else None


def _stated(text: str, published: date, future: bool | None) -> list[_Stated]:
    """Return all that `text` states, the finer where two overlap."""
    found = list[_Stated]()
    for find in (_full, _months, _relative, _years, _seasons, _afters if future is None else _weekdays):
        found += [
            s for s in find(text, published, future) if not any(s.start < o.end and o.start < s.end for o in found)
        ]
    return found


def _is_before(stated: str, earliest: date) -> bool:
    return stated < earliest.isoformat()[: len(stated)]


def _month_number(name: str) -> int:
    return _MONTHS.index(name[:3].lower()) + 1


def _full(text: str, published: date, future: bool | None) -> Iterator[_Stated]:
    for match in _FULL.finditer(text):
        month = _month_number(match["month"] or match["month2"])
        day = int(match["day"] or match["day2"])
        year = match["year"] or match["year2"]
        with suppress(ValueError):  # 31 June
            stated = date(int(year) if year else _year_of(month, published, future), month, day)
            yield _Stated(*match.span(), stated.isoformat())


def _year_of(month: int, published: date, future: bool | None) -> int:
    """Return the year of a month named without one: the coming one of a future act, else the past one.

    In May "effective August 15" is this August and "in March" this March all the same: nobody calls what is nine
    months ago, or ahead, just August.  Only history (`future` is None) is always past.
    """
    ahead = (month - published.month) % 12
    if future is not None and (ahead <= _CLOSE or (future and ahead < 12 - _CLOSE)):
        return published.year + (month < published.month)
    return published.year - (month > published.month)


def _months(text: str, published: date, future: bool | None) -> Iterator[_Stated]:
    for match in _MONTH_ONLY.finditer(text):
        month = _month_number(match["month"] or match["month2"])
        year = match["year"] or match["year2"] or _year_beside(match, month, published, future)
        yield _Stated(*match.span(), f"{year}-{month:02d}")


def _year_beside(match: re.Match[str], month: int, published: date, future: bool | None) -> int:
    """Return the year of "in March next year", "last March", "in March"."""
    if beside := match["beside"]:
        return published.year + _STEPS[beside.lower()]
    return _year_led(match["lead"].lower(), month, published, future)


def _year_led(lead: str, month: int, published: date, future: bool | None) -> int:
    if lead == "last":
        return published.year - (month >= published.month)
    if lead == "next":
        return published.year + (month <= published.month)
    return _year_of(month, published, future)


def _seasons(text: str, published: date, future: bool | None) -> Iterator[_Stated]:
    for match in _SEASON.finditer(text):
        year = _year_led(match["lead"].lower(), _SEASON_ENDS[match["season"].lower()], published, future)
        yield _Stated(*match.span(), str(year))


def _relative(text: str, published: date, _future: bool | None) -> Iterator[_Stated]:
    for match in _NEAR_MONTH.finditer(text):
        yield _Stated(*match.span(), _month_on(published, _step(match)))
    for match in _NEAR_WEEK.finditer(text):
        week = published + timedelta(weeks=_step(match))
        yield _Stated(*match.span(), week.isoformat()[: len("2025-06")])
    for match in _NEAR_YEAR.finditer(text):
        yield _Stated(*match.span(), str(published.year + _step(match)))
    for match in _AGO.finditer(text):
        if back := _back(published, match):
            yield _Stated(*match.span(), back)
    for match in _AT_ONCE.finditer(text):
        yield _Stated(*match.span(), published.isoformat())
    for match in _YESTERDAY.finditer(text):
        yield _Stated(*match.span(), (published - timedelta(days=1)).isoformat())


def _afters(text: str, published: date, _future: bool | None) -> Iterator[_Stated]:
    """Yield what lies two years back in "she leaves two years after she joined"; it dates what follows the words."""
    for match in _AFTER.finditer(text):
        if back := _back(published, match):
            yield _Stated(match.end(), match.end(), back)


def _back(published: date, match: re.Match[str]) -> str | None:
    """Return the month so many days, weeks or months back, or the year so many years back."""
    word, unit = match["count"].lower(), match["unit"].lower()
    count = _NUMBERS.get(word) or (int(word) if word.isdigit() else 0)
    if not 0 < count < published.year - _FIRST_YEAR:
        return None
    if unit == "year":
        return str(published.year - count)
    if unit == "month":
        return _month_on(published, -count)
    return (published - timedelta(days=count * (7 if unit == "week" else 1))).isoformat()[: len("2025-06")]


def _month_on(published: date, months: int) -> str:
    year, month = divmod(published.year * 12 + published.month - 1 + months, 12)
    return f"{year}-{month + 1:02d}"


def _step(match: re.Match[str]) -> int:
    return _STEPS.get((match["which"] or "").lower(), 0)


def _years(text: str, _published: date, _future: bool | None) -> Iterator[_Stated]:
    for match in _YEAR.finditer(text):
        yield _Stated(*match.span(), match["year"])


def _weekdays(text: str, published: date, future: bool | None) -> Iterator[_Stated]:
    """Yield the last Monday; the day beside a coming act is that of its announcement."""
    for match in () if future else _WEEKDAY.finditer(text):
        back = (published.weekday() - _DAYS.index(match[0].lower())) % 7
        yield _Stated(*match.span(), (published - timedelta(days=back)).isoformat())
