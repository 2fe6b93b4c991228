-- Back-tests that pages have asked for: service/policies/backtest/job_process.py runs them aside,
-- one at a time. Times are microseconds.
CREATE TABLE backtest_job (
  id INTEGER PRIMARY KEY,
  rule TEXT NOT NULL,
  source TEXT NOT NULL,       -- the whole file
  is_unsaved INTEGER NOT NULL,  -- 1: a text that an administrator tries, of no file
  since_at INTEGER NOT NULL,
  until_at INTEGER NOT NULL,
  server TEXT,                -- a server, by number, name or address; null: all
  asked_at INTEGER NOT NULL,
  asked_by TEXT,              -- the name of the token
  state TEXT NOT NULL,        -- waiting, running; done, cancelled, refused, failed
  cancelled_at INTEGER,       -- when somebody asked to cancel it
  started_at INTEGER,
  ended_at INTEGER,
  attempts INTEGER NOT NULL,  -- processes that began it
  done INTEGER NOT NULL,      -- of total: servers, or hours for a rule about the fleet
  total INTEGER,
  result TEXT                 -- JSON: service/policies/backtest/job_result.py
) STRICT;

CREATE INDEX backtest_job_due ON backtest_job (id) WHERE ended_at IS NULL;
CREATE INDEX backtest_job_by_rule ON backtest_job (rule, id);
