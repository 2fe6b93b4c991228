-- name: first_seq_since
-- Sequence number of the first report in order whose place is at or after :since.
SELECT seq FROM report
WHERE server_id = :server_id AND placed_at >= :since AND seq > 0
ORDER BY placed_at, seq
LIMIT 1;

-- name: last_seq_until
-- Sequence number of the last report in order whose place is at or before :moment.
SELECT seq FROM report
WHERE server_id = :server_id
  AND seq > 0
  AND placed_at <= :moment
  AND (:known_at IS NULL OR received_at <= :known_at)
ORDER BY placed_at DESC, seq DESC
LIMIT 1;

-- name: reports_by_seq
-- The records with sequence numbers :low to :high, their times and their places.
SELECT seq, id, taken_at, placed_at FROM report
WHERE server_id = :server_id AND seq BETWEEN :low AND :high
ORDER BY seq;

-- name: profile_changes
-- Reports :low to :high that changed the profile of the server.
SELECT seq, profile_id, former_id FROM profile_change
WHERE server_id = :server_id AND seq BETWEEN :low AND :high
ORDER BY seq;

-- fragment: boundary_nodes
-- Nodes of the spans that cover :low or :high. The other spans of :low to :high are at nodes between.
SELECT (:low & mask) | bit FROM span_level
UNION
SELECT (:high & mask) | bit FROM span_level

-- fragment: changed_at_boundary
-- Condition on node and span: the span is at a boundary node, and starts or ends after :low.
node.number NOT BETWEEN :low AND :high
AND (
  span.first_seq BETWEEN :low + 1 AND :high
  OR (span.first_seq <= :high AND span.gone_seq BETWEEN :low + 1 AND :high)
)

-- fragment: changed_between
-- Condition on span: its node is between :low and :high, and it starts or ends after :low.
span.server_id = :server_id
AND span.node BETWEEN :low AND :high
AND (span.first_seq > :low OR span.gone_seq <= :high)

-- name: process_changes
-- Processes that some reports of :low to :high show and others do not.
WITH node (number) AS (
  -- include: boundary_nodes
), changed (slot, first_seq, gone_seq, pid, text_id) AS (
  SELECT span.slot, span.first_seq, span.gone_seq, span.pid, span.program_id
  FROM node
  CROSS JOIN process_span AS span ON span.server_id = :server_id AND span.node = node.number
  WHERE
    -- include: changed_at_boundary
  UNION ALL
  SELECT span.slot, span.first_seq, span.gone_seq, span.pid, span.program_id
  FROM process_span AS span
  WHERE
    -- include: changed_between
)
SELECT
  changed.slot, changed.first_seq, changed.gone_seq, changed.pid, program.name, program.username
FROM changed
CROSS JOIN program ON program.id = changed.text_id;

-- name: login_changes
-- Logins that some reports of :low to :high show and others do not.
WITH node (number) AS (
  -- include: boundary_nodes
), changed (slot, first_seq, gone_seq, pid, text_id) AS (
  SELECT span.slot, span.first_seq, span.gone_seq, span.pid, span.account_id
  FROM node
  CROSS JOIN login_span AS span ON span.server_id = :server_id AND span.node = node.number
  WHERE
    -- include: changed_at_boundary
  UNION ALL
  SELECT span.slot, span.first_seq, span.gone_seq, span.pid, span.account_id
  FROM login_span AS span
  WHERE
    -- include: changed_between
)
SELECT
  changed.slot, changed.first_seq, changed.gone_seq, changed.pid, NULL, account.username
FROM changed
CROSS JOIN account ON account.id = changed.text_id;

-- name: steady_processes
-- Number of processes that every report of :low to :high shows.
SELECT count(*)
FROM (
  SELECT (:low & mask) | bit AS number FROM span_level
) AS node
CROSS JOIN process_span AS span ON span.server_id = :server_id AND span.node = node.number
WHERE span.first_seq <= :low AND (span.gone_seq > :high OR span.gone_seq IS NULL);
