"""Publication dates as people write them."""

import pytest

from monitor.commands.report import parse_published


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2023-05-30 23:00:00-05:00", "2023-05-30"),
        ("April 22 2022", "2022-04-22"),
        ("2024", "2024-01-01"),
        ("2004-2005", "2004-01-01"),
        ("", "1970-01-01"),
        ("soon", "1970-01-01"),
    ],
)
def test_a_publication_date_is_read_as_written(text, day):
    assert parse_published(text).date().isoformat() == day
    assert parse_published(text).tzinfo is not None
