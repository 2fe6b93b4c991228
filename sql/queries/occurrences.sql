-- fragment: matching_process_names
-- Ids of the names that a ProcessFilter selects: an exact name from the index, else after an id.
SELECT id FROM process_name
WHERE name = :name
  AND (:username IS NULL OR username = :username)
  AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')
UNION ALL
SELECT id FROM process_name
WHERE :name IS NULL
  AND id > :oldest_name
  AND (:name_like IS NULL OR name LIKE :name_like ESCAPE '!')
  AND (:username IS NULL OR username = :username)
  AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')

-- fragment: matching_login_names
-- Ids of the users that a LoginFilter selects: an exact name from the index, else after an id.
SELECT id FROM login_name
WHERE username = :username
UNION ALL
SELECT id FROM login_name
WHERE :username IS NULL
  AND id > :oldest_name
  AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')

-- fragment: occurrence_columns
-- The columns that occurrences of processes and logins begin with; joins server, shown and span.
server.id, shown.id, profile.ipaddress, profile.nombre_host, shown.taken_at,
-- id_proc or id_usr, as the relations have it. service/store/slots.py has the factor, too.
shown.id * 1048576 + span.slot,
span.pid,

-- fragment: newest_record
-- Join of a server: its newest record.
CROSS JOIN report AS shown
  ON shown.server_id = server.id
  AND shown.seq = (SELECT max(seq) FROM report WHERE report.server_id = server.id)

-- fragment: record_at_moment
-- Joins of a server: the record that is shown at :moment, and the nodes of its spans.
CROSS JOIN report AS shown
  ON shown.server_id = server.id
  AND shown.seq = (
    SELECT known.seq FROM report AS known
    WHERE known.server_id = server.id
      AND known.seq > 0
      AND known.placed_at <= :moment
      AND (:known_at IS NULL OR known.received_at <= :known_at)
    ORDER BY known.placed_at DESC, known.seq DESC
    LIMIT 1
  )
CROSS JOIN report AS newest
  ON newest.server_id = server.id
  AND newest.seq = (SELECT max(seq) FROM report WHERE report.server_id = server.id)
CROSS JOIN span_level ON span_level.bit <= newest.seq

-- fragment: span_of_record
-- Condition on a span: the record shows it.
ON span.server_id = server.id
AND span.node = (shown.seq & span_level.mask) | span_level.bit
AND span.first_seq <= shown.seq
AND (span.gone_seq > shown.seq OR span.gone_seq IS NULL)

-- fragment: first_report_of_span
-- Join of a span: the first report that shows it.
CROSS JOIN report AS first_report
  ON first_report.server_id = server.id AND first_report.seq = span.first_seq

-- fragment: last_report_of_span
-- Joins of a span: the newest record that was known, and the last known one that shows the span.
CROSS JOIN report AS last_known
  ON last_known.server_id = server.id
  AND last_known.seq = (
    SELECT known.seq FROM report AS known
    WHERE known.server_id = server.id
      AND known.seq > 0
      AND known.placed_at <= :known_place
      AND (:known_at IS NULL OR known.received_at <= :known_at)
    ORDER BY known.placed_at DESC, known.seq DESC
    LIMIT 1
  )
CROSS JOIN report AS last_report
  ON last_report.server_id = server.id
  AND last_report.seq = CASE
    WHEN span.gone_seq <= last_known.seq THEN span.gone_seq - 1
    ELSE last_known.seq
  END

-- fragment: within_range
-- Condition on server and slot: after one position of a walk, and up to another.
server.id BETWEEN :server_id AND :last_server_id
AND span.slot > CASE WHEN server.id = :server_id THEN :slot ELSE -1 END
AND span.slot <= CASE WHEN server.id = :last_server_id THEN :last_slot ELSE 1048575 END

-- fragment: process_names_filter
-- Condition on program: a ProcessFilter selects its name and username.
AND (:name IS NULL OR program.name = :name)
AND (:name_like IS NULL OR program.name LIKE :name_like ESCAPE '!')
AND (:username IS NULL OR program.username = :username)
AND (:username_like IS NULL OR program.username LIKE :username_like ESCAPE '!')

-- fragment: login_names_filter
-- Condition on account: a LoginFilter selects its username.
AND (:username IS NULL OR account.username = :username)
AND (:username_like IS NULL OR account.username LIKE :username_like ESCAPE '!')

-- fragment: sightings_within_range
-- Condition on server and sighting: after one position of a walk, and up to another.
server.id BETWEEN :server_id AND :last_server_id
AND sighting.name_id > CASE WHEN server.id = :server_id THEN :slot ELSE -1 END
AND sighting.name_id <= CASE WHEN server.id = :last_server_id THEN :last_slot ELSE 2147483647 END

-- fragment: newest_record_of_page
-- Joins of a page: its servers, and the newest record of each.
CROSS JOIN server ON server.id = page.server_id
CROSS JOIN report AS newest
  ON newest.server_id = page.server_id
  AND newest.seq = (SELECT max(seq) FROM report WHERE report.server_id = page.server_id)
CROSS JOIN profile ON profile.id = newest.profile_id

-- fragment: first_and_last_seen
-- The columns of the history of a name: first, last, and whether the newest record shows it.
sighting.first_at,
CASE WHEN sighting.running > 0 THEN newest.placed_at ELSE sighting.last_at END,
sighting.running > 0

-- name: processes_now
-- Processes in the newest records, in a range of a walk.
SELECT
  -- include: occurrence_columns
  program.name, program.username, span.ppid, span.started_at, program.executable,
  program.command_line, first_report.placed_at, shown.placed_at,
  shown.received_at, shown.clock, shown.zone, server.heard_at,
  -- include: is_silent
  AS silent, span.slot
FROM server
CROSS JOIN process_span AS span ON span.server_id = server.id AND span.node = 0
CROSS JOIN program ON program.id = span.program_id
-- include: newest_record
CROSS JOIN profile ON profile.id = shown.profile_id
-- include: first_report_of_span
WHERE
  -- include: within_range
  AND NOT
    -- include: is_retired
  AND (:silent IS NULL OR :silent =
    -- include: is_silent
  )
  AND (:pid IS NULL OR span.pid = :pid)
  -- include: process_names_filter
ORDER BY server.id, span.slot
LIMIT :limit;

-- name: processes_at
-- Processes in the records shown at :moment, in a range of a walk.
WITH matching (id) AS MATERIALIZED (
  -- include: matching_process_names
)
SELECT
  -- include: occurrence_columns
  program.name, program.username, span.ppid, span.started_at, program.executable,
  program.command_line, first_report.placed_at, last_report.placed_at,
  shown.received_at, shown.clock, shown.zone, shown.placed_at,
  -- include: next_place
  AS next_place,
  -- include: first_late
  AS first_late, span.slot
FROM (
  SELECT server.id AS server_id, shown.seq AS seq, span.node AS node, span.slot AS slot
  FROM server
  -- include: record_at_moment
  CROSS JOIN process_span AS span
    -- include: span_of_record
  CROSS JOIN program ON program.id = span.program_id
  WHERE
    -- include: within_range
    AND NOT
    -- include: was_retired
    -- Of an exact name: the spans that the record shows stand at nodes within the run.
    AND (:name IS NULL OR EXISTS (
      SELECT 1
      FROM matching
      CROSS JOIN process_run AS run
        ON run.server_id = server.id
        AND run.name_id = matching.id
        AND run.first_seq = (
          SELECT max(begun.first_seq) FROM process_run AS begun
          WHERE begun.server_id = server.id
            AND begun.name_id = matching.id
            AND begun.first_seq <= shown.seq
        )
      WHERE (run.gone_seq IS NULL OR (run.gone_seq > shown.seq AND span_level.bit > 0))
        AND (span_level.bit = 0 OR (shown.seq & span_level.mask) | span_level.bit >= run.first_seq)
        AND (run.gone_seq IS NULL OR (shown.seq & span_level.mask) | span_level.bit < run.gone_seq)
    ))
    AND (:pid IS NULL OR span.pid = :pid)
    -- include: process_names_filter
  ORDER BY server.id, span.slot
  LIMIT :limit
) AS page
CROSS JOIN server ON server.id = page.server_id
CROSS JOIN report AS shown ON shown.server_id = page.server_id AND shown.seq = page.seq
CROSS JOIN process_span AS span
  ON span.server_id = page.server_id AND span.node = page.node AND span.slot = page.slot
CROSS JOIN program ON program.id = span.program_id
CROSS JOIN profile ON profile.id = shown.profile_id
-- include: first_report_of_span
-- include: last_report_of_span
ORDER BY page.server_id, page.slot;

-- name: process_history
-- Names of processes that servers ever showed, in a range of a walk.
SELECT
  page.server_id, newest.id, profile.ipaddress, profile.nombre_host,
  process_name.name, process_name.username,
  -- include: first_and_last_seen
  , server.heard_at,
  -- include: is_silent
  AS silent,
  -- include: is_retired
  AS retired, page.name_id
FROM (
  SELECT server.id AS server_id, sighting.name_id AS name_id
  FROM server
  CROSS JOIN process_sighting AS sighting ON sighting.server_id = server.id
  CROSS JOIN process_name AS program ON program.id = sighting.name_id
  WHERE
    -- include: sightings_within_range
    -- include: process_names_filter
  ORDER BY server.id, sighting.name_id
  LIMIT :limit
) AS page
CROSS JOIN process_sighting AS sighting
  ON sighting.server_id = page.server_id AND sighting.name_id = page.name_id
CROSS JOIN process_name ON process_name.id = page.name_id
-- include: newest_record_of_page
ORDER BY page.server_id, page.name_id;

-- name: logins_now
-- Logins in the newest records, in a range of a walk.
SELECT
  -- include: occurrence_columns
  account.username, account.terminal, account.origin, span.since,
  first_report.placed_at, shown.placed_at,
  shown.received_at, shown.clock, shown.zone, server.heard_at,
  -- include: is_silent
  AS silent, span.slot
FROM server
CROSS JOIN login_span AS span ON span.server_id = server.id AND span.node = 0
CROSS JOIN account ON account.id = span.account_id
-- include: newest_record
CROSS JOIN profile ON profile.id = shown.profile_id
-- include: first_report_of_span
WHERE
  -- include: within_range
  AND NOT
    -- include: is_retired
  AND (:silent IS NULL OR :silent =
    -- include: is_silent
  )
  AND (:pid IS NULL OR span.pid = :pid)
  -- include: login_names_filter
ORDER BY server.id, span.slot
LIMIT :limit;

-- name: logins_at
-- Logins in the records shown at :moment, in a range of a walk.
SELECT
  -- include: occurrence_columns
  account.username, account.terminal, account.origin, span.since,
  first_report.placed_at, last_report.placed_at,
  shown.received_at, shown.clock, shown.zone, shown.placed_at,
  -- include: next_place
  AS next_place,
  -- include: first_late
  AS first_late, span.slot
FROM (
  SELECT server.id AS server_id, shown.seq AS seq, span.node AS node, span.slot AS slot
  FROM server
  -- include: record_at_moment
  CROSS JOIN login_span AS span
    -- include: span_of_record
  CROSS JOIN account ON account.id = span.account_id
  WHERE
    -- include: within_range
    AND NOT
    -- include: was_retired
    AND (:pid IS NULL OR span.pid = :pid)
    -- include: login_names_filter
  ORDER BY server.id, span.slot
  LIMIT :limit
) AS page
CROSS JOIN server ON server.id = page.server_id
CROSS JOIN report AS shown ON shown.server_id = page.server_id AND shown.seq = page.seq
CROSS JOIN login_span AS span
  ON span.server_id = page.server_id AND span.node = page.node AND span.slot = page.slot
CROSS JOIN account ON account.id = span.account_id
CROSS JOIN profile ON profile.id = shown.profile_id
-- include: first_report_of_span
-- include: last_report_of_span
ORDER BY page.server_id, page.slot;

-- name: login_history
-- Users whose login servers ever showed, in a range of a walk.
SELECT
  page.server_id, newest.id, profile.ipaddress, profile.nombre_host,
  login_name.username,
  -- include: first_and_last_seen
  , server.heard_at,
  -- include: is_silent
  AS silent,
  -- include: is_retired
  AS retired, page.name_id
FROM (
  SELECT server.id AS server_id, sighting.name_id AS name_id
  FROM server
  CROSS JOIN login_sighting AS sighting ON sighting.server_id = server.id
  CROSS JOIN login_name AS account ON account.id = sighting.name_id
  WHERE
    -- include: sightings_within_range
    -- include: login_names_filter
  ORDER BY server.id, sighting.name_id
  LIMIT :limit
) AS page
CROSS JOIN login_sighting AS sighting
  ON sighting.server_id = page.server_id AND sighting.name_id = page.name_id
CROSS JOIN login_name ON login_name.id = page.name_id
-- include: newest_record_of_page
ORDER BY page.server_id, page.name_id;
