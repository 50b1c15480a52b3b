"""Entries to read, articles and their claims <-> rows, inside the caller's transaction.  Never sees a raw page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from sqlite3 import Connection, Row

from monitor.model import (
    Article,
    ArticleResult,
    Entry,
    EntryToRead,
    GroupClaim,
    Origin,
    Reason,
    SourcedClaim,
    content_id,
)
from monitor.store.rows import (
    CLAIM_COLUMNS,
    FEEDS_OF,
    entry_from,
    insert,
    reasons_from,
    sourced_claim_from,
    sourced_claim_values,
)
from monitor.store.times import from_micros, to_micros

# Attempts are counted as they begin: an entry whose page kills the reader is seen to have been tried.
LEASE = """
UPDATE entries SET next_try_at = :until, attempts = attempts + 1, leased = 1
WHERE key IN (
  SELECT key FROM entries WHERE state = 'new' AND next_try_at <= :now
  ORDER BY next_try_at LIMIT :limit
)
RETURNING *, (SELECT articles.content_hash FROM articles WHERE articles.id = entries.article_id) AS article_hash"""

# Also of an entry that was read from its feed alone because its page could not be had.
RETRY = """
UPDATE entries SET state = 'new', next_try_at = :at, note = :note, ended_at = NULL, leased = 0 WHERE key = :key"""

RESUME = "UPDATE entries SET next_try_at = ?, leased = 0 WHERE state = 'new' AND leased = 1"

# An entry that was edited while it was looked at, or its page was read, stays due.
SKIP = """
UPDATE entries SET
  state = CASE WHEN content_hash = :content_hash THEN 'skipped' ELSE state END,
  ended_at = CASE WHEN content_hash = :content_hash THEN :now ELSE ended_at END,
  note = :note, leased = 0, article_id = coalesce(:article_id, article_id)
WHERE key = :key AND state = 'new'"""

# A feed that leads to one page again has news on it, such as a changelog.
WAS_READ = """
SELECT 1 FROM articles WHERE id = :id AND partial = 0 AND (
  read_at >= :first_seen_at
  OR read_at >= :since AND NOT EXISTS (SELECT 1 FROM entries WHERE article_id = :id AND feed_id = :feed_id)
)"""

END = """
UPDATE entries SET
  article_id = :article_id,
  state = CASE WHEN content_hash = :content_hash THEN 'read' ELSE state END,
  ended_at = CASE WHEN content_hash = :content_hash THEN :now ELSE ended_at END,
  note = :note,
  leased = 0
WHERE key = :key"""

SAVE_ARTICLE = """
INSERT INTO articles (
  id, url, outlet, title, language, published_at, content_hash, partial, note, first_read_at, read_at, text
) VALUES (
  :id, :url, :outlet, :title, :language, :published_at, :content_hash, :partial, :note, :now, :now, :text
)
ON CONFLICT (id) DO UPDATE SET
  outlet = excluded.outlet, title = excluded.title, language = excluded.language,
  published_at = excluded.published_at, content_hash = excluded.content_hash, partial = excluded.partial,
  note = excluded.note, read_at = excluded.read_at, text = excluded.text"""

ARTICLE = "SELECT * FROM articles WHERE id = ?"

ARTICLES = """
SELECT * FROM articles WHERE published_at >= :since AND url > :after AND text <> '' ORDER BY url LIMIT :limit"""

CLAIMS = f"""
SELECT *, {FEEDS_OF.format("claims.article_id")} AS feeds
FROM claims WHERE article_id = ? ORDER BY span_start, key"""  # noqa: S608 - a constant

FEEDS = "SELECT DISTINCT feed_id FROM entries WHERE article_id = ? ORDER BY feed_id"

ADD_CLAIM = insert("claims", CLAIM_COLUMNS) + " ON CONFLICT (key) DO NOTHING"

# What the article no longer says is not told any more; what was already settled from it stays, marked.
WITHDRAW_CLAIM = "UPDATE claims SET withdrawn_at = :now, pending = 0 WHERE key = :key"

RESTORE_CLAIM = """
UPDATE claims SET withdrawn_at = NULL, pending = CASE WHEN reasons IS NULL THEN 1 ELSE 0 END WHERE key = :key"""

FORGET_GROUPS = "DELETE FROM groups WHERE article_id = ?"

ADD_GROUP = """
INSERT INTO groups (
  key, article_id, name, counted, out_of, kind, from_org, to_org, date, status, background, evidence, recorded_at
) VALUES (
  :key, :article_id, :name, :counted, :out_of, :kind, :from_org, :to_org, :date, :status, :background, :evidence, :now
)
ON CONFLICT (key) DO NOTHING"""


def lease_entries(connection: Connection, now: datetime, until: datetime, limit: int) -> list[EntryToRead]:
    rows = connection.execute(LEASE, {"now": to_micros(now), "until": to_micros(until), "limit": limit})
    return sorted((_entry_to_read(row) for row in rows), key=lambda leased: (leased.first_seen_at, leased.entry.key))


def _entry_to_read(row: Row) -> EntryToRead:
    return EntryToRead(
        entry=entry_from(row),
        origin=Origin(row["origin"]),
        first_seen_at=from_micros(row["first_seen_at"]),
        attempts=row["attempts"] - 1,
        article_hash=row["article_hash"],
    )


def retry_entry(connection: Connection, key: str, at: datetime, error: str) -> None:
    connection.execute(RETRY, {"key": key, "at": to_micros(at), "note": error})


def resume(connection: Connection, now: datetime) -> None:
    connection.execute(RESUME, (to_micros(now),))


def skip_entry(connection: Connection, entry: Entry, reason: str, now: datetime, article_id: str | None = None) -> None:
    skipped = {"key": entry.key, "content_hash": entry.content_hash}
    connection.execute(SKIP, skipped | {"note": reason, "now": to_micros(now), "article_id": article_id})


def was_read(connection: Connection, article_id: str, leased: EntryToRead, since: datetime) -> bool:
    times = {"first_seen_at": to_micros(leased.first_seen_at), "since": to_micros(since)}
    found = connection.execute(WAS_READ, {"id": article_id, "feed_id": leased.entry.feed_id, **times})
    return found.fetchone() is not None


def end_entry(connection: Connection, leased: EntryToRead, article: Article, now: datetime) -> None:
    connection.execute(
        END,
        {
            "key": leased.entry.key,
            "article_id": article.id,
            "content_hash": leased.entry.content_hash,
            "note": article.note,
            "now": to_micros(now),
        },
    )


def save_article(connection: Connection, article: Article, now: datetime) -> None:
    connection.execute(
        SAVE_ARTICLE,
        {
            "id": article.id,
            "url": article.url,
            "outlet": article.outlet,
            "title": article.title,
            "language": article.language,
            "published_at": to_micros(article.published_at),
            "content_hash": article.content_hash,
            "partial": article.partial,
            "note": article.note,
            "text": article.text,
            "now": to_micros(now),
        },
    )


def save_claims(
    connection: Connection, result: ArticleResult, person_key: Callable[[SourcedClaim], str], now: datetime
) -> None:
    """Add the claims that are new, withdraw those that vanished, restore those that came back."""
    stored = {row["key"]: row["withdrawn_at"] for row in connection.execute(CLAIMS, (result.article.id,))}
    said = {claim.key: claim for claim in result.claims}
    micros = to_micros(now)
    fixed = {"pending": 1, "recorded_at": micros}
    connection.executemany(
        ADD_CLAIM,
        [
            {**sourced_claim_values(claim), **fixed, "person_key": person_key(claim)}
            for key, claim in said.items()
            if key not in stored
        ],
    )
    vanished = [key for key, withdrawn_at in stored.items() if key not in said and withdrawn_at is None]
    returned = [key for key, withdrawn_at in stored.items() if key in said and withdrawn_at is not None]
    connection.executemany(WITHDRAW_CLAIM, [{"key": key, "now": micros} for key in vanished])
    connection.executemany(RESTORE_CLAIM, [{"key": key} for key in returned])


def find_claims(
    connection: Connection, article_id: str
) -> list[tuple[SourcedClaim, str | None, tuple[Reason, ...] | None]]:
    return [
        (sourced_claim_from(row), row["move_id"], reasons_from(row["reasons"]) if row["reasons"] else None)
        for row in connection.execute(CLAIMS, (article_id,))
    ]


def find_feeds(connection: Connection, article_id: str) -> tuple[str, ...]:
    """Return the ids of the feeds whose entries led to an article."""
    return tuple(row["feed_id"] for row in connection.execute(FEEDS, (article_id,)))


def find_article(connection: Connection, id: str) -> Article | None:
    row = connection.execute(ARTICLE, (id,)).fetchone()
    return _article_from(row) if row else None


def find_articles(connection: Connection, since: datetime, after: str, limit: int) -> list[Article]:
    """Return articles whose text is kept, published since then, in the order of their addresses after `after`."""
    parameters = {"since": to_micros(since), "after": after, "limit": limit}
    return [_article_from(row) for row in connection.execute(ARTICLES, parameters)]


def _article_from(row: Row) -> Article:
    return Article(
        **{name: row[name] for name in ("url", "title", "text", "outlet", "language", "note")},
        published_at=from_micros(row["published_at"]),
        partial=bool(row["partial"]),
    )


def save_groups(connection: Connection, article_id: str, groups: Sequence[GroupClaim], now: datetime) -> None:
    """Replace what the article said of groups: nothing hangs on these rows."""
    connection.execute(FORGET_GROUPS, (article_id,))
    names = ("kind", "from_org", "to_org", "date", "status", "background", "evidence")
    connection.executemany(
        ADD_GROUP,
        [
            {
                **{name: getattr(group, name) for name in names},
                "key": content_id(article_id, group.group, group.kind or "", group.to_org or "", group.evidence),
                "article_id": article_id,
                "name": group.group,
                "counted": group.count,
                "out_of": group.of,
                "now": to_micros(now),
            }
            for group in groups
        ],
    )
