"""What a sentence says of when."""

from datetime import date

import pytest

from monitor.moves.dates import find_date


@pytest.mark.parametrize("years", [2000, 2025, 5000])
def test_antiquity_dates_no_move(years):
    text = f"Jane Roe joins OpenAI to read texts written {years} years ago."
    assert find_date(text, date(2025, 6, 10), future=False) is None
