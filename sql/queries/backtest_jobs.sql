-- fragment: backtest_job_columns
-- A job, without its text and its result.
id, rule, is_unsaved, since_at, until_at, server, asked_at, asked_by, state, cancelled_at,
started_at, ended_at, attempts, done, total

-- name: add_backtest_job
-- Adds a job that waits.
INSERT INTO backtest_job (
  rule, source, is_unsaved, since_at, until_at, server, asked_at, asked_by, state, attempts, done
)
VALUES (
  :rule, :source, :is_unsaved, :since_at, :until_at, :server, :asked_at, :asked_by, 'waiting', 0, 0
)
RETURNING id;

-- name: count_due_backtest_jobs
-- How many jobs wait or run.
SELECT count(*) FROM backtest_job WHERE ended_at IS NULL;

-- name: next_backtest_job
-- The job that comes first: the one that runs, or ran when its process ended, else the oldest.
SELECT
  -- include: backtest_job_columns
  , source
FROM backtest_job
WHERE ended_at IS NULL
ORDER BY state = 'running' DESC, id
LIMIT 1;

-- name: backtest_job
-- One job, whole.
SELECT
  -- include: backtest_job_columns
  , source, result
FROM backtest_job WHERE id = :id;

-- name: backtest_jobs
-- The newest jobs, of one rule or of all.
SELECT
  -- include: backtest_job_columns
FROM backtest_job
WHERE :rule IS NULL OR rule = :rule
ORDER BY id DESC
LIMIT :limit;

-- name: finished_backtest_of_text
-- The newest back-test of this rule that finished and whose result has this part, the hash of a text.
SELECT
  -- include: backtest_job_columns
  , source, result
FROM backtest_job
WHERE rule = :rule AND state = 'done' AND result LIKE :part
ORDER BY id DESC
LIMIT 1;

-- name: begin_backtest_job
-- Notes that a process begins a job.
UPDATE backtest_job SET state = 'running', started_at = :at, attempts = attempts + 1, done = 0
WHERE id = :id;

-- name: note_backtest_progress
-- Notes how far a job is.
UPDATE backtest_job SET done = :done, total = :total WHERE id = :id;

-- name: end_backtest_job
-- Ends a job.
UPDATE backtest_job
SET state = :state, ended_at = :at, done = :done, total = :total, result = :result
WHERE id = :id;

-- name: cancel_backtest_job
-- Asks the process that runs a job to end it. One that waits ends at once.
UPDATE backtest_job SET
  cancelled_at = :at,
  state = CASE state WHEN 'waiting' THEN 'cancelled' ELSE state END,
  ended_at = CASE state WHEN 'waiting' THEN :at END
WHERE id = :id AND ended_at IS NULL;

-- name: backtest_is_cancelled
-- Whether somebody asked to cancel a job.
SELECT cancelled_at IS NOT NULL FROM backtest_job WHERE id = :id;

-- name: prune_backtest_jobs
-- Deletes all ended jobs but the newest.
DELETE FROM backtest_job WHERE ended_at IS NOT NULL AND id NOT IN (
  SELECT id FROM backtest_job ORDER BY id DESC LIMIT :kept
);
