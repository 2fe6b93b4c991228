-- name: first_judgement
-- When the first verdict of all begins that was known at :known_at.
SELECT min(since_at) FROM judgement WHERE :known_at IS NULL OR since_received_at <= :known_at;

-- name: period_rules
-- Texts, with the severity and the controls that their rules had at :words_at.
SELECT
  policy_text.id, policy_text.rule, policy_text.is_fleet,
  -- include: severity_then
  ,
  -- include: controls_then
FROM policy_text
JOIN policy ON policy.rule = policy_text.rule
ORDER BY policy_text.id;

-- name: period_servers
-- The next servers, with this tag if one is given; and whether later reports of each are judged, by
-- rules about one server and by those about the fleet.
SELECT
  server.id, profile.ipaddress, profile.nombre_host,
  EXISTS (
    SELECT 1 FROM report AS later
    WHERE later.server_id = server.id
      AND later.seq > 0
      AND later.placed_at >= :until
      AND (:known_at IS NULL OR later.received_at <= :known_at)
      AND later.seq <= (SELECT cursor.seq FROM judged AS cursor WHERE cursor.server_id = server.id)
  ),
  EXISTS (
    SELECT 1 FROM report AS later
    WHERE later.server_id = server.id
      AND later.seq > 0
      AND later.placed_at >= :until
      AND (:known_at IS NULL OR later.received_at <= :known_at)
      AND later.seq <= (SELECT cursor.seq FROM judged AS cursor WHERE cursor.server_id = server.id)
      AND later.received_at <= (SELECT fleet_tick.at FROM fleet_tick)
  )
FROM server
JOIN report AS newest
  ON newest.server_id = server.id
  AND newest.seq = (SELECT max(seq) FROM report WHERE report.server_id = server.id)
JOIN profile ON profile.id = newest.profile_id
WHERE server.id > :after
  AND (:server_id IS NULL OR server.id = :server_id)
  AND (
    :key IS NULL
    OR server.id IN (
      SELECT told.server_id FROM tag_change AS told
      WHERE told.key = :key
        AND (:value IS NULL OR told.value = :value)
        AND
        -- include: tag_in_force
    )
  )
ORDER BY server.id
LIMIT :limit;

-- name: deaf_spans_between
-- When the service could hear nobody between :since and :until.
SELECT from_at, until_at FROM deaf_span
WHERE from_at < :until AND (until_at IS NULL OR until_at > :since)
ORDER BY from_at;
