"""Feeds are added to feeds.yaml as a person would: at the end, nothing else touched."""

from pathlib import Path

from monitor.config.feedlist import add_feeds

BEFORE = """\
# Our feeds.  Ask Mira before you remove one.
feeds:
  - url: https://a.example/feed   # the best one
    title: "A: news"
    interval: 6h

  # the rest
  - https://b.example/feed
"""


def test_comments_order_and_quotes_stay(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text(BEFORE)
    added = add_feeds(path, [("https://c.example/feed", "C & “co”: 1"), ("https://d.example/feed", "")])
    assert added == ["https://c.example/feed", "https://d.example/feed"]
    assert path.read_text().startswith(BEFORE)
    assert (
        "  - url: https://c.example/feed\n    title: 'C & “co”: 1'\n  - url: https://d.example/feed\n"
        in path.read_text()
    )


def test_what_stands_there_is_not_added_again(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text(BEFORE)
    assert add_feeds(path, [("https://b.example/feed", "B"), ("https://a.example/feed", "")]) == []
    assert path.read_text() == BEFORE


def test_an_empty_file_is_begun(tmp_path: Path) -> None:
    for number, text in enumerate(("", "feeds:\n", "feeds: []\n", "# nothing yet\n")):
        path = tmp_path / f"{number}.yaml"
        path.write_text(text)
        assert add_feeds(path, [("https://a.example/feed", "A")]) == ["https://a.example/feed"]
        assert "https://a.example/feed" in path.read_text()
