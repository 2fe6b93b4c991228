-- Notifications: what happened to violations, and what each receiver was told of it.
--
-- The evaluator writes `notice` in the transaction that makes the transition, only where
-- COMPLIANCE_NOTIFY names receivers. The sender writes the other tables. Times are microseconds.

-- A transition, as it was when it happened; never changed. Removed once nobody waits for it.
CREATE TABLE notice (
  id INTEGER PRIMARY KEY,        -- rises as they are written
  digest BLOB NOT NULL UNIQUE,   -- hash of violation and transition: the id in messages
  kind TEXT NOT NULL,            -- abierta, inestable, tardia, continua, callada; resuelta, cerrada
  violation_digest BLOB NOT NULL,
  case_digest BLOB NOT NULL,     -- the first of a chain of `continua_de`
  subject BLOB NOT NULL,         -- hash of rule, server and key: what messages are in order of
  rule TEXT NOT NULL,
  severity TEXT NOT NULL,
  at INTEGER NOT NULL,           -- when it was known
  due_at INTEGER NOT NULL,       -- not told before: grace
  made_at INTEGER NOT NULL,      -- when it was written
  document TEXT NOT NULL         -- JSON: what was so
) STRICT;

-- What is known of a receiver; it stays when the file names it no more.
CREATE TABLE receiver (
  name TEXT PRIMARY KEY,
  notice_id INTEGER NOT NULL,     -- the last one that was looked at for it
  wants TEXT NOT NULL,            -- JSON: what it listens to, so that more is noticed
  digest_due INTEGER NOT NULL,    -- 1: a message was given up, and a digest is to follow
  failures INTEGER NOT NULL,      -- in a row
  paused_until INTEGER NOT NULL,
  error TEXT,                     -- the last one; never its address
  error_at INTEGER,
  sent_at INTEGER
) STRICT, WITHOUT ROWID;

-- What a receiver was told is so.
CREATE TABLE told (
  receiver TEXT NOT NULL,
  case_digest BLOB NOT NULL,
  subject BLOB NOT NULL,
  state TEXT NOT NULL,  -- abierta, inestable, cerrada: ended, but not as repaired
  at INTEGER NOT NULL,
  PRIMARY KEY (receiver, case_digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX told_by_subject ON told (receiver, subject);

-- A message to one receiver.
CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  receiver TEXT NOT NULL,
  digest BLOB NOT NULL,
  kind TEXT NOT NULL,
  notice_id INTEGER,         -- null of a digest
  subject BLOB,              -- null of a digest
  case_digest BLOB,
  digest_id INTEGER,         -- the digest that carries it
  again_of BLOB,             -- the digest of the message that it repeats, as somebody asked
  made_at INTEGER NOT NULL,
  not_before INTEGER NOT NULL,
  body TEXT,                 -- as it was sent first; null before
  attempts INTEGER NOT NULL,
  tried_at INTEGER,
  next_at INTEGER NOT NULL,  -- of the next try
  state TEXT NOT NULL,       -- esperando, enviado, fallido
  error TEXT,
  ended_at INTEGER
) STRICT;

CREATE INDEX message_waiting ON message (receiver, id) WHERE state = 'esperando';
CREATE INDEX message_in_order ON message (receiver, subject, id) WHERE state = 'esperando';
CREATE INDEX message_by_digest ON message (digest_id) WHERE digest_id IS NOT NULL;
CREATE INDEX message_by_notice ON message (notice_id);
CREATE INDEX message_ended ON message (ended_at) WHERE ended_at IS NOT NULL;
