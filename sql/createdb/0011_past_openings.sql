-- What the records from before a text was taken up say of it: since when what it found open then had
-- been so. Nobody was ever told of it. Times are microseconds.

-- The texts whose servers' older records are judged aside, and how far that is.
CREATE TABLE policy_past (
  text_id INTEGER PRIMARY KEY REFERENCES policy_text (id),
  since_at INTEGER NOT NULL,
  until_at INTEGER NOT NULL,       -- when the text was taken up
  servers_done INTEGER NOT NULL,   -- the greatest number of a server that is judged; 0 for none
  attempts INTEGER NOT NULL,       -- processes that began it since it last went on
  ended_at INTEGER,
  ended_as TEXT                    -- done, superseded, failed
) STRICT;

CREATE INDEX policy_past_due ON policy_past (until_at) WHERE ended_at IS NULL;

-- What was open when the text was taken up, between which places in time it had opened.
CREATE TABLE past_opening (
  server_id INTEGER NOT NULL REFERENCES server (id),
  text_id INTEGER NOT NULL REFERENCES policy_text (id),
  kind TEXT NOT NULL,  -- as of violation
  key TEXT NOT NULL,
  after_at INTEGER,    -- the last record without it; null: there is none
  opened_at INTEGER NOT NULL,
  PRIMARY KEY (server_id, text_id, kind, key)
) STRICT, WITHOUT ROWID;
