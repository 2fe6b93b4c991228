-- name: set_first_process_report
-- Keeps the first report with this name.
UPDATE process_name SET server_id = :server_id, first_seq = :first_seq
WHERE id = :id AND first_seq IS NULL;

-- name: upsert_process_sighting
-- Adds :more to the running processes of this name on this server, and returns how many there are.
INSERT INTO process_sighting (server_id, name_id, running, first_at, last_at)
VALUES (:server_id, :name_id, :more, :first_at, :last_at)
ON CONFLICT (server_id, name_id) DO UPDATE SET
  running = running + excluded.running,
  first_at = CASE WHEN excluded.first_at < first_at THEN excluded.first_at ELSE first_at END,
  last_at = CASE WHEN excluded.last_at > last_at THEN excluded.last_at ELSE last_at END
RETURNING name_id, running;

-- name: begin_process_run
-- The server shows this name from report :first_seq on.
INSERT INTO process_run (server_id, name_id, first_seq) VALUES (:server_id, :name_id, :first_seq);

-- name: end_process_run
-- Report :gone_seq of the server no longer shows this name.
UPDATE process_run SET gone_seq = :gone_seq
WHERE server_id = :server_id
  AND name_id = :name_id
  AND first_seq = (
    SELECT max(latest.first_seq) FROM process_run AS latest
    WHERE latest.server_id = :server_id AND latest.name_id = :name_id
  );

-- name: set_first_login_report
-- Keeps the first report with this name.
UPDATE login_name SET server_id = :server_id, first_seq = :first_seq
WHERE id = :id AND first_seq IS NULL;

-- name: upsert_login_sighting
-- Adds :more to the open logins of this user on this server, and returns how many there are.
INSERT INTO login_sighting (server_id, name_id, running, first_at, last_at)
VALUES (:server_id, :name_id, :more, :first_at, :last_at)
ON CONFLICT (server_id, name_id) DO UPDATE SET
  running = running + excluded.running,
  first_at = CASE WHEN excluded.first_at < first_at THEN excluded.first_at ELSE first_at END,
  last_at = CASE WHEN excluded.last_at > last_at THEN excluded.last_at ELSE last_at END
RETURNING name_id, running;
