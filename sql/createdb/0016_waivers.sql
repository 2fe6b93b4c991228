-- Waivers: administrators accept for a time that a rule fails on some servers.
--
-- A waiver changes no verdict and no violation: it stands beside them, and which ones it covers is
-- found anew at each moment. It holds from when it is told until its end, or until it is revoked. It
-- is not changed otherwise, and never removed. It stands in `audit.jsonl` as well, since no report
-- tells it. Exactly one of server, tag and network is given. Times are microseconds.

CREATE TABLE waiver (
  id INTEGER PRIMARY KEY,  -- rises as they are told
  rule TEXT NOT NULL,
  server_id INTEGER REFERENCES server (id),
  tag_key TEXT,
  tag_value TEXT,
  network TEXT,            -- as 10.1.0.0/16
  key TEXT,                -- JSON object: columns of the rule's `clave` and their values; null: all
  reason TEXT NOT NULL,
  told_by TEXT,
  at INTEGER NOT NULL UNIQUE,  -- when it was told, and takes effect; rises
  until_at INTEGER NOT NULL,   -- a whole minute
  revoked_at INTEGER,
  revoked_by TEXT
) STRICT;

CREATE INDEX waiver_by_end ON waiver (until_at);
