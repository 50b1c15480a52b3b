"""Identity and origin: what every stage shares.

Never more than that: a type of one stage stands with the stage.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum


def content_id(*parts: str) -> str:
    """Derive a stable 16-hex-digit identity from `parts` (BLAKE2b-64 of the parts joined by NUL)."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()


class Origin(StrEnum):
    """How a claim or alert came to us; channels take `live` unless configured otherwise."""

    LIVE = "live"
    BACKLOG = "backlog"  # stood in the feed when it was first polled
    BACKFILL = "backfill"
    KNOWN = "known"  # from the watchlist
