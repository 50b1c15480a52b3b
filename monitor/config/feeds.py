"""validated feeds file -> feeds with the settings' defaults filled in, and the addresses that are secret.

Never puts a secret address into a message, nor into what stands for it.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from monitor.config import files
from monitor.config.model import ConfiguredFeed
from monitor.config.secrets import SecretReader
from monitor.config.settings import Settings
from monitor.config.units import address_fault, render_duration
from monitor.config.validate import Checked

# How far a feed's interval adapts from `poll.interval`: by default to 3 minutes for one that publishes all the time, and to
# 2 hours for one that hardly does, since even the rarest news should not be told a day late (0091).
_FASTER, _SLOWER = 5, 8


def resolve_feeds(feeds: Checked[files.Feeds], settings: Settings, secrets: SecretReader) -> list[ConfiguredFeed]:
    """Resolve the feeds; what is wrong is in the problems of `secrets`."""
    resolved: list[ConfiguredFeed] = []
    lines: dict[str, int] = {}
    for number, feed in enumerate(feeds.model.feeds):
        _check_interval(feeds, number, settings, secrets)
        address = _read_address(feeds, number, secrets)
        url = name_address(address, feed) if address else feed.url
        if url is None:
            continue
        line = feeds.document.line(feeds.path("feeds", number, "url"))
        if lines.setdefault(url, line) != line:
            message = f"feed {url} is already on line {lines[url]}"
            secrets.problems.append(feeds.problem(message, "feeds", number, "url"))
        resolved.append(_configure(feed, url, address, settings))
    return resolved


def name_address(address: SecretStr, feed: files.Feed) -> str:
    """Return what a secret address is called wherever it is stored or shown: its host, and where the secret is kept."""
    parts = urlsplit(address.get_secret_value())
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/#{feed.url_env or Path(feed.url_file or '').name}"


def _read_address(feeds: Checked[files.Feeds], number: int, secrets: SecretReader) -> SecretStr | None:
    feed, at = feeds.model.feeds[number], feeds.path("feeds", number)
    given = sum(bool(each) for each in (feed.url, feed.url_env, feed.url_file))
    section, place = at
    if not given and "url" in feeds.document.data[section][place]:  # it is no address, which is told already
        return None
    if given != 1:
        message = f"this feed has {given} addresses; give one of 'url', 'url_env' and 'url_file'"
        secrets.problems.append(feeds.document.problem(at, message))
        return None
    return None if feed.url else secrets.read(at, "url", check=address_fault)


def _check_interval(feeds: Checked[files.Feeds], number: int, settings: Settings, secrets: SecretReader) -> None:
    interval = feeds.model.feeds[number].interval
    if interval and not settings.poll.shortest <= interval <= settings.poll.longest:
        bounds = f"{render_duration(settings.poll.shortest)} to {render_duration(settings.poll.longest)}"
        message = f"interval {render_duration(interval)} is outside the bounds of settings.yaml, {bounds}"
        secrets.problems.append(feeds.problem(message, "feeds", number, "interval"))


def _configure(feed: files.Feed, url: str, address: SecretStr | None, settings: Settings) -> ConfiguredFeed:
    poll = settings.poll
    return ConfiguredFeed(
        url=url,
        address=address,
        title=feed.title,
        interval=feed.interval or poll.interval,
        shortest=feed.interval or max(poll.shortest, poll.interval / _FASTER),
        longest=feed.interval or min(poll.longest, poll.interval * _SLOWER),
        pages=settings.pages.read if feed.pages is None else feed.pages,
    )
