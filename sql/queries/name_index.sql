-- name: count_process
-- More or fewer of this name run over the fleet; the first report with it is remembered.
UPDATE process_name SET
  running = running + :more,
  server_id = coalesce(server_id, :server_id),
  first_seq = coalesce(first_seq, :seq)
WHERE id = :id;

-- name: sight_process
-- More or fewer of this name are on this server, and it was seen at this time. How many are there?
INSERT INTO process_sighting (server_id, name_id, running, first_at, last_at)
VALUES (:server_id, :name_id, :more, :first_at, :last_at)
ON CONFLICT (server_id, name_id) DO UPDATE SET
  running = running + excluded.running,
  first_at = CASE WHEN excluded.first_at < first_at THEN excluded.first_at ELSE first_at END,
  last_at = CASE WHEN excluded.last_at > last_at THEN excluded.last_at ELSE last_at END
RETURNING name_id, running;

-- name: begin_run
-- From this report on the server shows this name.
INSERT INTO process_run (server_id, name_id, first_seq) VALUES (:server_id, :name_id, :first_seq);

-- name: end_run
-- This report shows the name no more.
UPDATE process_run SET gone_seq = :gone_seq
WHERE server_id = :server_id
  AND name_id = :name_id
  AND first_seq = (
    SELECT max(r.first_seq) FROM process_run AS r
    WHERE r.server_id = :server_id AND r.name_id = :name_id
  );

-- name: count_login
-- More or fewer logins of this user are open over the fleet; the first report is remembered.
UPDATE login_name SET
  running = running + :more,
  server_id = coalesce(server_id, :server_id),
  first_seq = coalesce(first_seq, :seq)
WHERE id = :id;

-- name: sight_login
-- More or fewer of this name are on this server, and it was seen at this time. How many are there?
INSERT INTO login_sighting (server_id, name_id, running, first_at, last_at)
VALUES (:server_id, :name_id, :more, :first_at, :last_at)
ON CONFLICT (server_id, name_id) DO UPDATE SET
  running = running + excluded.running,
  first_at = CASE WHEN excluded.first_at < first_at THEN excluded.first_at ELSE first_at END,
  last_at = CASE WHEN excluded.last_at > last_at THEN excluded.last_at ELSE last_at END
RETURNING name_id, running;
