BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'monitor','0001_feeds_entries_articles','2026-11-22 00:52:15.830310+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'monitor','0002_moves_claims_alerts','2026-11-22 00:52:15.830906+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'monitor','0003_indexes','2026-11-22 00:52:15.831320+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'monitor','0004_leases','2026-11-22 01:46:10.603854+00:00');
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
) STRICT;
INSERT INTO "alerts" VALUES('35fa7b4ae1f58f8d','b6265c3694a05be0',1,'move.new','["new"]','live',1749556800123456,'{"type":"move.new","person":"Ada Lovelace – “Countess”","evidence":[{"n":1}],"to":null}');
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
) STRICT;
INSERT INTO "articles" VALUES('7072c7b227f41241','https://outlet.example/1','outlet.example','Ada Lovelace joins Cohere','en',1749556740123456,'8c659079df2cf0ab',0,NULL,1749556800123456,1749556800123456,'Ada Lovelace has joined Cohere from Meta, as chief scientist. Copy 1.');
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
) STRICT;
INSERT INTO "claims" VALUES('f2e96c79e91e5789','7072c7b227f41241','lovelace','Ada Lovelace','move','Meta','Cohere','chief scientist','research lead','2025-06','reported',0,'Ada Lovelace has joined Cohere from Meta, as chief scientist.',26,87,0.9,'business','has joined','join','https://outlet.example/1','outlet.example','Ada Lovelace joins Cohere',1749556740123456,'ada-lovelace','meta','cohere','live',NULL,0,'b6265c3694a05be0','["new"]',1749556800123456,NULL);
INSERT INTO "claims" VALUES('fcf6ac6530688609','7072c7b227f41241','turing','Alan Turing','move','Meta','Cohere','chief scientist','research lead','2025-06','reported',0,'Ada Lovelace has joined Cohere from Meta, as chief scientist.',26,87,0.9,'business','has joined','join','https://outlet.example/1','outlet.example','Ada Lovelace joins Cohere',1749556740123456,'ada-lovelace','meta','cohere','live',NULL,1,NULL,NULL,1749556800123456,NULL);
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
) STRICT;
INSERT INTO "deliveries" VALUES('msg_073df9667965ad73','35fa7b4ae1f58f8d','b6265c3694a05be0',1,'team','pending',0,1749556800123456,1749556800123456,NULL,NULL);
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
  article_id    TEXT REFERENCES articles (id), leased INTEGER NOT NULL DEFAULT 0 CHECK (leased IN (0, 1)),
  UNIQUE (feed_id, guid)
) STRICT;
INSERT INTO "entries" VALUES('cdaa3712af56b573','b54a1c82ffeb3c56','guid-1','https://outlet.example/1','Ada Lovelace joins Cohere, part 1','The mathematician left Meta.','A. Reporter',1749556740123456,1749556800123456,'5fcfbc4571b04872','read','live',1749556800123456,1749556800123456,0,NULL,1749556800123456,'7072c7b227f41241',0);
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
) STRICT;
INSERT INTO "evidence" VALUES('b6265c3694a05be0','f2e96c79e91e5789',0,'7072c7b227f41241','https://outlet.example/1','outlet.example','Ada Lovelace joins Cohere',1749556740123456,'Ada Lovelace has joined Cohere from Meta, as chief scientist.','reported',0,0.9);
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
, leased INTEGER NOT NULL DEFAULT 0 CHECK (leased IN (0, 1))) STRICT;
INSERT INTO "feeds" VALUES('b54a1c82ffeb3c56','https://a.example/feed','Feed a',NULL,NULL,NULL,900000000,1749556800123456,NULL,NULL,0,NULL,0,0,1,1749556800123456,0);
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
) STRICT;
INSERT INTO "groups" VALUES('cec8212777d0a47f','7072c7b227f41241','authors of the paper',11,14,'leave','Meta',NULL,NULL,'confirmed',0,'Eleven of the fourteen have left.',1749556800123456);
CREATE TABLE hosts (
  host    TEXT PRIMARY KEY,
  slot_at INTEGER NOT NULL
) STRICT;
INSERT INTO "hosts" VALUES('outlet.example',1749556800123456);
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;
INSERT INTO "meta" VALUES('created_at','2025-06-10T12:00:00.123456+00:00');
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
) STRICT;
INSERT INTO "moves" VALUES('b6265c3694a05be0','lovelace','Ada Lovelace','ada-lovelace','move','Meta','Cohere','meta','cohere','chief scientist',NULL,'2025-06','reported','[["reported",1749556800123456,"https://outlet.example/1"]]',0.9,'business','live',0,1749556800123456,1749556800123456,NULL,NULL,NULL,1,NULL,'ada lovelace','meta
cohere');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX feeds_due ON feeds (next_poll_at) WHERE active = 1 AND gone = 0;
CREATE INDEX entries_due ON entries (next_try_at) WHERE state = 'new';
CREATE INDEX claims_article_id ON claims (article_id);
CREATE INDEX claims_pending ON claims (person_key, published_at) WHERE pending = 1;
CREATE INDEX groups_article_id ON groups (article_id);
CREATE INDEX moves_person_key ON moves (person_key);
CREATE INDEX moves_updated_at ON moves (updated_at);
CREATE INDEX deliveries_created_at ON deliveries (created_at);
CREATE INDEX deliveries_due ON deliveries (next_try_at) WHERE state IN ('pending', 'leased');
CREATE INDEX deliveries_open ON deliveries (move_id, channel, sequence)
       WHERE state IN ('pending', 'leased');
COMMIT;
