"""From the address of a site to a feed that is polled, by the commands that a person would type."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitor.cli import main
from tests.collect.web import Request, response, serving

FEED = (
    b"<rss version='2.0'><channel><title>The Wire</title><item><title>One</title><guid>1</guid></item></channel></rss>"
)
ITS_PAGE = b"<html><head><link rel=alternate type='application/rss+xml' href='/news.xml' title='News'></head><body>Hello</body></html>"
PLAIN = b"<html><body>No feed is announced here.</body></html>"


def answer(request: Request) -> bytes:
    body = {"/": ITS_PAGE, "/news.xml": FEED, "/plain/": PLAIN, "/feed": FEED}.get(request.path)
    return response(body) if body else response(status="404 Not Found")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    files = {
        "settings": "pages: {read: false}\nhttp: {host_gap: 0s, allow_networks: [127.0.0.0/8]}\n",
        "feeds": "# ours\nfeeds: []\n",
        "watchlist": "companies:\n  - name: Borealis\n",
        "channels": "channels: {out: {type: log}}\nroutes: [{to: [out]}]\n",
    }
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def monitor(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(config), "--state", str(config / "state"), *arguments])


def test_a_site_is_added_by_its_address_polled_and_shown(config: Path) -> None:
    with serving(answer) as web:
        added = monitor(config, "feeds", "add", web.url("/"))
        assert added.exit_code == 0, added.output
        assert f"url: {web.url('/news.xml')}" in (config / "feeds.yaml").read_text()
        assert monitor(config, "once").exit_code == 0
    (shown,) = map(json.loads, monitor(config, "feeds", "--json").output.splitlines())
    assert (shown["health"], shown["title"], shown["polls"]) == ("well", "The Wire", 1)
    assert "The Wire" in monitor(config, "feeds").output
    assert "xmlUrl" in monitor(config, "feeds", "export").output


def test_usual_places_are_tried_and_what_has_no_feed_is_named(config: Path) -> None:
    with serving(answer) as web:
        assert web.url("/feed") in monitor(config, "feeds", "add", "--dry-run", web.url("/plain/")).output
        missing = monitor(config, "feeds", "add", web.url("/missing"))
    assert missing.exit_code == 1
    assert "http 404" in missing.output
    assert (config / "feeds.yaml").read_text() == "# ours\nfeeds: []\n"


def test_opml_comes_in_and_a_feed_that_the_configuration_refuses_leaves_it_as_it_was(config: Path) -> None:
    opml = config / "feeds.opml"
    opml.write_text('<opml version="2.0"><body><outline text="A" xmlUrl="https://a.example/feed"/></body></opml>')
    assert "1 added" in monitor(config, "feeds", "import", str(opml)).output
    before = (config / "feeds.yaml").read_text()
    assert "0 added" in monitor(config, "feeds", "import", str(opml)).output
    opml.write_text("<html/>")
    assert monitor(config, "feeds", "import", str(opml)).exit_code == 1
    assert (config / "feeds.yaml").read_text() == before
