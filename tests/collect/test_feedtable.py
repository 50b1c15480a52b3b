"""The table of feeds shows what their publishers wrote as it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.commands.feedtable import print_feeds
from monitor.model import Feed


def test_brackets_in_a_title_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    titles = ("News [/r/x]", "On [ai]")
    feeds = [Feed(id=title, url="https://wire.example/f", title=title) for title in titles]
    print_feeds(feeds, {}, datetime(2025, 7, 9, tzinfo=UTC))
    shown = capsys.readouterr().out
    assert all(title in shown for title in titles)
