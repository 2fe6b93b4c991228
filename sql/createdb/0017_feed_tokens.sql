-- Tokens of feed readers: a scope that opens /novedades.atom alone. SQLite changes no CHECK, so the
-- table is made anew. Its numbers go on where they were.

CREATE TABLE token_with_feeds (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  digest BLOB NOT NULL UNIQUE,
  scope TEXT NOT NULL
    CHECK (scope IN ('ingest', 'lectura', 'admin', 'inscripcion', 'novedades')),
  name TEXT,           -- what its owner calls it
  server TEXT,         -- the only server that it may report for: id:…, or a network; null for any
  created_at INTEGER NOT NULL,  -- microseconds since 1970, UTC
  expires_at INTEGER,
  revoked_at INTEGER,
  used_at INTEGER,     -- to about an hour
  uses_left INTEGER,   -- how many servers it may still enrol
  lifetime INTEGER,    -- microseconds, of the tokens that are given for it; null for ever
  enrolled_by INTEGER REFERENCES token_with_feeds (id),  -- the token that this one was given for
  request_digest BLOB  -- of the request that it answered
) STRICT;

INSERT INTO token_with_feeds (
  id, digest, scope, name, server, created_at, expires_at, revoked_at, used_at, uses_left, lifetime,
  enrolled_by, request_digest
)
SELECT id, digest, scope, name, server, created_at, expires_at, revoked_at, used_at, uses_left,
  lifetime, enrolled_by, request_digest
FROM token;

DELETE FROM sqlite_sequence WHERE name = 'token_with_feeds';
INSERT INTO sqlite_sequence (name, seq)
SELECT 'token_with_feeds', seq FROM sqlite_sequence WHERE name = 'token';

DROP TABLE token;
ALTER TABLE token_with_feeds RENAME TO token;

CREATE INDEX token_by_server ON token (server, created_at);
CREATE INDEX token_by_parent ON token (enrolled_by);
