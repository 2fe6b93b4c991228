-- Who may report, and who may read. A token itself is nowhere: what is kept is its SHA-256.

CREATE TABLE token (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  digest BLOB NOT NULL UNIQUE,
  scope TEXT NOT NULL CHECK (scope IN ('ingest', 'lectura', 'admin', 'inscripcion')),
  name TEXT,           -- what its owner calls it
  server TEXT,         -- the only server that it may report for: id:…, or a network; null for any
  created_at INTEGER NOT NULL,  -- microseconds since 1970, UTC
  expires_at INTEGER,
  revoked_at INTEGER,
  used_at INTEGER,     -- to about an hour
  uses_left INTEGER,   -- how many servers it may still enrol
  lifetime INTEGER,    -- microseconds, of the tokens that are given for it; null for ever
  enrolled_by INTEGER REFERENCES token (id)  -- the token that this one was given for
) STRICT;

CREATE INDEX token_by_server ON token (server);
