-- Servers that were taken out of service, as it was told.
--
-- A server is retired from then on until a report in order of it arrives that is newer than
-- after_report_id: nobody has to tell that it is back. Rows are never changed or removed, and stand
-- in `audit.jsonl` as well, since no report tells them.

CREATE TABLE retirement (
  id INTEGER PRIMARY KEY,  -- rises as they are told
  server_id INTEGER NOT NULL REFERENCES server (id),
  at INTEGER NOT NULL,     -- when it was told, and takes effect; rises
  reason TEXT NOT NULL,
  told_by TEXT,
  successor_id INTEGER REFERENCES server (id),  -- the server that took its place
  after_report_id INTEGER NOT NULL  -- the last report of all servers before
) STRICT;

CREATE UNIQUE INDEX retirement_by_server ON retirement (server_id, at);
CREATE INDEX retirement_by_time ON retirement (at);
