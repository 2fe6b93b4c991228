-- name: running_now
-- What each process of the newest report tells of it: service/store/read/few.py reads the number.
SELECT
  -- include: running_process
FROM process_span AS span
WHERE span.server_id = :server_id AND span.node = 0;

-- name: running_at
-- Likewise of report :seq of a server; as processes_of_report.
SELECT
  -- include: running_process
FROM span_level
CROSS JOIN process_span AS span
  ON span.server_id = :server_id
  AND span.node = (:seq & span_level.mask) | span_level.bit
  AND span.first_seq <= :seq
  AND (span.gone_seq > :seq OR span.gone_seq IS NULL);

-- fragment: running_process
-- The program of a process, and which of its pid and ppid tell something of the report: one number.
span.program_id * 32
  + CASE WHEN span.ppid IS NULL THEN 0 WHEN span.ppid = 2 THEN 16 ELSE 8 END
  + CASE WHEN span.pid IN (1, 2, 4) THEN span.pid ELSE 0 END

-- name: few_processes_now
-- The newest report's processes of some programs; not by their index, since many more have ended.
WITH wanted (program_id) AS (VALUES (:program_id))
SELECT
  span.server_id * 1048576 + span.slot AS row_id, span.pid, span.ppid, span.program_id,
  span.started_at
FROM process_span AS span
WHERE +span.program_id IN (SELECT program_id FROM wanted)
  AND span.server_id = :server_id AND span.node = 0;

-- name: few_processes_at
-- Likewise of report :seq of a server; as processes_of_report.
WITH wanted (program_id) AS (VALUES (:program_id)), asked (server_id, seq) AS (SELECT :server_id, :seq)
SELECT
  span.server_id * 1048576 + span.slot AS row_id, span.pid, span.ppid, span.program_id,
  span.started_at
FROM asked
CROSS JOIN span_level
CROSS JOIN process_span AS span
  ON span.server_id = asked.server_id
  AND span.node = (asked.seq & span_level.mask) | span_level.bit
  AND span.first_seq <= asked.seq
  AND (span.gone_seq > asked.seq OR span.gone_seq IS NULL)
WHERE +span.program_id IN (SELECT program_id FROM wanted);

-- name: programs_by_number
-- What these programs are.
WITH wanted (program_id) AS (VALUES (:program_id))
SELECT program.id, program.name, program.username, program.executable, program.command_line
FROM wanted
CROSS JOIN program ON program.id = wanted.program_id;
