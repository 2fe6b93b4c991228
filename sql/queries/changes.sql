-- name: first_seq_since
-- What is the number of the first report in order from that moment on?
SELECT seq FROM report
WHERE server_id = :server_id AND taken_at >= :since AND seq > 0
ORDER BY taken_at, seq
LIMIT 1;

-- name: last_seq_until
-- What is the number of the last report in order up to that moment?
SELECT seq FROM report
WHERE server_id = :server_id AND taken_at <= :until AND seq > 0
ORDER BY taken_at DESC, seq DESC
LIMIT 1;

-- name: numbered_reports
-- Which records have these numbers, and when were they taken?
SELECT seq, id, taken_at FROM report
WHERE server_id = :server_id AND seq BETWEEN :low AND :high
ORDER BY seq;

-- name: profile_changes
-- With which of these reports did the server become something else?
SELECT seq, profile_id, former_id FROM profile_change
WHERE server_id = :server_id AND seq BETWEEN :low AND :high
ORDER BY seq;

-- name: process_changes
-- Which processes did these reports show that not all of them and the one before them showed?
WITH node (number) AS (
  -- What spans of these reports do not stand between low and high stand where low or high does.
  SELECT (:low & mask) | bit FROM span_level
  UNION
  SELECT (:high & mask) | bit FROM span_level
), changed (slot, first_seq, gone_seq, pid, program_id) AS (
  SELECT s.slot, s.first_seq, s.gone_seq, s.pid, s.program_id
  FROM node AS n
  CROSS JOIN process_span AS s ON s.server_id = :server_id AND s.node = n.number
  WHERE n.number NOT BETWEEN :low AND :high
    AND (
      s.first_seq BETWEEN :low + 1 AND :high
      OR (s.first_seq <= :high AND s.gone_seq BETWEEN :low + 1 AND :high)
    )
  UNION ALL
  SELECT s.slot, s.first_seq, s.gone_seq, s.pid, s.program_id
  FROM process_span AS s
  WHERE s.server_id = :server_id
    AND s.node BETWEEN :low AND :high
    AND (s.first_seq > :low OR s.gone_seq <= :high)
)
SELECT c.slot, c.first_seq, c.gone_seq, c.pid, g.name, g.username
FROM changed AS c
CROSS JOIN program AS g ON g.id = c.program_id;

-- name: login_changes
-- Which logins did these reports show that not all of them and the one before them showed?
WITH node (number) AS (
  SELECT (:low & mask) | bit FROM span_level
  UNION
  SELECT (:high & mask) | bit FROM span_level
), changed (slot, first_seq, gone_seq, pid, account_id) AS (
  SELECT s.slot, s.first_seq, s.gone_seq, s.pid, s.account_id
  FROM node AS n
  CROSS JOIN login_span AS s ON s.server_id = :server_id AND s.node = n.number
  WHERE n.number NOT BETWEEN :low AND :high
    AND (
      s.first_seq BETWEEN :low + 1 AND :high
      OR (s.first_seq <= :high AND s.gone_seq BETWEEN :low + 1 AND :high)
    )
  UNION ALL
  SELECT s.slot, s.first_seq, s.gone_seq, s.pid, s.account_id
  FROM login_span AS s
  WHERE s.server_id = :server_id
    AND s.node BETWEEN :low AND :high
    AND (s.first_seq > :low OR s.gone_seq <= :high)
)
SELECT c.slot, c.first_seq, c.gone_seq, c.pid, NULL, a.username
FROM changed AS c
CROSS JOIN account AS a ON a.id = c.account_id;

-- name: steady_processes
-- How many processes did every one of these reports show?
SELECT count(*)
FROM (
  SELECT (:low & mask) | bit AS number FROM span_level
) AS n
CROSS JOIN process_span AS s ON s.server_id = :server_id AND s.node = n.number
WHERE s.first_seq <= :low AND (s.gone_seq > :high OR s.gone_seq IS NULL);
