"""An empty or older database -> one of today's schema.

A migration that has been released is frozen: never edit one, never import live code into one; add the next.
Times and durations are integer microseconds (`*_at`, interval), flags 0 or 1, structures JSON text (docs/data.md).
"""

from __future__ import annotations

from sqlite_utils import Migrations
from sqlite_utils.db import Database

migrations = Migrations("monitor")

META_1 = """
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT"""

FEEDS_1 = """
CREATE TABLE feeds (
  id             TEXT PRIMARY KEY,
  url            TEXT NOT NULL UNIQUE,
  title          TEXT NOT NULL,
  etag           TEXT,
  last_modified  TEXT,
  body_hash      TEXT,
  interval       INTEGER NOT NULL,
  next_poll_at   INTEGER NOT NULL,
  last_poll_at   INTEGER,
  last_change_at INTEGER,
  failures       INTEGER NOT NULL DEFAULT 0,
  error          TEXT,
  polls          INTEGER NOT NULL DEFAULT 0,
  gone           INTEGER NOT NULL DEFAULT 0 CHECK (gone IN (0, 1)),
  active         INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
  added_at       INTEGER NOT NULL
) STRICT"""

# The text is the last column: SQLite reads those before it without walking its overflow pages.
ARTICLES_1 = """
CREATE TABLE articles (
  id            TEXT PRIMARY KEY,
  url           TEXT NOT NULL UNIQUE,
  outlet        TEXT NOT NULL,
  title         TEXT NOT NULL,
  language      TEXT,
  published_at  INTEGER NOT NULL,
  content_hash  TEXT NOT NULL,
  partial       INTEGER NOT NULL CHECK (partial IN (0, 1)),
  note          TEXT,
  first_read_at INTEGER NOT NULL,
  read_at       INTEGER NOT NULL,
  text          TEXT NOT NULL
) STRICT"""

ENTRIES_1 = """
CREATE TABLE entries (
  key           TEXT PRIMARY KEY,
  feed_id       TEXT NOT NULL REFERENCES feeds (id),
  guid          TEXT NOT NULL,
  url           TEXT,
  title         TEXT NOT NULL,
  summary       TEXT NOT NULL,
  author        TEXT,
  published_at  INTEGER,
  updated_at    INTEGER,
  content_hash  TEXT NOT NULL,
  state         TEXT NOT NULL CHECK (state IN ('new', 'read', 'skipped')),
  origin        TEXT NOT NULL,
  first_seen_at INTEGER NOT NULL,
  next_try_at   INTEGER NOT NULL,
  attempts      INTEGER NOT NULL DEFAULT 0,
  note          TEXT,
  ended_at      INTEGER,
  article_id    TEXT REFERENCES articles (id),
  UNIQUE (feed_id, guid)
) STRICT"""

HOSTS_1 = """
CREATE TABLE hosts (
  host    TEXT PRIMARY KEY,
  slot_at INTEGER NOT NULL
) STRICT"""

MOVES_1 = """
CREATE TABLE moves (
  id            TEXT PRIMARY KEY,
  person_key    TEXT NOT NULL,
  person        TEXT NOT NULL,
  person_id     TEXT,
  kind          TEXT NOT NULL,
  from_org      TEXT,
  to_org        TEXT,
  from_id       TEXT,
  to_id         TEXT,
  role          TEXT,
  from_role     TEXT,
  date          TEXT,
  status        TEXT NOT NULL,
  history       TEXT NOT NULL,
  confidence    REAL NOT NULL,
  register      TEXT NOT NULL,
  origin        TEXT NOT NULL,
  background    INTEGER NOT NULL CHECK (background IN (0, 1)),
  first_seen_at INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL,
  source        TEXT,
  note          TEXT,
  needs_review  TEXT,
  sequence      INTEGER NOT NULL,
  told          TEXT,
  person_folded TEXT NOT NULL,
  orgs_folded   TEXT NOT NULL
) STRICT"""

# No reference to claims: a known move's evidence comes from the watchlist, of which there is no article.
EVIDENCE_1 = """
CREATE TABLE evidence (
  move_id      TEXT NOT NULL REFERENCES moves (id),
  claim_key    TEXT NOT NULL,
  position     INTEGER NOT NULL,
  article_id   TEXT NOT NULL,
  url          TEXT NOT NULL,
  outlet       TEXT NOT NULL,
  title        TEXT NOT NULL,
  published_at INTEGER NOT NULL,
  sentence     TEXT NOT NULL,
  status       TEXT NOT NULL,
  background   INTEGER NOT NULL CHECK (background IN (0, 1)),
  confidence   REAL NOT NULL,
  PRIMARY KEY (move_id, claim_key)
) STRICT"""

CLAIMS_1 = """
CREATE TABLE claims (
  key          TEXT PRIMARY KEY,
  article_id   TEXT NOT NULL REFERENCES articles (id),
  person_key   TEXT NOT NULL,
  person       TEXT NOT NULL,
  kind         TEXT NOT NULL,
  from_org     TEXT,
  to_org       TEXT,
  role         TEXT,
  from_role    TEXT,
  date         TEXT,
  status       TEXT NOT NULL,
  background   INTEGER NOT NULL CHECK (background IN (0, 1)),
  evidence     TEXT NOT NULL,
  span_start   INTEGER NOT NULL,
  span_end     INTEGER NOT NULL,
  confidence   REAL NOT NULL,
  register     TEXT NOT NULL,
  trigger      TEXT NOT NULL,
  rule         TEXT NOT NULL,
  url          TEXT NOT NULL,
  outlet       TEXT NOT NULL,
  title        TEXT NOT NULL,
  published_at INTEGER NOT NULL,
  person_id    TEXT,
  from_id      TEXT,
  to_id        TEXT,
  origin       TEXT NOT NULL,
  needs_review TEXT,
  pending      INTEGER NOT NULL CHECK (pending IN (0, 1)),
  move_id      TEXT REFERENCES moves (id),
  reasons      TEXT,
  recorded_at  INTEGER NOT NULL,
  withdrawn_at INTEGER
) STRICT"""

GROUPS_1 = """
CREATE TABLE groups (
  key         TEXT PRIMARY KEY,
  article_id  TEXT NOT NULL REFERENCES articles (id),
  name        TEXT NOT NULL,
  counted     INTEGER,
  out_of      INTEGER,
  kind        TEXT,
  from_org    TEXT,
  to_org      TEXT,
  date        TEXT,
  status      TEXT NOT NULL,
  background  INTEGER NOT NULL CHECK (background IN (0, 1)),
  evidence    TEXT NOT NULL,
  recorded_at INTEGER NOT NULL
) STRICT"""

ALERTS_1 = """
CREATE TABLE alerts (
  id         TEXT PRIMARY KEY,
  move_id    TEXT NOT NULL REFERENCES moves (id),
  sequence   INTEGER NOT NULL,
  event      TEXT NOT NULL,
  reasons    TEXT NOT NULL,
  origin     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  payload    TEXT NOT NULL,
  UNIQUE (move_id, sequence)
) STRICT"""

# Move and sequence of the alert stand here again: a lease orders by them without a join.
DELIVERIES_1 = """
CREATE TABLE deliveries (
  id          TEXT PRIMARY KEY,
  alert_id    TEXT NOT NULL REFERENCES alerts (id),
  move_id     TEXT NOT NULL REFERENCES moves (id),
  sequence    INTEGER NOT NULL,
  channel     TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('pending', 'leased', 'accepted', 'dead')),
  attempts    INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  next_try_at INTEGER NOT NULL,
  error       TEXT,
  accepted_at INTEGER,
  UNIQUE (alert_id, channel)
) STRICT"""

# What is due or open is a small part of each table and has its own small index.
INDEXES_1 = (
    "CREATE INDEX feeds_due ON feeds (next_poll_at) WHERE active = 1 AND gone = 0",
    "CREATE INDEX entries_due ON entries (next_try_at) WHERE state = 'new'",
    "CREATE INDEX claims_article_id ON claims (article_id)",
    "CREATE INDEX claims_pending ON claims (person_key, published_at) WHERE pending = 1",
    "CREATE INDEX groups_article_id ON groups (article_id)",
    "CREATE INDEX moves_person_key ON moves (person_key)",
    "CREATE INDEX moves_updated_at ON moves (updated_at)",
    "CREATE INDEX deliveries_created_at ON deliveries (created_at)",
    "CREATE INDEX deliveries_due ON deliveries (next_try_at) WHERE state IN ('pending', 'leased')",
    """CREATE INDEX deliveries_open ON deliveries (move_id, channel, sequence)
       WHERE state IN ('pending', 'leased')""",
)

# A due time alone does not tell a lease from a plan; whoever takes over the state of a dead process must know (0042).
LEASES_4 = (
    "ALTER TABLE feeds ADD COLUMN leased INTEGER NOT NULL DEFAULT 0 CHECK (leased IN (0, 1))",
    "ALTER TABLE entries ADD COLUMN leased INTEGER NOT NULL DEFAULT 0 CHECK (leased IN (0, 1))",
)

# An alert may be about an endpoint, of no move; a delivery may be held for a digest, superseded or silenced.
# `due_at` is when it was first due, and again when it is replayed: from then on it is given up after some days.
ALERTS_5 = """
CREATE TABLE alerts_5 (
  id         TEXT PRIMARY KEY,
  move_id    TEXT REFERENCES moves (id),
  sequence   INTEGER NOT NULL,
  event      TEXT NOT NULL,
  reasons    TEXT NOT NULL,
  origin     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  payload    TEXT NOT NULL,
  UNIQUE (move_id, sequence)
) STRICT"""

DELIVERIES_5 = """
CREATE TABLE deliveries_5 (
  id          TEXT PRIMARY KEY,
  alert_id    TEXT NOT NULL REFERENCES alerts (id),
  move_id     TEXT REFERENCES moves (id),
  sequence    INTEGER NOT NULL,
  channel     TEXT NOT NULL,
  state       TEXT NOT NULL
              CHECK (state IN ('pending', 'leased', 'accepted', 'dead', 'superseded', 'silenced')),
  attempts    INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  due_at      INTEGER NOT NULL,
  next_try_at INTEGER NOT NULL,
  error       TEXT,
  accepted_at INTEGER,
  digest      TEXT,
  UNIQUE (alert_id, channel)
) STRICT"""

MOVE_5 = """
INSERT INTO alerts_5 SELECT id, move_id, sequence, event, reasons, origin, created_at, payload FROM alerts;
DROP TABLE alerts;
ALTER TABLE alerts_5 RENAME TO alerts;
INSERT INTO deliveries_5
SELECT id, alert_id, move_id, sequence, channel, state, attempts, created_at, created_at, next_try_at, error,
  accepted_at, NULL
FROM deliveries ORDER BY rowid;
DROP TABLE deliveries;
ALTER TABLE deliveries_5 RENAME TO deliveries"""

ENDPOINTS_5 = """
CREATE TABLE endpoints (
  channel     TEXT PRIMARY KEY,
  failures    INTEGER NOT NULL,
  error       TEXT,
  retry_at    INTEGER,
  disabled_at INTEGER,
  noticed_at  INTEGER
) STRICT"""

SILENCES_5 = """
CREATE TABLE silences (
  id         TEXT PRIMARY KEY,
  matchers   TEXT NOT NULL,
  author     TEXT NOT NULL,
  reason     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT"""

CORRECTIONS_5 = """
CREATE TABLE corrections (
  id         TEXT PRIMARY KEY,
  move_id    TEXT NOT NULL REFERENCES moves (id),
  verdict    TEXT NOT NULL,
  author     TEXT NOT NULL,
  reason     TEXT NOT NULL,
  before     TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT"""

RETRACTED_5 = "ALTER TABLE moves ADD COLUMN retracted TEXT"

INDEXES_5 = (
    "CREATE INDEX deliveries_created_at ON deliveries (created_at)",
    "CREATE INDEX deliveries_due ON deliveries (next_try_at) WHERE state IN ('pending', 'leased')",
    "CREATE INDEX deliveries_of_channel ON deliveries (channel, next_try_at) WHERE state IN ('pending', 'leased')",
    """CREATE INDEX deliveries_open ON deliveries (move_id, channel, sequence)
       WHERE state IN ('pending', 'leased')""",
    "CREATE INDEX deliveries_of_move ON deliveries (move_id)",
)

# What an entry is known by when its GUID changes (0090).
ADDRESSES_6 = (
    "ALTER TABLE entries ADD COLUMN address TEXT",
    "CREATE INDEX entries_address ON entries (feed_id, address)",
    "CREATE INDEX entries_published_at ON entries (feed_id, published_at)",
)

# How a feed is to be polled (0091), what was told of its health, and what hosts allow (0092).
FEEDS_7 = (
    "ALTER TABLE feeds ADD COLUMN rhythm INTEGER",
    "ALTER TABLE feeds ADD COLUMN news_at INTEGER",
    "ALTER TABLE feeds ADD COLUMN ttl INTEGER",
    "ALTER TABLE feeds ADD COLUMN skip_hours TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE feeds ADD COLUMN skip_days TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE feeds ADD COLUMN moved_to TEXT",
    "ALTER TABLE feeds ADD COLUMN moves INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE feeds ADD COLUMN quiet_at INTEGER",
    "ALTER TABLE feeds ADD COLUMN told TEXT CHECK (told IN ('failing', 'quiet'))",
    "CREATE INDEX feeds_failing ON feeds (failures) WHERE failures > 0",
    "CREATE INDEX feeds_quiet ON feeds (quiet_at) WHERE quiet_at IS NOT NULL AND told IS NULL",
    "CREATE INDEX feeds_told ON feeds (told) WHERE told IS NOT NULL",
    """CREATE TABLE robots (
  host       TEXT PRIMARY KEY,
  rules      TEXT NOT NULL,
  silent     INTEGER NOT NULL CHECK (silent IN (0, 1)),
  expires_at INTEGER NOT NULL
) STRICT""",
)

# The same text from several outlets is one article with several outlets (0094).
COPIES_8 = (
    "ALTER TABLE articles ADD COLUMN copy_of TEXT REFERENCES articles (id)",
    "CREATE INDEX articles_copy_of ON articles (copy_of) WHERE copy_of IS NOT NULL",
    "CREATE INDEX feeds_gone ON feeds (gone) WHERE gone = 1",
    """CREATE TABLE fingerprints (
  article_id TEXT PRIMARY KEY REFERENCES articles (id),
  runs       INTEGER NOT NULL,
  smallest   TEXT NOT NULL
) STRICT""",
    """CREATE TABLE fingerprint_keys (
  key        INTEGER NOT NULL,
  article_id TEXT NOT NULL REFERENCES articles (id),
  PRIMARY KEY (key, article_id)
) STRICT, WITHOUT ROWID""",
    "CREATE INDEX fingerprint_keys_article_id ON fingerprint_keys (article_id)",
)

# What hubs were asked to send, and what they sent that is not read yet (0023).
WEBSUB_9 = (
    """CREATE TABLE subscriptions (
  feed_id     TEXT PRIMARY KEY REFERENCES feeds (id),
  hub         TEXT NOT NULL,
  topic       TEXT NOT NULL,
  callback    TEXT NOT NULL,
  token       TEXT NOT NULL UNIQUE,
  secret      TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('asked', 'live', 'denied')),
  next_try_at INTEGER NOT NULL,
  asked_at    INTEGER,
  verified_at INTEGER,
  expires_at  INTEGER,
  pushed_at   INTEGER,
  attempts    INTEGER NOT NULL,
  missed      INTEGER NOT NULL,
  error       TEXT
) STRICT""",
    "CREATE INDEX subscriptions_due ON subscriptions (next_try_at)",
    """CREATE TABLE pushes (
  id           TEXT PRIMARY KEY,
  feed_id      TEXT NOT NULL REFERENCES feeds (id),
  topic        TEXT NOT NULL,
  body         BLOB NOT NULL,
  content_type TEXT NOT NULL,
  received_at  INTEGER NOT NULL,
  next_try_at  INTEGER NOT NULL,
  leased       INTEGER NOT NULL DEFAULT 0 CHECK (leased IN (0, 1))
) STRICT""",
    "CREATE INDEX pushes_feed_id ON pushes (feed_id)",
)

# Routes ask which feeds led to an article.
ENTRIES_10 = "CREATE INDEX entries_article_id ON entries (article_id) WHERE article_id IS NOT NULL"

# A host's Crawl-delay, in microseconds.
ROBOTS_11 = "ALTER TABLE robots ADD COLUMN delay INTEGER"


@migrations(name="0001_feeds_entries_articles")
def _feeds_entries_articles(db: Database) -> None:
    for table in (META_1, FEEDS_1, ARTICLES_1, ENTRIES_1, HOSTS_1):
        db.execute(table)


@migrations(name="0002_moves_claims_alerts")
def _moves_claims_alerts(db: Database) -> None:
    for table in (MOVES_1, EVIDENCE_1, CLAIMS_1, GROUPS_1, ALERTS_1, DELIVERIES_1):
        db.execute(table)


@migrations(name="0003_indexes")
def _indexes(db: Database) -> None:
    for index in INDEXES_1:
        db.execute(index)


@migrations(name="0004_leases")
def _leases(db: Database) -> None:
    for column in LEASES_4:
        db.execute(column)


@migrations(name="0005_digests_endpoints_corrections")
def _digests_endpoints_corrections(db: Database) -> None:
    for table in (ALERTS_5, DELIVERIES_5, ENDPOINTS_5, SILENCES_5, CORRECTIONS_5):
        db.execute(table)
    for step in (*MOVE_5.split(";"), RETRACTED_5, *INDEXES_5):
        db.execute(step)


@migrations(name="0006_addresses")
def _addresses(db: Database) -> None:
    for step in ADDRESSES_6:
        db.execute(step)


@migrations(name="0007_manners")
def _manners(db: Database) -> None:
    for step in FEEDS_7:
        db.execute(step)


@migrations(name="0008_copies")
def _copies(db: Database) -> None:
    for step in COPIES_8:
        db.execute(step)


@migrations(name="0009_websub")
def _websub(db: Database) -> None:
    for step in WEBSUB_9:
        db.execute(step)


@migrations(name="0010_feeds_of_articles")
def _feeds_of_articles(db: Database) -> None:
    db.execute(ENTRIES_10)


@migrations(name="0011_crawl_delay")
def _crawl_delay(db: Database) -> None:
    db.execute(ROBOTS_11)
