"""A small sound configuration, to be spoilt by the tests."""

from __future__ import annotations

import pytest

SOUND = {
    "settings.yaml": "contact: me@example.org\n",
    "feeds.yaml": "feeds:\n  - https://example.org/feed\n",
    "watchlist.yaml": "people:\n  - name: Jane Roe\n",
    "channels.yaml": "channels:\n  log: {type: log}\nroutes:\n  - to: log\n",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in SOUND.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path
