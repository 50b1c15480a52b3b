"""Fingerprints of articles, and whose text an article is <-> rows, inside the caller's transaction.

Never decides what a copy is: rows that share a key are candidates.
"""

from __future__ import annotations

from datetime import datetime
from sqlite3 import Connection, Row

from monitor.model import ArticleResult, Fingerprint
from monitor.store.times import to_micros

SAVE = """
INSERT INTO fingerprints (article_id, runs, smallest) VALUES (:article_id, :runs, :smallest)
ON CONFLICT (article_id) DO UPDATE SET runs = excluded.runs, smallest = excluded.smallest"""

FORGET_KEYS = "DELETE FROM fingerprint_keys WHERE article_id = ?"
ADD_KEY = "INSERT INTO fingerprint_keys (key, article_id) VALUES (?, ?) ON CONFLICT DO NOTHING"

MARK = "UPDATE articles SET copy_of = :copy_of WHERE id = :id"

ALIKE = """
SELECT articles.first_read_at, fingerprints.* FROM fingerprint_keys
JOIN fingerprints ON fingerprints.article_id = fingerprint_keys.article_id
JOIN articles ON articles.id = fingerprint_keys.article_id
WHERE fingerprint_keys.key = :key AND articles.copy_of IS NULL AND articles.first_read_at >= :since"""


def save(connection: Connection, result: ArticleResult) -> None:
    """Write whose text the article is, and its fingerprint if copies of it are to be found."""
    id, found = result.article.id, result.fingerprint
    connection.execute(MARK, {"id": id, "copy_of": result.copy_of})
    connection.execute(FORGET_KEYS, (id,))
    if found is None:
        return
    smallest = " ".join(f"{value:x}" for value in found.smallest)
    connection.execute(SAVE, {"article_id": id, "runs": found.runs, "smallest": smallest})
    connection.executemany(ADD_KEY, [(key, id) for key in found.keys])


def find_alike(connection: Connection, fingerprint: Fingerprint, since: datetime) -> list[tuple[str, Fingerprint]]:
    asked = [{"key": key, "since": to_micros(since)} for key in fingerprint.keys]
    rows = {row["article_id"]: row for one in asked for row in connection.execute(ALIKE, one)}
    ordered = sorted(rows.values(), key=lambda row: (row["first_read_at"], row["article_id"]))
    return [(row["article_id"], _fingerprint_from(row)) for row in ordered]


def _fingerprint_from(row: Row) -> Fingerprint:
    return Fingerprint(runs=row["runs"], smallest=tuple(int(value, 16) for value in row["smallest"].split()))
