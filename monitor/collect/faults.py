"""What a request raised -> Refused, its reason in few words.  Pure; the only place that knows the client's exceptions."""

from __future__ import annotations

import aiohttp

from monitor.collect.bodies import BadEncodingError, BodyTooLargeError
from monitor.model import Refused


class ForbiddenAddressError(OSError):
    """A socket was about to be opened to an address that may not be reached."""

    def __init__(self) -> None:
        super().__init__("blocked address")


def refusal_of_error(error: Exception) -> Refused:
    """Name what went wrong in few words, for the log, the metrics and the feed's row."""
    cause = getattr(error, "os_error", error)
    for kinds, reason in _REASONS:
        if isinstance(cause, kinds) or isinstance(error, kinds):
            return Refused(reason=reason, permanent=reason in _HOPELESS)
    return Refused(reason=f"error: {type(error).__name__}")


_REASONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (  # the first that fits
    (ForbiddenAddressError, "blocked address"),
    ((aiohttp.InvalidURL, UnicodeError), "bad url"),
    (BodyTooLargeError, "too large"),
    (BadEncodingError, "bad encoding"),
    (aiohttp.ClientConnectorDNSError, "dns"),
    (aiohttp.ClientSSLError, "tls"),
    (TimeoutError, "timeout"),
    (aiohttp.ClientConnectorError, "connect"),
    (aiohttp.ClientResponseError, "bad answer"),
    ((aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError, OSError), "cut off"),
)
_HOPELESS = frozenset(["blocked address", "bad url"])
