"""configuration -> every spelling of its secrets, for the log to hide.

Never the only guard: what is logged is written without secrets; this catches what libraries and crashes quote.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from monitor.config.model import Config, EmailChannel, ServiceChannel, WebhookChannel

_SHORTEST = 6  # characters; to hide a shorter one would mangle every text
_WORD = 12  # a part of a path from this length on, or a shorter one with a digit, is more likely a token than a name


def find_secrets(config: Config) -> frozenset[str]:
    """Return the secrets of channels, feeds and the second reader, as they may be spelled in a text."""
    found = {each for secret in _secrets(config) for each in (secret, *_parts(secret))}
    spelled = {form for each in found for form in (each, quote(each, safe=""), unquote(each), json.dumps(each)[1:-1])}
    return frozenset(form for form in spelled if len(form) >= _SHORTEST)


def _secrets(config: Config) -> Iterator[str]:
    for channel in config.channels:
        match channel:
            case WebhookChannel():
                yield channel.url.get_secret_value()
                yield from (secret.get_secret_value().removeprefix("whsec_") for secret in channel.secrets)
            case ServiceChannel():
                yield channel.url.get_secret_value()
            case EmailChannel(password=password) if password:
                yield password.get_secret_value()
            case _:
                continue
    yield from config.secret_addresses.values()
    if config.second_reader and config.second_reader.api_key:
        yield config.second_reader.api_key.get_secret_value()


def _parts(secret: str) -> Iterator[str]:
    """Yield what in an address opens doors: password, values of its query, and parts of its path that are no words."""
    if "://" not in secret:
        return
    try:
        parts = urlsplit(secret)
    except ValueError:  # a password that only looks like an address: hidden as a whole
        return
    yield parts.password or ""
    yield from (value for _, value in parse_qsl(parts.query))
    host = [] if parts.scheme in ("http", "https") else [parts.netloc]  # slack://token/…
    for each in (*parts.path.split("/"), parts.fragment, *host):
        if len(each) >= _WORD or (len(each) >= _SHORTEST and any(letter.isdigit() for letter in each)):
            yield each
