-- name: processes_of_programs
-- Rows as swept_processes, of these programs on a server, at most so many.
WITH wanted (program_id) AS (VALUES (:program_id))
SELECT
  first_seq, gone_seq, server_id * 1048576 + slot AS row_id, pid, ppid, program_id, started_at
FROM process_span
WHERE program_id IN (SELECT program_id FROM wanted) AND server_id = :server_id AND first_seq > 0
LIMIT :limit;

-- name: first_processes
-- Likewise those that tell the facts of a report: its first pids.
SELECT
  first_seq, gone_seq, server_id * 1048576 + slot AS row_id, pid, ppid, program_id, started_at
FROM process_span
WHERE server_id = :server_id AND first_seq > 0 AND pid IN (1, 4);

-- name: program_page
-- So many programs after this one.
SELECT id, name, username, executable, command_line FROM program
WHERE id > :after_id
ORDER BY id
LIMIT :limit;

-- name: newest_program
-- The greatest number of a program; null for none.
SELECT max(id) FROM program;

-- name: report_marks
-- The reports in order of a server, of those that arrived until then, at which its profile changed,
-- that came, or stand, more than :limit after the one before, or that seem to have come before it.
SELECT seq, received_gap < 0 AS is_odd
FROM (
  SELECT
    seq,
    received_at - lag(received_at) OVER by_seq AS received_gap,
    placed_at - lag(placed_at) OVER by_seq AS placed_gap,
    profile_id IS NOT lag(profile_id) OVER by_seq AS is_other
  FROM report
  WHERE server_id = :server_id AND seq > 0 AND id <= :last_id
  WINDOW by_seq AS (ORDER BY seq)
)
WHERE is_other OR received_gap > :limit OR placed_gap > :limit OR received_gap < 0
ORDER BY seq;

-- name: grace_marks
-- Those, likewise, from which on the server is, or is no more, within :grace of its start.
SELECT seq
FROM (
  SELECT seq, is_within, lag(is_within) OVER (ORDER BY seq) AS was_within
  FROM (
    SELECT
      report.seq AS seq,
      coalesce(abs(report.taken_at - profile.booted_at) < :grace, FALSE) AS is_within
    FROM report
    CROSS JOIN profile ON profile.id = report.profile_id
    WHERE report.server_id = :server_id AND report.seq > 0 AND report.id <= :last_id
  ) AS told
) AS changes
WHERE is_within IS NOT was_within
ORDER BY seq;

-- name: told_marks
-- The first reports in order of a server after its tags were changed, or it was retired.
SELECT (
  SELECT report.seq FROM report
  WHERE report.server_id = :server_id AND report.seq > 0 AND report.id > told.after_report_id
  ORDER BY report.seq
  LIMIT 1
) AS seq
FROM (
  SELECT after_report_id FROM tag_change WHERE server_id = :server_id
  UNION
  SELECT after_report_id FROM retirement WHERE server_id = :server_id
) AS told;

-- name: has_late_reports
-- A row if the server has late reports.
SELECT 1 FROM report WHERE server_id = :server_id AND seq < 0 LIMIT 1;

-- name: past_from
-- The reports of a server in order from this number on, as past_in_order.
SELECT id, server_id, seq, placed_at, received_at, clock, digest FROM report
WHERE server_id = :server_id AND seq >= :seq AND id <= :last_id AND received_at <= :until
ORDER BY seq;

-- name: past_before
-- So many of its reports before this number, the latest first; null for its last.
SELECT id, server_id, seq, placed_at, received_at, clock, digest FROM report
WHERE server_id = :server_id
  AND seq > 0 AND (seq < :seq OR :seq IS NULL) AND id <= :last_id AND received_at <= :until
ORDER BY seq DESC
LIMIT :limit;

-- name: count_past
-- How many reports in order a server has between these numbers.
SELECT count(*) FROM report WHERE server_id = :server_id AND seq > :after_seq AND seq < :seq;

-- name: told_processes
-- What tells the facts of the reports of a server, of each of its processes.
SELECT
  span.first_seq, span.gone_seq, span.pid, span.ppid, span.program_id,
  program.name = 'kthreadd', program.username IS NOT NULL, program.executable IS NOT NULL,
  program.command_line IS NOT NULL
FROM process_span AS span
CROSS JOIN program ON program.id = span.program_id
WHERE span.server_id = :server_id AND span.first_seq > 0;

-- name: names_listed
-- How many names report :seq of a server lists, as processes_of_report finds its processes.
SELECT count(DISTINCT program.name)
FROM span_level
CROSS JOIN process_span AS span
  ON span.server_id = :server_id
  AND span.node = (:seq & span_level.mask) | span_level.bit
  AND span.first_seq <= :seq
  AND (span.gone_seq > :seq OR span.gone_seq IS NULL)
CROSS JOIN program ON program.id = span.program_id;
