"""text, secrets -> text without them.  Pure: for what a server or a library says about a failure.

Never the only guard: a channel's reasons are written without secrets, this catches what others quote.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from monitor.notify.render import flatten

_MAX_REASON = 200
_SHORTEST = 4  # a shorter secret is no secret, and replacing it would mangle every text
_HIDDEN = "***"


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return `text` on one line of at most 200 characters, each secret in it, plain or URL-quoted, replaced by ***."""
    forms = {form for secret in secrets for form in (secret, quote(secret, safe=""), unquote(secret))}
    for form in sorted(forms, key=len, reverse=True):
        if len(form) >= _SHORTEST:
            text = text.replace(form, _HIDDEN)
    return flatten(text)[:_MAX_REASON]


def secrets_of(url: str) -> tuple[str, ...]:
    """Return what in a URL may be secret: all behind its host, and user and password before it."""
    parts = urlsplit(url)
    tail = url.partition(parts.netloc)[2] if parts.netloc else url
    segments = [each for each in parts.path.split("/") if len(each) > _SHORTEST]
    values = [value for _, value in parse_qsl(parts.query)]
    return tuple(filter(None, (url, tail, parts.username, parts.password, parts.query, *segments, *values)))
