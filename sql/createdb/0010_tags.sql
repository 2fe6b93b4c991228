-- Tags of servers, as they were told: owner, environment, role.
--
-- A row says that a tag has a value from then on, or that it was removed. A tag is a span from one
-- row of its server and key to the next. Rows are never changed or removed, and stand in
-- `audit.jsonl` as well, since no report tells them.

CREATE TABLE tag_change (
  id INTEGER PRIMARY KEY,  -- rises as they are told
  server_id INTEGER NOT NULL REFERENCES server (id),
  key TEXT NOT NULL,
  value TEXT,                 -- null: it was removed
  since_at INTEGER NOT NULL,  -- since when it is said to hold; decides nothing
  told_at INTEGER NOT NULL,   -- rises; changes of one request have the same
  told_by TEXT,
  after_report_id INTEGER NOT NULL  -- the last report before: it is judged between two reports
) STRICT;

CREATE INDEX tag_change_by_server ON tag_change (server_id, id);
CREATE INDEX tag_change_by_key ON tag_change (key, server_id, id);

-- The last change of tags that was judged, and its event if none came after it: it judged all rules
-- that read one server.
ALTER TABLE judged ADD COLUMN tag_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE judged ADD COLUMN tag_at INTEGER;
ALTER TABLE judged ADD COLUMN tag_received_at INTEGER;
ALTER TABLE judged ADD COLUMN tag_mark TEXT;
