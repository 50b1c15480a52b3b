"""A move corrected by hand <-> rows, inside the caller's transaction.  Never decides what is right."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from sqlite3 import Connection

from monitor.model import Corrected, Correction, Delivery, Move, Verdict
from monitor.store import ledger, outbox
from monitor.store.times import from_micros, to_micros

# A move is asked for by its own id, by that of an alert, or of a delivery.
MOVE_ID = """
SELECT id FROM moves WHERE id = :id
UNION ALL SELECT move_id FROM alerts WHERE id = :id AND move_id IS NOT NULL
UNION ALL SELECT move_id FROM deliveries WHERE id = :id AND move_id IS NOT NULL
LIMIT 1"""

ADD = """
INSERT INTO corrections (id, move_id, verdict, author, reason, before, created_at)
VALUES (:id, :move_id, :verdict, :author, :reason, :before, :created_at)"""

FIND = "SELECT * FROM corrections WHERE :move_id IS NULL OR move_id = :move_id ORDER BY created_at, id"

WITHDRAW = "UPDATE deliveries SET state = 'superseded', error = :error WHERE id = :id AND state IN ('pending', 'dead')"

Decide = Callable[[Move, Sequence[Delivery]], Corrected]


def correct(connection: Connection, id: str, decide: Decide) -> Corrected | None:
    row = connection.execute(MOVE_ID, {"id": id}).fetchone()
    if row is None:
        return None
    move = ledger.load_move(connection, row[0])
    outcome = decide(move, outbox.find_of_move(connection, move.id))
    _add(connection, outcome)
    ledger.save_corrected(connection, outcome)
    error = f"corrected by {outcome.correction.author}: {outcome.correction.verdict}"
    connection.executemany(WITHDRAW, [{"id": each, "error": error} for each in outcome.withdrawn])
    return outcome


def find(connection: Connection, move_id: str | None) -> list[Correction]:
    return [
        Correction(
            id=row["id"],
            move_id=row["move_id"],
            verdict=Verdict(row["verdict"]),
            author=row["author"],
            reason=row["reason"],
            created_at=from_micros(row["created_at"]),
        )
        for row in connection.execute(FIND, {"move_id": move_id})
    ]


def _add(connection: Connection, outcome: Corrected) -> None:
    correction = outcome.correction
    connection.execute(
        ADD,
        {
            **{name: getattr(correction, name) for name in ("id", "move_id", "verdict", "author", "reason")},
            "before": json.dumps(asdict(outcome.before), default=str, ensure_ascii=False),
            "created_at": to_micros(correction.created_at),
        },
    )
