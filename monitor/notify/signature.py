"""body, secret, time -> Standard Webhooks signature, and back.  Pure.

Never logs or raises with a secret.  Format: https://github.com/standard-webhooks/standard-webhooks, "Signature scheme".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64  # bytes, both from the specification
_TOLERANCE = timedelta(minutes=5)


def parse_secret(text: str) -> bytes:
    """Return the key in "whsec_<base64>"; ValueError, which does not quote it, where there is none."""
    encoded = text.strip().removeprefix(_PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise ValueError(f"a webhook secret is {_PREFIX!r} and {_SHORTEST} to {_LONGEST} bytes in base64")
    return key


def sign(keys: Sequence[bytes], id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the three headers of a request; during a rotation every key signs, and the receiver takes either."""
    timestamp = str(int(at.timestamp()))
    return {
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_sign(key, id, timestamp, body) for key in keys),
    }


def is_signed(keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Tell a receiver whether a request is ours, and at most five minutes old."""
    lower = {name.lower(): value for name, value in headers.items()}
    id, timestamp = lower.get("webhook-id", ""), lower.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(now - datetime.fromtimestamp(int(timestamp), UTC)) > _TOLERANCE:
        return False
    given = lower.get("webhook-signature", "").split()
    expected = [_sign(key, id, timestamp, body) for key in keys]
    return any(hmac.compare_digest(a.encode(), b.encode()) for a in expected for b in given)


def _sign(key: bytes, id: str, timestamp: str, body: bytes) -> str:
    digest = hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
