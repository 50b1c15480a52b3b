"""What the second reader took of its tokens on a day <-> one row of `meta`, inside the caller's transaction.

Never knows how many are allowed.
"""

from __future__ import annotations

from datetime import date
from sqlite3 import Connection

SPEND = """
INSERT INTO meta (key, value) VALUES (:key, CAST(:tokens AS TEXT))
ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(meta.value AS INTEGER) + :tokens AS TEXT)
RETURNING CAST(value AS INTEGER) AS total"""

FORGET = "DELETE FROM meta WHERE key LIKE 'tokens %' AND key < :key"


def spend(connection: Connection, day: date, tokens: int) -> int:
    key = f"tokens {day.isoformat()}"
    total: int = connection.execute(SPEND, {"key": key, "tokens": tokens}).fetchone()["total"]
    connection.execute(FORGET, {"key": key})
    return total
