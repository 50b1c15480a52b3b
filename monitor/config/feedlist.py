"""feeds.yaml + feeds to add -> feeds.yaml, its comments and its order kept.

Never leaves a file behind that the program would not start with: the caller checks, and puts the old text back.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

from ruamel.yaml import YAML


def add_feeds(path: Path, feeds: Iterable[tuple[str, str]]) -> list[str]:
    """Append the (address, title) pairs that the file does not hold; return the addresses that were added."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 200
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = (yaml.load(path.read_text("utf-8")) if path.exists() else None) or {}
    listed = document.setdefault("feeds", []) if document.get("feeds") is not None else []
    document["feeds"] = listed
    known = {feed if isinstance(feed, str) else feed.get("url") for feed in listed}
    new = {url: title for url, title in feeds if url not in known}
    listed.extend({"url": url, "title": title} if title else {"url": url} for url, title in new.items())
    text = io.StringIO()
    yaml.dump(document, text)
    path.write_text(text.getvalue(), "utf-8")
    return list(new)
