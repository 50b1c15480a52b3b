"""What the log hides: secrets as texts may spell them, and no ordinary word."""

from __future__ import annotations

import json

import pytest

from monitor.config import load_config
from monitor.config.hidden import find_secrets
from monitor.log import conceal, concealed

CHANNELS = """
channels:
  slack: {type: slack, url_env: SLACK}
  telegram: {type: apprise, url_env: TELEGRAM}
  mail:
    type: email
    host: smtp.example.org
    username: monitor
    password_env: PASSWORD
    from: a@example.org
    to: b@example.org
routes:
  - to: [slack, telegram, mail]
"""
ENVIRON = {
    "SLACK": "https://hooks.slack.example/services/T0123456/B0123456/abcdefghijklmnop",
    "TELEGRAM": "tgram://123456:ABC-def/789",
    "PASSWORD": 'open "sesame"/1',
    "WIRE": "https://me:feed-password@wire.example/rss/news?auth=feed-token",
}


@pytest.fixture(autouse=True)
def hidden(folder, monkeypatch):
    monkeypatch.setattr("monitor.log._secrets", frozenset())
    monkeypatch.setattr("sys.excepthook", lambda *_: None)
    monkeypatch.setattr("threading.excepthook", lambda *_: None)
    (folder / "channels.yaml").write_text(CHANNELS, "utf-8")
    (folder / "feeds.yaml").write_text("feeds:\n  - url_env: WIRE\n", "utf-8")
    conceal(find_secrets(load_config(folder, ENVIRON)))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"POST {ENVIRON['SLACK']} failed", "POST *** failed"),
        ("/services/T0123456/B0123456/abcdefghijklmnop", "/services/***/***/***"),
        ("no bot 123456:ABC-def", "no bot ***"),
        (json.dumps({"password": ENVIRON["PASSWORD"]}), '{"password": "***"}'),
        ("login with open%20%22sesame%22%2F1", "login with ***"),
        ("me:feed-password@wire.example/rss/news?auth=feed-token", "me:***@wire.example/rss/news?auth=***"),
        ("services, news and rss of hooks.slack.example are no secrets", None),
    ],
)
def test_secrets_are_struck_out_however_they_are_spelled(said, shown):
    assert concealed(said) == (said if shown is None else shown)
