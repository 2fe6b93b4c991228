-- What happens to servers themselves, and to the evaluator, whatever rules say of it: silence, an
-- odd clock, a clone, the return of a retired server, and a backlog of reports to judge. Where a
-- rule about the same applies, the violation of the rule stands for it, and no row is written.
--
-- Bounds are those of 0007_policies.sql. Times are microseconds.

CREATE TABLE server_event (
  id INTEGER PRIMARY KEY,       -- rises as they are written
  digest BLOB NOT NULL UNIQUE,  -- hash of the event; the same when its reports are judged again
  kind TEXT NOT NULL,           -- silencio, reloj, clon, reactivado, evaluador_atrasado
  subject BLOB NOT NULL,        -- hash of what messages are told in the order of
  server_id INTEGER REFERENCES server (id),  -- null of the evaluator
  after_report_id INTEGER,
  after_at INTEGER,             -- the last report, or event, before; null if there was none
  after_received_at INTEGER,
  after_mark TEXT,
  since_report_id INTEGER,
  since_at INTEGER NOT NULL,
  since_received_at INTEGER NOT NULL,
  since_mark TEXT,
  ended_report_id INTEGER,
  ended_at INTEGER,             -- null while it goes on; of a clone and a return, always
  ended_received_at INTEGER,
  ended_mark TEXT,
  ended_as TEXT
) STRICT;

CREATE INDEX server_event_by_server ON server_event (server_id, kind);
CREATE INDEX server_event_open ON server_event (server_id)
WHERE ended_at IS NULL AND kind IN ('silencio', 'reloj', 'evaluador_atrasado');
CREATE INDEX server_event_by_subject ON server_event (subject, id);
