-- Rules and what they found: texts of rules, verdicts as spans, violations.
--
-- A pass writes nothing but the cursor of its server. A verdict is what stands in verdict_span or
-- violation; otherwise the server passes, from `since` of its judgement on.
--
-- A bound is four columns: the report (null for an event), its place in time, when it was known,
-- and a mark. The mark of a report is its `reloj`, or null. That of an event is its name and its
-- hash: `tick 5b1c…`. Bounds are copies: they stay when their reports are pruned. Times are
-- microseconds.

-- Every text of a rule that was ever in force. Never deleted: violations refer to it.
CREATE TABLE policy_text (
  id INTEGER PRIMARY KEY,
  rule TEXT NOT NULL,
  hash TEXT NOT NULL,              -- of all that decides: service/policies/guard/text_hash.py
  file_hash TEXT NOT NULL,
  version INTEGER NOT NULL,
  source TEXT NOT NULL,            -- the whole file
  outside TEXT NOT NULL,           -- JSON: lists, networks, settings that decide beside the file
  is_shipped INTEGER NOT NULL,     -- 0: of the user's folder
  command_lines INTEGER NOT NULL,  -- 1: it reads command lines, and its rows are for `admin`
  is_fleet INTEGER NOT NULL,       -- 1: `ambito = "flota"`
  clock TEXT NOT NULL,             -- `reloj`: no, hora, dia
  first_seen_at INTEGER NOT NULL,
  UNIQUE (rule, hash)  -- two rules may have the same text
) STRICT;

CREATE INDEX policy_text_by_rule ON policy_text (rule, id);

-- The text in force of each rule, with the words that decide no verdict.
CREATE TABLE policy (
  rule TEXT PRIMARY KEY,
  text_id INTEGER NOT NULL REFERENCES policy_text (id),
  severity TEXT NOT NULL,
  controls TEXT NOT NULL,  -- JSON
  owner TEXT NOT NULL,
  source TEXT NOT NULL,    -- the file as it is now: its words may be newer than those of the text
  outside TEXT NOT NULL,
  taken_up_at INTEGER NOT NULL,
  missing_since INTEGER,   -- its file is gone: retired a day later
  retired_at INTEGER
) STRICT, WITHOUT ROWID;

-- What happened to each rule. Severity and controls of a moment are those of the row before it.
CREATE TABLE policy_change (
  id INTEGER PRIMARY KEY,
  rule TEXT NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,  -- taken_up, words, missing, back, retired
  text_id INTEGER NOT NULL REFERENCES policy_text (id),
  severity TEXT NOT NULL,
  controls TEXT NOT NULL
) STRICT;

CREATE INDEX policy_change_by_rule ON policy_change (rule, at);

-- What the last look at the folders refused; replaced as a whole.
CREATE TABLE policy_fault (
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL,
  line INTEGER,
  reason TEXT NOT NULL,
  digest TEXT NOT NULL  -- of the file, so that a fault is told once
) STRICT;

-- How far each server is judged.
CREATE TABLE judged (
  server_id INTEGER PRIMARY KEY REFERENCES server (id),
  seq INTEGER NOT NULL,       -- the last report in order; 0 before the first
  late_seq INTEGER NOT NULL,  -- the last late one, below 0; 0 before the first
  epoch INTEGER NOT NULL,     -- of the texts and settings that it was judged with
  -- The last event that judged all rules that read one server: a report, silence, a tag.
  event_report_id INTEGER,
  event_at INTEGER,
  event_received_at INTEGER,
  event_mark TEXT,
  hour_at INTEGER,  -- the last whole hour that was judged
  day_at INTEGER    -- the last whole day, UTC
) STRICT;

-- The last tick that judged the rules of the fleet.
CREATE TABLE fleet_tick (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  at INTEGER NOT NULL,
  previous_at INTEGER NOT NULL  -- reports between the two name the bounds of this one
) STRICT;

-- From when to when a text judged a server. Nothing is known of the text before `since`.
CREATE TABLE judgement (
  id INTEGER PRIMARY KEY,
  server_id INTEGER NOT NULL REFERENCES server (id),
  text_id INTEGER NOT NULL REFERENCES policy_text (id),
  since_report_id INTEGER,
  since_at INTEGER NOT NULL,
  since_received_at INTEGER NOT NULL,
  since_mark TEXT,
  until_report_id INTEGER,
  until_at INTEGER,  -- null while it judges
  until_received_at INTEGER,
  until_mark TEXT,
  -- The last verdict that could tell of every key; null if there was none. While `is_known` is 1
  -- it is the last event.
  known_report_id INTEGER,
  known_at INTEGER,
  known_received_at INTEGER,
  known_mark TEXT,
  is_known INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX judgement_now ON judgement (server_id, text_id) WHERE until_at IS NULL;
CREATE INDEX judgement_by_text ON judgement (text_id, server_id);
CREATE INDEX judgement_by_server ON judgement (server_id, text_id);

-- Unknown, and does not apply.
CREATE TABLE verdict_span (
  id INTEGER PRIMARY KEY,
  server_id INTEGER NOT NULL REFERENCES server (id),
  text_id INTEGER NOT NULL REFERENCES policy_text (id),
  state TEXT NOT NULL,   -- desconocido, no_aplica
  reason TEXT NOT NULL,
  detail TEXT,           -- of its first verdict
  after_report_id INTEGER,
  after_at INTEGER,      -- the verdict before; null if there was none
  after_received_at INTEGER,
  after_mark TEXT,
  first_report_id INTEGER,
  first_at INTEGER NOT NULL,
  first_received_at INTEGER NOT NULL,
  first_mark TEXT,
  last_report_id INTEGER,
  last_at INTEGER,       -- null while it goes on: the last event
  last_received_at INTEGER,
  last_mark TEXT,
  until_report_id INTEGER,
  until_at INTEGER,      -- the first verdict that was another; null while it goes on
  until_received_at INTEGER,
  until_mark TEXT
) STRICT;

CREATE UNIQUE INDEX verdict_span_now ON verdict_span (server_id, text_id) WHERE until_at IS NULL;
CREATE INDEX verdict_span_by_server ON verdict_span (server_id, text_id, until_received_at);
CREATE INDEX verdict_span_by_end ON verdict_span (until_received_at) WHERE until_at IS NOT NULL;
CREATE INDEX verdict_span_by_text ON verdict_span (text_id, first_at);

CREATE TABLE violation (
  id INTEGER PRIMARY KEY,  -- rises as they are written
  digest BLOB NOT NULL UNIQUE,  -- what the world calls it; the same after a rebuild
  server_id INTEGER NOT NULL REFERENCES server (id),
  text_id INTEGER NOT NULL REFERENCES policy_text (id),
  kind TEXT NOT NULL,  -- clave; resto: "and n more"; inestable
  key TEXT NOT NULL,   -- JSON object of the columns of `clave`; {} of the other kinds
  opened_after_report_id INTEGER,
  opened_after_at INTEGER,  -- the last no of the text; null: there was none
  opened_after_received_at INTEGER,
  opened_after_mark TEXT,
  opened_in_report_id INTEGER,
  opened_in_at INTEGER NOT NULL,  -- the first yes
  opened_in_received_at INTEGER NOT NULL,
  opened_in_mark TEXT,
  confirmed_report_id INTEGER,
  confirmed_at INTEGER,  -- null: unconfirmed, and `fugaz` if it ended so
  confirmed_received_at INTEGER,
  confirmed_mark TEXT,
  seen_report_id INTEGER,
  seen_at INTEGER,  -- `vista`, the last yes; null while it goes on: the last event
  seen_received_at INTEGER,
  seen_mark TEXT,
  cleared_report_id INTEGER,
  cleared_at INTEGER,  -- the first no since the last yes
  cleared_received_at INTEGER,
  cleared_mark TEXT,
  ended_report_id INTEGER,
  ended_at INTEGER,  -- of `resuelta`, the first no; null while it is open
  ended_received_at INTEGER,
  ended_mark TEXT,
  ended_as TEXT,  -- `fin`
  ended_known_at INTEGER,  -- when the report arrived that reached `resolver_tras`
  relapses INTEGER NOT NULL,  -- `recaidas`
  is_late INTEGER NOT NULL,   -- `tardia`
  former_digest BLOB,   -- `anterior`: of the same key, resolved before
  continues_digest BLOB,  -- `continua_de`: ended without being repaired
  case_digest BLOB NOT NULL,  -- the first of a chain of `continua_de`, or itself
  case_since_at INTEGER NOT NULL,  -- opened_in_at of that
  grace_until_at INTEGER,  -- `en_gracia` before it
  -- Counters, written until the threshold is reached.
  yes_count INTEGER NOT NULL,
  yes_time INTEGER NOT NULL,
  yes_report_at INTEGER,  -- the report before, if it was a yes
  no_count INTEGER NOT NULL,
  no_time INTEGER NOT NULL,
  no_report_at INTEGER,
  is_pending INTEGER NOT NULL,  -- 1: ended, but for `resuelta`, and what comes next is not known
  total INTEGER NOT NULL,  -- rows at the opening; of kind resto or inestable, keys now
  evidence TEXT NOT NULL,  -- JSON: rows as they were at the opening
  motive_es TEXT,
  motive_en TEXT
) STRICT;

CREATE INDEX violation_live ON violation (server_id) WHERE ended_at IS NULL OR is_pending = 1;
CREATE INDEX violation_open ON violation (id) WHERE ended_at IS NULL;
CREATE INDEX violation_by_text ON violation (text_id, id);
CREATE INDEX violation_by_server ON violation (server_id, text_id, opened_in_at);
CREATE INDEX violation_by_key ON violation (server_id, text_id, key);
CREATE INDEX violation_by_opening ON violation (opened_in_at);
CREATE INDEX violation_by_end ON violation (ended_known_at) WHERE ended_at IS NOT NULL;

-- `tardios`: late reports that show what was open then. They move no bound.
CREATE TABLE late_sighting (
  violation_id INTEGER NOT NULL REFERENCES violation (id),
  report_id INTEGER NOT NULL,
  at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (violation_id, report_id)
) STRICT, WITHOUT ROWID;

-- When a violation was not seen before it came back within `resolver_tras`: `recaidas`.
CREATE TABLE relapse_gap (
  violation_id INTEGER NOT NULL REFERENCES violation (id),
  seen_report_id INTEGER,
  seen_at INTEGER,  -- the last yes
  seen_received_at INTEGER,
  seen_mark TEXT,
  cleared_report_id INTEGER,
  cleared_at INTEGER NOT NULL,  -- the first no
  cleared_received_at INTEGER NOT NULL,
  cleared_mark TEXT,
  back_report_id INTEGER,
  back_at INTEGER NOT NULL,  -- the next yes
  back_received_at INTEGER NOT NULL,
  back_mark TEXT,
  PRIMARY KEY (violation_id, cleared_at)
) STRICT, WITHOUT ROWID;

-- While the service could store nothing, or nothing judged: nobody was silent then.
CREATE TABLE deaf_span (
  from_at INTEGER PRIMARY KEY,
  until_at INTEGER  -- null while it goes on
) STRICT;
