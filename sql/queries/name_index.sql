-- name: set_first_process_report
-- Keeps the first report with these names.
WITH shown (id) AS (VALUES (:id))
UPDATE process_name SET server_id = :server_id, first_seq = :first_seq
WHERE first_seq IS NULL AND id IN (SELECT id FROM shown);

-- name: upsert_process_sighting
-- Adds :more to the running processes of this name on this server, and returns how many there are.
INSERT INTO process_sighting (server_id, name_id, running, first_at, last_at)
VALUES (:server_id, :name_id, :more, :first_at, :last_at)
ON CONFLICT (server_id, name_id) DO UPDATE SET
  running = running + excluded.running,
  first_at = CASE WHEN excluded.first_at < first_at THEN excluded.first_at ELSE first_at END,
  last_at = CASE WHEN excluded.last_at > last_at THEN excluded.last_at ELSE last_at END
RETURNING name_id, running;

-- name: begin_process_runs
-- The server shows these names from report :first_seq on.
INSERT INTO process_run (server_id, name_id, first_seq) VALUES (:server_id, :name_id, :first_seq);

-- name: end_process_runs
-- Report :gone_seq of the server no longer shows these names. Only the latest run of a name is open.
WITH gone (name_id) AS (VALUES (:name_id))
UPDATE process_run SET gone_seq = :gone_seq
WHERE server_id = :server_id
  AND (name_id, first_seq) IN (
    SELECT gone.name_id, (
      SELECT max(latest.first_seq) FROM process_run AS latest
      WHERE latest.server_id = :same_server_id AND latest.name_id = gone.name_id
    )
    FROM gone
  );

-- name: set_first_login_report
-- Keeps the first report with these names.
WITH shown (id) AS (VALUES (:id))
UPDATE login_name SET server_id = :server_id, first_seq = :first_seq
WHERE first_seq IS NULL AND id IN (SELECT id FROM shown);

-- name: upsert_login_sighting
-- Adds :more to the open logins of this user on this server, and returns how many there are.
INSERT INTO login_sighting (server_id, name_id, running, first_at, last_at)
VALUES (:server_id, :name_id, :more, :first_at, :last_at)
ON CONFLICT (server_id, name_id) DO UPDATE SET
  running = running + excluded.running,
  first_at = CASE WHEN excluded.first_at < first_at THEN excluded.first_at ELSE first_at END,
  last_at = CASE WHEN excluded.last_at > last_at THEN excluded.last_at ELSE last_at END
RETURNING name_id, running;
