-- fragment: server_event_columns
-- What is known of an event: see ServerEvent.
server_event.id, server_event.digest, server_event.kind, server_event.subject,
server_event.server_id, server_event.after_report_id, server_event.after_at,
server_event.after_received_at, server_event.after_mark, server_event.since_report_id,
server_event.since_at, server_event.since_received_at, server_event.since_mark,
server_event.ended_report_id, server_event.ended_at, server_event.ended_received_at,
server_event.ended_mark, server_event.ended_as

-- name: open_server_events
-- What goes on on some servers.
WITH wanted (server_id) AS (VALUES (:server_id))
SELECT
  -- include: server_event_columns
FROM wanted
JOIN server_event ON server_event.server_id = wanted.server_id
WHERE server_event.ended_at IS NULL
  AND server_event.kind IN ('silencio', 'reloj', 'evaluador_atrasado');

-- name: open_service_events
-- What goes on of the service itself.
SELECT
  -- include: server_event_columns
FROM server_event
WHERE server_event.server_id IS NULL AND server_event.ended_at IS NULL
  AND server_event.kind IN ('silencio', 'reloj', 'evaluador_atrasado');

-- name: events_of_subject
-- The newest events of a subject.
SELECT
  -- include: server_event_columns
FROM server_event
WHERE server_event.subject = :subject
ORDER BY server_event.id DESC
LIMIT :limit;

-- name: add_server_event
-- Notes an event, once.
INSERT INTO server_event (
  digest, kind, subject, server_id, after_report_id, after_at, after_received_at, after_mark,
  since_report_id, since_at, since_received_at, since_mark
)
VALUES (
  :digest, :kind, :subject, :server_id, :after_report_id, :after_at, :after_received_at,
  :after_mark, :since_report_id, :since_at, :since_received_at, :since_mark
)
ON CONFLICT (digest) DO NOTHING
RETURNING id;

-- name: end_server_event
-- An event is over.
UPDATE server_event SET
  ended_report_id = :ended_report_id, ended_at = :ended_at,
  ended_received_at = :ended_received_at, ended_mark = :ended_mark, ended_as = :ended_as
WHERE id = :id;

-- name: is_clone_known
-- Whether it was noted that a server is a clone.
SELECT EXISTS (SELECT 1 FROM server_event WHERE server_id = :server_id AND kind = 'clon');

-- name: is_cloned_then
-- Whether the machine of a report had a clone, as it was known when the report arrived.
SELECT
  -- include: id_clonado_then
FROM report
JOIN server AS owner ON owner.id = report.server_id
WHERE report.id = :report_id;

-- name: newest_of_other_sibling
-- The last record in order of the other machines with the identity of a server, before a report.
SELECT report.id, report.placed_at, report.received_at, report.clock
FROM server AS owner
JOIN server AS other ON other.identity = owner.identity AND other.id <> owner.id
JOIN report ON report.server_id = other.id AND report.seq > 0 AND report.id < :report_id
WHERE owner.id = :server_id
ORDER BY report.id DESC
LIMIT 1;
