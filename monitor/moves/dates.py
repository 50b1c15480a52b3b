"""Words of time beside a trigger, and the day of publication -> a date of stated precision.

Never invents precision: "in March" is a month, "early 2023" a year.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_FULL = re.compile(
    rf"\b(?:{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<year>(?:19|20)\d\d))?\b|(?P<day2>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?{_MONTH.replace('month', 'month2')}(?:,? (?P<year2>(?:19|20)\d\d))?)",
    re.I,
)
_MONTH_ONLY = re.compile(
    rf"\b(?P<lead>in|until|by|last|next|this|from|early|late|mid-|of|end of|for)\s+{_MONTH}(?: (?:of )?(?P<year>(?:19|20)\d\d)\b)?|\b{_MONTH.replace('month', 'month2')} (?P<year2>(?:19|20)\d\d)\b",
    re.I,
)
_YEAR = re.compile(
    r"\b(?:in|early|late|mid|mid-|of|by|until|spring|summer|fall|autumn|end of) (?P<year>(?:19|20)\d\d)\b", re.I
)
_WEEKDAY = re.compile(rf"\b(?P<next>next )?(?P<day>{'|'.join(_DAYS)})\b", re.I)
_NEXT = {"next month": 1, "this month": 0, "last month": -1}
_YEARS = {
    "next year": 1,
    "later this year": 0,
    "this year": 0,
    "last year": -1,
    "end of the year": 0,
    "year's end": 0,
    "end of this year": 0,
}
_AGO = re.compile(r"\b(?P<count>\w+) (?P<unit>years?|months?) ago\b", re.I)
_FIRST_YEAR = 1900  # "written 5000 years ago" dates no career
_NUMBERS = {
    w: n for n, w in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"])
} | {"a": 1}


def find_date(sentence: str, published: date, *, future: bool, near: int = 0) -> str | None:
    """Return the date that `sentence` states for the act told at offset `near`, or None."""
    text = sentence.replace("’", "'")
    for find in (_full, _month):
        if found := find(text, published, future, near):
            return found
    if found := _relative(text, published, near):
        return found
    if year := _nearest(_YEAR, text, near):
        return year["year"]
    return None if future else _weekday(text, published, near)


def _nearest(pattern: re.Pattern[str], text: str, near: int) -> re.Match[str] | None:
    return min(pattern.finditer(text), key=lambda m: abs(m.start() - near), default=None)


def _month_number(name: str) -> int:
    return _MONTHS.index(name[:3].lower()) + 1


def _full(text: str, published: date, future: bool, near: int) -> str | None:
    match = _nearest(_FULL, text, near)
    if not match:
        return None
    month = _month_number(match["month"] or match["month2"])
    day = int(match["day"] or match["day2"])
    year = match["year"] or match["year2"]
    try:
        return date(int(year) if year else _year_of(month, published, future, day), month, day).isoformat()
    except ValueError:
        return None


def _year_of(month: int, published: date, future: bool, day: int = 1) -> int:
    """Return the year of a month named without one: the coming one of a future act, else the past one.

    In May "effective August 15" is this August all the same: nobody calls what is nine months ago just August.
    """
    if future or 0 < month - published.month <= 3:
        return published.year + ((month, day) < (published.month, 0))
    return published.year - ((month, day) > (published.month, 31))


def _month(text: str, published: date, future: bool, near: int) -> str | None:
    match = _nearest(_MONTH_ONLY, text, near)
    if not match:
        return None
    month = _month_number(match["month"] or match["month2"])
    year = match["year"] or match["year2"]
    if not year:
        year = str(_year_of(month, published, future))
        if re.search(r"\b(?:last|next) year\b", text[match.end() : match.end() + 12], re.I):
            year = str(published.year + (1 if "next" in text[match.end() : match.end() + 12].lower() else -1))
    return f"{year}-{month:02d}"


def _relative(text: str, published: date, near: int) -> str | None:
    low = text.lower()
    for words, step in _NEXT.items():
        if words in low:
            month = published.year * 12 + published.month - 1 + step
            return f"{month // 12}-{month % 12 + 1:02d}"
    for words, step in _YEARS.items():
        if words in low:
            return str(published.year + step)
    if match := _nearest(_AGO, text, near):
        count = _NUMBERS.get(match["count"].lower()) or (int(match["count"]) if match["count"].isdigit() else 0)
        year = published.year - count
        if count and match["unit"].lower().startswith("year") and year >= _FIRST_YEAR:
            return str(year)
    if re.search(r"\b(?:effective immediately|with immediate effect|stepped down immediately|immediately)\b", low):
        return published.isoformat()
    if "yesterday" in low:
        return (published - timedelta(days=1)).isoformat()
    return None


def _weekday(text: str, published: date, near: int) -> str | None:
    match = _nearest(_WEEKDAY, text, near)
    if not match:
        return None
    back = (published.weekday() - _DAYS.index(match["day"].lower())) % 7
    return (published - timedelta(days=back)).isoformat()
