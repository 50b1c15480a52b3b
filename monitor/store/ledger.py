"""Moves with their evidence, and what a consolidation concluded <-> rows, inside the caller's transaction.

Never resolves a claim and never decides an alert.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection, Row

from monitor.model import Alert, Consolidation, Corrected, Delivery, Move, SourcedClaim
from monitor.names import fold, nfc
from monitor.store.rows import (
    ALERT_COLUMNS,
    DELIVERY_COLUMNS,
    EVIDENCE_COLUMNS,
    FEEDS_OF,
    MOVE_COLUMNS,
    Values,
    alert_values,
    delivery_values,
    evidence_from,
    evidence_values,
    insert,
    move_from,
    move_values,
    reasons_json,
    sourced_claim_from,
)
from monitor.store.times import to_micros

PENDING_PEOPLE = """
SELECT person_key FROM claims WHERE pending = 1
GROUP BY person_key ORDER BY MIN(published_at), person_key LIMIT ?"""

PENDING_CLAIMS = f"""
SELECT *, {FEEDS_OF.format("claims.article_id")} AS feeds
FROM claims WHERE person_key = ? AND pending = 1 ORDER BY published_at, key"""  # noqa: S608 - a constant

MOVES_OF_PERSON = "SELECT * FROM moves WHERE person_key = ? ORDER BY first_seen_at, id"

EVIDENCE = f"""
SELECT evidence.*, {FEEDS_OF.format("evidence.article_id")} AS feeds, (
  SELECT group_concat(DISTINCT outlet) FROM articles WHERE copy_of = evidence.article_id AND outlet <> evidence.outlet
) AS copies
FROM evidence WHERE move_id = ? ORDER BY position"""  # noqa: S608 - a constant

ADD_MOVE = insert("moves", MOVE_COLUMNS) + " ON CONFLICT (id) DO NOTHING"

SAVE_MOVE = f"""
{insert("moves", MOVE_COLUMNS)}
ON CONFLICT (id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in MOVE_COLUMNS if name != "id")}"""

SAVE_EVIDENCE = f"""
{insert("evidence", EVIDENCE_COLUMNS)}
ON CONFLICT (move_id, claim_key) DO UPDATE SET
  position = excluded.position, url = excluded.url, outlet = excluded.outlet, title = excluded.title,
  published_at = excluded.published_at, sentence = excluded.sentence, status = excluded.status,
  background = excluded.background, confidence = excluded.confidence"""

FORGET_EVIDENCE = "DELETE FROM evidence WHERE move_id = ? AND claim_key = ?"

# Reasons that are not null mark a claim as settled; an empty list means that nothing was decided on it.
SETTLE_CLAIM = "UPDATE claims SET pending = 0, move_id = :move_id, reasons = :reasons WHERE key = :key"

# An alert or a delivery that exists already is a mistake of the decision, not a repetition: it must be seen.
ADD_ALERT = insert("alerts", ALERT_COLUMNS)
ADD_DELIVERY = insert("deliveries", DELIVERY_COLUMNS)

# What is held back (a digest, quiet hours) of an earlier alert says less than the later one, which takes its place.
SUPERSEDE = """
UPDATE deliveries SET state = 'superseded', error = 'superseded by ' || :id
WHERE move_id = :move_id AND channel = :channel AND sequence < :sequence
  AND state = 'pending' AND attempts = 0 AND next_try_at > :created_at
  AND NOT EXISTS (
    SELECT 1 FROM alerts WHERE alerts.id = deliveries.alert_id
      AND (event = 'move.retracted' OR reasons LIKE '%corrected by hand%')
  )"""

# A correction that waits is not in what comes later; it goes before it, and so no later than that.
HURRY = """
UPDATE deliveries SET next_try_at = :next_try_at, due_at = :next_try_at
WHERE move_id = :move_id AND channel = :channel AND sequence < :sequence
  AND state = 'pending' AND attempts = 0 AND next_try_at > :next_try_at"""

FIND_MOVES = r"""
SELECT * FROM moves
WHERE (:person IS NULL OR :person IN (id, person_id) OR person_folded LIKE :person_part ESCAPE '\')
  AND (:company IS NULL OR :company IN (from_id, to_id) OR orgs_folded LIKE :company_part ESCAPE '\')
  AND (:since IS NULL OR updated_at >= :since)
ORDER BY updated_at DESC, id LIMIT :limit"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """The claims of one person key that wait, and the moves that they may belong to."""

    moves: tuple[Move, ...]
    claims: tuple[SourcedClaim, ...]


def pending_people(connection: Connection, limit: int) -> list[str]:
    return [row["person_key"] for row in connection.execute(PENDING_PEOPLE, (limit,))]


def load_pending(connection: Connection, person_key: str) -> Pending:
    return Pending(
        moves=_with_evidence(connection, connection.execute(MOVES_OF_PERSON, (person_key,))),
        claims=tuple(sourced_claim_from(row) for row in connection.execute(PENDING_CLAIMS, (person_key,))),
    )


def save_outcome(connection: Connection, before: Pending, outcome: Consolidation) -> None:
    known = {move.id: move for move in before.moves}
    for move in outcome.moves:
        connection.execute(SAVE_MOVE, _with_folded(move))
        _save_evidence(connection, known.get(move.id), move)
    connection.executemany(SETTLE_CLAIM, [_settled(claim.key, outcome) for claim in before.claims])
    _add_alerts(connection, outcome.alerts, outcome.deliveries)


def add_moves(connection: Connection, moves: Sequence[Move]) -> int:
    """Insert those of `moves` that the ledger does not hold; return how many were new."""
    new = [move for move in moves if connection.execute(ADD_MOVE, _with_folded(move)).rowcount]
    for move in new:
        _save_evidence(connection, None, move)
    return len(new)


def load_move(connection: Connection, id: str) -> Move:
    (move,) = _with_evidence(connection, connection.execute("SELECT * FROM moves WHERE id = ?", (id,)))
    return move


def save_corrected(connection: Connection, outcome: Corrected) -> None:
    connection.execute(SAVE_MOVE, _with_folded(outcome.move))
    _add_alerts(connection, (outcome.alert,) if outcome.alert else (), outcome.deliveries)


def find_moves(
    connection: Connection, *, person: str | None, company: str | None, since: datetime | None, limit: int
) -> list[Move]:
    """Return moves by person and company (an id or a part of a name) that changed since, newest first."""
    rows = connection.execute(
        FIND_MOVES,
        {
            "person": person,
            "person_part": _part(person),
            "company": company,
            "company_part": _part(company),
            "since": to_micros(since),
            "limit": limit,
        },
    )
    return list(_with_evidence(connection, rows))


def _with_evidence(connection: Connection, rows: Iterable[Row]) -> tuple[Move, ...]:
    return tuple(
        move_from(row, tuple(evidence_from(each) for each in connection.execute(EVIDENCE, (row["id"],))))
        for row in rows
    )


def _save_evidence(connection: Connection, before: Move | None, move: Move) -> None:
    """Write only what differs: a move that twenty outlets tell is not written twenty times twenty times."""
    old = {each.claim_key: (place, each) for place, each in enumerate(before.evidence)} if before else {}
    new = {each.claim_key: (place, each) for place, each in enumerate(move.evidence)}
    connection.executemany(FORGET_EVIDENCE, [(move.id, key) for key in old.keys() - new.keys()])
    changed = [placed for key, placed in new.items() if old.get(key) != placed]
    connection.executemany(SAVE_EVIDENCE, [evidence_values(each, move.id, place) for place, each in changed])


def _settled(claim_key: str, outcome: Consolidation) -> Values:
    move_id = outcome.support.get(claim_key)
    decision = outcome.decisions.get(move_id) if move_id else None
    return {"key": claim_key, "move_id": move_id, "reasons": reasons_json(decision.reasons if decision else ())}


def _add_alerts(connection: Connection, alerts: Sequence[Alert], deliveries: Sequence[Delivery]) -> None:
    connection.executemany(ADD_ALERT, [alert_values(alert) for alert in alerts])
    values = [delivery_values(delivery) for delivery in deliveries]
    connection.executemany(ADD_DELIVERY, values)
    connection.executemany(SUPERSEDE, values)
    connection.executemany(HURRY, values)


def _with_folded(move: Move) -> Values:
    orgs = "\n".join(name for name in (move.from_org, move.to_org) if name)
    return {**move_values(move), "person_folded": fold(nfc(move.person)), "orgs_folded": fold(nfc(orgs))}


def _part(name: str | None) -> str | None:
    """Write the LIKE pattern of a part of a name; the wildcards of SQL are letters in it."""
    if name is None:
        return None
    escaped = fold(nfc(name)).replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"
